"""Where results go.  It never depends on whether a terminal is attached."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import typer

from em_impute.cli.logging import STDOUT_NAMES
from em_impute.cli.options.groups import FLAGS
from em_impute.cli.options.model import Model
from em_impute.cli.options.output import Output, SavedModels
from em_impute.errors import OutputError, UsageError

STDOUT = Path("/dev/stdout")  # not Path("-"), which the file ./- is too
"""Stands for standard output, which carries the CSV, or one report, or the changed cells, or nothing."""

REPORT_FORMS = (".json", ".md", ".html")

MAX_NAMED = 2
"""Completed CSVs that are named each."""

FITTING = (
    *("features", "by", "weights", "method", "imputations", "long"),
    *(one.name for one in fields(Model) if one.name not in {"deltas", "seed"}),
)
"""Options of a fit; a model that is applied has been fitted already."""


@dataclass(frozen=True)
class Destination:
    """The files of one run."""

    data: tuple[Path, ...]
    """The completed CSV, or one for each imputation; empty where none is written."""
    reports: tuple[Path, ...]
    diff: bool
    """The changed cells go to standard output."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All paths to write, standard output left out."""
        return tuple(path for path in (*self.data, *self.reports) if path != STDOUT)

    @property
    def names(self) -> list[str]:
        """What to call the outputs when they have been written."""
        return [*name_tables(self.data), *map(name_of, self.reports)]


def name_tables(paths: Sequence[Path]) -> list[str]:
    """Say what completed CSVs were written: of many only the first and the last."""
    names = [name_of(path) for path in paths]
    return [f"{names[0]} … {names[-1]} ({len(names):,} files)"] if len(names) > MAX_NAMED else names


def name_of(path: Path) -> str:
    """Say where something was written."""
    return "standard output" if path == STDOUT else str(path)


def plan(source: Path | None, asked: Output, n_files: int | None = None) -> Destination:
    """Decide what is written where.  `source` is None for standard input.  Raises UsageError for contradictions.

    `n_files` is the number of completed CSVs where they are numbered, None where there is one.
    """
    if asked.output == "":
        raise UsageError("-o is given an empty path", "name a file, or - for standard output")
    named = report_paths(asked.reports or [], no_report=asked.no_report)
    if asked.dry_run:
        return Destination((), (), asked.diff)

    data = _data_path(source, asked.output, diff=asked.diff)
    if not named and not asked.no_report:
        named = _default_report(source, data, asked.output)
    destination = Destination(_numbered(data, n_files), named, asked.diff)
    _refuse_contradictions(destination)
    return destination


def report_paths(
    reports: Sequence[str], forms: Sequence[str] = REPORT_FORMS, *, no_report: bool = False
) -> tuple[Path, ...]:
    """Read every -r: standard output, or a path whose suffix says which of the forms the report has."""
    if no_report and reports:
        raise UsageError("--no-report contradicts -r", "leave one of them out")
    for report in reports:
        if report in STDOUT_NAMES:
            continue
        if Path(report).suffix not in forms:
            raise UsageError(f"no report can be written to {report!r}", f"its name must end in {' or '.join(forms)}")
        if Path(report).suffix == ".html":
            from em_impute.report.extra import refuse_without_extra

            refuse_without_extra(f"{report!r}")
    return tuple(STDOUT if report in STDOUT_NAMES else Path(report) for report in reports)


def _numbered(data: Path | None, n_files: int | None) -> tuple[Path, ...]:
    """Put a number before the suffix of each file; those of fewer digits are not padded."""
    from em_impute.table.compression import split_name

    if data is None or n_files is None:
        return () if data is None else (data,)
    if data == STDOUT or is_special(data):
        what = "is one stream" if data == STDOUT else "is no regular file"
        raise UsageError(
            f"{name_of(data)} {what} and cannot carry {n_files} files", "add --long, or name a file with -o"
        )
    stem, suffix = split_name(data.name)
    return tuple(data.with_name(f"{stem}.{number}{suffix}") for number in range(1, n_files + 1))


def _data_path(source: Path | None, output: str | None, *, diff: bool) -> Path | None:
    if output in STDOUT_NAMES:
        return STDOUT
    if output is not None:
        return Path(output)
    if diff:
        return None
    if source is None:
        return STDOUT
    from em_impute.table.compression import split_name

    stem, suffix = split_name(source.name)
    return source.with_name(f"{stem}.filled{suffix}")


