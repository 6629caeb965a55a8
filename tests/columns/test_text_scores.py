"""Texts as predictors: what they are made of, and that whole tables, parts and saved models say the same of a row."""

import numpy as np
import pytest
from builders import opened_table

from em_impute.columns.labels import read_labels
from em_impute.columns.text_scores import fit_text_scores


def towns(n_rows=600, n_towns=80, seed=1):
    """Rows of which the town, one of more than a category may have, decides most of the label."""
    rng = np.random.default_rng(seed)
    town, kind_of = rng.integers(0, n_towns, n_rows), rng.integers(0, 2, n_towns)
    kind = np.where(rng.random(n_rows) < 0.1, 1 - kind_of[town], kind_of[town])
    x = rng.normal(size=n_rows)
    lost = rng.random(n_rows) < 0.3
    return [
        f"{'' if lost[i] else 'ab'[kind[i]]},{x[i]:.3f},{'' if i % 50 == 0 else f'Town {town[i]}'}\n"
        for i in range(n_rows)
    ], kind


def scored(folder, rows, cluster=None):
    """Fit scores of texts to a table: what is found, and the labels."""
    with opened_table(folder, f"g,x,town\n{''.join(rows)}") as (opened, request):
        labels = read_labels("g", opened.table.targets[0], request)
        found = fit_text_scores(opened.table, opened.names, labels.label, labels.labels, None, 1, cluster=cluster)
        return found, labels, opened


def test_a_column_of_many_texts_that_tells_the_label_becomes_a_number(tmp_path):
    rows, kind = towns()
    (texts, table), labels, opened = scored(tmp_path, rows)
    score = table.numbers[opened.table.n_columns].values
    unlabelled = labels.label < 0
    assert texts.names == ("texts for a",)
    assert texts.columns == ("town",)
    assert texts.n_missing == {"town": 12}
    assert ((score[unlabelled] > 0) == (kind[unlabelled] == 0)).mean() > 0.8  # a tenth is wrong on purpose


def test_the_score_of_a_labelled_row_does_not_know_its_label(tmp_path):
    # Oracle: with every label the opposite in one row, its score stays, as no fit that scores it has seen it.
    rows, _ = towns()
    (_, before), labels, _ = scored(tmp_path, rows)
    row = int(np.flatnonzero(labels.label == 0)[7])
    changed = [*rows]
    changed[row] = f",{rows[row].split(',', 1)[1]}"
    (_, after), *_ = scored(tmp_path, changed)
    at = before.n_columns
    own, others = before.numbers[at].values[row], after.numbers[at].values[row]
    assert np.sign(own) == np.sign(others)


