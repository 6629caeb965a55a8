"""From labels to bytes: one completed table, or several with labels drawn for each."""

import csv
import io
from contextlib import contextmanager

import numpy as np
from builders import silent

from em_impute.api.session import Completed
from em_impute.columns.labels import read_labels
from em_impute.model.fills import Fills
from em_impute.options import Request
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.open import open_table

TABLE = b'g,x,h\na,1,u\n,2,v\nb,"3\n",\n NA,4,u\nb,5,u\n,6,v\n'
"""Cells of g are missing in the rows 2, 4 and 6, that of h in row 3."""

G, H = 0, 2  # the columns
DRAWN = {G: [[0, 1, 0], [1, 1, 0]], H: [[1], [0]]}
PROBABILITY = {G: [[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]], H: [[0.0625, 0.9375]]}


def completed(opened, request, column):
    """A column as if it had been fitted: labels that were drawn, and their probabilities."""
    name = opened.names[column]
    labels = read_labels(name, opened.table.targets[column], request)
    row = np.flatnonzero(labels.label < 0)
    if not row.size:  # then nothing is fitted
        nothing = Fills(row, row, np.empty(0), np.zeros(len(labels.labels)))
        return ColumnResult(column, name, labels, nothing)
    probability, drawn = np.array(PROBABILITY[column]), np.array(DRAWN[column], np.int8)
    best = probability.argmax(axis=1), probability.max(axis=1)
    return ColumnResult(column, name, labels, Fills(row, *best, probability.sum(axis=0), probability, drawn=drawn))


@contextmanager
def completions_of(folder, content=TABLE, columns=("g", "h"), **options):
    path = folder / "table.csv"
    path.write_bytes(content)
    request = Request(path=path, columns=columns, imputations=2, method="draw", **options)
    with open_table(request, silent) as opened:
        yield opened, [completed(opened, request, column) for column in opened.targets], request


def each_table(folder, content=TABLE, **options):
    with completions_of(folder, content, **options) as given:
        return [b"".join(table) for table in Completed(*given).contents()]


def long_table(folder, content=TABLE, **options):
    with completions_of(folder, content, **options) as given:
        return b"".join(next(Completed(*given).contents(long=True)))


def rows_of(data, delimiter=","):
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def test_the_probability_added_is_that_of_the_label_drawn(tmp_path):
    content, options = TABLE.replace(b",", b";"), {"probability": True, "decimal": ",", "columns": ("g",)}
    tables = each_table(tmp_path, content, **options)
    long = rows_of(long_table(tmp_path, content, **options), ";")

    def added(rows):
        return [row["g_probability"].replace(",", ".") for row in rows]

    expected = [
        ["1.000000", "0.750000", "1.000000", "0.500000", "1.000000", "0.125000"],
        ["1.000000", "0.250000", "1.000000", "0.500000", "1.000000", "0.125000"],
    ]
    assert [added(rows_of(table, ";")) for table in tables] == expected
    assert added(long) == ["1.000000", "", "1.000000", "", "1.000000", "", *expected[0], *expected[1]]


def test_columns_that_do_not_depend_on_the_draw_are_the_same_in_every_part_of_the_long_file(tmp_path):
    # Stata and mice take a column that differs between imputations for an imputed one.
    rows = rows_of(long_table(tmp_path, indicator=True, probabilities=True))
    added = [[row[name] for name in ("g_p_a", "g_p_b", "g_imputed", "h_imputed")] for row in rows]

    assert [row[2:] for row in added[:6]] == [["0", "0"], ["1", "0"], ["0", "1"], ["1", "0"], ["0", "0"], ["1", "0"]]
    assert added[1][:2] == ["0.750000", "0.250000"]
    assert added[:6] == added[6:12] == added[12:]
