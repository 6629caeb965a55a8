"""One column of a table in parts: what fills it, learnt from a sample and perhaps all rows, or a saved model."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from io import BytesIO
from itertools import chain, repeat
from operator import add
from typing import NamedTuple

import numpy as np

from em_impute.columns.deduplicate import merge_equal_rows
from em_impute.columns.labels import Labels, read_labels
from em_impute.columns.weights import WeightScale, relative_weights
from em_impute.em.blocks import Block, Floats, Integers, Rows
from em_impute.em.em import Problem, Step, make_problem
from em_impute.em.expectation import Moments, empty, merge
from em_impute.em.families import Prior, default_prior
from em_impute.em.mixture import Mixture, climb
from em_impute.em.parameters import clamp
from em_impute.model.assign import ModelDraws, deltas_of, seed_of_imputing
from em_impute.model.predict import Mixed, Model
from em_impute.options import Request
from em_impute.pipeline.apply import Applied, apply_column, label_rows
from em_impute.pipeline.backends import MapParts
from em_impute.pipeline.complete import ColumnResult, complete, model_of
from em_impute.pipeline.open import InputTable, Progress, input_table, interpreted, read_options
from em_impute.pipeline.parts import CacheWriter, Part, ReadPlan, cached, called, in_part, label_codes, table_chunks
from em_impute.pipeline.save import column_of_sample
from em_impute.pipeline.scan import START_ROWS, RowSummary, Sample, trimmed
from em_impute.saved_model.store import SavedColumn, SavedModel
from em_impute.table.columns import MAX_TEXTS, TargetColumn
from em_impute.table.read import read_table
from em_impute.table.source import Source

NOISE = 3.0
"""Standard errors up to which a label's share among the rows drawn differs from that of all rows by chance."""


@dataclass(frozen=True)
class ScanResult:
    """What is known once all parts have been read."""

    parts: Sequence[Part]
    plan: ReadPlan
    sample_size: int  # rows of either kind
    header: bytes  # what stands above the first record of the first part
    names: Sequence[str]
    summary: RowSummary


class ColumnFiller(NamedTuple):
    """How a column is filled."""

    column: int
    name: str
    labels: tuple[str, ...]
    label_of: Mapping[str, int]  # of every text of the column, −1 where it is missing
    model: Model | None  # None where nothing is missing
    draws: ModelDraws | None = None  # None where the most probable labels are filled in


class EmTask(NamedTuple):
    """What every part is to know of the fit."""

    plan: ReadPlan
    column: int
    label_of: Mapping[str, int]
    """of every text of the column, among the labels that were fitted; −1 where it is missing or none of these"""
    weights: WeightScale | None
    model: Model
    component_label: Integers
    unlabelled_weight: float


class FixedStatistics(NamedTuple):
    """What does not change from step to step."""

    fixed: Moments  # of rows whose component is certain
    weight: Floats  # (1 + n_labels,) of the rows without a label, and of those with each
    products: Floats  # (2·d, 2·d) of whether features are shown, and then of their values, 0 where they are not


class FullFit(NamedTuple):
    """A mixture fitted to all rows."""

    mixture: Mixture
    log_jacobian: float  # what standardising added to the log-likelihood
    weight: float


class ColumnOfParts(NamedTuple):
    """What was learnt of a column, from a sample and perhaps from all rows."""

    opened: InputTable  # the sample, as a small file that is closed
    sample: Sample
    completion: ColumnResult  # of the sample; its mixture is that of all rows where EM went over them
    labels: Labels  # counted in all rows
    filler: ColumnFiller
    full_fit: FullFit | None = None
    saved: SavedColumn | None = None  # where a model is to be saved
    applied: Applied | None = None  # what a saved model says of the sample, where one fills the column


