"""One column of a table in parts: what fills it, learnt from a sample and perhaps all rows, or a saved model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels, read_labels
from em_impute.em.blocks import Floats
from em_impute.em.mixture import Mixture
from em_impute.model.assign import deltas_of
from em_impute.model.predict import Mixed, Model
from em_impute.options import Request
from em_impute.pipeline.apply import Applied, apply_column, label_rows
from em_impute.pipeline.backends import MapParts
from em_impute.pipeline.chunks import How
from em_impute.pipeline.complete import Watch, complete, model_of
from em_impute.pipeline.files import Part, called
from em_impute.pipeline.fill_chunk import Filling
from em_impute.pipeline.full_em import Everything, Learning, fit_everything
from em_impute.pipeline.sample import Sample, Wanted, evenly
from em_impute.pipeline.save import saved_column
from em_impute.pipeline.scan import Numbers, Summary
from em_impute.pipeline.types import Completion, Opened
from em_impute.saved_model.values import SavedColumn, SavedModel
from em_impute.table.dialect import Dialect, find_column
from em_impute.table.read import NumberColumn, TargetColumn, read_table
from em_impute.table.source import Source

__all__ = [
    "START_ROWS",
    "ColumnOfParts",
    "FromFile",
    "Head",
    "Story",
    "apply_to_column",
    "in_order",
    "learn_column",
    "opened_sample",
    "place_of",
]

START_ROWS = 50_000
"""Of either kind, where EM goes over all rows after them."""

NOISE = 3.0
"""Standard errors up to which a label's share among the rows drawn differs from that of all rows by chance."""


class FromFile(NamedTuple):
    """A saved model, and where it came from."""

    model: SavedModel
    path: str


@dataclass(frozen=True)
class Head:
    """What the first part says of all."""

    dialect: Dialect
    bytes: bytes
    """up to the first record"""
    record_bytes: float
    """the mean"""


@dataclass(frozen=True)
class Story:
    """What is known once all parts have been read."""

    parts: Sequence[Part]
    how: How
    wanted: Wanted
    head: Head
    names: Sequence[str]
    summary: Summary


@dataclass(frozen=True)
class ColumnOfParts:
    """What was learnt of a column, from a sample and perhaps from all rows."""

    opened: Opened
    """the sample, as a small file that is closed"""
    sample: Sample
    completion: Completion
    """of the sample; its mixture is that of all rows where EM went over them"""
    labels: Labels
    """counted in all rows"""
    filling: Filling
    everything: Everything | None
    saved: SavedColumn | None = None
    """what is to be saved, where that was asked for"""
    applied: Applied | None = None
    """what a saved model says of the sample, where one fills the column"""


def learn_column(story: Story, column: int, map_parts: MapParts, watch: Watch) -> ColumnOfParts:
    """Fit a sample as a small file, and then, where one mixture is asked for, all rows."""
    request, wanted, names = story.how.request, story.wanted, story.names
    known = story.summary.targets[column]
    drawn = known.sample
    if _names_one_mixture(drawn, request):
        drawn = evenly(drawn, wanted._replace(size=min(wanted.size, START_ROWS)))
    sample = in_order(drawn)
    with opened_sample(sample, column, story.summary, story.head, names, request, called(story.parts)) as small:
        target = small.table.targets[column]
        labels = read_labels(names[column], _of_all_rows(target, known.counts), request)
        of_sample = read_labels(names[column], target, request)
        deltas = _deltas(request, labels, _shift(labels, of_sample))
        asked = replace(request, deltas=deltas, probabilities=True)  # for the sweep of δ
        completion = complete(small, column, asked, watch)
    label_of = _label_of(target.texts, labels)
    filling = Filling(column, names[column], completion.labels.labels, label_of, None)
    model, mixture, everything = model_of(completion, names, request, deltas), completion.mixture, None
    if model is None or mixture is None:
        return ColumnOfParts(small, sample, completion, labels, filling, None)
    if isinstance(model.everyone.speaker, Mixed):
        everything = _fit_all_rows(story, filling, model, mixture, map_parts, watch)
        fit = everything.mixture.fit
        speaker = Mixed(fit.parameters, fit.component_label)
        model = replace(model, everyone=replace(model.everyone, speaker=speaker))
        completion = replace(completion, mixture=everything.mixture)
    saved = saved_column(small, completion, labels, request, everything) if request.keeps_model else None
    return ColumnOfParts(small, sample, completion, labels, replace(filling, model=model), everything, saved)


def apply_to_column(story: Story, column: int, saved: FromFile, at: int) -> ColumnOfParts:
    """Let a saved model fill a column, the one `at` this place among its own; a sample is compared with its training.

    Raises DesignError, naming all of it at once, where the table holds what the model was not made for.
    """
    request, known, fills = story.how.request, story.summary.targets[column], saved.model.columns[at]
    sample = in_order(known.sample)
    with opened_sample(sample, column, story.summary, story.head, story.names, request, called(story.parts)) as read:
        target = read.table.targets[column]
        labels = label_rows(story.names[column], _of_all_rows(target, known.counts), fills.model.labels, request)
        weight = np.array([known.counts[text] / n for text, n in zip(target.texts, target.counts, strict=True)])
        weight = weight[target.code]
        small = replace(read, weight=weight / weight.mean())
        applied = apply_column(small, fills, column, replace(request, probabilities=True), saved.path, is_known=False)
    label_of = _label_of(target.texts, labels)
    filling = Filling(column, story.names[column], fills.model.labels, label_of, fills.model)
    return ColumnOfParts(small, sample, applied.completion, labels, filling, None, applied=applied)


