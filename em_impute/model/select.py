"""The choice of the model: by predictions of known labels held out, or, when none is known, by BIC."""

from typing import NamedTuple

import numpy as np

from em_impute.columns.deduplicate import merge_equal_rows
from em_impute.columns.design import Design
from em_impute.em.blocks import Floats, Integers, Rows, draw_rows
from em_impute.em.em import posterior
from em_impute.em.mixture import Recipe, fit_mixture
from em_impute.ensemble.cross_validation import Progress
from em_impute.ensemble.fit import EnsembleFit
from em_impute.ensemble.folds import (
    N_FOLDS,
    Examples,
    deal,
    dealt_like,
    draw_unlabelled,
    like_missing,
    shares_of_folds,
)
from em_impute.ensemble.metrics import log_loss
from em_impute.ensemble.transforms import Predictors
from em_impute.errors import FitError
from em_impute.missingness.how_missing import HeldOut, HowMissing, Unlabelled
from em_impute.model.bic import Candidate, best_of, choose_clusters, families_to_try

MAX_ROWS = 10_000
"""Labelled rows, and as many unlabelled ones, on which candidates are compared; the chosen one is fitted to all."""

MAX_ASKED = 3000
"""Rows without a label that are predicted beside labels held out."""

FOLD_TOLERANCE = 1e-3
"""Log-likelihood still to gain at which a fold's EM may stop: far below what a label's prediction can notice."""

AUTO_FAMILIES = ("tied", "full", "diag")
"""What `--covariance auto` tries, the simplest first; a tie goes to the simpler."""


class Choice(NamedTuple):
    """The model that won, and the evidence."""

    recipe: Recipe
    criterion: str  # as reports name it, such as "stacked by held-out log-loss"
    candidates: tuple[Candidate, ...]
    held_out: HeldOut | None
    n_groups: int | None = None  # that were asked for or found where no label is known
    ensemble: EnsembleFit | None = None  # all members and their weights, where more than one mixture was weighed


def choose_model(design: Design, how: HowMissing, covariance: str, recipe: Recipe, progress: Progress) -> Choice:
    """Choose the covariance family, and where the design has no labels, the number of groups.

    `covariance` is a family's name or "auto"; `how` says how labels are missing.
    """
    if not (design.label >= 0).any():
        family, n_groups, considered = choose_clusters(design, covariance, recipe, progress)
        criterion = "BIC" if considered else "as asked"
        return Choice(recipe._replace(family=family), criterion, considered, None, n_groups)
    families = families_to_try(covariance, len(design.features), AUTO_FAMILIES)
    order, rows = _comparison_rows(design, recipe.seed)
    distinct = design.distinct_of(order).astype(np.intp)
    predictors = Predictors(rows.x, design.codes_of(order), design.levels, design.n_numbers)
    examples = how.with_scheme(Examples(predictors, rows.label, rows.weight, origin=distinct))
    rng = np.random.default_rng(recipe.seed)
    folds = deal(examples.label, rng, examples.cluster, examples.scheme.kept_whole)
    if not (folds >= 0).any():
        # No label occurs twice: nothing can be held out, and a tied covariance asks least of so few rows.
        criterion = "as asked" if len(families) == 1 else "default"
        return Choice(recipe._replace(family=families[0]), criterion, (), None)

    shown, held, scheme = like_missing(examples, recipe.seed).x, np.flatnonzero(folds >= 0), examples.scheme
    others = draw_unlabelled(examples, MAX_ASKED)
    asked = folds.copy()
    asked[others] = dealt_like(folds[held], others.size, recipe.seed)
    label, weight, n_labels = rows.label[held].astype(np.intp), rows.weight[held], len(design.labels)
    odds, likeness = None if scheme.odds is None else scheme.odds(rows.x[held]), scheme.weight(rows.x[held])
    baseline = shares_of_folds(examples, folds, n_labels)[folds[held]]
    candidates, held_out = [], {}
    for family in families:
        progress(f"trying {family}")
        try:
            probability = _hold_out(rows, shown, folds, asked, n_labels, recipe._replace(family=family))
        except FitError as error:
            candidates.append(Candidate(family, None, error.message))
            if len(families) == 1:
                raise
            continue
        own_weight, unlabelled = weight if design.weighed else None, Unlabelled(distinct[others], probability[others])
        held_out[family] = HeldOut(
            label, probability[held], baseline, distinct[held], own_weight, odds, unlabelled=unlabelled
        )
        candidates.append(Candidate(family, log_loss(probability[held], label, weight * likeness)))
    best = best_of(candidates).covariance
    criterion = "as asked" if len(families) == 1 else "held-out log-loss"
    return Choice(recipe._replace(family=best), criterion, tuple(candidates), held_out[best])


def can_hold_out(design: Design) -> bool:
    """Say whether some label occurs twice, so that one of them can be held out."""
    return bool((np.bincount(design.label[design.label >= 0]) > 1).any())


def _hold_out(rows: Rows, shown: Floats, folds: Integers, asked: Integers, n_labels: int, recipe: Recipe) -> Floats:
    """Predict rows from the fit that lacks the labels of their fold: (n_rows, n_labels); rows of no fold have none.

    `folds` (n_rows,) are those of the labels, `asked` (n_rows,) also those of rows without one; `shown` (n_rows,
    n_features) is what is seen of a row that is held out.
    """
    probability = np.empty((rows.label.size, n_labels))
    stopping = recipe.stopping._replace(tolerance=FOLD_TOLERANCE)
    # Labelled rows are predicted by the shares of labelled rows, also where those of the others are free.
    recipe = recipe._replace(stopping=stopping, free_shares=False)
    for fold in range(N_FOLDS):
        kept = folds != fold
        if not kept.all():
            learning, _ = merge_equal_rows(Rows(rows.x[kept], rows.label[kept], rows.weight[kept]))
            fit, rows_asked = fit_mixture(learning, n_labels, recipe).fit, asked == fold
            probability[rows_asked] = posterior(fit.parameters, fit.component_label, shown[rows_asked])
    return probability


def _comparison_rows(design: Design, seed: int) -> tuple[Integers, Rows]:
    """Draw rows to compare candidates on, labelled and unlabelled ones balanced by weight; also give their numbers."""
    rng = np.random.default_rng(seed)
    parts = []
    known, counts = design.label >= 0, design.weight_of(np.arange(design.label.size)) > 0.0
    for kind in (known & counts, ~known & counts):
        rows = draw_rows(kind, MAX_ROWS, rng)
        parts.append((rows, design.weight_of(rows) * max(1.0, np.count_nonzero(kind) / MAX_ROWS)))
    order, weight = (np.concatenate(values) for values in zip(*parts, strict=True))
    return order, Rows(design.x_of(order), design.label[order], weight)
