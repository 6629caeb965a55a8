"""The whole story of a table in parts: read -> sample -> fit, over all rows where one mixture is asked for -> fill."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from time import perf_counter
from typing import NamedTuple

import numpy as np

from em_impute.backends import MapParts, serial_parts
from em_impute.backends.distributed import dask_parts
from em_impute.completion import Completion, Opened
from em_impute.engine.blocks import Floats
from em_impute.errors import FitError
from em_impute.findings.sensitivity import deltas_of
from em_impute.impute import Watch, complete, look_at, unique_names
from em_impute.labels import Labels, read_labels
from em_impute.model import Mixed, model_of
from em_impute.request import Request
from em_impute.saved.applying import Applied, apply_column, fitted_to, label_rows
from em_impute.saved.values import SavedColumn, SavedModel
from em_impute.scaled.everything import Everything, Learning, fit_everything
from em_impute.scaled.filling import Filling, PartFilled, Totals, fill_part, nothing
from em_impute.scaled.parts import Part, opened
from em_impute.scaled.reading import How, refuse_same_column, shape_of
from em_impute.scaled.sample import Sample, Wanted, evenly
from em_impute.scaled.saving import saved_column
from em_impute.scaled.shelf import forget
from em_impute.scaled.small import Head, in_order, opened_sample
from em_impute.scaled.summary import Summary, bounds, merge, summarise, trimmed_summary
from em_impute.stack.effort import MAX_REFIT
from em_impute.table.dialect import Dialect, find_column

__all__ = ["Backend", "ColumnOfParts", "Filled", "FromFile", "Room", "backend", "complete_parts"]

SAMPLE_BYTES, SAMPLE_CELLS = 24 << 20, 4_000_000
"""Of either kind of rows, that one process has room for."""

SAMPLE_PART = 0.1
DRAWN_BYTES, DRAWN_CELL_BYTES = 100, 16
"""Part of --max-memory that the rows drawn may take, and what each of them does beside its record."""

START_ROWS = 50_000
"""Of either kind, where EM goes over all rows after them."""

NOISE = 3.0
"""Standard errors up to which a label's share among the rows drawn differs from that of all rows by chance."""


class FromFile(NamedTuple):
    """A saved model, and where it came from."""

    model: SavedModel
    path: str


Backend = Callable[[Callable[[], None]], AbstractContextManager[MapParts]]
"""Opens workers, which are told in the end to forget what they kept."""


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


@dataclass(frozen=True)
class Filled:
    """All columns, completed in all parts."""

    parts: tuple[Part, ...]
    dialect: Dialect
    names: Sequence[str]
    summary: Summary
    columns: tuple[ColumnOfParts, ...]
    totals: tuple[Totals, ...]
    """of each column"""
    filled: tuple[PartFilled, ...]
    timings: dict[str, float]


class Room(NamedTuple):
    """What memory there is."""

    keep_bytes: int | None = None  # for a worker to keep from one pass to the next; None is a share of what it has
    max_memory: int | None = None  # in all, if the user said so


@dataclass(frozen=True)
class _Story:
    """What is known once all parts have been read."""

    parts: Sequence[Part]
    how: How
    wanted: Wanted
    head: Head
    names: Sequence[str]
    summary: Summary


def backend(name: str, scheduler: str | None, n_workers: int | None) -> Backend:
    """Choose where the parts are worked on."""
    if name == "serial":
        return serial_parts
    return partial(dask_parts, scheduler, n_workers)


