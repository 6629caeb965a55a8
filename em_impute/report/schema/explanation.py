"""What `em-impute explain --json` writes: EM on one column, step by step."""

from em_impute.report.schema.shared import COVARIANCES, HEAD, LINE
from em_impute.schema_terms import (
    NUMBER,
    SHARE,
    Schema,
    among,
    by,
    count,
    listing,
    maybe,
    number,
    section,
    share,
    text,
    use,
)

__all__ = ["EXPLANATION", "STEPS"]

LOG_LIKELIHOOD = "Natural log of the density of what is observed, in the data's own units"

HEIGHTS = {
    "log_likelihood": maybe(number(f"{LOG_LIKELIHOOD}; null where no step was taken.")),
    "log_prior?": maybe(
        number("Natural log of the prior density, up to a constant; only with a prior, null where no step was taken.")
    ),
}

STEPS: dict[str, Schema] = {
    "rows": listing(
        "The rows that are followed.",
        section(
            "A row.",
            {
                "line": count(LINE, 1),
                "known": maybe(text("Its label; null where that is missing.")),
                "values": by("Its predictors, in their own units; null where missing.", maybe(NUMBER)),
                "responsibility": by("Probability of each component, given the row.", SHARE),
            },
        ),
    ),
    "parameters": listing(
        "The parameters of every component.",
        section(
            "A component.",
            {
                "component": text("Its name: that of its label, numbered where a label has several."),
                "label": text("The label it belongs to."),
                "weight": share("Its weight in the mixture."),
                "mean": use("numbers", "Its mean by predictor, in the predictor's own unit."),
                "sd": use("numbers", "Its standard deviation by predictor, in the predictor's own unit."),
                "covariance": use("matrix"),
            },
        ),
    ),
    "change": section("A number before and after an M step.", {"before": number("Before."), "after": number("After.")}),
}
"""By the names that `use` refers to."""

STEP = section(
    "An iteration.",
    {
        "iteration": count("Its number, from 1.", 1),
        "e_step": maybe(
            section(
                "The E step; null where --steps does not show it.",
                {"rows": use("rows", "The rows that are followed, with the responsibilities that it finds.")},
            )
        ),
        "m_step": maybe(
            section(
                "The M step; null where --steps does not show it.",
                {
                    "before": use("parameters", "The parameters before it."),
                    "after": use("parameters", "The parameters that it finds."),
                },
            )
        ),
        "q": use("change", "Q, the expected log density of rows, labels and missing numbers."),
        "log_likelihood": use("change", f"{LOG_LIKELIHOOD}."),
        "log_prior?": use("change", "Natural log of the prior density, up to a constant; only with a prior."),
    },
)

EXPLANATION: dict[str, Schema] = {
    **HEAD,
    "input": use("input"),
    "column": text("The column whose labels are found: its name, or its number where it has no name of its own."),
    "labels": listing(
        "The labels.",
        section("A label.", {"label": text("The label itself."), "known": count("Rows that have it in the file.")}),
    ),
    "missing": section("The missing labels.", {"cells": count("How many there are."), "tokens": use("tokens")}),
    "features": section(
        "The columns that were looked at.",
        {
            "used": listing("The predictors, all of them numbers.", use("number_used")),
            "rejected": listing("Columns that do not serve as predictors.", use("rejected")),
        },
    ),
    "covariance": among("What the components' covariances have in common (--covariance).", COVARIANCES),
    "prior_strength": number("Weight of the conjugate prior; 0 is plain maximum likelihood.", 0),
    "collapse": maybe(text("Why plain maximum likelihood was given up, in words; null where it was not.")),
    "hidden": section(
        "What EM has to find beside the parameters.",
        {
            "labels": count("Labels that are not known."),
            "numbers": count("Numbers among the predictors that are not known."),
        },
    ),
    "start": section(
        "Where EM begins.",
        {
            "from": among(
                "What it begins with.",
                {"labels": "The labelled rows.", "random": "Rows that are far apart: no label is known."},
            ),
            "text": text("The same in words."),
            "covariance_of": among(
                "Whose covariance all components begin with.",
                {"labelled rows about their means": "Labelled rows about their means.", "all rows": "All rows."},
            ),
            "starts": count("Starts that were tried, of which this came highest.", 1),
            **HEIGHTS,
            "parameters": use("parameters"),
        },
    ),
    "steps": listing("Every iteration.", STEP),
    "stop": section(
        "Why EM ended.",
        {
            "reason": among(
                "The reason.",
                {
                    "converged": "Too little was left to gain.",
                    "max_iter": "It had taken as many iterations as --max-iter allows.",
                    "rounding": "The next gain drowned in rounding.",
                },
            ),
            "text": text("The same in words."),
            "iterations": count("Iterations that were taken."),
            "remaining": maybe(
                number("Log-likelihood that further steps would gain, as estimated; null before there is an estimate.")
            ),
        },
    ),
    "final": section("Where EM ends.", {**HEIGHTS, "rows": use("rows"), "parameters": use("parameters")}),
    "warnings": listing("What to know before relying on the result.", use("warning")),
}
"""The keys, in the order of the file."""
