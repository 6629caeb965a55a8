"""The shrunken M step against loops over rows written from its formulas, and its limits against textbook estimates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway

from em_impute.stack.shrinkage import (
    SMALLEST_EXCESS,
    Shrinkage,
    Strengths,
    empirical_bayes,
    log_chances,
    m_step,
    strengths_of,
)
from em_impute.stack.terms import Sums

SETTINGS = [
    Shrinkage(np.inf, 0.1),
    Shrinkage(np.inf, 2.0),
    Shrinkage(np.inf, 0.5, independent=True),
    Shrinkage(1.0, 0.1),
    Shrinkage(0.1, 0.5),
    Shrinkage(1.0, 0.5, independent=True),
]


def rows_of(n_rows=30, n_columns=3, n_components=3, seed=1):
    """Rows with correlated columns and how much each belongs to each component, (n_rows, n_components)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_rows, n_columns)) @ rng.normal(size=(n_columns, n_columns)) + rng.normal(size=n_columns)
    return x, rng.uniform(0.0, 1.5, (n_rows, n_components))


def sums_over(x, share):
    """Sums over rows by loops over components: no leading axis."""
    zero = np.zeros((x.shape[1], x.shape[1]))
    second = np.array([sum((r * np.outer(row, row) for r, row in zip(of, x, strict=True)), zero) for of in share.T])
    return Sums(share.sum(axis=0), share.T @ x, second, np.zeros((share.shape[1], 0)))


def stacked(*sums):
    """Sums of many mixtures."""
    return Sums(*(np.stack(parts) for parts in zip(*sums, strict=True)))


def one_m_step(x, share, shrinkage, kappa=None):
    """The M step of one mixture."""
    kappa = np.zeros(x.shape[1]) if kappa is None else kappa
    mean, covariance, freedom = m_step(stacked(sums_over(x, share)), strengths_of([shrinkage], kappa[None]))
    return mean[0], covariance[0], freedom[0]


def naive_m_step(x, share, shrinkage, kappa):
    """The formulas of the recipe, a row, a component and a column at a time."""
    a, b, independent = shrinkage
    n_rows, d = x.shape
    k = share.shape[1]
    n = [sum(share[i, j] for i in range(n_rows)) for j in range(k)]
    mean = np.zeros((k, d))
    scatter = np.zeros((k, d, d))
    for j in range(k):
        for c in range(d):
            mean[j, c] = sum(share[i, j] * x[i, c] for i in range(n_rows)) / (n[j] + kappa[c])
        for i in range(n_rows):
            off = x[i] - mean[j]
            for c in range(d):
                for e in range(d):
                    if c == e or not independent:
                        scatter[j, c, e] += share[i, j] * off[c] * off[e]
    within = sum(scatter)
    target = np.diag([(within[c, c] + 3.0) / (sum(n) + 3.0) for c in range(d)])
    pooled = (within + b * d * target) / (sum(n) + b * d)
    if np.isinf(a):
        return mean, np.array([pooled] * k), np.array([sum(n) + b * d] * k)
    own = [(scatter[j] + a * d * pooled) / (n[j] + a * d) for j in range(k)]
    return mean, np.array(own), np.array([n[j] + a * d for j in range(k)])


@pytest.mark.parametrize("kappa", [0.0, 2.5])
@pytest.mark.parametrize("shrinkage", SETTINGS)
def test_the_m_step_equals_a_loop_over_rows(shrinkage, kappa):
    x, share = rows_of()
    kappa = kappa * np.array([1.0, 0.0, 7.0])

    found = one_m_step(x, share, shrinkage, kappa)

    # The code subtracts sums of squares, the loop sums squares of differences.
    for expected, value in zip(naive_m_step(x, share, shrinkage, kappa), found, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-12)


def test_mixtures_side_by_side_do_not_touch_each_other():
    problems = [(*rows_of(seed=seed), shrinkage) for seed, shrinkage in enumerate(SETTINGS)]
    kappa = np.random.default_rng(2).uniform(0, 5, (len(SETTINGS), 3))

    together = m_step(
        stacked(*(sums_over(x, share) for x, share, _ in problems)), strengths_of([one for *_, one in problems], kappa)
    )

    for i, (x, share, shrinkage) in enumerate(problems):
        for expected, found in zip(one_m_step(x, share, shrinkage, kappa[i]), together, strict=True):
            np.testing.assert_allclose(found[i], expected, rtol=1e-12)


# Limits


