"""The top of the page: what happened in a few sentences, and in four figures."""

from collections.abc import Iterable

from em_impute.report.charts.groups import Filling, filling_of
from em_impute.report.document.blocks import Name, Text, Tile, names, said
from em_impute.report.format import percent, rounded, span
from em_impute.report.model.findings import Accuracy, AppliedModel, ExpectedWrong
from em_impute.report.model.fit import FitReport
from em_impute.report.sentences import REASONS, by_farness, n_wrong, wrong_by_the_model
from em_impute.table.text import plural

TOOL = "em-impute"


def headline(report: FitReport) -> list[Text]:
    """Say in plain sentences what was missing, what was filled, from what, and how much of it is probably wrong."""
    missing, column = report.missing, Name(report.column)
    cells, rows = missing.cells, report.input.rows
    if not cells:
        return [said("No cell of {} was missing: there was nothing to fill, and the file was copied as it is.", column)]
    state = "empty" if set(missing.tokens) <= {""} else "missing"
    how_many = f"All {cells:,}" if cells == rows > 1 else f"{cells:,} of {rows:,}"
    was_missing = said("{} cells of {} {} {}.", how_many, column, "was" if cells == 1 else "were", state)
    return [was_missing, *_filled(report), *_wrong(report)]


def _filled(report: FitReport) -> Iterable[Text]:
    """Say what became of the missing cells."""
    cells, filled, filling = report.missing.cells, report.missing.filled, filling_of(report)
    used = report.features.columns
    by = said(" using {}{}", names(used), ", with a saved model" if report.applied else "") if used else said("")
    labels, often = [one.label for one in report.labels], _how_often(filling)
    if not filled:
        yield said("{} could fill none of them{}.", TOOL, by)
    elif not any(one.known for one in report.labels) and report.applied is None:
        groups = plural(len(labels), "group")
        yield said("Since no label was known, {} sorted the rows into {}{}: {}.", TOOL, groups, by, names(labels, 8))
        if filling.is_drawn:
            yield said("Labels were drawn by their probabilities{}.", often)
    elif filled == cells:
        did = "drew its label" if filling.is_drawn else "filled it"
        if cells > 1:
            did = f"{'drew labels for' if filling.is_drawn else 'filled'} all {cells:,}"
        yield said("{} {}{}{}.", TOOL, did, by, often)
    else:
        did = "drew labels for" if filling.is_drawn else "filled"
        left = f"{cells - filled:,} as {'it was' if cells - filled == 1 else 'they were'}"
        comma = "," if filling.files else ""
        yield said("{} {} {} of them{}{}{} and left {}.", TOOL, did, filled, by, often, comma, left)


def _how_often(filling: Filling) -> str:
    return f", {filling.files:,} times, each time into a file of its own" if filling.files > 1 else ""


def _wrong(report: FitReport) -> Iterable[Text]:
    """Say how many fills are probably wrong."""
    accuracy, filled = report.accuracy, report.missing.filled
    if filled and report.applied is not None:
        yield said("Expected to be wrong: {}.", wrong_by_the_model(report.applied, filled))
    elif filled == 1 and accuracy is not None:
        estimate = percent(min(1.0, accuracy.expected_wrong.estimate))
        yield said("The probability that it is wrong is about {}.", estimate)
    elif filled and accuracy is not None:
        yield _by_held_out_labels(accuracy.expected_wrong, filling_of(report))


def _by_held_out_labels(wrong: ExpectedWrong, filling: Filling) -> Text:
    about = rounded(wrong.estimate)
    counted = f"About {about} of them {'is' if about == '1' else 'are'} probably wrong"
    if about == "0":
        counted = "Probably hardly any of them are wrong"
    if filling.files > 1:
        counted += " in each file"
    if wrong.low is None:
        return said("{}.", counted)
    judged = "" if wrong.agree else ", judged by known labels that were hidden from the model"
    return said("{} {}{}.", counted, f"({span(wrong.low, wrong.high)})", judged)


def tiles(report: FitReport) -> list[Tile]:
    """Give the figures that matter most; none where nothing was missing."""
    missing, filling = report.missing, filling_of(report)
    if not missing.cells:
        return []
    left, of = missing.cells - missing.filled, f"of {plural(missing.cells, 'missing cell')}"
    if filling.files:
        of += f", in each of {filling.files:,} files"
    reasons = "; ".join(f"{n:,} {REASONS.get(reason, reason)}" for reason, n in missing.left_empty.items())
    title = "drawn" if filling.is_drawn else "filled"
    if report.applied is not None:  # it has a figure more to show, and four have room beside each other
        note = said("{}; {} left empty{}", of, left or "none", f": {reasons}" if reasons else "")
        return [Tile(missing.filled, title, note), *_judged_by_the_model(report.applied, missing.filled)]
    found = [Tile(missing.filled, title, of)]
    if left:
        found.append(Tile(left, "left empty", reasons))
    if report.accuracy is not None:
        found += _judged(report.accuracy, missing.filled)
    elif missing.lowest_probability is not None:
        note = said("the lowest probability of any filled label")
        found.append(Tile(percent(missing.lowest_probability), "least certain cell", note))
    return found


def _judged(accuracy: Accuracy, filled: int) -> Iterable[Tile]:
    wrong = accuracy.expected_wrong
    if filled:
        note = said("{} of the filled", percent(wrong.estimate / filled))
        if wrong.level is not None:
            ends = span(wrong.low, wrong.high)
            note = said("{} with {} % probability; {}", ends, round(100 * wrong.level), note)
        yield Tile(rounded(wrong.estimate), "probably wrong", note)
    note = said(
        "of known labels that were hidden and filled again; always guessing {}: {}",
        Name(accuracy.baseline_label),
        percent(accuracy.baseline_accuracy),
    )
    yield Tile(percent(accuracy.accuracy), "right on hidden labels", note)


def _judged_by_the_model(applied: AppliedModel, n_filled: int) -> Iterable[Tile]:
    """Give the figures that say how far the fills of a saved model can be trusted."""
    if n_filled == 1:
        yield Tile(percent(applied.expected_wrong), "chance that it is wrong", said("by its own probabilities"))
    elif n_filled:
        note = said("{} of the filled, if its probabilities are right", percent(applied.expected_wrong / n_filled))
        yield Tile(n_wrong(applied), "wrong, by the model", note)
    here, then = applied.tested, applied.held_out
    when_fitted = said("of {} hidden when it was fitted", plural(then.rows, "label")) if then else None
    if here is not None:
        note = said("of {}, which the model had not seen", plural(here.rows, "label"))
        if then is not None:
            note = said("{}; {} {}", note, percent(then.accuracy), when_fitted)
        yield Tile(percent(here.accuracy), "right on labels known here", note)
    elif then is not None:
        yield Tile(percent(then.accuracy), "right on hidden labels", when_fitted)
    judged = [one for one in by_farness(applied.drift) if one.psi is not None]
    if judged:
        gone = [one.name for one in judged if one.has_moved]
        which = said(": {}", names(gone)) if gone else ""
        yield Tile(
            len(gone),
            "predictor shifted" if len(gone) == 1 else "predictors shifted",
            said("of {}{}", len(judged), which),
        )