def complete_parts(
    request: Request,
    parts: Sequence[Part],
    run: str,
    workers: Backend,
    room: Room,
    watch: Watch,
    saved: FromFile | None = None,
) -> Filled:
    """Complete every column that was asked for, in every part, and write the parts.

    `run` is a name that no other run has.  With a `saved` model nothing is fitted.
    """
    head = _look_at(parts[0], request)
    if saved is not None:
        model, request = fitted_to(saved.model, request, head.dialect, parts[0].path)
        saved = saved._replace(model=model)
    refuse_same_column(head.dialect, request, parts[0].path)
    names = unique_names(head.dialect.names)
    targets = [find_column(head.dialect, column, parts[0].path) for column in request.columns]
    shape = shape_of(parts[0], head.dialect)
    how = How(run, request, head.dialect.delimiter, shape, len(parts), room.keep_bytes)
    timings = {}
    with workers(partial(forget, run)) as map_parts:
        began = perf_counter()
        wanted = _wanted(head, request, room.max_memory)
        summary = _read(parts, how, wanted, map_parts, watch)
        timings["read"] = perf_counter() - began
        if not summary.n_rows:
            raise FitError(f"{_called(parts)} has a header but no rows to learn from", "add rows below the header")
        story = _Story(parts, how, wanted, head, names, summary)
        if saved is None:
            columns = tuple(_learn(story, column, map_parts, watch) for column in targets)
        else:
            columns = tuple(_apply(story, column, saved, at) for at, column in enumerate(targets))
        timings["fit"] = perf_counter() - began - timings["read"]
        filled = tuple(_fill(parts, _reading_used(how, columns), columns, summary, map_parts, watch))
        timings["patch"] = perf_counter() - began - timings["read"] - timings["fit"]
    totals = tuple(_total(one.filling, filled) for one in columns)
    return Filled(tuple(parts), head.dialect, names, summary, columns, totals, filled, timings)


def _look_at(part: Part, request: Request) -> Head:
    """Find how the parts are to be read, and about how long a record is.  Raises what a single file would."""
    with opened(part.path) as raw:
        source, dialect = look_at(raw, request)
        source.file.seek(0)
        head = source.file.read(dialect.data_offset)
        data = source.file.read(1 << 20)
    return Head(dialect, head, max(1.0, len(data) / max(1, data.count(b"\n"))))


def _wanted(head: Head, request: Request, max_memory: int | None) -> Wanted:
    """Say how many rows of either kind are drawn: as many as the fit has use for and one process has room for.

    Only what the user said of memory counts, not what there is: the same parts are filled alike on every machine.
    """
    n_columns = len(head.dialect.names)
    # EM over all rows needs of a sample only where to begin.
    most = min(
        START_ROWS if request.names_one_mixture else MAX_REFIT,
        SAMPLE_BYTES / head.record_bytes,
        SAMPLE_CELLS / n_columns,
    )
    if max_memory is not None:
        a_row = 2 * (head.record_bytes + DRAWN_BYTES + DRAWN_CELL_BYTES * n_columns)  # of either kind
        most = min(most, SAMPLE_PART * max_memory / a_row)
    return Wanted(int(most), request.seed)


def _read(parts: Sequence[Part], how: How, wanted: Wanted, map_parts: MapParts, watch: Watch) -> Summary:
    """Read all parts.  Those that are handed out later are told which rows can no longer be drawn."""
    whole: Summary | None = None
    what = ((how, wanted, bounds(whole, wanted)) for _ in parts)
    for done, one in enumerate(map_parts(summarise, parts, what), start=1):
        whole = one if whole is None else trimmed_summary(merge(whole, one), wanted)
        watch("reading", done / len(parts), f"part {done} of {len(parts)}")
    if whole is None:
        raise AssertionError("a table has at least one part")
    return whole


