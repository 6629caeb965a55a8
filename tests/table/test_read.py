"""The first pass: labels, the spans that may be filled, numbers, line numbers."""

import errno
import io
import math
import random
from dataclasses import replace

import numpy as np
import pytest

from em_impute.errors import FitError, TableError, option
from em_impute.table import numbers as module
from em_impute.table.numbers import is_mark, is_shaped_like, parse_number, read_by_grammar, read_by_pandas
from em_impute.table.read import read_table
from em_impute.table.records import Grammar
from em_impute.table.scan import scan_records
from em_impute.table.summaries import WORDS, RowSieve

from . import oracle_csv
from .tables import opened, read

CELLS = ["", "M", "F", "M", '""', '" "', "NA", '"NA"', '"M"', '"a,b"', '"x\ny"', "é", '"""é"""', "5'10\"", "\xa0"]
CELLS += ["12345678", '"12345678"', "123456789", "1234567812345678", "1234567812345679"]
CELLS += ["12345678" * 40, "12345678" * 40 + "x"]
NUMBERS = ["1", "-2.5", "+5", " 5 ", "\t7", '"8"', '" 9"', "1.", ".5", "1e3", "1E-3", "007", "1e-400"]
NUMBERS += ["123456789012345678901234567890", "", " ", "NA", "nAn", " na ", '"NA"', "nan", "-nan"]
NUMBERS += ["True", "1d5", "1_000", "0x1F", "1 234", "170cm", "12%", "١٢", "\xa05", "--5", "1.5.2"]
NUMBERS += ["\ufeff5", '"1,5"', "1;5", "0.1e1_0", "-", "+", ".", "e5", "1e"]
INFINITIES = ["inf", "-Infinity", "+INF", "1e400"]


