"""One table of `em-impute fill`, from what was asked to what was done: plan, check, complete."""

from dataclasses import dataclass, replace
from pathlib import Path

from em_impute.cli.fill_file import Done, fill_file
from em_impute.cli.fill_parts import Scale, fill_parts, is_in_parts, is_standard_input
from em_impute.cli.in_place import InPlace, in_place
from em_impute.cli.logging import Log
from em_impute.cli.options.groups import request_of
from em_impute.cli.options.input import InputOrModel, Missing
from em_impute.cli.options.model import Model
from em_impute.cli.options.output import Fills, Output, SavedModels
from em_impute.cli.outputs import STDOUT, Destination, check_outputs, plan
from em_impute.cli.run import Run
from em_impute.cli.saved import read_saved
from em_impute.errors import UsageError
from em_impute.options import Request


@dataclass(frozen=True)
class Asked:
    """What was asked of a table."""

    path: Path | None
    """None is standard input"""
    table: InputOrModel
    missing: Missing
    model: Model
    fills: Fills
    saved: SavedModels
    output: Output
    scale: Scale
    folder: str | None = None
    """where the outputs of several tables go, which is made if it is not there"""


@dataclass(frozen=True)
class Plan:
    """What is read, how, and what is written where."""

    request: Request
    inputs: list[str]
    destination: Destination
    place: InPlace | None
    in_parts: bool

    @property
    def outputs(self) -> list[str]:
        """What is written, but the file that is completed in its place."""
        data = self.destination.data if self.place is None else ()
        return [*data, *self.destination.beside, *[STDOUT] * self.destination.diff]


def plan_table(asked: Asked, log: Log) -> Plan:
    """Decide what is done.  Raises `UsageError` for what contradicts it, `OutputError` for what cannot be written."""
    path, fills, saved, output = asked.path, asked.fills, asked.saved, asked.output
    keeps_model = saved.save_model is not None and not output.dry_run
    groups = (asked.table, asked.missing, asked.model, fills, output)
    request = request_of(path, *groups, keeps_model=keeps_model)
    if fills.long and not request.imputations:
        raise UsageError("--long puts several imputations in one file", "say how many with --imputations M")
    if request.imputations and output.diff:
        raise UsageError("--diff shows the cells of one table, --imputations draws several", "leave one of them out")
    place = in_place(path, output, several=bool(request.imputations))
    in_parts = is_in_parts(request, asked.scale, fills, output)
    inputs = [] if path is None else [str(path)]
    if in_parts:
        from em_impute.pipeline.files import find_parts

        inputs = [] if is_standard_input(asked.scale) else find_parts(asked.scale.files)
    n_files = None if fills.long else fills.imputations
    destination = plan(inputs, output, model=saved.save_model, n_files=n_files, in_parts=in_parts)
    if in_parts and asked.scale.backend == "dask" and STDOUT in destination.data:
        raise UsageError("--backend dask cannot write to standard output: its processes write files", "add -o FILE")
    planned = Plan(replace(request, path=None if in_parts else path), inputs, destination, place, in_parts)
    makes_folders = in_parts or asked.folder is not None
    check_outputs(inputs, planned.outputs, log, clobber=not output.no_clobber, makes_folders=makes_folders)
    if place is not None:
        place.check(planned.outputs, log)
    return planned


def fill_table(asked: Asked, run: Run, *, is_told: bool) -> Done:
    """Complete the table; `is_told` says whether anybody is told what is warned about, beside the reports."""
    planned = plan_table(asked, run.log)
    destination = planned.destination
    source, request = read_saved(asked.saved, asked.table, planned.request)
    request = replace(request, examined=is_told or bool(destination.reports))
    if planned.in_parts:
        return fill_parts(
            request, source, asked.scale, planned.inputs or ["-"], destination, run, long=asked.fills.long
        )
    return fill_file(request, source, destination, planned.place, run, long=asked.fills.long)
