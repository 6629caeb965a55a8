"""EM explained: every number that is told is what a slow loop over all rows finds."""

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles import Mixture, completed, draw, log_likelihood, responsibilities
from scipy.stats import multivariate_normal

from em_impute.engine.families import FAMILIES
from em_impute.errors import DesignError, FitError
from em_impute.explain.loop import Showing
from em_impute.explain.story import explain

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


@pytest.mark.parametrize("missing", [0.0, 0.25])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_q_and_the_log_likelihood_are_those_of_a_loop_over_all_rows_in_the_units_of_the_data(tmp_path, missing, offset):
    content, x, label = table(np.random.default_rng(4), missing=missing, offset=offset)
    told = explained(tmp_path, content)

    for turn in told.turns[:3]:
        before, after = (Mixture(*told.own(turn.iteration - 1 + later)) for later in (0, 1))
        assert turn.before.q == pytest.approx(naive_q(x, label, before, before), rel=1e-8)
        assert turn.after.q == pytest.approx(naive_q(x, label, before, after), rel=1e-8)
        for height, at in ((turn.before, before), (turn.after, after)):
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


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(list(FAMILIES)),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([0.0, 0.1, 0.6]),
    st.integers(1, 3),
    st.sampled_from([None, 0.0, 1.0, 3.0]),
)
def test_the_log_likelihood_gains_at_least_as_much_as_q_and_q_never_falls(
    tmp_path, seed, family, missing, known, n_features, strength
):
    """Dempster, Laird & Rubin (1977), theorem 1: log L(θ') − log L(θ) ≥ Q(θ'|θ) − Q(θ|θ) ≥ 0, priors added."""
    content, _, _ = table(np.random.default_rng(seed), 40, n_features, known=known, missing=missing)
    names = {} if known else {"labels": ("a", "b")}
    options = {"covariance": family, "prior_strength": strength, "max_iter": 30, "tolerance": 1e-5, **names}
    try:
        told = explained(tmp_path, content, **options)
    except FitError:
        assert strength == 0.0
        return
    for _, before, after in told.turns:
        prior = after.log_prior - before.log_prior
        of_q, of_height = after.q - before.q + prior, after.log_likelihood - before.log_likelihood + prior
        slack = FALL * (1.0 + abs(after.q))

        assert of_q >= -slack
        assert of_height >= of_q - slack


def test_each_iteration_starts_where_the_last_one_ended(tmp_path):
    content, _, _ = table(np.random.default_rng(6), missing=0.2)
    told = explained(tmp_path, content)

    assert [turn.iteration for turn in told.turns] == list(range(1, told.n_iterations + 1))
    for last, turn in zip(told.turns, told.turns[1:], strict=False):
        assert turn.before.log_likelihood == last.after.log_likelihood


def test_the_start_is_the_shares_and_means_of_the_labelled_rows_and_their_pooled_covariance(tmp_path):
    content, x, label = table(np.random.default_rng(7))
    told = explained(tmp_path, content)
    start, known = told.own(0), label >= 0
    mean = np.array([x[label == k].mean(axis=0) for k in range(2)])
    centred = x[known] - mean[label[known]]

    assert (told.start.kind, told.start.pooled) == ("labels", True)
    assert start.weight == pytest.approx(np.bincount(label[known]) / known.sum())
    assert start.mean == pytest.approx(mean)
    assert start.covariance == pytest.approx(np.array([centred.T @ centred / known.sum()] * 2))


def test_few_labelled_rows_start_with_the_covariance_of_all_rows(tmp_path):
    content, x, _ = table(np.random.default_rng(7), known=0.0)
    lines = content.splitlines()
    lines[1:4] = [f"{name}{line}" for name, line in zip("aba", lines[1:4], strict=True)]
    told = explained(tmp_path, "\n".join(lines) + "\n")

    assert (told.start.kind, told.start.pooled) == ("labels", False)
    assert told.own(0).covariance[1] == pytest.approx(np.cov(x.T, ddof=0))


def test_without_labels_every_component_starts_at_a_row_with_the_covariance_of_all_rows(tmp_path):
    content, x, _ = table(np.random.default_rng(8), known=0.0)
    told = explained(tmp_path, content, labels=("low", "high"))
    start, final = told.own(0), told.own(told.n_iterations)

    assert (told.start.kind, told.start.n_starts) == ("random", 10)
    assert start.weight.tolist() == [0.5, 0.5]
    assert start.covariance == pytest.approx(np.array([np.cov(x.T, ddof=0)] * 2))
    assert all(np.abs(x - mean).sum(axis=1).min() < 1e-9 for mean in start.mean)
    assert told.components == ("low", "high")
    assert final.mean[0, 0] < final.mean[1, 0]


