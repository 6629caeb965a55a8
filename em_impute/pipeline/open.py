"""From bytes to a table that has been read: first pass."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.deduplicate import Key
from em_impute.columns.labels import unused_tokens
from em_impute.columns.predictors import Column, Known, Rejected, TextColumn
from em_impute.columns.readings import (
    Reading,
    as_told,
    columns_to_read_again,
    find_readings,
    made_names,
    times_of,
    with_readings,
)
from em_impute.columns.same_label import SameLabel, find_same_label, same_label_of
from em_impute.columns.weights import read_weights
from em_impute.em.blocks import Floats
from em_impute.errors import DesignError, FitError, UsageError, option
from em_impute.model.groups import refuse_groups
from em_impute.options import Request, column_of
from em_impute.table.columns import ANY_NUMBER, MAX_TEXTS, Codes
from em_impute.table.dialect import Dialect, detect_dialect, find_column
from em_impute.table.numbers import NO_TOKENS, Tokens
from em_impute.table.read import ReadOptions, Table, read_table
from em_impute.table.source import Source, open_source
from em_impute.table.text import plural, shown

Progress = Callable[[str, float | None, str], None]
"""Told of progress: the stage, the share of it that is done (None if unknown), and a detail."""


@dataclass(frozen=True)
class InputTable:
    """A table that has been read, its source still open for the second pass."""

    source: Source  # bytes to patch, in a form that is transparent to ASCII
    name: str  # what to call the input in messages
    table: Table
    targets: Sequence[int]  # the columns to fill
    names: Sequence[str]  # what to call every column: its name, with its number where that is empty or not the only one
    seconds: float  # time that reading took
    weight: Floats | None = None
    """(n_rows,) how much each row counts, with mean 1 over those that do; None counts all alike"""
    groups: TextColumn | None = None  # the column that divides the rows, and what to call it
    same: Key | None = None  # the column of which the user said that rows with one value have one label
    is_sample: bool = False  # most rows of the table are elsewhere, so that siblings of these are not at hand
    readings: tuple[Reading, ...] = ()
    """How columns of texts became numbers; those that are made of one column stand behind all columns."""
    unsettled: tuple[str, ...] = ()  # the columns of dates in which nothing tells the day from the month
    told: frozenset[str] = frozenset()
    """The columns whose kinds are no question, since the user has named them or they were made of texts."""
    unused: Sequence[str] = ()  # options that name a token which no column to fill holds
    left: Sequence[Rejected] = ()  # columns with gaps that cannot be filled, where none was named

    def apart_from(self, column: int) -> "InputTable":
        """Take a column to fill, which others to fill may have as a predictor, from its own predictors."""
        if column not in self.table.numbers:
            return self
        made = made_names([one for one in self.readings if one.index == column])
        apart = {column, *(index for index, name in enumerate(self.names) if name in made)}
        numbers = {index: one for index, one in self.table.numbers.items() if index not in apart}
        categories = {index: one for index, one in self.table.categories.items() if index not in apart}
        readings = tuple(one for one in self.readings if one.index != column)
        return replace(self, table=replace(self.table, numbers=numbers, categories=categories), readings=readings)

    @property
    def columns(self) -> list[Column]:
        """Every column that was examined for numbers, by what to call it."""
        return [(self.names[index], numbers) for index, numbers in self.table.numbers.items()]

    @property
    def categories(self) -> list[TextColumn]:
        """Those of them that hold text, by what to call them."""
        return [(self.names[index], category) for index, category in self.table.categories.items()]

    def without(self, cells: Mapping[str, NDArray[np.intp]]) -> "InputTable":
        """Take some predictors for missing, each named with the rows in which it is."""
        numbers, categories = dict(self.table.numbers), dict(self.table.categories)
        for index, name in enumerate(self.names):
            if name in cells and index in numbers:
                numbers[index] = numbers[index].without(cells[name])
            if name in cells and index in categories:
                categories[index] = categories[index].without(cells[name])
        return replace(self, table=replace(self.table, numbers=numbers, categories=categories))

    @property
    def known(self) -> Known:
        """What is known of the columns beside their cells."""
        return Known(told=self.told, times=times_of(self.readings), are_read=bool(self.readings))

    @property
    def keys(self) -> list[Key]:
        """The columns whose values may say which rows belong together, by what to call them: put together each time."""
        as_text = dict(self.categories)
        numbers = [one for one in self.columns if one[0] not in as_text]
        found: list[TextColumn | Column] = [*([] if self.groups is None else [self.groups]), *self.categories, *numbers]
        return [(name, code) for name, column in found if (code := column.key_code) is not None]

    def same_label(self, label: Codes, keys: Sequence[Key]) -> SameLabel | None:
        """Give the column of which rows with one value have one label: as the user says, or one of `keys`."""
        if self.same is not None:
            return replace(same_label_of(self.same, label), is_binding=True)
        if self.is_sample:
            return None
        as_text = {name for name, _ in self.categories}
        return find_same_label(keys, [name for name, _ in self.columns if name not in as_text], label)


@contextmanager
def open_table(request: Request, progress: Progress) -> Iterator[InputTable]:
    """Open and read the input."""
    with open_source(request.path, hashed=request.reported or request.keeps_model) as raw:
        yield read_opened(raw, request, progress)


def read_opened(raw: Source, request: Request, progress: Progress, *, may_be_empty: bool = False) -> InputTable:
    """Read a table whose bytes are at hand.  Raises FitError where it has no rows, unless it `may_be_empty`."""
    began = perf_counter()
    source, dialect = detect_dialect(raw, request)
    options = read_options(request, dialect, raw.name)
    # A column that a model has learnt to read is read whatever it holds.
    options["most_texts"] = ANY_NUMBER if may_be_empty else MAX_TEXTS
    options["progress"] = lambda done: progress("reading", done / max(1, source.size), "")
    left: list[Rejected] = []
    if request.all_columns:
        every = options.copy()
        if request.features:  # what is filled may be no predictor
            every |= {"features": None, "explicit": False}
        options["targets"], left = _incomplete(read_table(source, dialect, **every), request, raw.name)
    table = read_table(source, dialect, **options)
    if not (table.n_rows or may_be_empty):
        raise FitError(f"{raw.name} has a header but no rows to learn from", "add rows below the header")
    opened = replace(input_table(replace(source, name=raw.name), table, options, perf_counter() - began), left=left)
    return opened if may_be_empty else interpreted(opened, request)


NO_LABEL = "no label is known"

FEW_LABELS = 10
"""Texts that may be labels however few rows have each; more of which most rows have their own are remarks."""


def _incomplete(table: Table, request: Request, name: str) -> tuple[list[int], list[Rejected]]:
    """Divide the columns with gaps, null values too, into categories, to be filled, and others, with the reason."""
    to_fill, left, names, null_values = [], [], unique_names(table.dialect.names), request.null_values
    measured = _measured(table, names, request, name)
    for column, numbers in table.numbers.items():
        category = table.categories.get(column)
        n_missing, held = numbers.n_missing, "codes" if numbers.is_code else "numbers"
        reason = f"it holds {held}" if n_missing < numbers.size else NO_LABEL
        if category is not None:
            known = dict(zip(category.texts, category.counts.tolist(), strict=True))
            n_missing = category.n_missing + sum(n for text, n in known.items() if text in null_values)
            labels, reason = known.keys() - null_values, measured.get(names[column], "")
            if len(labels) <= 1:
                reason = "it holds one text only" if labels else NO_LABEL
            elif category.too_many and not reason:
                reason = f"it holds more than {category.limit} different texts"
            elif len(labels) > FEW_LABELS and 2 * len(labels) > sum(known[text] for text in labels):
                reason = reason or "its texts hardly repeat"
        if n_missing and reason:
            left.append(Rejected(names[column], f"{n_missing:,} missing, but {reason}"))
        elif n_missing:
            to_fill.append(column)
    return to_fill, left


def _measured(table: Table, names: Sequence[str], request: Request, name: str) -> dict[str, str]:
    """Find columns with gaps of texts that are times or amounts, and say so: few or not, they are no categories."""
    with_gaps = {column: category for column, category in table.categories.items() if category.n_missing}
    told = _kinds_of(request, table.dialect, name)
    found, unsettled = find_readings(replace(table, categories=with_gaps), names, request.decimal, told)
    kinds = {one.column: "numbers" for one in found if not one.is_category}
    kinds |= dict.fromkeys([*times_of(found), *unsettled], "dates or times")
    return {column: f"it holds {kind}" for column, kind in kinds.items()}


def interpreted(opened: InputTable, request: Request) -> InputTable:
    """Find out which columns of texts are numbers, and put these beside the others.

    A column whose texts were not kept, though it may be of numbers in some notation, is read again.
    """
    table, dialect = opened.table, opened.table.dialect
    told = _kinds_of(request, dialect, opened.name)
    if again := columns_to_read_again(table, request.decimal):
        more = read_table(
            opened.source,
            dialect,
            targets=[*table.targets],  # the same rows are none
            features=again,
            explicit=False,
            decimal=request.decimal,
            texts=again,
            all_lines=request.all_lines or opened.is_sample,
            tokens_of=_tokens(request, dialect, opened.name, opened.targets),
            most_texts=ANY_NUMBER,
        )
        table = replace(table, categories=table.categories | more.categories)
    table = as_told(table, told)
    readings, unsettled = find_readings(table, opened.names, request.decimal, told)
    return replace(
        opened,
        table=with_readings(table, readings),
        names=[*opened.names, *made_names(readings)],
        readings=readings,
        unsettled=unsettled,
        unused=unused_tokens([text for target in table.targets.values() for text in target.texts], request),
        # Days in a row are no row numbers, and the user need not say so.
        told=frozenset((*(opened.names[index] for index in told), *made_names(readings))),
    )


def _kinds_of(request: Request, dialect: Dialect, name: str) -> dict[int, str]:
    """Find the columns whose kinds the user has named.  Raises ColumnError for one that is not there."""
    return {find_column(dialect, column, name): kind for column, kind in request.kinds}


def before_readings(opened: InputTable, request: Request, columns: Collection[int]) -> InputTable:
    """Read a table again as a model reads one: the texts of some `columns`, not the numbers that were made of them."""
    options = read_options(request, opened.table.dialect, opened.name)
    options["most_texts"], options["texts"] = ANY_NUMBER, columns
    table = read_table(opened.source, opened.table.dialect, **options)
    return replace(opened, table=replace(table, lines=opened.table.lines), readings=())


def input_table(source: Source, table: Table, options: ReadOptions, seconds: float = 0.0) -> InputTable:
    """Give a table with the weights of its rows and the column that divides them.  Raises DesignError for bad ones."""
    names = unique_names(table.dialect.names)
    weight = groups = same = None
    if options["weights"] is not None and table.weights is not None:
        weight = read_weights(names[options["weights"]], table.weights, table.line_of)
    if options["groups"] is not None and table.groups is not None:
        groups = names[options["groups"]], table.groups
        if table.n_rows:
            refuse_groups(*groups)
    if options["same"] is not None and table.same is not None and table.same.code is not None:
        same = names[options["same"]], table.same.code
    return InputTable(source, source.name, table, options["targets"], names, seconds, weight, groups, same)


def read_options(request: Request, dialect: Dialect, name: str) -> ReadOptions:
    """Find the columns that are asked for, and say how they are to be read.

    Raises UsageError for one that is named for two things, ColumnError for one that is not there.
    """
    targets = [find_column(dialect, column, name) for column in request.columns]
    if len(set(targets)) < len(targets):
        raise UsageError(f"a column is named twice with {option('columns')}", "name each column once")
    features = [find_column(dialect, feature, name) for feature in request.features]
    for both in set(features) & set(targets) if len(targets) == 1 else ():  # several predict each other
        message = f"column {shown(dialect.names[both])} cannot be both filled and a predictor"
        raise UsageError(message, f"leave it out of {option('features')}")
    taken = {**dict.fromkeys(targets, "filled"), **dict.fromkeys(features, "a predictor")}
    kinds = _kinds_of(request, dialect, name)
    for both in {*targets, *(one for one in features if kinds.get(one) == "ignore")} & kinds.keys():
        message = f"column {shown(dialect.names[both])} cannot be both {taken[both]} and {kinds[both]}"
        raise UsageError(message, f"leave it out of {option('kinds')}")
    weights = _apart("weights", request.weights, dialect, name, taken)
    if weights is not None:
        taken[weights] = "the weights"
    groups = _apart("by", request.by, dialect, name, taken)
    ignored = [column for column, kind in kinds.items() if kind == "ignore"]
    if ignored and not features:
        out = {*targets, *ignored, weights, groups}
        features = [column for column in range(len(dialect.names)) if column not in out]
    return ReadOptions(
        targets=targets,
        features=features or None,
        texts=frozenset(kinds),
        explicit=bool(request.features),
        decimal=request.decimal,
        null_tokens=frozenset(token for token in request.null_values if not column_of(token)[0]),
        tokens_of=_tokens(request, dialect, name, targets),
        groups=groups,
        same=_apart("same_within", request.same_within, dialect, name, dict.fromkeys(targets, "filled")),
        weights=weights,
        all_lines=request.all_lines,
        keep_record_ends=request.adds_columns,
    )


def _tokens(request: Request, dialect: Dialect, source: str, targets: Sequence[int]) -> dict[int, Tokens]:
    """Find what the user said of cells of predictors, COLUMN=TOKEN, by column."""
    found = dict[int, Tokens]()
    for field in ("null", "keep"):
        for text in getattr(request, f"{field}_values"):
            column, token = column_of(text)
            index = find_column(dialect, column, source) if column else None
            if index in targets:
                message = f"{option(f'{field}_values', text)} names the column to fill"
                raise UsageError(message, f"name the token alone, as in {option(f'{field}_values', token or 'U')}")
            if index is not None:
                before = found.get(index, NO_TOKENS)
                found[index] = before._replace(**{field: getattr(before, field) | {token.strip()}})
    return found


def unique_names(names: Sequence[str]) -> list[str]:
    """Call every column by its name, and by its 1-based number too where the name is empty or not the only one."""
    count = Counter(names)
    return [
        name if name and count[name] == 1 else f"{name or 'unnamed'} (column {number})"
        for number, name in enumerate(names, start=1)
    ]


def _apart(serves_as: str, wanted: str | None, dialect: Dialect, source: str, taken: Mapping[int, str]) -> int | None:
    """Find a column that an option names; it must not be one of `taken`, which are called by what they serve as."""
    if wanted is None:
        return None
    column = find_column(dialect, wanted, source)
    if column in taken:
        message = (
            f"column {shown(dialect.names[column])} cannot be both {taken[column]} and that of {option(serves_as)}"
        )
        raise UsageError(message, f"name another column with {option(serves_as)}")
    return column


def name_of(opened: InputTable, wanted: str | None) -> str | None:
    """Find the name of a column that was asked for by name or number."""
    if wanted is None:
        return None
    return opened.names[find_column(opened.table.dialect, wanted, opened.name)]


def row_at(opened: InputTable, line: int) -> int:
    """Find the row that stands on a line of the file.  Raises DesignError where none does."""
    begins = opened.table.line_of(np.arange(opened.table.n_rows + 1))
    if not begins[0] <= line < begins[-1]:
        raise DesignError(
            f"{opened.name} has no row on line {line:,}",
            f"its {plural(opened.table.n_rows, 'row')} are on lines {begins[0]:,} to {begins[-1] - 1:,}",
        )
    return int(np.searchsorted(begins, line, side="right")) - 1
