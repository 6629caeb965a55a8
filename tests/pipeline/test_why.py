"""Reasons add up to what fills, and each of them is what a closed form, a naive loop or another file says."""

from dataclasses import replace

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from scipy.stats import norm

from em_impute.missingness.reasons import LogOddsShifts
from em_impute.pipeline.complete import complete_all, model_of
from em_impute.pipeline.why import MOST_PARTS, log_odds, why


def reasons(folder, content, lines, *, shifts=None, **options):
    """Give the reasons for some lines, the fit, and the probabilities that it fills by, in the order of `lines`."""
    with opened_table(folder, content, keeps_model=True, probabilities=True, **options) as (opened, request):
        (done,) = complete_all(opened, request, silent)
        found = done.fitted if shifts is None else replace(done.fitted, shifts=shifts)
        model = model_of(found, opened.names, request)
        rows = [*why(opened, model, done.labels, lines, found)]
        at = np.array(lines) - 2
        missing = np.flatnonzero(done.labels.label[at] < 0)
        place = np.searchsorted(done.fills.row, at[missing])
    return rows, model, {int(i): done.fills.probabilities[k] for i, k in zip(missing, place, strict=True)}


def table(n=240, n_labels=2, n_numbers=3, seed=3):
    """A table with numbers, a category, texts of many kinds, groups, weights and gaps everywhere."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_labels, n)
    numbers = [[f"{v:.3f}" for v in rng.normal(truth * (1.5 - 0.2 * j), 1.0)] for j in range(n_numbers)]
    colour = ["red" if v < 0.3 + 0.4 * t / n_labels else "blue" for v, t in zip(rng.random(n), truth, strict=True)]
    name = [f"{'abc'[t]}{rng.integers(0, 40)}x{rng.integers(0, 9)}" for t in truth]
    site = [*rng.choice(["north", "south"], n)]
    weight = [*rng.integers(1, 4, n)]
    for column in (*numbers, colour):
        for i in np.flatnonzero(rng.random(n) < 0.15):
            column[i] = None
    labels = ["lmn"[t] if shown else None for t, shown in zip(truth, rng.random(n) < 0.6, strict=True)]
    names = ",".join(["g", *(f"x{j}" for j in range(n_numbers)), "colour", "name", "site", "w"])
    return csv_of(names, labels, *numbers, colour, name, site, weight)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ({}, {"features": ("x0", "x1", "x2", "colour")}),
        ({"n_labels": 3}, {"features": ("x0", "x1", "colour"), "single": True}),
        ({}, {}),
        ({"n_labels": 3}, {"features": ("x0", "colour"), "by": "site"}),
        ({}, {"weights": "w", "deltas": (("l", 0.7),)}),
        ({"n_labels": 3}, {"covariance": "full", "features": ("x0", "x1", "x2")}),
        ({"n_numbers": 16}, {"covariance": "tied"}),
    ],
)
def test_parts_add_up_to_the_log_odds_that_fill(tmp_path, shape, options):
    rows, _, filled = reasons(tmp_path, table(**shape), range(2, 22), **options)

    assert len(filled) > 5
    for i, row in enumerate(rows):
        total = row.base_log_odds + sum(one.log_odds for one in row.contributions)
        assert total == pytest.approx(row.log_odds, abs=1e-9)
        assert len(row.contributions) <= MOST_PARTS
        if i in filled:
            best = int(filled[i].argmax())
            assert row.log_odds == pytest.approx(log_odds(filled[i], best), abs=1e-6)
            assert [*row.probability.values()] == pytest.approx(filled[i], abs=1e-9)
    assert any(len(row.contributions) == MOST_PARTS for row in rows) == (shape.get("n_numbers", 0) > MOST_PARTS)


def test_texts_that_are_scored_together_speak_together_the_most_telling_first(tmp_path):
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 400)
    noise, town = ([f"{a}{rng.integers(0, 300)}" for a in first] for first in ("x" * 400, ["pq"[t] for t in truth]))
    labels = [None if rng.random() < 0.3 else "lm"[t] for t in truth]
    size = rng.integers(1, 4, 400)  # few whole numbers are read as numbers and as texts
    columns = (noise, town, rng.normal(size=400), size)
    rows, *_ = reasons(tmp_path, csv_of("g,noise,town,x,size", labels, *columns), range(2, 22))

    for row in rows:
        of_texts = next(one for one in row.contributions if len(one.predictors) > 1)
        assert (of_texts.predictors[0], of_texts.log_odds > 1.0) == ("town", True)
        assert not any([*one.predictors] in (["town"], ["size"]) for one in row.contributions)


def test_reasons_for_missing_labels_count_too(tmp_path):
    """A shift of log-odds by u for one label of two is a constant on top of the log-odds of every row."""
    shifts = LogOddsShifts(np.ones(1), np.array([[1.3, 0.0]]))
    before, *_ = reasons(tmp_path, table(), [2, 3, 4], covariance="full")
    after, *_ = reasons(tmp_path, table(), [2, 3, 4], covariance="full", shifts=shifts)

    for one, other in zip(before, after, strict=True):
        sign, sign_after = (1.0 if row.label == "l" else -1.0 for row in (one, other))
        assert sign_after * other.log_odds == pytest.approx(sign * one.log_odds + 1.3, abs=1e-6)
        assert sign_after * other.base_log_odds == pytest.approx(sign * one.base_log_odds + 1.3, abs=1e-6)


def test_without_correlations_each_number_adds_its_own_likelihood_ratio(tmp_path):
    rows, model, _ = reasons(tmp_path, table(), range(2, 30), covariance="diag", features=("x0", "x1", "x2"))
    parameters = model.pooled.mixtures.parameters
    scales = {one.name: (one.shift, one.scale, j) for j, one in enumerate(model.coding.features)}

    assert sum(len(row.contributions) for row in rows) > 60
    for row in rows:
        k = model.labels.index(row.label)
        strengths = []
        for part in row.contributions:
            shift, scale, j = scales[part.predictors[0]]
            z = (part.value - shift) / scale
            ratio = [norm.logpdf(z, parameters.mean[c, j], parameters.covariance[c, j, j] ** 0.5) for c in range(2)]
            assert part.log_odds == pytest.approx(ratio[k] - ratio[1 - k], abs=1e-5)
            strengths.append(abs(part.log_odds))
        assert strengths == sorted(strengths, reverse=True)


def test_the_nearest_rows_are_those_of_a_naive_loop(tmp_path):
    content = table()
    rows, model, _ = reasons(tmp_path, content, [2, 9, 40], features=("x0", "x1", "colour"))
    scale = {one.name: one.scale for one in model.coding.features}
    lines = [line.split(",") for line in content.splitlines()]

    def distance(one, other):
        apart = [((float(one[j]) - float(other[j])) / scale[f"x{j - 1}"]) ** 2 for j in (1, 2) if one[j] and other[j]]
        apart += [2.0 * (one[4] != other[4])] if one[4] and other[4] else []
        return np.sqrt(np.mean(apart)) if apart else np.inf

    for row in rows:
        here = lines[row.line - 1]
        others = [(distance(here, one), i) for i, one in enumerate(lines, 1) if i not in {1, row.line} and one[0]]
        assert [one.distance for one in row.nearest] == pytest.approx([d for d, _ in sorted(others)[:5]])
        assert [one.label for one in row.nearest] == [lines[one.line - 1][0] for one in row.nearest]


@pytest.mark.parametrize("options", [{}, {"deltas": (("l", 0.7),)}])
def test_rows_of_one_key_are_heard_as_the_fill_hears_them(tmp_path, options):
    """The oracle is the fill; known labels of siblings make a known row's answer right more often."""
    rng = np.random.default_rng(5)
    ring = np.repeat(np.arange(70), 3)
    truth = rng.integers(0, 2, 70)[ring]
    numbers = [f"{v:.2f}" for v in rng.normal(truth * 1.5, 1.0) + rng.normal(0, 0.5, 70)[ring]]
    labels = ["lm"[t] if shown else None for t, shown in zip(truth, rng.random(210) < 0.5, strict=True)]
    content = csv_of("g,ring,x", labels, [f"R{7 * i}" for i in ring], numbers)
    rows, _, filled = reasons(tmp_path, content, range(2, 212, 3), same_within="ring", **options)
    alone = reasons(tmp_path, csv_of("g,x", labels, numbers), range(2, 212, 3), **options)[0]

    assert len(filled) > 25
    for i, row in enumerate(rows):
        total = row.base_log_odds + sum(one.log_odds for one in row.contributions)
        assert total == pytest.approx(row.log_odds, abs=1e-9)
        assert row.contributions[-1].predictors == ["ring"]
        if i in filled:
            assert [*row.probability.values()] == pytest.approx(filled[i], abs=1e-9)
    told = [row.label == row.known for row in rows if row.known is not None]
    assert np.mean(told) > np.mean([row.label == row.known for row in alone if row.known is not None]) + 0.1
    changed = next(row for row in rows if row.known is None and row.changes)
    assert changed.label != changed.changes[0].label