def _learn(story: _Story, column: int, map_parts: MapParts, watch: Watch) -> ColumnOfParts:
    """Fit a sample as a small file, and then, where one mixture is asked for, all rows."""
    request, wanted, names = story.how.request, story.wanted, story.names
    known = story.summary.targets[column]
    drawn, counts = known.sample, known.counts
    if _names_one_mixture(drawn, request):
        drawn = evenly(drawn, wanted._replace(size=min(wanted.size, START_ROWS)))
    sample = in_order(drawn)
    with opened_sample(sample, column, story.summary, story.head, names, request, _called(story.parts)) as small:
        target = small.table.targets[column]
        counted = replace(target, counts=np.array([counts[text] for text in target.texts], np.int64))
        labels = read_labels(names[column], counted, request)
        of_sample = read_labels(names[column], target, request)
        shift = _shift(labels, of_sample)
        asked = replace(request, deltas=_deltas(request, labels, shift), probabilities=True)  # for the sweep of δ
        completion = complete(small, column, asked, watch)
    label_of = {text: -1 if text in labels.tokens else labels.labels.index(text) for text in target.texts}
    mixture = completion.mixture
    filling = Filling(column, names[column], completion.labels.labels, label_of, None)
    model = model_of(completion, names, request, _deltas(request, labels, shift))
    if model is None or mixture is None:
        return ColumnOfParts(small, sample, completion, labels, filling, None)
    if not isinstance(model.everyone.speaker, Mixed):
        saved = saved_column(small, completion, labels, request, None) if request.keeps_model else None
        return ColumnOfParts(small, sample, completion, labels, replace(filling, model=model), None, saved)
    learning = Learning(
        replace(story.how, features=model.columns),
        column,
        label_of,
        model.everyone.coding,
        mixture.fit.component_label,
        len(model.everyone.learnt),
        mixture.recipe.unlabelled_weight,
    )
    found = fit_everything(
        story.parts,
        map_parts,
        learning,
        mixture,
        lambda step: watch("fitting", None, f"all rows, step {step.iteration}"),
        keeps_moments=request.keeps_model,
    )
    speaker = Mixed(found.mixture.fit.parameters, found.mixture.fit.component_label)
    model = replace(model, everyone=replace(model.everyone, speaker=speaker))
    completion = replace(completion, mixture=found.mixture)
    saved = saved_column(small, completion, labels, request, found) if request.keeps_model else None
    return ColumnOfParts(small, sample, completion, labels, replace(filling, model=model), found, saved)


def _apply(story: _Story, column: int, saved: FromFile, at: int) -> ColumnOfParts:
    """Let a saved model fill a column, the one `at` this place among its own; a sample is compared with its training.

    Raises DesignError, naming all of it at once, where the table holds what the model was not made for.
    """
    request, known, fills = story.how.request, story.summary.targets[column], saved.model.columns[at]
    sample = in_order(known.sample)
    with opened_sample(sample, column, story.summary, story.head, story.names, request, _called(story.parts)) as read:
        target = read.table.targets[column]
        counted = replace(target, counts=np.array([known.counts[text] for text in target.texts], np.int64))
        labels = label_rows(story.names[column], counted, fills.model.labels, request)
        weight = np.array([known.counts[text] / n for text, n in zip(target.texts, target.counts, strict=True)])
        weight = weight[target.code]
        small = replace(read, weight=weight / weight.mean())
        applied = apply_column(small, fills, column, replace(request, probabilities=True), saved.path, is_known=False)
    label_of = {text: -1 if text in labels.tokens else labels.labels.index(text) for text in target.texts}
    filling = Filling(column, story.names[column], fills.model.labels, label_of, fills.model)
    return ColumnOfParts(small, sample, applied.completion, labels, filling, None, applied=applied)


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


def _fill(
    parts: Sequence[Part],
    how: How,
    columns: Sequence[ColumnOfParts],
    summary: Summary,
    map_parts: MapParts,
    watch: Watch,
) -> Iterator[PartFilled]:
    fillings = tuple(one.filling for one in columns)
    what = zip(repeat(how), repeat(fillings), summary.parts, strict=False)
    for done, one in enumerate(map_parts(fill_part, parts, what), start=1):
        watch("writing", done / len(parts), f"part {done} of {len(parts)}")
        yield one


def _reading_used(how: How, columns: Iterable[ColumnOfParts]) -> How:
    """Read no more than the columns that some model uses."""
    used = {index for one in columns if one.filling.model for index in one.filling.model.columns}
    return replace(how, features=tuple(sorted(used)))


def _total(filling: Filling, filled: Iterable[PartFilled]) -> Totals:
    total = nothing(len(filling.labels))
    for part in filled:
        total = total.merged(part.totals[filling.column])
    return total


def _called(parts: Sequence[Part]) -> str:
    """Say what the table is called."""
    if len(parts) == 1:
        return parts[0].path
    return f"{parts[0].path} … {parts[-1].path} ({len(parts):,} parts)"
