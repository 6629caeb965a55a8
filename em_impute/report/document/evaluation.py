"""An evaluation: how right fills of hidden labels were, beside simpler ways to fill."""

from collections.abc import Iterator

from em_impute.report.document.accuracy import by_label
from em_impute.report.document.blocks import Block, Section, Table, names, said
from em_impute.report.document.data import was_read
from em_impute.report.format import number, percent, percents, whole_percent
from em_impute.report.model.evaluation import EvaluationReport
from em_impute.table.text import listed, plural

FIGURES = {
    "accuracy": ("accuracy", percent),
    "balanced_accuracy": ("balanced accuracy", percent),
    "log_loss": ("log-loss (lower is better)", number),
    "brier": ("Brier score (lower is better)", number),
    "ece": ("calibration error", percent),
}

COMPARED = (
    "On hidden labels; labels only: fitted without the rows that lack a label; majority: always the most common one"
)

MAX_SHOWN = 6
"""Names in one line."""


def evaluation(report: EvaluationReport) -> Iterator[Section]:
    """Say how right the fills were, how labels were hidden, and which labels were mistaken for which."""
    right, guessing = (whole_percent(one.accuracy) for one in (report.figures.em_impute, report.figures.majority))
    blocks: list[Block] = [
        f"{right} of hidden labels right; always guessing the most common label: {guessing}.",
        f"95 % interval: {percents(*report.figures.em_impute.interval)}.",
        was_read(report),
        said("Predictors: {}.", names(report.features.columns, MAX_SHOWN)),
        _hiding(report),
    ]
    compared = report.figures.em_impute, report.figures.labels_only, report.figures.majority
    rows = [
        [name, *("–" if one is None else write(getattr(one, key)) for one in compared)]
        for key, (name, write) in FIGURES.items()
    ]
    blocks.append(Table(COMPARED, ["", "em-impute", "labels only", "majority"], rows))
    weighted = report.weighted_to_missing
    if weighted is not None:
        found, like = weighted.em_impute, f"Weighted to be like the {plural(report.missing.cells, 'missing row')}"
        right = f"{percent(found.accuracy)} ({percents(*found.interval)}) right"
        blocks.append(f"{like}: {right}, log-loss {number(found.log_loss)}.")
    filled = [[f"{one.min_probability:g}", percent(one.share), percent(one.accuracy)] for one in report.thresholds]
    blocks.append(Table("If only sure cells are filled", ["probability at least", "filled", "right"], filled))
    yield Section("evaluation", f"How right fills of {report.column} are", blocks + by_label(report.confusion))


def _hiding(report: EvaluationReport) -> str:
    """Say how many labels were hidden, and how."""
    hiding, known = report.hiding, sum(one.known for one in report.labels)
    times = "" if hiding.repeats == 1 else f", {hiding.repeats:,} times"
    again = "" if hiding.distinct_rows == hiding.rows else f" ({hiding.distinct_rows:,} different rows)"
    each = f"{hiding.rows / hiding.repeats:,.0f} of {plural(known, 'known label')}{times}, {hiding.how}"
    never = [one.label for one in report.labels if one.known and not any(report.confusion[one.label].values())]
    kept = f"; never {listed(never, MAX_SHOWN)}" if never else ""
    gaps = f" {hiding.emptied:,} of these rows show no more than rows to fill do." if hiding.emptied else ""
    return f"Hidden: {each}: {hiding.rows:,} in all{again}{kept}.{gaps}"
