"""A saved model applied to a table: no fit, and row by row the same answer whatever else the table holds.

Columns, cells, units, texts and labels that do not fit the model are named all at once; rows are described as those of
the training are, so that the two can be compared and added up.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels, number_labels, resolve_marks
from em_impute.columns.readings import made_names, not_numbers
from em_impute.em.blocks import Floats, draw_rows, slices
from em_impute.ensemble import metrics
from em_impute.errors import ColumnError, DesignError, option
from em_impute.model.assign import deltas_of
from em_impute.model.fills import fill_rows
from em_impute.model.predict import Coding, Expert, Model
from em_impute.options import Request
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.open import InputTable, Progress, read_opened, unique_names
from em_impute.saved_model.distributions import TextDistribution, count_again, count_texts, unit_factor
from em_impute.saved_model.drift import DataProfile, compare
from em_impute.saved_model.store import SavedColumn, SavedModel
from em_impute.saved_model.values import Drift, Recovered
from em_impute.table.columns import NumberColumn, TargetColumn
from em_impute.table.dialect import Dialect, detect_dialect, find_column
from em_impute.table.read import Table
from em_impute.table.source import Source
from em_impute.table.text import listed, plural, same_name, shown, shown_path

MOST_TESTED = 50_000
"""Known labels that are compared with what the model says: so many tell its accuracy to a quarter of a percent."""


class Mismatch(NamedTuple):
    """What of a table does not fit a model."""

    lacking: tuple[str, ...]  # predictors that are not there
    unusable: Sequence[tuple[str, str]]  # predictors none of whose cells can be used, and why
    no_numbers: Mapping[str, str]  # by predictor, its cells that are none and count as missing
    new_labels: Sequence[str]  # labels that the model does not know, and how many rows have each


class Applied(NamedTuple):
    """One column, completed by a saved model."""

    saved: SavedColumn  # with its predictors in their places in the table
    completion: ColumnResult
    summary: DataProfile  # of the rows of the table
    drift: Drift  # by how much they differ from those of the training
    mismatch: Mismatch
    tested: Recovered | None  # how right it is about known labels that it has not seen; None where there is none
    path: str  # of the model


def asked_of(model: SavedModel, request: Request, path: str) -> SavedModel:
    """Keep the columns that were asked for; all where none was.

    Raises ColumnError for one that the model does not fill.
    """
    if not request.columns:
        return model
    kept = []
    for wanted in request.columns:
        found = [one for one in model.columns if same_name(one.column, wanted)]
        if not found:
            fills = listed([shown(name) for name in model.names])
            raise ColumnError(f"the model {shown_path(path)} does not fill column {shown(wanted)}", f"it fills {fills}")
        kept += found
    return replace(model, columns=tuple(kept))


def read_for(
    model: SavedModel, raw: Source, request: Request, progress: Progress
) -> tuple[InputTable, SavedModel, Request]:
    """Read the columns of a table that a model needs; those that are not there are missing in every row.

    Also gives the model with its predictors in their places, and the request as it was read.  Raises ColumnError where
    a column to fill is not there, or no predictor is.
    """
    asked = replace(request, columns=model.names)
    _, dialect = detect_dialect(raw, asked)
    found, asked = fitted_to(model, asked, dialect, raw.name)
    asked = replace(asked, weights=_spelled(dialect, model.weights))  # as for the rows of the fit
    return read_opened(raw, asked, progress, may_be_empty=True), found, asked


def fitted_to(model: SavedModel, request: Request, dialect: Dialect, name: str) -> tuple[SavedModel, Request]:
    """Place a model's predictors in a table, and ask for the columns that it needs.  Raises as `read_for` does."""
    names, targets = unique_names(dialect.names), [_spelled(dialect, column) or column for column in model.names]
    for column in targets:
        find_column(dialect, column, name)  # says what there is where it is not
    found = replace(model, columns=tuple(_placed(one, names, request.deltas) for one in model.columns))
    read = {index for column in found.columns for index in column.model.columns}
    if not read:
        needed = listed([shown(one) for one in model.columns[0].model.pooled.coding.names])
        raise ColumnError(f"{shown_path(name)} has none of the model's predictors", f"the model needs some of {needed}")
    by = next((one.model.groups.column for one in found.columns if one.model.groups), None)
    texts = {index for one in found.columns for index in one.model.read}
    return found, replace(
        request,
        columns=tuple(targets),
        features=tuple(_called(dialect, index) for index in sorted(read - {by})),
        by=None if by is None else _called(dialect, by),
        kinds=tuple((_called(dialect, index), "number") for index in sorted(texts)),
        null_values=tuple(sorted({*request.null_values, *(token for one in found.columns for token in one.tokens)})),
        keep_values=tuple(
            sorted({*request.keep_values, *(label for one in found.columns for label in one.model.labels)})
        ),
    )


