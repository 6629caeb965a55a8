"""An evaluation as a value with the keys of its JSON, and its forms for people: Markdown and lines of a terminal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from rich.cells import cell_len, set_cell_size

from em_impute.em.blocks import Floats
from em_impute.ensemble import metrics
from em_impute.environment import is_dictated, time_of_run, version
from em_impute.options import Request
from em_impute.pipeline.evaluate import LABELS_ONLY, MAJORITY, MODEL, Evaluation
from em_impute.pipeline.types import Opened
from em_impute.report.build import features_section, input_section
from em_impute.report.fit_report import SCHEMA_VERSION, Section
from em_impute.report.tables import cell, table
from em_impute.report.words import delimiter_name, known_and_missing, number, percent, printable
from em_impute.table.text import listed, plural

__all__ = ["EvaluationReport", "build_evaluation", "evaluation_lines", "evaluation_markdown"]

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Values of --min-probability whose effect is shown."""

NAMES = {MODEL: "em-impute", LABELS_ONLY: "labels only", MAJORITY: "majority"}

FIGURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced",
    "log_loss": "log-loss",
    "brier": "Brier",
    "ece": "ECE",
}
PERCENTAGES = {"accuracy", "balanced_accuracy"}

MAX_SHOWN = 6
"""Labels of a confusion matrix that a terminal has room for, and names in one line."""

LEAST_SHOWN = 3
"""Labels named where there is no room for all."""

COLUMN_WIDTH = 8
LABEL_WIDTH = 14
FIGURE_WIDTH = 13


@dataclass(frozen=True)
class EvaluationReport:
    """Everything there is to say about how right the fills of one column would be."""

    schema_version: int
    tool: Section
    command: str
    created: str | None
    seed: int
    timings: Section | None
    input: Section
    column: str
    labels: tuple[Section, ...]
    missing: Section
    features: Section
    """of the last repeat"""
    hiding: Section
    figures: Section
    """of each of what is compared; None where it could not be fitted"""
    weighted_to_missing: Section | None
    repeats: Section
    filled: Section
    """what is filled, and how much of it is right, where a label must be so probable"""
    reliability: tuple[Section, ...]
    confusion: Section
    """how many of each label were filled by each"""
    warnings: tuple[Section, ...]


def build_evaluation(opened: Opened, evaluation: Evaluation, request: Request, command: str) -> EvaluationReport:
    """Compute every figure of an evaluation."""
    seconds = {"read": round(opened.seconds, 4), "evaluate": round(evaluation.seconds, 4)}
    labels = evaluation.labels
    return EvaluationReport(
        schema_version=SCHEMA_VERSION,
        tool={"name": "em-impute", "version": version()},
        command=command,
        created=time_of_run(),
        seed=request.seed,
        timings=None if is_dictated() else seconds,
        input=input_section(opened),
        column=evaluation.target,
        labels=_labels(evaluation),
        missing={"cells": labels.n_missing, "tokens": dict(labels.tokens)},
        features=features_section(evaluation.design),
        hiding=_hiding(evaluation),
        figures={name: _figures(evaluation, name) for name in NAMES},
        weighted_to_missing=_weighted(evaluation),
        repeats=_repeats(evaluation),
        filled=_filled(evaluation),
        reliability=_reliability(evaluation),
        confusion=_confusion(evaluation),
        warnings=tuple({"code": code, "message": message} for code, message in labels.warnings),
    )


def _labels(evaluation: Evaluation) -> tuple[dict[str, Any], ...]:
    said, labels = evaluation.probability[MODEL], evaluation.labels
    precision, recall = metrics.precision_and_recall(said, evaluation.label, evaluation.weight)
    hidden, filled = (np.bincount(code, minlength=precision.size) for code in (evaluation.label, said.argmax(axis=1)))
    return tuple(
        {
            "label": label,
            "known": labels.known[k],
            "share_to_hide": float(evaluation.share[k]),
            "hidden": int(hidden[k]),
            "filled": int(filled[k]),
            "precision": None if np.isnan(precision[k]) else float(precision[k]),
            "recall": None if np.isnan(recall[k]) else float(recall[k]),
        }
        for k, label in enumerate(labels.labels)
    )


def _hiding(evaluation: Evaluation) -> dict[str, Any]:
    hiding = evaluation.hiding
    return {
        "how": hiding.how,
        "share": hiding.share,
        "repeats": hiding.repeats,
        "rows": evaluation.row.size,
        "distinct_rows": np.unique(evaluation.row).size,
    }


def _figures(evaluation: Evaluation, name: str) -> dict[str, Any] | None:
    if name not in evaluation.probability:
        return None
    said, label, weight = evaluation.probability[name], evaluation.label, evaluation.weight
    return {
        **_scores(evaluation, name, weight),
        "balanced_accuracy": metrics.balanced_accuracy(said, label, weight),
        "ece": metrics.calibration_error(metrics.reliability(said, label)),
    }


