"""Stacking: how much each member counts, from its predictions of labels it was not shown."""

import numpy as np

from em_impute.em.blocks import Floats, Integers

PRIOR_ROWS = 5.0
"""Rows that the prior counts for: with few labels the ensemble stays near what the members' own scores say."""

PRIOR_POWER = 0.5
"""Half of the evidence goes into the prior's centre, since the rows then count once more."""

ROUNDS = 100
CLEARLY = 3.0
"""Standard errors by which the ensemble must beat the labels' shares to get all weight."""

CREDIT = 0.9
"""What is believed of a new ensemble beforehand, as firmly as one row would say."""

HOPELESS, NEGLIGIBLE = 1e-5, 0.02
"""Parts of the largest weight below which a column is dropped on the way, and at the end."""


def stack_weights(
    chance: Floats, row_weight: Floats, centre: Floats | None = None, prior: Floats | None = None
) -> Floats:
    """Weigh columns of predictions so that their mean predicts best: (n_columns,), sums to 1.

    `chance` is (n_columns, n_repeats, n_rows): the probability that each column gave to the true label of a row held
    out, once a repeat; `row_weight` (n_rows,) has mean 1.  The weights maximise Σ log Σ_c w_c·p_ci + log Dirichlet(w)
    (stacking of predictive distributions: Yao, Vehtari, Simpson & Gelman 2018) by EM, from a prior centred where
    exp(½·score) of each column alone times its `prior` (n_columns,) would put them, or at `centre` (n_columns,), which
    sums to 1.  A sum of probabilities, unlike a product, survives a member that is surely wrong.
    """
    n_columns, n_repeats, n_rows = chance.shape
    if centre is None:
        score = np.log(chance).mean(axis=1) @ row_weight
        centre = np.exp(PRIOR_POWER * (score - score.max())) * (1.0 if prior is None else prior)
        centre /= centre.sum()
    weight = 0.5 * centre + 0.5 / n_columns
    counted = np.tile(row_weight / n_repeats, n_repeats)
    kept = np.arange(n_columns)
    likely = chance.reshape(n_columns, -1)
    for _ in range(ROUNDS):
        share = likely @ (counted / (weight @ likely))
        weight = (weight * share + PRIOR_ROWS * centre[kept]) / (n_rows + PRIOR_ROWS)
        hopeful = weight >= HOPELESS * weight.max()
        if not hopeful.all():
            kept, weight, likely = kept[hopeful], weight[hopeful], likely[hopeful]
    weight = np.where(weight >= NEGLIGIBLE * weight.max(), weight, 0.0)
    result = np.zeros(n_columns)
    result[kept] = weight / weight.sum()
    return result


def estimate_model_weight(chance: Floats, baseline: Floats, row_weight: Floats) -> float:
    """Weigh the ensemble against the labels' shares: 1 where it predicts clearly better, else what is likely, below 1.

    `chance` and `baseline` (n_rows,) are the probabilities that ensemble and shares gave to labels held out.  With few
    labels, or predictors that say nothing, the best of many members is best by luck; an ensemble that is not better by
    three standard errors is averaged with the shares, so that it cannot be much worse than they are.
    """
    gain = np.log(chance / baseline)
    mean = float(row_weight @ gain / row_weight.sum())
    error = float(np.sqrt(row_weight @ (gain - mean) ** 2)) / row_weight.sum()
    if mean > CLEARLY * error:
        return 1.0
    weight = CREDIT
    for _ in range(ROUNDS):
        share = weight * chance / (weight * chance + (1.0 - weight) * baseline)
        weight = float(row_weight @ share + CREDIT) / (float(row_weight.sum()) + 1.0)
    return weight


def cross_fitted(
    chance: Floats, row_weight: Floats, fold: Integers, centre: Floats | None = None, prior: Floats | None = None
) -> list[tuple[Integers, Floats]]:
    """Weigh the columns once for each fold, from the rows of the other folds: the rows and the weights for them.

    What the ensemble would have predicted had the label been unknown also to the weights.  `fold` is (n_rows,), −1 of
    rows that are never left out.
    """
    found = []
    for value in np.unique(fold[fold >= 0]):
        out = fold == value
        weights = np.full(len(chance), np.nan)
        if not out.all():
            weights = stack_weights(chance[:, :, ~out], row_weight[~out], centre, prior=prior)
        found.append((np.flatnonzero(out), weights))
    return found
