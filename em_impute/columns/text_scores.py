"""What all texts of a row say of its label, put beside the numbers of a table as columns of their own."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.columns.gaps import find_gaps
from em_impute.columns.predictors import NOTHING, Known, are_identifiers, is_identifier
from em_impute.columns.text_features import NamedTexts, is_seldom_repeated
from em_impute.columns.text_model import TextModel, fit_text_model
from em_impute.em.blocks import Flags, Floats, Integers, draw_rows
from em_impute.serialize.annotations import Axes, NotSaved
from em_impute.table.columns import Codes, NumberColumn
from em_impute.table.numbers import parse_number
from em_impute.table.read import Table
from em_impute.table.text import unused_name

FEW_NUMBERS = 30
"""Whole numbers of at most so many different values may be codes: they serve as texts too.  Others that repeat, such as
the numbers of people who come more than once, do so where a value says more than the values beside it."""

MOST_COUNTED, MOST_ROWS, N_STRETCHES = 2_000_000, 200_000, 64
"""Labels of values that are counted to find that out.  Of more rows with thousands of values, those in a quarter of so
many stretches of values are looked at: all rows of a value, and those of the values beside it."""

PROBE = 1000
"""Numbers that are looked at first: most columns show by these that they are measurements."""

SHOWN = "shown"
"""Stands for every number of a column whose values are no codes: what counts is whether there is one."""

NEW = "\0"
"""Stands for a text that no other labelled row has."""

PLAINLY = 3.0
"""Standard errors of the mean gain."""

MANY_CODES, FEW_CODES, LONGEST_BEGINNING = 2_000, 50, 4
"""Labelled rows that are asked whether what codes begin with tells, those below which none are, and characters."""

LEAST_GAIN = 2.0
"""Nats that scores must gain on labels held out, each: scores of random texts gain as much once in twenty times."""

N_FOLDS, MANY_ROWS = 5, 100_000

MAX_INDICATORS = 64
"""Columns of 0 and 1 that categories have in all: each is a dimension of its own, and a covariance has as many numbers
as their square.  Categories that find no room serve by their codes, and by scores."""


@dataclass(frozen=True)
class TextScores:
    """How the texts of a row become numbers."""

    names: Annotated[tuple[str, ...], Axes("n_scores"), "What the numbers are called among the predictors."]
    model: TextModel
    column: Annotated[Mapping[str, int], NotSaved] = field(default_factory=dict)
    """Where the columns of texts stand in the table; one that is not there is missing in every row."""
    n_missing: Annotated[Mapping[str, int], NotSaved] = field(default_factory=dict)
    """Missing cells of the columns that are neither numbers nor categories of few texts, in the rows of the fit."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that they are made of."""
        return tuple(one.name for one in self.model.vocabularies)

    @property
    def of_texts(self) -> list[int]:
        """Where those of them stand in the table whose texts count, rather than whether there is a number."""
        places = self.column
        return [places[one.name] for one in self.model.vocabularies if one.name in places and SHOWN not in one.texts]

    def added(self, table: Table, first: int) -> Table:
        """Put the scores of all rows beside the columns of a table that was read, from the place `first` on."""
        texts = [
            _texts_of(table, self.column.get(one.name), one.name, values=SHOWN not in one.texts)
            for one in self.model.vocabularies
        ]
        return _with_scores(table, first, texts, self.model, self.model.scores(texts))


