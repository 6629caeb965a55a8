"""The whole way, in this process: outside the filled cells, bytes are bytes."""

from dataclasses import replace

import numpy as np
import pytest
from builders import csv_of, opened_table, silent

from em_impute.missingness.reasons import BY_CLASS
from em_impute.pipeline.complete import complete_all


def test_a_shift_of_log_odds_moves_every_probability_by_it(tmp_path):
    """The odds of each missing cell, with and without the shift; what follows from shifts is told from no shift on."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 80)
    x = (rng.normal(size=80) + 1.5 * truth).round(6)
    rows = csv_of("g,x", ["ab"[k] if i < 50 else None for i, k in enumerate(truth)], x.tolist())
    with opened_table(tmp_path, rows, examined=True, probabilities=True) as (opened, request):
        (plain,) = complete_all(opened, request, silent)
        (shifted,) = complete_all(opened, replace(request, deltas=(("b", 1.2),)), silent)

    odds = plain.fills.probabilities[:, 1] / plain.fills.probabilities[:, 0]
    assert shifted.fills.probabilities[:, 1] / shifted.fills.probabilities[:, 0] == pytest.approx(odds * np.exp(1.2))
    assert shifted.fills.expected == pytest.approx(shifted.fills.probabilities.sum(axis=0))
    assert shifted.diagnostics.uncertainty.totals[1].estimate > plain.diagnostics.uncertainty.totals[1].estimate + 2
    one, other = plain.diagnostics.sensitivity.sweeps[0], shifted.diagnostics.sensitivity.sweeps[0]
    assert np.array_equal(one.share, other.share)


def test_labels_hidden_at_random_are_not_lost_by_class_where_some_are_rare(tmp_path):
    evidence = []
    for seed in range(3, 8):
        rng = np.random.default_rng(seed)
        label = rng.choice(3, 800, p=(0.05, 0.05, 0.9))
        x = 2.0 * rng.normal(size=(12, 4))[rng.integers(0, 12, 800)] + 0.3 * rng.normal(size=(800, 4))  # no Gaussians
        x += 0.3 * rng.normal(size=(3, 4))[label]
        known = rng.permutation(800) < 80
        cells = ["abc"[k] if shown else "" for k, shown in zip(label, known, strict=True)]
        with opened_table(tmp_path, csv_of("g,w,x,y,z", cells, *x.round(3).T.tolist())) as (opened, request):
            (completion,) = complete_all(opened, request, silent)
        evidence.append(completion.fitted.reasons.log_evidence[BY_CLASS])

    # Evidence for what is wrong is 1 to 1 on average, so that more than 100 to 1 is met once in a hundred tables.
    assert max(evidence) < np.log(100.0)
