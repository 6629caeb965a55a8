"""Options of what is read: the panels "Input" and "Missing cells"."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, TypeAlias

import typer

from em_impute.cli.options.groups import option

HEAD_BYTES = 1 << 16
"""Decompressed for a header while somebody waits for the completion of a name."""


def _column_names(context: typer.Context) -> list[str]:
    """Give the names of the columns of the file before the cursor, as a run would read them.

    Whatever is wrong with it gives none: nobody has asked for a run yet.
    """
    given = context.params
    # Where an option waits for its value, Typer has not yet given the words beside the options their names.
    files = [*(given.get("files") or ()), *filter(None, [given.get("file")]), *context.args]
    path = Path(files[0] if files else "-")
    if given["no_headers"] or not path.is_file():  # a pipe can be read once only
        return []
    with suppress(Exception):
        from em_impute.table.dialect import detect_dialect
        from em_impute.table.first_record import DialectOptions
        from em_impute.table.source import open_source

        reading = DialectOptions(**{key: given[key] for key in DialectOptions._fields if key in given})
        with open_source(path, HEAD_BYTES) as source:
            names = [name for name in detect_dialect(source, reading)[1].names if name]
        # Other shells escape what they insert.
        is_bash = os.environ.get("_EM_IMPUTE_COMPLETE") == "complete_bash"
        return [re.sub(r"([^\w%+,./:=@-])", r"\\\1", name) for name in names] if is_bash else names
    return []


File: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE|-",
        rich_help_panel="Input",
        help="The CSV file, which may be compressed (gz, bz2, xz, zst); - or nothing reads standard input.",
    ),
]


@dataclass(frozen=True, eq=False, repr=False)
class Input:
    """The columns that matter, and how the file is written."""

    panel: ClassVar = "Input"

    columns: list[str] | None = option(
        "-c, --column NAME|N",
        "Column to complete, by name or 1-based number. Repeat it to complete several, which predict each other.",
        autocompletion=_column_names,
    )
    all_columns: bool = option("--all", "Complete every column of categories that has gaps, instead of naming any.")
    features: list[str] | None = option(
        "-x, --feature NAME|N",
        "Predictor (numbers or categories); repeat for several. Default: all but identifiers and constants.",
        autocompletion=_column_names,
    )
    kinds: list[str] | None = option(
        "--as COLUMN=KIND",
        "What a predictor is: number, date (day-first or month-first where both may be), category, text, or ignore.",
    )
    delimiter: str | None = option(
        "-d, --delimiter CHAR",
        "Field delimiter. Default: found among comma, semicolon, tab and pipe.",
        envvar="EM_IMPUTE_DELIMITER",
    )
    by: str | None = option(
        "--by NAME|N",
        "Column of groups that may differ (sites, years): each gets its own fit, combined with that to all rows.",
        autocompletion=_column_names,
    )
    same_within: str | None = option(
        "--same-within NAME|N",
        "Column of which rows with one value have one label (a ring, a customer). Default: found by the known labels.",
        autocompletion=_column_names,
    )
    weights: str | None = option(
        "--weights NAME|N",
        "Column of numbers that say how much each row counts; a row of weight 0 is filled but has no part in the fit.",
        autocompletion=_column_names,
    )
    no_headers: bool = option("-n, --no-headers", "The first row is data; name columns by number.")
    encoding: str | None = option(
        "-e, --encoding NAME",
        "Encoding of the file. Default: UTF-8, or what a byte order mark says.",
        envvar="EM_IMPUTE_ENCODING",
    )
    decimal: str | None = option("--decimal CHAR", "Decimal mark of the predictors: . or , [default: .]")
    skip_lines: int = option("--skip-lines N", "Lines above the header, kept as they are.", default=0, min=0)
    quote: str | None = option(
        "--quote CHAR|none", 'What surrounds cells that hold a delimiter: " or none. Default: found.'
    )
    comment: str | None = option("--comment TEXT", "Lines that begin with TEXT, such as '#', are no rows.")
    all_lines: bool = option(
        "--all-lines", "Totals, footers, units and headers among the rows are rows as well, not left as they are."
    )


@dataclass(frozen=True, eq=False, repr=False)
class InputOfColumn(Input):
    """The same for EM on one column."""

    columns: list[str] | None = option(
        "-c, --column NAME|N", "Column whose missing labels EM is to find, by name or 1-based number.", required=True
    )
    features: list[str] | None = option(
        "-x, --feature NAME|N", "Numeric predictor; repeat for several. Default: all but identifiers and constants."
    )


@dataclass(frozen=True, eq=False, repr=False)
class Missing:
    """Which cells are missing."""

    panel: ClassVar = "Missing cells"

    null_values: list[str] | None = option(
        "--null-value TOKEN|COLUMN=TOKEN",
        "Count TOKEN as missing in the column, or in a predictor, beside blank cells and marks (NA, ?, NULL …).",
    )
    keep_values: list[str] | None = option(
        "--keep-value TOKEN", "Keep TOKEN as a label although it looks like a missing mark."
    )
