"""Many fits at once against one fit at a time, in loops over rows, with densities from scipy."""

from itertools import product

import numpy as np
import pytest
from oracles import completed, hide
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from em_impute.stack import batch as batch_module
from em_impute.stack.batch import (
    DIVIDED_STEPS,
    SETTLING_STEPS,
    SOFTNESS,
    divide_labels,
    fit_divided_labels,
    fit_labels,
    gather,
)
from em_impute.stack.folds import Examples
from em_impute.stack.shrinkage import Shrinkage
from em_impute.stack.views import Predictors, View

N_ROWS, N_LABELLED = 30, 18
SETTINGS = [
    (Shrinkage(np.inf, 0.5), False),
    (Shrinkage(0.3, 0.5), True),
    (Shrinkage(1.0, 0.2, independent=True), True),
]
TWO_EACH = np.array([0, 0, 1, 1])


def examples_of(missing=0.3, seed=1, levels=(3,)):
    """Rows of two labels in two numbers and a category, of different weights; the last dozen unlabelled."""
    rng = np.random.default_rng(seed)
    truth = np.arange(N_ROWS) % 2
    x = rng.normal(size=(N_ROWS, 2)) @ [[1.0, 0.5], [0.0, 0.9]] + np.where(truth, 1.5, -0.5)[:, None]
    codes = np.column_stack(
        [np.where(rng.random(N_ROWS) < 0.6, truth, rng.integers(-1, n, N_ROWS)) for n in levels]
        or [np.zeros((N_ROWS, 0), dtype=int)]
    )
    if missing:
        x = hide(rng, x, missing, np.nan)
        x[[0, N_ROWS - 1]] = np.nan
    label = np.where(np.arange(N_ROWS) < N_LABELLED, truth, -1)
    return Examples(Predictors(x, codes, levels, 2), label, rng.uniform(0.5, 2.0, N_ROWS))


def material_of(examples, n_labels=2):
    """What the fits are given: numbers as Gaussian columns beside the categories."""
    zero, one = np.zeros(2), np.ones(2)
    levels = examples.predictors.levels
    view = View("any", None, zero, one, indicators=False, categories=True, edges=None, levels=levels)
    return gather(view, examples, n_labels)


def held_of(*sets):
    """Sets of held-out rows as (n_fits, n_rows)."""
    return np.array([np.isin(np.arange(N_ROWS), one) for one in sets])


HELD = held_of([0, 3, 8], [])


# One fit at a time


