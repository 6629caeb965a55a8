"""The M step of many mixtures at once, with covariances drawn towards each other and means towards zero."""

from functools import partial
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.ensemble.sufficient_statistics import SufficientStatistics
from em_impute.ensemble.terms import has_products, variances_in
from em_impute.serialize.annotations import Axes, InfiniteAsNull, Range

FLOOR_ROWS = 3.0
"""Pseudo-rows of the overall variance in the diagonal that covariances are drawn to: no column can collapse."""

SMALLEST_EXCESS = 0.02
"""Least excess of the variance ratio over 1: means are drawn in by at most fifty times the rows of a label."""


CERTAIN = 1e9
"""Rows behind a mixture that is given: Student's t is then a Gaussian."""


class Shrinkage(NamedTuple):
    """How far the covariances of one mixture are drawn in, in pseudo-rows a column."""

    pooled: Annotated[float, Range(0), InfiniteAsNull(np.inf), "Weight of the pooled covariance; null leaves it alone."]
    diagonal: Annotated[float, Range(0), "Weight of the diagonal in the pooled covariance."]
    independent: Annotated[bool, "Columns are independent within a component: naive Bayes."] = False

    @property
    def family(self) -> str:
        """What the engine calls such covariances."""
        if np.isinf(self.pooled):
            return "tied-diag" if self.independent else "tied"
        return "diag" if self.independent else "full"


class Strengths(NamedTuple):
    """The same for many mixtures, one after the other."""

    pooled: Floats  # (n_mixtures,)
    diagonal: Floats  # (n_mixtures,)
    independent: Flags  # (n_mixtures,)
    mean: Floats  # (n_mixtures, n_gaussian), pseudo-rows at the overall mean, which is 0
    floor: Floats  # (n_mixtures, n_gaussian), least variances in common

    def take(self, mixtures: Integers | slice) -> "Strengths":
        """Keep some mixtures."""
        return Strengths._make(part[mixtures] for part in self)


class Batch(NamedTuple):
    """Many mixtures, whose components have the same labels."""

    weight: Annotated[Floats, Axes("n_members", "n_components"), "Rows behind each component."]
    mean: Annotated[Floats, Axes("n_members", "n_components", "n_columns"), "Means."]
    covariance: Annotated[
        Floats,
        Axes("n_members", "n_components", "n_columns", "n_columns", lower_triangle=True),
        "Covariances; of independent columns, more than 256, variances alone.",
    ]
    freedom: Annotated[Floats, Axes("n_members", "n_components"), "Rows and pseudo-rows behind each covariance."]
    log_share: Annotated[Floats, Axes("n_members", "n_components"), "Natural logarithms of the shares."]
    log_chance: Annotated[
        Floats, Axes("n_members", "n_components", "n_texts"), "Natural logarithms of each text's probability."
    ]

    def take(self, mixtures: Integers | slice) -> "Batch":
        """Keep some mixtures."""
        return Batch(*(part[mixtures] for part in self))


def strengths_of(shrinkages: list[Shrinkage], mean: Floats, floor: Floats | None = None) -> Strengths:
    """Put the settings of many mixtures side by side; `mean` and `floor` are (n_mixtures, n_gaussian)."""
    pooled, diagonal, independent = (np.array(values) for values in zip(*shrinkages, strict=True))
    floor = np.zeros_like(mean) if floor is None else floor
    return Strengths(pooled.astype(float), diagonal.astype(float), independent.astype(bool), mean, floor)


def unknown_variances(x: Floats, seen: Flags) -> Floats:
    """Give the variance, 1 as of all rows, of columns in which the labelled rows that a fit sees do not differ, else 0.

    These rows do not tell it: of a text that none of them holds it would be 0, and a row that holds it beyond all
    bounds, whatever else it shows.  `seen` is (n_fits, n_rows), the result (n_fits, n_columns).
    """
    low, high = np.where(np.isnan(x), np.inf, x), np.where(np.isnan(x), -np.inf, x)
    constant = [
        high.max(axis=0, where=rows, initial=-np.inf) <= low.min(axis=0, where=rows, initial=np.inf)
        for rows in seen[:, :, None]
    ]
    return np.array(constant, np.float64)


