"""The report of `em-impute evaluate`: known labels that were hidden, filled and compared."""

from em_impute.report.schema.shared import HEAD
from em_impute.schema_terms import Schema, among, count, listing, maybe, number, section, share, text, use

__all__ = ["EVALUATION", "SCORES"]

SCORE = {
    "accuracy": share("Share of the hidden labels that were found."),
    "interval": use("ends", "95 % interval of the accuracy."),
    "log_loss": number("Mean −log probability of the true label, in nats, the lower the better.", 0),
    "brier": number("Mean squared distance of the probabilities from the truth, from 0 (best) to 2.", 0),
}

FIGURES = {
    **SCORE,
    "balanced_accuracy": share("Mean over the labels of the share of each that was found."),
    "ece": share("Expected calibration error: mean distance of stated probability and accuracy."),
}

FITTED = "The same model where rows without a label teach nothing; null where it could not be fitted."

SCORES: dict[str, Schema] = {
    "figures": section("How right it is.", FIGURES),
    "weighted_figures": section("How right it is on rows like the missing ones.", SCORE),
}
"""By the names that `use` refers to."""

LABEL = section(
    "A label.",
    {
        "label": text("The label itself."),
        "known": count("Rows that have it in the file."),
        "share_to_hide": share("Part of them to hide each time."),
        "hidden": count("How often it was hidden, in all repeats together."),
        "filled": count("How often it was filled in."),
        "precision": maybe(share("Share of these fills that are right; null where it was never filled in.")),
        "recall": maybe(share("Share of its hidden cells that were found; null where it was never hidden.")),
    },
)

REPEATS = section(
    "The repeats, each with other labels hidden.",
    {
        "accuracy_sd": maybe(number("Standard deviation of their accuracies; null of a single one.", 0)),
        "each": listing(
            "One after the other.",
            section(
                "A repeat.",
                {
                    "rows": count("Labels that were hidden."),
                    "accuracy": share("Share of them that was found."),
                    "log_loss": number("Mean −log probability of the true label, in nats.", 0),
                },
            ),
        ),
    },
)

EVALUATION: dict[str, Schema] = {
    **HEAD,
    "timings": maybe(
        section(
            "Seconds that each stage took; null where SOURCE_DATE_EPOCH is set.",
            {"read": number("Reading the table.", 0), "evaluate": number("Hiding, fitting and comparing.", 0)},
        )
    ),
    "input": use("input"),
    "column": text("The column that was evaluated: its name, or its number where it has no name of its own."),
    "labels": listing("The labels, in alphabetical order.", LABEL),
    "missing": section(
        "The cells that are really missing.", {"cells": count("How many there are."), "tokens": use("tokens")}
    ),
    "features": use("features", "The columns that were looked at, as in the last repeat."),
    "hiding": section(
        "Which known labels were hidden.",
        {
            "how": among(
                "By what rule (--how).",
                {
                    "random": "Any.",
                    "stratified": "As large a share of each label.",
                    "by-class": "A share that differs from label to label.",
                },
            ),
            "share": share("Part of the known labels to hide each time (--hide)."),
            "repeats": count("How often labels were hidden.", 1),
            "rows": count("Labels that were hidden, in all repeats together.", 1),
            "distinct_rows": count("Different rows among them.", 1),
        },
    ),
    "figures": section(
        "What is compared on the hidden labels.",
        {
            "em_impute": use("figures", "The fills."),
            "labels_only": maybe(use("figures", FITTED)),
            "majority": use("figures", "The shares of the labels."),
        },
    ),
    "weighted_to_missing": maybe(
        section(
            "The same, each hidden row counting as it is likely to be missing; null where nothing is missing.",
            {
                "missing": count("Cells that are really missing.", 1),
                "effective_rows": number("Rows of equal weight that would say as much.", 0),
                "em_impute": use("weighted_figures", "The fills."),
                "labels_only": maybe(use("weighted_figures", FITTED)),
                "majority": use("weighted_figures", "The shares of the labels."),
            },
        )
    ),
    "repeats": REPEATS,
    "filled": section(
        "What is filled, and how much of it is right, where a label must be so probable.",
        {
            "thresholds": listing("For some values of --min-probability.", use("threshold")),
            "curve": listing("From the surest rows alone to all of them.", use("threshold")),
        },
    ),
    "reliability": listing(
        "Stated probability beside accuracy, in up to 15 bins of equal size.",
        section(
            "Hidden labels whose most probable label was about as probable.",
            {
                "rows": count("How many they are.", 1),
                "probability": share("Mean probability that was given to the most probable label."),
                "accuracy": share("Share of them whose most probable label was the true one."),
                "interval": use("ends", "95 % interval of that share."),
            },
        ),
    ),
    "confusion": use("confusion", "Hidden labels by true label, and within it by the label that was filled."),
    "warnings": listing("What to know before relying on the result.", use("warning")),
}
"""The keys, in the order of the file."""