class Naive:
    """One mixture, fitted in loops; its parameters are lists, a component each."""

    def __init__(self, examples, shrinkage, component_label):
        self.x, self.codes = examples.predictors.x, examples.predictors.codes
        self.levels, self.row_weight = examples.predictors.levels, examples.weight
        self.shrinkage, self.component_label = shrinkage, component_label
        self.kappa = np.zeros(2)
        self.mean = [np.zeros(2)] * len(component_label)
        self.covariance = [np.eye(2)] * len(component_label)
        self.base = []
        for column, n_levels in zip(self.codes.T, self.levels, strict=True):
            count = [1e-3 + sum(self.row_weight[column == level]) for level in range(n_levels)]
            self.base.append(np.array(count) / sum(count))

    def completed_rows(self, share, k):
        """Weight, expected value and its uncertainty for each row of component k."""
        return [(share[i][k], *completed(self.x[i], self.mean[k], self.covariance[k])) for i in sorted(share)]

    def draw_means_in(self, share):
        """Empirical Bayes: one-way analysis of variance of rows whose gaps are filled at mean 0 and variance 1."""
        for c in range(2):
            groups = [[(w, full[c], spread[c, c]) for w, full, spread in self.completed_rows(share, k)] for k in (0, 1)]
            n = [sum(w for w, *_ in group) for group in groups]
            centre = [sum(w * v for w, v, _ in group) / n_k for group, n_k in zip(groups, n, strict=True)]
            overall = sum(n_k * m for n_k, m in zip(n, centre, strict=True)) / sum(n)
            between = sum(n_k * (m - overall) ** 2 for n_k, m in zip(n, centre, strict=True))
            within = sum(w * ((v - m) ** 2 + s) for group, m in zip(groups, centre, strict=True) for w, v, s in group)
            ratio = between / 1 / ((within + 1) / (sum(n) - 2 + 2))
            self.kappa[c] = sum(n) / 2 / max(ratio - 1, 0.02)

    def set_shares(self, count):
        self.log_share = np.log((np.array(count) + 0.5) / (sum(count) + 0.5 * len(count)))

    def maximize(self, share):
        """The M step; `share` holds for each row how much of it belongs to each component."""
        a, b, independent = self.shrinkage
        n, means, scatters, chances = [], [], [], []
        for k in range(len(self.component_label)):
            rows = self.completed_rows(share, k)
            n.append(sum(w for w, *_ in rows))
            mean = sum(w * full for w, full, _ in rows) / (n[k] + self.kappa)
            scatter = sum(w * (np.outer(full - mean, full - mean) + spread) for w, full, spread in rows)
            means.append(mean)
            scatters.append(np.diag(np.diag(scatter)) if independent else scatter)
            chance = []
            for c, base in enumerate(self.base):
                count = [sum(share[i][k] for i in share if self.codes[i, c] == v) for v in range(self.levels[c])]
                chance.append((np.array(count) + base) / (sum(count) + 1))
            chances.append(chance)
        within, total = sum(scatters), sum(n)
        target = np.diag((np.diag(within) + 3) / (total + 3))
        pooled = (within + b * 2 * target) / (total + b * 2)
        self.mean, self.weight, self.chance = means, n, chances
        if np.isinf(a):
            self.covariance, self.freedom = [pooled] * len(n), [total + b * 2] * len(n)
        else:
            self.covariance = [(s + a * 2 * pooled) / (n_k + a * 2) for s, n_k in zip(scatters, n, strict=True)]
            self.freedom = [n_k + a * 2 for n_k in n]

    def responsibility(self, i, label=-1):
        """How much of row i belongs to each component, of its label only if that is known."""
        joint = []
        for k, own in enumerate(self.component_label):
            shown = ~np.isnan(self.x[i])
            total = self.log_share[k] if label in (-1, own) else -np.inf
            if shown.any():
                block = self.covariance[k][np.ix_(shown, shown)]
                total += multivariate_normal.logpdf(self.x[i][shown], self.mean[k][shown], block)
            for c, code in enumerate(self.codes[i]):
                total += np.log(self.chance[k][c][code]) if code >= 0 else 0.0
            joint.append(total)
        return self.row_weight[i] * np.exp(joint - logsumexp(joint))

    def parts(self):
        chance = [np.log(np.concatenate([np.zeros(0), *one])) for one in self.chance]
        return self.weight, self.mean, self.covariance, self.freedom, self.log_share, chance


def naive_fit_labels(examples, out, shrinkage, means, steps):
    """One component a label: settle on the labelled rows, then so many steps with the unlabelled ones."""
    label, weight = examples.label, examples.weight
    naive = Naive(examples, shrinkage, [0, 1])
    known = {i: weight[i] * np.eye(2)[label[i]] for i in range(N_ROWS) if label[i] >= 0 and not out[i]}
    naive.set_shares([sum(share[k] for share in known.values()) for k in (0, 1)])
    if means:
        naive.draw_means_in(known)
    for _ in range(SETTLING_STEPS):
        naive.maximize(known)
    for _ in range(steps):
        naive.maximize(known | {i: naive.responsibility(i) for i in range(N_ROWS) if label[i] < 0})
    return naive


def naive_fit_divided(examples, out, shrinkage, component_label, start):
    """Several components a label, labelled rows only, from given shares."""
    naive = Naive(examples, shrinkage, component_label)
    rows = [i for i in range(N_ROWS) if examples.label[i] >= 0 and not out[i]]
    share = {i: examples.weight[i] * start[i] for i in rows}
    for _ in range(DIVIDED_STEPS + 1):
        naive.maximize(share)
        naive.set_shares(naive.weight)
        share = {i: naive.responsibility(i, examples.label[i]) for i in rows}
    return naive