def _fit_all_rows(
    story: Story, filling: Filling, model: Model, mixture: Mixture, map_parts: MapParts, watch: Watch
) -> Everything:
    """Go on with EM over all rows where a fit of the sample ended."""
    request = story.how.request
    learning = Learning(
        replace(story.how, features=model.columns),
        filling.column,
        filling.label_of,
        model.everyone.coding,
        mixture.fit.component_label,
        len(model.everyone.learnt),
        mixture.recipe.unlabelled_weight,
    )
    return fit_everything(
        story.parts,
        map_parts,
        learning,
        mixture,
        lambda step: watch("fitting", None, f"all rows, step {step.iteration}"),
        keeps_moments=request.keeps_model,
    )


def _of_all_rows(target: TargetColumn, counts: Mapping[str, int]) -> TargetColumn:
    """Let a column of the sample say how often each of its texts stands in all rows."""
    return replace(target, counts=np.array([counts[text] for text in target.texts], np.int64))


def _label_of(texts: Iterable[str], labels: Labels) -> dict[str, int]:
    """Say which label each text is: its place, or −1 for what counts as missing."""
    return {text: -1 if text in labels.tokens else labels.labels.index(text) for text in texts}


def _names_one_mixture(sample: Sample, request: Request) -> bool:
    """Tell whether EM will go over all rows, so that those with and without a label are wanted at one rate."""
    return request.names_one_mixture or bool(sample.may_fill.all())


def _shift(labels: Labels, drawn: Labels) -> Floats:
    """Compute by how much log-odds are too low since rare labels were drawn more often: (n_labels,)."""
    known, sampled = np.array(labels.known, np.float64), np.array(drawn.known, np.float64)
    if not sampled.all() or known.size < 2:  # noqa: PLR2004  # one label has no odds
        return np.zeros(known.size)
    shift: Floats = np.log(known / known.sum()) - np.log(sampled / sampled.sum())
    return np.zeros(known.size) if (np.abs(shift) * np.sqrt(sampled) < NOISE).all() else shift


def _deltas(request: Request, labels: Labels, shift: Floats) -> tuple[tuple[str, float], ...]:
    """Add the shift of each label to those the user asked for."""
    if request.names_one_mixture or not shift.any():
        return request.deltas
    asked = deltas_of(labels.labels, request.deltas)
    return tuple(zip(labels.labels, (asked + shift).tolist(), strict=True))


def in_order(sample: Sample) -> Sample:
    """Bring the rows back into the order of the parts and of the rows in them."""
    return sample.take(np.lexsort((sample.row, sample.part)))


@contextmanager
def opened_sample(
    sample: Sample, column: int, summary: Summary, head: Head, names: Sequence[str], request: Request, name: str
) -> Iterator[Opened]:
    """Read a sample of rows as if it were the table.

    What is to be said of single cells, and that a column holds the numbers of the rows, is taken from all rows.
    """
    dialect, data = head.dialect, head.bytes + b"".join(sample.records)
    source = Source(BytesIO(data), name, None, len(data))
    features = [find_column(dialect, feature, name) for feature in request.features]
    table = read_table(
        source,
        dialect,
        targets=[find_column(dialect, target, name) for target in request.columns],
        features=features or None,
        explicit=bool(features),
        decimal=request.decimal,
        null_tokens=frozenset(request.null_values),
    )
    numbers = {
        index: _as_in_all_rows(numbers, summary.numbers[index], explicit=bool(features))
        for index, numbers in table.numbers.items()
    }
    yield Opened(source, name, replace(table, numbers=numbers), [column], names, 0.0)


def place_of(sample: Sample, opened: Opened, lines: Sequence[int]) -> list[tuple[int, int]]:
    """Find the part, and the line there, of rows that are named by their lines in the small file."""
    begins = opened.table.line_of(np.arange(opened.table.n_rows))
    rows = np.searchsorted(begins, np.array(lines, np.int64))
    return list(zip(sample.part[rows].tolist(), sample.line[rows].tolist(), strict=True))


def _as_in_all_rows(column: NumberColumn, numbers: Numbers, *, explicit: bool) -> NumberColumn:
    told = replace(
        column,
        n_bad=numbers.n_bad,
        n_infinite=numbers.n_infinite,
        infinite=numbers.infinite,
        bad_examples=numbers.bad_examples,
        padded=numbers.padded,
    )
    if numbers.run is None or explicit or column.numbers is None:
        return told
    # The rows that were drawn are numbered with gaps; without them they are recognised.
    return replace(told, numbers=np.arange(column.size, dtype=np.float64) + numbers.run[0], code=None)
