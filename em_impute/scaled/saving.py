"""A model of a table in parts, to be saved: what was learnt from a sample, as if from all the rows it stands for."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from em_impute.completion import Completion, Opened
from em_impute.engine.blocks import Floats
from em_impute.engine.learning import MixtureMemory
from em_impute.labels import Labels
from em_impute.model import Mixed
from em_impute.request import Request
from em_impute.saved.make import make_column
from em_impute.saved.values import Reading, SavedColumn, SavedModel, Source
from em_impute.scaled.everything import Everything

if TYPE_CHECKING:
    from em_impute.scaled.run import Filled

__all__ = ["model_of_parts", "saved_column"]


def model_of_parts(filled: "Filled", request: Request, learnt: str) -> SavedModel:
    """Keep what fills the columns of a table in parts, each of which is a table that was learnt from."""
    from em_impute import __version__

    columns = tuple(column.saved for column in filled.columns if column.saved is not None)
    sources = tuple(
        Source(part.path, read.sha256, read.rows, learnt)
        for part, read in zip(filled.parts, filled.summary.parts, strict=True)
    )
    reading = Reading(request.decimal, request.null_values, request.keep_values)
    return SavedModel(__version__, request.seed, reading, sources, columns)


def saved_column(
    small: Opened, completion: Completion, labels: Labels, request: Request, everything: Everything | None
) -> SavedColumn:
    """Keep what fills a column; `completion` is of the sample `small`, `labels` were counted in all rows.

    Where EM went over `everything`, the mixture and its moments are of all rows already.
    """
    design = completion.design
    if design is None:
        raise AssertionError("a column that is to be saved is always fitted")
    factor = _factors(labels, completion.labels, design.labels)
    rows = design.distinct._replace(weight=design.distinct.weight * factor[design.distinct.label])
    saved = make_column(small, replace(completion, design=replace(design, distinct=rows)), request)
    known = dict(zip(labels.labels, labels.known, strict=True))
    training = replace(saved.training, rows=sum(known.values()) + labels.n_missing)
    saved = replace(saved, training=training, tokens=tuple(labels.tokens))
    expert = saved.model.everyone
    if everything is None or not isinstance(expert.memory, MixtureMemory):
        return saved
    fit = everything.mixture.fit
    if everything.moments is None:
        raise AssertionError("a fit that is to be saved keeps its moments")
    memory = expert.memory._replace(moments=everything.moments, prior=everything.prior)
    expert = replace(expert, speaker=Mixed(fit.parameters, fit.component_label), memory=memory)
    return replace(saved, model=replace(saved.model, everyone=expert))


def _factors(labels: Labels, drawn: Labels, learnt: tuple[str, ...]) -> Floats:
    """Say how many rows each row drawn stands for: (n_learnt + 1,), of every label, and at the end of a missing one."""
    known, sampled = (dict(zip(one.labels, one.known, strict=True)) for one in (labels, drawn))
    of_label = [known.get(label, 0) / max(1, sampled.get(label, 0)) for label in learnt]
    return np.array([*of_label, labels.n_missing / max(1, drawn.n_missing)])