def m_step(sums: SufficientStatistics, strengths: Strengths) -> tuple[Floats, Floats, Floats]:
    """Compute means, covariances and degrees of freedom from sums over rows (n_mixtures, n_components, …).

    With n_j rows, sum x̄_j·n_j and scatter S_j about the mean m_j, d columns, pseudo-rows κ, a, b:
    m_j = Σx/(n_j + κ);  W = Σ_j S_j;  P = (W + b·d·diag T)/(n + b·d) with T = (diag W + 3)/(n + 3);
    Σ_j = (S_j + a·d·P)/(n_j + a·d), or P alone where a is infinite.  Each is the posterior mean under a conjugate
    prior whose scale is estimated from the rows, as in Friedman (1989, "Regularized discriminant analysis").
    """
    n_columns = sums.first.shape[-1]
    weight = sums.weight
    mean = sums.first / np.maximum(weight[..., None] + strengths.mean[:, None, :], np.finfo(float).tiny)
    if has_products(n_columns):
        crossed = mean[..., :, None] * sums.first[..., None, :]
        scatter = sums.second - crossed - np.swapaxes(crossed, -1, -2)
        scatter += weight[..., None, None] * (mean[..., :, None] * mean[..., None, :])
        if strengths.independent.any():
            scatter[strengths.independent] *= np.eye(n_columns)
    else:
        scatter = sums.second - 2.0 * mean * sums.first + weight[..., None] * mean**2
    of_mixture, of_component = (  # numbers beside matrices, or beside variances
        partial(np.expand_dims, axis=tuple(range(n_axes, n_axes + scatter.ndim - 2))) for n_axes in (1, 2)
    )

    within, rows = scatter.sum(axis=1), weight.sum(axis=1)
    target = (variances_in(within, n_columns) + FLOOR_ROWS) / (rows + FLOOR_ROWS)[:, None]
    drawn = strengths.diagonal * n_columns
    pooled = within / of_mixture(rows + drawn)
    variances_in(pooled, n_columns)[...] += (drawn / (rows + drawn))[:, None] * target
    least = variances_in(pooled, n_columns)
    np.maximum(least, strengths.floor, out=least)

    alone = np.isinf(strengths.pooled)
    pull = np.where(alone, 1.0, strengths.pooled)[:, None] * n_columns
    covariance = scatter + of_component(pull) * pooled[:, None]
    covariance /= of_component(np.maximum(weight + pull, np.finfo(float).tiny))
    covariance[alone] = pooled[alone][:, None]
    freedom = np.where(alone[:, None], (rows + drawn)[:, None], weight + pull)
    return mean, covariance, freedom


def shares_of(count: Floats) -> Floats:
    """Estimate shares from counts with half a row each (Jeffreys' prior), over the last axis."""
    shares: Floats = (count + 0.5) / (count + 0.5).sum(axis=-1, keepdims=True)
    return shares


def mixture_of_scores(share: Floats, n_scores: int, n_mixtures: int) -> Batch:
    """Write centred log-probabilities of the labels as the Gaussian mixture that they are the posterior of.

    With scores s, covariance 1 and means m_k, log-odds are s·(m_k − m_j) + log π_k/π_j − ½(|m_k|² − |m_j|²).  So the
    means are those that make of s·m_k the score of label k, and of all else 0; a row without scores has the shares
    π, `share` (n_labels,).  Where the last label's score is lacking it is minus the sum of the others.
    """
    n_labels = share.size
    mean = np.eye(n_labels)[:, :n_scores]
    mean[n_scores:] = -1.0
    norm = (mean**2).sum(axis=1)
    odds = np.log(share[:-1] / share[-1]) - 0.5 * (norm[:-1] - norm[-1])
    mean += np.linalg.lstsq(mean[:-1] - mean[-1], odds)[0]
    covariance = np.eye(n_scores) if has_products(n_scores) else np.ones(n_scores)
    certain = np.full(n_labels, CERTAIN)
    covariances = np.broadcast_to(covariance, (n_labels, *covariance.shape))
    parts = certain, mean, covariances, certain, np.log(share), np.empty((n_labels, 0))
    return Batch(*(np.repeat(part[None], n_mixtures, axis=0) for part in parts))


def log_chances(count: Floats, levels: tuple[int, ...], base: Floats) -> Floats:
    """Estimate the log-probability of each text given the component, one pseudo-row spread as `base`: like `count`.

    `count` is (..., n_indicators), the categories side by side; `base` (n_indicators,) holds the overall shares.
    """
    chance = np.empty_like(count)
    first = 0
    for n_levels in levels:
        part = slice(first, first + n_levels)
        chance[..., part] = (count[..., part] + base[part]) / (count[..., part].sum(axis=-1, keepdims=True) + 1.0)
        first += n_levels
    return np.log(chance, out=chance)


def empirical_bayes(sums: SufficientStatistics) -> Floats:
    """Estimate how far a column's means should be drawn to 0, in pseudo-rows: (n_mixtures, n_gaussian).

    `sums` are over labelled rows, a component for each label.  κ = (n/K)/(F − 1) with F the one-way variance ratio of
    the column: where labels hardly differ their means are noise (James & Stein 1961; Efron & Morris 1973).
    """
    rows = sums.weight.sum(axis=1)[:, None]
    n_labels = sums.weight.shape[1]
    mean = sums.first / np.maximum(sums.weight[..., None], np.finfo(float).tiny)
    overall = sums.first.sum(axis=1) / np.maximum(rows, np.finfo(float).tiny)
    within = (variances_in(sums.second, mean.shape[-1]) - sums.weight[..., None] * mean**2).sum(axis=1)
    between = (sums.weight[..., None] * (mean - overall[:, None]) ** 2).sum(axis=1)
    ratio = (between / max(n_labels - 1, 1)) / ((within + 1.0) / np.maximum(rows - n_labels + 2, 1.0))
    kappa: Floats = (rows / n_labels) / np.maximum(ratio - 1.0, SMALLEST_EXCESS)
    return kappa
