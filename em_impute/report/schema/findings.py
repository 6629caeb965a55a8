"""The sections of a fit report that judge the fills: how right they are, who is missing, and what looks odd."""

from em_impute.report.schema.shared import LINE
from em_impute.schema_terms import (
    NUMBER,
    SHARE,
    Schema,
    by,
    constant,
    count,
    either,
    flag,
    listing,
    maybe,
    number,
    section,
    share,
    text,
    use,
)

__all__ = ["ACCURACY", "FINDINGS"]

ACCURACY = section(
    "How well held-out labels are found.",
    {
        "method": text("How labels were held out, in words."),
        "rows": count("Labels that were held out and compared.", 1),
        "accuracy": share("Share of them whose most probable label is the true one."),
        "effective_rows": number("Rows that they are worth, since they are weighed to be like rows to fill.", 0),
        "interval": use("ends", "95 % interval of the accuracy, by Wilson."),
        "baseline_accuracy": share("Accuracy of always saying the most common label."),
        "baseline_label": text("That label, among rows like those to fill."),
        "log_loss": number("Mean −log probability of the true label, in nats, the lower the better.", 0),
        "baseline_log_loss": number("The same where only the labels' shares are known.", 0),
        "brier": number("Mean squared distance of the probabilities from the truth, from 0 (best) to 2.", 0),
        "ece": share("Expected calibration error: mean distance of stated probability and accuracy."),
        "reliability": listing("Stated probability beside accuracy, in up to 15 bins of equal size.", use("bin")),
        "curve": listing("From the surest rows alone to all of them.", use("threshold")),
        "confusion": use(
            "confusion",
            "Held-out labels, weighed to be like rows to fill: by true label, and within it by most probable label.",
        ),
        "expected_wrong": section(
            "How many filled cells are likely to be wrong; the estimate alone where nothing was drawn.",
            {
                "estimate": number("Filled cells that are likely to be wrong.", 0),
                "low?": number("Lower end of the interval, in cells.", 0),
                "high?": number("Upper end of the interval, in cells.", 0),
                "level?": share("Probability with which the truth lies in the interval."),
                "by_probabilities?": number("What the probabilities of the fills add up to, in cells.", 0),
                "by_held_out_labels?": use(
                    "interval", "What known labels say that were hidden as labels are missing, in cells."
                ),
                "agree?": flag("The model and the held-out labels do not contradict each other."),
                "unlike_labelled_rows?": count(
                    "Missing cells in rows like no labelled row: no hidden label tells of them."
                ),
            },
            together=(
                "low",
                "high",
                "level",
                "by_probabilities",
                "by_held_out_labels",
                "agree",
                "unlike_labelled_rows",
            ),
        ),
    },
)

TOTALS = section(
    "Rows of each label in the completed column, counted in several ways.",
    {
        "known": use("counts", "Known rows by label."),
        "most_probable": use("counts", "Known and filled rows by label."),
        "expected": by(
            "Known rows and the probabilities of all missing ones, added up by label.", {**NUMBER, "minimum": 0}
        ),
        "multiple_imputation?": by(
            "Rows by label as draws of the model and the labels say, with 95 % intervals.", use("interval")
        ),
        "shares?": by(
            "Shares by label where the rows come from, with 95 % intervals by Rubin's rules.",
            section(
                "A label's share.",
                {
                    "estimate": share("The estimate."),
                    "low": share("Lower end."),
                    "high": share("Upper end."),
                    "missing_information": share("Part that is missing of what a complete column would tell."),
                },
            ),
        ),
        "draws?": count("Draws that this rests on.", 1),
        "recommended_imputations?": count("Imputations after which standard errors hardly vary.", 2),
    },
    together=("multiple_imputation", "shares", "draws", "recommended_imputations"),
)

GONE = share("Share of the rows of this kind in which the predictor is missing.")