def _scores(evaluation: Evaluation, name: str, weight: Floats | None) -> dict[str, Any]:
    said, label = evaluation.probability[name], evaluation.label
    return {
        "accuracy": metrics.accuracy(said, label, weight),
        "interval": list(evaluation.interval(name, weight)),
        "log_loss": metrics.log_loss(said, label, weight),
        "brier": metrics.brier(said, label, weight),
    }


def _weighted(evaluation: Evaluation) -> dict[str, Any] | None:
    weight, fitted = evaluation.like_missing, evaluation.probability
    if weight is None:
        return None
    return {
        "missing": evaluation.labels.n_missing,
        "effective_rows": evaluation.rows(weight),
        **{name: _scores(evaluation, name, weight) if name in fitted else None for name in NAMES},
    }


def _repeats(evaluation: Evaluation) -> dict[str, Any]:
    said, weight = evaluation.probability[MODEL], evaluation.weight
    each = []
    for repeat in range(evaluation.hiding.repeats):
        rows = np.flatnonzero(evaluation.repeat == repeat)
        of_rows = None if weight is None else weight[rows]
        found = (said[rows], evaluation.label[rows], of_rows)
        each.append({"rows": rows.size, "accuracy": metrics.accuracy(*found), "log_loss": metrics.log_loss(*found)})
    deviation = float(np.std([one["accuracy"] for one in each], ddof=1)) if len(each) > 1 else None
    return {"accuracy_sd": deviation, "each": each}


def _filled(evaluation: Evaluation) -> dict[str, Any]:
    said, label, weight = evaluation.probability[MODEL], evaluation.label, evaluation.weight
    return {
        "thresholds": [one._asdict() for one in metrics.filled_above(said, label, THRESHOLDS, weight)],
        "curve": [one._asdict() for one in metrics.fill_curve(said, label, weight)],
    }


def _reliability(evaluation: Evaluation) -> tuple[dict[str, Any], ...]:
    bins = metrics.reliability(evaluation.probability[MODEL], evaluation.label)
    intervals = metrics.bin_intervals(bins, evaluation.rows(None))
    return tuple({**one._asdict(), "interval": list(ends)} for one, ends in zip(bins, intervals, strict=True))


def _confusion(evaluation: Evaluation) -> dict[str, dict[str, int]]:
    names = evaluation.labels.labels
    counts = metrics.confusion(evaluation.probability[MODEL], evaluation.label).tolist()
    return {name: dict(zip(names, row, strict=True)) for name, row in zip(names, counts, strict=True)}


def evaluation_lines(report: EvaluationReport) -> Iterator[tuple[str, str]]:
    """Yield what a terminal shows, as names and texts: a table first, aligned by spaces, of at most 80 columns."""
    source = report.input
    shape = f"{plural(source['rows'], 'row')}, {plural(source['columns'], 'column')}"
    delimiter = delimiter_name(source["delimiter"])
    yield "read", f"{source['path']}: {shape}, {delimiter}-separated, {source['encoding']}"
    known = sum(one["known"] for one in report.labels)
    yield "column", known_and_missing(report.column, known, report.missing["tokens"])
    yield "predictors", listed([one["name"] for one in report.features["used"]], MAX_SHOWN)
    yield "hidden", _said_hiding(report)
    yield "", "".join(f"{name:>{FIGURE_WIDTH}}" for name in NAMES.values())
    for key, said in FIGURES.items():
        yield said, "".join(f"{_figure(report.figures[name], key):>{FIGURE_WIDTH}}" for name in NAMES)
    yield "interval", _said_interval(report)
    if report.weighted_to_missing is not None:
        yield "weighted", _said_weighted(report.weighted_to_missing)
    thresholds = report.filled["thresholds"]
    yield "if at least", _cells([f"{one['min_probability']:g}" for one in thresholds])
    yield "are filled", _cells([percent(one["share"]) for one in thresholds])
    yield "are right", _cells([percent(one["accuracy"]) for one in thresholds])
    if len(report.confusion) <= MAX_SHOWN:
        yield from _said_confusion(report)
    else:
        yield "least found", _said_recall(report)
    for one in report.warnings:
        yield "warning", f"{one['code']}: {one['message']}"


def _said_hiding(report: EvaluationReport) -> str:
    hiding = report.hiding
    rows, repeats, distinct = hiding["rows"], hiding["repeats"], hiding["distinct_rows"]
    times = "" if repeats == 1 else f", {repeats:,} times"
    each = f"{rows / repeats:,.0f} of {sum(one['known'] for one in report.labels):,} known labels{times}"
    again = "" if distinct == rows else f" ({distinct:,} different rows)"
    said = f"{each}, {hiding['how']}: {rows:,} in all{again}"
    never = [one["label"] for one in report.labels if one["known"] and not one["hidden"]]
    return said + (f"; never {listed(never, MAX_SHOWN)}" if never else "")


def _said_interval(report: EvaluationReport) -> str:
    low, high = report.figures[MODEL]["interval"]
    deviation = report.repeats["accuracy_sd"]
    spread = "" if deviation is None else f"; SD between repeats {percent(deviation)}"
    return f"{percent(low)} to {percent(high)} right (95 %){spread}"


