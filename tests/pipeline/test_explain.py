"""EM explained: every number that is told is what a slow loop over all rows finds."""

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import Mixture, completed, draw, log_likelihood, responsibilities
from scipy.stats import multivariate_normal

from em_impute.em.families import FAMILIES
from em_impute.errors import DesignError, FitError
from em_impute.pipeline.explain import Showing, explain

EVERYTHING = Showing(steps=None)

FALL = 1e-7
"""Part of a log-likelihood's size that rounding may take; those of tests are sums of a few hundred terms."""


def explained(folder, content, showing=EVERYTHING, **options):
    with opened_table(folder, content, **options) as (opened, request):
        return explain(opened, request, showing, silent)


def table(rng, n_rows=80, n_features=2, *, known=0.5, missing=0.0, offset=0.0):
    """Rows of two Gaussians, some of them labelled: (CSV text, x, label)."""
    weight, mean = [0.4, 0.6], [np.zeros(n_features), np.full(n_features, 2.0)]
    x, component = draw(rng, n_rows, weight, mean, [np.eye(n_features), 2.0 * np.eye(n_features)])
    x = np.round(x + offset, 1)
    x[rng.random(x.shape) < missing] = np.nan
    label = np.where(rng.random(n_rows) < known, component, -1)
    label[:6] = component[:6] = [0, 1, 0, 1, 0, 1] if known else -1
    cells = [[None if np.isnan(value) else value for value in column] for column in x.T]
    names = [None if k < 0 else "ab"[k] for k in label]
    header = "g," + ",".join(f"x{j}" for j in range(n_features))
    return csv_of(header, names, *cells), x, label


def naive_q(x, label, at, of):
    """Σ_i Σ_k τ_ik(at) · E[log(weight_k · density_k(completed row)) of `of` | what the row shows, `at`]."""
    share = responsibilities(x, label, at, [0, 1])
    total = 0.0
    for row, shares in zip(x, share, strict=True):
        for k, tau in enumerate(shares):
            full, spread = completed(row, at.mean[k], at.covariance[k])
            density = multivariate_normal.logpdf(full, of.mean[k], of.covariance[k])
            trace = np.trace(np.linalg.solve(of.covariance[k], spread))
            total += tau * (np.log(of.weight[k]) + density - 0.5 * trace)
    return total


def test_q_and_the_log_likelihood_are_those_of_a_loop_over_all_rows_in_the_units_of_the_data(tmp_path):
    content, x, label = table(np.random.default_rng(4), missing=0.25, offset=1e4)
    told = explained(tmp_path, content)

    for iteration, turn in enumerate(told.turns[:3]):
        before, after = (Mixture(*told.own(iteration + later)) for later in (0, 1))
        assert turn[0].q == pytest.approx(naive_q(x, label, before, before), rel=1e-8)
        assert turn[1].q == pytest.approx(naive_q(x, label, before, after), rel=1e-8)
        for height, at in zip(turn, (before, after), strict=True):
            expected = log_likelihood(x, label, np.ones(len(x)), at, [0, 1])
            assert height.log_likelihood == pytest.approx(expected, rel=1e-8)


def test_the_m_step_is_what_weighted_means_and_covariances_give(tmp_path):
    content, x, label = table(np.random.default_rng(5))
    told = explained(tmp_path, content)
    share = responsibilities(x, label, Mixture(*told.own(0)), [0, 1])
    found = told.own(1)

    for k in range(2):
        assert found.weight[k] == pytest.approx(share[:, k].sum() / len(x))
        assert found.mean[k] == pytest.approx(np.average(x, axis=0, weights=share[:, k]))
        assert found.covariance[k] == pytest.approx(np.cov(x.T, aweights=share[:, k], ddof=0))


