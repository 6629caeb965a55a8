"""The whole way, in this process: outside the filled cells, bytes are bytes."""

from dataclasses import replace

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.engine.families import FAMILIES
from em_impute.impute import complete_all, patched

LABELS = ["a", "B b", 'q"q', "c,d", "e\nf", "é", "'x'"]

free_text = st.text(st.sampled_from("ab ,;\"'\n\t|é0."), max_size=6)  # no bare CR: not every csv.writer quotes it


def spelled(cell, *, always=False):
    """Write a cell as RFC 4180 says, in quotes where it needs them."""
    return '"' + cell.replace('"', '""') + '"' if always or set(cell) & set(',;|\t"\n\r') else cell


@st.composite
def tables(draw):
    """Draw a table as records of raw cells: labels (some missing), numbers, free text, in some dialect."""
    n = draw(st.integers(6, 30))
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=2, max_size=3, unique=True))
    always = draw(st.booleans())
    cells = [labels[i % len(labels)] if i < 4 else draw(st.sampled_from([*labels, "", " ", "NA"])) for i in range(n)]
    numbers = ["0.5", "7", *(repr(draw(st.floats(-1e6, 1e6))) for _ in range(n - 2))]
    texts = [spelled(draw(free_text), always=draw(st.booleans())) for _ in range(n)]
    order = draw(st.permutations([0, 1, 2]))
    rows = [("g", "x", "t"), *zip((spelled(cell, always=always) for cell in cells), numbers, texts, strict=True)]
    records = [[row[k] for k in order] for row in rows]
    newlines = [draw(st.sampled_from(["\n", "\r\n"])) for _ in records]
    newlines[-1] = draw(st.sampled_from(["", newlines[-1]]))
    return (
        records,
        newlines,
        order.index(0),
        cells,
        draw(st.sampled_from(",;\t|")),
        draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(tables())
def test_only_missing_cells_change_and_each_becomes_a_known_label(tmp_path_factory, table):
    records, newlines, column, cells, delimiter, encoding = table
    content = "".join(delimiter.join(record) + newline for record, newline in zip(records, newlines, strict=True))
    folder = tmp_path_factory.mktemp("table")
    with opened_table(folder, content.encode(encoding), delimiter=delimiter, null_values=("NA",)) as (opened, request):
        completions = complete_all(opened, request, silent)
        output = b"".join(patched(opened, completions, request)).decode(encoding)
    known = {cell for cell in cells if cell.strip() not in {"", "NA"}}
    spellings = {spelled(label, always=True) for label in known}
    spellings |= {label for label in known if not set(label) & {delimiter, '"', "\n"}}

    at = 0
    for record, newline, cell in zip(records, newlines, ["header", *cells], strict=True):
        before = "".join(field + delimiter for field in record[:column])
        after = "".join(delimiter + field for field in record[column + 1 :]) + newline
        allowed = spellings if cell.strip() in {"", "NA"} else {record[column]}
        found = [text for text in allowed if output.startswith(before + text + after, at)]
        assert len(found) == 1
        at += len(before + found[0] + after)
    assert at == len(output)


def test_row_order_does_not_change_what_a_row_gets(tmp_path):
    rng = np.random.default_rng(0)
    label = np.where(rng.random(200) < 0.5, "a", "b")
    x = rng.normal(np.where(label == "a", 0, 2), 1)
    cells = np.where(rng.random(200) < 0.4, "", label)
    rows = [f"{cell},{value!r},{i}" for i, (cell, value) in enumerate(zip(cells, x.tolist(), strict=True))]

    def filled(lines):
        with opened_table(tmp_path, "g,x,row_id\n" + "\n".join(lines) + "\n", covariance="full") as (opened, request):
            output = b"".join(patched(opened, complete_all(opened, request, silent), request)).decode()
        return sorted(output.splitlines()[1:], key=lambda line: int(line.split(",")[2]))

    assert filled(rows) == filled([rows[i] for i in rng.permutation(200)])


def test_rows_that_show_no_predictor_get_the_commoner_label_with_its_share(tmp_path):
    text = "g,x\na,1\na,2\na,1.5\nb,9\n,\n,NA\n"
    with opened_table(tmp_path, text, covariance="tied") as (opened, request):
        (completion,) = complete_all(opened, request, silent)

    np.testing.assert_array_equal(completion.fills.code, [0, 0])
    np.testing.assert_allclose(completion.fills.probability, 0.75, atol=1e-6)


def test_expected_totals_count_every_row_also_where_equal_rows_were_merged(tmp_path):
    cells = ["a", "b", ""] * 200
    text = "g,x\n" + "".join(f"{cell},{i % 5 + 4 * (cell == 'b')}\n" for i, cell in enumerate(cells))
    with opened_table(tmp_path, text) as (opened, request):
        (completion,) = complete_all(opened, request, silent)

    assert completion.design.index is not None
    np.testing.assert_allclose(completion.fills.expected.sum(), 200)


@pytest.mark.parametrize("covariance", FAMILIES)
@pytest.mark.parametrize("labelled", [True, False])
def test_every_family_fills_every_cell(tmp_path, covariance, labelled):
    # Two heaps 10 standard deviations apart: no family takes a row of one for a row of the other.
    rng = np.random.default_rng(2)
    truth = np.arange(80) % 2
    x = rng.normal(10.0 * truth, 1.0, (3, 80))
    known = (np.arange(80) < 20) & labelled
    cells = ["ab"[k] if shown else "" for k, shown in zip(truth, known, strict=True)]
    names = () if labelled else ("a", "b")
    with opened_table(tmp_path, csv_of("g,x,y,z", cells, *x.tolist()), labels=names, covariance=covariance) as (
        opened,
        request,
    ):
        (completion,) = complete_all(opened, request, silent)

    np.testing.assert_array_equal(completion.fills.code, truth[~known])
    assert completion.mixture.recipe.family == covariance


def test_groups_without_labels_keep_their_own_shares_and_spreads_under_their_names(tmp_path):
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(0, 1, 100), rng.normal(20, 3, 400)])
    for sign, (share, spread) in ((1, (0.2, 1.0)), (-1, (0.8, 3.0))):
        text = "g,x\n" + "".join(f",{value!r}\n" for value in (sign * x).tolist())
        with opened_table(tmp_path, text, labels=("low", "high"), covariance="full") as (opened, request):
            (completion,) = complete_all(opened, request, silent)
        parameters = completion.mixture.fit.parameters

        np.testing.assert_allclose(parameters.weight, [share, 1 - share], atol=0.01)
        np.testing.assert_allclose(
            np.sqrt(parameters.covariance[0, 0, 0]) * completion.design.scale[0], spread, rtol=0.15
        )
        np.testing.assert_allclose(completion.fills.expected / 500, parameters.weight, atol=0.01)