def _placed(saved: SavedColumn, names: Sequence[str], deltas: Sequence[tuple[str, float]]) -> SavedColumn:
    """Find where the predictors of a column stand in a table with these unique names, and add shifts of log-odds."""
    model, at = saved.model, {_normal(name): index for index, name in enumerate(names)}

    def places(wanted: Iterable[str]) -> dict[str, int]:
        return {name: at[_normal(name)] for name in wanted if _normal(name) in at}

    def placed_expert(expert: Expert) -> Expert:
        return replace(expert, coding=replace(expert.coding, column=places(expert.coding.names)))

    readings = tuple(replace(one, index=at.get(_normal(one.column))) for one in model.readings)
    made = {name: len(names) + j for j, name in enumerate(made_names(readings))}
    absent = {name for one in readings if one.index is None for name in one.names}
    at.update({_normal(name): index for name, index in made.items() if name not in absent})
    texts = model.texts
    if texts is not None:
        texts = replace(texts, column=places(texts.columns))
        at.update({name: len(names) + len(made) + j for j, name in enumerate(texts.names)})  # behind all columns
    groups = model.groups
    if groups is not None:
        own = {group: one._replace(expert=placed_expert(one.expert)) for group, one in groups.own.items()}
        groups = replace(groups, own=own, column=at.get(_normal(groups.name)))
    pooled, delta = placed_expert(model.pooled), model.delta + deltas_of(model.labels, deltas)
    found = replace(model, pooled=pooled, groups=groups, delta=delta, readings=readings, texts=texts)
    return replace(saved, model=found)


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def elsewhere(saved: SavedColumn) -> SavedColumn:
    """Give a column as it fills a file that it did not learn from: why labels are missing belongs to a file.

    With --shares free the user said that it belongs to the labels.
    """
    return saved if saved.free_shares else replace(saved, model=replace(saved.model, shifts=None))


def apply_column(
    opened: InputTable, saved: SavedColumn, column: int, request: Request, path: str, *, is_known: bool
) -> Applied:
    """Complete one column, the one at `column`; `is_known` says that the model has learnt from the table.

    Raises DesignError, naming all of it at once, where the table holds what the model was not made for.
    """
    began = perf_counter()
    saved = saved if is_known else elsewhere(saved)
    table = saved.model.prepared(opened.table)
    saved = replace(saved, model=_counted(saved.model, table))
    model, opened = saved.model, replace(opened, table=table)
    labels = label_rows(opened.names[column], table.targets[column], model.labels, request)
    mismatch = _mismatch_of(model, opened, labels)
    summary = _describe(saved, opened, labels, without=dict(mismatch.unusable))
    drift = compare(saved.training.summary, summary)
    _refuse_mismatch(mismatch, drift, opened.name, path)
    row = np.flatnonzero(labels.label < 0).astype(np.int32)
    fills = fill_rows(model.say(table, row), row, len(labels.labels), request)
    completion = ColumnResult(column, saved.column, labels, fills, perf_counter() - began)
    tested = _tested(table, labels, saved, request.seed) if request.examined and not is_known else None
    return Applied(saved, completion, summary, drift, mismatch, tested, path)


