"""The report of `em-impute fill`: what was missing, the model, the fit, and how right it is."""

from em_impute.report.schema.applied import APPLIED
from em_impute.report.schema.model import EM, MODEL, SELECTION
from em_impute.report.schema.shared import HEAD, LINE, SHA256
from em_impute.schema_terms import (
    Schema,
    among,
    count,
    listing,
    maybe,
    number,
    section,
    share,
    text,
    use,
)

__all__ = ["FIT"]

PART = text("Path of the part that holds the row; only of a table in several parts.")

SECONDS = {
    "scan?": number("Finding the records and their cells; part of `read` for a table in parts.", 0),
    "read": number("Reading the cells that are needed.", 0),
    "design?": number("Making predictors of columns.", 0),
    "fit?": number("Choosing and fitting the model; for a table in parts all that is learnt from it.", 0),
    "posterior?": number("Computing the probabilities of the missing cells.", 0),
    "examine?": number("Finding out what this report says beyond the fills.", 0),
    "patch?": number("Writing the completed table; one in parts is read once more for that.", 0),
}

FILE = {
    "path": text("Its path."),
    "sha256": text("SHA-256 of its bytes.", SHA256),
    "bytes": count("Its size in bytes."),
}

OUTPUT = section(
    "The completed table; null where none was written (--diff).",
    {
        **FILE,
        "path": maybe(text("Its path; null of standard output.")),
        "files?": listing("Every file where there are several, the first among them.", section("A file.", FILE)),
    },
)

LABEL = section(
    "A label.",
    {
        "label": text("The label itself."),
        "known": count("Rows that have it in the file."),
        "filled": count("Missing cells that were filled with it; with --imputations in the first table."),
        "share_known": maybe(share("Its share of the known cells; null where none is known.")),
        "share_expected": share("Its expected share of all cells, each missing one counted by its probabilities."),
    },
)

MISSING = section(
    "The missing cells.",
    {
        "cells": count("How many there are."),
        "filled": count("How many of them were filled."),
        "left_empty": section(
            "Cells that were left as they were, by the first reason that holds; a reason of no cell is not there.",
            {
                "without_predictors?": count("Cells in rows that show no predictor.", 1),
                "out_of_range?": count("Cells in rows beyond every row with a label.", 1),
                "below_min_probability?": count("Other cells whose best label is less probable than asked for.", 1),
            },
        ),
        "tokens": use("tokens"),
        "lowest_probability": maybe(share("The lowest probability of a filled label; null where none was filled.")),
        "without_predictors": count("Missing cells in rows that show no predictor, filled or not."),
    },
)

FILLED = section(
    "How sure the fills are; null where no cell was filled.",
    {
        "method": among(
            "How labels were chosen (--method).",
            {"map": "The most probable one.", "draw": "Drawn by their probabilities."},
        ),
        "imputations": count(
            "Completed tables that were drawn (--imputations), of which this is the first; 0 for one."
        ),
        "by_band": listing(
            "Filled cells by the probability of their label, ascending; ranges without a cell are left out.",
            section(
                "A range of probabilities.",
                {
                    "low": share("Its lower end, which belongs to it."),
                    "high": share("Its upper end, which belongs to the range above, 1 to this one."),
                    "cells": count("Filled cells in it.", 1),
                    "labels": use("counts", "These cells by the label that was filled."),
                },
            ),
        ),
        "least_certain": listing(
            "The ten filled cells whose label is least probable, ascending.",
            section(
                "A filled cell.",
                {
                    "part?": PART,
                    "line": count(LINE, 1),
                    "label": text("The label that was filled."),
                    "probability": share("Its probability."),
                },
            ),
        ),
    },
)

GROUPS = section(
    "The groups that --by divides the rows into; null without it.",
    {
        "column": text("The column that tells them apart."),
        "number": count("How many there are.", 1),
        "rows_without_group": count("Rows whose cell in that column is missing; they are one more group."),
        "groups": listing(
            "The first 1,000 of them.",
            section(
                "A group.",
                {
                    "group": text("What the column holds in its rows."),
                    "rows": count("Rows in it."),
                    "known": count("Rows in it that have a label."),
                    "missing": count("Rows in it that have none."),
                    "own_weight": share("Weight of a fit of its own beside that of all rows; 0 where it has none."),
                },
            ),
        ),
    },
)

PARTS = section(
    "The files of a table that was read in parts; null of one that was read as a whole.",
    {
        "number": count("How many there are.", 1),
        "rows_drawn": use(
            "kinds", "Rows that were drawn to learn the model from, or to compare them with those of a saved one."
        ),
        "fitted_to": among(
            "What the model was fitted to.",
            {
                "rows drawn": "The rows that were drawn.",
                "all rows": "These first, then all rows.",
                "nothing": "A saved model filled the column.",
            },
        ),
        "files": listing(
            "The parts, in their order.",
            section(
                "A part.",
                {
                    "path": text("Its path or URL."),
                    "rows": count("Rows of data."),
                    "bytes": count("Size in bytes, compressed if it is."),
                    "sha256": text("SHA-256 of its bytes as they were read.", SHA256),
                    "compression": maybe(text("How it is compressed, as in `input`; null where it is not.")),
                },
            ),
        ),
    },
)

LOG = section(
    "A decision that was taken for the user.",
    {
        "step": among(
            "When it was taken.",
            {
                "read": "When the file was read.",
                "labels": "When the column to fill was read.",
                "design": "When predictors were made of columns.",
                "choose": "When the model was chosen.",
                "fit": "When it was fitted.",
            },
        ),
        "action": text("What was decided, in words."),
        "detail": text("How, in words."),
    },
)

FIT: dict[str, Schema] = {
    **HEAD,
    "timings": maybe(section("Seconds that each stage took; null where SOURCE_DATE_EPOCH is set.", SECONDS)),
    "input": use("input"),
    "output": maybe(OUTPUT),
    "column": text("The column that was filled: its name, or its number where it has no name of its own."),
    "labels": listing("The labels, in alphabetical order or as --labels names them.", LABEL),
    "missing": MISSING,
    "filled": maybe(FILLED),
    "features": use("features"),
    "model": maybe(MODEL),
    "fit": maybe(EM),
    "selection": maybe(SELECTION),
    "groups": maybe(GROUPS),
    "accuracy": maybe(use("accuracy", "How well held-out labels are found; null where none could be held out.")),
    "totals": use("totals"),
    "missingness": maybe(
        use("missingness", "How rows without a label differ from those with one; null where one kind is lacking.")
    ),
    "sensitivity": maybe(
        use("sensitivity", "What would follow if labels were missing by their class; null where one kind is lacking.")
    ),
    "suspect_labels": listing(
        "Known labels that look wrong, the least probable first, 1,000 at most; none was changed.", use("suspect")
    ),
    "audit": maybe(use("audit", "How known labels were judged; null where none could be.")),
    "marked": maybe(use("marked", "Weakly founded rows; null where nothing was missing, and of a table in parts.")),
    "log": listing("What was decided for the user, in the order of the stages.", LOG),
    "warnings": listing("What to know before relying on the result.", use("warning")),
    "plain_em": maybe(
        use(
            "plain_em",
            "EM in its plainest form, to learn from; null where nothing was measured or it cannot be fitted.",
        )
    ),
    "pictures": maybe(use("pictures", "What the pictures of the page show; null where nothing was missing.")),
    "parts": maybe(PARTS),
    "applied": maybe(APPLIED),
}
"""The keys, in the order of the file."""