SIDE_OF_NUMBER = section(
    "What a number is in the rows of one kind.",
    {
        "mean": maybe(number("Mean, in the predictor's own unit; null where no cell is seen.")),
        "sd": maybe(number("Standard deviation, in the predictor's own unit; null where no cell is seen.", 0)),
        "share_missing": GONE,
    },
)

SIDE_OF_CATEGORY = section(
    "What a category is in the rows of one kind.",
    {"shares": by("Shares of the cells that are seen, by text.", SHARE), "share_missing": GONE},
)

NAME = text("Name of the predictor.")

P_VALUE = "Probability of a difference as large where both kinds of rows have one distribution"

DIFFERENCE = either(
    "One predictor in rows with a label and in rows without one.",
    section(
        "A number.",
        {
            "name": NAME,
            "type": constant("It is a number.", "numeric"),
            "known": use("side_of_number", "In rows with a label."),
            "missing": use("side_of_number", "In rows without one."),
            "smd": maybe(
                number(
                    "Mean of the missing less that of the known, in standard deviations; null where one kind shows no "
                    "cell, or where nothing varies within the kinds."
                )
            ),
            "ks": share("Largest distance of the two distribution functions (Kolmogorov–Smirnov)."),
            "p_value": share(f"{P_VALUE} (Kolmogorov–Smirnov)."),
        },
    ),
    section(
        "A category.",
        {
            "name": NAME,
            "type": constant("It is a category.", "categorical"),
            "known": use("side_of_category", "In rows with a label."),
            "missing": use("side_of_category", "In rows without one."),
            "smd": maybe(
                number(
                    "Distance of the shares in the units of a standardised difference; null where one kind shows no "
                    "cell, or where nothing varies within the kinds.",
                    0,
                )
            ),
            "ks": {"description": "Always null: a category has no order.", "type": "null"},
            "p_value": share(f"{P_VALUE} (χ²)."),
        },
    ),
)

REASONS_SHARE = {
    "at_random": share("Any label may be missing."),
    "by_predictors": share("The predictors say which labels are missing."),
    "by_class": share("The label itself says whether it is missing."),
}
REASONS_NUMBER = {name: number(f"Of {name.replace('_', ' ')}.") for name in REASONS_SHARE}

MISSINGNESS = section(
    "How rows without a label differ from those with one.",
    {
        "rows": use("kinds", "Rows of either kind, of those that count."),
        "looked_at": use("kinds", "Those of them that were drawn and compared."),
        "differences": listing("Every predictor.", DIFFERENCE),
        "auc": maybe(
            share(
                "Area under the ROC curve of telling missing from known by the predictors, 0.5 being chance; null with "
                "fewer than five rows of a kind."
            )
        ),
        "auc_interval": maybe(use("ends", "95 % interval of the area; null where there is none.")),
        "reasons": maybe(
            section(
                "Why labels are missing, weighed by evidence; null with --shares common, or where it cannot be told.",
                {
                    "probability": section("Of each reason.", REASONS_SHARE),
                    "log_evidence": section("Natural logarithm, less that of missing at random.", REASONS_NUMBER),
                    "loss_rates": by("Part of each label's rows that has lost it, if the class is the reason.", SHARE),
                    "fills_allow_for_it": flag("Fills and totals are averaged over the reasons."),
                    "sentence": text("What this says, in words."),
                },
            )
        ),
        "rehearsal": maybe(
            section(
                "How known labels were hidden to judge the model; null where none could be.",
                {
                    "same_gaps": flag("Hidden rows showed only what rows to fill show."),
                    "same_company": maybe(
                        section(
                            "Rows that lack their labels together were hidden together; null where none do.",
                            {
                                "column": maybe(text("The column that says which rows; null of copies of a row.")),
                                "with_labelled_sibling": section(
                                    "Rows that have another labelled row in their company.",
                                    {
                                        "known": share("Of rows with a label."),
                                        "missing": share("Of rows to fill."),
                                    },
                                ),
                                "hidden_whole": share("Companies that were hidden whole."),
                            },
                        )
                    ),
                    "same_predictors": share(
                        "Probability that predictors say who lacks a label; hidden rows count so."
                    ),
                    "sentence": text("What this says, in words."),
                },
            )
        ),
        "sentence": text("What this says, in words."),
    },
)

