"""What several documents say in the same way: who wrote them, what was read, and which columns were looked at."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.readings import Reading
from em_impute.columns.text_scores import TextScores
from em_impute.em.blocks import Floats, Integers
from em_impute.em.parameters import Parameters, rescale
from em_impute.environment import is_dictated, time_of_run, version
from em_impute.errors import spelled
from em_impute.options import Request
from em_impute.pipeline.apply import Applied
from em_impute.pipeline.open import InputTable
from em_impute.report.model.shared import Features, Input, Notice, Predictor, Rejected, Tool


def head_of(opened: InputTable, column: str, request: Request, command: str) -> dict[str, Any]:
    """Say who wrote a report, when and by which command, and of which file and column."""
    table = opened.table
    read = Input(
        path=opened.name,
        sha256=table.sha256,
        bytes=table.size,
        compression=opened.source.compression,
        rows=table.n_rows,
        columns=table.n_columns,
        delimiter=table.dialect.delimiter,
        encoding=table.dialect.encoding,
    )
    tool, created = Tool(name="em-impute", version=version()), time_of_run()
    told = {"tool": tool, "command": command, "created": created, "seed": request.seed}
    return {**told, "input": read, "column": column}


def seconds_of(timings: Mapping[str, float]) -> dict[str, float] | None:
    """Round what each stage took; None where runs are to be reproducible to the byte."""
    return None if is_dictated() else {stage: round(seconds, 4) for stage, seconds in timings.items()}


def features_of(design: Design, readings: Sequence[Reading] = (), texts: TextScores | None = None) -> Features:
    """List the columns that serve as predictors, also those that `texts` are scored of, and why the others do not."""
    scores, key = () if texts is None else texts.names, design.same
    numbers = [(one.name, one.n_missing, one.shift, one.scale) for one in design.features[: design.n_numbers]]
    used = _predictors(numbers, readings, texts, [(one.name, one.n_missing, one.texts) for one in design.categories])
    if key is not None and key.name not in {one.name for one in used}:
        used.append(Predictor(key.name, "key", int(np.count_nonzero(design.of_rows(key.code) < 0))))
    apart = {*scores, *([] if key is None else [key.name])}
    return Features(used, [Rejected(one.name, one.reason) for one in design.rejected if one.name not in apart])


def features_of_model(applied: Applied) -> Features:
    """List the predictors of the model that the table has."""
    model, now = applied.saved.model, applied.summary
    coding, scores = model.pooled.coding, () if model.texts is None else model.texts.names
    numbers = [
        (one.name, 0 if one.name in scores else round(now.numbers[one.name].missing), one.shift, one.scale)
        for one in coding.features
        if one.category is None and one.name in coding.column
    ]
    categories = [
        (name, round(now.texts[name].missing), texts) for name, texts in coding.texts.items() if name in coding.column
    ]
    used = _predictors(numbers, model.readings, model.texts, categories)
    return Features(used, [Rejected(name, "not in this table") for name in applied.mismatch.lacking])


def _predictors(
    numbers: Iterable[tuple[str, int, float, float]],
    readings: Sequence[Reading],
    texts: TextScores | None,
    categories: Iterable[tuple[str, int, Sequence[str]]],
) -> list[Predictor]:
    """List predictors: name and missing cells of each, mean and deviation of numbers, texts of categories.

    A number that was made of texts says what these are, and of which column where it has another name.
    """
    made = {
        name: (one.notation.kind, None if name == one.column else one.column) for one in readings for name in one.names
    }
    scores, long = ((), {}) if texts is None else (texts.names, texts.n_missing)
    return [
        *(
            Predictor(name, "score" if name in scores else "numeric", missing, mean, sd, None, *made.get(name, ()))
            for name, missing, mean, sd in numbers
        ),
        *(Predictor(name, "text", missing) for name, missing in long.items()),
        *(Predictor(name, "categorical", missing, levels=levels) for name, missing, levels in categories),
    ]


def notices(found: Iterable[tuple[str, str]]) -> list[Notice]:
    """Make warnings of their codes and messages; these name two options only."""
    said = {"null_values": "--null-value", "keep_values": "--keep-value", "kinds": "--as"}
    return [Notice(code, spelled(message, lambda name, value: f"{said[name]} {value}")) for code, message in found]


def confusion_of(labels: Sequence[str], counts: np.ndarray) -> dict[str, dict[str, int]]:
    """Name the rows and columns of a confusion matrix."""
    return {name: by_name(labels, row) for name, row in zip(labels, counts, strict=True)}


def by_name(names: Iterable[str], values: Floats | Integers | Sequence[Any]) -> dict[str, Any]:
    """Name what there is of each, (n_names,)."""
    return dict(zip(names, values.tolist() if isinstance(values, np.ndarray) else values, strict=True))


def gaussians_of(
    standardised: Parameters, shift: Floats, scale: Floats, names: Sequence[str], labels: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield what reports say of each component, in the data's own units.

    `names` are those of the features, `labels` those that the components belong to.
    """
    with np.errstate(over="ignore", under="ignore"):  # a variance may leave the range where its root does not
        own = rescale(standardised, shift, scale)
    is_diagonal = own.covariance.ndim < 3  # noqa: PLR2004  # sd says all of independent features
    variance = standardised.covariance if is_diagonal else np.diagonal(standardised.covariance, axis1=1, axis2=2)
    deviation = np.sqrt(variance) * scale  # (n_components, n_features)
    for k, label in enumerate(labels):
        yield {
            "label": label,
            "weight": float(own.weight[k]),
            "mean": by_name(names, own.mean[k]),
            "sd": by_name(names, deviation[k]),
            "covariance": None if is_diagonal else own.covariance[k].tolist(),
        }
