"""`em-impute fill`: complete the column."""

from dataclasses import replace

import typer

from em_impute.cli.fill_file import fill_file
from em_impute.cli.fill_parts import Scale, fill_parts, plan_parts, refuse_for_parts, scale_of
from em_impute.cli.in_place import in_place
from em_impute.cli.options.behaviour import Behaviour, Files, Partitions, log_of
from em_impute.cli.options.groups import grouped, request_of
from em_impute.cli.options.input import InputOrModel, Missing
from em_impute.cli.options.model import Model
from em_impute.cli.options.output import Fills, Output, SavedModels
from em_impute.cli.options.parsing import input_path
from em_impute.cli.outputs import is_special, models_of, plan
from em_impute.cli.run import RunSettings
from em_impute.errors import UsageError
from em_impute.options import Request


@grouped
def fill(
    context: typer.Context,
    files: Files = None,
    *,
    table: InputOrModel,
    missing: Missing,
    model: Model,
    fills: Fills,
    saved: SavedModels,
    output: Output,
    behaviour: Behaviour,
    partitions: Partitions,
) -> None:
    """Complete a column: fill its missing cells with their most probable label, and change no other byte.

    em-impute fill heights.csv --column gender

    cat heights.csv | em-impute fill - -c gender -o - > completed.csv
    """
    models = models_of(context, saved, dry_run=output.dry_run)
    if not table.columns and saved.model is None:
        raise UsageError("no column is named", "name the column to complete with --column, or a model with --model")
    scale = scale_of(files, partitions)
    path = input_path(context, scale.file)
    request = request_of(path, table, missing, model, fills, output, keeps_model=models.target is not None)
    if fills.long and not request.imputations:
        raise UsageError("--long puts several imputations in one file", "say how many with --imputations M")
    if request.imputations and output.diff:
        raise UsageError("--diff shows the cells of one table, --imputations draws several", "leave one of them out")
    run = RunSettings(behaviour, log_of(context))
    place = in_place(path, output, several=bool(request.imputations))
    if _is_in_parts(request, scale, fills, saved, output):
        from em_impute.pipeline.files import find_parts

        paths = find_parts(scale.files)
        parts = plan_parts(paths, output)
        request = replace(request, path=None, examined=bool(parts.reports) or run.wants_findings)
        fill_parts(request, scale, models, paths, parts, run, clobber=not output.no_clobber)
        return
    if place is not None:
        output = replace(output, output=f"./{path}" if str(path) == "-" else str(path))  # the file ./- is no stream
    beside = None if path is None or is_special(path) else path
    destination = plan(beside, output, None if fills.long else fills.imputations)
    request = replace(request, examined=bool(destination.reports) or run.wants_findings)
    fill_file(request, models, destination, place, run, long=fills.long, clobber=not output.no_clobber)


def _is_in_parts(request: Request, scale: Scale, fills: Fills, saved: SavedModels, output: Output) -> bool:
    """Tell whether the table is worked on in parts.  Raises UsageError for what cannot be done then.

    Where a file is large, but nothing was said about it, what asks for the whole table in memory decides.
    """
    if not scale.is_asked() and not scale.is_needed(request):
        return False
    try:
        refuse_for_parts(request, scale, fills, saved, output)
    except UsageError:
        if scale.is_asked() or scale.max_memory is not None:
            raise
        return False
    return True