def fit_text_scores(  # noqa: PLR0913  # all that is known of a table
    table: Table,
    names: Sequence[str],
    label: Integers,
    labels: Sequence[str],
    weight: Floats | None,
    seed: int,
    *,
    known: Known = NOTHING,
    cluster: Codes | None = None,
) -> tuple[TextScores, Table] | None:
    """Fit the scores to the rows with a label, and put them beside the columns of the table.

    `label` (n_rows,) is −1 where it is missing, `names` are those of the columns, of which more may be `known`.  Rows
    of one `cluster` (n_rows,), −1 where they are in none, are in one fold, so that no score knows a sibling's label.
    None where all texts have room among the categories, if none were read as numbers, or where they tell no more than
    the labels' shares do.
    """
    column = {names[index]: index for index in table.numbers}
    fold, every = _folds_of(label, cluster, seed), np.broadcast_to(1.0, label.size) if weight is None else weight
    known_rows = np.flatnonzero((label >= 0) & (every > 0.0))
    rows = _Rows(known_rows, label[known_rows], every[known_rows], fold[known_rows], len(labels))

    texts = [*_categories_as_texts(table, names, known, rows, seed)]
    are_few = not any(table.categories[column[one.name]].too_many for one in texts)
    n_indicators = sum(len(one.texts) - 1 for one in texts)
    have_room = not texts or (not known.are_read and are_few and n_indicators <= MAX_INDICATORS)
    people = {
        index: one for index, one in table.numbers.items() if index not in table.categories and _are_names(one, rows)
    }
    texts += _numbers_as_texts(table, names, people)

    def tells(one: NamedTexts) -> bool:
        """Tell whether a column says more as texts, or by its gaps, than mixtures see in its numbers or category."""
        is_category, code = column[one.name] in table.categories, one.code[rows.place]
        is_number = not is_category and SHOWN not in one.texts and not table.numbers[column[one.name]].is_code
        return _tells_by_value(np.minimum(code, 0) if is_category else code, rows, is_ordered=is_number)

    shown = _as_in_rows_to_fill(texts, label, every, seed)
    # What has room are categories and numbers, which the mixtures take as they are.
    if not texts or (have_room and not people and not any(map(tells, shown))):
        return None
    fit = fit_text_model(texts, shown, label, every, fold, len(labels), seed)
    scored = labels[:1] if len(labels) == 2 else labels  # noqa: PLR2004  # the second is the first with a minus
    if not fit.gain * every[label >= 0].sum() > LEAST_GAIN * len(scored):
        return None
    called = tuple(unused_name(f"texts for {one}", names, "'") for one in scored)
    used = {one.name: column[one.name] for one in texts}
    long = {names[index]: one for index, one in table.categories.items() if one.too_many and one.code is not None}
    n_missing = {name: one.n_missing for name, one in long.items() if name in used}
    codes = {names[index]: one for index, one in table.numbers.items() if one.is_code}
    codes |= {names[index]: one for index, one in people.items() if is_identifier(names[index], one)}
    n_missing |= {name: one.n_missing for name, one in codes.items() if name in used and name not in known.told}
    n_missing |= {one.name: gaps for one in texts if (gaps := _gaps_of_constant(table, column[one.name]))}
    beside = _with_scores(table, len(names), shown, fit.model, fit.scores)
    return TextScores(called, fit.model, used, n_missing), beside


def _as_in_rows_to_fill(texts: list[NamedTexts], label: Integers, weight: Floats, seed: int) -> list[NamedTexts]:
    """Let labelled rows show only what rows to fill show: a score must not tell more of them than of those."""
    lacks = label < 0
    if not (texts and weight[lacks].any() and weight[~lacks].any()):
        return texts
    seen = np.column_stack([_tell_something(one, ~lacks) for one in texts])
    gaps = find_gaps(seen, lacks, weight)
    if gaps is None:
        return texts
    known = np.flatnonzero(~lacks)
    shown = gaps.hide(seen[known], weight[known], np.random.default_rng(seed))
    hidden = []
    for one, tells, shows in zip(texts, seen.T, shown.T, strict=True):
        silent = one.code[lacks & ~tells]  # a text that is new there rather than missing becomes one that is new here
        are_new = 2 * np.count_nonzero(silent >= 0) > silent.size
        code = one.code.astype(np.intp)
        code[known[tells[known] & ~shows]] = len(one.texts) if are_new else -1
        hidden.append(one._replace(code=code, texts=[*one.texts, NEW] if are_new else one.texts))
    return hidden


def _tell_something(texts: NamedTexts, labelled: Flags) -> Flags:
    """Tell which rows show a text that can say something: where texts repeat, one that another labelled row shows."""
    is_there = texts.code >= 0
    count = np.bincount(texts.code[is_there & labelled], minlength=len(texts.texts) + 1)
    if is_seldom_repeated(count):  # then parts of words speak
        return is_there
    shows: Flags = is_there & (count[texts.code] > labelled)
    return shows


