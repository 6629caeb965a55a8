"""How sure the fills are: wrong cells, totals and shares with intervals, as section, Markdown, lines and warnings."""

from collections.abc import Iterable, Sequence
from typing import Any

from em_impute.diagnostics.uncertainty import WRONG_LEVEL, Interval, Uncertainty
from em_impute.em.blocks import slices
from em_impute.model.assign import Fills
from em_impute.report.fit_report import Section
from em_impute.report.tables import table
from em_impute.report.words import number, percent
from em_impute.table.text import listed

__all__ = [
    "plain_wrong",
    "totals_line",
    "totals_markdown",
    "totals_section",
    "uncertainty_warnings",
    "wrong_line",
    "wrong_markdown",
    "wrong_section",
]

MUCH_MISSING = 0.5
"""Fraction of missing information from which on a handful of imputations is not enough."""

COUNTING = "Expected counts add up the probabilities; counting filled labels overstates the likelier one."

MAX_NAMED = 3
"""Labels in a line of the terminal."""


def plain_wrong(fills: Fills) -> float:
    """Add up what the probabilities of the fills leave to be wrong."""
    code, probability = fills.code, fills.probability
    return sum(float((1.0 - probability[some][code[some] >= 0]).sum()) for some in slices(code.size))


def wrong_section(uncertainty: Uncertainty | None, plain: float) -> dict[str, Any]:
    """Say how many fills are wrong; `plain` is what the probabilities of the fills add up to."""
    if uncertainty is None or uncertainty.wrong is None:
        return {"estimate": plain}
    held_out = uncertainty.wrong_held_out
    return {
        **uncertainty.wrong._asdict(),
        "level": WRONG_LEVEL,
        "by_probabilities": plain,
        "by_held_out_labels": None if held_out is None else held_out._asdict(),
        "agree": uncertainty.agree,
        "unlike_labelled_rows": uncertainty.n_beyond,
    }


def totals_section(uncertainty: Uncertainty | None, labels: Sequence[str]) -> dict[str, Any]:
    """Give the keys that draws add to the totals: nothing where nothing was drawn."""
    if uncertainty is None:
        return {}
    shares = zip(uncertainty.shares, uncertainty.missing_information.tolist(), strict=True)
    return {
        "multiple_imputation": _named(labels, uncertainty.totals),
        "shares": {
            label: {**share._asdict(), "missing_information": missing}
            for label, (share, missing) in zip(labels, shares, strict=True)
        },
        "draws": uncertainty.n_draws,
        "recommended_imputations": uncertainty.recommended,
    }


def wrong_line(wrong: Section, n_filled: int) -> str:
    """Say in one line how many fills are likely to be wrong."""
    said = f"about {number(round(wrong['estimate']))} of {n_filled:,}"
    if "low" not in wrong:
        return said
    said += f" (90 %: {_range(wrong)})"
    if not wrong["agree"]:
        return f"{said}, by hidden labels; by the probabilities {number(round(wrong['by_probabilities']))}"
    return f"{said}; by hidden labels alone {_range(wrong['by_held_out_labels'])}"


def totals_line(totals: Section) -> str:
    """Say in one line how many rows of each label the completed column holds."""
    drawn = totals["multiple_imputation"]
    named = [
        f"{label} {number(round(totals['expected'][label]))} expected (95 %: {_range(drawn[label])})" for label in drawn
    ]
    return listed(named, MAX_NAMED)