def test_infinitely_much_pooling_of_many_rows_is_the_covariance_of_linear_discriminants():
    # 3 + b·d pseudo-rows against 20,000 rows: their share of the result is some 2e-4.
    rng = np.random.default_rng(3)
    x, label = rng.normal(size=(20_000, 2)) @ [[1.0, 0.6], [0.0, 0.8]], rng.integers(0, 2, 20_000)
    x += 3.0 * label[:, None]

    mean, covariance, _ = one_m_step(x, np.eye(2)[label], Shrinkage(np.inf, 0.1))

    within = sum(np.cov(x[label == k].T, bias=True) * (label == k).sum() for k in range(2)) / 20_000
    np.testing.assert_allclose(mean, [x[label == k].mean(axis=0) for k in range(2)], rtol=1e-12)
    np.testing.assert_allclose(covariance, [within, within], rtol=1e-3)


def test_pooling_without_limit_approaches_the_pooled_covariance():
    x, share = rows_of()

    _, alone, _ = one_m_step(x, share, Shrinkage(np.inf, 0.5))
    _, nearly, _ = one_m_step(x, share, Shrinkage(1e9, 0.5))

    np.testing.assert_allclose(nearly, alone, rtol=1e-6)


def test_no_shrinkage_is_the_covariance_of_the_sample():
    x, share = rows_of()

    mean, covariance, freedom = one_m_step(x, share, Shrinkage(0.0, 0.0))

    for k, weight in enumerate(share.T):
        np.testing.assert_allclose(mean[k], np.average(x, axis=0, weights=weight), rtol=1e-12)
        np.testing.assert_allclose(covariance[k], np.cov(x.T, aweights=weight, bias=True), rtol=1e-10)
    np.testing.assert_allclose(freedom, share.sum(axis=0))


@pytest.mark.parametrize("pooled", [np.inf, 0.5])
def test_independent_columns_have_diagonal_covariances_with_the_variances_of_each_column_alone(pooled):
    x, share = rows_of()

    _, covariance, _ = one_m_step(x, share, Shrinkage(pooled, 0.5, independent=True))

    # A column alone has a third of the pseudo-rows, hence three times the strength.
    alone = [one_m_step(x[:, [c]], share, Shrinkage(3 * pooled, 1.5))[1][:, 0, 0] for c in range(3)]
    assert (covariance[:, ~np.eye(3, dtype=bool)] == 0).all()
    np.testing.assert_allclose(np.diagonal(covariance, axis1=1, axis2=2), np.transpose(alone), rtol=1e-10)


def test_means_are_drawn_to_nought_by_pseudo_rows_that_lie_there():
    x, share = rows_of(n_components=1)
    with_zeros, weight = np.vstack([x, np.zeros(3)]), np.append(share, 4.0)

    mean, _, _ = one_m_step(x, share, Shrinkage(1.0, 0.5), np.full(3, 4.0))

    np.testing.assert_allclose(mean[0], np.average(with_zeros, axis=0, weights=weight), rtol=1e-12)


# Little to go by


HARD = {
    "fewer rows than columns": (np.random.default_rng(4).normal(size=(4, 9)), np.eye(2)[[0, 0, 1, 1]]),
    "one row": (np.array([[3.0, -2.0, 0.5]]), np.array([[1.0, 0.0]])),
    "equal rows": (np.full((30, 3), 1.7), np.eye(2)[np.arange(30) % 2]),
    "equal rows far away": (np.full((3000, 3), 50.0), np.eye(2)[np.arange(3000) % 2]),
    "no rows": (np.zeros((1, 3)), np.zeros((1, 2))),
    "a component without rows": (rows_of()[0], rows_of()[1] * [1.0, 0.0, 1.0]),
    "a component with next to no rows": (rows_of()[0], rows_of()[1] * [1.0, 1e-300, 1.0]),
    "equal columns": (np.repeat(rows_of()[0][:, :1], 3, axis=1), rows_of()[1]),
    "a constant column": (rows_of()[0] * [1.0, 0.0, 1.0], rows_of()[1]),
}


@pytest.mark.parametrize("kappa", [0.0, 3.0])
@pytest.mark.parametrize("shrinkage", SETTINGS)
@pytest.mark.parametrize("kind", HARD)
def test_covariances_are_positive_definite_however_little_there_is(kind, shrinkage, kappa):
    x, share = HARD[kind]

    mean, covariance, freedom = one_m_step(x, share, shrinkage, np.full(x.shape[1], kappa))

    assert np.isfinite(mean).all()
    assert (freedom > 0).all()
    np.testing.assert_allclose(covariance, covariance.swapaxes(1, 2), rtol=1e-9, atol=1e-12)
    # The diagonal holds three pseudo-rows of unit variance, of which b·d shares reach the covariance.
    least = 0.1 * 3.0 / (share.sum() + 3.0) / (share.sum() + 1.0) * 0.1
    assert np.linalg.eigvalsh(covariance).min() > 0.01 * least


