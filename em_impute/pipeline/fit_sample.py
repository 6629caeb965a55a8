"""One column of a table in parts: what fills it, learnt from a sample and perhaps all rows, or a saved model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels, read_labels
from em_impute.columns.readings import Reading
from em_impute.em.blocks import Floats
from em_impute.em.initialize import Mixture
from em_impute.model.assign import deltas_of
from em_impute.model.draws import seed_of_imputing
from em_impute.model.predict import Mixed, Model
from em_impute.options import Request
from em_impute.pipeline.apply import Applied, apply_column, label_rows, with_groups
from em_impute.pipeline.backends import MapParts
from em_impute.pipeline.chunks import ReadPlan
from em_impute.pipeline.complete import complete, model_of
from em_impute.pipeline.files import Part, called
from em_impute.pipeline.fill_chunk import ColumnFiller
from em_impute.pipeline.full_em import EmTask, FullFit, fit_all_rows
from em_impute.pipeline.open import Progress, input_table, interpreted, read_options
from em_impute.pipeline.sample import Sample, Wanted, evenly
from em_impute.pipeline.save import column_of_sample
from em_impute.pipeline.scan import NumberSummary, RowSummary
from em_impute.pipeline.types import ColumnResult, InputTable
from em_impute.saved_model.store import SavedColumn, SavedModel
from em_impute.table.categories import MAX_TEXTS
from em_impute.table.columns import TargetColumn
from em_impute.table.number_columns import NumberColumn
from em_impute.table.read import read_table
from em_impute.table.source import Source

START_ROWS = 50_000
"""Of either kind, where EM goes over all rows after them."""

NOISE = 3.0
"""Standard errors up to which a label's share among the rows drawn differs from that of all rows by chance."""


class FromFile(NamedTuple):
    """A saved model, and where it came from."""

    model: SavedModel
    path: str


@dataclass(frozen=True)
class ScanResult:
    """What is known once all parts have been read."""

    parts: Sequence[Part]
    plan: ReadPlan
    wanted: Wanted
    header: bytes
    """what stands above the first record of the first part"""
    names: Sequence[str]
    summary: RowSummary


@dataclass(frozen=True)
class ColumnOfParts:
    """What was learnt of a column, from a sample and perhaps from all rows."""

    opened: InputTable
    """the sample, as a small file that is closed"""
    sample: Sample
    completion: ColumnResult
    """of the sample; its mixture is that of all rows where EM went over them"""
    labels: Labels
    """counted in all rows"""
    filler: ColumnFiller
    full_fit: FullFit | None
    saved: SavedColumn | None = None
    """what is to be saved, where that was asked for"""
    applied: Applied | None = None
    """what a saved model says of the sample, where one fills the column"""


def fit_column_of_parts(scan: ScanResult, column: int, map_parts: MapParts, progress: Progress) -> ColumnOfParts:
    """Fit a sample as a small file, and then, where one mixture is asked for, all rows."""
    request, wanted, names = scan.plan.request, scan.wanted, scan.names
    sample = scan.summary.samples[column]
    if _names_one_mixture(sample, request):
        sample = evenly(sample, wanted._replace(size=min(wanted.size, START_ROWS)))
    opened = _sample_table(scan, column, sample)
    opened = interpreted(opened, request)
    target = opened.table.targets[column]
    labels = read_labels(names[column], _of_all_rows(target, scan.summary.counts[column]), request)
    deltas = _deltas(request, labels, _shift(labels, read_labels(names[column], target, request)))
    asked = replace(request, deltas=deltas, probabilities=True)  # for the sweep of δ
    completion = complete(opened, column, asked, progress)
    filler = ColumnFiller(column, names[column], completion.labels.labels, _label_of(target.texts, labels), None)
    found, full_fit = completion.fitted, None
    if found is None:
        return ColumnOfParts(opened, sample, completion, labels, filler, None)
    readings = tuple(_in_all_rows(one, sample, opened, scan.parts) for one in found.readings)
    found = replace(found, readings=readings)
    completion = replace(completion, fitted=found)
    model, draws = model_of(found, names, request, deltas), None
    if request.method == "draw":
        draws = found.draw(max(request.imputations, 1), seed_of_imputing(request.seed))
    if isinstance(model.pooled.mixtures, Mixed):
        full_fit = _fit_all_rows(scan, filler, model, found.mixture, map_parts, progress)
        mixture = full_fit.mixture
        mixtures = Mixed(mixture.fit.parameters, mixture.fit.component_label)
        model = replace(model, pooled=replace(model.pooled, mixtures=mixtures))
        of_all = found.fitted._replace(lead=lambda: mixture)
        completion = replace(completion, fitted=replace(found, fitted=of_all))
    saved = column_of_sample(opened, completion, labels, request, full_fit) if request.keeps_model else None
    filler = replace(filler, model=model, draws=draws)
    return ColumnOfParts(opened, sample, completion, labels, filler, full_fit, saved)