def assert_same_mixture(naive, found, mixture):
    # Rounding grows over the steps; nothing here is ill-conditioned, so eight digits are left.
    for expected, part in zip(naive.parts(), found, strict=True):
        np.testing.assert_allclose(part[mixture], expected, rtol=1e-8, atol=1e-10)


def assert_equal_batches(one, other, rtol=1e-9):
    for expected, found in zip(one, other, strict=True):
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-10)


@pytest.mark.parametrize("levels", [(), (3,), (2, 3)])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_fits_of_labels_equal_fits_one_at_a_time_in_loops_over_rows(missing, levels):
    examples = examples_of(missing, levels=levels)

    found = fit_labels(material_of(examples), HELD, SETTINGS, (0, 3))

    assert sorted(found) == [0, 3]
    for steps, batch in found.items():
        for mixture, ((shrinkage, means), out) in enumerate(product(SETTINGS, HELD)):
            assert_same_mixture(naive_fit_labels(examples, out, shrinkage, means, steps), batch, mixture)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_fits_of_divided_labels_equal_fits_one_at_a_time_in_loops_over_rows(missing):
    # The start is the module's own: any would do, and k-means has tests of its own below.
    examples = examples_of(missing)
    shrinkages = [Shrinkage(1.0, 0.5), Shrinkage(np.inf, 0.5)]
    material = material_of(examples)

    found = fit_divided_labels(material, HELD, shrinkages, TWO_EACH, 3)

    start = batch_module._divided(material, TWO_EACH, 3)
    for mixture, (shrinkage, out) in enumerate(product(shrinkages, HELD)):
        assert_same_mixture(naive_fit_divided(examples, out, shrinkage, TWO_EACH, start), found, mixture)


# What has no influence


def with_held_rows_changed(examples):
    """Other numbers and labels in the rows that are held out.

    Their texts stay: the overall shares of the texts are taken over all rows, as if their labels were unknown.
    """
    out = HELD[0]
    x = np.where(out[:, None], [[7.0, -9.0]], examples.predictors.x)
    label = np.where(out, 1 - examples.label, examples.label)
    return examples._replace(predictors=examples.predictors._replace(x=x), label=label)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_rows_held_out_have_no_influence_on_fits_of_labels(missing):
    examples = examples_of(missing)
    changed = with_held_rows_changed(examples)

    before = fit_labels(material_of(examples), HELD[:1], SETTINGS, (0, 3))
    after = fit_labels(material_of(changed), HELD[:1], SETTINGS, (0, 3))

    for steps in (0, 3):
        # Held-out rows are subtracted from the sums over all rows, which leaves their rounding behind.
        assert_equal_batches(before[steps], after[steps])


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_rows_held_out_have_no_influence_on_fits_of_divided_labels_from_the_same_start(missing, monkeypatch):
    examples = examples_of(missing)
    changed = with_held_rows_changed(examples)
    start = batch_module._divided(material_of(examples), TWO_EACH, 3)
    monkeypatch.setattr(batch_module, "_divided", lambda *_: start)

    before = fit_divided_labels(material_of(examples), HELD[:1], [Shrinkage(1.0, 0.5)], TWO_EACH, 3)
    after = fit_divided_labels(material_of(changed), HELD[:1], [Shrinkage(1.0, 0.5)], TWO_EACH, 3)

    assert_equal_batches(before, after)


