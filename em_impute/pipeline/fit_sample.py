"""One column of a table in parts: what fills it, learnt from a sample and perhaps all rows, or a saved model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels, read_labels
from em_impute.em.initialize import Mixture
from em_impute.model.assign import deltas_of
from em_impute.model.draws import seed_of_imputing
from em_impute.model.predict import Mixed, Model
from em_impute.options import Request
from em_impute.pipeline.apply import Applied, apply_column, label_rows
from em_impute.pipeline.backends import MapParts
from em_impute.pipeline.chunks import ReadPlan
from em_impute.pipeline.complete import ColumnResult, complete, model_of
from em_impute.pipeline.files import Part, called
from em_impute.pipeline.fill_chunk import ColumnFiller
from em_impute.pipeline.full_em import EmTask, FullFit, fit_all_rows
from em_impute.pipeline.open import InputTable, Progress, input_table, interpreted, read_options
from em_impute.pipeline.sample import Sample, Wanted, evenly
from em_impute.pipeline.save import column_of_sample
from em_impute.pipeline.scan import RowSummary
from em_impute.saved_model.store import SavedColumn, SavedModel
from em_impute.table.categories import MAX_TEXTS
from em_impute.table.columns import TargetColumn
from em_impute.table.read import read_table
from em_impute.table.source import Source

START_ROWS = 50_000
"""Of either kind, where EM goes over all rows after them."""

NOISE = 3.0
"""Standard errors up to which a label's share among the rows drawn differs from that of all rows by chance."""


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
    request, wanted, names = scan.plan.request, scan.wanted, scan.names
    sample = scan.summary.samples[column]
    if request.names_one_mixture or sample.may_fill.all():  # EM goes over all rows: either kind is drawn at one rate
        sample = evenly(sample, wanted._replace(size=min(wanted.size, START_ROWS)))
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
    readings = []
    for one in found.readings:  # which cells are no numbers; not all of them were drawn
        places = _place_of(sample, opened, [int(where.removeprefix("line ")) for where in one.unread])
        of = [f" of {scan.parts[part].name}" if len(scan.parts) > 1 else "" for part, _ in places]
        unread = tuple(f"line {line}{name}" for (_, line), name in zip(places, of, strict=True))
        readings.append(replace(one, unread=unread, n_unread=0))
    found = replace(found, readings=tuple(readings))
    model, draws = model_of(found, names, request, deltas), None
    if request.method == "draw":
        draws = found.draw(max(request.imputations, 1), seed_of_imputing(request.seed))
    if isinstance(model.pooled.mixtures, Mixed):
        full_fit = _fit_all_rows(scan, filler, model, found.mixture, map_parts, progress)
        mixture = full_fit.mixture
        found = replace(found, fitted=found.fitted._replace(lead=lambda: mixture))
        model = model_of(found, names, request, deltas)
    completion = completion._replace(fitted=found)
    saved = column_of_sample(opened, completion, labels, request) if request.keeps_model else None
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
    scan: ScanResult, filler: ColumnFiller, model: Model, mixture: Mixture, map_parts: MapParts, progress: Progress
) -> FullFit:
    """Go on with EM over all rows where a fit of the sample ended."""
    plan, known = scan.plan.for_models([model]), [*model.pooled.known_labels]
    label_of = {text: known.index(code) if code in known else -1 for text, code in filler.label_of.items()}
    component_label, weight = mixture.fit.component_label, mixture.recipe.unlabelled_weight
    task = EmTask(plan, filler.column, label_of, scan.summary.weights, model, component_label, weight)
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
    source = Source(BytesIO(data), name, None, len(data))
    options = read_options(scan.plan.request, dialect, name)
    options["most_texts"], options["all_lines"] = MAX_TEXTS, True
    table = read_table(source, dialect, **options)
    numbers = {}
    for index, one in table.numbers.items():
        found, sampled = scan.summary.numbers[index], {"n_missing": one.n_missing, "n_numbers": one.n_numbers}
        numbers[index] = replace(one, **(found.counts | sampled))
        # The rows that were drawn are numbered with gaps; without them they are recognised.
        if found.run is not None and not options["explicit"] and one.numbers is not None:
            row_numbers = np.arange(one.size, dtype=np.float64) + found.run[0]
            numbers[index] = replace(numbers[index], numbers=row_numbers, code=None)
    return replace(input_table(source, replace(table, numbers=numbers), options), targets=[column], is_sample=True)


def _place_of(sample: Sample, opened: InputTable, lines: Sequence[int]) -> list[tuple[int, int]]:
    """Find the part, and the line there, of rows that are named by their lines in the small file."""
    begins = opened.table.line_of(np.arange(opened.table.n_rows))
    rows = np.searchsorted(begins, np.array(lines, np.int64))
    return list(zip(*(sample.rows[name][rows].tolist() for name in ("part", "line")), strict=True))
