"""What the user should know before relying on the result, in words: each warning is (code, message)."""

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.predictors import COLLINEAR, NOT_ALL_NUMBERS
from em_impute.diagnostics.uncertainty import Uncertainty
from em_impute.em.initialize import Mixture
from em_impute.missingness.how_missing import HeldOut
from em_impute.missingness.reasons import DOUBTFUL
from em_impute.pipeline.types import ColumnResult
from em_impute.report.build.missingness import reasons_of
from em_impute.report.build.sensitive_columns import advice
from em_impute.report.build.sentinels import find_sentinels
from em_impute.report.format import and_more, number, percent, span
from em_impute.report.model.diagnostics import ExpectedWrong, MarkedRows, Totals
from em_impute.report.model.saved_model import AppliedModel
from em_impute.report.sentences import first_lines, out_of_range, without_predictors
from em_impute.saved_model.psi import is_more_often
from em_impute.table.text import listed, plural, shown

ABOUT_PEOPLE = "S01"
"""Code of the note on columns about people, which stays the last."""

FEW_ROWS_PER_FEATURE = 2

MUCH_MISSING = 0.5
"""Fraction of missing information from which on a handful of imputations is not enough."""

SURELY = 3.0
"""Standard deviations, √n of n rows expected, beyond which it was not chance that so many rows are out of range."""

FAR = 1.0
"""Standard deviations beyond the known range from which on a single row deserves a warning."""

MAX_NAMED = 3
"""Rows named in a warning."""

MORE_WRONG = 0.05
"""Least increase of the share of wrong labels, known ones over those to be expected, that is told."""


def warnings(
    completion: ColumnResult, totals: Totals, wrong: ExpectedWrong, marked: MarkedRows | None
) -> list[tuple[str, str]]:
    """List all that is to be said of a column that was fitted, the note on people last."""
    found = list(completion.labels.warnings)
    design, choice, mixture = completion.design, completion.choice, completion.mixture
    if design is not None and choice is not None and mixture is not None:
        found += _warnings_of_labels(completion, design)
        found += _warnings_of_skill(completion.promise)
        found += _warnings_of_reasons(completion)
        found += _warnings_of_fit(mixture)
        found += _warnings_of_predictors(design)
    diagnostics, fills = completion.diagnostics, completion.fills
    if diagnostics is not None:
        counts = fills.n_filled == fills.row.size and not fills.is_drawn
        found += uncertainty_warnings(diagnostics.uncertainty, wrong, totals, fills.n_filled, counts=counts)
    if marked is not None:
        found += marked_warnings(marked)
    note = advice(completion.target)
    return found if note is None else [*found, note]


def uncertainty_warnings(
    uncertainty: Uncertainty, wrong: ExpectedWrong, totals: Totals, n_filled: int, *, counts: bool
) -> list[tuple[str, str]]:
    """Warn of what concerns probabilities and totals.

    `counts`: every missing cell was filled with its most probable label, so that somebody may count them.
    """
    found = []
    held_out, missing = wrong.by_held_out_labels, float(uncertainty.missing_information.max())
    if wrong.agree is False and held_out is not None:
        by_model = wrong.by_probabilities or 0.0
        message = (
            f"Probabilities are too {'high' if by_model < held_out.estimate else 'low'}: they expect "
            f"{number(round(by_model))} of the {n_filled:,} fills to be wrong, known labels that were "
            f"hidden as labels are missing {span(held_out.low, held_out.high)}. The interval "
            f"{'covers both' if uncertainty.n_beyond else 'goes by the latter'}; use probabilities to order cells, and "
            "leave the least sure ones empty with --min-probability."
        )
        found.append(("W06", message))
    if uncertainty.n_beyond:
        message = (
            f"{uncertainty.n_beyond:,} of the missing cells are in rows like no row with a label, so that no hidden "
            "label tells how many of them are wrong: the interval is widened to what the model itself says. Label some "
            "of these rows, or leave them empty with --min-probability."
        )
        found.append(("W32", message))
    if counts:
        found += _warnings_of_counting(totals)
    if missing > MUCH_MISSING:
        message = (
            f"{percent(missing)} of the information on the shares of labels is missing: for standard errors draw at "
            f"least {uncertainty.recommended:,} imputations."
        )
        found.append(("W09", message))
    return found


def marked_warnings(marked: MarkedRows) -> list[tuple[str, str]]:
    """Warn of weakly founded rows.

    A few rows just beyond the known range are to be expected; W11 is for more of them than chance gives, or for one
    that is far out.
    """
    found = []
    outside, n_without_predictors = marked.out_of_range, marked.without_predictors.rows
    expected = outside.expected_by_chance
    if outside.rows > expected + SURELY * expected**0.5 or (outside.furthest_sd or 0.0) > FAR:
        found.append(("W11", f"{out_of_range(outside)}: {and_more(first_lines(outside, MAX_NAMED), outside.rows)}."))
    if n_without_predictors:
        found.append(("W16", without_predictors(n_without_predictors)))
    return found