def unquote(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


@pytest.mark.parametrize("block_bytes", [16, 300, 1 << 20])
def test_targets_are_read_as_by_the_machine(block_bytes, tmp_path):
    rng = random.Random(block_bytes)  # noqa: S311
    rows = [(rng.choice(CELLS), rng.choice(CELLS), str(rng.randint(0, 9))) for _ in range(400)]
    data = ("a,b,c\n" + "\n".join(",".join(row) for row in rows)).encode()
    spans = oracle_csv.table(data, 3)[1:]

    table = read(data, tmp_path, [1, 0], [2], block_bytes=block_bytes)

    assert table.n_rows == len(rows)
    assert table.numbers[2].values.tolist() == [float(row[2]) for row in rows]
    assert table.line_of(np.arange(400)).tolist() == [1 + data[: span[0][0]].count(b"\n") for span in spans]
    for column in (0, 1):
        target = table.targets[column]
        texts = [unquote(row[column]) for row in rows]
        fillable = [row for row, text in enumerate(texts) if is_mark(text)]

        assert [target.texts[code] for code in target.code] == texts
        assert target.texts == tuple(dict.fromkeys(texts))
        assert target.counts.tolist() == [texts.count(text) for text in target.texts]
        assert target.row.tolist() == fillable
        assert list(zip(target.start.tolist(), target.stop.tolist(), strict=True)) == [
            spans[row][column] for row in fillable
        ]


def test_the_quoting_style_is_that_of_most_known_cells_that_need_no_quotes(tmp_path):
    for cells, quotes_always in (
        (['"M"', '"F"', "", "M"], True),
        (["M", "F", '""', '""', '""'], False),
        (['"a,b"', '"a,b"', "c"], False),
        (["", ""], False),
    ):
        data = "\n".join(["a,b", *(cell + ",1" for cell in cells)]).encode()

        assert read(data, tmp_path).targets[0].quotes_always is quotes_always


def test_an_awkward_number_is_read_the_same_with_and_without_pandas(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FEW_CELLS", 0)
    n_by_pandas = 0
    for cell in [*NUMBERS, *INFINITIES, "5\x00", "5\x00x", "\r5", "5\r"]:
        data = f"{cell},a\n8,b".encode()
        with opened(data, tmp_path, has_header=False, delimiter=",") as (_, dialect):
            (records,) = scan_records(io.BytesIO(data), Grammar(",", len(dialect.names)), start=0, first_line=1)
            column = len(dialect.names) - 2
            (by_pandas,) = read_by_pandas(records, [column], dialect, ".")
            by_grammar, counts = read_by_grammar(records, column, dialect, ".")
        number = parse_number(unquote(cell))

        np.testing.assert_array_equal(by_grammar, [math.nan if number is None else number, 8.0], err_msg=cell)
        assert counts.bad_examples == (((1, unquote(cell)),) if number is None else ())
        assert counts.padded == ((1, unquote(cell)) if cell == "007" else None)
        if by_pandas is not None:
            n_by_pandas += 1
            np.testing.assert_array_equal(by_pandas, by_grammar, err_msg=cell)

    assert n_by_pandas > 20


def test_the_grammar_of_numbers():
    accepted = {"1": 1.0, " -2.50\t": -2.5, "+.5e3": 500.0, "7.": 7.0, "inf": math.inf, "-1e400": -math.inf}
    refused = ["1_000", "0x1F", "١٢", "170cm", "1 234", "12%", "1,5", "True", "1d5", "e5", "", "NA", "\xa0"]

    assert {text: parse_number(text) for text in accepted} == accepted
    assert [parse_number(text) for text in refused[:-3]] == [None] * 10
    assert all(math.isnan(parse_number(text)) for text in refused[-3:])
    assert (parse_number("1,5", ","), parse_number("1.5", ","), parse_number("1.234,5", ",")) == (1.5, None, None)


@pytest.mark.parametrize("n_rows", [20, 3000])
def test_numbers_with_a_decimal_comma(n_rows, tmp_path):
    cells = [f"{number},{number % 7}5" for number in range(n_rows)]
    data = "\n".join(["g;x", *(f"M;{cell}" for cell in cells)]).encode()

    assert read(data, tmp_path, [0], [1], decimal=",").numbers[1].values.tolist() == [
        float(cell.replace(",", ".")) for cell in cells
    ]
    assert read(data, tmp_path, [0], None, explicit=False).numbers[1].has_decimal_comma


def test_broken_bytes_matter_in_used_columns_only(tmp_path):
    data = b"g,x,t\nM,1,a\nF,2,Jos\xe9\n,3,b\x00\n"

    assert read(data, tmp_path, [0], None, explicit=False).numbers[1].values.tolist() == [1.0, 2.0, 3.0]
    for wrong in ({"targets": [2]}, {"targets": [0], "features": [2]}):
        with pytest.raises(TableError, match="line 3, column 't': byte 0xE9 is not utf-8") as caught:
            read(data, tmp_path, **wrong)
        assert option("encoding", "cp1252") in caught.value.hint
    for column in (2, 1):
        swapped = b"g,x,t\nM,1,2\nF,%b,%b\n" % ((b"1", b"2\x00") if column == 2 else (b"2\x00", b"1"))
        for wrong in ({"targets": [column]}, {"targets": [0], "features": [column]}):
            with pytest.raises(TableError, match=f"line 3, column '{'gxt'[column]}': the cell holds a NUL byte"):
                read(swapped, tmp_path, **wrong)


def test_a_column_of_identifiers_is_no_column_of_labels(tmp_path):
    data = b"g,x\n" + b"".join(b"id%d,1\n" % i for i in range(10_001))

    with pytest.raises(
        FitError, match="column 'g' holds more than 10,000 distinct values; it looks like an identifier"
    ):
        read(data, tmp_path)


def test_a_mark_shaped_like_the_labels_is_ambiguous():
    alike = [("NA", "US DE"), ("None", "Low High"), ("unknown", "male female"), ("-", "+"), ("n/a", "a/b c")]
    unlike = [("NA", "MALE FEMALE"), ("NA", "M F"), ("?", "male female")]

    assert [is_shaped_like(mark, labels.split()) for mark, labels in alike] == [True] * 5
    assert [is_shaped_like(mark, labels.split()) for mark, labels in unlike] == [False] * 3


def test_standard_marks_are_known_in_any_case_and_white_space_is_one():
    marks = ["NA", "na", " N/A ", "NaN", "null", "NONE", "?", "-", "--", ".", "\\N", "#N/A", "(blank)"]

    assert [is_mark(text) for text in [*marks, "", " ", "\t", "\xa0", "\u2003 "]] == [True] * 18
    assert [is_mark(text) for text in ("N A", "no", "0", "- 1")] == [False] * 4


def test_a_reading_that_fails_is_an_error_of_the_input(tmp_path):
    class Broken(io.BytesIO):
        def read(self, _):
            raise OSError(errno.EIO, "Input/output error")

    with opened(b"g,x\nM,1\n", tmp_path) as (source, dialect):
        broken = replace(source, file=Broken())

        with pytest.raises(TableError, match=r"table\.csv cannot be read: Input/output error"):
            read_table(broken, dialect, targets=[0], features=[], explicit=True)


def test_no_word_of_a_total_is_overlooked_and_few_others_are_looked_at(tmp_path, monkeypatch):
    """One at a time is how a table of ten million names must not be read: only what may be such a word is."""
    words = sorted(WORDS)
    names = [f"{word[:3]}ebody{n}" for n, word in enumerate(words * 20)]
    totals = [f"{change(word)}{end}" for word in words for change in (str, str.upper, str.title) for end in ("", ":")]
    looked_at = []

    def word_of(_, records, row):
        looked_at.append(records.cell(row, 0).decode())
        return ""

    monkeypatch.setattr(RowSieve, "_word", word_of)
    table = "n,g,x\n" + "".join(f"{name},{quote},1\n" for name in names for quote in "ab")
    table += "".join(f"{total},,1\n" for total in totals) + "".join(f'"{total}",,1\n' for total in totals)
    read(table.encode(), tmp_path, (1,), (2,))

    assert set(looked_at) >= {*totals, *(f'"{total}"' for total in totals)}
    assert len(looked_at) < 2 * len(totals) + 0.1 * len(names)