def _said_weighted(weighted: Section) -> str:
    found = weighted[MODEL]
    low, high = found["interval"]
    right = f"{percent(found['accuracy'])} ({percent(low)} to {percent(high)})"
    return f"to the {plural(weighted['missing'], 'missing row')}: {right}, log-loss {found['log_loss']:.4f}"


def _said_confusion(report: EvaluationReport) -> Iterator[tuple[str, str]]:
    yield "confusion", f"{'true / filled':<{LABEL_WIDTH}}" + _cells(report.confusion)
    for label, row in report.confusion.items():
        yield "", set_cell_size(_fitted(label, LABEL_WIDTH), LABEL_WIDTH) + _cells([f"{n:,}" for n in row.values()])


def _said_recall(report: EvaluationReport) -> str:
    """Name the labels whose rows are found most seldom."""
    hidden = sorted((one for one in report.labels if one["hidden"]), key=itemgetter("recall"))
    return ", ".join(f"{_fitted(one['label'], LABEL_WIDTH)} {percent(one['recall'])}" for one in hidden[:LEAST_SHOWN])


def _figure(figures: Section | None, key: str) -> str:
    if figures is None:
        return "–"
    return percent(figures[key]) if key in PERCENTAGES else f"{figures[key]:.4f}"


def _cells(texts: Iterable[str]) -> str:
    """Put cells side by side, each to the right of its column."""
    fitted = [_fitted(text, COLUMN_WIDTH) for text in texts]
    return "".join(f"{' ' * (COLUMN_WIDTH + 1 - cell_len(text))}{text}" for text in fitted)


def _fitted(text: str, width: int) -> str:
    """Cut a text that is too wide for its column, as wide as a terminal shows it."""
    text = printable(text)
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def evaluation_markdown(*reports: EvaluationReport) -> str:
    """Write one report after the other."""
    return "\n".join("\n".join(_sections(report)) for report in reports)


def _sections(report: EvaluationReport) -> Iterator[str]:
    yield f"# How right fills would be: column {cell(report.column)} of {cell(report.input['path'])}\n"
    yield f"Known labels were hidden, filled and compared: {cell(_said_hiding(report))}.\n"
    keys = ("label", "known", "hidden", "filled")
    rows = [
        [*(one[key] for key in keys), *(percent(one[key]) for key in ("share_to_hide", "precision", "recall"))]
        for one in report.labels
    ]
    yield from table(["label", "known", "hidden in all", "filled in", "hidden at a time", "precision", "recall"], rows)
    yield "## Figures\n"
    yield from table(["", *NAMES.values()], _figure_rows(report.figures, FIGURES))
    yield f"The interval: {_said_interval(report)}. A row counts once, however often it was hidden.\n"
    yield "Labels only is the same model where rows without a label teach nothing; majority is the labels' shares.\n"
    if report.weighted_to_missing is not None:
        yield from _weighted_section(report.weighted_to_missing)
    yield "## Accuracy against the share filled\n"
    filled = report.filled["thresholds"]
    rows = [[number(one["min_probability"]), percent(one["share"]), percent(one["accuracy"])] for one in filled]
    yield from table(["at least so probable", "filled", "of these right"], rows)
    yield "## Stated and true\n"
    bins = [
        [one["rows"], percent(one["probability"]), percent(one["accuracy"]), " to ".join(map(percent, one["interval"]))]
        for one in report.reliability
    ]
    yield from table(["rows", "mean probability stated", "share that was right", "95 %"], bins)
    yield "## Confusion\n"
    counts = [[label, *row.values()] for label, row in report.confusion.items()]
    yield from table(["true label", *(f"filled {label}" for label in report.confusion)], counts)
    yield from _reproduction(report)


def _figure_rows(figures: Section, keys: Iterable[str]) -> list[list[str]]:
    said = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "log_loss": "log-loss (nats)"}
    names = {**FIGURES, **said}
    return [[names[key], *(_figure(figures[name], key) for name in NAMES)] for key in keys]


def _weighted_section(weighted: Section) -> Iterator[str]:
    yield "## Weighted to the missing cells\n"
    yield f"{_said_weighted(weighted)}.\n"
    yield from table(["", *NAMES.values()], _figure_rows(weighted, ["accuracy", "log_loss", "brier"]))
    rows = number(weighted["effective_rows"])
    yield f"Hidden rows whose predictors are like those of missing cells count more: as much as {rows} rows alike.\n"


def _reproduction(report: EvaluationReport) -> Iterator[str]:
    yield from (f"- {one['code']}: {cell(one['message'])}" for one in report.warnings)
    yield "## Reproduction\n"
    rows = {
        "command": report.command,
        "version": f"{report.tool['name']} {report.tool['version']}",
        "seed": report.seed,
        "created": report.created or "",
        "input sha256": report.input["sha256"],
    }
    yield from table(["what", "value"], [list(one) for one in rows.items()])
