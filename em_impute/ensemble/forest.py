"""Whether boosted trees have a say beside the mixtures, and how much: labels held out decide."""

from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.ensemble.cross_validation import Comparison
from em_impute.ensemble.folds import N_FOLDS, Examples
from em_impute.ensemble.stacking_weights import cross_fitted, stack_weights
from em_impute.ensemble.student_t import temper
from em_impute.ensemble.transforms import Predictors
from em_impute.ensemble.trees import Forest, Trees, boost, starts

STAGES = (10, 30, 70)
"""Numbers of trees that speak together.  No more are grown where 10 lose, or 30 or 70 gain nothing over fewer."""

MIN_LABELS = 100
"""Labels held out at least: fewer do not show what a threshold is worth."""

COST = 1.0
"""Nats of log-loss, all labels held out together, that a weight which says nothing costs (Akaike 1974)."""

GROWING_WORK, PREDICTING_WORK = 6e7, 4e7
"""Cells that may be looked at to grow trees, and rows to fill times trees: about a second, and half of one."""


MAX_CHANCES = 1 << 19
"""Probabilities of rows to grow trees from: there are two for each start, and ten such numbers in work at once."""


class GrownForest(NamedTuple):
    """Trees that are worth it, and what is then said of labels held out and of rows without a label."""

    forest: Forest
    of_folds: tuple[Forest, ...]  # grown and weighed without the labels of each fold
    held: Floats  # (n_held, n_labels)
    asked: Floats  # (n_asked, n_labels)


def grow_forest(
    comparison: Comparison, held: Floats, asked: Floats, shown: Predictors, shares: Floats, n_to_fill: int, seed: int
) -> GrownForest | None:
    """Grow trees without each fold, and with all; None where labels held out are not predicted better by them.

    `held` (n_held, n_labels) and `asked` (n_asked, n_labels) are what the mixtures say of the rows of the comparison
    and of those without a label, which are `shown`; `shares` (n_labels,) are those of the labels.
    """
    fold, weight, rows = comparison.fold, comparison.weight, comparison.held
    n_apart = fold.size if rows.cluster is None else np.unique(rows.cluster).size  # copies of a row tell once
    stages = _affordable(rows.predictors, n_to_fill) if n_apart >= MIN_LABELS else ()
    if not stages:
        return None
    n_fits = N_FOLDS + 1
    sees = np.arange(n_fits)[:, None] != fold  # the last one sees all
    start = np.repeat(starts(held, shares), n_fits, axis=1)  # (n_labels, 2 · n_fits, n_held)
    growing = boost(rows.predictors, rows.label, np.tile(weight * sees, (2, 1)), start, stages, seed)
    said, together, kept = [held], np.empty_like(held), None
    best = COST * fold.size / n_apart
    for n_stages, (trees, log_odds) in enumerate(growing, 1):
        chances = temper(log_odds, 1.0).reshape(len(log_odds), 2, n_fits, fold.size)
        said += [chances[:, start, fold, np.arange(fold.size)].T for start in (0, 1)]
        chance = comparison.of_truth(np.array(said))[:, None]  # (1 + 2 · n_stages, 1, n_held)
        weights = np.tile(stack_weights(chance, weight), (n_fits, 1))
        for some, of_fold in cross_fitted(chance, weight, fold):
            weights[fold[some[0]]] = of_fold
            together[some] = np.einsum("c,cnk->nk", of_fold, np.array(said)[:, some])
        gain = float(weight @ np.log(comparison.of_truth(together) / chance[0, 0]))
        if gain > best:
            best, kept = gain, (_forests(trees, stages[:n_stages], weights), together.copy())
        elif n_stages > 1 or gain <= 0.0:
            break
    if kept is None:
        return None
    (*of_folds, forest), together = kept
    asked, others = asked.copy(), comparison.unlabelled
    for number, one in enumerate(of_folds):
        same = np.flatnonzero(others.fold == number)
        asked[same] = one.beside(asked[same], shown.take(same), shares)
    return GrownForest(forest, tuple(of_folds), together, asked)


def regrow(
    forest: Forest,
    comparison: Comparison,
    said: Floats,
    others: Examples,
    others_said: Floats,
    shares: Floats,
    seed: int,
) -> Forest:
    """Grow trees from labelled rows beyond those that were compared too, where there is time for.

    `others` are such rows, as they would be shown if hidden; `said` and `others_said` (n_rows, n_labels) is what
    mixtures say of either that were not shown them.
    """
    rows = comparison.held
    weight = others.weight * others.scheme.weight(others.predictors.x)
    weight = np.concatenate([comparison.weight, weight * (others.label.size / weight.sum())])
    label, start = np.concatenate([rows.label, others.label]), starts(np.vstack([said, others_said]), shares)
    predictors = rows.predictors.beside(others.predictors)
    *_, (trees, _) = boost(predictors, label, np.tile(weight, (2, 1)), start, forest.stages, seed)
    return forest._replace(trees=trees)


def n_affordable(predictors: Predictors, n_trees: int, n_labels: int) -> int:
    """Say from how many rows there are time and memory to grow so many trees."""
    n_columns = predictors.n_numbers + len(predictors.levels)
    return int(min(GROWING_WORK / (2 * n_trees * n_columns), MAX_CHANCES / n_labels))


def _affordable(predictors: Predictors, n_to_fill: int) -> tuple[int, ...]:
    """Say how many trees there is time to grow, and to ask."""
    n_rows, n_columns = predictors.x.shape[0], predictors.n_numbers + len(predictors.levels)
    a_tree = 2 * max((N_FOLDS + 1) * n_rows * n_columns / GROWING_WORK, n_to_fill / PREDICTING_WORK)
    return tuple(n_trees for n_trees in STAGES if n_trees * a_tree <= 1.0)


def _forests(trees: Trees, stages: tuple[int, ...], weights: Floats) -> list[Forest]:
    """Pair the two fits of each fold, and the last two, with weights of the mixtures and of each stage's trees."""
    n_fits = len(weights)
    return [
        Forest(trees.take([fit, n_fits + fit]), stages, weight[1:].reshape(-1, 2).T)
        for fit, weight in enumerate(weights)
    ]
