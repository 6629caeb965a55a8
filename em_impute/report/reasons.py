"""Why labels are missing, in words: what the evidence says of it, and whether the fills follow."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from em_impute.missingness.reasons import AT_RANDOM, BY_CLASS, BY_PREDICTORS, DOUBTFUL, Reasons
from em_impute.pipeline.types import Completion
from em_impute.report.fit_report import Section
from em_impute.report.tables import table
from em_impute.report.words import percent
from em_impute.table.text import shown

__all__ = [
    "LIKELY",
    "reasons_markdown",
    "reasons_section",
    "reasons_table",
    "reasons_warnings",
]

NAMES = {"at_random": AT_RANDOM, "by_predictors": BY_PREDICTORS, "by_class": BY_CLASS}

SURE, LIKELY = 0.9, 0.5
"""Probability of the class from which on it is said to be the reason; from `DOUBTFUL` on, that it may be.  The
predictors do no harm: it is enough that they are likely."""

CERTAIN = 0.999

LARGEST_LOG, MOST = 13.8, 1e6
"""Evidence beyond a million to one is said to be that."""

HEAD = ["label", "known rows", "rows that lost it, if by class"]


def reasons_section(completion: Completion) -> dict[str, Any] | None:
    """Say how probable each reason for missing labels is; None where that was not asked or cannot be told."""
    reasons, design = completion.reasons, completion.design
    if reasons is None or design is None:
        return None
    rates = dict(zip(design.labels, reasons.rate.tolist(), strict=True))
    named = completion.choice is not None and completion.choice.recipe.free_shares
    return {
        "probability": {name: float(reasons.probability[k]) for name, k in NAMES.items()},
        "log_evidence": {name: float(reasons.log_evidence[k]) for name, k in NAMES.items()},
        "loss_rates": rates,
        "fills_allow_for_it": named or completion.tilts is not None,
        "sentence": _sentence(reasons, design.labels, is_named=named),
    }


def reasons_table(section: Section, known: Section) -> tuple[list[str], list[list[str]]]:
    """Give head and rows of the table of how often each label is lost; `known` counts the rows that have it."""
    return HEAD, [[label, f"{known[label]:,}", percent(rate)] for label, rate in section["loss_rates"].items()]


def reasons_markdown(section: Section) -> Iterable[str]:
    """Write why labels are missing, line by line."""
    yield f"{section['sentence']}\n"
    if section["probability"]["by_class"] > DOUBTFUL:
        rows = [[label, percent(rate)] for label, rate in section["loss_rates"].items()]
        yield from table([HEAD[0], HEAD[2]], rows)


def reasons_warnings(completion: Completion) -> list[tuple[str, str]]:
    """Warn where labels look lost by class, or may well be: (code, message)."""
    section = reasons_section(completion)
    if section is None or section["probability"]["by_class"] < DOUBTFUL:
        return []
    if completion.choice is not None and completion.choice.recipe.free_shares:
        return []
    if section["fills_allow_for_it"]:
        remedy = "Fills and totals allow for it; --shares common fills as if labels were missing at random."
    else:
        remedy = "The mixture that was asked for takes labels to be missing at random; --shares free allows for it."
    return [("W05", f"{section['sentence']} {remedy}")]


def _sentence(reasons: Reasons, labels: tuple[str, ...], *, is_named: bool) -> str:
    low, high = (int(which(reasons.rate)) for which in (np.argmin, np.argmax))
    lost = (
        f"labels of {shown(labels[high])} are lost more often than those of {shown(labels[low])} "
        f"({percent(reasons.rate[high])} against {percent(reasons.rate[low])}"
    )
    if is_named:
        return f"As --shares free has it, {lost})."
    if reasons.by_class > SURE:
        sure = f"evidence {_ratio(reasons)} to 1, {percent(min(reasons.by_class, CERTAIN))} probable"
        return f"{lost[0].upper()}{lost[1:]}; {sure})."
    if reasons.by_class > DOUBTFUL:
        return f"It is {percent(reasons.by_class)} probable that {lost})."
    if reasons.probability[BY_PREDICTORS] > LIKELY:
        return (
            "Which labels are missing depends on the predictors; that it depends on the labels themselves is "
            f"{percent(reasons.by_class)} probable."
        )
    return f"Labels look missing at random; that some are lost more often is {percent(reasons.by_class)} probable."


def _ratio(reasons: Reasons) -> str:
    """Give the evidence for the class against the better of the other two reasons (Bayes factor)."""
    others = max(float(reasons.log_evidence[k]) for k in (AT_RANDOM, BY_PREDICTORS))
    log_ratio = float(reasons.log_evidence[BY_CLASS]) - others
    if log_ratio > LARGEST_LOG:
        return f"{MOST:,.0f}"
    return f"{float(f'{np.exp(log_ratio):.2g}'):,.0f}"
