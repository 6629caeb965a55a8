"""Options of what is read: the panels "Input" and "Missing cells"."""

import os
import re
from contextlib import ExitStack, suppress
from io import BytesIO
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from typer.models import OptionInfo

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
    "column_names",
    "column_option",
]

INPUT, MISSING = "Input", "Missing cells"

HEAD_BYTES = 1 << 16
"""Read for a header while somebody waits for the completion of a name."""


def column_names(context: typer.Context) -> list[str]:
    """Give the names of the columns of the file before the cursor, as a run would read them.

    Whatever is wrong with it gives none: nobody has asked for a run yet.
    """
    given = context.params
    # Where an option waits for its value, Typer has not yet given the words beside the options their names.
    files = [*(given.get("files") or ()), *filter(None, [given.get("file")]), *context.args]
    path = Path(files[0] if files else "-")
    if given["no_headers"] or not path.is_file():  # a pipe can be read once only
        return []
    with suppress(Exception), ExitStack() as resources, path.open("rb") as file:
        from em_impute.table.dialect import detect_dialect
        from em_impute.table.source import source_of

        head = BytesIO(file.read(HEAD_BYTES))
        source = source_of(head, str(path), path, resources, is_stream=False, enough=1)  # the rest of it is not there
        reading = {key: given[key] for key in ("delimiter", "encoding", "skip_lines")}
        names = [name for name in detect_dialect(source, **reading)[1].names if name]
        # Other shells escape what they insert.
        is_bash = os.environ.get("_EM_IMPUTE_COMPLETE") == "complete_bash"
        return [re.sub(r"([^\w%+,./:=@-])", r"\\\1", name) for name in names] if is_bash else names
    return []


File: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE|-",
        rich_help_panel=INPUT,
        show_default=False,
        help="The CSV file, which may be compressed (gz, bz2, xz, zst); - or nothing reads standard input.",
    ),
]


def column_option(more: str = "") -> OptionInfo:
    """Make the option that names the columns to complete; `more` is said of it at the end."""
    option: OptionInfo = typer.Option(
        "-c",
        "--column",
        metavar="NAME|N",
        autocompletion=column_names,
        rich_help_panel=INPUT,
        show_default=False,
        help="Column to complete, by name or 1-based number. Repeat it to complete several, each on its own." + more,
    )
    return option


Columns: TypeAlias = Annotated[list[str], column_option()]
Features: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "-x",
        "--feature",
        metavar="NAME|N",
        autocompletion=column_names,
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
        autocompletion=column_names,
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
        autocompletion=column_names,
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
