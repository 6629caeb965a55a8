"""From completed columns to a model that can be saved."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.em.blocks import Floats, slices
from em_impute.ensemble import metrics
from em_impute.environment import version
from em_impute.model.column import FittedColumn
from em_impute.options import Request
from em_impute.pipeline.complete import ColumnResult, model_of
from em_impute.pipeline.open import InputTable, name_of
from em_impute.saved_model.distributions import DIGITS, count_texts, describe_numbers
from em_impute.saved_model.drift import DataProfile
from em_impute.saved_model.store import ReadSettings, SavedColumn, SavedModel, Training, TrainingTable
from em_impute.saved_model.values import Recovered


def make_model(opened: InputTable, completions: Sequence[ColumnResult], request: Request, fitted_at: str) -> SavedModel:
    """Keep what fills the columns that were completed, all of which were fitted; `fitted_at` says when."""
    columns = tuple(_make_column(opened, one, one.fitted, request) for one in completions if one.fitted)
    source = TrainingTable(opened.name, opened.table.sha256, opened.table.n_rows, fitted_at)
    return model_of_columns(columns, (source,), request)


def model_of_columns(
    columns: tuple[SavedColumn, ...], sources: tuple[TrainingTable, ...], request: Request
) -> SavedModel:
    """Put a model together from what fills each column."""
    reading = ReadSettings(request.decimal, request.null_values, request.keep_values)
    return SavedModel(version(), request.seed, reading, sources, columns)


def _make_column(opened: InputTable, completion: ColumnResult, found: FittedColumn, request: Request) -> SavedColumn:
    """Keep what fills one column, with what it learnt from."""
    weights, tokens = name_of(opened, request.weights), tuple(completion.labels.tokens)
    model = model_of(found, opened.names[: opened.table.n_columns], request)
    is_free = request.shares == "free"
    return SavedColumn(completion.target, is_free, weights, tokens, _training(opened, found), model)


def _training(opened: InputTable, found: FittedColumn) -> Training:
    """Describe the rows that were learnt from: those of weight 0 do not count here either."""
    design, held_out = found.design, found.choice.held_out
    recovered = None
    if held_out is not None:
        recovered = Recovered(
            rows=held_out.label.size,
            accuracy=metrics.accuracy(held_out.probability, held_out.label, held_out.weight),
            log_loss=held_out.log_loss,
            baseline_accuracy=held_out.baseline_accuracy,
            baseline_log_loss=held_out.baseline_log_loss,
        )
    x, weight = design.distinct.x, np.broadcast_to(design.distinct.weight, design.distinct.label.shape)
    return Training(
        rows=opened.table.n_rows,
        summary=DataProfile(
            numbers={
                feature.name: describe_numbers(rounded(x[:, j] * feature.scale + feature.shift, feature.shift), weight)
                for j, feature in enumerate(design.features[: design.n_numbers])
                if feature.name not in design.score_names  # those of a later table come from fits to more labels
            },
            texts={one.name: count_texts(one.texts, one.texts, one.code, weight) for one in design.categories},
            labels=count_texts(design.labels, design.labels, design.distinct.label, weight),
        ),
        held_out=recovered,
    )


def rounded(values: Floats, shift: float) -> Floats:
    """Take the last digits, which are rounding, off numbers that were standardised and brought back: (n_rows,).

    Of a number that is small beside the `shift` that was added more is rounding: 0 comes back as 1e-18.
    """
    exact = 14.0 - np.floor(np.log10(abs(shift))) if shift else np.inf
    result = np.empty_like(values)
    for some in slices(values.size):
        part = values[some]
        magnitude = np.floor(np.log10(np.abs(part), out=np.zeros_like(part), where=part != 0.0))
        places = np.clip(np.minimum(DIGITS - 1 - magnitude, exact), -300, 300)
        unit = 10.0 ** np.abs(places)  # whole, so that a division by it gives the very number that was read
        result[some] = np.where(places < 0, np.round(part / unit) * unit, np.round(part * unit) / unit)
    return result


def column_of_sample(
    small: InputTable, completion: ColumnResult, found: FittedColumn, labels: Labels, request: Request
) -> SavedColumn:
    """Keep what fills a column; `completion` is of the sample `small`, `labels` were counted in all rows."""
    design = found.design
    known, sampled = (dict(zip(one.labels, one.known, strict=True)) for one in (labels, completion.labels))
    # How many rows each row drawn stands for: of every label, and at the end of a missing one.
    factor = [known.get(label, 0) / max(1, sampled.get(label, 0)) for label in design.labels]
    factor.append(labels.n_missing / max(1, completion.labels.n_missing))
    rows = design.distinct._replace(weight=design.distinct.weight * np.array(factor)[design.distinct.label])
    weighed = replace(found, design=replace(design, distinct=rows))
    saved = _make_column(small, completion, weighed, request)
    training = replace(saved.training, rows=sum(known.values()) + labels.n_missing)
    return replace(saved, training=training, tokens=tuple(labels.tokens))
