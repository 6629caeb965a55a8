"""A saved model that learns from the rows of another table, without those it was fitted to."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from em_impute.columns.deduplicate import merge_rows
from em_impute.em.blocks import Floats, Integers, Rows
from em_impute.em.mixture import MixtureMemory
from em_impute.em.mixture import learn as learn_rows
from em_impute.ensemble.ensemble import Ensemble
from em_impute.ensemble.folds import Examples
from em_impute.ensemble.incremental import Memory
from em_impute.ensemble.incremental import learn as learn_examples
from em_impute.errors import FitError, UsageError, option
from em_impute.model.predict import Expert, Mixed
from em_impute.pipeline.apply import Applied
from em_impute.pipeline.save import source_of
from em_impute.pipeline.types import InputTable, with_experts
from em_impute.saved_model.distributions import count_numbers, count_texts
from em_impute.saved_model.store import SavedColumn, SavedModel, Training
from em_impute.table.read import Table
from em_impute.table.text import shown

MAX_SOURCES = 1000
"""Tables whose hashes are kept, so that none is learnt from twice: those of the last years of nights."""


def refuse_update(model: SavedModel, columns: Sequence[str]) -> None:
    """Raise UsageError for a model that cannot learn further, and where only some of its columns would."""
    if columns:
        raise UsageError(
            f"{option('update')} updates all columns of a model, {option('columns')} names some",
            f"leave {option('columns')} out",
        )
    for saved in model.columns:
        if saved.free_shares:
            free, where = option("shares", "free"), f"column {shown(saved.column)}"
            raise UsageError(
                f"{option('update')} contradicts {free}, by which {where} was fitted",
                f"label shares of rows to fill are those of one table: fit anew, or save a model without {free}",
            )


def updated(model: SavedModel, opened: InputTable, applied: Sequence[Applied], fitted_at: str) -> SavedModel:
    """Learn from the rows of a table, those with a label and those without, unless they were learnt from before.

    `applied` is what the model said of the same table, `fitted_at` the time.  Raises FitError where no mixture can be
    fitted any more.
    """
    if not any(one.learns for one in applied):
        return model
    sources = (*model.sources, source_of(opened, fitted_at))[-MAX_SOURCES:]
    columns = [_column(one, opened) for one in applied]
    # A shift of log-odds that was asked for here is none of the model's.
    kept = [
        replace(new, model=replace(new.model, delta=old.model.delta))
        for new, old in zip(columns, model.columns, strict=True)
    ]
    return replace(model, sources=sources, columns=tuple(kept))


def _column(applied: Applied, opened: InputTable) -> SavedColumn:
    saved, labels = applied.saved, applied.completion.labels
    opened = replace(opened, table=saved.model.prepared(opened.table))
    model, label = saved.model, labels.label.astype(np.intp)
    counts = np.ones(label.size) if opened.weight is None else opened.weight
    row = np.flatnonzero((label < len(model.labels)) & (counts > 0.0))  # not those whose label the model does not know
    of_group: dict[str | None, Integers] = {None: np.arange(row.size)}
    if model.groups is not None:
        of_group.update(model.groups.rows_of(opened.table, row))

    def updated_expert(expert: Expert, group: str | None) -> Expert:
        mine = row[of_group.get(group, row[:0])]
        return _learn(expert, opened.table, mine, label[mine], counts[mine])

    training = _described(saved.training, applied, opened)
    return replace(saved, model=replace(with_experts(model, updated_expert), shifts=None), training=training)


def _learn(expert: Expert, table: Table, row: Integers, label: Integers, weight: Floats) -> Expert:
    """Let a fit learn from some rows; `label` (n_rows,) are places among the labels of the column, −1 where missing."""
    place = np.full(expert.shift.size + 1, -2)  # of labels that this fit does not know
    place[list(expert.known_labels)], place[-1] = np.arange(len(expert.known_labels)), -1
    kept = place[label] > -2  # noqa: PLR2004  # as above
    row, label, weight = row[kept], place[label[kept]], weight[kept]
    if not row.size:
        return expert
    examples = _examples(expert, table, row, label, weight)
    if isinstance(expert.memory, MixtureMemory) and isinstance(expert.mixtures, Mixed):
        rows = Rows(examples.predictors.x, examples.label, examples.weight)
        of, n_labels = expert.mixtures.component_label, len(expert.known_labels)
        fit, memory = learn_rows(expert.memory, expert.mixtures.parameters, of, rows, n_labels)
        return replace(expert, mixtures=Mixed(fit.parameters, of), memory=memory)
    if isinstance(expert.memory, Memory) and isinstance(expert.mixtures, Ensemble):
        mixtures, remembered = learn_examples(expert.mixtures, expert.memory, examples, 0)
        return replace(expert, mixtures=mixtures, memory=remembered)
    raise FitError("the model was saved without what an update needs", f"save it once more with {option('save_model')}")


def _examples(expert: Expert, table: Table, row: Integers, label: Integers, weight: Floats) -> Examples:
    """Code rows, equal ones told once where all weigh the same."""
    predictors = expert.coding.predictors(table, row)
    if (weight != 1.0).any():
        return Examples(predictors, label, weight)
    merged = merge_rows([label, *predictors.x.T, *predictors.codes.T])
    if merged is None:
        return Examples(predictors, label, weight)
    return Examples(predictors.take(merged.first), label[merged.first], merged.count, merged=True)


def _described(training: Training, applied: Applied, opened: InputTable) -> Training:
    """Add the rows of a table to what the rows were like; of a column that it lacks every cell is missing."""
    then, now = training.summary, applied.summary
    total = np.array([now.labels.total + now.labels.missing])  # rows by weight
    summary = then.plus(
        replace(
            now,
            numbers={
                name: now.numbers.get(name) or count_numbers(one, np.array([np.nan]), total)
                for name, one in then.numbers.items()
            },
            texts={
                name: now.texts.get(name) or count_texts(one.texts, (), np.array([-1]), total)
                for name, one in then.texts.items()
            },
        )
    )
    return replace(training, rows=training.rows + opened.table.n_rows, summary=summary)
