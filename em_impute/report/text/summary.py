"""What `fill` says by itself: the verdict first, in a few sentences that need no other page to be understood."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from em_impute.report.charts.groups import filling_of
from em_impute.report.extra import INSTALL_HINT, can_write_pages
from em_impute.report.format import percent, rounded, shortened, span, whole_percent
from em_impute.report.model.findings import AppliedModel, ExpectedWrong
from em_impute.report.model.fit import FitReport
from em_impute.report.model.shared import Notice, is_note
from em_impute.report.sentences import REASONS, n_wrong
from em_impute.report.text.console import INDENT, print_lines, print_sentences
from em_impute.report.text.details import details
from em_impute.report.text.table import wrapped
from em_impute.table.text import plural

if TYPE_CHECKING:
    from rich.console import Console

ABOUT_PEOPLE = "S01"
"""Code of the note on columns about people."""

NO_BETTER = "W08"
"""Code of the warning that the verdict says already."""

LEFT = "S06"
"""Code of the note on columns that are not filled, which whoever asks for all of them wants to know."""

MAX_COLUMNS, MAX_LABELS = 3, 6
"""Columns and labels that are named; of more they are counted."""

MOST_LINES, LINE = 8, 100
"""Lines of a summary at this width: as many warnings are shown, of two lines at most, and the others are counted."""

UNTOLD = frozenset({"S01", "W17"})
"""Notes that are counted only."""

MOST_OF_ONE = 2
"""Lines of a warning; what a colon introduces is left out where it takes more than one."""

SENTENCE_END = re.compile(r"(?<=[.?!]) (?=[A-Z'\"])")


def print_summary(
    console: "Console", report: FitReport, written: Sequence[str] | None, *, verbose: bool, advice: bool = True
) -> None:
    """Say what was done; `written` is None where that is said elsewhere.

    Without `advice` the note on columns about people is left out.
    """
    notices = [one for one in report.warnings if advice or one.code != ABOUT_PEOPLE]
    verdict, files = [*_verdict(report)], [] if written is None else [*wrote(written)]
    doubts = [] if verbose else _doubts(report, notices, MOST_LINES - _n_lines(verdict + files))
    print_sentences(console, [*verdict, *doubts])
    if verbose:
        print_lines(console, details(report, notices, console))
    print_sentences(console, files)


def wrote(names: Sequence[str]) -> Iterator[str]:
    """Say what was written, and what to look at."""
    pages = [name for name in names if name.endswith(".html")]
    files = ", ".join(name for name in names if name not in pages)
    page = ", ".join(pages)
    yield (f"Wrote {files}; open {page}" if files and pages else f"Wrote {page or files or 'nothing'}") + "."
    if not can_write_pages() and any(name.endswith(".json") for name in names):
        yield f"A page with pictures comes with: {INSTALL_HINT}"


def _brief(notice: Notice, most_lines: int = MOST_OF_ONE) -> str:
    """Say a warning in its first sentence."""
    said = SENTENCE_END.split(notice.message, maxsplit=1)[0].rstrip(".")
    kind = "Note" if is_note(notice) else "Warning"
    if _n_lines([f"{kind}: {said} ({notice.code})"]) > 1:
        said = said.partition(": ")[0]
    room = most_lines * (LINE - INDENT) - len("Warning:  (W00)")
    return f"{kind}: {shortened(said, room)} ({notice.code})"


def _n_lines(sentences: Iterable[str]) -> int:
    """Count the lines that sentences take."""
    return sum(len(wrapped(one, LINE - INDENT, LINE)) for one in sentences)


def _verdict(report: FitReport) -> Iterator[str]:
    """Say what was filled, and how right that is."""
    cells, rows = report.missing.cells, plural(report.input.rows, "row")
    if not cells:
        yield f"Nothing was missing in {report.column} ({rows}): the output is a copy of the input."
        return
    yield f"{_filled(report, rows)}."
    if report.applied is not None:
        yield from _of_the_model(report.applied, report.missing.filled)
    elif report.model is not None and not any(one.known for one in report.labels):
        yield from (f"Named {one.detail}." for one in report.log if one.action == "labels named")
        yield "No label was known, so nothing can tell how right these names are."
    else:
        yield from _tested(report)
    rejected = report.features.rejected
    if rejected:
        more = f" and {len(rejected) - 1:,} more; -v lists them" if rejected[1:] else ""
        yield f"Not used: {rejected[0].name} ({rejected[0].reason.partition(': ')[0]}){more}."


def _filled(report: FitReport, rows: str) -> str:
    missing, filling = report.missing, filling_of(report)
    n, cells, column = missing.filled, missing.cells, report.column
    did = "Drew labels for" if filling.is_drawn else "Filled"
    if not n:
        said = f"Filled none of the {plural(cells, 'missing cell')} of {column} ({rows})"
    elif n == cells:
        which = "the only" if cells == 1 else f"all {cells:,}"
        said = f"{did} {which} missing cell{'s' * (cells != 1)} of {column} ({rows})"
    else:
        said = f"{did} {n:,} of {cells:,} missing cells of {column} ({rows})"
    if filling.files > 1:
        said += f", {filling.files:,} times"
    said += _using(report)
    left = [f"{n:,} left, {REASONS.get(reason, reason)}" for reason, n in missing.left_empty.items()]
    return "; ".join([said, *left])


def _using(report: FitReport) -> str:
    """Say what cells were filled from."""
    used, of = report.features.columns, report.input.columns - 1
    by = "" if report.applied is None else f" by {report.applied.path}"
    if not used:
        return by
    if len(used) <= MAX_COLUMNS:
        named = f"{', '.join(used[:-1])} and {used[-1]}" if used[1:] else used[0]
        return f"{by}, using {named}"
    return f"{by}, using {len(used):,} of {of:,} columns" if of > len(used) else f"{by}, using {of:,} columns"


def _tested(report: FitReport) -> Iterator[str]:
    """Say how right fills are, from known labels that were hidden."""
    found, filled = report.accuracy, report.missing.filled
    if found is None:
        yield "How many are wrong is not known: too few labels are known to hide some of them."
        return
    wrong, expected = found.expected_wrong, ""
    if filled:
        expected = f"xpect {_about(wrong)}"
        if filled == 1:
            expected = f"xpect it to be wrong with a probability of {whole_percent(min(1.0, wrong.estimate))}"
    if any(one.code == NO_BETTER for one in report.warnings):
        said = "These fills are no better than guessing by how common each label is"
        yield f"{said}{expected and f': e{expected}'} ({NO_BETTER})."
    elif expected:
        yield f"E{expected}."
    right, guessing = whole_percent(found.accuracy), whole_percent(found.baseline_accuracy)
    yield f"Tested on hidden known labels: {right} right; always guessing the most common label: {guessing}."


def _about(wrong: ExpectedWrong) -> str:
    """Say how many fills are wrong, and between which ends."""
    about = rounded(wrong.estimate)
    if about != "0":
        return f"about {about} of them to be wrong" + ("" if wrong.low is None else f" ({span(wrong.low, wrong.high)})")
    most = rounded(wrong.high)
    return "hardly any of them to be wrong" + (f" (at most {most})" if most != "0" else "")


def _of_the_model(applied: AppliedModel, filled: int) -> Iterator[str]:
    """Say how right the fills of a saved model are."""
    if filled == 1:
        chance = percent(applied.expected_wrong)
        yield f"By the model's probabilities the fill is wrong with a probability of {chance}."
    elif filled:
        yield f"Expect about {n_wrong(applied)} of them to be wrong, if the model's probabilities hold here."
    for score, which in ((applied.tested, "labels known here"), (applied.held_out, "hidden labels when fitted")):
        if score is not None:
            right, guessing = whole_percent(score.accuracy), whole_percent(score.baseline_accuracy)
            yield f"Tested on {which}: {right} right; always guessing the most common label: {guessing}."
            return


def _doubts(report: FitReport, notices: Sequence[Notice], room: int) -> Iterator[str]:
    """Say what should be known before relying on the fills, in so many lines, and count the rest."""
    elsewhere = UNTOLD | {LEFT} | ({NO_BETTER} if report.accuracy else set())
    warnings = [one for one in notices if one.code not in elsewhere]
    yield from (f"Note: {one.message}" for one in notices if one.code == LEFT)
    notes = sum(one.code in UNTOLD for one in notices)
    told = [*map(_brief, warnings)]

    def is_too_much() -> bool:
        return _n_lines(told) + (len(told) < len(warnings) or notes > 0) > room

    while told[1:] and is_too_much():
        told.pop()
    if told and is_too_much():
        told = [_brief(warnings[0], 1)]
    yield from told
    counts = (len(warnings) - len(told), "more warning"), (notes, "note")
    more = [plural(n, what) for n, what in counts if n]
    if more:
        yield f"{' and '.join(more)}; -v shows {'it' if more == ['1 note'] else 'them'}."
