"""The top of the page: what happened in two sentences, and in four figures."""

from collections.abc import Iterable

from em_impute.report.charts.groups import Filling
from em_impute.report.document.blocks import Name, Text, Tile, names, said
from em_impute.report.document.saved_model import about_moved, about_wrong, judged_tiles
from em_impute.report.format import percent, rounded, span
from em_impute.report.model.diagnostics import Accuracy, ExpectedWrong
from em_impute.report.model.fit import FitReport
from em_impute.table.text import plural

ABOUT_PEOPLE = "S01"

TOOL = "em-impute"

REASONS = {
    "without_predictors": "nothing else is known of their rows",
    "out_of_range": "their rows are unlike all known ones",
    "below_min_probability": "less sure than was asked for",
}


def how_filled(report: FitReport) -> Filling:
    """Tell how cells were filled; where none was, the command and its files tell how they would have been."""
    if report.filled is not None:
        return Filling(report.filled.method == "draw", report.filled.imputations)
    files = len(report.output.files) if report.output is not None and report.parts is None else 0
    return Filling(files > 0 or "draw" in report.command.replace("=", " ").split(), files)


def headline(report: FitReport) -> list[Text]:
    """Say in plain sentences what was missing, what was filled, from what, and how much of it is probably wrong."""
    missing, column = report.missing, Name(report.column)
    cells, rows, filled = missing.cells, report.input.rows, missing.filled
    if not cells:
        return [said("No cell of {} was missing: there was nothing to fill, and the file was copied as it is.", column)]
    known = any(one.known for one in report.labels) or report.applied is not None
    state = "empty" if set(missing.tokens) <= {""} else "missing"
    was = "was" if cells == 1 else "were"
    how_many = f"All {cells:,}" if cells == rows > 1 else f"{cells:,} of {rows:,}"
    sentences = [said("{} cells of {} {} {}.", how_many, column, was, state)]
    by, filling = _by(report), how_filled(report)
    labels = [one.label for one in report.labels]
    if not filled:
        sentences.append(said("{} could fill none of them{}.", TOOL, by))
    elif not known:
        sentences.append(
            said(
                "Since no label was known, {} sorted the rows into {} {}{}: {}.",
                TOOL,
                len(labels),
                "group" if len(labels) == 1 else "groups",
                by,
                names(labels, 8),
            )
        )
    elif filled == cells:
        did = "drew its label" if filling.is_drawn else "filled it"
        if cells > 1:
            did = f"{'drew labels for' if filling.is_drawn else 'filled'} all {cells:,}"
        sentences.append(said("{} {}{}{}.", TOOL, did, by, _how_often(filling)))
    else:
        did = "drew labels for" if filling.is_drawn else "filled"
        left = f"{cells - filled:,} as {'it was' if cells - filled == 1 else 'they were'}"
        how = said("{}{}{}", by, _how_often(filling), "," if filling.files else "")
        sentences.append(said("{} {} {} of them{} and left {}.", TOOL, did, f"{filled:,}", how, left))
    if filled and not known and filling.is_drawn:
        sentences.append(said("Labels were drawn by their probabilities{}.", _how_often(filling)))
    return [*sentences, *_wrong(report)]


def tiles(report: FitReport) -> list[Tile]:
    """Give the figures that matter most; none where nothing was missing."""
    missing = report.missing
    if not missing.cells:
        return []
    left, filling = missing.cells - missing.filled, how_filled(report)
    of = f"of {plural(missing.cells, 'missing cell')}"
    if filling.files:
        of += f", in each of {filling.files:,} files"
    why = [f"{n:,} {REASONS.get(reason, reason.replace('_', ' '))}" for reason, n in missing.left_empty.items()]
    title, reasons = "drawn" if filling.is_drawn else "filled", "; ".join(why)
    applied, accuracy = report.applied, report.accuracy
    if applied is not None:  # it has a figure more to show, and four have room beside each other
        note = said("{}; {} left empty{}", of, f"{left:,}" if left else "none", f": {reasons}" if reasons else "")
        return [Tile(f"{missing.filled:,}", title, note), *judged_tiles(applied, missing.filled)]
    found = [
        Tile(f"{missing.filled:,}", title, of),
    ]
    if left:
        found.append(Tile(f"{left:,}", "left empty", reasons))
    if accuracy is not None:
        found += _judged(accuracy, missing.filled)
    elif missing.lowest_probability is not None:
        note = said("the lowest probability of any filled label")
        found.append(Tile(percent(missing.lowest_probability), "least certain cell", note))
    return found


def remarks(report: FitReport) -> list[tuple[str, str]]:
    """List warnings as (code, sentence), the note on people last."""
    listed = [(one.code, one.message) for one in report.warnings]
    return sorted(listed, key=lambda one: one[0] == ABOUT_PEOPLE)


def _by(report: FitReport) -> Text:
    used = [one.name for one in report.features.used]
    model = ", with a saved model" if report.applied is not None else ""
    return said(" by {}{}", names(used), model) if used else said("")


def _how_often(filling: Filling) -> str:
    if filling.files > 1:
        return f", {filling.files:,} times, each time into a file of its own"
    return ""


def _wrong(report: FitReport) -> Iterable[Text]:
    """Say how many fills are probably wrong."""
    accuracy, applied, filled = report.accuracy, report.applied, report.missing.filled
    if filled and applied is not None:
        told = about_wrong(applied, filled), about_moved(applied)
        yield from filter(None, told)
    elif filled and accuracy is not None:
        yield _by_held_out_labels(report, accuracy.expected_wrong)


def _by_held_out_labels(report: FitReport, wrong: ExpectedWrong) -> Text:
    if report.missing.filled == 1:
        return said("It is wrong with a probability of about {}.", percent(min(1.0, wrong.estimate)))
    about = rounded(wrong.estimate)
    counted = f"About {about} of them {'is' if about == '1' else 'are'} probably wrong"
    if about == "0":
        counted = "Probably hardly any of them is wrong"
    if how_filled(report).files > 1:
        counted += " in each file"
    if wrong.low is None:
        return said("{}.", counted)
    between = f"({span(wrong.low, wrong.high)})"
    judged = "" if wrong.agree else ", judged by known labels that were hidden from the model"
    return said("{} {}{}.", counted, between, judged)


def _judged(accuracy: Accuracy, filled: int) -> list[Tile]:
    wrong, found = accuracy.expected_wrong, []
    if filled:
        part = f"{percent(wrong.estimate / filled)} of the filled"
        note = said("{}", part)
        if wrong.low is not None and wrong.level is not None:
            ends = rounded(wrong.low), rounded(wrong.high)
            note = said("{} to {} with {} % probability; {}", *ends, round(100 * wrong.level), part)
        found.append(Tile(rounded(wrong.estimate), "probably wrong", note))
    note = said(
        "of labels that were hidden as they are missing, and filled again; always saying {}: {}",
        Name(accuracy.baseline_label),
        percent(accuracy.baseline_accuracy),
    )
    return [*found, Tile(percent(accuracy.accuracy), "right on hidden labels", note)]
