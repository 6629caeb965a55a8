"""The saved model that filled a column, and how far the rows are from its own."""

from em_impute.report.schema.shared import SHA256
from em_impute.schema_terms import (
    Schema,
    among,
    by,
    count,
    flag,
    listing,
    maybe,
    number,
    section,
    share,
    text,
)

__all__ = ["APPLIED"]

SCORE = {
    "rows": count("Labels compared."),
    "accuracy": share("Share of them for which the most probable label was the true one."),
    "log_loss": number("Mean −log probability of the true label, in nats.", 0),
    "baseline_accuracy": share("The accuracy of always saying the commonest label of the training."),
    "baseline_log_loss": number("The log-loss of the labels' shares in the training.", 0),
}


def _then_now(meaning: str, now: Schema) -> Schema:
    return section(
        meaning,
        {
            "then": share("In the training."),
            "now": now,
            "is_more": flag("It is larger now, by more than chance and enough to matter."),
        },
    )


def _span(when: str, why_null: str, median: Schema) -> Schema:
    return maybe(
        section(
            f"Where its numbers lie {when}, in the data's own units; null of a category{why_null}.",
            {"lowest": number("The lowest."), "median": median, "highest": number("The highest.")},
        )
    )


PREDICTOR = section(
    "A predictor of the model that the table has.",
    {
        "name": text("Its name."),
        "type": among("What it is.", {"numeric": "A measurement.", "categorical": "A category."}),
        "has_moved": flag("It is distributed otherwise than in the training."),
        "psi": maybe(number("Population stability index; null where there are too few rows to judge.", 0)),
        "psi_limit": maybe(number("Beyond it the index says that the distribution has moved; null as `psi`.", 0)),
        "ks": maybe(share("Kolmogorov–Smirnov distance; null of a category, and as `psi`.")),
        "ks_p_value": maybe(share("Its asymptotic p-value; null as `ks`.")),
        "then": _span("in the training", "", number("The median.")),
        "now": _span(
            "in this table",
            ", and where there is none",
            maybe(number("The median; null where it lies beyond all rows of the training.")),
        ),
        "missing": _then_now(
            "Share of the rows that do not show it.", maybe(share("In this table; null where it has no rows."))
        ),
        "unseen": maybe(
            section(
                "Cells whose text the training did not have; null of a measurement, and where there is none.",
                {
                    "rows": count("Rows."),
                    "share": share("Their share of the rows that show a text."),
                },
            )
        ),
    },
)

DRIFT = section(
    "How the rows differ from those of the training.",
    {
        "rows": number("Rows that were compared.", 0),
        "predictors": listing("Predictor by predictor.", PREDICTOR),
        "far": _then_now(
            "Share of the rows beyond the 99.9 % ellipse of every component of the leading mixture.",
            maybe(share("In this table; null where no row shows a predictor.")),
        ),
        "log_density": maybe(
            section(
                "Mean natural log density, in the data's own units, of the rows that show every predictor; null where "
                "there are too few.",
                {
                    "then": number("In the training."),
                    "now": number("In this table."),
                    "sd": number("Standard deviation in the training.", 0),
                    "is_lower": flag("It is lower now, by more than chance and enough to matter."),
                },
            )
        ),
        "labels": maybe(
            section(
                "Shares of the known labels; null where too few are known in this table.",
                {
                    "psi": number("Population stability index.", 0),
                    "psi_limit": number("Beyond it the index says that the shares have changed.", 0),
                    "shares": by(
                        "Of each label that the model knows.",
                        section("Its shares.", {"then": share("In the training."), "now": share("In this table.")}),
                    ),
                },
            )
        ),
    },
)

APPLIED = section(
    "The saved model that filled the column (--model); null where the fit was made in this run.",
    {
        "path": text("Its path."),
        "version": text("The version of em-impute that wrote it."),
        "tables": count("Tables that it has learnt from.", 1),
        "last": section(
            "The last one of them.",
            {
                "name": text("What it was called."),
                "sha256": text("SHA-256 of its bytes.", SHA256),
                "rows": count("Its rows."),
                "learnt": text("When it was learnt from, in UTC."),
            },
        ),
        "rows": count("Rows of all of them."),
        "held_out": maybe(
            section("How right the fit was about labels held out, when it was made; null if none was.", SCORE)
        ),
        "tested": maybe(
            section(
                "How right the model is about the labels that this table knows; null where there is none, and where it "
                "has learnt from this very table.",
                SCORE,
            )
        ),
        "lacking": listing("Predictors of the model that the table does not have.", text("A name.")),
        "new_labels": by("Labels that the model does not know, and how many rows have each.", count("Rows.", 1)),
        "learns": flag("The model learns from this table too (--update)."),
        "expected_wrong": number(
            "Fills that are wrong if the model's probabilities are right: the sum of 1 − probability.", 0
        ),
        "drift": DRIFT,
        "moved": listing(
            "The measurements that have moved furthest, six at most, the furthest first.",
            section(
                "A measurement, counted in bins of one width.",
                {
                    "feature": text("Its name."),
                    "edges": listing(
                        "Where bins end, in the data's own units; what lies further out is in the outermost ones.",
                        number("An edge."),
                    ),
                    "then": listing("Of the rows of the training.", share("Share of the rows in a bin.")),
                    "now": listing("Of the rows of this table.", share("Share of the rows in a bin.")),
                },
            ),
        ),
    },
)
