"""What every report begins with: who wrote it, what was read, and which columns were looked at."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

import numpy as np

from em_impute.columns.design import Design
from em_impute.em.blocks import Floats
from em_impute.em.parameters import Parameters, rescale
from em_impute.environment import is_dictated, time_of_run, version
from em_impute.options import Request
from em_impute.pipeline.types import InputTable
from em_impute.report.model.shared import (
    Features,
    Input,
    Notice,
    Predictor,
    Rejected,
    Tool,
)


class _Head(TypedDict):
    """The keys of every document that do not come from what was done."""

    tool: Tool
    command: str
    created: str
    seed: int


def head_of(request: Request, command: str) -> _Head:
    """Say who wrote a report, when, and by which command."""
    return {
        "tool": Tool(name="em-impute", version=version()),
        "command": command,
        "created": time_of_run(),
        "seed": request.seed,
    }


def seconds_of(timings: Mapping[str, float]) -> dict[str, float] | None:
    """Round what each stage took; None where runs are to be reproducible to the byte."""
    return None if is_dictated() else {stage: round(seconds, 4) for stage, seconds in timings.items()}


def input_of(opened: InputTable) -> Input:
    """Describe the file that was read."""
    table = opened.table
    return Input(
        path=opened.name,
        sha256=table.sha256,
        bytes=table.size,
        compression=opened.source.compression,
        rows=table.n_rows,
        columns=table.n_columns,
        delimiter=table.dialect.delimiter,
        encoding=table.dialect.encoding,
    )


def features_of(design: Design | None) -> Features:
    """List the columns that serve as predictors, and why the others do not."""
    if design is None:
        return Features(used=(), rejected=())
    used = [
        Predictor(name=one.name, type="numeric", missing=one.n_missing, mean=one.shift, sd=one.scale)
        for one in design.features
        if one.category is None
    ]
    used += [
        Predictor(name=one.name, type="categorical", missing=one.n_missing, levels=one.texts)
        for one in design.categories
    ]
    return Features(used=used, rejected=[Rejected(name=one.name, reason=one.reason) for one in design.rejected])


def notices(found: Iterable[tuple[str, str]]) -> tuple[Notice, ...]:
    """Make warnings of their codes and messages."""
    return tuple(Notice(code=code, message=message) for code, message in found)


def confusion_of(labels: Iterable[str], counts: np.ndarray) -> dict[str, dict[str, int]]:
    """Name the rows and columns of a confusion matrix."""
    names = tuple(labels)
    return {name: dict(zip(names, row, strict=True)) for name, row in zip(names, counts.tolist(), strict=True)}


def by_predictor(names: Iterable[str], values: Floats) -> dict[str, float]:
    """Name the numbers of a row, (n_features,)."""
    return dict(zip(names, values.tolist(), strict=True))


def own_units(standardised: Parameters, shift: Floats, scale: Floats) -> tuple[Parameters, Floats]:
    """Give parameters in the data's own units, and the standard deviations, (n_components, n_features)."""
    with np.errstate(over="ignore", under="ignore"):  # a variance may leave the range where its root does not
        own = rescale(standardised, shift, scale)
    return own, np.sqrt(np.diagonal(standardised.covariance, axis1=1, axis2=2)) * scale
