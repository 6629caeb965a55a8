"""Refits to rows weighed at random, against what sampling theory says of the means of labelled rows."""

import numpy as np
import pytest
from scipy import stats

from em_impute.em import mixture as mixture_module
from em_impute.em.blocks import Rows
from em_impute.em.mixture import Recipe, fit_mixture, refits
from em_impute.errors import FitError


def labelled_rows(n=60, seed=1):
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    return Rows(rng.normal(size=(n, 1)) + 3.0 * label[:, None], label, np.ones(n))


def fitted(rows, **options):
    return fit_mixture(rows, 2, Recipe(family="full", prior_strength=0.0, **options))


def test_means_of_labelled_rows_vary_as_bayesian_bootstrap_means_do():
    """Var of Σw·x/Σw with w ~ Exp(1) is s²/(n + 1) (Rubin 1981); that of 600 has a standard error of 6 %."""
    rows = labelled_rows()
    drawn = np.array([one.mean[:, 0] for one in refits(rows, fitted(rows), 600, 1)])
    for k in (0, 1):
        x = rows.x[rows.label == k, 0]
        assert drawn[:, k].mean() == pytest.approx(x.mean(), abs=0.03)
        assert drawn[:, k].var() == pytest.approx(x.var() / (x.size + 1.0), rel=0.2)


def test_merged_rows_vary_as_the_rows_they_stand_for():
    rng = np.random.default_rng(2)
    values = rng.integers(-2, 3, 60).astype(float)
    label = np.arange(60) % 2
    apart = Rows((values + 4.0 * label)[:, None], label, np.ones(60))
    pairs, count = np.unique(np.column_stack([apart.x[:, 0], label]), axis=0, return_counts=True)
    merged = Rows(pairs[:, :1], pairs[:, 1].astype(np.intp), count.astype(float))
    drawn = [np.array([one.mean[0, 0] for one in refits(r, fitted(r), 400, 3)]) for r in (apart, merged)]
    assert stats.ks_2samp(*drawn).pvalue > 0.001


def test_components_keep_their_names_where_no_label_is_known():
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.normal(size=40), rng.normal(size=40) + 8.0])[:, None]
    rows = Rows(x, np.full(80, -1), np.ones(80))
    mixture = fitted(rows)
    first = mixture.parameters.mean[:, 0]
    for one in refits(rows, mixture, 30, 5):
        assert np.argsort(one.mean[:, 0]).tolist() == np.argsort(first).tolist()


def test_a_refit_that_collapses_leaves_the_mixture_as_it_was(monkeypatch):
    def collapse(*_):
        raise FitError("a component collapsed", "")

    rows = labelled_rows()
    mixture = fitted(rows)
    monkeypatch.setattr(mixture_module, "climb", collapse)
    assert refits(rows, mixture, 2, 1) == [mixture.parameters] * 2