SENSITIVITY = section(
    "What the completed column would hold if labels were missing more often in one class than in another.",
    {
        "deltas": listing("Shifts δ of a label's log-odds in the missing rows that were looked at.", NUMBER),
        "sweeps": listing(
            "Each label that was shifted: one of two, of more the twelve most common.",
            section(
                "A label, its odds shifted by each δ.",
                {
                    "label": text("The label."),
                    "total": listing(
                        "Its expected number of rows in the completed column, δ by δ.", {**NUMBER, "minimum": 0}
                    ),
                    "share": listing("Its expected share of all rows, δ by δ.", SHARE),
                    "interval": maybe(use("ends", "95 % interval of its share at δ = 0; null where --delta is given.")),
                    "leaves_interval": section(
                        "Where its share leaves that interval.",
                        {
                            "below": maybe(number("δ below which it is lower; null where none within ±5 is.")),
                            "above": maybe(number("δ above which it is higher; null where none within ±5 is.")),
                        },
                    ),
                },
            ),
        ),
        "most_common": text("The most common label of the completed column, by expected rows at δ = 0."),
        "tipping": maybe(
            section(
                "The smallest shift that makes another label the most common; null where none within ±5 does.",
                {
                    "label": text("The label whose odds are shifted."),
                    "delta": number("The shift δ of its log-odds."),
                    "most_common": text("What becomes the most common label."),
                },
            )
        ),
        "rows": use("kinds"),
        "labels_left_out": count("Less common labels that were not shifted."),
        "sentence": text("What this says, in words."),
    },
)

SUSPECT = section(
    "A known label that looks wrong.",
    {
        "part?": text("Path of the part that holds the row; only of a table in several parts."),
        "line": count(LINE, 1),
        "label": text("The label that it has."),
        "probability": share("Probability of that label, as a fit says that was not shown it."),
        "likely": text("The most probable label."),
        "likely_probability": share("Its probability."),
    },
)

AUDIT = section(
    "How known labels were judged, each by a fit that was not shown it.",
    {
        "examined": count("Labels that were judged."),
        "threshold": share("A label looks wrong if its probability is below this."),
        "found": count("Labels that look wrong."),
        "expected": number("Labels that would look wrong by chance if all were right.", 0),
        "drawn_from": maybe(count("Known labels in all, where only some were judged; null where all were.")),
    },
)

MARKED = section(
    "Missing cells in weakly founded rows.",
    {
        "out_of_range": section(
            "Rows in which some predictor is beyond every row with a label.",
            {
                "rows": count("How many there are."),
                "expected_by_chance": number("How many chance gives at most.", 0),
                "furthest_sd": maybe(
                    number("How far the furthest is beyond, in standard deviations; null where no number is.", 0)
                ),
                "listed": listing(
                    "The first 1,000 of them.",
                    section(
                        "A row.",
                        {
                            "line": count(LINE, 1),
                            "column": text("The predictor that is beyond."),
                            "value": {
                                "description": "What it holds: a number, or the text of a category.",
                                "type": ["number", "string"],
                            },
                        },
                    ),
                ),
            },
        ),
        "without_predictors": section(
            "Rows that show no predictor and are filled by the labels' shares alone.",
            {
                "rows": count("How many there are."),
                "lines": listing("Lines on which the first 1,000 begin.", count(LINE, 1)),
            },
        ),
    },
)

FINDINGS: dict[str, Schema] = {
    "accuracy": ACCURACY,
    "totals": TOTALS,
    "side_of_number": SIDE_OF_NUMBER,
    "side_of_category": SIDE_OF_CATEGORY,
    "missingness": MISSINGNESS,
    "sensitivity": SENSITIVITY,
    "suspect": SUSPECT,
    "audit": AUDIT,
    "marked": MARKED,
}
"""By the names that `use` refers to."""