def wrong_markdown(wrong: Section, n_filled: int) -> Iterable[str]:
    """Write how many fills are wrong, line by line."""
    if "low" not in wrong:
        yield f"Of the filled cells about {number(wrong['estimate'])} are expected to be wrong.\n"
        return
    estimate = number(round(wrong["estimate"]))
    yield f"Of the {n_filled:,} filled cells about {estimate} are expected to be wrong, with 90 % probability"
    yield f"{_range(wrong)}."
    held_out = wrong["by_held_out_labels"]
    if not wrong["agree"]:
        yield "That is what known labels say that were hidden as labels are missing. **By the probabilities it would be"
        yield f"{number(round(wrong['by_probabilities']))}.**\n"
        return
    yield "The interval comes from draws of the whole model, whose parameters are as uncertain as the rows leave them,"
    yield "and which held-out labels have corrected for how sure it is of itself."
    alone = f"{number(round(held_out['estimate']))} ({_range(held_out)})"
    yield f"Known labels alone, hidden as labels are missing, say {alone}.\n"


def totals_markdown(totals: Section) -> Iterable[str]:
    """Write the totals counted in four ways, line by line."""
    drawn = totals.get("multiple_imputation")
    yield "## Totals\n"
    head = ["label", "known only", "known and filled", "expected"]
    if drawn is None:
        rows = [[label, known, *_counted(totals, label)] for label, known in totals["known"].items()]
        yield from table(head, rows)
        yield f"{COUNTING}\n"
        return
    rows = [
        [label, known, *_counted(totals, label), f"{number(drawn[label]['estimate'])} ({_range(drawn[label])})"]
        for label, known in totals["known"].items()
    ]
    yield from table([*head, "multiple imputation (95 %)"], rows)
    yield COUNTING
    yield f"The intervals are for the totals of this file, from {totals['draws']} draws of the model and the labels."
    yield "Shares where the rows come from, if they are a sample, by Rubin's rules:\n"
    rows = [
        [label, percent(one["estimate"]), _percents(one), percent(one["missing_information"])]
        for label, one in totals["shares"].items()
    ]
    yield from table(["label", "share", "95 %", "missing information"], rows)
    yield "One completed file treats guesses as facts: standard errors computed from it are too small. For tests and"
    yield f"intervals draw {totals['recommended_imputations']} imputations (`--imputations`) and pool their analyses.\n"


def uncertainty_warnings(
    uncertainty: Uncertainty, wrong: Section, totals: Section, n_filled: int, *, counts: bool
) -> list[tuple[str, str]]:
    """List what the user should know before relying on probabilities and totals: (code, message).

    `counts`: every missing cell was filled with its most probable label, so that somebody may count them.
    """
    found = []
    held_out, missing = uncertainty.wrong_held_out, float(uncertainty.missing_information.max())
    if not uncertainty.agree and held_out is not None:
        message = (
            f"Probabilities are too {'high' if wrong['by_probabilities'] < held_out.estimate else 'low'}: they expect "
            f"{number(round(wrong['by_probabilities']))} of the {n_filled:,} fills to be wrong, known labels that were "
            f"hidden as labels are missing {_range(held_out._asdict())}. The interval "
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
    beyond = [
        f"{label!r} {counted:,} ({_range(one)})"
        for label, one in totals["multiple_imputation"].items()
        if not one["low"] - 1.0 <= (counted := totals["most_probable"][label]) <= one["high"] + 1.0
    ]
    if beyond and counts:
        message = f"Counting filled labels misstates totals: {listed(beyond)}, 95 % intervals in brackets."
        found.append(("W07", f"{message} Use the expected totals."))
    if missing > MUCH_MISSING:
        message = (
            f"{percent(missing)} of the information on the shares of labels is missing: for standard errors draw at "
            f"least {uncertainty.recommended:,} imputations."
        )
        found.append(("W09", message))
    return found


def _named(labels: Sequence[str], intervals: Sequence[Interval]) -> dict[str, dict[str, float]]:
    return {label: one._asdict() for label, one in zip(labels, intervals, strict=True)}


def _counted(totals: Section, label: str) -> list[str]:
    return [f"{totals['most_probable'][label]}", number(totals["expected"][label])]


def _range(one: Section) -> str:
    return f"{number(round(one['low']))} to {number(round(one['high']))}"


def _percents(one: Section) -> str:
    return f"{percent(one['low'])} to {percent(one['high'])}"