def misjudgement(applied: AppliedModel, n_filled: int) -> list[tuple[str, str]]:
    """Warn where labels that are known here are wrong more often than the model expects of all missing cells."""
    score, expected = applied.tested, applied.expected_wrong
    if score is None or not n_filled:
        return []
    wrong = 1.0 - score.accuracy
    if not is_more_often(expected, n_filled, wrong * score.rows, score.rows, MORE_WRONG):
        return []
    message = (
        f"The model misjudges how sure it is here: it expects {percent(expected / n_filled)} of the {n_filled:,} fills "
        f"to be wrong, but of {score.rows:,} known labels {percent(wrong)} were. Fit anew."
    )
    return [("W06", message)]


def _warnings_of_counting(totals: Totals) -> list[tuple[str, str]]:
    """Warn where the number of filled labels lies outside of the interval, by more than a row."""
    beyond = [
        f"{label!r} {totals.most_probable[label]:,} ({span(one.low, one.high)})"
        for label, one in (totals.multiple_imputation or {}).items()
        if not one.low - 1.0 <= totals.most_probable[label] <= one.high + 1.0
    ]
    if not beyond:
        return []
    message = f"Counting filled labels misstates totals: {listed(beyond)}, 95 % intervals in brackets."
    return [("W07", f"{message} Use the expected totals.")]


def _warnings_of_reasons(completion: ColumnResult) -> list[tuple[str, str]]:
    """Warn where labels look lost by class, or may well be."""
    reasons = reasons_of(completion)
    if reasons is None or reasons.probability.by_class < DOUBTFUL:
        return []
    if completion.choice is not None and completion.choice.recipe.free_shares:
        return []
    if reasons.fills_allow_for_it:
        remedy = "Fills and totals allow for it; --shares common fills as if labels were missing at random."
    else:
        remedy = "The mixture that was asked for takes labels to be missing at random; --shares free allows for it."
    return [("W05", f"{reasons.sentence} {remedy}")]


def _warnings_of_fit(mixture: Mixture) -> list[tuple[str, str]]:
    found = []
    if mixture.fit.stop == "max_iter":
        gain = f"about {mixture.fit.remaining:.3g}" if np.isfinite(mixture.fit.remaining) else "an unknown amount"
        found.append(("W15", f"EM stopped at --max-iter with {gain} of log-likelihood still to gain."))
    if mixture.fit.stop == "rounding":
        found.append(
            ("W19", "EM stopped where rounding hid further gains: some predictors are nearly copies of others.")
        )
    if mixture.n_optima > 1:
        found.append(("W12", f"The best starts of EM ended in {mixture.n_optima} different optima; the best was kept."))
    if not mixture.separable:
        found.append(("W21", "Some groups coincide: the predictors do not tell so many apart."))
    return found


def _warnings_of_predictors(design: Design) -> list[tuple[str, str]]:
    found = []
    spoilt = [f"{one.name!r} ({one.reason})" for one in design.rejected if one.reason.startswith(NOT_ALL_NUMBERS)]
    if spoilt:
        found.append(("W18", f"Not used although mostly numbers: {listed(spoilt)}. Correct or empty these cells."))
    copies = [repr(one.name) for one in design.rejected if one.reason == COLLINEAR]
    if copies:
        found.append(("W17", f"Not used, since they are sums or copies of other predictors: {listed(copies)}."))
    far = [f"{shown(one.name)} holds {one.number} in {plural(one.n_rows, 'row')}" for one in find_sentinels(design)]
    if far:
        found.append(("W22", f"Far from all other numbers, as missing marks are: {listed(far)}."))
    return found


def _warnings_of_labels(completion: ColumnResult, design: Design) -> list[tuple[str, str]]:
    needed = FEW_ROWS_PER_FEATURE * len(design.features)
    known = zip(completion.labels.labels, completion.labels.known, strict=True)
    few = [(label, count) for label, count in known if 0 < count < needed and label in design.labels]
    if not few:
        return []
    named = listed([f"{shown(label)} ({count})" for label, count in few])
    return [("W01", f"Few known rows (fewer than {needed}) for {named}: their shape is largely borrowed.")]


def _warnings_of_skill(held_out: HeldOut | None) -> list[tuple[str, str]]:
    if held_out is None or held_out.log_loss < held_out.baseline_log_loss:
        return []
    scores = f"log-loss {held_out.log_loss:.3f} against {held_out.baseline_log_loss:.3f}"
    return [
        (
            "W08",
            f"On hidden labels the labels' shares alone predict better ({scores}). Name better predictors with -x.",
        )
    ]
