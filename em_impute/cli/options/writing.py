"""Options of what is filled, written and said: the panels "Fills", "Output" and "Behaviour"."""

from typing import Annotated, TypeAlias

import typer

from em_impute.cli.logfile import VARIABLE
from em_impute.cli.values import ColorName, MethodName, open_log

__all__ = [
    "BEHAVIOUR",
    "FILLS",
    "OUTPUT",
    "Backup",
    "Color",
    "Debug",
    "Diff",
    "DryRun",
    "Imputations",
    "InPlace",
    "Indicator",
    "LogFile",
    "Long",
    "Method",
    "MinProbability",
    "NoAdvice",
    "NoClobber",
    "NoProgress",
    "NoReport",
    "Output",
    "Probabilities",
    "Probability",
    "Quiet",
    "Reports",
    "Strict",
    "Verbose",
]

FILLS, OUTPUT, BEHAVIOUR = "Fills", "Output", "Behaviour"


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
Method: TypeAlias = Annotated[
    MethodName | None,
    typer.Option(
        "--method",
        metavar="map|draw",
        rich_help_panel=FILLS,
        show_default=False,
        help="Fill in the most probable label (map; at a tie the one that sorts first), or one drawn by its "
        "probability. Default: map, one table.",
    ),
]
Imputations: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--imputations",
        min=2,
        max=1000,
        metavar="M",
        rich_help_panel=FILLS,
        show_default=False,
        help="Draw M completed tables, FILE.filled.1.csv to FILE.filled.M.csv, to be analysed each and pooled.",
    ),
]
Long: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--long", rich_help_panel=FILLS, help="Put them in one file below the observed table, with .imp and .id first."
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
        help="Completed CSV, compressed if it ends in .gz, .bz2, .xz or .zst; - is standard output. Default: "
        "FILE.filled.csv beside FILE.",
    ),
]
InPlace: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--in-place",
        rich_help_panel=OUTPUT,
        help="Put the completed CSV in FILE's place, whole or not at all; untouched where nothing was filled.",
    ),
]
Backup: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--backup",
        metavar="SUFFIX",
        rich_help_panel=OUTPUT,
        show_default=False,
        help="Keep the file that --in-place replaces, under its name and SUFFIX (heights.csv.bak for .bak).",
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
        help="Fit report, .json, .html (a page with pictures) or .md; repeatable. Default: FILE.report.json and .html.",
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
        help="Print the filled cells as CSV; files are then written only where -o, -r or --in-place name them.",
    ),
]
Quiet: TypeAlias = Annotated[
    bool,
    typer.Option(
        "-q",
        "--quiet",
        envvar="EM_IMPUTE_QUIET",
        show_envvar=False,
        rich_help_panel=BEHAVIOUR,
        help="Say nothing on success.",
    ),
]
Verbose: TypeAlias = Annotated[
    bool, typer.Option("-v", "--verbose", rich_help_panel=BEHAVIOUR, help="Say every decision.")
]
NoAdvice: TypeAlias = Annotated[
    bool,
    typer.Option("--no-advice", rich_help_panel=BEHAVIOUR, help="Leave out the note on columns about people (S01)."),
]
Strict: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--strict", rich_help_panel=BEHAVIOUR, help="End with 1 and write nothing where there is a warning (W01 …)."
    ),
]
Color: TypeAlias = Annotated[
    ColorName,
    typer.Option(
        "--color",
        metavar="auto|always|never",
        envvar="EM_IMPUTE_COLOR",
        show_envvar=False,
        rich_help_panel=BEHAVIOUR,
        help="Colours on standard error; auto: on a terminal that wants them.",
    ),
]
NoProgress: TypeAlias = Annotated[
    bool, typer.Option("--no-progress", rich_help_panel=BEHAVIOUR, help="Show no progress bar on a terminal.")
]
LogFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--log-file",
        metavar="PATH",
        envvar=VARIABLE,
        show_envvar=False,
        is_eager=True,
        callback=open_log,
        rich_help_panel=BEHAVIOUR,
        show_default=False,
        help="Append to PATH what was read, decided and written, and how the run ended; also with -q.",
    ),
]
Debug: TypeAlias = Annotated[
    bool, typer.Option("--debug", rich_help_panel=BEHAVIOUR, help="Show the traceback of an error.")
]
