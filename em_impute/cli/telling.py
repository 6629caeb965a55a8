"""What a run tells its log, beside how it begins and ends."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from em_impute.cli.destination import STDOUT
from em_impute.cli.logfile import Log

if TYPE_CHECKING:
    from em_impute.pipeline.fill import Filled
    from em_impute.pipeline.types import Opened
    from em_impute.report.fit_report import FitReport
    from em_impute.table.output import WrittenFile

__all__ = ["tell_decisions", "tell_input", "tell_parts", "tell_warnings", "tell_written"]

CELLS = {
    "W11": re.compile(": line.*"),
    "W26": re.compile(r", (?:median|from \S+ to) \S+ now and (?:median |from \S+ to )?\S+ then"),
}
"""What warnings tell of cells without quoting them, by their codes: which lie far out, and where numbers lie."""


def tell_input(log: Log, opened: "Opened") -> None:
    """Say what was read.  From here on names of columns, and cells of those that are filled, may be quoted."""
    if not log.is_open:
        return
    table = opened.table
    log.allow([*opened.names, *table.dialect.names])
    for column in opened.targets:
        log.allow(table.targets[column].texts)
    columns = f"{table.n_columns:,} column{'s' * (table.n_columns != 1)}"
    _tell_read(log, opened.name, table.n_rows, f"{columns}, {table.size:,} bytes", table.sha256)


def tell_parts(log: Log, filled: "Filled") -> None:
    """Say what was read of a table in parts."""
    log.allow(filled.names)
    for part, read in zip(filled.parts, filled.summary.parts, strict=True):
        _tell_read(log, part.path, read.rows, f"{read.bytes:,} bytes", read.sha256)


def _tell_read(log: Log, name: str, rows: int, size: str, sha256: str) -> None:
    log.note(f"input {name}: {rows:,} row{'s' * (rows != 1)}, {size}, sha256 {sha256}")


def tell_decisions(log: Log, reports: "Sequence[FitReport]") -> None:
    """Say what was decided and found for each column, and what is warned about."""
    if not log.is_open:
        return
    from em_impute.report.words import known_and_missing

    for report in reports:
        missing = report.missing
        log.allow(one["label"] for one in report.labels)
        known = sum(one["known"] for one in report.labels)
        log.note(f"column {known_and_missing(report.column, known, missing['tokens'])}")
        used = ", ".join(one["name"] for one in report.features["used"])
        log.note(f"predictors {used or 'none'}")
        for entry in report.log:
            log.note(f"{entry['step']}: {entry['action']}: {entry['detail']}")
        each = ", ".join(f"{one['label']} {one['filled']:,}" for one in report.labels)
        log.note(f"filled {missing['filled']:,} of {missing['cells']:,} cells: {each}")
        tell_warnings(log, report.warnings)


def tell_warnings(log: Log, warnings: Iterable[Any]) -> None:
    """Say what is warned about; the note on columns about people is for people."""
    for one in warnings:
        code, message = one["code"], one["message"]
        if code in CELLS:
            message = CELLS[code].sub("", message)
        if code.startswith("W"):
            log.caution(f"{code}: {message}")


def tell_written(log: Log, data: "Iterable[WrittenFile]", others: Iterable[Path]) -> None:
    """Say what was written: completed files, and others by their names."""
    for one in data:
        where = "standard output" if one.path is None else one.path
        log.note(f"wrote {where}: {one.bytes:,} bytes, sha256 {one.sha256}")
    for path in others:
        log.note(f"wrote {'standard output' if path == STDOUT else path}")
