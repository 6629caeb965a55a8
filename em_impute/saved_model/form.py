"""The JSON form of a saved model: what each key means, how it is written, and how it is read back.

Read from the end: `FORM` has the whole, a line a key, in the order of the file.
"""

import numpy as np

from em_impute.saved_model.distributions import NumberDistribution, Spread, TextDistribution, Typicality
from em_impute.saved_model.drift import Summary
from em_impute.saved_model.form_of_fits import MODEL, PARAMETERS, end_of_range
from em_impute.saved_model.values import Reading, SavedColumn, SavedModel, Score, Source, Training
from em_impute.serialize import ANY, array, by, flag, listing, maybe, number, record, text, whole

__all__ = ["FORM"]

SHA256 = "^[0-9a-f]{64}$"

NUMBERS = record(
    NumberDistribution,
    "How a number was distributed, in the data's units.",
    {
        "edges": array("Upper ends of the cells but the last; about percentiles.", ANY),
        "counts": array("Rows in each cell, by weight.", "n_cells"),
        "missing": number("Rows that do not show it, by weight.", 0),
        "lowest": end_of_range("The lowest number; null where there is none.", np.inf),
        "highest": end_of_range("The highest number; null where there is none.", -np.inf),
    },
    apart=True,
)

TEXTS = record(
    TextDistribution,
    "How often each text of a category occurred.",
    {
        "texts": listing("The texts.", text("A text."), "n_texts"),
        "counts": array("Rows that hold each, by weight.", "n_texts"),
        "missing": number("Rows that do not show it, by weight.", 0),
        "unseen": number("Rows learnt later whose text the first table did not have, by weight.", 0),
        "unseen_rows": whole("Their number."),
    },
    apart=True,
)

TRAINING = record(
    Training,
    "What the rows were like that were learnt from.",
    {
        "rows": whole("Their number."),
        "summary": record(
            Summary,
            "How their predictors and labels were distributed.",
            {
                "numbers": by("The distribution of each measurement.", NUMBERS),
                "texts": by("The distribution of each category.", TEXTS),
                "labels": TEXTS,
                "typicality": maybe(
                    record(
                        Typicality,
                        "How usual the rows were under the mixture `typical`.",
                        {
                            "rows": number("Rows that show anything, by weight.", 0),
                            "far": number("Those beyond the 99.9 % ellipse of every component.", 0),
                            "log_density": record(
                                Spread,
                                "The natural log density, in the data's units, of the rows that show every feature.",
                                {
                                    "weight": number("These rows.", 0),
                                    "mean": number("Their mean."),
                                    "scatter": number("Sum of the squared deviations from it.", 0),
                                },
                            ),
                        },
                    )
                ),
            },
        ),
        "typical": PARAMETERS,
        "held_out": maybe(
            record(
                Score,
                "How right fits were about labels that they were not shown; null where none could be held out.",
                {
                    "rows": whole("Labels held out."),
                    "accuracy": number("Share that was right.", 0),
                    "log_loss": number("Mean -log probability of the true label, in nats.", 0),
                    "baseline_accuracy": number("Share of the commonest label.", 0),
                    "baseline_log_loss": number("Log-loss of the labels' shares.", 0),
                },
            )
        ),
    },
)

FORM = record(
    SavedModel,
    "A fit of em-impute, to be applied to other tables.",
    {
        "version": text("The version of em-impute that wrote it."),
        "seed": whole("The seed of the fit."),
        "reading": record(
            Reading,
            "How cells were read.",
            {
                "decimal": text("The decimal mark."),
                "null_values": listing("What --null-value named.", text("A token.")),
                "keep_values": listing("What --keep-value named.", text("A token.")),
            },
        ),
        "sources": listing(
            "The tables it learnt from, oldest first; of very many the last ones.",
            record(
                Source,
                "A table.",
                {
                    "name": text("What it was called."),
                    "sha256": text("SHA-256 of its bytes.", SHA256),
                    "rows": whole("Its rows."),
                    "learnt": text("When, in UTC."),
                },
            ),
        ),
        "columns": listing(
            "What fills each column.",
            record(
                SavedColumn,
                "A column.",
                {
                    "column": text("Its name."),
                    "free_shares": flag("--shares free: the rows to fill had label shares of their own."),
                    "weights": maybe(text("The column of --weights.")),
                    "tokens": listing("What counted as missing in it.", text("A token.")),
                    "training": TRAINING,
                    "model": MODEL,
                },
                apart=True,
            ),
        ),
    },
)
