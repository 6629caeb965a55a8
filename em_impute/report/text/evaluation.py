"""An evaluation as lines of a terminal."""

from collections.abc import Iterable, Iterator
from operator import attrgetter

from rich.cells import cell_len, set_cell_size

from em_impute.report.format import percent, whole_percent
from em_impute.report.model.evaluation import EvaluationReport, Figures
from em_impute.report.sentences import noticed, opening_lines
from em_impute.report.text.table import fitted
from em_impute.table.text import listed, plural

NAMES = {"em_impute": "em-impute", "labels_only": "labels only", "majority": "majority"}

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


def evaluation_lines(report: EvaluationReport) -> Iterator[tuple[str, str]]:
    """Yield what a terminal shows, as names and texts; tables are aligned by spaces, and of at most 80 columns."""
    right, guessing = (whole_percent(one.accuracy) for one in (report.figures.em_impute, report.figures.majority))
    yield "right", f"{right} of hidden labels; always guessing the most common label: {guessing}"
    yield from opening_lines(report)
    yield "predictors", listed(report.features.columns, MAX_SHOWN)
    yield "hidden", _said_hiding(report)
    yield "", "".join(f"{name:>{FIGURE_WIDTH}}" for name in NAMES.values())
    for key, said in FIGURES.items():
        yield said, "".join(f"{_figure(getattr(report.figures, name), key):>{FIGURE_WIDTH}}" for name in NAMES)
    yield "interval", _said_interval(report)
    if report.weighted_to_missing is not None:
        yield "weighted", _said_weighted(report.weighted_to_missing.em_impute, report.missing.cells)
    thresholds = report.thresholds
    yield "if at least", _cells([f"{one.min_probability:g}" for one in thresholds])
    yield "are filled", _cells([percent(one.share) for one in thresholds])
    yield "are right", _cells([percent(one.accuracy) for one in thresholds])
    if len(report.confusion) <= MAX_SHOWN:
        yield from _said_confusion(report)
    else:
        yield "least found", _said_recall(report)
    yield from noticed(report.warnings)


def _said_hiding(report: EvaluationReport) -> str:
    """Say how many labels were hidden, and how."""
    hiding = report.hiding
    rows, repeats, distinct = hiding.rows, hiding.repeats, hiding.distinct_rows
    times = "" if repeats == 1 else f", {repeats:,} times"
    each = f"{rows / repeats:,.0f} of {sum(one.known for one in report.labels):,} known labels{times}"
    again = "" if distinct == rows else f" ({distinct:,} different rows)"
    said = f"{each}, {hiding.how}: {rows:,} in all{again}"
    never = [one.label for one in report.labels if one.known and not one.hidden]
    return said + (f"; never {listed(never, MAX_SHOWN)}" if never else "")


def _said_interval(report: EvaluationReport) -> str:
    """Say between which ends the accuracy lies."""
    low, high = report.figures.em_impute.interval
    deviation = report.accuracy_sd
    spread = "" if deviation is None else f"; SD between repeats {percent(deviation)}"
    return f"{percent(low)} to {percent(high)} right (95 %){spread}"


def _said_weighted(found: Figures, n_missing: int) -> str:
    """Say how right fills are, hidden rows weighted to be like missing ones."""
    low, high = found.interval
    right = f"{percent(found.accuracy)} ({percent(low)} to {percent(high)})"
    return f"to the {plural(n_missing, 'missing row')}: {right}, log-loss {found.log_loss:.4f}"


def _said_confusion(report: EvaluationReport) -> Iterator[tuple[str, str]]:
    yield "confusion", f"{'true / filled':<{LABEL_WIDTH}}" + _cells(report.confusion)
    for label, row in report.confusion.items():
        yield "", set_cell_size(fitted(label, LABEL_WIDTH), LABEL_WIDTH) + _cells([f"{n:,}" for n in row.values()])


def _said_recall(report: EvaluationReport) -> str:
    """Name the labels whose rows are found most seldom."""
    hidden = sorted((one for one in report.labels if one.hidden), key=attrgetter("recall"))
    return ", ".join(f"{fitted(one.label, LABEL_WIDTH)} {percent(one.recall)}" for one in hidden[:LEAST_SHOWN])


def _figure(figures: Figures | None, key: str) -> str:
    """Write one figure."""
    if figures is None:
        return "–"
    return percent(getattr(figures, key)) if key in PERCENTAGES else f"{getattr(figures, key):.4f}"


def _cells(texts: Iterable[str]) -> str:
    """Put cells side by side, each to the right of its column."""
    shown = [fitted(text, COLUMN_WIDTH) for text in texts]
    return "".join(f"{' ' * (COLUMN_WIDTH + 1 - cell_len(text))}{text}" for text in shown)
