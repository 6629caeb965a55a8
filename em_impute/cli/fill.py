"""`em-impute fill`: complete the column."""

from dataclasses import replace

import typer

from em_impute.cli.fill_file import fill_file
from em_impute.cli.fill_parts import fill_parts, is_in_parts, scale_of
from em_impute.cli.in_place import in_place
from em_impute.cli.options.behaviour import Behaviour, Files, Partitions
from em_impute.cli.options.groups import grouped, request_of
from em_impute.cli.options.input import InputOrModel, Missing
from em_impute.cli.options.model import Model
from em_impute.cli.options.output import Fills, Output, SavedModels
from em_impute.cli.options.parsing import input_path
from em_impute.cli.outputs import STDOUT, check_outputs, plan
from em_impute.cli.run import Run
from em_impute.cli.saved import check_saved, read_saved
from em_impute.errors import UsageError


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
    check_saved(saved, table, model, fills)
    scale = scale_of(files, partitions)
    path = input_path(context, scale.files[0] if scale.files else None)
    keeps_model = saved.target is not None and not output.dry_run
    request = request_of(path, table, missing, model, fills, output, keeps_model=keeps_model)
    if fills.long and not request.imputations:
        raise UsageError("--long puts several imputations in one file", "say how many with --imputations M")
    if request.imputations and output.diff:
        raise UsageError("--diff shows the cells of one table, --imputations draws several", "leave one of them out")
    place = in_place(path, output, several=bool(request.imputations))
    in_parts = is_in_parts(request, scale, fills, saved, output)
    inputs = [] if path is None else [str(path)]
    if in_parts:
        from em_impute.pipeline.files import find_parts

        inputs = find_parts(scale.files)
    n_files = None if fills.long else fills.imputations
    destination = plan(inputs, output, model=saved.target, n_files=n_files, in_parts=in_parts)
    run = Run(behaviour, context.obj)
    outputs = [*(destination.data if place is None else ()), *destination.beside, *[STDOUT] * output.diff]
    check_outputs(inputs, outputs, run.log, clobber=not output.no_clobber, makes_folders=in_parts)
    if place is not None:
        place.check(outputs, run.log)
    source, request = read_saved(saved, table, request)
    is_read = bool(destination.reports) or not behaviour.quiet or behaviour.strict or run.log.is_open
    request = replace(request, path=None if in_parts else path, examined=is_read)
    if in_parts:
        fill_parts(request, source, scale, inputs, destination, run)
    else:
        fill_file(request, source, destination, place, run, long=fills.long, learns=saved.update)
