"""What mixtures say of rows that they have not seen: against scipy's multivariate t, row by row."""

import numpy as np
import pytest
from oracles import hide
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from em_impute.ensemble.shrinkage import Batch
from em_impute.ensemble.student_t import make_scorer, temper
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.transforms import Predictors

LEVELS = (3, 2)
ONE_EACH, TWO_FOR_ONE = np.array([0, 1, 2]), np.array([0, 1, 1])


def some_batch(n_mixtures=2, n_components=3, n_columns=3, levels=LEVELS, seed=1, freedom=(0.5, 30.0)):
    """Mixtures of which no two parts are alike, some of them of hardly any rows."""
    rng = np.random.default_rng(seed)
    shape = n_mixtures, n_components
    half = rng.normal(size=(*shape, n_columns, n_columns))
    chance = [rng.dirichlet(np.ones(n), shape) for n in levels]
    return Batch(
        rng.uniform(0.0, 20.0, shape),
        rng.normal(size=(*shape, n_columns)),
        half @ half.swapaxes(-1, -2) + 0.1 * np.eye(n_columns),
        rng.uniform(*freedom, shape),
        np.log(rng.dirichlet(np.ones(n_components), n_mixtures)),
        np.log(np.concatenate([np.zeros((*shape, 0)), *chance], axis=-1)),
    )


def some_rows(n_rows=25, n_columns=3, levels=LEVELS, missing=0.4, seed=2):
    rng = np.random.default_rng(seed)
    x = hide(rng, 2.0 * rng.normal(size=(n_rows, n_columns)), missing, np.nan)
    codes = np.column_stack([rng.integers(-1, n, n_rows) for n in levels] or [np.zeros((n_rows, 0), dtype=int)])
    return seen_as(x, codes, levels)


def seen_as(x, codes, levels=LEVELS):
    return Predictors(x, codes, levels, x.shape[1])


def scores_of(seen, batch, component_label=ONE_EACH, n_labels=3):
    """Scores of all rows, (n_rows, n_mixtures, n_labels)."""
    found = np.full((len(seen.x), len(batch.weight), n_labels), np.nan)
    for group in group_rows(seen, np.arange(len(seen.x))):
        found[group.rows] = make_scorer(group.observed, batch, component_label, n_labels).of(group.terms).T
    return found


def naive_component_score(row, codes, batch, c, j, levels=LEVELS):
    """Log of share, Student's density of what a row shows, and chances of its texts."""
    n, d = batch.weight[c, j], batch.mean.shape[-1]
    freedom = max(batch.freedom[c, j] - d + 1, 2)
    scale = (1 + 1 / (n + 0.1)) * (batch.freedom[c, j] / freedom) * batch.covariance[c, j]
    shown = ~np.isnan(row)
    total = batch.log_share[c, j]
    if shown.any():
        total += multivariate_t.logpdf(row[shown], batch.mean[c, j][shown], scale[np.ix_(shown, shown)], freedom)
    first = 0
    for code, n_levels in zip(codes, levels, strict=True):
        total += batch.log_chance[c, j, first + code] if code >= 0 else 0.0
        first += n_levels
    return total


def naive_scores(seen, batch, component_label, n_labels):
    return np.array(
        [
            [
                [
                    logsumexp(
                        [naive_component_score(*row, batch, c, j) for j in np.flatnonzero(component_label == label)]
                    )
                    for label in range(n_labels)
                ]
                for c in range(len(batch.weight))
            ]
            for row in zip(seen.x, seen.codes, strict=True)
        ]
    )


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize(
    ("component_label", "n_labels"),
    [pytest.param(ONE_EACH, 3, id="one each"), pytest.param(np.array([1, 0, 1]), 2, id="in another order")],
)
def test_scores_equal_the_t_density_of_scipy_row_by_row(component_label, n_labels, missing):
    seen, batch = some_rows(missing=missing), some_batch()

    found = scores_of(seen, batch, component_label, n_labels)

    np.testing.assert_allclose(found, naive_scores(seen, batch, component_label, n_labels), rtol=1e-9, atol=1e-9)


def test_a_missing_column_is_integrated_out():
    # scipy integrates the joint density of three columns over the one that is missing.
    batch = some_batch(1, 2, 3, levels=(), freedom=(4.0, 9.0))
    row = np.array([0.3, np.nan, -0.8])
    nothing = np.zeros((1, 0), dtype=int)

    found = scores_of(seen_as(row[None], nothing, ()), batch, np.arange(2), 2)[0, 0]

    for label in range(2):

        def density(value, label=label):
            full = seen_as(np.array([[0.3, value, -0.8]]), nothing, ())
            return np.exp(scores_of(full, batch, np.arange(2), 2)[0, 0, label])

        np.testing.assert_allclose(np.exp(found[label]), quad(density, -np.inf, np.inf)[0], rtol=1e-6)


@pytest.mark.parametrize("component_label", [ONE_EACH, TWO_FOR_ONE])
@pytest.mark.parametrize("distance", [1e2, 1e12])
def test_rows_far_away_have_finite_scores_that_equal_the_t_density(distance, component_label):
    batch = some_batch()
    direction = np.array([[1.0, 1.0, 1.0], [-1.0, 0.0, 1.0], [np.nan, 1.0, np.nan]])
    far = seen_as(distance * direction, np.full((3, 2), -1))

    found = scores_of(far, batch, component_label, component_label.max() + 1)

    naive = naive_scores(far, batch, component_label, component_label.max() + 1)
    np.testing.assert_allclose(found, naive, rtol=1e-8)


@pytest.mark.parametrize("score", [[0.0, -1e300], [1e300, 1e300], [-1e5, 1e5], [-745.0, 0.0]])
def test_tempered_probabilities_of_extreme_scores_sum_to_one(score):
    found = temper(np.array(score), 0.4)

    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=0), 1.0, rtol=1e-12)
