"""`em-impute fill`: complete the column."""

import typer

from em_impute.cli.fill_each import fill_each
from em_impute.cli.fill_file import say
from em_impute.cli.fill_parts import fill_table
from em_impute.cli.options.behaviour import Behaviour, Files, Partitions
from em_impute.cli.options.groups import grouped
from em_impute.cli.options.input import Input, Missing
from em_impute.cli.options.model import Model
from em_impute.cli.options.output import Fills, Output, SavedModels
from em_impute.cli.plan import Asked, check_saved
from em_impute.cli.run import Run


@grouped
def fill(
    context: typer.Context,
    files: Files = None,
    *,
    table: Input,
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
    asked = Asked(tuple(files or ()), table, missing, model, fills, saved, output, partitions.checked())
    run = Run(behaviour, context.obj)
    if partitions.each:
        fill_each(asked, run)
        return
    done = fill_table(asked, run, is_told=not behaviour.silent or behaviour.judges or run.log.is_open)
    say(done.reports, done.names, run)
    if not done.reports:
        run.say([("filled", "nothing: no column of categories has gaps")])
