"""Labels missing by their class: shifts by Bayes' theorem in a simulated world, totals by loops."""

from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from em_impute.diagnostics.uncertainty import DELTAS, sweep
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
    assert found.labels_left_out == 0
