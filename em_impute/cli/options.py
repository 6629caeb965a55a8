"""The options, each said once."""

from typing import Annotated, TypeAlias

import typer

from em_impute.cli.values import CovarianceName, MethodName, SharesName

__all__ = [
    "By",
    "Columns",
    "Components",
    "Covariance",
    "Debug",
    "Decimal",
    "Delimiter",
    "Deltas",
    "Diff",
    "DryRun",
    "Encoding",
    "Features",
    "File",
    "Imputations",
    "Indicator",
    "KeepValues",
    "LabelNames",
    "Long",
    "MaxIter",
    "Method",
    "MinProbability",
    "NoAdvice",
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
    "Shares",
    "Single",
    "SkipLines",
    "Tolerance",
    "UnlabelledWeight",
    "Verbose",
    "Weights",
]

INPUT, MISSING, MODEL, FILLS, OUTPUT, BEHAVIOUR = "Input", "Missing cells", "Model", "Fills", "Output", "Behaviour"


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
        help="Name one mixture by the shape of its Gaussians; auto stacks many (by BIC if no label is known).",
    ),
]
Single: TypeAlias = Annotated[
    bool,
    typer.Option("--single", rich_help_panel=MODEL, help="Fill from the leading mixture alone, not from the stack."),
]
UnlabelledWeight: TypeAlias = Annotated[
    str,
    typer.Option(
        "--unlabelled-weight",
        metavar="auto|0..1",
        rich_help_panel=MODEL,
        help="Weight of a row without a label in the fit of one mixture; 0 learns from labelled rows alone.",
    ),
]
Shares: TypeAlias = Annotated[
    SharesName,
    typer.Option(
        "--shares",
        rich_help_panel=MODEL,
        help="free: labels are missing more often in some class, so the rows to fill have shares of their own.",
    ),
]
Deltas: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--delta",
        metavar="LABEL=LOGODDS",
        rich_help_panel=MODEL,
        show_default=False,
        help="Suppose LABEL's log-odds in the rows to fill are so much higher than their predictors say; repeatable.",
    ),
]
PriorStrength: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--prior-strength",
        min=0.0,
        metavar="S",
        rich_help_panel=MODEL,
        show_default=False,
        help="Weight of one mixture's conjugate prior (default 1); 0 is plain maximum likelihood.",
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
Method: TypeAlias = Annotated[
    MethodName | None,
    typer.Option(
        "--method",
        rich_help_panel=FILLS,
        show_default=False,
        help="Fill in the most probable label (map), or one drawn by its probability. Default: map, one table.",
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
NoAdvice: TypeAlias = Annotated[
    bool,
    typer.Option("--no-advice", rich_help_panel=BEHAVIOUR, help="Leave out the note on columns about people (S01)."),
]
Debug: TypeAlias = Annotated[
    bool, typer.Option("--debug", rich_help_panel=BEHAVIOUR, help="Show the traceback of an error.")
]