def test_a_fit_is_the_same_alone_and_among_others():
    material = material_of(examples_of())

    together = fit_labels(material, HELD, SETTINGS, (0, 3))

    for mixture, (setting, out) in enumerate(product(SETTINGS, HELD)):
        alone = fit_labels(material, out[None], [setting], (0, 3))
        for steps in (0, 3):
            assert_equal_batches(alone[steps], together[steps].take(slice(mixture, mixture + 1)))


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_order_of_rows_does_not_matter(missing, monkeypatch):
    examples = examples_of(missing)
    order = np.random.default_rng(4).permutation(N_ROWS)
    start = batch_module._divided(material_of(examples), TWO_EACH, 3)

    labels = fit_labels(material_of(examples), HELD, SETTINGS, (3,))[3]
    turned = fit_labels(material_of(examples.take(order)), HELD[:, order], SETTINGS, (3,))[3]
    monkeypatch.setattr(batch_module, "_divided", lambda *_: start)
    divided = fit_divided_labels(material_of(examples), HELD, [Shrinkage(1.0, 0.5)], TWO_EACH, 3)
    monkeypatch.setattr(batch_module, "_divided", lambda *_: start[order])
    material = material_of(examples.take(order))
    divided_turned = fit_divided_labels(material, HELD[:, order], [Shrinkage(1.0, 0.5)], TWO_EACH, 3)

    assert_equal_batches(labels, turned, 1e-8)
    assert_equal_batches(divided, divided_turned, 1e-8)


def test_swapping_the_labels_swaps_the_components():
    examples = examples_of()
    swapped = examples._replace(label=np.where(examples.label < 0, -1, 1 - examples.label))

    straight = fit_labels(material_of(examples), HELD, SETTINGS, (3,))[3]
    turned = fit_labels(material_of(swapped), HELD, SETTINGS, (3,))[3]

    for expected, found in zip(straight, turned, strict=True):
        np.testing.assert_allclose(found[:, ::-1], expected, rtol=1e-8, atol=1e-10)


def test_a_row_of_weight_two_is_two_rows():
    examples = examples_of()
    copies = np.random.default_rng(5).integers(1, 4, N_ROWS)
    copied = examples.take(np.repeat(np.arange(N_ROWS), copies))
    nothing = np.zeros((1, copies.sum()), dtype=bool)

    weighed = fit_labels(material_of(examples._replace(weight=copies * 1.0)), nothing[:, :N_ROWS], SETTINGS, (3,))[3]
    repeated = fit_labels(material_of(copied._replace(weight=np.ones(copies.sum()))), nothing, SETTINGS, (3,))[3]

    assert_equal_batches(weighed, repeated, 1e-8)


# Odd tables


def test_without_unlabelled_rows_there_are_fits_to_labels_only():
    examples = examples_of().take(np.arange(N_LABELLED))

    found = fit_labels(material_of(examples), HELD[:, :N_LABELLED], SETTINGS, (0, 3))

    assert list(found) == [0]


def test_a_label_without_rows_has_the_share_of_half_a_row_the_overall_mean_and_the_pooled_covariance():
    examples = examples_of()

    batch = fit_labels(material_of(examples, 3), held_of([0]), SETTINGS[:2], (0,))[0]

    total = examples.weight[1:N_LABELLED].sum()
    np.testing.assert_allclose(np.exp(batch.log_share[:, 2]), 0.5 / (total + 1.5))
    np.testing.assert_array_equal(batch.mean[:, 2], 0.0)
    np.testing.assert_allclose(batch.covariance[0, 2], batch.covariance[0, 0])
    pooled_of_scatters = (batch.freedom[1, :, None, None] * batch.covariance[1])[:2].sum(axis=0)
    # Σ_j (n_j + ad) Σ_j = W + 2·a·d·P for the two labels with rows, and P = (W + b·d·diag T)/(n + b·d).
    pooled, pull, drawn = batch.covariance[1, 2], 0.3 * 2, 0.5 * 2
    within = pooled_of_scatters - 2 * pull * pooled
    target = np.diag((np.diag(within) + 3) / (total + 3))
    np.testing.assert_allclose(pooled, (within + drawn * target) / (total + drawn), rtol=1e-9)


def test_patterns_beyond_the_commonest_do_not_guide_the_fits(monkeypatch):
    examples = examples_of()
    monkeypatch.setattr(batch_module, "MAX_PATTERNS", 1)
    unlabelled = np.flatnonzero(examples.label < 0)
    patterns = [tuple(np.isnan(examples.predictors.x[i])) for i in unlabelled]
    commonest = max(set(patterns), key=patterns.count)
    rows = [i for i, pattern in zip(unlabelled, patterns, strict=True) if pattern == commonest]

    (group,) = material_of(examples).unlabelled

    assert [patterns.count(pattern) for pattern in set(patterns)].count(len(rows)) == 1
    np.testing.assert_array_equal(np.sort(group.rows), rows)


