"""A saved model applied to a table: no fit, and row by row the same answer whatever else the table holds."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels, number_labels, resolve_marks
from em_impute.columns.readings import made_names
from em_impute.em.sampling import draw_rows
from em_impute.ensemble import metrics
from em_impute.errors import ColumnError
from em_impute.model.assign import deltas_of
from em_impute.model.fills import fill_rows
from em_impute.model.predict import Expert, Model
from em_impute.options import Request
from em_impute.pipeline.compatibility import Mismatch, describe, mismatch_of, refuse_mismatch
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.open import InputTable, Progress, look_at, read_opened, unique_names
from em_impute.saved_model.drift import DataProfile, compare
from em_impute.saved_model.store import SavedColumn, SavedModel
from em_impute.saved_model.values import Drift, Recovered
from em_impute.table.columns import TargetColumn
from em_impute.table.dialect import Dialect
from em_impute.table.find_column import find_column
from em_impute.table.read import Table
from em_impute.table.source import Source
from em_impute.table.text import listed, same_name, shown, shown_path

MOST_TESTED = 50_000
"""Known labels that are compared with what the model says: so many tell its accuracy to a quarter of a percent."""


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
    _, dialect = look_at(raw, asked)
    found, asked = fitted_to(model, asked, dialect, raw.name)
    asked = replace(asked, weights=_spelled(dialect, model.weights))  # as for the rows of the fit
    return read_opened(raw, asked, progress, may_be_empty=True), found, asked


def fitted_to(model: SavedModel, request: Request, dialect: Dialect, name: str) -> tuple[SavedModel, Request]:
    """Place a model's predictors in a table, and ask for the columns that it needs.  Raises as `read_for` does."""
    for column in model.names:
        find_column(dialect, _spelled(dialect, column) or column, name)  # says what there is where it is not
    names = unique_names(dialect.names)
    deltas = [one.model.delta + deltas_of(one.model.labels, request.deltas) for one in model.columns]
    there = [placed(one, names) for one in model.columns]
    columns = (replace(one, model=replace(one.model, delta=delta)) for one, delta in zip(there, deltas, strict=True))
    found = replace(model, columns=tuple(columns))
    read = {index for column in found.columns for index in column.model.columns}
    if not read:
        needed = listed([shown(one) for one in model.columns[0].model.pooled.coding.names])
        raise ColumnError(f"{shown_path(name)} has none of the model's predictors", f"the model needs some of {needed}")
    by = next((one.model.groups.column for one in found.columns if one.model.groups), None)
    texts = {index for one in found.columns for index in one.model.read}
    return found, replace(
        request,
        columns=tuple(_spelled(dialect, column) or column for column in model.names),
        features=tuple(_called(dialect, index) for index in sorted(read - {by})),
        by=None if by is None else _called(dialect, by),
        kinds=tuple((_called(dialect, index), "number") for index in sorted(texts)),
        null_values=tuple(sorted({*request.null_values, *(token for one in found.columns for token in one.tokens)})),
        keep_values=tuple(
            sorted({*request.keep_values, *(label for one in found.columns for label in one.model.labels)})
        ),
    )


def placed(saved: SavedColumn, names: Sequence[str]) -> SavedColumn:
    """Find where the predictors of a column stand in a table with these unique names."""
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
        at.update(texts.places(len(names) + len(made)))
    groups = model.groups
    if groups is not None:
        own = {group: one._replace(expert=placed_expert(one.expert)) for group, one in groups.own.items()}
        groups = replace(groups, own=own, column=at.get(_normal(groups.name)))
    return replace(
        saved,
        model=replace(model, pooled=placed_expert(model.pooled), groups=groups, readings=readings, texts=texts),
    )


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


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
    model, n_known, opened = saved.model, len(saved.model.labels), replace(opened, table=table)
    labels = label_rows(opened.names[column], table.targets[column], model.labels, request)
    new = tuple(zip(labels.labels[n_known:], labels.known[n_known:], strict=True))
    mismatch = mismatch_of(model, opened, new)
    summary = describe(saved, opened, labels, without=[one.name for one in mismatch.bad if one.reason])
    drift = compare(saved.training.summary, summary)
    refuse_mismatch(mismatch, drift, opened.name, path)
    row = np.flatnonzero(labels.label < 0).astype(np.int32)
    fills = fill_rows(model.say(table, row), row, len(labels.labels), request)
    completion = ColumnResult(column, saved.column, labels, fills, {"posterior": perf_counter() - began})
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
