"""Tables and designs for tests, made by the real first pass."""

import csv
import io
import json
import re
from contextlib import contextmanager

import numpy as np
import pytest
from oracles import hide, standardise

from em_impute.api.session import Completed
from em_impute.columns.design import make_design
from em_impute.columns.labels import read_labels
from em_impute.ensemble.fit import fit_ensemble
from em_impute.ensemble.folds import Examples
from em_impute.ensemble.transforms import Predictors, View
from em_impute.options import Request
from em_impute.pipeline.complete import complete_all
from em_impute.pipeline.open import open_table


def silent(_stage, _share, _detail):
    """Watch nothing."""


@contextmanager
def opened_table(folder, content, column="g", *, examined=False, **options):
    """Write `content` to a file, read it, and give (opened, request); only where it is to be `examined` are there findings."""
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    request = Request(path=path, columns=(column,), examined=examined, **options)
    with open_table(request, silent) as opened:
        yield opened, request


def design_of(folder, content, column="g", *, with_categories=False, **options):
    """Build the design for one column."""
    with opened_table(folder, content, column, **options) as (opened, request):
        labels = read_labels(column, opened.table.targets[opened.targets[0]], request)
        return make_design(
            labels,
            opened.columns,
            opened.categories,
            explicit=bool(request.features),
            with_categories=with_categories,
            weight=opened.weight,
            known=opened.known,
        )


def csv_of(header, *columns):
    """Write columns as CSV text; None is an empty cell."""
    rows = zip(*columns, strict=True)
    return "\n".join([header, *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]) + "\n"


def rows_of(x, label, codes=None, levels=(), weight=None, *, merged=False):
    """Rows with numbers `x` and perhaps categories, whose indicators stand beside the numbers as in a design."""
    n_rows, n_numbers = x.shape
    codes = np.zeros((n_rows, 0), dtype=int) if codes is None else codes
    indicators = [
        np.where(column < 0, np.nan, column == level).astype(float)
        for column, n_levels in zip(codes.T, levels, strict=True)
        for level in range(1, n_levels)
    ]
    x, _, _ = standardise(np.column_stack([x, *indicators]))
    weight = np.ones(n_rows) if weight is None else weight
    return Examples(Predictors(x, codes, levels, n_numbers), np.asarray(label), weight, merged)


def mixed_rows(n_rows=80, n_labelled=44, missing=0.2, seed=1, n_labels=2):
    """Rows of a few labels in two numbers and a category of three texts; labelled ones first."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % n_labels
    x = hide(rng, rng.normal(size=(n_rows, 2)) + 1.2 * truth[:, None], missing, np.nan)
    codes = np.where(rng.random(n_rows) < 0.6, truth, rng.integers(-1, 3, n_rows))[:, None]
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1), codes, (3,))


def stack_of(examples, n_labels=2, *, single=False, seed=0):
    """Fit an ensemble, to fill the rows without a label."""
    n_to_fill = int(np.count_nonzero(examples.label < 0))
    return fit_ensemble(examples, n_labels, n_to_fill, seed, lambda _detail: None, single=single)


def view_of(levels, n_numbers=0):
    """A view that shows so many numbers as they are, and categories of so many levels."""
    zero, one = np.zeros(n_numbers), np.ones(n_numbers)
    return View("any", None, zero, one, indicators=False, categories=True, edges=None, levels=levels)


def cells_of(data, column):
    """Read a column of a CSV, given as text or as bytes."""
    text = data if isinstance(data, str) else data.decode()
    return [row[column] for row in csv.DictReader(io.StringIO(text, newline=""))]


def without_genders(before, after):
    """Empty the gender of heights.csv again in each line where it was empty."""
    pairs = zip(before.splitlines(keepends=True), after.splitlines(keepends=True), strict=True)
    return b"".join(re.sub(rb",(fe)?male,", b",,", new) if b",," in old else new for old, new in pairs)


def completed(folder, content, column="g", **options):
    """Fill one column of a table; give its completion and the bytes of the completed table."""
    with opened_table(folder, content, column, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return completion, b"".join(next(Completed(opened, [completion], request).contents()))


def strict(text):
    """Read JSON that has no NaN."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
