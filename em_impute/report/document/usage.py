"""Sections for those who go on with the file: advice, a paragraph for the methods, the command, every decision."""

from typing import Any

from em_impute.report.charts.groups import filling_of
from em_impute.report.document.blocks import Items, Name, Section, Table, Text, folded, said
from em_impute.report.document.methods import methods
from em_impute.report.format import number
from em_impute.report.model.fit import FitReport

FEWEST_IMPUTATIONS = 5


def how_to_use(report: FitReport) -> Section | None:
    """Give five lines of advice."""
    if not report.missing.filled:
        return None
    draws = max(FEWEST_IMPUTATIONS, report.totals.recommended_imputations or 0)
    column = Name(report.column)
    filling = filling_of(report)
    lines = [
        said(
            "Keep the filled cells apart from the known ones: <code>--indicator</code> adds a column that says which "
            "are which."
        ),
        said("For totals and shares of {}, take the expected ones above, not a count of the filled labels.", column),
        _pooled(filling.files, draws, can_draw=report.applied is None),
        said("To keep only the surer cells, add <code>--min-probability 0.9</code>: it leaves the others empty."),
        said(
            "Whatever you will relate to {} must be among the columns used to fill it, or the relation is weakened. A "
            "filled value is no statement about the person or thing in its row.",
            column,
        ),
    ]
    return Section("use", "How to use this file", [Items(lines)])


def _pooled(files: int, recommended: int, *, can_draw: bool) -> Text:
    """Say how to let an analysis know that labels are guesses."""
    pool = "pool the results by Rubin’s rules. One file alone treats guesses as facts."
    if not can_draw or files <= 1:
        anew = "" if can_draw else "fit anew without <code>--model</code>: "
        text = f"For tests, intervals and regressions, {anew}<code>--imputations {{}}</code> draws {{}} files. Analyse "
        return said(text + f"each, and {pool}", recommended, recommended)
    text = "For tests, intervals and regressions, analyse each of the {} files, and " + pool
    if files < recommended:
        return said(text + " Here {} would be enough: <code>--imputations {}</code>.", files, recommended, recommended)
    return said(text, files)


def write_methods(report: FitReport) -> Section | None:
    """Give a paragraph that is ready to paste."""
    if not report.missing.cells:
        return None
    return Section("methods", "Paragraph for a methods section", [said("<q>{}</q>", methods(report))])


def reproduction(report: FitReport) -> Section:
    """Say what it takes to do the same again."""
    output, parts = report.output, report.parts
    files = (output.files or [output]) if output else []
    rows: list[list[Any]] = [
        ["command", said("<code>{}</code>", report.command)],
        ["version", f"{report.tool.name} {report.tool.version}"],
        ["seed", str(report.seed)],
        ["created", report.created or number(None)],
        ["input", Name(report.input.path)],
    ]
    if report.input.sha256:
        rows.append(["input sha256", _hash(report.input.sha256)])
    if parts and len(parts.files) > 1:
        rows += [
            [said("part {}", i + 1), said("{} {}", Name(one.path), _hash(one.sha256))]
            for i, one in enumerate(parts.files[:20])
        ]
    for one in files[:20]:
        rows.append(["output", Name(one.path or "standard output")])
        rows.append(["output sha256", _hash(one.sha256)])
    return Section("again", "How to reproduce this", [Table("What it takes", ["what", "value"], rows)])


def decisions(report: FitReport) -> Section:
    """List every decision that was taken for the user."""
    return Section("log", "Decisions", folded("What was decided", ["step", "what", "decided"], report.log))


def _hash(value: str | None) -> Text:
    return said('<code class="hash">{}</code>', value or number(None))


def made_by(report: FitReport) -> Text:
    """Say which program made the report, and when."""
    tool = report.tool
    return said("{} {}, {}", tool.name, tool.version, report.created or "time not recorded")
