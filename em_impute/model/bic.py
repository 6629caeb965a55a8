"""The choice of the model when no label is known: covariance family and number of groups, by BIC."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design
from em_impute.em.blocks import Rows
from em_impute.em.clustering import build_hierarchy
from em_impute.em.em import posterior
from em_impute.em.families import FAMILIES, n_parameters
from em_impute.em.mixture import Mixture, Recipe, fit_mixture, overall_covariance
from em_impute.errors import ColumnError, FitError, option
from em_impute.model.assign import total_entropy

AUTO_FAMILIES = ("tied-diag", "diag", "tied", "vee", "eev", "vev", "full")
ONE_FEATURE = ("tied", "full")
"""What `--covariance auto` tries, the simplest first; a tie goes to the simpler."""

MAX_GROUPS = 9
"""As many as mclust tries."""

PATIENCE = 3
"""Larger numbers of groups that may fail to lower BIC before the search for more ends."""

VERY_STRONG = 10.0
"""A difference of BIC that is very strong evidence (Kass & Raftery 1995)."""

MAX_ROWS = 20_000
MAX_ROWS_OPEN = 2_000
"""Rows on which families are compared, and fewer where the number of groups is open: that takes some 50 fits."""

SHORT_TOLERANCE = 0.1
SHORT_MAX_ITER = 200
"""Log-likelihood still to gain, and steps, at which a first look may stop; BIC calls differences below 2 negligible."""


class Candidate(NamedTuple):
    """One model that was considered."""

    covariance: str
    score: float | None  # held-out log-loss or BIC, the lower the better; None where the fit failed
    note: str = ""
    components: int | None = None  # groups, where no label is known
    icl: float | None = None


def choose_clusters(
    design: Design, covariance: str, recipe: Recipe, progress: Callable[[str], None]
) -> tuple[str, int, tuple[Candidate, ...]]:
    """Choose the family, unless `covariance` names one, and the number of groups, unless the design has their names.

    Also gives the candidates, none where there was no choice.

    The rows compared are a sample of the table's rows, and BIC counts these alone: rows that stand for others would
    make chance look like evidence, and groups without end.  Raises FitError where BIC finds but one group.
    """
    families = families_to_try(covariance, len(design.features), AUTO_FAMILIES)
    if design.labels and len(families) == 1:
        return families[0], len(design.labels), ()
    rows = _sample(design.learning, MAX_ROWS if design.labels else MAX_ROWS_OPEN, recipe.seed, weighed=design.weighed)
    hierarchy = build_hierarchy(rows, overall_covariance(rows), recipe.seed)

    def compare(family: str, n_groups: int, *, is_thorough: bool = True) -> Candidate:
        progress(f"trying {n_groups} × {family}")
        one = recipe._replace(family=family, thorough=is_thorough)
        if not is_thorough:
            limit = min(SHORT_MAX_ITER, recipe.stopping.max_iter)
            one = one._replace(stopping=recipe.stopping._replace(tolerance=SHORT_TOLERANCE, max_iter=limit))
        try:
            mixture = fit_mixture(rows, n_groups, one, hierarchy=hierarchy)
        except FitError as error:
            return Candidate(family, None, error.message, n_groups)
        log_likelihood = mixture.fit.log_likelihood - design.log_jacobian(rows)
        probability = posterior(mixture.fit.parameters, mixture.fit.component_label, rows.x)
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
    return best.covariance, n_groups, tuple(tried)


def best_of(candidates: list[Candidate]) -> Candidate:
    """Find the candidate of the lowest score, the first of several.  Raises FitError where no candidate has one."""
    fitted = [(candidate.score, at) for at, candidate in enumerate(candidates) if candidate.score is not None]
    if not fitted:
        raise FitError(
            f"no model can be fitted: {candidates[0].note}",
            f"raise {option('prior_strength')}, or name fewer columns with {option('features')}",
        )
    return candidates[min(fitted)[1]]


def information_criteria(
    mixture: Mixture, log_likelihood: float, rows: float, unlabelled_entropy: float
) -> dict[str, float]:
    """Compute BIC (Schwarz 1978), AIC and ICL (Biernacki, Celeux & Govaert 2000), the lower the better.

    `unlabelled_entropy` is the sum of the posterior's entropy over the rows without a label, in nats.
    """
    n_components, n_features = mixture.fit.parameters.mean.shape
    n_free = n_parameters(FAMILIES[mixture.recipe.family], n_components, n_features)
    bic = -2.0 * log_likelihood + n_free * np.log(rows)
    return {"bic": bic, "aic": -2.0 * log_likelihood + 2.0 * n_free, "icl": bic + 2.0 * unlabelled_entropy}


def _search(compare: Callable[..., Candidate], families: tuple[str, ...], most: int) -> list[Candidate]:
    """Look at numbers of groups for a short while, then thoroughly at those that may be the best.

    These are the ones that would be on top if they gained as much as others did by the second look.
    """
    kinds = [(FAMILIES[name].diagonal, FAMILIES[name].spherical) for name in families]  # others are alike in one group
    different = [name for at, name in enumerate(families) if kinds.index(kinds[at]) == at]
    tried = [compare(family, 1, is_thorough=False) for family in different]
    for n_groups in range(2, most + 1):
        if n_groups - (best_of(tried).components or 0) > PATIENCE:
            break
        tried += [compare(family, n_groups, is_thorough=False) for family in families]
    gain, thorough = VERY_STRONG, set[int]()
    while True:
        scores = {at: one.score for at, one in enumerate(tried) if one.score is not None and at not in thorough}
        at = min(scores, key=scores.__getitem__, default=None)
        if at is None or scores[at] - (best_of(tried).score or 0.0) > gain:
            return tried
        tried[at] = compare(tried[at].covariance, tried[at].components)
        thorough.add(at)
        gain = max(gain, scores[at] - (tried[at].score or scores[at]))


def families_to_try(covariance: str, n_features: int, auto: tuple[str, ...]) -> tuple[str, ...]:
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