def apply_to_column(scan: ScanResult, column: int, saved: FromFile, at: int) -> ColumnOfParts:
    """Let a saved model fill a column, the one `at` this place among its own; a sample is compared with its training.

    Raises DesignError, naming all of it at once, where the table holds what the model was not made for.
    """
    request, counts, fills = scan.plan.request, scan.summary.counts[column], saved.model.columns[at]
    sample = scan.summary.samples[column]
    read = _sample_table(scan, column, sample)
    target = read.table.targets[column]
    labels = label_rows(scan.names[column], _of_all_rows(target, counts), fills.model.labels, request)
    weight = np.array([counts[text] / n for text, n in zip(target.texts, target.counts, strict=True)])[target.code]
    weight *= 1.0 if read.weight is None else read.weight
    table = with_groups(read.table, [fills.model])
    opened = replace(read, table=table, weight=weight / weight.mean())
    applied = apply_column(opened, fills, column, replace(request, probabilities=True), saved.path, is_known=False)
    label_of = _label_of(target.texts, labels)
    filler = ColumnFiller(column, scan.names[column], fills.model.labels, label_of, fills.model)
    return ColumnOfParts(opened, sample, applied.completion, labels, filler, None, applied=applied)


def _fit_all_rows(
    scan: ScanResult, filler: ColumnFiller, model: Model, mixture: Mixture, map_parts: MapParts, progress: Progress
) -> FullFit:
    """Go on with EM over all rows where a fit of the sample ended."""
    plan, known = scan.plan.for_models([model]), [*model.pooled.known_labels]
    task = EmTask(
        plan,
        filler.column,
        {text: known.index(code) if code in known else -1 for text, code in filler.label_of.items()},
        scan.summary.weights,
        model,
        mixture.fit.component_label,
        len(model.pooled.known_labels),
        mixture.recipe.unlabelled_weight,
    )
    return fit_all_rows(
        scan.parts,
        map_parts,
        task,
        mixture,
        lambda step: progress("fitting", None, f"all rows, step {step.iteration}"),
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


def _sample_table(scan: ScanResult, column: int, sample: Sample) -> InputTable:
    """Read a sample of rows as if it were the table.

    What is to be said of single cells, and that a column holds the numbers of the rows, is taken from all rows.
    """
    name, dialect, data = called(scan.parts), scan.plan.dialect, scan.header + sample.records.tobytes()
    source = Source(BytesIO(data), name, None, len(data))
    options = read_options(scan.plan.request, dialect, name)
    options["most_texts"], options["all_lines"] = MAX_TEXTS, True
    table = read_table(source, dialect, **options)
    numbers = {
        index: _as_in_all_rows(numbers, scan.summary.numbers[index], explicit=options["explicit"])
        for index, numbers in table.numbers.items()
    }
    return replace(input_table(source, replace(table, numbers=numbers), options), targets=[column], is_sample=True)


def _in_all_rows(one: Reading, sample: Sample, opened: InputTable, parts: Sequence[Part]) -> Reading:
    """Say in which part, and on which line there, the cells are that are no numbers: not all of them were drawn."""
    places = _place_of(sample, opened, [int(where.removeprefix("line ")) for where in one.unread])
    of = [f" of {parts[part].name}" if len(parts) > 1 else "" for part, _ in places]
    unread = tuple(f"line {line}{name}" for (_, line), name in zip(places, of, strict=True))
    return replace(one, unread=unread, n_unread=0)


def _place_of(sample: Sample, opened: InputTable, lines: Sequence[int]) -> list[tuple[int, int]]:
    """Find the part, and the line there, of rows that are named by their lines in the small file."""
    begins = opened.table.line_of(np.arange(opened.table.n_rows))
    rows = np.searchsorted(begins, np.array(lines, np.int64))
    return list(zip(sample.part[rows].tolist(), sample.line[rows].tolist(), strict=True))


def _as_in_all_rows(column: NumberColumn, numbers: NumberSummary, *, explicit: bool) -> NumberColumn:
    sampled = {"n_missing": column.n_missing, "n_numbers": column.n_numbers}
    told = replace(column, **(numbers.counts | sampled))
    if numbers.run is None or explicit or column.numbers is None:
        return told
    # The rows that were drawn are numbered with gaps; without them they are recognised.
    return replace(told, numbers=np.arange(column.size, dtype=np.float64) + numbers.run[0], code=None)
