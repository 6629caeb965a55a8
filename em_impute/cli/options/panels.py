"""Options of what is read, fitted, filled, saved and written: a group is a panel of the help."""

import os
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import typer

from em_impute.cli.options.groups import Group, option
from em_impute.errors import UsageError
from em_impute.options import Covariance, Method, Request, Shares

Backend = Literal["serial", "dask"]
"""Where parts are worked on."""

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
        from em_impute.table.source import open_source

        said = ("delimiter", "encoding", "skip_lines", "quote", "comment")
        reading = Request(**{key: given[key] for key in said if key in given})
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


class Input(Group, panel="Input"):
    """The columns that matter, and how the file is written."""

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


class InputOfColumn(Input):
    """The same for EM on one column."""

    columns: list[str] | None = option(
        "-c, --column NAME|N", "Column whose missing labels EM is to find, by name or 1-based number.", required=True
    )
    features: list[str] | None = option(
        "-x, --feature NAME|N", "Numeric predictor; repeat for several. Default: all but identifiers and constants."
    )


class Missing(Group, panel="Missing cells"):
    """Which cells are missing."""

    null_values: list[str] | None = option(
        "--null-value TOKEN|COLUMN=TOKEN",
        "Count TOKEN as missing in the column, or in a predictor, beside blank cells and marks (NA, ?, NULL …).",
    )
    keep_values: list[str] | None = option(
        "--keep-value TOKEN", "Keep TOKEN as a label although it looks like a missing mark."
    )


FAMILIES = ", ".join(get_args(Covariance))


class Model(Group, panel="Model"):
    """What is fitted."""

    labels: str | None = option("--labels A,B", "Names of the groups to find when no label is known.")
    order_by: str | None = option(
        "--order-by FEATURE", "Predictor whose mean, ascending, gives unnamed groups their names. Default: the first."
    )
    components: str | None = option(
        "--components N|auto",
        "Gaussians per label (default 1); without known labels, the number of groups, which auto finds by BIC.",
    )
    covariance: Covariance = option(
        "--covariance NAME",
        "Fit one mixture whose Gaussians have this shape; auto combines many (chooses by BIC if no label is known). "
        f"One of {FAMILIES}.",
        default="auto",
    )
    single: bool = option("--single", "Fill from one mixture, that which the report shows, not from the ensemble.")
    unlabelled_weight: str = option(
        "--unlabelled-weight auto|0..1",
        "Weight of a row without a label in the fit of one mixture; 0 fits to labelled rows alone.",
        default="auto",
    )
    shares: Shares = option(
        "--shares auto|common|free",
        "Label shares of the rows to fill: as in known rows (common), their own (free), or what the evidence favours.",
        default="auto",
    )
    deltas: list[str] | None = option(
        "--delta LABEL=LOGODDS",
        "Suppose LABEL's log-odds in the rows to fill are this much higher than predicted; repeatable.",
    )
    prior_strength: float | None = option(
        "--prior-strength S",
        "Weight of one mixture's conjugate prior (default 1); 0 is plain maximum likelihood.",
        min=0.0,
    )
    max_iter: int = option("--max-iter N", "EM iterations at most.", default=5000, min=1)
    tolerance: float = option(
        "--tol T", "Stop when less log-likelihood than this is left to gain.", default=1e-6, min=0.0
    )
    seed: int = option(
        "--seed N", "Seed of folds and starts: same seed, same bytes.", default=0, min=0, envvar="EM_IMPUTE_SEED"
    )


class ModelOfEM(Model):
    """The one mixture whose EM is explained."""

    components: str | None = option(
        "--components N", "Gaussians per label (default 1); without known labels, the number of groups."
    )
    covariance: Covariance = option(
        "--covariance NAME",
        f"What the Gaussians' shapes have in common. Default: full, nothing. One of {FAMILIES}.",
        default="auto",
        show_default=False,
    )
    prior_strength: float | None = option(
        "--prior-strength S",
        "Weight of the conjugate prior. Default: 0, plain maximum likelihood, or 1 where that breaks down.",
        min=0.0,
    )


class Fills(Group, panel="Fills"):
    """Which label a cell gets."""

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


class SavedModels(Group, panel="Saved models"):
    """The model to fill by, and where one is saved."""

    save_model: str | None = option(
        "--save-model PATH",
        "Save the fit as JSON, to be applied to other files by --model; also where no cell is missing.",
    )
    model: str | None = option(
        "--model PATH",
        "Fill with a saved fit instead of fitting, all of its columns unless --column names some, and warn where the "
        "rows differ from those it was fitted to.",
    )


class Output(Group, panel="Output"):
    """What is written where."""

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


Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|-",
        rich_help_panel="Input",
        help="The CSV file, which may be compressed (gz, bz2, xz, zst), or the parts of one table: files, "
        "patterns; with --each tables of their own; - or nothing reads standard input.",
    ),
]


class Partitions(Group, panel="Several files and large tables"):
    """How several files, and tables that are larger than memory, are worked on."""

    each: bool = option("--each", "Fit each file by itself: they are tables of their own, not the parts of one.")

    backend: Backend | None = option(
        "--backend serial|dask",
        "Process parts one after the other (serial), or with Dask, one process per processor (dask).",
    )
    scheduler: str | None = option(
        "--scheduler ADDRESS", "Use the Dask cluster with this scheduler, as in tcp://10.0.0.1:8786."
    )
    workers: int | None = option(
        "--workers N",
        "Processes of --backend dask (default: one per processor) or of --each (default: 1).",
        min=1,
    )
    max_memory: str | None = option(
        "--max-memory SIZE",
        "Read a table that needs more than SIZE (300M, 2G) anew in every pass. Default: half the memory.",
    )

    @property
    def memory(self) -> int | None:
        """Bytes that the run may take; None is half of what there is.  Raises UsageError for what is no size."""
        if self.max_memory is None:
            return None
        from em_impute.pipeline.memory import parse_size

        return parse_size(self.max_memory)

    def checked(self) -> "Partitions":
        """Give the same, with the backend that a scheduler means.  Raises UsageError where options contradict."""
        if self.scheduler is not None and self.backend == "serial":
            raise UsageError("--scheduler contradicts --backend serial", "leave one of them out")
        if self.scheduler is not None and self.workers is not None:
            raise UsageError("--workers contradicts --scheduler, whose workers run already", "leave one of them out")
        backend = self.backend if self.scheduler is None else "dask"
        if self.workers is not None and backend != "dask" and not self.each:
            raise UsageError("--workers is for --backend dask or --each", "add one of them, or leave it out")
        return replace(self, backend=backend)
