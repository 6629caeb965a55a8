"""Sections for those who go on with the file: advice, a paragraph for the methods, the command, every decision."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from em_impute.report.page.blocks import Block, Details, Items, Section, Table, name, said
from em_impute.report.page.methods import methods
from em_impute.report.pictures.filling import filling_of
from em_impute.report.words import number

__all__ = ["decisions", "how_to_use", "reproduction", "write_methods"]

Report = Mapping[str, Any]

FEWEST_IMPUTATIONS = 5


def how_to_use(report: Report, prefix: str) -> Section | None:
    """Give five lines of advice."""
    if not report["missing"]["filled"]:
        return None
    draws = max(FEWEST_IMPUTATIONS, report["totals"].get("recommended_imputations") or 0)
    column = name(report["column"])
    filling = filling_of(report)
    lines = [
        said(
            "Keep the filled cells apart from the known ones: <code>--indicator</code> adds a column that says which "
            "are which."
        ),
        said("For totals and shares of {} take the expected ones above, not a count of the filled labels.", column),
        _pooled(filling.files, draws, can_draw=report.get("applied") is None),
        said(
            "To keep only cells that are surer, ask for it: <code>--min-probability 0.9</code> leaves the others empty."
        ),
        said(
            "What you will relate to {} must have been among the columns it was filled by, or the relation is "
            "weakened; and "
            "a filled value is no statement about the one person or thing in its row.",
            column,
        ),
    ]
    return Section(f"{prefix}-use", "How to use this file", [Items(lines, ordered=True)])


def _pooled(files: int, recommended: int, *, can_draw: bool) -> Markup:
    """Say how to let an analysis know that labels are guesses."""
    pool = "pool the results by Rubin’s rules. One file alone treats guesses as facts."
    if not can_draw:
        text = "For tests, intervals and regressions fit anew, without <code>--model</code>, and draw: "
        return said(text + "<code>--imputations {}</code> writes so many files. Analyse each, and " + pool, recommended)
    if files <= 1:
        text = "For tests, intervals and regressions draw: <code>--imputations {}</code> writes so many files. Analyse "
        return said(text + f"each, and {pool}", recommended)
    text = "For tests, intervals and regressions analyse each of the {} files, and " + pool
    if files < recommended:
        return said(text + " Here {} would be enough: <code>--imputations {}</code>.", files, recommended, recommended)
    return said(text, files)


def write_methods(report: Report, prefix: str) -> Section | None:
    """Give a paragraph that is ready to paste."""
    if not report["missing"]["cells"]:
        return None
    return Section(f"{prefix}-methods", "Paragraph for a methods section", [said("<q>{}</q>", methods(report))])


def reproduction(report: Report, prefix: str) -> Section:
    """Say what it takes to do the same again."""
    files = (report["output"] or {}).get("files") or ([report["output"]] if report["output"] else [])
    rows: list[list[Any]] = [
        ["command", said("<code>{}</code>", report["command"])],
        ["version", f"{report['tool']['name']} {report['tool']['version']}"],
        ["seed", report["seed"]],
        ["created", report["created"] or number(None)],
        ["input", name(report["input"]["path"])],
    ]
    if report["input"]["sha256"]:
        rows.append(["input sha256", _hash(report["input"]["sha256"])])
    parts = report.get("parts")
    if parts and len(parts["files"]) > 1:
        rows += [
            [said("part {}", i + 1), said("{} {}", name(one["path"]), _hash(one["sha256"]))]
            for i, one in enumerate(parts["files"][:20])
        ]
    for one in files[:20]:
        rows.append(["output", name(one["path"] or "standard output")])
        rows.append(["output sha256", _hash(one["sha256"])])
    if report["timings"]:
        rows.append(["seconds", ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in report["timings"].items())])
    return Section(f"{prefix}-again", "How to do it again", [Table("What it takes", ["what", "value"], rows)])


def decisions(report: Report, prefix: str) -> Section:
    """List every decision that was taken for the user, and every warning."""
    rows = [[one["step"], one["action"], one["detail"]] for one in report["log"]]
    blocks: list[Block] = [Details("Every decision", [Table("Decisions", ["step", "what", "decided"], rows)])]
    if report["warnings"]:
        warned = [[one["code"], one["message"]] for one in report["warnings"]]
        blocks.append(Table("Warnings and notes", ["code", "message"], warned))
    else:
        blocks.append(said("There was nothing to warn about."))
    return Section(f"{prefix}-log", "Decisions and warnings", blocks)


def _hash(value: str | None) -> Markup:
    return said('<code class="hash">{}</code>', value or number(None))
