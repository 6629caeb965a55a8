"""The document of an evaluation: how right the fills of a column would be."""

from collections.abc import Iterable

from em_impute.report.document.blocks import Block, Document, Name, Section, Table, of_rows, said
from em_impute.report.document.usage import made_by, reproduction
from em_impute.report.format import number, percent
from em_impute.report.model.evaluation import CompareFigures, CompareScores, EvaluationReport, IntervalBin
from em_impute.report.model.shared import Confusion, Threshold
from em_impute.report.text.evaluation import FIGURES, NAMES, figure, said_hiding, said_interval, said_weighted

LONG_NAMES = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "log_loss": "log-loss (nats)"}


def evaluation_document(report: EvaluationReport) -> Document:
    """Say how right the fills would be, and how that was found."""
    sections = [
        Section("figures", "Figures", _figures(report)),
        *_weighted(report.weighted_to_missing),
        Section("filled", "Accuracy against the share filled", [_thresholds(report.filled.thresholds)]),
        Section("reliability", "Calibration", [_reliability(report.reliability)]),
        Section("confusion", "Confusion", [_confusion(report.confusion)]),
        reproduction(report),
    ]
    return Document(
        said("How right fills would be: column {} of {}", Name(report.column), Name(report.input.path)),
        [said("Known labels were hidden, filled and compared: {}.", said_hiding(report))],
        [],
        report.warnings,
        sections,
        made_by(report),
    )


def _figures(report: EvaluationReport) -> list[Block]:
    keys = ("label", "known", "hidden", "filled")
    rows = [
        [
            *(getattr(one, key) for key in keys),
            *(percent(getattr(one, key)) for key in ("share_to_hide", "precision", "recall")),
        ]
        for one in report.labels
    ]
    head = ["label", "known", "hidden in total", "filled in", "share hidden each time", "precision", "recall"]
    return [
        _compared("How right each is", report.figures, FIGURES),
        said("The interval: {}. A row counts once, however often it was hidden.", said_interval(report)),
        "Labels only: the same model without the unlabelled rows. Majority: guesses by the label shares.",
        Table("Label by label", head, of_rows(rows), is_long=True),
    ]


def _weighted(weighted: CompareScores | None) -> list[Section]:
    if weighted is None:
        return []
    blocks: list[Block] = [
        said("{}.", said_weighted(weighted)),
        _compared("How right each is", weighted, ["accuracy", "log_loss", "brier"]),
        said(
            "Hidden rows that resemble rows to fill count more; together they are worth {} equal rows.",
            number(weighted.effective_rows),
        ),
    ]
    return [Section("weighted", "Weighted to the missing cells", blocks)]


def _compared(caption: str, figures: CompareFigures | CompareScores, keys: Iterable[str]) -> Table:
    names = {**FIGURES, **LONG_NAMES}
    rows = [[names[key], *(figure(getattr(figures, name), key) for name in NAMES)] for key in keys]
    return Table(caption, ["", *NAMES.values()], rows)


def _thresholds(filled: Iterable[Threshold]) -> Table:
    rows = [[one.min_probability, percent(one.share), percent(one.accuracy)] for one in filled]
    return Table("What --min-probability does", ["minimum probability", "filled", "of these right"], rows)


def _reliability(bins: Iterable[IntervalBin]) -> Table:
    rows = [
        [one.rows, percent(one.probability), percent(one.accuracy), " to ".join(map(percent, one.interval))]
        for one in bins
    ]
    return Table("Group by group", ["rows", "mean stated probability", "share right", "95 %"], rows)


def _confusion(confusion: Confusion) -> Table:
    head = ["true label", *(said("filled {}", Name(label)) for label in confusion)]
    return Table("Rows", head, of_rows([[label, *row.values()] for label, row in confusion.items()]))
