"""Rows whose label is weakly founded, beside loops over the cells of the table."""

import numpy as np
import pytest
from builders import csv_of, design_of

import em_impute.columns.deduplicate
from em_impute.diagnostics.odd_rows import find_flagged

NAMES = ("x", "y", "c")


def naive(cells, columns, counts):
    """For each row without a label: what is outside (with how far, in the column's own units), and what is shown."""
    known = [i for i, cell in enumerate(cells) if cell is not None and counts[i]]
    outside, without_predictors = {}, []
    for i, cell in enumerate(cells):
        if cell is not None:
            continue
        if all(column[i] is None for column in columns):
            without_predictors.append(i)
        for name, column in zip(NAMES, columns, strict=True):
            seen = [column[k] for k in known if column[k] is not None]
            if column[i] is None or not seen:
                continue
            if name != "c" and not min(seen) <= column[i] <= max(seen):
                outside.setdefault(i, []).append((name, max(min(seen) - column[i], column[i] - max(seen))))
    return outside, without_predictors


def world(n, seed, *, coarse=False, missing=0.15):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=n), 100.0 + 1e-3 * rng.standard_t(3, size=n)
    if coarse:
        x, y = np.round(x), 100.0 + 1e-2 * np.round(rng.standard_t(1.5, size=n) / 2.0)
    c = rng.choice(list("pqrstuvw"), n, p=[0.6, 0.3, 0.09, 0.002, 0.002, 0.002, 0.002, 0.002])
    columns = [[None if rng.random() < missing else value for value in column.tolist()] for column in (x, y, c)]
    if missing:
        for column in columns:
            column[3] = column[n // 2] = None
    cells = ["ab"[k] if rng.random() < 0.25 else None for k in rng.integers(0, 2, n)]
    cells[3] = cells[n // 2] = None
    return cells, columns


@pytest.mark.parametrize(("seed", "weighed", "merging"), [(0, False, True), (1, True, True), (2, False, False)])
def test_rows_are_marked_as_a_loop_over_the_cells_marks_them(tmp_path, monkeypatch, seed, weighed, merging):
    if not merging:
        monkeypatch.setattr(em_impute.columns.deduplicate, "MAX_DISTINCT_SHARE", 0.0)
    cells, columns = world(4000, seed, coarse=True)
    weight = (np.random.default_rng(seed).random(4000) < 0.6).astype(float) if weighed else np.ones(4000)
    options = {"features": NAMES, "with_categories": True, **({"weights": "w"} if weighed else {})}
    design = design_of(tmp_path, csv_of("g,x,y,c,w", cells, *columns, weight), **options)
    row = np.flatnonzero(design.label < 0)
    row = row[[cells[i] is None for i in row]]  # labels of rows of weight 0 are forgotten, not missing
    flagged = find_flagged(design, row)

    outside, without_predictors = naive(cells, columns, weight > 0)
    assert (design.index is None) == (weighed or not merging)
    assert len(outside) > 3
    assert flagged.outside.tolist() == sorted(outside)
    assert flagged.without_predictors.tolist() == without_predictors
    sd = {one.name: one.scale for one in design.features}
    for i, predictor, value, beyond in zip(*(part.tolist() for part in flagged[:4]), strict=True):
        name = design.features[predictor].name
        assert float(f"{value:.12g}") == columns[NAMES.index(name)][i]
        distance = dict(outside[i])
        furthest = max(distance, key=lambda one: distance[one] / sd[one])
        assert name == furthest
        assert beyond == pytest.approx(distance[name] / sd[name], abs=1e-9)


def test_a_predictor_that_no_row_with_a_label_shows_marks_nothing(tmp_path):
    n = 40
    cells = ["a", "b"] * 10 + [None] * 20
    x = [float(i % 9) for i in range(n)]
    y = [None] * 20 + [float(i * i % 11) for i in range(20)]
    c = [None] * 20 + ["p", "q"] * 10
    design = design_of(tmp_path, csv_of("g,x,y,c", cells, x, y, c), features=NAMES, with_categories=True)
    flagged = find_flagged(design, np.arange(20, 40))

    assert flagged.outside.size == 0
