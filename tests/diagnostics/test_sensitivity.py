"""Labels missing by their class: shifts by Bayes' theorem in a simulated world, totals by loops."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from em_impute.diagnostics import sensitivity
from em_impute.diagnostics.sensitivity import DELTAS, sweep
from em_impute.errors import UsageError
from em_impute.model.assign import deltas_of, shift_log_odds

N_LABELS = st.integers(2, 5)


@st.composite
def probabilities(draw):
    """Some rows of probabilities, and a shift for every label."""
    n_labels = draw(N_LABELS)
    raw = draw(hnp.arrays(float, (draw(st.integers(1, 6)), n_labels), elements=st.floats(0.0, 1.0)))
    raw[:, 0] += 1e-3
    delta = draw(hnp.arrays(float, n_labels, elements=st.floats(-30.0, 30.0)))
    return raw / raw.sum(axis=1, keepdims=True), delta


def naive_tilt(row, delta):
    raw = [p * exp(d) for p, d in zip(row, delta, strict=True)]
    return [value / sum(raw) for value in raw]


def uneven(n_rows, n_labels, seed=0):
    """Probabilities from nearly 0 to nearly 1, counts of equal rows, and counts of known ones."""
    rng = np.random.default_rng(seed)
    raw = np.exp(3 * rng.normal(size=(n_rows, n_labels)))
    labels = tuple("abcdefghijklmnopqrstuvwxyz"[:n_labels])
    return raw / raw.sum(axis=1, keepdims=True), rng.integers(1, 4, n_rows).astype(float), rng.integers(0, n_rows, n_labels), labels  # fmt: skip


def total_at(probability, weight, known, k, delta):
    shift = np.zeros(probability.shape[1])
    shift[k] = delta
    return known + weight @ np.array([naive_tilt(row, shift) for row in probability])


# Tilting


@settings(deadline=None, max_examples=25)
@given(probabilities())
def test_tilting_is_bayes_theorem_row_by_row(case):
    probability, delta = case

    found = shift_log_odds(probability, delta)

    np.testing.assert_allclose(found, [naive_tilt(row, delta) for row in probability], rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)


def test_a_label_of_probability_0_keeps_it_and_no_shift_is_too_large():
    probability = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1e-300, 1.0]])

    found = shift_log_odds(probability, np.array([0.0, 2000.0, -2000.0]))

    np.testing.assert_array_equal(found, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])


# Shifts that were asked for


def test_a_label_that_is_named_twice_is_refused():
    with pytest.raises(UsageError, match="'f'"):
        deltas_of(("f", "m"), (("f", 1.0), ("m", 1.0), ("f", 1.0)))


# The sweep


@pytest.mark.parametrize("n_labels", [2, 5])
def test_totals_and_shares_are_those_of_a_loop_over_rows(n_labels):
    probability, weight, known, labels = uneven(60, n_labels)

    found = sweep(probability, weight, known, labels)

    assert found.deltas == DELTAS == tuple(np.arange(-2, 2.5, 0.5))
    assert [one.label for one in found.sweeps] == list(labels[: 1 if n_labels == 2 else n_labels])
    for k, one in enumerate(found.sweeps):
        expected = [total_at(probability, weight, known, k, delta)[k] for delta in DELTAS]
        np.testing.assert_allclose(one.share, np.array(expected) / (known.sum() + weight.sum()), rtol=1e-12)
        assert one.interval is None
    assert found.labels_left_out == 0
    assert found.most_common == labels[int((known + weight @ probability).argmax())]


def naive_tipping(probability, weight, known, labels):
    """The smallest shift on a fine grid that changes the most common label."""
    leader = int((known + weight @ probability).argmax())
    for size in np.arange(0, 5.0001, 0.01):
        for k in range(len(labels)):
            for delta in (-size, size):
                total = total_at(probability, weight, known, k, delta)
                if total.argmax() != leader:
                    return size
    return None


@pytest.mark.parametrize(("n_labels", "seed"), [(2, 0), (2, 1), (3, 2), (3, 3)])
def test_the_tipping_value_is_where_the_most_common_label_changes(n_labels, seed):
    probability, weight, known, labels = uneven(12, n_labels, seed)

    found = sweep(probability, weight, known, labels)

    naive = naive_tipping(probability, weight, known, labels)
    if naive is None:
        assert found.tipping is None
        return
    k, delta = labels.index(found.tipping.label), found.tipping.delta
    below, above = (total_at(probability, weight, known, k, delta + side * np.sign(delta) * 2e-3) for side in (-1, 1))
    assert labels[below.argmax()] == found.most_common
    assert labels[above.argmax()] == found.tipping.most_common != found.most_common
    assert naive - 0.012 <= abs(delta) <= naive + 0.002  # which says two decimals


def test_a_shift_of_one_label_can_change_the_order_of_two_others():
    # 100 known "a"; 150 rows are "b" or "c" at .6 to .4.  Less of "c" is more of "b": 150 · .6 / (.6 + .4·exp(δ)) = 100.
    totals = sensitivity._totals(np.array([[0.0, 0.6, 0.4]]), np.array([150.0]), np.array([100.0, 0.0, 0.0]), 2)

    found = sensitivity._tippings(totals, ("a", "b", "c"), 2, 0)

    assert [one[::2] for one in found] == [("c", "b"), ("c", "c")]
    np.testing.assert_allclose([one.delta for one in found], [log(0.75), log(3.0)], atol=1e-3)


@pytest.mark.parametrize("n_labels", [pytest.param(2, marks=pytest.mark.exhaustive), 4])
def test_many_rows_are_binned_with_exact_totals_at_0_and_nearly_exact_ones_elsewhere(n_labels):
    probability, weight, known, labels = uneven(50_000, n_labels)
    probability[:100] = np.eye(n_labels)[np.arange(100) % n_labels]  # certain rows stay so
    # Nearly all rows in one place must not make the bins of the others wide.
    probability[200:40_000] = np.r_[1e-9, np.full(n_labels - 1, (1 - 1e-9) / (n_labels - 1))]

    found = sweep(probability, weight, known, labels)

    for k, one in enumerate(found.sweeps):
        exact = np.array(
            [(known + weight @ shift_log_odds(probability, delta * np.eye(n_labels)[k]))[k] for delta in DELTAS]
        )
        total = np.array(one.share) * (known.sum() + weight.sum())
        np.testing.assert_allclose(total[4], exact[4], rtol=1e-12)
        changed = np.abs(exact - exact[4])
        assert (np.abs(total - exact) <= 1e-4 * changed + 1e-9 * exact).all()