def fit_column_of_parts(scan: ScanResult, column: int, map_parts: MapParts, progress: Progress) -> ColumnOfParts:
    """Fit a sample as a small file, and then, where one mixture is asked for, all rows."""
    request, names = scan.plan.request, scan.names
    sample = scan.summary.samples[column]
    if request.names_one_mixture or sample.may_fill.all():  # EM goes over all rows: either kind is drawn at one rate
        sample = trimmed(sample, min(scan.sample_size, START_ROWS), evenly=True)
    opened = interpreted(_sample_table(scan, column, sample), request)
    target = opened.table.targets[column]
    labels = read_labels(names[column], _of_all_rows(target, scan.summary.counts[column]), request)
    deltas = _deltas(request, labels, read_labels(names[column], target, request))
    asked = replace(request, deltas=deltas, probabilities=True)  # for the sweep of δ
    completion = complete(opened, column, asked, progress)
    filler = ColumnFiller(column, names[column], completion.labels.labels, _label_of(target.texts, labels), None)
    found, full_fit = completion.fitted, None
    if found is None:
        return ColumnOfParts(opened, sample, completion, labels, filler)
    readings, begins = [], opened.table.line_of(np.arange(opened.table.n_rows))
    names_of = [f" of {part.name}" if len(scan.parts) > 1 else "" for part in scan.parts]
    for one in found.readings:  # which cells are no numbers; not all of them were drawn
        lines = np.array([int(where.removeprefix("line ")) for where in one.unread], np.int64)
        rows = sample.rows[np.searchsorted(begins, lines)]
        places = zip(rows["line"].tolist(), rows["part"].tolist(), strict=True)
        unread = tuple(f"line {line}{names_of[part]}" for line, part in places)
        readings.append(replace(one, unread=unread, n_unread=0))
    found = replace(found, readings=tuple(readings))
    model, draws = model_of(found, names, request), None
    if request.method == "draw":
        draws = found.draw(max(request.imputations, 1), seed_of_imputing(request.seed))
    if isinstance(model.pooled.mixtures, Mixed):
        full_fit = _fit_all_rows(scan, filler, model, found.mixture, map_parts, progress)
        mixture = full_fit.mixture
        found = replace(found, fitted=found.fitted._replace(lead=lambda: mixture))
        model = model_of(found, names, request)
    completion = completion._replace(fitted=found)
    saved = column_of_sample(opened, completion, found, labels, request) if request.keeps_model else None
    filler = filler._replace(model=model, draws=draws)
    return ColumnOfParts(opened, sample, completion, labels, filler, full_fit, saved)


def apply_to_column(scan: ScanResult, column: int, saved: tuple[SavedModel, str], at: int) -> ColumnOfParts:
    """Let a saved model fill a column, the one `at` this place among its own; a sample is compared with its training.

    Raises DesignError, naming all of it at once, where the table holds what the model was not made for.
    """
    request, counts, fills = scan.plan.request, scan.summary.counts[column], saved[0].columns[at]
    sample = scan.summary.samples[column]
    read = _sample_table(scan, column, sample)
    target = read.table.targets[column]
    labels = label_rows(scan.names[column], _of_all_rows(target, counts), fills.model.labels, request)
    weight = np.array([counts[text] / n for text, n in zip(target.texts, target.counts, strict=True)])[target.code]
    weight *= 1.0 if read.weight is None else read.weight
    opened = replace(read, weight=weight / weight.mean())
    applied = apply_column(opened, fills, column, replace(request, probabilities=True), saved[1], is_known=False)
    label_of = _label_of(target.texts, labels)
    filler = ColumnFiller(column, scan.names[column], fills.model.labels, label_of, fills.model)
    return ColumnOfParts(opened, sample, applied.completion, labels, filler, applied=applied)


