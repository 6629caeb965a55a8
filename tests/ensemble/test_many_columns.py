"""Columns too many for covariances, beside a naive loop over the cells that a row shows."""

import numpy as np
import pytest
from scipy import stats

from em_impute.ensemble.batched_em import fit_labels, gather
from em_impute.ensemble.folds import Examples
from em_impute.ensemble.shrinkage import Batch, Shrinkage
from em_impute.ensemble.student_t import gaussian_label_scores, make_scorer
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.terms import MOST_WITH_PRODUCTS, PartedTerms, WholeTerms, terms_of
from em_impute.ensemble.transforms import Predictors, plain_view

N = MOST_WITH_PRODUCTS + 4


@pytest.fixture
def predictors():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, N))
    x[rng.random(x.shape) < 0.1] = np.nan
    return Predictors(x, np.zeros((30, 0), np.intp), (), N)


@pytest.fixture
def batch():
    rng = np.random.default_rng(2)
    shape = 1, 2
    nothing = np.zeros((*shape, 0))
    mean, variance = rng.normal(size=(*shape, N)), rng.uniform(0.5, 2.0, (*shape, N))
    return Batch(np.full(shape, 20.0), mean, variance, np.full(shape, N + 9.0), np.log([[0.3, 0.7]]), nothing)


def test_scores_of_rows_with_gaps_are_densities_of_the_cells_that_they_show(predictors, batch):
    (group,) = group_rows(predictors, np.arange(30))

    found = gaussian_label_scores(group, batch, np.arange(2), 2)[:, 0]

    expected = np.empty((2, 30))
    for label, row in np.ndindex(2, 30):
        o = np.flatnonzero(~np.isnan(predictors.x[row]))
        density = stats.norm.logpdf(
            predictors.x[row, o], batch.mean[0, label, o], np.sqrt(batch.covariance[0, label, o])
        )
        expected[label, row] = batch.log_share[0, label] + density.sum()
    np.testing.assert_allclose(found, expected)


def test_predictions_of_rows_with_gaps_are_student_t_in_the_cells_that_they_show(predictors, batch):
    (group,) = group_rows(predictors, np.arange(30))

    found = make_scorer(group.observed, batch, np.arange(2), 2).of(group.terms)[:, 0]

    freedom = N + 9.0 - N + 1.0
    inflation = (1.0 + 1.0 / 20.1) * (N + 9.0) / freedom
    for label, row in np.ndindex(2, 30):
        o = np.flatnonzero(~np.isnan(predictors.x[row]))
        scale = np.diag(batch.covariance[0, label, o] * inflation)
        density = stats.multivariate_t.logpdf(predictors.x[row, o], batch.mean[0, label, o], scale, df=freedom)
        assert found[label, row] == pytest.approx(batch.log_share[0, label] + density)


def test_without_shrinkage_means_and_variances_are_those_of_the_cells_that_are_shown(predictors):
    label = np.arange(30) % 2
    weight = np.random.default_rng(3).uniform(0.5, 2.0, 30)
    data = gather(plain_view(N), Examples(predictors, label, weight), 2)
    little = Shrinkage(1e-9, 1e-9, independent=True)

    batch = fit_labels(data, np.zeros((1, 30), dtype=bool), [(little, False)], [0])[0]

    for k in range(2):
        x, w = predictors.x[label == k], weight[label == k, None] * ~np.isnan(predictors.x[label == k])
        mean = (w * np.nan_to_num(x)).sum(axis=0) / w.sum(axis=0)
        variance = (w * np.nan_to_num(x - mean) ** 2).sum(axis=0) / w.sum(axis=0)
        # Six steps of EM: what a tenth of missing cells leaves of the start shrinks tenfold in each, and by more in two.
        np.testing.assert_allclose(batch.mean[0, k], mean, atol=0.05)
        np.testing.assert_allclose(batch.covariance[0, k], variance, rtol=0.05, atol=0.05)


def test_terms_that_are_made_part_by_part_are_those_side_by_side():
    rng = np.random.default_rng(4)
    levels = (3, 5)
    seen = Predictors(np.zeros((12, 0)), rng.integers(-1, 3, (12, 2)), levels, 0)
    whole, parted = terms_of(seen), PartedTerms(seen)
    weight, theta = rng.random((4, 12)), rng.random((2, 9))

    assert isinstance(whole, WholeTerms)
    np.testing.assert_allclose(parted.weighed(weight), whole.weighed(weight))
    np.testing.assert_allclose(parted.scored(theta), whole.scored(theta))
    np.testing.assert_allclose(parted.scored(theta[:, 1:], first=1), whole.scored(theta[:, 1:], first=1))
