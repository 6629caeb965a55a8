"""The accuracy benchmark: how it hides labels, and how it judges em-impute."""

import numpy as np
import pandas as pd
import pytest


def test_the_error_of_a_ratio_is_that_of_tables_drawn_anew(load):
    """The oracle is the bootstrap over tables; with 400 tables both agree to a few per cent."""
    rng = np.random.default_rng(1)
    theirs = pd.Series(rng.uniform(0.2, 1.0, 400))
    ours = 0.7 * theirs + pd.Series(rng.normal(0.0, 0.1, 400))
    drawn = rng.integers(400, size=(4000, 400))

    pair = load("accuracy_summary").Paired("LDA", ours, theirs)

    ratios = ours.to_numpy()[drawn].mean(axis=1) / theirs.to_numpy()[drawn].mean(axis=1)
    assert pair.ratio_error == pytest.approx(ratios.std(), rel=0.06)


def test_labels_are_hidden_by_class_at_rates_spread_evenly_from_15_to_85_percent(load):
    cases = load("accuracy_cases")
    truth = np.repeat([0, 1, 2, -1], [4000, 4000, 4000, 100])
    order = np.random.default_rng(0).permutation(truth.size)

    hidden = [cases.hide_by_class(truth, order, np.random.default_rng(seed)) for seed in range(6)]

    rates = np.array([[one[truth == k].mean() for k in range(3)] for one in hidden])
    assert not any(one[truth < 0].any() for one in hidden)
    assert np.sort(rates, axis=1) == pytest.approx(np.tile([0.15, 0.5, 0.85], (6, 1)), abs=0.03)
    assert len({tuple(row.argsort()) for row in rates}) > 1  # the seed says which class has which
