"""What the page says of a saved model that filled the column."""

from em_impute.report.document.blocks import Block, Name, Section, folded
from em_impute.report.format import number, percent
from em_impute.report.model.fit import FitReport
from em_impute.report.sentences import about_the_model, by_farness
from em_impute.saved_model.values import PredictorDrift

HEAD = ["predictor", "shifted", "PSI (limit)", "median here (then)", "missing here (then)"]

PSI_MEANING = (
    "PSI, the population stability index, is 0 where a predictor is distributed as it was then. Beyond the limit "
    "it has shifted by more than chance, and enough to matter."
)


def the_saved_model(report: FitReport) -> Section | None:
    """Say where the model came from, and whether the rows are still like those it was fitted to."""
    if report.applied is None:
        return None
    blocks: list[Block] = [*about_the_model(report.applied)]
    rows = [_then_and_now(one) for one in by_farness(report.applied.drift)]
    if rows:
        blocks += [*folded("Predictors, here and at the fit", HEAD, rows), PSI_MEANING]
    return Section("saved-model", "The saved model", blocks)


def _then_and_now(one: PredictorDrift) -> list[Name | str]:
    """Say how a predictor is distributed, here and at the fit; a median beyond all of then is not known."""
    moved, psi, medians, missing = "too few rows", number(None), "", one.missing
    if one.psi is not None:
        moved, psi = "yes" if one.has_moved else "no", f"{one.psi:.2f} ({one.psi_limit:.2f})"
    if one.then is not None:
        here = number(one.now.median if one.now else None)
        if one.now is not None and one.now.median is None:
            here = "beyond"
        medians = f"{here} ({number(one.then.median)})"
    return [Name(one.name), moved, psi, medians, f"{percent(missing.now)} ({percent(missing.then)})"]
