"""The choice of the model: by predictions of known labels held out, or, when none is known, by BIC."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from em_impute.columns.deduplicate import merge_equal_rows
from em_impute.columns.design import Design
from em_impute.em.blocks import Floats, Integers, Rows, draw_rows
from em_impute.em.clustering import build_hierarchy
from em_impute.em.em import posterior
from em_impute.em.families import FAMILIES, n_parameters
from em_impute.em.mixture import Mixture, Recipe, fit_mixture, overall_covariance
from em_impute.ensemble.cross_validation import Progress
from em_impute.ensemble.fit import EnsembleFit
from em_impute.ensemble.folds import N_FOLDS, Examples, deal, dealt_like, draw_unlabelled, like_missing, shares_of_folds
from em_impute.ensemble.metrics import log_loss
from em_impute.ensemble.transforms import Predictors
from em_impute.errors import ColumnError, FitError, option
from em_impute.missingness.how_missing import HeldOut, HowMissing
from em_impute.model.assign import total_entropy

MAX_ROWS = 10_000
"""Labelled rows, and as many unlabelled ones, on which candidates are compared; the chosen one is fitted to all."""

MAX_ASKED = 3000
"""Rows without a label that are predicted beside labels held out."""

FOLD_TOLERANCE = 1e-3
"""Log-likelihood still to gain at which a fold's EM may stop: far below what a label's prediction can notice."""

AUTO_FAMILIES = ("tied", "full", "diag")
"""What `--covariance auto` tries, the simplest first; a tie goes to the simpler."""


class Candidate(NamedTuple):
    """One model that was considered."""

    covariance: str
    score: float | None  # held-out log-loss or BIC, the lower the better; None where the fit failed
    note: str = ""
    components: int | None = None  # groups, where no label is known
    icl: float | None = None


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
        return choose_clusters(design, covariance, recipe, progress)
    families = _families_to_try(covariance, len(design.features), AUTO_FAMILIES)
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
        progress(f"trying covariance {family}")
        try:
            probability = _hold_out(rows, shown, folds, asked, n_labels, recipe._replace(family=family))
        except FitError as error:
            candidates.append(Candidate(family, None, error.message))
            if len(families) == 1:
                raise
            continue
        asked_of = distinct[others], probability[others]
        held_out[family] = HeldOut(
            label, probability[held], baseline, distinct[held], weight, odds, unlabelled=asked_of
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
            fit, rows_asked = fit_mixture(learning, n_labels, recipe), asked == fold
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


CLUSTER_FAMILIES = ("tied-diag", "diag", "tied", "vee", "eev", "vev", "full")
ONE_FEATURE = ("tied", "full")
"""What `--covariance auto` tries, the simplest first; a tie goes to the simpler."""

MAX_GROUPS = 9
"""As many as mclust tries."""

PATIENCE = 3
"""Larger numbers of groups that may fail to lower BIC before the search for more ends."""

VERY_STRONG = 10.0
"""A difference of BIC that is very strong evidence (Kass & Raftery 1995)."""

MAX_CLUSTERED = 20_000
MAX_CLUSTERED_OPEN = 2_000
"""Rows on which families are compared, and fewer where the number of groups is open: that takes some 50 fits."""

SHORT_TOLERANCE = 0.1
SHORT_MAX_ITER = 200
"""Log-likelihood still to gain, and steps, at which a first look may stop; BIC calls differences below 2 negligible."""


def choose_clusters(design: Design, covariance: str, recipe: Recipe, progress: Progress) -> Choice:
    """Choose the family, unless `covariance` names one, and the number of groups, unless the design has their names.

    The rows compared are a sample of the table's rows, and BIC counts these alone: rows that stand for others would
    make chance look like evidence, and groups without end.  Raises FitError where BIC finds but one group.
    """
    families = _families_to_try(covariance, len(design.features), CLUSTER_FAMILIES)
    if design.labels and len(families) == 1:
        return Choice(recipe._replace(family=families[0]), "as asked", (), None, len(design.labels))
    rows = _sample(
        design.learning, MAX_CLUSTERED if design.labels else MAX_CLUSTERED_OPEN, recipe.seed, weighed=design.weighed
    )
    hierarchy = build_hierarchy(rows, overall_covariance(rows), recipe.seed)

    def compare(family: str, n_groups: int, *, is_thorough: bool = True) -> Candidate:
        progress(f"trying {n_groups} groups, covariance {family}")
        one = recipe._replace(family=family, thorough=is_thorough)
        if not is_thorough:
            limit = min(SHORT_MAX_ITER, recipe.stopping.max_iter)
            one = one._replace(stopping=recipe.stopping._replace(tolerance=SHORT_TOLERANCE, max_iter=limit))
        try:
            mixture = fit_mixture(rows, n_groups, one, hierarchy=hierarchy)
        except FitError as error:
            return Candidate(family, None, error.message, n_groups)
        log_likelihood = mixture.log_likelihood - design.log_jacobian(rows)
        probability = posterior(mixture.parameters, mixture.component_label, rows.x)
        entropy, n_rows = total_entropy(probability, rows.weight), float(rows.weight.sum())
        criteria = information_criteria(mixture, log_likelihood, n_rows, entropy)
        return Candidate(family, criteria["bic"], "", n_groups, criteria["icl"])

    if design.labels:
        tried = [compare(family, len(design.labels)) for family in families]
    else:  # with fewer different rows than that, a group may be one value that is written often, and nothing else
        tried = _search(compare, families, min(MAX_GROUPS, len(rows.x) // (rows.x.shape[1] + 1)))
    best = best_of(tried)
    n_groups = best.components or 1
    if not design.labels and n_groups == 1:
        raise FitError(
            "by BIC the rows form one group: there is nothing to distinguish",
            f"ask for a number of groups, as in {option('components', 2)}, or name other predictors with "
            f"{option('features')}",
        )
    return Choice(recipe._replace(family=best.covariance), "BIC", tuple(tried), None, n_groups)


def best_of(candidates: list[Candidate]) -> Candidate:
    """Find the candidate of the lowest score, the first of several.  Raises FitError where no candidate has one."""
    fitted = [(candidate.score, at) for at, candidate in enumerate(candidates) if candidate.score is not None]
    if not fitted:
        raise FitError(
            f"no model can be fitted: {candidates[0].note}",
            f"raise {option('prior_strength')}, or name fewer columns with {option('features')}",
        )
    return candidates[min(fitted)[1]]


def information_criteria(mixture: Mixture, log_likelihood: float, rows: float, entropy: float) -> dict[str, float]:
    """Compute BIC (Schwarz 1978), AIC and ICL (Biernacki, Celeux & Govaert 2000), the lower the better.

    `entropy` is the sum of the posterior's entropy over the rows without a label, in nats.
    """
    n_components, n_features = mixture.parameters.mean.shape
    n_free = n_parameters(FAMILIES[mixture.recipe.family], n_components, n_features)
    bic = -2.0 * log_likelihood + n_free * np.log(rows)
    return {"bic": bic, "aic": -2.0 * log_likelihood + 2.0 * n_free, "icl": bic + 2.0 * entropy}


def _search(compare: Callable[..., Candidate], families: tuple[str, ...], most: int) -> list[Candidate]:
    """Look at numbers of groups for a short while, then thoroughly at those that are all but the best."""
    kinds = [(FAMILIES[name].diagonal, FAMILIES[name].spherical) for name in families]  # others are alike in one group
    different = [name for at, name in enumerate(families) if kinds.index(kinds[at]) == at]
    tried = [compare(family, 1, is_thorough=False) for family in different]
    for n_groups in range(2, most + 1):
        if n_groups - (best_of(tried).components or 0) > PATIENCE:
            break
        tried += [compare(family, n_groups, is_thorough=False) for family in families]
    highest = (best_of(tried).score or 0.0) + VERY_STRONG
    return [
        one if one.score is None or one.score > highest else compare(one.covariance, one.components) for one in tried
    ]


def _families_to_try(covariance: str, n_features: int, auto: tuple[str, ...]) -> tuple[str, ...]:
    """List the covariance families to compare: the one that is named, or those that "auto" stands for."""
    if covariance != "auto":
        return (covariance,)
    # With one feature there is nothing but a variance, of all groups or of each.
    return auto if n_features > 1 else ONE_FEATURE


def _sample(rows: Rows, size: int, seed: int, *, weighed: bool = False) -> Rows:
    """Draw `size` rows of the table, or give all; if `weighed`, weights count no equal rows, and are kept."""
    rng = np.random.default_rng(seed)
    count = np.ones(rows.label.size, np.int64) if weighed else rows.weight.astype(np.int64)
    if count.sum() <= size:
        return rows
    drawn = rng.multivariate_hypergeometric(count, size, method="marginals")
    chosen = np.flatnonzero(drawn)
    weight = rows.weight[chosen] / rows.weight[chosen].mean() if weighed else drawn[chosen].astype(np.float64)
    return Rows(rows.x[chosen], rows.label[chosen], weight)


def ordering_feature(design: Design, order_by: str | None) -> int:
    """Find the predictor whose mean orders the components: the first one, unless `order_by` names another."""
    names = [feature.name for feature in design.features if feature.category is None]
    if order_by is None:
        return 0
    if order_by not in names:
        raise ColumnError(
            f"{option('order_by')} {order_by!r} is not among the predictors", f"predictors are {', '.join(names)}"
        )
    return names.index(order_by)