class _Rows(NamedTuple):
    """Rows with a label that count."""

    place: Integers  # (n_rows,) among all
    label: Integers
    weight: Floats
    fold: Codes
    n_labels: int

    def take(self, some: Flags | Integers) -> "_Rows":
        """Keep some of them."""
        return _Rows(self.place[some], self.label[some], self.weight[some], self.fold[some], self.n_labels)


def _are_names(column: NumberColumn, rows: _Rows) -> bool:
    """Tell whether whole numbers say more as names than as measurements."""
    if column.is_code or not column.is_whole or _n_values(column) <= FEW_NUMBERS:
        return False
    numbers = column.of(rows.place)
    some = numbers[:: max(1, numbers.size // PROBE)]
    if numbers.size > MOST_ROWS and np.unique(some).size > PROBE // 2:
        edges = np.nanquantile(some, np.linspace(0.0, 1.0, N_STRETCHES + 1))
        some = np.searchsorted(edges, numbers) % 4 == 0
        numbers, rows = numbers[some], rows.take(some)
    values, code = np.unique(numbers, return_inverse=True)
    code[np.isnan(numbers)] = -1
    is_counted = values.size <= min(numbers.size // 2, MOST_COUNTED // rows.n_labels)
    return is_counted and _tells_by_value(code, rows, is_ordered=True)


def _tells_by_value(code: Integers, rows: _Rows, *, is_ordered: bool) -> bool:
    """Tell whether values are names rather than measurements, or tell something by not being there."""
    if not code.size or code.min() == code.max():
        return False
    # Labels of a fold are predicted by others of the value, and by those of its neighbours too, as suits a measurement.
    n_labels, place = rows.n_labels, code.astype(np.intp) + 1
    shape = int(rows.fold.max(initial=0)) + 1, int(place.max()) + 1, n_labels
    cell = (rows.fold * np.intp(shape[1]) + place) * n_labels + rows.label
    own, squares = (
        np.bincount(cell, one, shape[0] * shape[1] * n_labels).reshape(shape) for one in (rows.weight, rows.weight**2)
    )
    count = own.sum(axis=0) - own  # (n_folds, n_places, n_labels), without each fold
    shares = count.sum(axis=1, keepdims=True) + 1.0 / n_labels
    shares /= shares.sum(axis=2, keepdims=True)
    near = np.zeros_like(count)
    if is_ordered:
        near[:, 1:] = count[:, 1:]
        near[:, 2:] += count[:, 1:-1]
        near[:, 1:-1] += count[:, 2:]
    by_value, by_neighbours = (
        np.log((some + shares) / (some + shares).sum(axis=2, keepdims=True)) for some in (count, near)
    )
    gain = by_value - by_neighbours
    total = float((own * gain).sum())  # over rows
    variance = float((squares * gain**2).sum()) - total**2 / code.size
    return bool(total > PLAINLY * np.sqrt(max(variance, 0.0)))


def _folds_of(label: Integers, cluster: Codes | None, seed: int) -> Codes:
    """Divide rows into folds, (n_rows,), −1 of rows to fill; a cluster is in one, and its rows to fill with it."""
    labelled = np.flatnonzero(label >= 0)
    fold = np.full(label.size, -1, np.int8)
    fold[labelled] = _folds(label[labelled], seed)
    if cluster is not None:  # also of rows to fill: else a score would tell them from labelled ones
        values, first = np.unique(cluster[labelled], return_index=True)
        of_cluster = np.full(int(cluster.max(initial=-1)) + 2, -1)  # at the end that of −1
        of_cluster[values] = _folds(label[labelled][first], seed)
        together = np.flatnonzero(cluster >= 0)
        fold[together] = of_cluster[cluster[together]]
    return fold


def _folds(label: Integers, seed: int) -> Integers:
    """Divide labelled rows into folds, the rows of each label alike, which chance sees to where they are many."""
    if label.size > MANY_ROWS:
        return np.random.default_rng(seed).integers(0, N_FOLDS, label.size, np.int8)
    order = np.random.default_rng(seed).permutation(label.size)
    order = order[np.argsort(label[order], kind="stable")]
    fold = np.empty(label.size, np.intp)
    fold[order] = np.arange(label.size) % N_FOLDS
    return fold


def _with_scores(table: Table, first: int, texts: Sequence[NamedTexts], model: TextModel, scores: Floats) -> Table:
    """Put scores behind a table's columns from `first` on; a row that shows no text has none, unless all have gaps."""
    whole = [one for one, known in zip(texts, model.vocabularies, strict=True) if not known.has_gaps]
    nothing = np.logical_and.reduce([one.code < 0 for one in whole]) if whole else np.zeros(len(scores), np.bool_)
    scores[nothing] = np.nan
    n_missing, n_numbers = int(np.count_nonzero(nothing)), int(np.count_nonzero(~nothing))
    columns = {
        index: NumberColumn(numbers=np.ascontiguousarray(score), n_missing=n_missing, n_numbers=n_numbers)
        for index, score in enumerate(scores.T, first)
    }
    return replace(table, numbers={**table.numbers, **columns})


def _categories_as_texts(
    table: Table, names: Sequence[str], known: Known, rows: _Rows, seed: int
) -> Iterator[NamedTexts]:
    """Give the columns of texts; of identifiers those of which the codes begin with something that tells the label."""
    for index, one in table.categories.items():
        if one.code is None or not one.texts:
            continue
        name, code = names[index], NamedTexts(names[index], one.code, one.texts)
        if name in known.told or not are_identifiers(name, one) or _beginnings_tell(code, rows, seed):
            yield _texts_of(table, index, name, values=True)


def _beginnings_tell(codes: NamedTexts, rows: _Rows, seed: int) -> bool:
    """Tell whether what codes begin with, such as a site or a kind, says something of the labels."""
    if rows.place.size < FEW_CODES:
        return False
    some = rows.take(draw_rows(rows.place >= 0, MANY_CODES, np.random.default_rng(seed)))
    used, place = np.unique(codes.code[some.place], return_inverse=True)  # of millions of codes few are looked at
    for length in range(1, LONGEST_BEGINNING + 1):
        number: dict[str, int] = {}
        code = [-1 if k < 0 else number.setdefault(codes.texts[k][:length], len(number)) for k in used.tolist()]
        if _tells_by_value(np.array(code)[place], some, is_ordered=False):
            return True
    return False


def _numbers_as_texts(table: Table, names: Sequence[str], people: Collection[int]) -> Iterator[NamedTexts]:
    """Give the columns of numbers that are names, and of the others with gaps whether there is a number."""
    for index, column in table.numbers.items():
        if column.numbers is None or index in table.categories:
            continue
        are_codes = column.is_code or index in people or (column.is_whole and 1 < _n_values(column) <= FEW_NUMBERS)
        if are_codes or 0 < column.n_missing < column.size:
            yield _texts_of(table, index, names[index], values=are_codes)


def _n_values(column: NumberColumn) -> int:
    """Count different numbers, of which the first ones may show that they are many."""
    numbers = np.empty(0) if column.numbers is None else column.numbers
    n_values = 0
    for some in (numbers[:PROBE], numbers):
        n_values = np.unique(some[~np.isnan(some)]).size
        if n_values > FEW_NUMBERS:
            break
    return n_values


def _texts_of(table: Table, index: int | None, name: str, *, values: bool) -> NamedTexts:
    """Read a column of any table as texts, numbers spelt alike; without `values` only where there is a number."""
    category = None if index is None else table.categories.get(index)
    if category is not None and category.code is not None:
        parsed = [(text, parse_number(text)) for text in category.texts]
        return NamedTexts(
            name, category.code, [text if number is None else f"{number:.15g}" for text, number in parsed]
        )
    column = None if index is None else table.numbers[index]
    if column is None or column.numbers is None:
        return NamedTexts(name, np.full(table.n_rows, -1), ())
    if not values:
        return NamedTexts(name, np.where(np.isnan(column.of(slice(None))), -1, 0), (SHOWN,))
    code, numbers = column.coded()
    return NamedTexts(name, code, [f"{number:.15g}" for number in numbers.tolist()])


def _gaps_of_constant(table: Table, index: int) -> int:
    """Count the gaps of a column that says nothing else; 0 of any other."""
    category, numbers = table.categories.get(index), table.numbers[index]
    if category is not None:
        return category.n_missing if len(category.texts) == 1 else 0
    return numbers.n_missing if _n_values(numbers) == 1 else 0
