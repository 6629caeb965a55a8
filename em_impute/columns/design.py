"""From the predictors to what the engine is given: numbers in standard units, categories as codes and as 0 and 1."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Annotated

import numpy as np

from em_impute.columns.deduplicate import Key, keys_of_distinct, merge_rows
from em_impute.columns.labels import Labels
from em_impute.columns.predictors import (
    COLLINEAR,
    NOTHING,
    Column,
    Known,
    Rejected,
    TextColumn,
    choose_predictors,
    flat_times,
)
from em_impute.columns.same_label import SameLabel
from em_impute.columns.text_scores import MAX_INDICATORS
from em_impute.em.blocks import Flags, Floats, Integers, Rows, slices, standardise
from em_impute.em.mixture import overall_covariance
from em_impute.errors import FitError, option
from em_impute.serialize.annotations import Count
from em_impute.table.columns import MAX_LEVELS, CategoryColumn, Codes
from em_impute.table.text import listed, shown

MAX_FEATURES, MAX_COVARYING = 5000, 256
"""Predictors at most, and those of one mixture that was asked for: more make covariances that no file can support.  The
ensemble takes more than those for independent within a label."""

LEAST_OWN_VARIANCE = 1e-8
"""Part of a feature's variance that the features before it must leave unexplained."""
ROWS_PER_FEATURE = 2


@dataclass(frozen=True)
class Feature:
    """A column of the standardised predictors: a measurement, or whether a category is one of its texts."""

    name: Annotated[str, "Its name; of an indicator category=text."]
    n_missing: Annotated[Count, "Rows of the first table that did not show it."]
    shift: Annotated[float, "What is subtracted, in the data's units: the mean."]
    scale: Annotated[float, "What is then divided by, in the data's units: the standard deviation."]
    category: Annotated[str | None, "The category that an indicator is of; null of a measurement."] = None


@dataclass(frozen=True)
class Category:
    """A predictor of texts."""

    name: str
    texts: tuple[str, ...]  # in the order of the alphabet
    n_missing: int
    code: Codes  # (n_distinct,) index into `texts`, −1 where missing


@dataclass(frozen=True)
class Design:
    """Predictors beside the labels they are to explain."""

    labels: tuple[str, ...]
    label: Codes  # (n_rows,), −1 where missing
    features: tuple[Feature, ...]
    """the columns of `distinct.x`: first the measurements, then the indicators in the order of `categories`"""
    rejected: tuple[Rejected, ...]
    distinct: Rows
    """the different rows, standardised, each with its count; if `weighed`, all rows, each with its weight"""
    index: Codes | None
    """(n_rows,) row of `distinct` that each row equals; None where nothing was merged and they are the rows"""
    categories: tuple[Category, ...] = ()
    weighed: bool = False  # The user said how much each row counts: with mean 1 over the rows that count at all.
    groups: Category | None = None  # what divides the rows, whether it is one of `categories` or not
    keys: tuple[Key, ...] = ()  # columns whose values may say which of the distinct rows belong together
    same: SameLabel | None = None  # the column of which the distinct rows with one value have one label
    score_names: tuple[str, ...] = ()  # what the columns are called that hold the scores of texts, label by label

    @property
    def counting(self) -> Integers:
        """The distinct rows that teach something."""
        return np.flatnonzero(self.distinct.weight > 0.0)

    @property
    def learning(self) -> Rows:
        """Those rows themselves, to which mixtures are fitted."""
        counting = self.counting
        if counting.size == self.distinct.weight.size:
            return self.distinct
        rows = self.distinct
        return Rows(rows.x[counting], rows.label[counting], rows.weight[counting])

    @property
    def shift(self) -> Floats:
        """Means of the features, (n_features,)."""
        return np.array([feature.shift for feature in self.features])

    @property
    def scale(self) -> Floats:
        """Standard deviations of the features, (n_features,)."""
        return np.array([feature.scale for feature in self.features])

    @property
    def n_numbers(self) -> int:
        """Number of measurements: the first columns of `distinct.x`."""
        return sum(feature.category is None for feature in self.features)

    @property
    def observed(self) -> Flags:
        """The features that are columns of the file, (n_features,): all but the scores of texts."""
        return np.array([feature.name not in self.score_names for feature in self.features], np.bool_)

    @property
    def scores(self) -> tuple[tuple[float, float], ...]:
        """Units of the scores of texts, the last of the measurements; none where those of two labels or more lack."""
        last = self.features[: self.n_numbers][max(0, self.n_numbers - len(self.score_names)) :]
        found = [one for one in last if one.name in self.score_names]
        whole = tuple(one.name for one in found) == self.score_names[: len(found)]
        if not whole or len(found) < len(self.labels) - 1:
            return ()
        return tuple((one.shift, one.scale) for one in found)

    @property
    def levels(self) -> tuple[int, ...]:
        """Number of texts of each category."""
        return tuple(len(category.texts) for category in self.categories)

    @property
    def codes(self) -> Integers:
        """Categories of the distinct rows, (n_distinct, n_categories), −1 where missing; put together each time."""
        return _side_by_side([category.code for category in self.categories], self.distinct.label.size)

    def distinct_of(self, rows: Codes) -> Codes:
        """Find the distinct rows that some rows equal, (n_chosen,)."""
        return rows if self.index is None else self.index[rows]

    def of_rows(self, code: Codes) -> Codes:
        """Give what is known of the distinct rows, (n_distinct,), of all rows: (n_rows,)."""
        return code if self.index is None else code[self.index]

    def weight_of(self, rows: Integers) -> Floats:
        """Give the weights of some rows, (n_chosen,): 1 each if the user gave none."""
        return self.distinct.weight[rows] if self.weighed else np.ones(rows.size)

    def x_of(self, rows: Integers) -> Floats:
        """Give the standardised predictors of some rows, (n_chosen, n_features)."""
        return self.distinct.x[self.distinct_of(rows)]

    def codes_of(self, rows: Integers) -> Integers:
        """Give the categories of some rows, (n_chosen, n_categories), −1 where missing."""
        at = self.distinct_of(rows)
        return _side_by_side([category.code[at] for category in self.categories], at.size)

    def log_jacobian(self, rows: Rows) -> float:
        """Sum of log(scale) over all observed cells of `rows`: what standardising added to their log-likelihood.

        Rows may have the measurements alone, which are the first features.
        """
        seen = sum(rows.weight[some] @ ~np.isnan(rows.x[some]) for some in slices(rows.weight.size))
        return float(seen @ np.log(self.scale[: rows.x.shape[1]]))


