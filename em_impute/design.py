"""From the table to what the engine is given: which columns serve, as which numbers, in which units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from em_impute.engine.blocks import Floats, Integers, Rows
from em_impute.engine.mixture import overall_covariance
from em_impute.errors import DesignError, FitError
from em_impute.labels import Labels
from em_impute.table.read import NumberColumn
from em_impute.table.text import listed

__all__ = ["Column", "Design", "Feature", "Rejected", "choose_features", "make_design", "merge_equal_rows"]

MAX_FEATURES = 256
"""More predictors than this make covariances that no file can support."""

LARGEST_EXACT, TWENTY_DIGITS = 2.0**53, 1e20
"""Whole numbers between these are not exact as floating-point numbers: written out, they are long identifiers."""

IDENTIFIER_NAME = re.compile(r"(?i:(^|[\W_])(id|idx|index|rowid|key|no|nr|number)$|^unnamed\b)|[a-z](Id|ID)$")
NUMBER_NAME = re.compile(r"(?i:(^|[\W_])(row|code)$)")
"""Columns of whole numbers called so are identifiers; the second kind only where hardly a value repeats."""

MOSTLY_DIFFERENT = 0.9
"""Share of different values from which on they hardly repeat."""

MIN_ROW_NUMBERS = 3
"""Fewer whole numbers in a row are a coincidence."""

CONSTANT = 1e-15
"""A range below this part of the values is rounding."""

NOT_ALL_NUMBERS = "not all cells are numbers"
COLLINEAR = "a sum or copy of other columns"
LEAST_OWN_VARIANCE = 1e-8
"""Part of a feature's variance that the features before it must leave unexplained."""
ROWS_PER_FEATURE = 2

PROBE_ROWS = 1 << 16
MAX_DISTINCT_SHARE = 0.25
MAX_DISTINCT_ROWS = 1 << 17
"""Equal rows are merged when the first rows promise at least four equal ones each and the distinct ones stay few."""


Column = tuple[str, NumberColumn]
"""A column by name."""


@dataclass(frozen=True)
class Feature:
    """A predictor in use."""

    name: str
    n_missing: int
    shift: float
    """What was subtracted: the mean, in the data's units."""
    scale: float
    """What was then divided by: the standard deviation, in the data's units."""


