"""The document that a report makes: its sections and their order, and what stands at its top."""

from collections.abc import Iterator

from em_impute.report.document import cells, model, usage
from em_impute.report.document.blocks import Document, Name, Section, Text, Tile, names, said
from em_impute.report.format import percent, rounded, span, whole_percent
from em_impute.report.model.findings import ExpectedWrong
from em_impute.report.model.fit import FitReport
from em_impute.report.sentences import REASONS, is_drawn
from em_impute.table.text import plural

SECTIONS = (
    ("accuracy", "How well known labels are recovered", cells.how_well_recovered),
    ("filled", "What was filled", cells.what_was_filled),
    ("totals", "Totals", cells.the_totals),
    ("use", "How to use this file", usage.how_to_use),
    ("missing", "What was missing", cells.what_was_missing),
    ("who", "Who is missing", cells.who_is_missing),
    ("saved-model", "The saved model", model.the_saved_model),
    ("model", "The model", model.the_model),
    ("delta", "If missingness depends on the label", cells.what_if_not),
    ("suspects", "Known labels that look wrong", cells.suspects),
    ("methods", "Paragraph for a methods section", usage.methods_paragraph),
    ("again", "How to reproduce this", usage.reproduction),
    ("log", "Decisions", usage.decisions),
)
"""What a reader asks first stands first: id, title, and what yields the blocks.  Without any there is no section."""


def document_of(report: FitReport) -> Document:
    """Say all that there is to say about one column."""
    title = said("{} in {}", Name(report.column), Name(file_name(report)))
    sections = [Section(name, heading, blocks) for name, heading, make in SECTIONS if (blocks := [*make(report)])]
    return Document(title, headline(report), _tiles(report), report.warnings, sections)


def file_name(report: FitReport) -> str:
    """Give the name of the file without its folders."""
    path: str = report.input.path
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


NO_BETTER = "W08"
"""Code of the warning that the headline says already."""

IF_MODEL_HOLDS = ", if the model's probabilities hold here"
DOES_NOT_HOLD = ", which does not hold here"
ERR_MORE = "; drawn labels err more often than the most probable ones"
MISJUDGED = "W06"
"""Code of the warning that a saved model is wrong more often here than it expects."""

MAX_COLUMNS = 3
"""Columns that are named; of more they are counted."""


def headline(report: FitReport) -> list[Text]:
    """Say what was filled, from what, and how right that is: on the page, and first on the terminal."""
    rows = plural(report.input.rows, "row")
    if not report.missing.cells:
        return [said("Nothing was missing in {} ({}): the output is a copy of the input.", Name(report.column), rows)]
    return [_filled(report, rows), *_how_right(report)]


def _filled(report: FitReport, rows: str) -> Text:
    missing, filled, column = report.missing, report.filled, Name(report.column)
    n, cells = missing.filled, missing.cells
    did = "Drew labels for" if is_drawn(report) else "Filled"
    if not n:
        what = said("Filled none of the {} of {}", plural(cells, "missing cell"), column)
    elif n == cells:
        which = "the only" if cells == 1 else f"all {cells:,}"
        what = said("{} {} missing cell{} of {}", did, which, "s" * (cells != 1), column)
    else:
        what = said("{} {} of {} missing cells of {}", did, n, cells, column)
    times = f", {filled.imputations:,} times" if filled and filled.imputations > 1 else ""
    left = "".join(f"; {n:,} left, {REASONS.get(reason, reason)}" for reason, n in missing.left_empty.items())
    return said("{} ({}){}{}{}.", what, rows, times, _using(report), left)


def _using(report: FitReport) -> Text:
    """Say what cells were filled from."""
    used, of = report.features.columns, report.input.columns - 1
    by = said("") if report.applied is None else said(" by {}", Name(report.applied.path))
    if not used:
        return by
    if len(used) <= MAX_COLUMNS:
        return said("{}, using {}", by, names(used, MAX_COLUMNS))
    return said("{}, using {} columns", by, f"{len(used):,} of {of:,}" if of > len(used) else of)


def _how_right(report: FitReport) -> Iterator[Text]:
    """Say how many fills are wrong, and how many labels were right that the model had not seen."""
    wrong, filled = report.expected_wrong, report.missing.filled
    if report.model is not None and not any(one.known for one in report.labels):
        yield from (said("Named {}.", one.detail) for one in report.log if one.action == "labels named")
        yield said("No label was known, so nothing can tell how right these names are.")
    elif wrong is None:
        yield said("How many are wrong is not known: too few labels are known to hide some of them.")
    elif any(one.code == NO_BETTER for one in report.warnings):
        worth = "These fills are no better than guessing by how common each label is"
        yield said("{}{} ({}).", worth, f": expect {_expected(wrong, filled)}" if filled else "", NO_BETTER)
    elif filled:
        proviso = _proviso(report)
        verb = "The model expects" if proviso == DOES_NOT_HOLD else "Expect"
        yield said("{} {}{}{}.", verb, _expected(wrong, filled), proviso, ERR_MORE if is_drawn(report) else "")
    for which, score in report.scores[:1]:
        right, guessing = whole_percent(score.accuracy), whole_percent(score.baseline_accuracy)
        yield said("Tested on {}: {} right; always guessing the most common label: {}.", which, right, guessing)
        if round(score.accuracy - score.baseline_accuracy, 9) <= 0.0 and score.log_loss < score.baseline_log_loss:
            yield said("So the filled labels are no better than guessing; only their probabilities tell more.")


def _proviso(report: FitReport) -> str:
    """Say on what the number of wrong fills rests, where a saved model filled."""
    if report.applied is None:
        return ""
    return DOES_NOT_HOLD if any(one.code == MISJUDGED for one in report.warnings) else IF_MODEL_HOLDS


def _expected(wrong: ExpectedWrong, filled: int) -> str:
    """Say how many fills are wrong, and between which ends."""
    about, most = rounded(wrong.estimate), rounded(wrong.high)
    if filled == 1:
        return f"it to be wrong with a probability of {whole_percent(min(1.0, wrong.estimate))}"
    if about == "0":
        return "hardly any of them to be wrong" + (f" (at most {most})" if most != "0" else "")
    return f"about {about} of them to be wrong" + ("" if wrong.low is None else f" ({span(wrong.low, wrong.high)})")


def _tiles(report: FitReport) -> list[Tile]:
    """Give the figures that matter most; none where nothing was missing."""
    missing, filled, wrong = report.missing, report.missing.filled, report.expected_wrong
    if not missing.cells:
        return []
    files = report.filled.imputations if report.filled else 0
    each = f", in each of {files:,} files" if files else ""
    found = [Tile(filled, "filled", f"of {plural(missing.cells, 'missing cell')}{each}")]
    if filled < missing.cells:
        reasons = "; ".join(f"{n:,} {REASONS.get(reason, reason)}" for reason, n in missing.left_empty.items())
        found.append(Tile(missing.cells - filled, "left empty", reasons))
    if wrong is not None and filled:
        note = f"{span(wrong.low, wrong.high)} with {100 * wrong.level:.0f} % probability; " if wrong.level else ""
        note += f"{percent(wrong.estimate / filled)} of the filled{_proviso(report)}"
        found.append(Tile(rounded(wrong.estimate), "probably wrong", note))
    for which, score in report.scores:
        guess = f"always guessing the most common label: {percent(score.baseline_accuracy)}"
        found.append(Tile(percent(score.accuracy), f"right on {which}", f"of {score.rows:,}; {guess}"))
    return found
