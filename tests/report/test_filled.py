"""How sure each fill is, counted again in a loop."""

import numpy as np

from em_impute.choose import BANDS, Fills
from em_impute.report.filled import filled_markdown, filled_section


def fills_of(code, probability):
    code = np.asarray(code)
    return Fills(np.arange(code.size) * 2, code, np.asarray(probability), np.zeros(2))


def lines(rows):
    return rows + 2


def test_every_filled_cell_is_in_the_band_of_its_probability():
    rng = np.random.default_rng(1)
    code, probability = rng.integers(-1, 2, 300), np.round(rng.uniform(0.3, 1.0, 300), 2)
    found = filled_section(fills_of(code, probability), ("a", "b"), lines)

    expected = {}
    for k, p in zip(code.tolist(), probability.tolist(), strict=True):
        if k >= 0:
            low = max(edge for edge in BANDS[:-1] if edge <= p)
            expected.setdefault(low, [0, 0])[k] += 1
    assert {one["low"]: list(one["labels"].values()) for one in found["by_band"]} == dict(sorted(expected.items()))
    assert sum(one["cells"] for one in found["by_band"]) == np.count_nonzero(code >= 0)


def test_many_cells_are_looked_at_slice_by_slice(monkeypatch):
    monkeypatch.setattr("em_impute.engine.blocks.SLICE", 7)
    rng = np.random.default_rng(2)
    code, probability = rng.integers(-1, 2, 300), np.round(rng.uniform(0.4, 1.0, 300), 1)  # many are equally certain
    found = filled_section(fills_of(code, probability), ("a", "b"), lines)

    least = sorted((p, row) for row, (k, p) in enumerate(zip(code, probability, strict=True)) if k >= 0)[:10]
    assert [(one["probability"], one["line"]) for one in found["least_certain"]] == [
        (p, 2 * row + 2) for p, row in least
    ]
    assert sum(one["cells"] for one in found["by_band"]) == np.count_nonzero(code >= 0)


def test_the_least_certain_cells_are_named_with_their_lines():
    found = filled_section(fills_of([0, 1, -1, 1], [0.9, 0.55, 0.3, 0.6]), ("a", "b"), lines)

    assert found["least_certain"] == [
        {"line": 4, "label": "b", "probability": 0.55},
        {"line": 8, "label": "b", "probability": 0.6},
        {"line": 2, "label": "a", "probability": 0.9},
    ]


def test_a_column_in_which_nothing_was_filled_has_no_such_section():
    assert filled_section(fills_of([-1, -1], [0.5, 0.5]), ("a", "b"), lines) is None
    assert list(filled_markdown(None)) == []


def test_a_label_is_shown_literally():
    text = "\n".join(filled_markdown(filled_section(fills_of([0], [0.7]), ("<b>|", "c"), lines)))
    assert "\\<b\\>\\|" in text
