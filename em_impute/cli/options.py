"""The options, each said once."""

import sys
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeAlias

import typer

from em_impute.errors import ExitCode, UsageError

__all__ = [
    "Columns",
    "Components",
    "Covariance",
    "CovarianceName",
    "Debug",
    "Decimal",
    "Delimiter",
    "Diff",
    "DryRun",
    "Encoding",
    "Features",
    "File",
    "Indicator",
    "KeepValues",
    "LabelNames",
    "MaxIter",
    "MinProbability",
    "NoClobber",
    "NoHeaders",
    "NoReport",
    "NullValues",
    "OrderBy",
    "Output",
    "PriorStrength",
    "Probabilities",
    "Probability",
    "Quiet",
    "Reports",
    "Seed",
    "SkipLines",
    "Tolerance",
    "Verbose",
    "input_path",
    "parse_components",
    "parse_decimal",
    "parse_labels",
    "show_help",
]

INPUT, MISSING, MODEL, FILLS, OUTPUT, BEHAVIOUR = "Input", "Missing cells", "Model", "Fills", "Output", "Behaviour"


class CovarianceName(StrEnum):
    """Values of --covariance: the families of the engine, or the choice among them."""

    auto = "auto"
    full = "full"
    tied = "tied"
    diag = "diag"
    tied_diag = "tied-diag"
    eii = "eii"
    vii = "vii"
    vei = "vei"
    evi = "evi"
    vee = "vee"
    evv = "evv"
    eev = "eev"
    vev = "vev"


File: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="[FILE|-]", show_default=False, help="The CSV file; - or nothing reads standard input."),
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
        help="Predictor; repeat for several. Default: each numeric column that is no identifier, constant or code.",
    ),
]
Delimiter: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "-d",
        "--delimiter",
        metavar="CHAR",
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
LabelNames: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="A,B",
        rich_help_panel=MODEL,
        show_default=False,
        help="Names of the groups to find when no label is known.",
    ),
]
OrderBy: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--order-by",
        metavar="FEATURE",
        rich_help_panel=MODEL,
        show_default=False,
        help="Predictor whose mean, ascending, gives unnamed groups their names. Default: the first.",
    ),
]
Components: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--components",
        metavar="N|auto",
        rich_help_panel=MODEL,
        show_default=False,
        help="Gaussians a label (default 1); without known labels the number of groups, which auto finds by BIC.",
    ),
]
Covariance: TypeAlias = Annotated[
    CovarianceName,
    typer.Option(
        "--covariance",
        rich_help_panel=MODEL,
        help="Shape of the Gaussians; auto takes what predicts held-out labels best (BIC if none is known).",
    ),
]
PriorStrength: TypeAlias = Annotated[
    float,
    typer.Option(
        "--prior-strength",
        min=0.0,
        metavar="S",
        rich_help_panel=MODEL,
        help="Weight of the conjugate prior; 0 is plain maximum likelihood.",
    ),
]
MaxIter: TypeAlias = Annotated[
    int, typer.Option("--max-iter", min=1, metavar="N", rich_help_panel=MODEL, help="EM iterations at most.")
]
Tolerance: TypeAlias = Annotated[
    float,
    typer.Option(
        "--tol", min=0.0, metavar="T", rich_help_panel=MODEL, help="Stop when so little log-likelihood is left to gain."
    ),
]
Seed: TypeAlias = Annotated[
    int,
    typer.Option(
        "--seed", min=0, metavar="N", rich_help_panel=MODEL, help="Seed of folds and starts: same seed, same bytes."
    ),
]
MinProbability: TypeAlias = Annotated[
    float,
    typer.Option(
        "--min-probability",
        min=0.0,
        max=1.0,
        metavar="P",
        rich_help_panel=FILLS,
        help="Leave a cell as it is unless its label is at least so probable.",
    ),
]
Output: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="PATH",
        rich_help_panel=OUTPUT,
        show_default=False,
        help="Completed CSV; - is standard output. Default: FILE.filled.csv beside FILE.",
    ),
]
Reports: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "-r",
        "--report",
        metavar="PATH",
        rich_help_panel=OUTPUT,
        show_default=False,
        help="Fit report, .json or .md; repeat for both. Default: a .report.json beside the completed CSV.",
    ),
]
NoReport: TypeAlias = Annotated[bool, typer.Option("--no-report", rich_help_panel=OUTPUT, help="Write no report.")]
NoClobber: TypeAlias = Annotated[
    bool, typer.Option("--no-clobber", rich_help_panel=OUTPUT, help="Stop if an output exists already.")
]
Probability: TypeAlias = Annotated[
    bool,
    typer.Option("--probability", rich_help_panel=OUTPUT, help="Add COLUMN_probability: of the most probable label."),
]
Probabilities: TypeAlias = Annotated[
    bool, typer.Option("--probabilities", rich_help_panel=OUTPUT, help="Add COLUMN_p_LABEL for every label.")
]
Indicator: TypeAlias = Annotated[
    bool, typer.Option("--indicator", rich_help_panel=OUTPUT, help="Add COLUMN_imputed: 1 where the cell was filled.")
]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", rich_help_panel=OUTPUT, help="Fit and say, but write nothing.")
]
Diff: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--diff",
        rich_help_panel=OUTPUT,
        help="Print the filled cells as CSV; files are then written only where -o or -r names them.",
    ),
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("-q", "--quiet", rich_help_panel=BEHAVIOUR, help="Say nothing on success.")
]
Verbose: TypeAlias = Annotated[
    bool, typer.Option("-v", "--verbose", rich_help_panel=BEHAVIOUR, help="Say every decision.")
]
Debug: TypeAlias = Annotated[
    bool, typer.Option("--debug", rich_help_panel=BEHAVIOUR, help="Show the traceback of an error.")
]


def parse_components(text: str | None) -> int | Literal["auto"] | None:
    """Read --components: a whole number, auto, or None where it is not given."""
    if text is None:
        return None
    if text == "auto":
        return "auto"
    if not (text.isdecimal() and int(text) > 0):
        raise UsageError(
            f"--components takes a whole number above 0 or auto, not {text!r}", "for example --components 2"
        )
    return int(text)


def parse_labels(text: str | None) -> tuple[str, ...]:
    """Read --labels: at least two different names."""
    if text is None:
        return ()
    names = tuple(text.split(","))
    if len(set(names)) < max(2, len(names)) or not all(name.strip() for name in names):
        raise UsageError(f"--labels takes two or more different names, not {text!r}", "for example --labels short,long")
    return names


def parse_decimal(text: str) -> str:
    """Read --decimal."""
    if text not in {".", ","}:
        raise UsageError(f"--decimal takes . or , and not {text!r}", "for example --decimal ,")
    return text


def input_path(context: typer.Context, file: str | None) -> Path | None:
    """Read FILE: None is standard input; a person at a terminal who named no file is shown the help."""
    if file == "":
        raise UsageError("FILE is an empty path", "name a file, or - for standard input")
    if file is None and sys.stdin is not None and sys.stdin.isatty():
        show_help(context)
    return None if file in {None, "-"} else Path(str(file))


def show_help(context: typer.Context) -> NoReturn:
    """Show the help on standard error, and fail: nothing was asked for."""
    with redirect_stdout(sys.stderr):
        typer.echo(context.get_help().rstrip())  # Typer prints the help itself when it prints in colour
    raise typer.Exit(ExitCode.USAGE)