def test_what_nobody_reads_is_not_found_out_and_changes_no_fill(tmp_path):
    rows = csv_of("g,x", ["a", "b"] * 10 + [None] * 5, [i * 1.3 for i in range(25)])
    with opened_table(tmp_path, rows) as (opened, request):
        (examined,) = complete_all(opened, request, silent)
        (plain,) = complete_all(opened, replace(request, examined=False), silent)

    assert examined.findings is not None
    assert plain.findings is None
    assert np.array_equal(examined.fills.code, plain.fills.code)
    assert np.array_equal(examined.fills.probability, plain.fills.probability)


def test_a_shift_of_log_odds_moves_every_probability_by_it(tmp_path):
    """The odds of each missing cell, with and without the shift; what follows from shifts is told from no shift on."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 80)
    x = (rng.normal(size=80) + 1.5 * truth).round(6)
    rows = csv_of("g,x", ["ab"[k] if i < 50 else None for i, k in enumerate(truth)], x.tolist())
    with opened_table(tmp_path, rows, probabilities=True) as (opened, request):
        (plain,) = complete_all(opened, request, silent)
        (shifted,) = complete_all(opened, replace(request, deltas=(("b", 1.2),)), silent)

    odds = plain.probability[:, 1] / plain.probability[:, 0]
    assert shifted.probability[:, 1] / shifted.probability[:, 0] == pytest.approx(odds * np.exp(1.2))
    assert shifted.fills.expected == pytest.approx(shifted.probability.sum(axis=0))
    assert shifted.findings.uncertainty.totals[1].low > plain.findings.uncertainty.totals[1].estimate
    one, other = plain.findings.sensitivity.sweeps[0], shifted.findings.sensitivity.sweeps[0]
    assert np.array_equal(one.total, other.total)
    assert other.interval is None