def test_the_score_of_a_row_to_fill_does_not_know_labels_of_its_key(tmp_path):
    # Oracle: with labels of one key the opposite, scores of its rows to fill stay, but for the average over ridges.
    rows, _ = towns()
    rows[:12] = [f"{'' if k % 2 else 'a'},0,Town A\n" for k in range(12)]
    key = np.maximum(np.arange(len(rows)) // 3, 3).astype(np.int16)  # the first twelve have one key
    (_, before), labels, _ = scored(tmp_path, rows, key)
    to_fill = np.flatnonzero(labels.label[:12] < 0)
    changed = [*rows]
    changed[2:12:2] = ["b,0,Town A\n"] * 5  # by the label of the first, folds are made
    (texts, after), *_ = scored(tmp_path, changed, key)
    at = before.n_columns
    one, other = (table.numbers[at].values[to_fill] for table in (before, after))
    assert one == pytest.approx(other, abs=0.05)
    assert np.abs(texts.added(after, at).numbers[at].values[to_fill] - other).min() > 0.2  # what knows them says else


def test_rows_to_fill_that_have_a_key_do_not_count_as_labels(tmp_path):
    rows, _ = towns()
    numbers = [f"{row.rsplit(',', 1)[0]},{k % 20 if k % 3 else ''}\n" for k, row in enumerate(rows)]
    assert scored(tmp_path, numbers, (np.arange(len(rows)) // 4).astype(np.int16))[0] is None


def test_postcodes_that_tell_the_label_are_texts_and_never_numbers(tmp_path):
    rng = np.random.default_rng(2)
    codes = rng.choice(["02139", "01002", "90210", "60601", "07030", "94105"], 200)
    kind = np.isin(codes, ["02139", "90210", "07030"])
    told = [f"{'' if i % 3 == 0 else 'ab'[int(kind[i])]},{rng.normal():.2f},{codes[i]}\n" for i in range(200)]
    (texts, table), labels, opened = scored(tmp_path, told)
    to_fill = labels.label < 0
    score = table.numbers[opened.table.n_columns].values[to_fill]
    assert (texts.columns, texts.n_missing) == (("town",), {"town": 0})
    assert ((score < 0) == kind[to_fill]).all()

    silent = [
        f"{one.split(',')[0]},{one.split(',')[1]},{code}\n"
        for one, code in zip(told, rng.permutation(codes), strict=True)
    ]
    assert scored(tmp_path, silent)[0] is None
    one_each = [f"{one.rpartition(',')[0]},{k:05}\n" for k, one in enumerate(told)]
    assert scored(tmp_path, one_each)[0] is None


def test_identifiers_and_names_that_are_taken_do_not_mix_with_scores(tmp_path):
    rows, _ = towns()
    more = [f"{row.rstrip()},{i:05d}-{i % 7},{i}\n" for i, row in enumerate(rows)]
    with opened_table(tmp_path, f"g,x,town,code,texts for a\n{''.join(more)}") as (opened, request):
        labels = read_labels("g", opened.table.targets[0], request)
        texts, _ = fit_text_scores(opened.table, opened.names, labels.label, labels.labels, None, 1)
    assert texts.names == ("texts for a'",)
    assert texts.n_missing == {"town": 12}


def test_codes_speak_where_what_they_begin_with_tells_the_label(tmp_path):
    rng = np.random.default_rng(3)
    site = rng.integers(0, 12, 300)
    kind = np.where(rng.random(300) < 0.1, rng.integers(0, 2, 300), site % 2)

    def coded(sites):
        return [
            f"{'' if k % 3 == 0 else 'ab'[kind[k]]},{rng.normal():.2f},{one + 10}-{rng.integers(10_000, 99_999)}\n"
            for k, one in enumerate(sites)
        ]

    (texts, table), labels, opened = scored(tmp_path, coded(site))
    to_fill = labels.label < 0
    score = table.numbers[opened.table.n_columns].values[to_fill]
    assert texts.columns == ("town",)
    assert ((score < 0) == (kind[to_fill] == 1)).mean() > 0.85
    assert scored(tmp_path, coded(rng.permutation(site)))[0] is None


@pytest.mark.parametrize("mark", ["x", "1"])
def test_the_gaps_of_a_column_that_is_constant_otherwise_are_a_predictor(mark, tmp_path):
    rows, kind = towns()
    told = [f"{row.rpartition(',')[0]},{mark if one else ''}\n" for row, one in zip(rows, kind, strict=True)]
    (texts, _), *_ = scored(tmp_path, told)
    assert texts.n_missing == {"town": int((kind == 0).sum())}


@pytest.mark.parametrize("others", [["parts-0.csv", "parts-1.csv"], ["whole.csv", "--model", "m.json"]])
def test_parts_and_saved_models_fill_by_texts_as_the_whole_table_is_filled(others, run, tmp_path):
    rows, kind = towns(900)
    (tmp_path / "whole.csv").write_text(f"g,x,town\n{''.join(rows)}")
    for number, part in enumerate((rows[:400], rows[400:])):
        (tmp_path / f"parts-{number}.csv").write_text(f"g,x,town\n{''.join(part)}")
    asked = ("fill", "whole.csv", "-c", "g", "-qq", "--no-report", "--probability")
    assert 0 == run(*asked, "-o", "expected.csv", "--save-model", "m.json").returncode
    (tmp_path / "out").mkdir()
    options = ("-o", "out/whole.csv") if "--model" in others else ("-c", "g", "-o", "out/")
    assert 0 == run("fill", *others, *options, "-qq", "--no-report", "--probability").returncode
    expected = (tmp_path / "expected.csv").read_text().splitlines()
    filled = [line for path in sorted((tmp_path / "out").glob("*.csv")) for line in path.read_text().splitlines()[1:]]
    assert filled == expected[1:]
    assert 0 == run("fill", "whole.csv", "--model", "m.json", "-o", "again.csv", "-r", "r.json").returncode
    lost = [i for i, row in enumerate(rows) if row.startswith(",")]
    assert np.mean([expected[1 + i][0] == "ab"[kind[i]] for i in lost]) > 0.8
