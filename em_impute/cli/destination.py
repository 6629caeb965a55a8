"""Where results go.  It never depends on whether a terminal is attached."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from em_impute.cli.logfile import STDOUT_NAMES
from em_impute.errors import UsageError

__all__ = [
    "STDOUT",
    "Destination",
    "are_distinct",
    "default_reports",
    "is_special",
    "name_tables",
    "plan",
    "report_paths",
]

STDOUT = Path("/dev/stdout")  # not Path("-"), which the file ./- is too
"""Stands for standard output, which carries the CSV, or one report, or the changed cells, or nothing."""

REPORT_FORMS = (".json", ".md", ".html")

MAX_NAMED = 2
"""Completed CSVs that are named each."""


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
        return [*name_tables(self.data), *map(_name, self.reports)]


def name_tables(paths: Sequence[Path]) -> list[str]:
    """Say what completed CSVs were written: of many only the first and the last."""
    names = [_name(path) for path in paths]
    return [f"{names[0]} … {names[-1]} ({len(names):,} files)"] if len(names) > MAX_NAMED else names


def _name(path: Path) -> str:
    return "standard output" if path == STDOUT else str(path)


def plan(
    source: Path | None,
    output: str | None,
    reports: Sequence[str],
    *,
    no_report: bool,
    dry_run: bool,
    diff: bool,
    n_files: int | None = None,
) -> Destination:
    """Decide what is written where.  `source` is None for standard input.  Raises UsageError for contradictions.

    `n_files` is the number of completed CSVs where they are numbered, None where there is one.
    """
    if no_report and reports:
        raise UsageError("--no-report contradicts -r", "leave one of them out")
    if output == "":
        raise UsageError("-o is given an empty path", "name a file, or - for standard output")
    named = report_paths(reports)
    if dry_run:
        return Destination((), (), diff)

    data = _data_path(source, output, diff=diff)
    if not named and not no_report:
        named = _default_report(source, data, output)
    destination = Destination(_numbered(data, n_files), named, diff)
    _refuse_contradictions(destination)
    return destination


def report_paths(reports: Sequence[str], forms: Sequence[str] = REPORT_FORMS) -> tuple[Path, ...]:
    """Read every -r: standard output, or a path whose suffix says which of the forms the report has."""
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
        raise UsageError(f"{_name(data)} {what} and cannot carry {n_files} files", "add --long, or name a file with -o")
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