def test_groups_are_named_by_the_feature_that_is_asked_for_in_every_iteration_alike(tmp_path):
    content, _, _ = table(np.random.default_rng(8), known=0.0)
    lines = [line.split(",") for line in content.splitlines()]
    turned = "\n".join(["g,x0,x1", *(f",{a},{-float(b):.1f}" for _, a, b in lines[1:])]) + "\n"
    one, other = (explained(tmp_path, turned, labels=("low", "high"), order_by=name) for name in ("x0", "x1"))
    last = one.n_iterations

    assert np.diff(one.own(last).mean[:, 0]) > 0.0
    assert np.diff(other.own(last).mean[:, 1]) > 0.0
    swapped = one.own(last).mean.tolist() != other.own(last).mean.tolist()
    for iteration in range(last + 1):
        mean = one.own(iteration).mean
        assert (mean[::-1] if swapped else mean).tolist() == other.own(iteration).mean.tolist()


def test_old_faithful_ends_at_the_likelihood_that_mclust_finds(samples):
    """The log-likelihood of VVV with two components: -1130.264 (Scrucca et al. 2016, "mclust 5", section 2)."""
    content = (samples / "faithful.csv").read_bytes()
    told = explained(samples, content, column="kind", labels=("short", "long"))

    assert told.stop == "converged"
    assert told.turns[-1].after.log_likelihood == pytest.approx(-1130.264, abs=1e-3)


def test_with_every_label_known_q_is_the_log_likelihood_and_the_first_m_step_ends_it(tmp_path):
    content, x, label = table(np.random.default_rng(9), known=1.1)
    told = explained(tmp_path, content)

    assert told.stop == "converged"
    assert told.n_iterations <= 4
    assert told.own(1).mean == pytest.approx(told.own(told.n_iterations).mean)
    assert told.own(1).covariance[0] == pytest.approx(np.cov(x[label == 0].T, ddof=0))
    assert told.turns[0].after.q == pytest.approx(told.turns[0].after.log_likelihood)


def test_where_maximum_likelihood_collapses_the_default_prior_helps_unless_zero_was_asked_for(tmp_path):
    content = csv_of("g,x,y", [*"aaabbb", None, None], [1, 1, 1, 3, 4, 6, 2, 5], [1, 1, 1, 9, 5, 7, 3, 6])
    told = explained(tmp_path, content)

    assert told.prior_strength == 1.0
    assert "singular" in told.collapse
    with pytest.raises(FitError, match="singular") as raised:
        explained(tmp_path, content, prior_strength=0.0)
    assert "--prior-strength" in raised.value.hint


def test_known_labels_are_clamped_and_others_share_themselves_out(tmp_path):
    content, _, label = table(np.random.default_rng(10))
    told = explained(tmp_path, content)
    shares = told.shares_of(0, told.told.x, told.told.label)

    assert told.told.label.tolist().count(-1) == 4
    assert shares.sum(axis=1) == pytest.approx(np.ones(5))
    for line, code, share in zip(told.told.line, told.told.label, shares, strict=True):
        assert code == label[line - 2]
        assert code < 0 or share[code] == 1.0


def test_the_rows_that_are_chosen_run_from_the_most_doubtful_to_the_most_certain(tmp_path):
    content, x, label = table(np.random.default_rng(11), missing=0.1)
    told = explained(tmp_path, content, Showing(n_rows=6, steps=None))
    certainty = responsibilities(x, label, Mixture(*told.own(0)), [0, 1]).max(axis=1)
    shows = ~np.isnan(x).all(axis=1)
    chosen = told.told.line[told.told.label < 0] - 2

    assert certainty[chosen].min() == pytest.approx(certainty[(label < 0) & shows].min())
    assert certainty[chosen].max() == pytest.approx(certainty[(label < 0) & shows].max())


def test_values_are_shown_as_the_file_has_them(tmp_path):
    content, x, _ = table(np.random.default_rng(12), missing=0.3)
    told = explained(tmp_path, content, Showing(lines=(2, 9, 30)))

    assert told.told.line.tolist() == [2, 9, 30]
    np.testing.assert_array_equal(told.told.values, x[[0, 7, 28]])


