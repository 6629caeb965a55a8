"""Many fits at once against one fit at a time, in loops over rows, with densities from scipy."""

from itertools import product

import numpy as np
import pytest
from builders import view_of
from oracles import completed, hide
from sampling import crossed, rarely
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from em_impute.ensemble import batched_em as batch_module
from em_impute.ensemble.batched_em import DIVIDED_STEPS, SETTLING_STEPS, fit_divided_labels, fit_labels, gather
from em_impute.ensemble.folds import Examples
from em_impute.ensemble.shrinkage import Shrinkage
from em_impute.ensemble.transforms import Predictors

N_ROWS, N_LABELLED = 30, 18
SETTINGS = [(Shrinkage(np.inf, 0.5), False), (Shrinkage(0.3, 0.5), True), (Shrinkage(1.0, 0.2, independent=True), True)]
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
    return gather(view_of(examples.predictors.levels, 2), examples, n_labels)


def held_of(*sets):
    """Sets of held-out rows as (n_fits, n_rows)."""
    return np.array([np.isin(np.arange(N_ROWS), one) for one in sets])


HELD = held_of([0, 3, 8], [])


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


@crossed(5, levels=[(), (3,), (2, 3)], missing=[0.3, 0.0])
def test_fits_of_labels_equal_fits_one_at_a_time_in_loops_over_rows(missing, levels):
    examples = examples_of(missing, levels=levels)

    found = fit_labels(material_of(examples), HELD, SETTINGS, (0, 3))

    assert sorted(found) == [0, 3]
    for steps, batch in found.items():
        for mixture, ((shrinkage, means), out) in enumerate(product(SETTINGS, HELD)):
            assert_same_mixture(naive_fit_labels(examples, out, shrinkage, means, steps), batch, mixture)


@pytest.mark.parametrize("missing", [rarely(0.0), 0.3])
def test_fits_of_divided_labels_equal_fits_one_at_a_time_in_loops_over_rows(missing):
    # The start is the module's own: any would do.
    examples = examples_of(missing)
    shrinkages = [Shrinkage(1.0, 0.5), Shrinkage(np.inf, 0.5)]
    data = material_of(examples)

    found = fit_divided_labels(data, HELD, shrinkages, TWO_EACH, 3)

    start = batch_module._divided(data, TWO_EACH, 3)
    for mixture, (shrinkage, out) in enumerate(product(shrinkages, HELD)):
        assert_same_mixture(naive_fit_divided(examples, out, shrinkage, TWO_EACH, start), found, mixture)
