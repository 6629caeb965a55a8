"""Whether the rows of a new file are still like those that a saved model was fitted to, and what to warn of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.saved_model.distributions import NumberDistribution, TextDistribution
from em_impute.saved_model.values import Drift, LabelDrift, PredictorDrift, ShareThenNow, Span
from em_impute.serialize.annotations import NotSaved, OwnAxes
from em_impute.table.text import listed, plural, shown

Distribution = NumberDistribution | TextDistribution

MISSING_MORE = 0.05
"""Least increase of the share of missing cells that is told."""

FEW_ROWS = 8
"""Fewer rows on either side are not judged."""

CHANCE = 0.001
"""How often chance alone may go beyond a limit."""

DEVIATIONS = 3.0902
"""Standard deviations that a normal number exceeds so often."""

CONVENTION = 0.25
"""An index beyond it is "a major shift" however large the files are (Siddiqi 2006, "Credit Risk Scorecards")."""

N_GROUPS = 10

EXPECTED, LEAST_EXPECTED = 5.0, 1.0
"""Rows to be expected in a group, in the smaller file, for χ² to hold (Cochran 1954): five in most, one at least."""

NEARLY = 0.95
"""A group is full with this part of a tenth, since cells of 1 % seldom add up to exactly 10 %."""


# How far apart two distributions lie, and what is beyond chance


def psi(expected: Floats, observed: Floats, unseen: float = 0.0) -> tuple[float, float] | None:
    """Compare counts in the same cells, (n_cells,), by the population stability index Σ (q − p) ln(q/p).

    Cells are merged with their neighbours into about ten groups of equal weight in training, fewer if there are few
    rows; `unseen`, the weight of observed rows that belong to no cell, is a group of its own.  A group without observed
    rows counts as half a row, for the logarithm's sake.

    Gives the index and its limit, beyond which there is drift.  Where nothing has changed, PSI/(1/n + 1/m) of n and m
    rows is about χ² with a degree of freedom less than there are groups (Yurdakul 2018, "Statistical properties of the
    population stability index").  The limit is the 99.9 % quantile of that, or the conventional 0.25 if this is more.
    None where either side has fewer than FEW_ROWS.
    """
    n, m = float(expected.sum()), float(observed.sum()) + unseen
    if min(n, m) < FEW_ROWS:
        return None
    group = _groups(expected / n, max(NEARLY / N_GROUPS, EXPECTED / min(n, m)), LEAST_EXPECTED / min(n, m))
    then, now = np.bincount(group, expected), np.bincount(group, observed)  # (n_groups,)
    if unseen:
        then, now = np.append(then, 0.0), np.append(now, unseen)
    p, q = np.maximum(then, 0.5) / n, np.maximum(now, 0.5) / m
    by_chance = 0.0
    if p.size > 1:  # χ² by Wilson & Hilferty (1931), 3 % too much at most; scipy's would take long to import
        variance = 2.0 / (9.0 * (p.size - 1))
        by_chance = (p.size - 1) * (1.0 - variance + DEVIATIONS * variance**0.5) ** 3 * (1.0 / n + 1.0 / m)
    return float(((q - p) * np.log(q / p)).sum()), max(CONVENTION, by_chance)


def is_more_often(then: float, n_then: float, now: float, n_now: float, least: float) -> bool:
    """Tell whether something is found in a larger share of rows now: by `least` more, and that not by chance.

    `then` of `n_then` rows and `now` of `n_now` rows have it.  Given how many have it in all, those of now are binomial
    if nothing has changed (Przyborowski & Wilenski 1940); of what is common, that makes chance look a little larger.
    """
    if min(n_then, n_now) < FEW_ROWS or now / n_now - then / n_then < least:
        return False
    from scipy.special import betainc  # late: hardly a table asks for it

    return float(betainc(now, then + 1.0, n_now / (n_then + n_now))) < CHANCE


def _groups(share: Floats, full: float, least: float) -> Integers:
    """Merge neighbouring cells into groups of `full`, of rare ones at least `least`: (n_cells,) group of each."""
    group, number, held = np.zeros(share.size, np.intp), 0, 0.0
    for cell, one in enumerate(share.tolist()):
        if held >= full or (one >= full and held >= least):
            number, held = number + 1, 0.0
        group[cell] = number
        held += one
    if held < least and number:
        group[group == number] = number - 1
    return group


# What has changed


@dataclass(frozen=True)
class DataProfile:
    """What is kept of the rows of a table."""

    numbers: Annotated[Mapping[str, NumberDistribution], "The distribution of each measurement."]
    texts: Annotated[Mapping[str, TextDistribution], "The distribution of each category."]
    labels: Annotated[TextDistribution, OwnAxes, "That of the known labels; the others are missing."]
    units: Annotated[Mapping[str, str], NotSaved] = field(default_factory=dict)
    """Of new rows, the measurements that are in another unit than in training, and how the numbers are explained."""


def compare(training: DataProfile, new: DataProfile) -> Drift:
    """Compare the rows of a new file, counted in the cells of the training rows, with these.

    A predictor that the new file lacks is left out.
    """
    predictors = []
    for name, now in new.numbers.items():
        then, unit = training.numbers[name], new.units.get(name, "")
        one = _compared(name, then, now, psi(then.counts, now.counts))
        spans = [Span(counted.median, counted.lowest, counted.highest) for counted in (then, now)]
        one = replace(one, type="numeric", then=spans[0], now=spans[1] if now.total else None, other_unit=unit)
        predictors.append(replace(one, has_moved=one.has_moved or bool(unit)))
    for name, held in new.texts.items():
        one = _compared(name, training.texts[name], held, _psi_of_texts(training.texts[name], held))
        predictors.append(replace(one, unseen=(held.unseen_rows, held.unseen / held.total) if held.unseen else None))
    known, labels = training.labels, new.labels
    found = _psi_of_texts(known, labels)
    if found is None:
        return Drift(predictors, None)
    shares = map(ShareThenNow, (known.counts / known.total).tolist(), (labels.counts / labels.total).tolist())
    return Drift(predictors, LabelDrift(*found, dict(zip(known.texts, shares, strict=True))))


def _compared(name: str, then: Distribution, now: Distribution, found: tuple[float, float] | None) -> PredictorDrift:
    """Say what a predictor of either kind has: `found` is its population stability index and the limit of that."""
    value, limit = found or (None, None)
    n_then, n_now = then.total + then.missing, now.total + now.missing
    is_more = is_more_often(then.missing, n_then, now.missing, n_now, MISSING_MORE)
    missing = ShareThenNow(then.missing / n_then if n_then else None, now.missing / n_now if n_now else None, is_more)
    has_moved = found is not None and found[0] > found[1]
    return PredictorDrift(
        name=name, type="categorical", has_moved=has_moved, psi=value, psi_limit=limit, missing=missing
    )


def _psi_of_texts(then: TextDistribution, now: TextDistribution) -> tuple[float, float] | None:
    """Compare texts from the most common one on, so that rare ones share a group."""
    order = (-then.counts).argsort(kind="stable")
    return psi(then.counts[order], now.counts[order], now.unseen)


# In words


def drift_warnings(drift: Drift) -> Iterator[tuple[str, str]]:
    """Say what has changed since training: (code, message).  No text of a predictor is quoted."""
    predictors, labels = drift
    unseen = [(one.name, *one.unseen) for one in predictors if one.unseen]
    new = [f"{shown(name)} in {plural(rows, 'row')} ({_percent(share)})" for name, rows, share in unseen]
    if new:
        yield "W25", f"Texts that the model has never seen count as missing: {listed(new, separator='; ')}."
    moved = [
        f"{shown(one.name)} {_index(one.psi, one.psi_limit)}"
        + (f", {_where(one.now)} now, {_where(one.then)} then" if one.now and one.then else "")
        for one in predictors
        if one.psi is not None and one.psi_limit is not None and one.has_moved
    ]
    if moved:
        hint = "The fills may be less accurate than the fit report says."
        yield "W26", f"Distributions have shifted since training: {listed(moved, separator='; ')}. {hint}"
    missing = [f"{shown(one.name)} {_then_now(one.missing)}" for one in predictors if one.missing.is_more]
    if missing:
        yield "W26", f"Missing more often than in training: {listed(missing, separator='; ')}."
    if labels is not None and labels.psi > labels.psi_limit:
        shares = sorted(labels.shares.items(), key=lambda one: -abs((one[1].now or 0.0) - (one[1].then or 0.0)))
        named = listed([f"{shown(label)} {_then_now(share)}" for label, share in shares], separator="; ")
        told = f"{named}; {_index(labels.psi, labels.psi_limit)}"
        yield "W29", f"The label shares have shifted since training: {told}. The model fills by the training shares."


def _where(span: Span) -> str:
    if span.median is None:
        return f"from {_number(span.lowest)} to {_number(span.highest)}"
    return f"median {_number(span.median)}"


def _then_now(share: ShareThenNow) -> str:
    return f"{_percent(share.now or 0.0)} now, {_percent(share.then or 0.0)} then"


def _index(psi: float, limit: float) -> str:
    return f"population stability index {_number(psi)} (limit {_number(limit)})"


def _number(value: float) -> str:
    return f"{value:,.4g}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"