def _fit_all_rows(
    scan: ScanResult, filler: ColumnFiller, model: Model, start: Mixture, map_parts: MapParts, progress: Progress
) -> FullFit:
    """Take EM from where a fit of the sample ended to the optimum of all rows.

    Parts are reduced from left to right, and within a part its blocks, so that every backend gives the same bits.
    """
    known, component_label, recipe = [*model.pooled.known_labels], start.component_label, start.recipe
    label_of = {text: known.index(code) if code in known else -1 for text, code in filler.label_of.items()}
    weights, plan = scan.summary.weights, scan.plan.for_models([model])
    task = EmTask(plan, filler.column, label_of, weights, model, component_label, recipe.unlabelled_weight)
    fixed = reduce(_merged, map_parts(_rest_of_part, scan.parts, repeat(task)))
    prior = _prior(fixed, component_label.size, recipe.prior_strength)
    labelled, weight = fixed.weight[1:], float(fixed.weight.sum())
    apart = recipe.free_shares and 0.0 < labelled.sum() < weight
    # Its blocks are with the parts.
    problem = Problem((), fixed.fixed, component_label, clamp(component_label), labelled if apart else None)

    def map_blocks(work: Callable[[Block], Moments], _blocks: Iterable[Block]) -> Iterable[Moments]:
        return map_parts(_moments_of_part, scan.parts, repeat((task, work)))

    def watch(step: Step) -> None:
        progress("fitting", None, f"all rows, step {step.iteration}")

    found = climb(problem, start.parameters, prior, recipe, watch, map_blocks)
    found = found._replace(n_starts=start.n_starts, n_optima=start.n_optima, separable=start.separable)
    scale = np.array([feature.scale for feature in model.coding.features])
    shown = np.diagonal(fixed.products)[: scale.size]
    return FullFit(found, float(shown @ np.log(scale)), weight)


def _of_all_rows(target: TargetColumn, counts: Mapping[str, int]) -> TargetColumn:
    """Let a column of the sample say how often each of its texts stands in all rows."""
    return replace(target, counts=np.array([counts[text] for text in target.texts], np.int64))


def _label_of(texts: Iterable[str], labels: Labels) -> dict[str, int]:
    """Say which label each text is: its place, or −1 for what counts as missing."""
    return {text: -1 if text in labels.tokens else labels.labels.index(text) for text in texts}


def _deltas(request: Request, labels: Labels, drawn: Labels) -> tuple[tuple[str, float], ...]:
    """Add to the shifts asked for by how much log-odds are off since rare labels, as `drawn`, were drawn more often."""
    known, sampled = np.array(labels.known, np.float64), np.array(drawn.known, np.float64)
    if request.names_one_mixture or not sampled.all() or known.size < 2:  # noqa: PLR2004  # one label has no odds
        return request.deltas
    shift = np.log(known / known.sum()) - np.log(sampled / sampled.sum())
    if (np.abs(shift) * np.sqrt(sampled) < NOISE).all():
        return request.deltas
    asked = deltas_of(labels.labels, request.deltas)
    return tuple(zip(labels.labels, (asked + shift).tolist(), strict=True))


def _sample_table(scan: ScanResult, column: int, sample: Sample) -> InputTable:
    """Read a sample as if it were the table; single cells, and numbers of the rows, are told of as in all rows."""
    name, dialect, data = called(scan.parts), scan.plan.dialect, scan.header + sample.records.tobytes()
    source = Source(BytesIO(data), name, len(data))
    options = read_options(scan.plan.request, dialect, name)
    options["most_texts"], options["all_lines"] = MAX_TEXTS, True
    table = read_table(source, dialect, **options)
    numbers, before = {}, np.cumsum([0, *(part.rows for part in scan.summary.parts)])
    place = before[sample.rows["part"]] + sample.rows["row"]  # (n_drawn,) among all rows
    for index, one in table.numbers.items():
        found, sampled = scan.summary.numbers[index], {"n_missing": one.n_missing, "n_numbers": one.n_numbers}
        numbers[index] = replace(one, **(found.counts | sampled))
        # The rows that were drawn are numbered with gaps; without them they are recognised.
        is_told = options["explicit"] or found.n_missing or found.n_bad or found.infinite
        if not is_told and one.values is not None and np.unique(one.values - place).size == 1:
            row_numbers = np.arange(one.size) + (one.values[0] - place[0])
            numbers[index] = replace(numbers[index], numbers=row_numbers, code=None)
    return replace(input_table(source, replace(table, numbers=numbers), options), targets=[column], is_sample=True)


