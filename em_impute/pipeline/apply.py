"""A saved model applied to a table: no fit, and row by row the same answer whatever else the table holds."""

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from em_impute.columns.labels import Labels, number_labels, resolve_marks
from em_impute.em.blocks import Integers, slices
from em_impute.ensemble import metrics
from em_impute.errors import ColumnError
from em_impute.model.assign import deltas_of
from em_impute.model.fills import Filled, Imputing, fill_rows
from em_impute.model.predict import Coding, Expert, Model
from em_impute.options import Request
from em_impute.pipeline.compatibility import Mismatch, describe, mismatch_of, refuse_mismatch
from em_impute.pipeline.open import Progress, look_at, read_opened, unique_names
from em_impute.pipeline.types import ColumnResult, InputTable, with_experts
from em_impute.saved_model.drift import DataProfile, compare
from em_impute.saved_model.store import SavedColumn, SavedModel
from em_impute.saved_model.values import Drift, Recovered
from em_impute.table.arrays import Codes
from em_impute.table.columns import TargetColumn
from em_impute.table.dialect import Dialect, find_column
from em_impute.table.read import Table
from em_impute.table.source import Source, open_source
from em_impute.table.text import listed, same_name, shown, shown_path

CHUNK_ROWS = 1 << 20
"""Rows that are filled at a time."""


@dataclass(frozen=True)
class Applied:
    """One column, completed by a saved model."""

    saved: SavedColumn
    """with its predictors in their places in the table"""
    completion: ColumnResult
    summary: DataProfile
    """of the rows of the table"""
    drift: Drift
    """by how much they differ from those of the training"""
    mismatch: Mismatch
    tested: Recovered | None
    """how right the model is about known labels, which it has not seen; None where there is none or nobody asks"""
    without_predictors: Integers
    """the rows with a missing label that show no predictor"""
    path: str
    """of the model"""


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


@contextmanager
def opened_for(
    model: SavedModel, request: Request, progress: Progress
) -> Iterator[tuple[InputTable, SavedModel, Request]]:
    """Open and read the columns of a table that a model needs; those that are not there are missing in every row.

    Also gives the model with its predictors in their places, and the request as it was read.  Raises ColumnError where
    a column to fill is not there, or no predictor is.
    """
    began = perf_counter()
    with open_source(request.path) as raw:
        opened, found, asked = read_for(model, raw, request, progress)
        yield replace(opened, seconds=perf_counter() - began), found, asked


def read_for(
    model: SavedModel, raw: Source, request: Request, progress: Progress
) -> tuple[InputTable, SavedModel, Request]:
    """Do the same with a table whose bytes are at hand."""
    asked = replace(request, columns=model.names)
    _, dialect = look_at(raw, asked)
    found, asked = fitted_to(model, asked, dialect, raw.name)
    asked = replace(asked, weights=_spelled(dialect, model.weights))  # as for the rows of the fit
    opened = read_opened(raw, asked, progress, may_be_empty=True)
    return replace(opened, table=with_groups(opened.table, [one.model for one in found.columns])), found, asked


def fitted_to(model: SavedModel, request: Request, dialect: Dialect, name: str) -> tuple[SavedModel, Request]:
    """Place a model's predictors in a table, and ask for the columns that it needs.  Raises as `opened_for` does."""
    for column in model.names:
        find_column(dialect, _spelled(dialect, column) or column, name)  # says what there is where it is not
    names = unique_names(dialect.names)
    found = replace(model, columns=tuple(_shifted(placed(one, names), request.deltas) for one in model.columns))
    read = {index for column in found.columns for index in column.model.columns}
    if not read:
        needed = listed([shown(one) for one in model.columns[0].model.pooled.coding.names])
        raise ColumnError(f"{shown_path(name)} has none of the model's predictors", f"the model needs some of {needed}")
    by = _by([one.model for one in found.columns])
    return found, replace(
        request,
        columns=tuple(_spelled(dialect, column) or column for column in model.names),
        features=tuple(_called(dialect, index) for index in sorted(read - {by})),
        by=None if by is None else _called(dialect, by),
        null_values=tuple(sorted({*request.null_values, *(token for one in found.columns for token in one.tokens)})),
        keep_values=tuple(
            sorted({*request.keep_values, *(label for one in found.columns for label in one.model.labels)})
        ),
    )


def with_groups(table: Table, models: Sequence[Model]) -> Table:
    """Let the column that divides the rows be a predictor too, if a fit of all rows has it as one."""
    by = _by(models)
    if by is None or table.groups is None or not any(by in one.columns for one in models):
        return table
    return replace(table, categories={**table.categories, by: table.groups})


def with_scores(table: Table, model: Model) -> Table:
    """Put what the texts of each row say beside its numbers, for a model that has learnt from texts."""
    return table if model.texts is None else model.texts.added(table)


def _by(models: Sequence[Model]) -> int | None:
    return next((one.groups.column for one in models if one.groups), None)