@dataclass(frozen=True)
class Rejected:
    """A column that does not serve, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Design:
    """Standardised predictors beside the labels they are to explain."""

    labels: tuple[str, ...]
    label: Integers
    """(n_rows,), −1 where missing"""
    features: tuple[Feature, ...]
    rejected: tuple[Rejected, ...]
    distinct: Rows
    """the different rows, standardised, each with its count"""
    index: Integers | None
    """(n_rows,) row of `distinct` that each row equals; None where nothing was merged and they are the rows"""

    @property
    def shift(self) -> Floats:
        """Means of the features, (n_features,)."""
        return np.array([feature.shift for feature in self.features])

    @property
    def scale(self) -> Floats:
        """Standard deviations of the features, (n_features,)."""
        return np.array([feature.scale for feature in self.features])

    def x_of(self, rows: Integers) -> Floats:
        """Give the standardised predictors of some rows, (n_chosen, n_features)."""
        return self.distinct.x[rows if self.index is None else self.index[rows]]

    def log_jacobian(self, rows: Rows) -> float:
        """Sum of log(scale) over all observed cells of `rows`: what standardising added to their log-likelihood."""
        seen = rows.weight @ ~np.isnan(rows.x)
        return float(seen @ np.log(self.scale))


def make_design(labels: Labels, columns: Sequence[Column], *, explicit: bool) -> Design:
    """Choose the predictors among `columns` and standardise them.

    Raises DesignError for cells that no model can use and FitError when no predictor is left.
    """
    used, rejected = choose_features(columns, explicit=explicit)
    if not used:
        raise FitError(f"no numeric column is left to predict from{_because(rejected)}", "name usable columns with -x")
    if len(used) > MAX_FEATURES:
        raise FitError(f"{len(used):,} numeric columns are too many", "name those that matter with -x")
    distinct, index = merge_equal_rows(Rows(_stack(used), labels.label, np.ones(labels.label.size)))
    features, x = _standardise(used, distinct)
    rows = distinct._replace(x=x)
    redundant = _redundant(rows)
    if redundant:
        kept = [j for j in range(len(features)) if j not in redundant]
        rejected += tuple(Rejected(features[j].name, COLLINEAR) for j in redundant)
        features, rows = tuple(features[j] for j in kept), rows._replace(x=x[:, kept])
    return Design(labels.labels, labels.label, features, rejected, rows, index)


def choose_features(columns: Sequence[Column], *, explicit: bool) -> tuple[list[Column], tuple[Rejected, ...]]:
    """Divide columns into predictors and those that do not serve, with the reason.

    `explicit` says that the user named these columns: then a column that cannot serve is an error, and one that only
    should not (an identifier) serves nevertheless.  Raises DesignError for cells that no model can use.
    """
    used: list[Column] = []
    rejected: list[Rejected] = []
    for name, column in columns:
        _refuse_unusable(name, column, explicit=explicit)
        reason = _reason_against(name, column, explicit=explicit)
        if reason:
            rejected.append(Rejected(name, reason))
        else:
            used.append((name, column))
    return used, tuple(rejected)


def merge_equal_rows(rows: Rows) -> tuple[Rows, Integers | None]:
    """Merge rows that agree in every feature and in the label, where that makes them markedly fewer.

    Returns the distinct rows in a fixed order and, for every row, the distinct row it equals (None if none merged).
    """
    n_rows = rows.label.size
    probe = _joint_code(Rows(rows.x[:PROBE_ROWS], rows.label[:PROBE_ROWS], rows.weight[:PROBE_ROWS]))
    if probe is None or probe[1] > MAX_DISTINCT_SHARE * min(n_rows, PROBE_ROWS):
        return rows, None
    joint = probe if n_rows <= PROBE_ROWS else _joint_code(rows)
    if joint is None or joint[1] > MAX_DISTINCT_SHARE * n_rows:
        return rows, None
    index, n_distinct = joint
    first = np.empty(n_distinct, dtype=np.intp)
    first[index[::-1]] = np.arange(n_rows - 1, -1, -1)
    weight = np.bincount(index, rows.weight, n_distinct).astype(np.float64, copy=False)
    return Rows(rows.x[first], rows.label[first], weight), index


def _joint_code(rows: Rows) -> tuple[Integers, int] | None:
    """Give each row the number of its distinct row; None as soon as there are too many of them."""
    import pandas as pd

    code, n_codes = rows.label + 1, int(rows.label.max(initial=-1)) + 2
    for values in rows.x.T:
        value_code, distinct = pd.factorize(values, use_na_sentinel=True)
        if distinct.size > MAX_DISTINCT_ROWS:
            return None
        joint = code * (distinct.size + 1) + (value_code + 1)  # below 2^18 · 2^18
        code, found = pd.factorize(joint)
        n_codes = found.size
        if n_codes > MAX_DISTINCT_ROWS:
            return None
    return code, n_codes


def _stack(used: Sequence[Column]) -> Floats:
    """Put the columns side by side, (n_rows, n_features), each in one piece: they are read and written whole."""
    values = [np.empty(0) if column.values is None else column.values for _, column in used]
    if len(values) == 1:
        return values[0][:, None]
    x = np.empty((values[0].size, len(values)), order="F")
    for j, one in enumerate(values):
        x[:, j] = one
    return x


def _standardise(used: Sequence[Column], rows: Rows) -> tuple[tuple[Feature, ...], Floats]:
    """Bring each feature to mean 0 and standard deviation 1."""
    x = np.empty_like(rows.x)
    features = []
    for j, (name, column) in enumerate(used):
        shift, scale = _mean_and_deviation(rows.x[:, j], rows.weight)
        np.subtract(rows.x[:, j], shift, out=x[:, j])
        x[:, j] /= scale
        features.append(Feature(name, column.n_missing, shift, scale))
    return tuple(features), x


def _mean_and_deviation(values: Floats, weight: Floats) -> tuple[float, float]:
    """Compute mean and standard deviation of what is not NaN, for magnitudes from 1e-300 to 1e300."""
    seen = ~np.isnan(values)
    if not seen.all():
        values, weight = values[seen], weight[seen]
    size = float(np.abs(values).max())
    scaled = values / size
    total = weight.sum()
    mean = float(weight @ scaled / total)
    scaled -= mean
    deviation = float(np.sqrt(weight @ (scaled * scaled) / total))
    return mean * size, deviation * size


def _redundant(rows: Rows) -> list[int]:
    """Find the features that are, but for rounding, sums or copies of features before them.

    They add nothing, and no covariance could be inverted with them.  Where rows are few, every feature looks like a sum
    of others; there the prior holds.
    """
    n_rows, n_features = rows.x.shape
    if n_rows <= ROWS_PER_FEATURE * n_features:
        return []
    correlation = overall_covariance(rows)
    kept: list[int] = []
    for j in range(n_features):
        with_kept = correlation[kept, j]
        explained = with_kept @ np.linalg.solve(correlation[np.ix_(kept, kept)], with_kept) if kept else 0.0
        if 1.0 - explained > LEAST_OWN_VARIANCE:
            kept.append(j)
    return [j for j in range(n_features) if j not in kept]


def _because(rejected: Sequence[Rejected]) -> str:
    reasons = [f"{one.name!r}: {one.reason}" for one in rejected]
    return f" ({listed(reasons, separator='; ')})" if reasons else ""


def _refuse_unusable(name: str, column: NumberColumn, *, explicit: bool) -> None:
    if column.infinite and column.values is not None:
        line, text = column.infinite
        message = f"column {name!r} holds {text!r} on line {line}: infinite values fit no model"
        raise DesignError(message, "correct or empty these cells, or name other columns with -x")
    if column.decimal_comma:
        line, text = column.bad_examples[0]
        message = f"column {name!r} holds {text!r} on line {line}: numbers with a decimal comma"
        raise DesignError(message, "add --decimal , or name other columns with -x")
    if explicit and column.n_bad:
        message = f"column {name!r} has {_bad_cells(column)}"
        raise DesignError(message, "name numeric columns with -x, or correct these cells")


def _reason_against(name: str, column: NumberColumn, *, explicit: bool) -> str:
    """Say why a column does not serve as a predictor; empty if it does."""
    if column.values is None:
        return _bad_cells(column)
    if column.n_missing == column.values.size:
        return "no value at all"
    low, high = np.fmin.reduce(column.values), np.fmax.reduce(column.values)
    if not high / 2 - low / 2 > CONSTANT * max(abs(low), abs(high)):
        return "constant"
    if column.padded and not explicit:
        line, text = column.padded
        return f"zero-padded code ({text!r} on line {line})"
    return "identifier" if not explicit and _is_identifier(name, column.values) else ""


def _is_identifier(name: str, values: Floats) -> bool:
    """Recognise whole numbers that are row numbers, too long to be exact, or called an identifier."""
    seen = values[~np.isnan(values)]
    if not np.array_equal(seen, np.floor(seen)):
        return False
    row_numbers = seen.size == values.size and seen.size >= MIN_ROW_NUMBERS and bool((np.diff(seen) == 1).all())
    long = (np.abs(seen) >= LARGEST_EXACT) & (np.abs(seen) < TWENTY_DIGITS)
    too_long = bool((seen[long] % 1000 != 0).any())  # a measurement of such size ends in zeros
    named = IDENTIFIER_NAME.search(name.strip()) or (NUMBER_NAME.search(name.strip()) and _hardly_repeats(seen))
    return row_numbers or too_long or bool(named)


def _hardly_repeats(values: Floats) -> bool:
    return np.unique(values).size >= MOSTLY_DIFFERENT * values.size


def _bad_cells(column: NumberColumn) -> str:
    first_lines: dict[str, int] = {}
    for line, text in column.bad_examples:
        first_lines.setdefault(text, line)
    shown = ", ".join(f"{text!r} (line {line})" for text, line in first_lines.items())
    if column.values is None:
        mostly_numbers = column.n_numbers > column.n_bad
        return f"{NOT_ALL_NUMBERS}: {shown}" if mostly_numbers else f"text, such as {shown}"
    cells = "1 cell that is not a number" if column.n_bad == 1 else f"{column.n_bad:,} cells that are not numbers"
    return f"{cells}: {shown}"