def _prior(fixed: FixedStatistics, n_components: int, strength: float) -> Prior:
    """Build the prior from the mean and covariance of all rows, in the units of the sample."""
    n_features = len(fixed.products) // 2
    both, sums = fixed.products[:, :n_features].reshape(2, n_features, n_features)
    shown = np.maximum(np.diagonal(both), np.finfo(float).tiny)
    mean = np.diagonal(sums) / shown
    # Sums of (x − m)(y − n) where both are shown; the sample's units have brought the means near 0, so that it is safe.
    about = fixed.products[n_features:, n_features:] - sums * mean - (sums * mean).T + both * np.outer(mean, mean)
    prior = default_prior(about / np.sqrt(np.outer(shown, shown)), float(fixed.weight.sum()), n_components, strength)
    return replace(prior, mean=mean)


def _rest_of_part(part: Part, task: EmTask) -> FixedStatistics:
    n_features, n_kinds = len(task.model.coding.features), 1 + len(task.model.pooled.known_labels)
    nothing = empty(task.component_label.size, n_features)
    fixed = FixedStatistics(nothing, np.zeros(n_kinds), np.zeros((2 * n_features, 2 * n_features)))
    blocks = CacheWriter(task.plan.key(part, f"blocks of column {task.column}"), task.plan.keep_bytes, spills=True)
    with in_part(part, task.plan):
        for rows, problem in _problems(part, task):
            seen = ~np.isnan(rows.x)
            weight = np.bincount(rows.label + 1, rows.weight, n_kinds).astype(np.float64, copy=False)
            cells = np.hstack([seen, np.where(seen, rows.x, 0.0)])  # (n_rows, 2·d)
            products = (cells * rows.weight[:, None]).T @ cells
            fixed = _merged(fixed, FixedStatistics(problem.fixed, weight, products))
            for block in problem.blocks:
                blocks.add(block)
    blocks.finish()
    return fixed


def _merged(a: FixedStatistics, b: FixedStatistics) -> FixedStatistics:
    return FixedStatistics(merge(a.fixed, b.fixed), *map(add, a[1:], b[1:]))


def _moments_of_part(part: Part, what: tuple[EmTask, Callable[[Block], Moments]]) -> Moments:
    task, work = what
    n_components, n_features = task.component_label.size, len(task.model.coding.features)
    with in_part(part, task.plan):
        blocks = cached(task.plan.key(part, f"blocks of column {task.column}"))  # or else they are made again
        if blocks is None:
            blocks = chain.from_iterable(problem.blocks for _, problem in _problems(part, task))
        return reduce(merge, map(work, blocks), empty(n_components, n_features))


def _problems(part: Part, task: EmTask) -> Iterator[tuple[Rows, Problem]]:
    """Give what is to be fitted, chunk by chunk, with its rows: equal ones told once, those of weight 0 left out."""
    for table in table_chunks(part, task.plan):
        if not table.n_rows:
            continue
        label = label_codes(table.targets[task.column], task.label_of, "a part of the table")
        weight = np.where(label >= 0, 1.0, task.unlabelled_weight)
        if task.weights is not None and table.weights is not None and table.weights.values is not None:
            weight *= relative_weights(table.weights.values, task.weights)
        kept = np.flatnonzero(weight > 0.0)
        x = task.model.coding.predictors(task.model.prepared(table), kept).x
        rows, _ = merge_equal_rows(Rows(x, label[kept], weight[kept]))
        yield rows, make_problem(*rows, task.component_label)