def _default_report(source: Path | None, data: Path | None, output: str | None) -> tuple[Path, ...]:
    if data is None or data == STDOUT or (output is not None and is_special(data)):
        return ()
    return default_reports(data if output is not None else source or data)


def default_reports(beside: Path) -> tuple[Path, ...]:
    """Name the reports beside a file: as JSON, and where it can be drawn as a page."""
    from em_impute.report.extra import can_draw
    from em_impute.table.compression import split_name

    saved = beside.with_name(f"{split_name(beside.name)[0]}.report.json")
    return (saved, saved.with_suffix(".html")) if can_draw() else (saved,)


def are_distinct(paths: Sequence[Path]) -> bool:
    """Tell whether no two paths lead to the same place, whatever they are called."""
    try:
        return len({os.path.realpath(path) for path in paths}) == len(paths)
    except FileNotFoundError:  # the current folder is gone: writing will say so
        return len(set(paths)) == len(paths)


def is_special(path: Path) -> bool:
    """Tell whether something is there that is no regular file: a device, a pipe, a directory."""
    try:
        return path.exists() and not path.is_file()
    except OSError:
        return False  # opening it will say why


def _refuse_contradictions(destination: Destination) -> None:
    to_stdout = [path for path in (*destination.data, *destination.reports) if path == STDOUT]
    if len(to_stdout) + destination.diff > 1:
        raise UsageError(
            "standard output can carry the CSV, one report or --diff, not two of them", "name a file with -o or -r"
        )
    if not are_distinct(destination.files):
        raise UsageError("two outputs have the same path", "give each its own with -o and -r")


def write_to(path: Path, text: str) -> None:
    """Write a text to a file, whole or not at all, or to standard output."""
    from em_impute.table.output import write_atomically, write_to_stdout

    if path == STDOUT:
        write_to_stdout([text.encode()])
    else:
        write_atomically(path, [text.encode()])


@dataclass(frozen=True)
class Models:
    """The saved models of a run."""

    applied: str | None
    """the path of the model to fill by; None fits one"""
    update: bool
    target: Path | None
    """where a model is to be saved"""
    asks_decimal: bool = False
    """The user named the decimal mark, which is else that of the model."""

    @property
    def is_in_place(self) -> bool:
        """Tell whether a model takes the place of the one that is applied."""
        return self.applied is not None and self.target == Path(self.applied)

    @property
    def files(self) -> list[Path]:
        """The paths that are read or written."""
        return [path for path in (self.applied and Path(self.applied), self.target) if path]

    @property
    def names(self) -> list[str]:
        """What to call the model that was saved."""
        return [] if self.target is None else [str(self.target)]

    def check(self, inputs: Sequence[Path], outputs: Iterable[Path], *, clobber: bool) -> None:
        """Refuse, before any work is done, what cannot or must not be written."""
        from em_impute.table.output import check_output

        if self.target is None:
            return
        if self.is_in_place and not clobber:
            message = f"{self.target} exists already"
            raise OutputError(message, "name another model with --save-model, or leave --no-clobber")
        check_output(self.target, inputs, clobber=clobber or self.is_in_place)
        if not are_distinct([self.target, *outputs]):
            raise UsageError("two outputs have the same path", "give the model its own with --save-model")


def models_of(context: typer.Context, asked: SavedModels, *, dry_run: bool = False) -> Models:
    """Read the options of saved models.  Raises UsageError for what contradicts them."""
    for option, path in (("--model", asked.model), ("--save-model", asked.save_model)):
        if path is not None and (not path or path in STDOUT_NAMES):
            raise UsageError(f"{option} takes the path of a file, not {path!r}", f"for example {option} model.json")
    if asked.model is None:
        if asked.update:
            raise UsageError("--update lets a saved model learn, and none is named", "name it with --model")
    else:
        for name in FITTING:
            if _was_asked(context, name):
                message = f"{FLAGS[name]} contradicts --model: that fit is made already"
                raise UsageError(message, "leave one of them out")
        if asked.save_model is not None and not asked.update:
            raise UsageError("--save-model with --model would save the same model", "add --update, or copy the file")
    target = asked.save_model if asked.save_model is not None or not asked.update else asked.model
    target_path = None if target is None or dry_run else Path(target)
    return Models(asked.model, asked.update, target_path, _was_asked(context, "decimal"))


def _was_asked(context: typer.Context, name: str) -> bool:
    """Tell whether an option stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