def make_design(  # noqa: PLR0913  # all that is known of a table
    labels: Labels,
    columns: Sequence[Column],
    categories: Sequence[TextColumn],
    *,
    explicit: bool,
    with_categories: bool,
    known: Known = NOTHING,
    weight: Floats | None = None,
    groups: TextColumn | None = None,
    keys: Sequence[Key] = (),
    same: SameLabel | None = None,
) -> Design:
    """Choose the predictors among `columns` and standardise them.

    `categories` are those of the columns that hold more than numbers; they serve if the user named them (`explicit`),
    or with `with_categories` of their own accord, or as what else is `known` of them has it.
    `groups` divide the rows, and are then a category as well if they are few.  `weight` (n_rows,) says how much each
    row counts, with mean 1.  `keys` may say which rows belong together, `same` says which have one label.
    Raises DesignError for cells that no model can use and FitError when no predictor is left.
    """
    flat = flat_times(dict(columns), known, labels.label, weight, explicit=explicit)
    silent = [column for column, made in known.times.items() if flat.issuperset(chain.from_iterable(made))]
    columns = [one for one in columns if one[0] not in flat]
    numbers, texts, refused = choose_predictors(
        columns, categories, explicit=explicit, with_categories=with_categories, known=known, weight=weight
    )
    unused = [column for column in silent if column not in dict(texts)]
    rejected = (*refused, *(Rejected(column, "its times tell nothing of the labels") for column in unused))
    dividing = () if groups is None else (Rejected(groups[0], "it divides the rows"),)
    _refuse_none_or_too_many(numbers, texts, (*dividing, *rejected), MAX_FEATURES if with_categories else MAX_COVARYING)
    read = [_category(name, column) for name, column in texts]
    parts = [] if groups is None else [_category(*groups)]
    if with_categories:
        read += [one for one in parts if _serves(one, weight)]
    merged = None
    if weight is None:  # else equal rows need not weigh the same
        of_key = [] if same is None else [same.code]
        values = [column.of(slice(None)) if column.code is None else column.code for _, column in numbers]
        merged = merge_rows([labels.label, *of_key, *values, *(one.code for one in (*read, *parts))])
    rows = slice(None) if merged is None else merged.first
    label = labels.label[rows].astype(np.intp)
    count = weight if merged is None else merged.count
    count = np.broadcast_to(1.0, label.size) if count is None else count  # one number in memory, not one for each row
    of_rows, divided = (tuple(replace(one, code=one.code[rows]) for one in some) for some in (read, parts))
    features, x = _standardise(numbers, of_rows, rows, count)
    distinct = Rows(x, label, count)
    redundant = redundant_columns(distinct, len(numbers))
    if redundant:
        kept = [j for j in range(len(features)) if j not in redundant]
        rejected += tuple(Rejected(features[j].name, COLLINEAR) for j in redundant if j < len(numbers))
        for place, j in enumerate(kept):
            x[:, place] = x[:, j]  # in place: a copy of a large table takes as much memory again
        features, distinct = tuple(features[j] for j in kept), distinct._replace(x=x[:, : len(kept)])
    index, weighed, by = None if merged is None else merged.index, weight is not None, next(iter(divided), None)
    of_distinct = tuple(keys_of_distinct(keys, index, label.size))
    if same is not None:
        same = replace(same, code=same.code[rows])
    read_from = labels.labels, labels.label, features, rejected, distinct, index, of_rows
    return Design(*read_from, weighed, by, of_distinct, same, tuple(known.score_names))