@few_and_many(12, 500)
def test_the_log_likelihood_gains_at_least_as_much_as_q_and_q_never_falls(tmp_path, examples):
    """Dempster, Laird & Rubin (1977), theorem 1: log L(θ') − log L(θ) ≥ Q(θ'|θ) − Q(θ|θ) ≥ 0, priors added."""

    @settings(max_examples=examples, deadline=None, derandomize=True)
    @given(
        st.integers(0, 2**32 - 1),
        st.sampled_from(["full", "tied", "diag", "vev"] if examples < 100 else list(FAMILIES)),
        st.sampled_from([0.0, 0.3]),
        st.sampled_from([0.0, 0.1, 0.6]),
        st.integers(1, 3),
        st.sampled_from([None, 0.0, 1.0, 3.0]),
    )
    def gains(seed, family, missing, known, n_features, strength):
        content, _, _ = table(np.random.default_rng(seed), 40, n_features, known=known, missing=missing)
        names = {} if known else {"labels": ("a", "b")}
        options = {"covariance": family, "prior_strength": strength, "max_iter": 30, "tolerance": 1e-5, **names}
        try:
            told = explained(tmp_path, content, **options)
        except FitError:
            assert strength == 0.0
            return
        for before, after in told.turns:
            prior = after.log_prior - before.log_prior
            of_q, of_height = after.q - before.q + prior, after.log_likelihood - before.log_likelihood + prior
            slack = FALL * (1.0 + abs(after.q))

            assert of_q >= -slack
            assert of_height >= of_q - slack

    gains()


def test_the_start_is_the_shares_and_means_of_the_labelled_rows_and_their_pooled_covariance_unless_they_are_few(
    tmp_path,
):
    content, x, label = table(np.random.default_rng(7))
    told = explained(tmp_path, content)
    start, known = told.own(0), label >= 0
    mean = np.array([x[label == k].mean(axis=0) for k in range(2)])
    centred = x[known] - mean[label[known]]

    assert (told.start.kind, told.start.pooled) == ("labels", True)
    assert start.weight == pytest.approx(np.bincount(label[known]) / known.sum())
    assert start.mean == pytest.approx(mean)
    assert start.covariance == pytest.approx(np.array([centred.T @ centred / known.sum()] * 2))

    lines = table(np.random.default_rng(7), known=0.0)[0].splitlines()
    lines[1:4] = [f"{name}{line}" for name, line in zip("aba", lines[1:4], strict=True)]
    few = explained(tmp_path, "\n".join(lines) + "\n")

    assert (few.start.kind, few.start.pooled) == ("labels", False)
    assert few.own(0).covariance[1] == pytest.approx(np.cov(x.T, ddof=0))


def test_a_line_within_a_cell_of_several_lines_belongs_to_its_row_and_one_that_is_no_row_is_refused(tmp_path):
    content = 'g,x\na,1\n"b\nb\nb",2\na,3\n"b\nb\nb",4\n,5\na,7\n'
    told = explained(tmp_path, content, Showing(lines=(4, 6)), features=("x",))

    assert told.followed.tolist() == [1, 2]
    for line in (1, 12):
        with pytest.raises(DesignError, match=f"line {line}") as raised:
            explained(tmp_path, content, Showing(lines=(line,)), features=("x",))
        assert "lines 2 to 11" in raised.value.hint


def test_equal_rows_are_told_once_and_count_as_often_as_they_are_and_unlabelled_ones_may_weigh_less(tmp_path):
    content, x, label = table(np.random.default_rng(13), 30, 1)
    header, *lines = content.splitlines()
    told = explained(tmp_path, "\n".join([header, *(lines * 50)]) + "\n", unlabelled_weight=0.25)
    weight = np.where(label < 0, 12.5, 50.0)

    assert told.design.distinct.weight.size <= 30
    for at, height in enumerate(told.turns[0]):
        expected = log_likelihood(x, label, weight, Mixture(*told.own(at)), [0, 1])
        assert height.log_likelihood == pytest.approx(expected)
