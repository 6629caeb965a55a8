"""What `fill` says by itself: the verdict first, in a few sentences that need no other page to be understood."""

import re
from collections.abc import Iterator, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

from em_impute.report.document.document import NO_BETTER, headline
from em_impute.report.extra import INSTALL_HINT, can_write_pages
from em_impute.report.model.fit import FitReport
from em_impute.report.model.shared import Notice
from em_impute.report.sentences import noticed
from em_impute.report.text.console import plain, print_lines, print_sections, print_sentences
from em_impute.table.text import plural

if TYPE_CHECKING:
    from rich.console import Console

ABOUT_PEOPLE = "S01"
"""Code of the note on columns about people."""

LEFT = "S06"
"""Code of the note on columns that are not filled, which whoever asks for all of them wants to know."""

MOST_WARNINGS, LINE = 3, 100
"""Warnings in a summary, and characters of a line; the others are counted."""

UNTOLD = frozenset({"S01", "W17"})
"""Notes that are counted only."""

ELSEWHERE = frozenset({"use", "methods", "again"})
"""Sections for those who go on with the files, which hold them."""

SENTENCE_END = re.compile(r"(?<=[.?!]) (?=[A-Z'\"])")


def print_summary(
    console: "Console", report: FitReport, written: Sequence[str] | None, *, verbose: bool, advice: bool = True
) -> None:
    """Say what was done; `written` is None where that is said elsewhere.

    Without `advice` the note on columns about people is left out.
    """
    notices = [one for one in report.warnings if advice or one.code != ABOUT_PEOPLE]
    verdict, files = [plain(one) for one in headline(report)], [] if written is None else [*wrote(written)]
    rejected = report.features.rejected
    if rejected and report.missing.cells:
        more = f" and {len(rejected) - 1:,} more; -v lists them" if rejected[1:] else ""
        verdict.append(f"Not used: {rejected[0].name} ({rejected[0].reason.partition(': ')[0]}){more}.")
    doubts = [] if verbose else _doubts(report, notices)
    print_sentences(console, [*verdict, *doubts])
    if verbose:
        from em_impute.report.document.document import document_of  # late, since few ask for all sections

        print_lines(console, noticed(notices))
        print_sentences(console, [""])
        print_sections(console, [one for one in document_of(report).sections if one.id not in ELSEWHERE])
        print_sentences(console, [""])
    print_sentences(console, files)


def wrote(names: Sequence[str]) -> Iterator[str]:
    """Say what was written, and what to look at."""
    pages = [name for name in names if name.endswith(".html")]
    files = ", ".join(name for name in names if name not in pages)
    page = ", ".join(pages)
    yield (f"Wrote {files}; open {page}" if files and pages else f"Wrote {page or files or 'nothing'}") + "."
    if not can_write_pages() and any(name.endswith(".json") for name in names):
        yield f"A page with pictures comes with: {INSTALL_HINT}"


def _brief(notice: Notice) -> str:
    """Say a warning in its first sentence, in two lines at most; what a colon introduces is left out of a long one."""
    said = SENTENCE_END.split(notice.message, maxsplit=1)[0].rstrip(".")
    kind, code = "Note" if notice.is_note else "Warning", f" ({notice.code})"
    room = LINE - len(kind) - len(": ") - len(code)
    if len(said) > room:
        said = shorten(said.partition(": ")[0], LINE + room, placeholder=" …")
    return f"{kind}: {said}{code}"


def _doubts(report: FitReport, notices: Sequence[Notice]) -> Iterator[str]:
    """Say what should be known before relying on the fills: the first warnings, and how many more there are."""
    elsewhere = UNTOLD | {LEFT} | ({NO_BETTER} if report.accuracy else set())
    warnings = [one for one in notices if one.code not in elsewhere]
    yield from (f"Note: {one.message}" for one in notices if one.code == LEFT)
    yield from map(_brief, warnings[:MOST_WARNINGS])
    counts = (len(warnings[MOST_WARNINGS:]), "more warning"), (sum(one.code in UNTOLD for one in notices), "note")
    more = [plural(n, what) for n, what in counts if n]
    if more:
        yield f"{' and '.join(more)}; -v shows {'it' if more == ['1 note'] else 'them'}."
