"""The sections of a fit report that its pictures are drawn from."""

from em_impute.report.schema.shared import COVARIANCES
from em_impute.schema_terms import (
    COUNT,
    NUMBER,
    SHARE,
    TEXT,
    Schema,
    among,
    by,
    flag,
    listing,
    maybe,
    number,
    pair,
    section,
    share,
    text,
    use,
)

__all__ = ["PICTURES"]

GAUSSIAN = {
    "label": text("The label it belongs to."),
    "weight": share("Its weight in the mixture."),
    "mean": use("numbers", "Its mean by predictor, in the predictor's own unit."),
    "sd": use("numbers", "Its standard deviation by predictor, in the predictor's own unit."),
    "covariance": maybe(use("matrix", "Its covariance matrix; null where all together have more than 2,000 entries.")),
}

PLAIN_EM = section(
    "EM with one Gaussian a label, over the numbers among the predictors.",
    {
        "covariance": among("What the Gaussians' covariances have in common.", COVARIANCES),
        "prior_strength": number("Weight of the conjugate prior.", 0),
        "features": listing("The predictors.", TEXT),
        "parameters": listing(
            "A Gaussian for each label.",
            section(
                "A Gaussian.",
                {
                    **GAUSSIAN,
                    "standard_error": maybe(
                        section(
                            "Standard errors from refits to rows weighed at random; null where these take too long.",
                            {
                                "weight": number("Of the weight.", 0),
                                "mean": use("numbers", "Of the mean, by predictor."),
                                "sd": use("numbers", "Of the standard deviation, by predictor."),
                            },
                        )
                    ),
                },
            ),
        ),
        "labels_only": maybe(
            listing(
                "The Gaussians of labelled rows alone; null where no label is known.", section("A Gaussian.", GAUSSIAN)
            )
        ),
        "drift": maybe(
            by(
                "How far the other rows moved each label's mean, in standard deviations (Mahalanobis); null where no "
                "label is known.",
                {**NUMBER, "minimum": 0},
            )
        ),
        "shape": maybe(
            by(
                "How far the labelled rows are from a Gaussian, by label and predictor; null where no label is known.",
                by(
                    "By predictor; null where its values do not vary.",
                    maybe(
                        section(
                            "Moments, 0 for a Gaussian.",
                            {"skew": number("Skewness."), "kurtosis": number("Excess kurtosis.", -2)},
                        )
                    ),
                ),
            )
        ),
        "log_likelihood": number("Natural log of the density of what was observed, in the data's own units."),
        "converged": flag("EM ended where nothing more was to be gained."),
        "path": use(
            "path", "What EM climbs, after each step: the log-likelihood, with a prior that of the prior as well."
        ),
        "starts": listing("The same for every start that was followed.", use("path")),
    },
)

HISTOGRAM = section(
    "A predictor, counted in bins.",
    {
        "feature": text("Name of the predictor."),
        "separation": maybe(share("Share of its variance that lies between the labels (η²); null where no row tells.")),
        "edges": listing("Edges of the bins, ascending, in its own unit.", NUMBER),
        "beyond": pair("Rows below the first edge and above the last, counted in the outermost bins.", COUNT),
        "known": by("Known rows by label, bin by bin.", listing("Bin by bin.", COUNT)),
        "filled": by("Filled cells by label, bin by bin.", listing("Bin by bin.", COUNT)),
        "left_empty": listing("Cells that were left as they were, bin by bin.", COUNT),
    },
)

POINT = pair("Place of a row on the two axes.", NUMBER)

ELLIPSES = section(
    "A Gaussian as it is seen on the two axes.",
    {
        "label": text("The label it belongs to."),
        "weight": share("Its weight in the mixture."),
        "mean": pair("Its mean.", NUMBER),
        "covariance": pair(
            "Its covariance matrix, row by row.",
            pair("A row.", maybe(number("Null beyond the range of floating-point numbers."))),
        ),
    },
)

PLANE = section(
    "Rows on the two axes that tell the labels apart best; null with fewer than two numbers as predictors.",
    {
        "axes": pair(
            "The two axes.",
            section(
                "An axis.",
                {
                    "name": text("Name of a predictor, or the number of the axis."),
                    "coefficients": by("What each predictor, in its own unit, is multiplied by.", NUMBER),
                },
            ),
        ),
        "known": by("Known rows by label.", listing("Their places.", POINT)),
        "filled": by(
            "Rows that were filled, by label.",
            listing(
                "Place and probability of the label.",
                {**listing("Two places and a probability.", NUMBER), "minItems": 3, "maxItems": 3},
            ),
        ),
        "left_empty": listing("Places of rows that were left as they were.", POINT),
        "of": use("kinds", "Rows that those shown were drawn from."),
        "em": listing("The Gaussians of `plain_em`.", use("ellipse")),
        "labels_only": maybe(
            listing("The Gaussians of labelled rows alone; null where no label is known.", use("ellipse"))
        ),
    },
)

PICTURES: dict[str, Schema] = {
    "plain_em": PLAIN_EM,
    "ellipse": ELLIPSES,
    "pictures": section(
        "What the pictures of the page show.",
        {
            "rows": use("kinds"),
            "histograms": listing("Predictors that are numbers, the most telling first, twelve at most.", HISTOGRAM),
            "curve": maybe(
                section(
                    "Probabilities along the only predictor; null where there are several, or groups.",
                    {
                        "feature": text("Name of the predictor."),
                        "x": listing("Values of rows without a label, ascending, in its own unit.", NUMBER),
                        "probability": by("Probability by label, value by value.", listing("Value by value.", SHARE)),
                    },
                )
            ),
            "plane": maybe(PLANE),
        },
    ),
}
"""By the names that `use` refers to."""