def test_a_line_within_a_cell_of_several_lines_belongs_to_its_row(tmp_path):
    content = 'g,x\na,1\n"b\nb\nb",2\na,3\n"b\nb\nb",4\n,5\n'
    told = explained(tmp_path, content, Showing(lines=(4, 6)), features=("x",))

    assert told.told.values.ravel().tolist() == [2.0, 3.0]
    assert told.told.line.tolist() == [3, 6]


@pytest.mark.parametrize("line", [1, 12, 13])
def test_a_line_that_is_no_row_is_refused(tmp_path, line):
    content = 'g,x\na,1\n"b\nb\nb",2\na,3\n"b\nb\nb",4\n,5\na,7\n'

    with pytest.raises(DesignError, match=f"line {line}") as raised:
        explained(tmp_path, content, Showing(lines=(line,)), features=("x",))
    assert "lines 2 to 11" in raised.value.hint


def test_equal_rows_are_told_once_and_count_as_often_as_they_are(tmp_path):
    content, x, label = table(np.random.default_rng(13), 30, 1)
    header, *lines = content.splitlines()
    told = explained(tmp_path, "\n".join([header, *(lines * 50)]) + "\n")
    expected = log_likelihood(x, label, np.full(30, 50.0), Mixture(*told.own(0)), [0, 1])

    assert told.rows.weight.size <= 30
    assert told.turns[0].before.log_likelihood == pytest.approx(expected)
    assert told.turns[0].before.q == pytest.approx(50 * naive_q(x, label, *[Mixture(*told.own(0))] * 2))


def test_other_units_change_no_gain_and_no_responsibility(tmp_path):
    content, x, label = table(np.random.default_rng(14), 60, missing=0.2)
    names = [None if k < 0 else "ab"[k] for k in label]
    cells = [[None if np.isnan(value) else 1000 * value - 7 for value in column] for column in x.T]
    one, other = explained(tmp_path, content), explained(tmp_path, csv_of("g,x0,x1", names, *cells))

    for a, b in zip(one.turns, other.turns, strict=True):
        assert a.after.q - a.before.q == pytest.approx(b.after.q - b.before.q, abs=1e-7)
    assert one.shares_of(1, one.told.x, one.told.label) == pytest.approx(other.shares_of(1, one.told.x, one.told.label))


def test_unlabelled_rows_may_weigh_less(tmp_path):
    content, x, label = table(np.random.default_rng(15))
    told = explained(tmp_path, content, unlabelled_weight=0.25)
    weight = np.where(label < 0, 0.25, 1.0)
    expected = log_likelihood(x, label, weight, Mixture(*told.own(1)), [0, 1])

    assert told.turns[0].after.log_likelihood == pytest.approx(expected)


def test_a_label_may_have_several_components_and_a_known_row_belongs_to_any_of_its_own(tmp_path):
    content, _, _ = table(np.random.default_rng(16), 200)
    told = explained(tmp_path, content, components=2, prior_strength=1.0)
    shares = told.shares_of(1, told.told.x, told.told.label)
    known = told.told.label >= 0

    assert told.components == ("a 1", "a 2", "b 1", "b 2")
    for code, share in zip(told.told.label[known], shares[known], strict=True):
        assert share[told.component_label == code].sum() == pytest.approx(1.0)
        assert share[told.component_label != code].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("pictures", [False, True])
def test_of_thousands_of_iterations_the_parameters_of_some_are_kept(tmp_path, pictures):
    content, _, _ = table(np.random.default_rng(17), 50, known=0.0)
    told = explained(
        tmp_path, content, Showing(steps=2, pictures=pictures), labels=("a", "b"), tolerance=0.0, max_iter=1000
    )
    kept = sorted(told.parameters)

    assert kept[:3] == [0, 1, 2]
    assert kept[-1] == told.n_iterations
    assert len(kept) <= (100 if pictures else 4)
    assert not pictures or kept[:61] == list(range(61))


def test_the_iterations_end_where_the_user_says(tmp_path):
    content, _, _ = table(np.random.default_rng(18), known=0.0)
    told = explained(tmp_path, content, labels=("a", "b"), max_iter=4)

    assert (told.n_iterations, told.stop) == (4, "max_iter")


def test_no_label_and_no_name_for_one_is_refused_with_what_helps(tmp_path):
    content, _, _ = table(np.random.default_rng(18), known=0.0)

    for components in (None, "auto"):
        with pytest.raises(FitError, match="no label is known") as raised:
            explained(tmp_path, content, components=components)
        assert "--components 2" in raised.value.hint
