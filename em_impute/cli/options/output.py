"""Options of what is filled, saved and written: the panels "Fills", "Saved models" and "Output"."""

from dataclasses import dataclass
from typing import ClassVar

from em_impute.cli.options.groups import option
from em_impute.options import Method


@dataclass(frozen=True, eq=False, repr=False)
class Fills:
    """Which label a cell gets."""

    panel: ClassVar = "Fills"

    min_probability: float = option(
        "--min-probability P",
        "Leave a cell as it is unless its label is at least this probable.",
        default=0.0,
        min=0.0,
        max=1.0,
    )
    method: Method | None = option(
        "--method map|draw",
        "Fill in the most probable label (map; at a tie the one that sorts first), or one drawn by its "
        "probability. Default: map, one table.",
    )
    imputations: int | None = option(
        "--imputations M",
        "Draw M completed tables, FILE.filled.1.csv to FILE.filled.M.csv, to analyse one by one and pool.",
        min=2,
        max=1000,
    )
    long: bool = option("--long", "Put them in one file below the observed table, with .imp and .id first.")


@dataclass(frozen=True, eq=False, repr=False)
class SavedModels:
    """The model to fill by, and where one is saved."""

    panel: ClassVar = "Saved models"

    save_model: str | None = option(
        "--save-model PATH",
        "Save the fit as JSON, to be applied to other files by --model; also where no cell is missing.",
    )
    model: str | None = option(
        "--model PATH",
        "Fill with a saved fit instead of fitting, all of its columns unless --column names some, and warn where the "
        "rows differ from those it was fitted to.",
    )


@dataclass(frozen=True, eq=False, repr=False)
class Output:
    """What is written where."""

    panel: ClassVar = "Output"

    output: str | None = option(
        "-o, --output PATH",
        "Completed CSV, compressed if it ends in .gz, .bz2, .xz or .zst; - is standard output; a folder for several "
        "files. Default: FILE.filled.csv beside FILE.",
    )
    in_place: bool = option(
        "--in-place", "Put the completed CSV in FILE's place, whole or not at all; untouched where nothing was filled."
    )
    backup: str | None = option(
        "--backup SUFFIX",
        "Keep the file that --in-place replaces, under its name and SUFFIX (heights.csv.bak for .bak).",
    )
    reports: list[str] | None = option(
        "-r, --report PATH",
        "Fit report, .json, .html (a page with pictures) or .md; repeatable. Default: FILE.report.json and .html.",
    )
    json: bool = option("--json", "Write the report to standard output, as JSON, instead; also with --dry-run.")
    no_report: bool = option("--no-report", "Write no report.")
    no_clobber: bool = option("--no-clobber", "Stop if an output exists already.")
    probability: bool = option("--probability", "Add COLUMN_probability: of the most probable label.")
    probabilities: bool = option("--probabilities", "Add COLUMN_p_LABEL for every label.")
    indicator: bool = option("--indicator", "Add COLUMN_imputed: 1 where the cell was filled.")
    dry_run: bool = option("--dry-run", "Fit and summarise, but write nothing.")
    diff: bool = option(
        "--diff", "Print the filled cells as CSV; files are then written only where -o, -r or --in-place name them."
    )
