"""The sections of a fit report that describe the model: the leading mixture, its fit, and how it was chosen."""

from em_impute.report.schema.shared import COVARIANCES
from em_impute.schema_terms import (
    COUNT,
    SHARE,
    among,
    by,
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

__all__ = ["EM", "MODEL", "SELECTION"]

STRENGTHS = {
    "pooled": maybe(
        number("Pseudo-rows by which covariances are drawn to the pooled one; null: it stands for all of them.", 0)
    ),
    "diagonal": number("Pseudo-rows by which the pooled covariance is drawn to its diagonal.", 0),
}

EM_STEPS = count("Steps of EM over the rows without a label; 0 learns from labelled rows alone.")

MODEL = section(
    "The leading mixture; null where nothing was missing or nothing was measured.",
    {
        "covariance": among("What the components' covariances have in common.", COVARIANCES),
        "components": by("Components by label.", {**COUNT, "minimum": 1}),
        "n_parameters": count("Free parameters.", 1),
        "share_of_stack?": share(
            "Its part of the stack's weight, 0 where only mixtures of transformed predictors have any."
        ),
        "em_steps?": EM_STEPS,
        "temperature?": share("Power to which its densities are raised, which suited held-out labels best."),
        "shrinkage?": section("How far its covariances are drawn in.", STRENGTHS),
        "prior_strength?": number("Weight of the conjugate prior (--prior-strength); not there for a stack.", 0),
        "parameters": listing(
            "Every component; weights add up to 1.",
            section(
                "A component.",
                {
                    "label": text("The label it belongs to."),
                    "component": count("Its number among those of its label, from 1.", 1),
                    "weight": share("Its weight in the mixture."),
                    "mean": use("numbers", "Its mean by predictor, in the predictor's own unit."),
                    "sd": use("numbers", "Its standard deviation by predictor, in the predictor's own unit."),
                    "covariance": use("matrix"),
                },
            ),
        ),
    },
    together=("share_of_stack", "em_steps", "temperature", "shrinkage"),
)

EM = section(
    "How EM fitted the leading mixture; null where there is none.",
    {
        "log_likelihood": number(
            "Natural log of the density of what was observed, in the data's own units, without the prior."
        ),
        "n_iterations": count("Steps of EM."),
        "stop": among(
            "Why EM ended.",
            {
                "converged": "Too little was left to gain.",
                "max_iter": "It had taken as many steps as --max-iter allows.",
                "rounding": "The next gain drowned in rounding.",
                "held-out labels": "Held-out labels were predicted best after so many steps.",
            },
        ),
        "converged": flag("EM ended where nothing more was to be gained: by convergence or by rounding."),
        "tolerance": number("Log-likelihood still to gain at which EM may stop (--tol).", 0),
        "remaining_gain": maybe(
            number("Log-likelihood that further steps would gain, as estimated; null before there is an estimate.")
        ),
        "n_starts": count("Starts that were tried.", 1),
        "n_optima": count("Different optima that the best of them ended in.", 1),
        "optimum_gap": maybe(
            number("Log of the posterior density by which the best optimum is above the next; null if there is one.", 0)
        ),
        "path": use("path", "Log-likelihood after each step, the start first."),
        "bic": number("Schwarz's criterion BIC, the lower the better."),
        "aic": number("Akaike's criterion AIC, the lower the better."),
        "icl": number("BIC plus twice the entropy of the missing cells' labels (ICL), the lower the better."),
    },
)

MEMBER_WEIGHT = share("What it counts for.")

MEMBERS = either(
    "A mixture that was considered.",
    section(
        "A mixture of the stack.",
        {
            "view": among(
                "How it looks at the predictors.",
                {
                    "plain": "As they are.",
                    "symmetric": "Numbers transformed until they are symmetric; categories as columns of 0 and 1.",
                    "numbers": "Transformed numbers alone.",
                    "mixed": "Numbers as Gaussians, categories as categories.",
                    "binned": "Numbers cut into bins, so that all are categories.",
                },
            ),
            "covariance": among("What its components' covariances have in common.", COVARIANCES),
            "components": count("Components a label.", 1),
            "em_steps": EM_STEPS,
            "shrinkage": section(
                "How far its parameters are drawn in.",
                {**STRENGTHS, "means": flag("Means are drawn towards each other as well.")},
            ),
            "temperatures": by("Its weight by the power that its densities are raised to.", SHARE),
            "log_loss": number("Mean −log probability of held-out labels at its best temperature, in nats.", 0),
            "weight": MEMBER_WEIGHT,
        },
    ),
    section(
        "A family of covariances, compared on held-out labels.",
        {
            "covariance": among("The family.", COVARIANCES),
            "log_loss": maybe(
                number("Mean −log probability of held-out labels, in nats; null where it could not be fitted.", 0)
            ),
            "weight": share("1 for the chosen one, else 0."),
            "note?": text("Why it could not be fitted."),
        },
    ),
    section(
        "A number of groups and a family, compared by BIC: no label is known.",
        {
            "covariance": among("The family.", COVARIANCES),
            "components": count("The number of groups.", 1),
            "bic": maybe(number("BIC on the rows compared, the lower the better; null where it could not be fitted.")),
            "icl": maybe(number("ICL on these rows, the lower the better; null where it could not be fitted.")),
            "weight": share("1 for the chosen one, else 0."),
            "note?": text("Why it could not be fitted."),
        },
    ),
)

SELECTION = section(
    "How the model was chosen; null where nothing was fitted.",
    {
        "criterion": among(
            "By what it was chosen.",
            {
                "stacked by held-out log-loss": "Many mixtures, weighed by how probable they find held-out labels.",
                "held-out log-loss": "The one that finds held-out labels most probable.",
                "BIC": "The one of the lowest BIC: no label is known.",
                "as asked": "The command names it.",
                "default": "Too few labels are known to compare anything.",
            },
        ),
        "considered?": count("Mixtures that were compared, with weight or without.", 1),
        "trust?": share("Weight of the mixtures together; the labels' shares have the rest."),
        "members": listing(
            "What was considered; of a stack the mixtures that have weight, the heaviest first.", MEMBERS
        ),
        "scores": section(
            "Mean −log probability of held-out labels, in nats, the lower the better; empty where none was held out.",
            {
                "stack?": number("Of the stack.", 0),
                "single?": number("Of the leading mixture alone.", 0),
                "labels_only?": number("Of the leading mixture without the rows that have no label.", 0),
                "plain_em?": number("Of EM with one Gaussian of its own covariance a label.", 0),
                "majority?": number("Of the labels' shares.", 0),
            },
            together=("single", "majority"),
        ),
        "unlabelled_rows?": among(
            "What rows without a label did to the leading mixture's predictions of held-out labels.",
            {
                "helped": "They made them better.",
                "hurt": "They made them worse.",
                "made no difference": "No more than one standard error.",
            },
        ),
    },
    together=("considered", "trust", "unlabelled_rows"),
)