def _refuse_none_or_too_many(
    numbers: Sequence[Column], texts: Sequence[TextColumn], rejected: Sequence[Rejected], most: int
) -> None:
    """Raise FitError where no predictor is left, or more numbers than can be used."""
    if not (numbers or texts):
        reasons = listed([f"{shown(one.name)}: {one.reason}" for one in rejected], separator="; ")
        message = f"no column is left to predict from{f' ({reasons})' if reasons else ''}"
        code = next((one.name for one in rejected if one.reason.startswith(("identifier", "zero-padded"))), None)
        typed = re.sub(r".* \(column (\d+)\)", r"\1", code or "")  # a name of several columns can name none
        as_text = f"if part of a code tells the label, add {option('kinds', f'{typed}=text')}"
        raise FitError(message, f"name usable columns with {option('features')}" if code is None else as_text)
    if len(numbers) > most:
        too_many = f"{len(numbers):,} numeric columns are too many for the model that is asked for: {most:,} at most"
        raise FitError(too_many, f"name those that matter with {option('features')}")


def _serves(groups: Category, weight: Floats | None) -> bool:
    """Tell whether the groups are so few that they can be a predictor too, and more than one."""
    code = groups.code if weight is None else groups.code[weight > 0.0]
    return np.unique(code[code >= 0]).size > 1 and len(groups.texts) <= MAX_LEVELS


def _category(name: str, column: CategoryColumn) -> Category:
    """Sort the texts of a column that holds few: their order must not depend on the order of the rows."""
    code = np.empty(0, np.int8) if column.level is None else column.level
    order = sorted(range(len(column.texts)), key=column.texts.__getitem__)
    place = np.full(len(order) + 1, -1, code.dtype)  # the last one is that of −1
    place[order] = np.arange(len(order))
    return Category(name, tuple(column.texts[k] for k in order), column.n_missing, place[code])


def _side_by_side(codes: Sequence[Codes], n_rows: int) -> Integers:
    return np.array(codes, np.intp).reshape(len(codes), n_rows).T


def _standardise(
    numbers: Sequence[Column], categories: Sequence[Category], rows: Integers | slice, weight: Floats
) -> tuple[tuple[Feature, ...], Floats]:
    """Bring numbers and indicators to mean 0 and deviation 1: (n_told, n_features); by some `rows` of the columns."""
    indicators = _indicators(categories, weight, min(MAX_INDICATORS, max(0, MAX_COVARYING - len(numbers))))
    x = np.empty((weight.size, len(numbers) + len(indicators)), order="F")
    features = []
    for j, (name, column) in enumerate(numbers):
        shift, scale = standardise(column.of(rows), weight, x[:, j])
        features.append(Feature(name, column.n_missing + column.n_bad, shift, scale))
    for j, (category, text, share) in enumerate(indicators, start=len(numbers)):
        name, scale = f"{category.name}={category.texts[text]}", float(np.sqrt(share * (1.0 - share)))
        value = np.full(len(category.texts) + 1, -share / scale)  # of each text, and at the end of −1
        value[text], value[-1] = (1.0 - share) / scale, np.nan
        x[:, j] = value[category.code]
        features.append(Feature(name, category.n_missing, share, scale, category.name))
    return tuple(features), x


def _indicators(categories: Sequence[Category], weight: Floats, most: int) -> list[tuple[Category, int, float]]:
    """List which texts of which categories become columns, with their shares; the commonest is what others are not."""
    chosen: set[str] = set()
    for category in sorted(categories, key=lambda one: len(one.texts)):
        most -= len(category.texts) - 1
        if most < 0:
            break
        chosen.add(category.name)
    indicators = []
    for category in (one for one in categories if one.name in chosen):
        seen = category.code >= 0
        count = np.bincount(category.code[seen], weight[seen])  # (n_texts,)
        seldom = [text for text in range(count.size) if text != count.argmax() and count[text]]
        indicators += [(category, text, float(count[text] / count.sum())) for text in seldom]
    return indicators


def redundant_columns(rows: Rows, n_numbers: int) -> list[int]:
    """Find the features that are, but for rounding, sums or copies of features before them.

    They add nothing, and no covariance could be inverted with them.  Where rows are few, every number looks like a sum
    of others; there the prior holds.  Indicators come after the `n_numbers` numbers, none of which they can displace.
    """
    n_rows, n_features = rows.x.shape
    if n_rows <= ROWS_PER_FEATURE * n_numbers or n_features > MAX_COVARYING:  # no covariance is inverted of so many
        return []
    correlation = overall_covariance(rows)
    kept: list[int] = []
    for j in range(n_features):
        with_kept = correlation[kept, j]
        explained = with_kept @ np.linalg.solve(correlation[np.ix_(kept, kept)], with_kept) if kept else 0.0
        if 1.0 - explained > LEAST_OWN_VARIANCE:
            kept.append(j)
    return [j for j in range(n_features) if j not in kept]