def _counted(model: Model, table: Table) -> Model:
    """Count the missing cells of the columns that are predictors by the scores of texts alone."""
    texts = model.texts
    if texts is None:
        return model
    there = {name: index for name, index in texts.column.items() if name not in model.coding.names}
    cells = {name: table.categories.get(index, table.numbers[index]) for name, index in there.items()}
    return replace(model, texts=replace(texts, n_missing={name: one.n_missing for name, one in cells.items()}))


def label_rows(name: str, column: TargetColumn, known: tuple[str, ...], request: Request) -> Labels:
    """Give labels the numbers that they have in the model; those that it does not know come after them."""
    kinds = resolve_marks(name, column, request, known)
    labels = (*known, *sorted(set(kinds.labels) - set(known)))
    return number_labels(name, column, kinds, labels, request.keep_values)


def _tested(table: Table, labels: Labels, saved: SavedColumn, seed: int) -> Recovered | None:
    """Compare what the model says with the labels that the table knows; of very many rows with some of them."""
    model = saved.model
    is_known = (labels.label >= 0) & (labels.label < len(model.labels))
    row = draw_rows(is_known, MOST_TESTED, np.random.default_rng(seed))
    if not row.size:
        return None
    said, known, n_labels = model.predict(table, row), saved.training.summary.labels, len(model.labels)
    # Equal rows of one label are told once.
    pair, times = np.unique(said.place.astype(np.intp) * n_labels + labels.label[row], return_counts=True)
    probability, label, weight = said.probability[pair // n_labels], pair % n_labels, times.astype(np.float64)
    count = np.full(n_labels, 0.5)
    np.add.at(count, [model.labels.index(one) for one in known.texts], known.counts)
    shares = np.broadcast_to(count / count.sum(), probability.shape)
    judges = metrics.accuracy, metrics.log_loss
    return Recovered(row.size, *(judge(one, label, weight) for one in (probability, shares) for judge in judges))


def _called(dialect: Dialect, index: int) -> str:
    """Call a column so that it is found again: by its name if that is unique, else by its number."""
    name = dialect.names[index]
    unique = dialect.has_header and name and sum(same_name(name, other) for other in dialect.names) == 1
    return name if unique else str(index + 1)


def _spelled(dialect: Dialect, wanted: str | None) -> str | None:
    """Call a column of the model as the table does, which need not have unique names; None where it is not there."""
    if wanted is None:
        return None
    names = enumerate(unique_names(dialect.names))
    return next((_called(dialect, index) for index, name in names if same_name(name, wanted)), None)


def _mismatch_of(model: Model, opened: InputTable, labels: Labels) -> Mismatch:
    """Compare the columns of a table, read for the model, with those it needs."""
    coding = model.pooled.coding
    numbers = [feature.name for feature in coding.features if feature.category is None]
    source = {name: one.column for one in model.readings for name in one.names}
    found = {source.get(name, name): coding.column[name] for name in numbers if name in coding.column}
    lacking = [*dict.fromkeys(source.get(name, name) for name in coding.names if name not in coding.column)]
    if model.groups is not None and model.groups.column is None and model.groups.name not in lacking:
        lacking.append(model.groups.name)
    unusable, no_numbers = [], {}
    for name, index in found.items():
        column = opened.table.numbers[index]
        if column.infinite:
            unusable.append((name, f"{shown(name)} holds infinite values (line {column.infinite[0]})"))
        if column.n_bad:
            line = column.bad_examples[0][0]
            if column.decimal_comma or not column.n_numbers:
                what = "numbers with a decimal comma" if column.decimal_comma else "no numbers"
                unusable.append((name, f"{shown(name)} holds {what} (line {line})"))
            else:
                no_numbers[name] = f"{plural(column.n_bad, 'cell')} of {shown(name)}, the first on line {line}"
    new = [*zip(labels.labels, labels.known, strict=True)][len(model.labels) :]
    new_labels = [f"{shown(label)} in {plural(count, 'row')}" for label, count in new]
    return Mismatch(tuple(lacking), unusable, no_numbers, new_labels)


def _refuse_mismatch(found: Mismatch, drift: Drift, source: str, path: str) -> None:
    """Raise DesignError, naming everything that does not fit, where fills would be nonsense."""
    units = [f"{shown(one.name)} holds numbers {one.other_unit}" for one in drift.predictors if one.other_unit]
    if not (units or found.unusable):
        return
    lacking = [f"{shown(name)} is not there" for name in found.lacking]
    unseen = [
        f"{shown(one.name)} holds texts that are new in {plural(one.unseen[0], 'row')}"
        for one in drift.predictors
        if one.unseen
    ]
    unusable = [clause for _, clause in found.unusable]
    clauses = [*units, *unusable, *lacking, *found.no_numbers.values(), *unseen, *found.new_labels]
    message = f"{shown_path(source)} does not fit the model {shown_path(path)}: {'; '.join(clauses)}"
    raise DesignError(
        message, f"bring these columns into the form the model was fitted to, or fit anew without {option('model')}"
    )


def mismatch_warnings(found: Mismatch) -> list[tuple[str, str]]:
    """List what does not fit but does no harm beyond itself: (code, message)."""
    warnings = []
    if found.lacking:
        names = listed([shown(name) for name in found.lacking])
        warnings.append(
            ("W24", f"Predictors of the model that are not in this table count as missing in every row: {names}.")
        )
    if found.no_numbers:
        warnings.append(("W30", not_numbers(found.no_numbers)))
    if found.new_labels:
        labels = listed(found.new_labels)
        warnings.append(("W31", f"Labels that the model does not know, and never fills in: {labels}."))
    return warnings


def _describe(saved: SavedColumn, opened: InputTable, labels: Labels, *, without: Collection[str]) -> DataProfile:
    """Describe all rows of a table, be their labels known or not; those that the model does not know count as new.

    Predictors that are not there are left out, as are those `without` which it is to be.
    """
    coding, then = saved.model.pooled.coding, saved.training.summary
    there = coding.column.keys() - without
    numbers, units = {}, {}
    for name in filter(there.__contains__, then.numbers):
        values, weights = _numbers(opened.table.numbers[coding.column[name]], opened.weight)
        numbers[name] = count_again(then.numbers[name], values, weights)
        unit = unit_factor(then.numbers[name], numbers[name], values, weights)
        if unit is not None:
            units[name] = unit.words
    texts = {name: _texts(coding, name, one, opened) for name, one in then.texts.items() if name in there}
    counted = count_texts(then.labels.texts, labels.labels, labels.label, opened.weight)
    return DataProfile(numbers, texts, counted, units)


def _numbers(column: NumberColumn, weight: Floats | None) -> tuple[Floats, Floats | None]:
    """Give the numbers of a column, different ones where it is coded, and for how many rows each stands."""
    if column.numbers is None:
        raise AssertionError("columns that are named are never dropped")
    if column.code is None:
        return column.numbers, weight
    counts = np.zeros(column.numbers.size)
    for some in slices(column.code.size):  # codes of few bytes are counted as whole words
        counts += np.bincount(column.code[some], None if weight is None else weight[some], counts.size)
    return column.numbers, counts


def _texts(coding: Coding, name: str, then: TextDistribution, opened: InputTable) -> TextDistribution:
    """Count the texts of a category; where its cells are all numbers now, those that are its texts."""
    found = opened.table.categories.get(coding.column[name])
    if found is None or found.level is None:
        texts, code = coding.texts[name], coding.codes(opened.table, name, np.arange(opened.table.n_rows))
    else:
        texts, code = found.texts, found.level
    return count_texts(then.texts, texts, code, opened.weight)
