"""What a run of `em-impute fill` is to do with a table: what is read, how, and what is written where."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from em_impute.checks import check_output_name
from em_impute.cli.logging import STDOUT_NAMES, Log
from em_impute.cli.options.groups import FLAGS, input_path, request_of
from em_impute.cli.options.panels import Fills, Input, Missing, Model, Output, Partitions, SavedModels
from em_impute.cli.outputs import STDOUT, InPlace, check_outputs, destinations, in_place, is_special, place_of
from em_impute.errors import UsageError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.saved_model.store import SavedModel

JOIN = "leave it out, or join the parts and leave --backend, --scheduler and --max-memory out"

FITTING = {"features", "kinds", "by", "same_within", "weights", "method", "imputations", "long", "all_columns"}
FITTING |= {one.name for one in fields(Model)} - {"deltas", "seed"}
"""Options of a fit; a model that is applied has been fitted already."""


@dataclass(frozen=True)
class Asked:
    """What was asked of a table."""

    files: tuple[str, ...]  # as they were named: one, the parts of it, or none for standard input
    table: Input
    missing: Missing
    model: Model
    fills: Fills
    saved: SavedModels
    output: Output
    partitions: Partitions
    folder: str | None = None  # where the outputs of several tables go, which is made if it is not there


@dataclass(frozen=True)
class Plan:
    """What is read, how, and what is written where."""

    asked: Asked
    request: Request
    inputs: list[str]  # every file, or none for standard input
    data: tuple[str, ...]
    """the completed CSV, one for each imputation, or one for each part; empty where none is written"""
    reports: tuple[str, ...]
    model: str | None  # where the fit is saved
    place: InPlace | None
    in_parts: bool

    @property
    def beside(self) -> list[str]:
        """What is written beside the completed CSVs."""
        return [*self.reports, *([] if self.model is None else [self.model])]

    @property
    def outputs(self) -> list[str]:
        """What is written, but for a file that is completed in its place what that is kept as."""
        backup = None if self.place is None else self.place.backup
        data = self.data if self.place is None else [str(backup)] * (backup is not None)
        return [*data, *self.beside, *[STDOUT] * self.asked.output.diff]


def plan_table(asked: Asked, log: Log) -> Plan:
    """Decide what is done.  Raises `UsageError` for what contradicts it, `OutputError` for what cannot be written."""
    fills, saved, output = asked.fills, asked.saved, asked.output
    path = input_path(asked.files[0] if asked.files else None)
    request = request_of(path, asked.table, asked.missing, asked.model, fills, output)
    if fills.long and not request.imputations:
        raise UsageError("--long puts several imputations in one file", "say how many with --imputations M")
    if request.imputations and output.diff:
        raise UsageError("--diff shows the cells of one table, --imputations draws several", "leave one of them out")
    if output.output and asked.folder is None:  # a file of --each keeps the name that it has
        check_output_name(output.output)
    place = in_place(path, output, several=bool(request.imputations))
    in_parts = _is_in_parts(request, asked)
    inputs = [] if path is None else [str(path)]
    if in_parts and inputs:
        from em_impute.pipeline.parts import find_parts

        inputs = find_parts(asked.files)
    n_files = None if fills.long else fills.imputations
    data, reports = destinations(inputs, output, n_files=n_files, in_parts=in_parts)
    model = None if saved.save_model is None or output.dry_run else place_of(saved.save_model)
    if in_parts and asked.partitions.backend == "dask" and STDOUT in data:
        raise UsageError("--backend dask cannot write to standard output: its processes write files", "add -o FILE")
    request = replace(request, path=None if in_parts else path, keeps_model=model is not None)
    planned = Plan(asked, request, inputs, data, reports, model, place, in_parts)
    makes_folders = in_parts or asked.folder is not None or (output.output or "").endswith("/")
    backup, clobber = None if place is None else place.backup, not output.no_clobber
    if place is not None:
        place.check()
    check_outputs(inputs, planned.outputs, log, backup=backup, clobber=clobber, makes_folders=makes_folders)
    return planned


def _is_in_parts(request: Request, asked: Asked) -> bool:
    """Tell whether the table is worked on in parts.  Raises UsageError for what cannot be done then.

    Where a file is large, but nothing was said about it, what asks for the whole table in memory decides.
    """
    from em_impute.pipeline.memory import default_limit, needed_bytes
    from em_impute.pipeline.parts import is_pattern

    files, memory = asked.files, asked.partitions.memory
    is_asked = len(files) > 1 or asked.partitions.backend is not None or any(map(is_pattern, files))
    if request.path is None or is_special(str(request.path)):
        is_large = is_asked = is_asked or memory is not None  # nobody knows beforehand how much a stream holds
    else:
        limit = memory or default_limit()
        is_large = is_asked or needed_bytes(request.path, request, limit) > limit
    if not is_large:
        return False
    refused = _refused(request, asked)
    if refused is not None and (is_asked or memory is not None):
        raise refused
    return refused is None


def _refused(request: Request, asked: Asked) -> UsageError | None:
    """Say what has no meaning where a table is read in parts."""
    from em_impute.pipeline.parts import is_pattern

    several = len(asked.files) > 1 or any(map(is_pattern, asked.files))
    if several and "-" in asked.files:
        return UsageError("standard input cannot be one of several parts", "name files, or give one table alone")
    scheduler = asked.partitions.scheduler if request.path is None else None
    to_stdout = asked.output.output in STDOUT_NAMES
    refused = {
        "--all": (request.all_columns, "the whole table says which columns have gaps", "name them with --column"),
        "-o -": (several and to_stdout, "standard output can carry one table", "name a folder"),
        "--long": (several and asked.fills.long, "it puts all imputations of one file together", "leave it out"),
        "--in-place": (asked.output.in_place, "it needs a table that is read as one file into memory", JOIN),
        "--same-within": (request.same_within, "rows of one value may be in parts that are not read together", JOIN),
        "--scheduler": (scheduler, "its workers cannot read standard input", "name a file that they can read"),
    }
    found = ((name, reason, hint) for name, (is_asked, reason, hint) in refused.items() if is_asked)
    return next((UsageError(f"{name} cannot be used here: {reason}", hint) for name, reason, hint in found), None)


def check_saved(saved: SavedModels, table: Input, *groups: Any) -> None:  # noqa: ANN401  # dataclasses
    """Raise UsageError for options that contradict those of saved models, and where no column is named at all."""
    for option, path in (("--model", saved.model), ("--save-model", saved.save_model)):
        if path is not None and (not path or path in STDOUT_NAMES):
            raise UsageError(f"{option} takes the path of a file, not {path!r}", f"for example {option} model.json")
    if saved.model is None:
        if table.all_columns == bool(table.columns):
            what = "--all contradicts --column" if table.all_columns else "no column is named"
            hint = "name the column to complete with --column, or take --all of them, or a model with --model"
            raise UsageError(what, hint)
        return
    for group in (table, *groups):
        for one in fields(group):
            if one.name in FITTING and getattr(group, one.name) != one.default:
                message = f"{FLAGS[one.name]} contradicts --model: that fit is made already"
                raise UsageError(message, "leave one of them out")
    if saved.save_model is not None:
        raise UsageError("--save-model with --model would save the same model", "copy the file")


def read_saved(saved: SavedModels, table: Input, request: Request) -> "tuple[tuple[SavedModel, str] | None, Request]":
    """Read the model that fills, if one does: it comes with its path, and with the request that it answers.

    Numbers are read as it read them, unless the user said how.
    """
    if saved.model is None:
        return None, request
    from em_impute.saved_model.store import read_model

    model = read_model(saved.model)
    return (model, saved.model), replace(request, decimal=table.decimal or model.reading.decimal)
