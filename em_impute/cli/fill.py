"""`em-impute fill`: complete the column."""

from collections.abc import Sequence
from dataclasses import replace

import typer

from em_impute.cli import options as o
from em_impute.cli.destination import is_special, plan
from em_impute.cli.filling import fill_file
from em_impute.cli.in_place import in_place as read_in_place
from em_impute.cli.manners import Manners
from em_impute.cli.models import Models, models_of
from em_impute.cli.options import saved as m
from em_impute.cli.options import scaled as s
from em_impute.cli.parts import Scale, fill_parts, plan_parts, refuse_for_parts, scale_of
from em_impute.cli.values import (
    ColorName,
    CovarianceName,
    SharesName,
    input_path,
    log_of,
    parse_components,
    parse_decimal,
    parse_deltas,
    parse_labels,
    parse_method,
    parse_unlabelled_weight,
)
from em_impute.errors import UsageError
from em_impute.options import Request, refuse_contradictions

__all__ = ["fill"]


def fill(  # one parameter an option
    context: typer.Context,
    columns: m.ColumnsOrModel = None,
    files: s.Files = None,
    features: o.Features = None,
    delimiter: o.Delimiter = None,
    *,
    by: o.By = None,
    weights: o.Weights = None,
    no_headers: o.NoHeaders = False,
    encoding: o.Encoding = None,
    decimal: o.Decimal = ".",
    skip_lines: o.SkipLines = 0,
    null_values: o.NullValues = None,
    keep_values: o.KeepValues = None,
    labels: o.LabelNames = None,
    order_by: o.OrderBy = None,
    components: o.Components = None,
    covariance: o.Covariance = CovarianceName.auto,
    single: o.Single = False,
    unlabelled_weight: o.UnlabelledWeight = "auto",
    shares: o.Shares = SharesName.auto,
    deltas: o.Deltas = None,
    prior_strength: o.PriorStrength = None,
    max_iter: o.MaxIter = 5000,
    tolerance: o.Tolerance = 1e-6,
    seed: o.Seed = 0,
    min_probability: o.MinProbability = 0.0,
    method: o.Method = None,
    imputations: o.Imputations = None,
    long: o.Long = False,
    save_model: m.SaveModel = None,
    model: m.ModelPath = None,
    update: m.Update = False,
    output: o.Output = None,
    in_place: o.InPlace = False,
    backup: o.Backup = None,
    reports: o.Reports = None,
    no_report: o.NoReport = False,
    no_clobber: o.NoClobber = False,
    probability: o.Probability = False,
    probabilities: o.Probabilities = False,
    indicator: o.Indicator = False,
    dry_run: o.DryRun = False,
    diff: o.Diff = False,
    strict: o.Strict = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_advice: o.NoAdvice = False,
    color: o.Color = ColorName.auto,
    no_progress: o.NoProgress = False,
    log_file: o.LogFile = None,  # noqa: ARG001  # opened before the other options are looked at
    backend: s.Backend = None,
    scheduler: s.Scheduler = None,
    workers: s.Workers = None,
    max_memory: s.MaxMemory = None,
    debug: o.Debug = False,  # noqa: ARG001  # read at the door, before a command runs
) -> None:
    """Complete a column: fill its missing cells with their most probable label, and change no other byte.

    em-impute fill heights.csv --column gender

    cat heights.csv | em-impute fill - -c gender -o - > completed.csv
    """
    models = models_of(context, model, save_model, update=update, dry_run=dry_run)
    if not columns and model is None:
        raise UsageError("no column is named", "name the column to complete with --column, or a model with --model")
    scale = scale_of(files, backend and backend.value, scheduler, workers, max_memory)
    path = input_path(context, scale.file)
    request = Request(
        path=path,
        columns=tuple(columns or ()),
        features=tuple(features or ()),
        delimiter=delimiter,
        encoding=encoding,
        has_header=not no_headers,
        decimal=parse_decimal(decimal),
        skip_lines=skip_lines,
        null_values=tuple(null_values or ()),
        keep_values=tuple(keep_values or ()),
        labels=parse_labels(labels),
        by=by,
        weights=weights,
        order_by=order_by,
        components=parse_components(components),
        covariance=covariance.value,
        single=single,
        unlabelled_weight=parse_unlabelled_weight(unlabelled_weight),
        shares=shares.value,
        prior_strength=prior_strength,
        max_iter=max_iter,
        tolerance=tolerance,
        seed=seed,
        min_probability=min_probability,
        method=parse_method(method, imputations),
        imputations=imputations or 0,
        deltas=parse_deltas(deltas),
        probability=probability,
        probabilities=probabilities,
        indicator=indicator,
        keeps_model=models.target is not None,
    )
    refuse_contradictions(request)
    _check_draws(request, long=long, diff=diff)
    manners = Manners(
        log=log_of(context),
        quiet=quiet,
        verbose=verbose,
        advice=not no_advice,
        color=color.value,
        progress=not no_progress,
        clobber=not no_clobber,
        strict=strict,
    )
    several = bool(request.imputations)
    place = read_in_place(path, output, backup, wanted=in_place, clobber=manners.clobber, several=several)
    if _is_in_parts(request, scale, output, long=long, diff=diff, in_place=in_place, update=update):
        _fill_parts(request, scale, models, output, reports or [], manners, no_report=no_report, dry_run=dry_run)
        return
    beside = None if path is None or is_special(path) else path
    n_files = None if long else imputations
    output = output if place is None else f"./{path}" if str(path) == "-" else str(path)  # the file ./- is no stream
    destination = plan(beside, output, reports or [], no_report=no_report, dry_run=dry_run, diff=diff, n_files=n_files)
    examined = bool(destination.reports) or manners.wants_findings
    fill_file(replace(request, examined=examined), models, destination, place, manners, long=long)


def _is_in_parts(
    request: Request, scale: Scale, output: str | None, *, long: bool, diff: bool, in_place: bool, update: bool
) -> bool:
    """Tell whether the table is worked on in parts.  Raises UsageError for what cannot be done then.

    Where a file is large, but nothing was said about it, what asks for the whole table in memory decides.
    """
    if not scale.is_asked():
        if not scale.is_needed(request):
            return False
        if scale.max_memory is None:
            try:
                refuse_for_parts(
                    request, output, files=scale.files, long=long, diff=diff, in_place=in_place, update=update
                )
            except UsageError:
                return False
    refuse_for_parts(request, output, files=scale.files, long=long, diff=diff, in_place=in_place, update=update)
    return True


def _fill_parts(
    request: Request,
    scale: Scale,
    models: Models,
    output: str | None,
    reports: Sequence[str],
    manners: Manners,
    *,
    no_report: bool,
    dry_run: bool,
) -> None:
    from em_impute.pipeline.files import find_parts

    paths = find_parts(scale.files)
    destination = plan_parts(paths, output, reports, no_report=no_report, dry_run=dry_run)
    request = replace(request, path=None, examined=bool(destination.reports) or manners.wants_findings)
    fill_parts(request, scale, models, paths, destination, manners)


def _check_draws(request: Request, *, long: bool, diff: bool) -> None:
    """Raise `UsageError` for what contradicts the drawing of several tables."""
    if long and not request.imputations:
        raise UsageError("--long puts several imputations in one file", "say how many with --imputations M")
    if request.imputations and diff:
        raise UsageError("--diff shows the cells of one table, --imputations draws several", "leave one of them out")
