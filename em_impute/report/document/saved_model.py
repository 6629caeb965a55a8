"""What the page says of a saved model that filled the column."""

from em_impute.report.document.blocks import Block, Figures, Name, Section, Text, Tile, names, said
from em_impute.report.document.data import folded
from em_impute.report.format import percent
from em_impute.report.model.fit import FitReport
from em_impute.report.model.saved_model import AppliedModel
from em_impute.report.saved_model import PREDICTOR_HEAD, PSI_MEANING, moved, n_wrong, predictor_rows, sentences
from em_impute.table.text import plural


def the_saved_model(report: FitReport) -> Section | None:
    """Say where the model came from, and whether the rows are still like those it was fitted to."""
    applied = report.applied
    if applied is None:
        return None
    blocks: list[Block] = list(sentences(applied, report.missing.filled))
    reading = (
        "Where the line runs apart from the grey area, the rows here are unlike those that the model was fitted to."
    )
    blocks.append(Figures(["then_and_now"], reading))
    rows = [[Name(first), *rest] for first, *rest in predictor_rows(applied.drift)]
    if rows:
        blocks += folded("Predictors, here and where the model learnt", PREDICTOR_HEAD, rows)
        blocks.append(PSI_MEANING)
    return Section("saved-model", "The saved model", blocks)


def about_wrong(applied: AppliedModel, n_filled: int) -> Text:
    """Say how many fills are wrong by the model's own account, and what known labels say of that."""
    wrong = applied.expected_wrong
    if n_filled == 1:
        text = said("By the model’s own probabilities it is wrong with a probability of {}", percent(wrong))
    else:
        about, share = n_wrong(applied), percent(wrong / n_filled)
        verb = "is" if about == "1" else "are"
        text = said("By the model’s own probabilities about {} of them {} wrong ({})", about, verb, share)
    which = "known here" if applied.tested else "held out when it was fitted"
    score = applied.tested or applied.held_out
    if score is None:
        return said("{}.", text)
    return said("{}; of {} {}, {} were.", text, plural(score.rows, "label"), which, percent(1.0 - score.accuracy))


def about_moved(applied: AppliedModel) -> Text | None:
    """Say which predictors have moved, if any has."""
    found, _ = moved(applied.drift)
    if not found:
        return None
    verb = "is" if len(found) == 1 else "are"
    shown = names([one.name for one in found])
    return said("Here {} {} distributed otherwise than where the model learnt.", shown, verb)


def judged_tiles(applied: AppliedModel, n_filled: int) -> list[Tile]:
    """Give the figures that say how far the fills can be trusted."""
    found = []
    if n_filled == 1:
        found.append(Tile(percent(applied.expected_wrong), "chance that it is wrong", said("says the model")))
    elif n_filled:
        note = said("{} of the filled, if its probabilities are right", percent(applied.expected_wrong / n_filled))
        found.append(Tile(n_wrong(applied), "wrong, says the model", note))
    here, then = applied.tested, applied.held_out
    when_fitted = said("of {} held out when it was fitted", plural(then.rows, "label")) if then else None
    if here is not None:
        note = said("of {}, which the model had not seen", plural(here.rows, "label"))
        if then is not None:
            note = said("{}; {} {}", note, percent(then.accuracy), when_fitted)
        found.append(Tile(percent(here.accuracy), "right on labels known here", note))
    elif then is not None and when_fitted is not None:
        found.append(Tile(percent(then.accuracy), "right on hidden labels", when_fitted))
    gone, n_judged = moved(applied.drift)
    if n_judged:
        which = said(": {}", names([one.name for one in gone])) if gone else ""
        title = "predictor moved" if len(gone) == 1 else "predictors moved"
        found.append(Tile(f"{len(gone):,}", title, said("of {}{}", f"{n_judged:,}", which)))
    return found