def placed(saved: SavedColumn, names: Sequence[str]) -> SavedColumn:
    """Find where the predictors of a column stand in a table with these unique names."""
    at = {unicodedata.normalize("NFC", name): index for index, name in enumerate(names)}
    texts = saved.model.texts
    if texts is not None:
        there = {name: at.get(unicodedata.normalize("NFC", name)) for name in texts.columns}
        texts = replace(texts, column={name: index for name, index in there.items() if index is not None})
        at.update(texts.places(len(names)))

    def coded(coding: Coding) -> Coding:
        there = {name: at.get(unicodedata.normalize("NFC", name)) for name in coding.names}
        return replace(coding, column={name: index for name, index in there.items() if index is not None})

    def placed_expert(expert: Expert, _group: str | None) -> Expert:
        return replace(expert, coding=coded(expert.coding))

    model = replace(with_experts(saved.model, placed_expert), texts=texts)
    if model.groups is not None:
        column = at.get(unicodedata.normalize("NFC", model.groups.name))
        model = replace(model, groups=replace(model.groups, column=column))
    return replace(saved, model=model)


def _without(saved: SavedColumn, names: Collection[str]) -> SavedColumn:
    """Take predictors for missing that a table has, but not so that they can be read."""
    coding = saved.model.pooled.coding
    column = {name: index for name, index in coding.column.items() if name not in names}
    pooled = replace(saved.model.pooled, coding=replace(coding, column=column))
    return replace(saved, model=replace(saved.model, pooled=pooled))


def apply_all(opened: InputTable, model: SavedModel, request: Request, path: str, progress: Progress) -> list[Applied]:
    """Complete every column of a model, which came from `path`.  Raises what `apply_column` does."""
    progress("filling", None, "")
    is_known = any(source.sha256 == opened.table.sha256 for source in model.sources)
    return [
        apply_column(opened, saved, column, request, path, is_known=is_known)
        for saved, column in zip(model.columns, opened.targets, strict=True)
    ]


def elsewhere(saved: SavedColumn) -> SavedColumn:
    """Give a column as it fills a file that it did not learn from: why labels are missing belongs to a file.

    With --shares free the user said that it belongs to the labels.
    """
    return saved if saved.free_shares else replace(saved, model=replace(saved.model, shifts=None))


def _shifted(saved: SavedColumn, deltas: Sequence[tuple[str, float]]) -> SavedColumn:
    """Let the log-odds of labels be higher than the model has them.  Raises UsageError for a label that is none."""
    delta = saved.model.delta + deltas_of(saved.model.labels, deltas)
    return replace(saved, model=replace(saved.model, delta=delta))


def apply_column(
    opened: InputTable, saved: SavedColumn, column: int, request: Request, path: str, *, is_known: bool
) -> Applied:
    """Complete one column, the one at `column`; `is_known` says that the model has learnt from the table.

    Raises DesignError, naming all of it at once, where the table holds what the model was not made for.
    """
    began = perf_counter()
    saved = saved if is_known else elsewhere(saved)
    saved = replace(saved, model=_counted(saved.model, opened.table))
    model, n_known = saved.model, len(saved.model.labels)
    table = with_scores(opened.table, model)
    opened = replace(opened, table=table)
    labels = label_rows(opened.names[column], table.targets[column], model.labels, request)
    new = tuple(zip(labels.labels[n_known:], labels.known[n_known:], strict=True))
    mismatch = mismatch_of(model, opened, new)
    summary = describe(_without(saved, mismatch.unusable), opened, labels)
    drift = compare(saved.training.summary, summary)
    refuse_mismatch(mismatch, drift, opened.name, path)
    row = np.flatnonzero(labels.label < 0).astype(np.int32)
    done = fill_by_model(model, table, row, len(labels.labels), request)
    timings = {"posterior": perf_counter() - began}
    completion = ColumnResult(column, saved.column, labels, done.fills, done.probability, done.entropy, timings)
    return Applied(
        saved,
        completion,
        summary,
        drift,
        mismatch,
        _tested(table, labels, saved, request.seed) if request.examined and not is_known else None,
        done.without_predictors,
        path,
    )


def fill_by_model(
    model: Model, table: Table, row: Codes, n_labels: int, request: Request, imputing: Imputing | None = None
) -> Filled:
    """Choose labels for rows of a chunk, (n_missing,), some at a time; the model's are the first of `n_labels`."""
    return fill_rows(
        (model.predict(table, row[some]) for some in slices(row.size, CHUNK_ROWS)),
        row,
        n_labels,
        min_probability=request.min_probability,
        keeps_probability=request.probabilities,
        imputing=imputing,
    )


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
    row: Codes = np.flatnonzero((labels.label >= 0) & (labels.label < len(model.labels))).astype(np.int32)
    if not row.size:
        return None
    if row.size > CHUNK_ROWS:
        row = np.sort(np.random.default_rng(seed).choice(row, CHUNK_ROWS, replace=False))
    said, known, n_labels = model.predict(table, row), saved.training.summary.labels, len(model.labels)
    # Equal rows of one label are told once.
    pair, times = np.unique(said.place.astype(np.intp) * n_labels + labels.label[row], return_counts=True)
    probability, label, weight = said.probability[pair // n_labels], pair % n_labels, times.astype(np.float64)
    count = np.full(n_labels, 0.5)
    np.add.at(count, [model.labels.index(one) for one in known.texts], known.counts)
    shares = np.broadcast_to(count / count.sum(), probability.shape)
    return Recovered(
        row.size,
        metrics.accuracy(probability, label, weight),
        metrics.log_loss(probability, label, weight),
        metrics.accuracy(shares, label, weight),
        metrics.log_loss(shares, label, weight),
    )


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
