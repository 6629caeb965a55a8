"""The whole way, in this process: outside the filled cells, bytes are bytes."""

from dataclasses import replace

import numpy as np
import pytest
from builders import csv_of, opened_table, silent

from em_impute.api.session import Completed
from em_impute.em.families import FAMILIES
from em_impute.missingness.reasons import BY_CLASS
from em_impute.pipeline.complete import complete_all

SOME = ["full", "tied", "diag", "vev"]
"""Families that stand for all: with covariances that are free, shared, without correlations, and of one shape."""


def test_row_order_does_not_change_what_a_row_gets(tmp_path):
    rng = np.random.default_rng(0)
    label = np.where(rng.random(200) < 0.5, "a", "b")
    x = rng.normal(np.where(label == "a", 0, 2), 1)
    cells = np.where(rng.random(200) < 0.4, "", label)
    rows = [f"{cell},{value!r},{i}" for i, (cell, value) in enumerate(zip(cells, x.tolist(), strict=True))]

    def filled(lines):
        with opened_table(tmp_path, "g,x,row_id\n" + "\n".join(lines) + "\n", covariance="full") as (opened, request):
            done = Completed(opened, complete_all(opened, request, silent), request)
            output = b"".join(next(done.contents())).decode()
        return sorted(output.splitlines()[1:], key=lambda line: int(line.split(",")[2]))

    assert filled(rows) == filled([rows[i] for i in rng.permutation(200)])


def test_rows_that_show_no_predictor_get_the_commoner_label_with_its_share(tmp_path):
    text = "g,x\na,1\na,2\na,1.5\nb,9\n,\n,NA\n"
    with opened_table(tmp_path, text, covariance="tied") as (opened, request):
        (completion,) = complete_all(opened, request, silent)

    np.testing.assert_array_equal(completion.fills.code, [0, 0])
    np.testing.assert_allclose(completion.fills.probability, 0.75, atol=1e-6)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize(
    "covariance", [*SOME, *(pytest.param(name, marks=pytest.mark.exhaustive) for name in FAMILIES if name not in SOME)]
)
def test_a_family_fills_every_cell(tmp_path, covariance, labelled):
    # Two heaps 10 standard deviations apart: no family takes a row of one for a row of the other.
    rng = np.random.default_rng(2)
    truth = np.arange(80) % 2
    x = rng.normal(10.0 * truth, 1.0, (3, 80))
    known = (np.arange(80) < 20) & labelled
    cells = ["ab"[k] if shown else "" for k, shown in zip(truth, known, strict=True)]
    options = {"labels": () if labelled else ("a", "b"), "covariance": covariance}
    with opened_table(tmp_path, csv_of("g,x,y,z", cells, *x.tolist()), **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)

    np.testing.assert_array_equal(completion.fills.code, truth[~known])
    assert completion.fitted.mixture.recipe.family == covariance


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
    assert other.interval is None


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
