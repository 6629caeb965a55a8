"""Columns of texts that are numbers all the same, in which notation, or one category in several spellings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Annotated

import numpy as np

from em_impute.columns.compound import Compound, choose_compound
from em_impute.columns.notation import Notation, are_mixed, choose_notation, may_be_decimal
from em_impute.columns.predictors import LEAST_READ, TextColumn
from em_impute.columns.text_features import fold
from em_impute.columns.times import DAY_FIRST, MONTH_FIRST, Times, choose_times
from em_impute.em.blocks import Flags, Floats
from em_impute.errors import DesignError, option
from em_impute.serialize.annotations import Axes, Kinds, NotSaved
from em_impute.table.columns import (
    EXAMPLES,
    MAX_LEVELS,
    MISSING,
    MOSTLY_DIFFERENT,
    CategoryColumn,
    NumberColumn,
    least_type,
    merge_numbers,
)
from em_impute.table.numbers import parse_number
from em_impute.table.read import Table
from em_impute.table.text import listed, plural, shown, unused_name

SAMPLE, ROUGHLY = 200, 0.8
"""Texts that are looked at first, and the share of their cells that must be numbers to look further."""

MOST_LOOKED_AT = 20_000
"""Texts by which a notation is chosen."""

TOLD = 0.5
"""Share of the cells that must be numbers where the user says that they are."""

ORDER_OF = {"day-first": DAY_FIRST, "month-first": MONTH_FIRST}
"""Orders of day and month, by what the user calls them."""

REPEATS = 8
"""Rows to each different number from which on their codes are kept."""

Form = Notation | Times | Compound
"""How the cells of a column are written."""

YES, NO = ("yes", "y", "true", "t", "1"), ("no", "n", "false", "f", "0")


@dataclass(frozen=True)
class Reading:
    """How a column of texts becomes numbers, which are predictors."""

    column: Annotated[str, "The column."]
    notation: Annotated[Form, Kinds(number=Notation, time=Times, compound=Compound), "How its cells are written."]
    parts: Annotated[tuple[str, ...], Axes("n_made"), "Which numbers are made of a cell; empty for the one that it is."]
    names: Annotated[tuple[str, ...], Axes("n_made"), "What these are called among the predictors."]
    is_category: Annotated[bool, "Its texts are few, and a category too."]
    index: Annotated[int | None, NotSaved] = None
    """Where it stands in the table; None where it is not there."""
    unread: Annotated[tuple[str, ...], NotSaved] = ()
    """Where the first cells are that are no numbers in this notation, and count as missing: `line 5`."""
    n_unread: Annotated[int, NotSaved] = 0
    """How many there are; 0 where they were not counted."""
    n_missing: Annotated[int, NotSaved] = 0
    """Cells that hold nothing."""

    @property
    def told_unread(self) -> str:
        """Say of which cells nothing was made; those themselves may be private."""
        cells = plural(self.n_unread, "cell") if self.n_unread else "cells"
        return f"{cells} of {shown(self.column)}, such as {', '.join(self.unread)}" if self.unread else ""

    def only(self, names: Sequence[str]) -> "Reading":
        """Make no other numbers than these."""
        kept = [(part, name) for part, name in zip(self.parts, self.names, strict=True) if name in names]
        return replace(self, parts=tuple(part for part, _ in kept), names=tuple(name for _, name in kept))


def made_names(readings: Sequence[Reading]) -> list[str]:
    """Name the numbers that stand behind all columns of a table."""
    return [name for one in readings for name in one.names if name != one.column]


def times_of(readings: Sequence[Reading]) -> dict[str, list[tuple[str, ...]]]:
    """Name the numbers that are made of times, a sine together with its cosine."""
    return {
        one.column: [one.names[:1], *zip(one.names[1::2], one.names[2::2], strict=True)]
        for one in readings
        if isinstance(one.notation, Times)
    }


def columns_to_read_again(table: Table, decimal: str) -> list[int]:
    """Find columns whose texts were not kept, since they began as numbers or are too many, but which may be numbers."""
    return [
        index
        for index, category in table.categories.items()
        if category.code is None
        and any(
            _notation_of(category.first, np.ones(len(category.first)), decimal, kind, ROUGHLY)
            for kind in ("", *ORDER_OF)
        )
    ]


def find_readings(
    table: Table, names: Sequence[str], decimal: str, told: Mapping[int, str]
) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    """Find the columns that are numbers in some notation; `names` are those of all columns, `told` their kinds.

    Also gives the columns of dates in which nothing tells the day from the month: texts, unless other columns have one
    order.  Raises DesignError for a column that is not what the user said, and where it is open what the mark in it
    means.
    """
    found, unsettled = list[Reading](), list[int]()
    for index, category in table.categories.items():
        column, kind = (names[index], category), told.get(index, "")
        if category.code is None or not category.texts or kind in {"category", "text"}:
            continue
        notation = _checked_notation(table, column, decimal, kind)
        if notation is not None:
            found.append(_reading(table, index, column, notation, [*names, *made_names(found)], is_told=bool(kind)))
        elif choose_times(*_known(category), LEAST_READ, order=DAY_FIRST):
            unsettled.append(index)
    forms = {one.notation.form for one in found if isinstance(one.notation, Times)}
    orders = [kind for kind, form in ORDER_OF.items() if form in forms]
    if unsettled and len(orders) == 1:
        return find_readings(table, names, decimal, {**told, **dict.fromkeys(unsettled, orders[0])})
    return tuple(found), tuple(names[index] for index in unsettled)


def with_readings(table: Table, readings: Sequence[Reading]) -> Table:
    """Put the numbers that texts are in the place of these, or behind all columns where they have names of their own.

    A column that is not there, or whose texts were not read, is missing in every row.
    """
    numbers, categories, place = dict(table.numbers), dict(table.categories), count(table.n_columns)
    for one in readings:
        category = None if one.index is None else categories.get(one.index)
        made = _made(table, one, category)
        if one.index is not None and not one.is_category:
            categories.pop(one.index, None)
            if one.column not in one.names:
                numbers.pop(one.index, None)
        for name, column in zip(one.names, made, strict=True):
            if name != one.column:
                numbers[next(place)] = column
            elif one.index is not None:
                numbers[one.index] = column
    return replace(table, numbers=numbers, categories=categories)


def as_told(table: Table, told: Mapping[int, str]) -> Table:
    """Let texts speak only as texts where the user said so, and let categories that are spelled alike be one."""
    numbers, categories = dict(table.numbers), dict(table.categories)
    for index, category in table.categories.items():
        if told.get(index) == "text" and category.code is not None:
            categories[index] = replace(category, is_prose=True)
            numbers[index] = replace(numbers[index], numbers=None, code=None, n_numbers=0, n_bad=table.n_rows)
        else:
            categories[index] = merge_spellings(category)
    return replace(table, numbers=numbers, categories=categories)


def _notation_of(texts: Sequence[str], counts: Floats, decimal: str, kind: str, least: float) -> Form | None:
    """Choose the notation of texts, (n_texts,) with so many cells each; of some `kind` if the user named it."""
    is_date = kind == "date" or kind in ORDER_OF
    order = ORDER_OF.get(kind, "")
    found = None if kind == "number" else choose_times(texts, counts, least, is_told=is_date, order=order)
    if found is not None or is_date:
        return found
    notation = choose_notation(texts, counts, decimal, least)
    return choose_compound(texts, counts, least) if notation is None else notation


def _known(category: CategoryColumn) -> tuple[Sequence[str], Floats]:
    """Give the texts by which a notation is chosen, and how many cells hold each."""
    return category.texts[:MOST_LOOKED_AT], category.counts[:MOST_LOOKED_AT].astype(np.float64)


def _checked_notation(table: Table, column: TextColumn, decimal: str, kind: str) -> Form | None:
    """Choose the notation of a column; None where it has none."""
    texts, counts = _known(column[1])
    if kind:
        found = _notation_of(texts, counts, decimal, kind, LEAST_READ)
        found = found or _notation_of(texts, counts, decimal, kind, TOLD)
        if found is None:
            raise _refused(table, column, kind, _notation_of(texts, counts, decimal, kind, 0.0))
        return found
    first = slice(0, SAMPLE)
    if _notation_of(texts[first], counts[first], decimal, kind, ROUGHLY):
        found = _notation_of(texts, counts, decimal, kind, LEAST_READ)
        if isinstance(found, Notation) and decimal == found.decimal == ".":
            _refuse_open_question(table, column, found)
        return found
    return None


def _refuse_open_question(table: Table, column: TextColumn, notation: Notation) -> None:
    """Raise DesignError where `1,234` may be a thousand or one, and no column has a number with a decimal point."""
    if not may_be_decimal(notation, *_known(column[1]), LEAST_READ):
        return
    if any(other.numbers is not None and not other.is_whole for other in table.numbers.values()):
        return
    name, category = column
    (line, text), *_ = _cells(table, category, [notation.grouping in one for one in category.texts])
    large = notation.numbers([text])[0, 0]
    message = f"column {shown(name)} holds {shown(text)} on line {line}: {large:.15g} or {large / 1000:.15g}?"
    number, comma = option("kinds", f"{name}=number"), option("decimal", "','")
    raise DesignError(message, f"add {number} for {large:.15g}, or {comma} for {large / 1000:.15g}")


def _refused(table: Table, column: TextColumn, kind: str, nearest: Form | None) -> DesignError:
    """Say which cells of a column are not what the user said, by the notation that most of them have."""
    name, category = column
    texts, counts = category.texts, category.counts.astype(np.float64)
    is_bad = np.ones(len(texts), np.bool_) if nearest is None else np.isnan(nearest.numbers(texts)[:, 0])
    cells = [f"{shown(text)} (line {line})" for line, text in _cells(table, category, is_bad)]
    if kind == "date" and choose_times(texts, counts, TOLD, is_told=True, order=DAY_FIRST):
        message = f"nothing tells the day from the month in column {shown(name)}: {listed(cells)}"
        return DesignError(message, f"say {_orders_of(name)} instead")
    without = option("kinds", f"{name}={kind}")
    message = f"column {shown(name)} is no {kind.replace('-first', '-first date')}: {listed(cells)}"
    return DesignError(message, f"correct these cells, or leave out {without}")


def _orders_of(name: str) -> str:
    """Name the options that say in which order a column has day and month."""
    return " or ".join(option("kinds", f"{name}={kind}") for kind in ORDER_OF)


def of_unsettled(names: Sequence[str]) -> str:
    """Say that nothing tells the day from the month in some columns."""
    told = f"Dates in {listed([*map(shown, names)])} may have the day or the month first, and are read as texts."
    return f"{told} {_orders_of(names[0])} settles it."


def _cells(table: Table, category: CategoryColumn, wanted: Sequence[bool] | Flags) -> list[tuple[int, str]]:
    """Give line and text of the first cells whose text is `wanted`, (n_texts,)."""
    code = np.empty(0, np.int8) if category.code is None else category.code
    rows = np.flatnonzero(np.append(wanted, False)[code])[:EXAMPLES]  # −1 takes the last
    texts = [category.texts[k] for k in code[rows].tolist()]
    return list(zip(table.line_of(rows).tolist(), texts, strict=True))


def _reading(
    table: Table, index: int, column: TextColumn, notation: Form, names: Sequence[str], *, is_told: bool
) -> Reading:
    """Say what is made of a column, and which of its cells are no numbers."""
    own, category = column
    texts, counts, n_cells = category.texts, category.counts, category.counts.sum()
    is_category = not is_told and 1 < len(texts) <= MAX_LEVELS and len(texts) < MOSTLY_DIFFERENT * n_cells
    if isinstance(notation, Notation):  # a slip of the pen makes no category of numbers
        is_category = is_category and bool(counts @ are_mixed(texts) > (1.0 - LEAST_READ) * n_cells)
    made = []
    for part in notation.parts:
        name = f"{own} ({part or 'number'})" if part or is_category else own
        made.append(name if name == own else unused_name(name, names, "'"))
    is_bad = np.isnan(notation.numbers(texts)[:, 0])
    unread = tuple(f"line {line}" for line, _ in _cells(table, category, is_bad))
    counted = int(counts @ is_bad), category.n_missing
    return Reading(own, notation, notation.parts, tuple(made), is_category, index, unread, *counted)


def _made(table: Table, reading: Reading, category: CategoryColumn | None) -> Iterator[NumberColumn]:
    """Make the numbers of a column."""
    if category is None or (code := category.code) is None:
        code = np.full(table.n_rows, MISSING, np.int8)
        category = CategoryColumn(code, (), 0)
    values = reading.notation.numbers(category.texts)  # (n_texts, n_parts)
    is_bad = np.isnan(values[:, 0])
    n_missing, n_bad = category.n_missing, int(category.counts @ is_bad)
    for part in reading.parts:
        of_text = np.append(values[:, reading.notation.parts.index(part)], np.nan)  # at the end that of −1
        numbers, of_row = of_text[code], None
        if (n_texts := len(category.texts)) * REPEATS <= code.size:
            numbers, of_row = merge_numbers(of_text, np.where(code < 0, n_texts, code))
        yield NumberColumn(
            numbers=numbers,
            code=of_row,
            n_missing=n_missing,
            n_numbers=code.size - n_missing - n_bad,
            n_bad=n_bad,
            bad_examples=tuple(_cells(table, category, is_bad)),
        )


def not_numbers(cells: Mapping[str, str]) -> str:
    """Say that some cells of columns count as missing: {column: which}."""
    names = listed([shown(name) for name in cells])
    return f"Cells of {names} that are not numbers count as missing: {listed([*cells.values()], separator='; ')}."


def merge_spellings(category: CategoryColumn, model: Sequence[str] = ()) -> CategoryColumn:
    """Let texts that differ in case or blanks only be one, spelled as most cells are, or as a `model` knows it.

    Of a column with too many texts for a category nothing is changed, unless they are few then.
    """
    code, texts = category.code, category.texts
    if code is None:
        return category
    keys = _keys(model, texts)
    known, keys = dict(zip(keys, model, strict=False)), keys[len(model) :]
    spelled: dict[str, str] = {}
    for at in np.argsort(-category.counts, kind="stable").tolist():
        spelled.setdefault(keys[at], texts[at])
    spelled |= known
    new = [spelled[key] for key in keys]
    merged = {text: k for k, text in enumerate(dict.fromkeys(new))}
    if len(merged) > MAX_LEVELS or new == list(texts):
        return category
    place = np.array([*map(merged.__getitem__, new), -1], least_type(len(merged)))
    return replace(category, code=place[code], texts=tuple(merged), is_prose=False)  # −1 takes the last


def _keys(model: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Give those of a model, then other texts, a key each that is the same where they mean the same."""
    both = [*model, *texts]
    numbers = map(parse_number, both)
    keys = [text if number is None else f"{number:.15g}" for text, number in zip(fold(both), numbers, strict=True)]
    kinds = set(keys[: len(model)] or keys)
    if kinds <= {*YES, *NO} and not kinds.isdisjoint(YES) and not kinds.isdisjoint(NO):
        return ["yes" if key in YES else "no" if key in NO else key for key in keys]
    return keys