def test_shares_of_texts_are_taken_over_all_rows():
    examples = examples_of(levels=(3, 2))

    base = material_of(examples).base

    codes, weight = examples.predictors.codes, examples.weight
    for column, part in [(0, base[:3]), (1, base[3:])]:
        known = codes[:, column] >= 0
        naive = [weight[codes[:, column] == level].sum() / weight[known].sum() for level in range(part.size)]
        # A thousandth of a row keeps texts that no row shows possible.
        np.testing.assert_allclose(part, naive, atol=1e-3)
        np.testing.assert_allclose(part.sum(), 1.0)
        assert (part > 0).all()


# Dividing labels


@pytest.mark.parametrize(
    ("count", "per_label", "expected"),
    [
        ([30, 30], 2, [0, 0, 1, 1]),
        ([30, 30], 1, [0, 1]),
        ([5, 12, 0, 100], 4, [0, 1, 1, 2, 3, 3, 3, 3]),
    ],
)
def test_labels_are_divided_as_far_as_their_rows_go(count, per_label, expected):
    np.testing.assert_array_equal(divide_labels(np.array(count), per_label), expected)


def test_a_start_gives_each_row_to_the_components_of_its_label():
    material = material_of(examples_of())
    component_label = np.array([0, 0, 0, 1])

    start = batch_module._divided(material, component_label, 3)

    for i, label in enumerate(material.label):
        assert (start[i, component_label != label] == 0).all()
    np.testing.assert_allclose(start.sum(axis=1), material.label >= 0)
    assert (start[material.label == 0, :3] >= SOFTNESS / 3 * (1 - 1e-12)).all()


def test_a_start_finds_groups_that_lie_apart():
    rng = np.random.default_rng(6)
    group = np.arange(N_ROWS) % 4
    x = 0.1 * rng.normal(size=(N_ROWS, 2)) + 10.0 * np.column_stack([group // 2, group % 2])
    examples = Examples(Predictors(x, np.zeros((N_ROWS, 0), dtype=int), (), 2), group % 2, np.ones(N_ROWS))

    start = batch_module._divided(material_of(examples), TWO_EACH, 3)

    nearest = start.argmax(axis=1)
    assert len({(g, n) for g, n in zip(group, nearest, strict=True)}) == 4
    assert sorted(set(nearest)) == [0, 1, 2, 3]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_k_means_ends_where_every_point_is_nearest_to_the_centre_of_its_group(k):
    rng = np.random.default_rng(7)
    points = rng.normal(size=(20, 2)) + 8.0 * (np.arange(20) % k)[:, None]
    weight = rng.uniform(0.5, 2.0, 20)

    nearest = batch_module._k_means(points, weight, k, rng)

    centre = [np.average(points[nearest == j], axis=0, weights=weight[nearest == j]) for j in sorted(set(nearest))]
    for point, own in zip(points, nearest, strict=True):
        assert min(range(len(centre)), key=lambda j: ((point - centre[j]) ** 2).sum()) == own


def test_equal_rows_can_be_divided():
    examples = examples_of(0.0)
    examples = examples._replace(predictors=examples.predictors._replace(x=np.full((N_ROWS, 2), 0.3)))

    found = fit_divided_labels(material_of(examples), HELD, [Shrinkage(0.1, 0.5)], TWO_EACH, 3)

    assert all(np.isfinite(part).all() for part in found)


def test_the_original_material_is_left_as_it_was():
    material = material_of(examples_of())
    copies = [group.terms.copy() for group in material.labelled + material.unlabelled]

    fit_labels(material, HELD, SETTINGS, (3,))
    fit_divided_labels(material, HELD, [Shrinkage(1.0, 0.5)], TWO_EACH, 3)

    for copy, group in zip(copies, material.labelled + material.unlabelled, strict=True):
        np.testing.assert_array_equal(group.terms, copy)