@pytest.mark.parametrize("shrinkage", SETTINGS)
def test_the_order_of_components_does_not_matter(shrinkage):
    x, share = rows_of()
    order = np.array([2, 0, 1])

    straight = one_m_step(x, share, shrinkage, np.ones(3))
    turned = one_m_step(x, share[:, order], shrinkage, np.ones(3))

    for expected, found in zip(straight, turned, strict=True):
        np.testing.assert_allclose(found, expected[order], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("shrinkage", SETTINGS)
def test_the_order_of_columns_does_not_matter(shrinkage):
    x, share = rows_of()
    order = np.array([1, 2, 0])
    kappa = np.array([0.0, 2.0, 5.0])

    mean, covariance, freedom = one_m_step(x, share, shrinkage, kappa)
    turned = one_m_step(x[:, order], share, shrinkage, kappa[order])

    expected = mean[:, order], covariance[:, order][:, :, order], freedom
    for one, found in zip(expected, turned, strict=True):
        np.testing.assert_allclose(found, one, rtol=1e-11, atol=1e-13)


def test_settings_are_put_side_by_side():
    kappa = np.arange(6.0).reshape(2, 3)

    found = strengths_of([SETTINGS[2], SETTINGS[3]], kappa)

    expected = Strengths(np.array([np.inf, 1.0]), np.array([0.5, 0.1]), np.array([1, 0]), kappa)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(other, one)


# How far means are drawn in


def labelled(n_rows=24, effect=1.0, seed=5, n_labels=3):
    """Rows of labels whose means differ by `effect` in the first column, less in the second, not in the third."""
    rng = np.random.default_rng(seed)
    label = np.arange(n_rows) % n_labels
    x = rng.normal(size=(n_rows, 3)) + effect * label[:, None] * [1.0, 0.5, 0.0]
    return x, label


@pytest.mark.parametrize("effect", [0.0, 0.4, 1.0, 5.0])
def test_means_are_drawn_in_by_the_variance_ratio_of_each_column(effect):
    x, label = labelled(effect=effect)

    found = empirical_bayes(stacked(sums_over(x, np.eye(3)[label])))

    naive = []
    for values in x.T:
        groups = [values[label == k] for k in range(3)]
        between = sum(len(one) * (one.mean() - values.mean()) ** 2 for one in groups)
        within = sum(((one - one.mean()) ** 2).sum() for one in groups)
        ratio = (between / 2) / ((within + 1.0) / (24 - 3 + 2))
        naive.append(8.0 / max(ratio - 1.0, 0.02))
    np.testing.assert_allclose(found, [naive], rtol=1e-10)


def test_with_many_rows_the_variance_ratio_is_that_of_scipy():
    # One pseudo-row of unit variance is left over: a part of 1/6000 of the variance within, the more of the ratio − 1.
    x, label = labelled(6000, effect=0.4)

    found = empirical_bayes(stacked(sums_over(x, np.eye(3)[label])))

    ratio = np.array([f_oneway(*(values[label == k] for k in range(3))).statistic for values in x.T])
    assert (ratio[:2] > 10.0).all()
    np.testing.assert_allclose(found[0, :2], 2000.0 / (ratio[:2] - 1.0), rtol=1e-3)


def test_weights_of_rows_count_as_that_many_rows():
    x, label = labelled()
    copies = np.random.default_rng(6).integers(1, 4, 24)

    weighed = empirical_bayes(stacked(sums_over(x, np.eye(3)[label] * copies[:, None])))
    copied = empirical_bayes(stacked(sums_over(np.repeat(x, copies, axis=0), np.eye(3)[np.repeat(label, copies)])))

    np.testing.assert_allclose(weighed, copied, rtol=1e-9)


@given(
    n_rows=st.integers(0, 8),
    n_labels=st.integers(1, 4),
    spread=st.sampled_from([0.0, 1e-8, 1.0]),
    distance=st.sampled_from([0.0, 1.0, 1e4]),
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_pseudo_rows_are_finite_positive_and_at_most_fifty_times_the_rows_of_a_label(
    n_rows, n_labels, spread, distance
):
    rng = np.random.default_rng(7)
    label = rng.integers(0, n_labels, n_rows)
    x = spread * rng.normal(size=(n_rows, 2)) + distance * label[:, None]

    found = empirical_bayes(stacked(sums_over(x, np.eye(n_labels)[label])))

    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= n_rows / n_labels / SMALLEST_EXCESS * (1 + 1e-12)).all()


# Texts


def test_chances_are_shares_with_one_pseudo_row():
    count = np.array([[[3.0, 1.0, 0.0, 2.0, 5.0], [0.0, 0.0, 0.0, 0.0, 0.0]]])
    base = np.array([0.5, 0.3, 0.2, 0.9, 0.1])

    found = log_chances(count, (3, 2), base)

    expected = [[[3.5 / 5, 1.3 / 5, 0.2 / 5, 2.9 / 8, 5.1 / 8], [0.5, 0.3, 0.2, 0.9, 0.1]]]
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-12)


def test_no_categories_have_no_chances():
    assert log_chances(np.zeros((2, 3, 0)), (), np.zeros(0)).shape == (2, 3, 0)
