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


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "last"])
def test_hidden_cells_are_emptied_and_no_other_byte_changes(load, newline, end):
    """The oracle is the text put together by hand, with quotes, line ends and delimiters inside other cells."""
    rows = ['"a,""b"""', f'"x{newline}y"', '5" pipe'], ["M", '"F, or so"', "F"], ["1", "", '" "']
    table = [["text", "sex", "n"], *zip(*rows, strict=True)]
    emptied = [[one, "" if row in {1, 3} else sex, n] for row, (one, sex, n) in enumerate(table)]
    content, expected = (
        (newline.join(map(",".join, some)) + newline * (end == "")).encode() for some in (table, emptied)
    )

    found = load("raw_tables").blanked(content, 1, np.array([True, False, True]))

    assert expected == found


def test_a_larger_share_hides_what_a_smaller_one_does_and_a_seed_is_kept_to(load, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,label\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(200)))
    raw, table = load("raw_tables"), load("accuracy_cases").Table("t", path, "label", (), ())

    few, many, again, other = (
        raw.hide_cells(table, *how).hidden for how in [("30 %", 0), ("90 %", 0), ("30 %", 0), ("30 %", 1)]
    )

    assert (60, 180) == (few.sum(), many.sum())
    assert many[few].all()
    assert (few == again).all()
    assert (few != other).any()
