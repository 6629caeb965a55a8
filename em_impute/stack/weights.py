"""Stacking: how much each member counts, from its predictions of labels it was not shown."""

import numpy as np

from em_impute.engine.blocks import Floats, Integers

__all__ = ["cross_fitted", "stack_weights"]

PRIOR_ROWS = 5.0
"""Rows that the prior counts for: with few labels the stack stays near what the members' own scores say."""

PRIOR_POWER = 0.5
"""Half of the evidence goes into the prior's centre, since the rows then count once more."""

ROUNDS = 100
HOPELESS, NEGLIGIBLE = 1e-5, 0.02
"""Parts of the largest weight below which a column is dropped on the way, and at the end."""


def stack_weights(chance: Floats, row_weight: Floats) -> Floats:
    """Weigh columns of predictions so that their mean predicts best: (n_columns,), sums to 1.

    `chance` is (n_columns, n_repeats, n_rows): the probability that each column gave to the true label of a row held
    out, once a repeat; `row_weight` (n_rows,) has mean 1.  The weights maximise Σ log Σ_c w_c·p_ci + log Dirichlet(w)
    (stacking of predictive distributions: Yao, Vehtari, Simpson & Gelman 2018) by EM, from a prior centred where
    exp(½·score) of each column alone would put them.  A sum of probabilities, unlike a product, survives a member that
    is surely wrong.
    """
    n_columns, n_repeats, n_rows = chance.shape
    score = np.log(chance).mean(axis=1) @ row_weight
    centre = np.exp(PRIOR_POWER * (score - score.max()))
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


def cross_fitted(chance: Floats, row_weight: Floats, fold: Integers) -> list[tuple[Integers, Floats]]:
    """Weigh the columns once for each fold, from the rows of the other folds: the rows and the weights for them.

    What the stack would have said of a row had its label been unknown also to the weights.  `fold` is (n_rows,).
    """
    found = []
    for value in np.unique(fold):
        out = fold == value
        weights = stack_weights(chance[:, :, ~out], row_weight[~out]) if not out.all() else np.full(len(chance), np.nan)
        found.append((np.flatnonzero(out), weights))
    return found
