"""Options of what is read: the panels "Input" and "Missing cells"."""

from typing import Annotated, TypeAlias

import typer

__all__ = [
    "INPUT",
    "MISSING",
    "By",
    "Columns",
    "Decimal",
    "Delimiter",
    "Encoding",
    "Features",
    "File",
    "KeepValues",
    "NoHeaders",
    "NullValues",
    "SkipLines",
    "Weights",
]

INPUT, MISSING = "Input", "Missing cells"


File: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE|-",
        rich_help_panel=INPUT,
        show_default=False,
        help="The CSV file, which may be compressed (gz, bz2, xz, zst); - or nothing reads standard input.",
    ),
]
Columns: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "-c",
        "--column",
        metavar="NAME|N",
        rich_help_panel=INPUT,
        show_default=False,
        help="Column to complete, by name or 1-based number. Repeat it to complete several, each on its own.",
    ),
]
Features: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "-x",
        "--feature",
        metavar="NAME|N",
        rich_help_panel=INPUT,
        show_default=False,
        help="Predictor (numbers, or few texts); repeat for several. Default: all but identifiers and constants.",
    ),
]
By: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="NAME|N",
        rich_help_panel=INPUT,
        show_default=False,
        help="Column of groups that may differ (sites, species, years): each has a fit of its own beside that of all.",
    ),
]
Weights: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="NAME|N",
        rich_help_panel=INPUT,
        show_default=False,
        help="Column of numbers that say how much each row counts; a row of weight 0 teaches nothing but is filled.",
    ),
]
Delimiter: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "-d",
        "--delimiter",
        metavar="CHAR",
        envvar="EM_IMPUTE_DELIMITER",
        show_envvar=False,
        rich_help_panel=INPUT,
        show_default=False,
        help="Field delimiter. Default: found among comma, semicolon, tab and pipe.",
    ),
]
NoHeaders: TypeAlias = Annotated[
    bool,
    typer.Option("-n", "--no-headers", rich_help_panel=INPUT, help="The first row is data; name columns by number."),
]
Encoding: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "-e",
        "--encoding",
        metavar="NAME",
        envvar="EM_IMPUTE_ENCODING",
        show_envvar=False,
        rich_help_panel=INPUT,
        show_default=False,
        help="Encoding of the file. Default: UTF-8, or what a byte order mark says.",
    ),
]
Decimal: TypeAlias = Annotated[
    str, typer.Option("--decimal", metavar="CHAR", rich_help_panel=INPUT, help="Decimal mark of the predictors: . or ,")
]
SkipLines: TypeAlias = Annotated[
    int,
    typer.Option(
        "--skip-lines", min=0, metavar="N", rich_help_panel=INPUT, help="Lines above the header, kept as they are."
    ),
]
NullValues: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--null-value",
        metavar="TOKEN",
        rich_help_panel=MISSING,
        show_default=False,
        help="Count TOKEN as missing in the column, beside blank cells and the standard marks (NA, ?, NULL …).",
    ),
]
KeepValues: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--keep-value",
        metavar="TOKEN",
        rich_help_panel=MISSING,
        show_default=False,
        help="Keep TOKEN as a label although it looks like a missing mark.",
    ),
]
