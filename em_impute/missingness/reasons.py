"""Why labels are missing, weighed by evidence: at random, by the predictors, or by the class.

Each reason says how probable it is that a row which shows x lacks its label.  Let g_k(x) be the probability of label k
by a model of the labelled rows.  Then the odds of lacking the label are

    at random       c
    by predictors   exp(β·t(x)), a logistic regression on the predictors, their squares and which of them are missing,
                    or on log g(x), which may follow the predictors in a way that these do not
    by class        Σ_k ρ_k g_k(x), where ρ_k = r_k/(1 − r_k) and r_k is the rate at which label k is lost

The last line is Bayes' theorem: with q_k(x) the probability of k among all rows, the label is known with probability
Σ q_k·(1 − r_k), and g_k = q_k·(1 − r_k)/Σ_j q_j·(1 − r_j).  So all three are regressions of "has no label" on what a
row shows, and their evidence can be compared (Kass & Raftery 1995), whether or not the densities of the model fit: at
random the distribution of g is the same in both kinds of row, however wrong g is.  It takes g for both kinds from the
same fits, which lack the labels of one fold each (cross-fitted).  Where the reason is the class, g·ρ normalised is the
probability of the labels that are missing (Saerens, Latinne & Decaestecker 2002; Lipton, Wang & Smola 2018); else it is
g itself.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.missingness.regression import climb, evidence_of_predictors, log_mean_exp, rate_of
from em_impute.missingness.values import DOUBTFUL
from em_impute.serialize.annotations import Axes

AT_RANDOM, BY_PREDICTORS, BY_CLASS = range(3)

PRIOR = np.array([0.5, 0.4, 0.1])
"""Of the reasons.  The class needs the strongest evidence: with none, one row in ten is believed to tell of it."""

ROWS_PER_LABEL = 5.0
"""Labelled rows of each label that are spent on telling what the labels look like: with few of them, what seems to be
a reason is mostly what the model has not learnt yet, and its evidence counts by the part that is left, mean over the
labels: many rows of one do not tell what a rare one looks like."""

SPREADS = (0.5, 1.0, 2.0)
"""Standard deviations of the log-odds of losing a label between classes, equally likely beforehand.  At 1 the rates of
two labels are as far apart as .2 and .5 in the middle case; at 2 as .1 and .65."""

VAGUE = 1e-4
"""Precision of their mean, which is as good as none."""

N_POINTS = 32
"""Draws of the rates over which probabilities are averaged, each with its mirror image about the centre."""

SURE = 0.03
"""Standard deviation of the log-odds of losing a label below which one point stands for all draws."""


class Judged(NamedTuple):
    """Rows of either kind, and what a model of the labelled ones says of them."""

    x: Floats  # (n_rows, n_features), standardised, NaN where missing
    n_numbers: int  # columns of x that are measurements
    lacks: Flags  # (n_rows,), has no label
    weight: Floats  # (n_rows,), equal rows that each stands for
    probability: Floats  # (n_rows, n_labels), of the labels as they are among labelled rows; cross-fitted


@dataclass(frozen=True)
class LogOddsShifts:
    """By how much log-odds of labels are higher in rows that lack them: what is believed, as some points."""

    weight: Annotated[Floats, Axes("n_points"), "Weights of the points that are averaged; they add up to 1."]
    shift: Annotated[Floats, Axes("n_points", "n_labels"), "Log-odds of each."]

    @property
    def is_none(self) -> bool:
        """Nothing is shifted."""
        return not np.ptp(self.shift, axis=1).any()

    def apply(self, probability: Floats) -> Floats:
        """Average the shifted probabilities, (..., n_labels)."""
        if self.is_none:
            return probability
        factor = np.exp(self.shift - self.shift.max(axis=1, keepdims=True))
        result = np.zeros_like(probability)
        for weight, ratio in zip(self.weight, factor, strict=True):
            total = probability @ ratio
            result += probability * (ratio * (weight / np.maximum(total, np.finfo(float).tiny))[..., None])
        result /= result.sum(axis=-1, keepdims=True)
        return result


@dataclass(frozen=True)
class Reasons:
    """How probable each reason is, and what follows if it is the class."""

    probability: Floats  # (3,) at random, by predictors, by class
    log_evidence: Floats  # (3,) natural logarithms, less that of "at random"; also where the user named the reason
    rate: Floats  # (n_labels,) part of each label's rows that has lost it, if the reason is the class
    shift: Floats
    """(n_labels,) log-odds by which each label is likelier in a row without a label, if the reason is the class"""
    root: Floats  # (n_labels, n_labels), root·rootᵀ is the covariance of the shift

    @property
    def by_class(self) -> float:
        """Probability that labels are lost by class."""
        return float(self.probability[BY_CLASS])

    def shifts(self) -> LogOddsShifts:
        """Give the points over which probabilities of missing labels are averaged."""
        n_labels = self.shift.size
        if self.by_class < DOUBTFUL:
            return LogOddsShifts(np.ones(1), np.zeros((1, n_labels)))
        points = self.shift[None]
        if np.sqrt((self.root**2).sum(axis=1)).max() > SURE:
            normal = np.random.default_rng(0).standard_normal((N_POINTS // 2, n_labels))
            points = self.shift + np.concatenate([normal, -normal]) @ self.root.T
        points = points - points.mean(axis=1, keepdims=True)
        weight = np.full(len(points), self.by_class / len(points))
        return LogOddsShifts(np.r_[1.0 - self.by_class, weight], np.vstack([np.zeros(n_labels), points]))

    def draw(self, n_draws: int, rng: np.random.Generator) -> Floats:
        """Draw a reason, and where it is the class a shift of the log-odds: (n_draws, n_labels)."""
        normal = rng.standard_normal((n_draws, self.shift.size))
        is_class = rng.random(n_draws) < (0.0 if self.by_class < DOUBTFUL else self.by_class)
        drawn: Floats = np.where(is_class[:, None], self.shift + normal @ self.root.T, 0.0)
        drawn -= drawn.mean(axis=1, keepdims=True)
        return drawn

    def weights(self, label: Integers, odds: Floats | None) -> Floats:
        """Weigh labelled rows so that together they are like the rows to fill: (n_rows,), mean 1 under every reason.

        By class a row counts as its label is likelier to be lost, by predictors as a row of its predictors is, which
        `odds` (n_rows,) says; None of these are all alike.
        """
        odds = np.ones(label.size) if odds is None else odds
        of_class = np.exp(self.shift - self.shift.max())[label]
        weights: Floats = self.probability[AT_RANDOM] + self.probability[BY_PREDICTORS] * odds / odds.mean()
        weights += self.by_class * of_class / of_class.mean()
        return weights


def weigh_reasons(judged: Judged, known: Floats, n_missing: float, *, is_class: bool) -> Reasons:
    """Weigh the three reasons by their evidence; with `is_class` the class is taken for the reason.

    `known` (n_labels,) are the rows of the table with each label and `n_missing` those with none, of which `judged` may
    be a sample.
    """
    parts = zip(*(_by_class(judged, spread) for spread in SPREADS), strict=True)
    shifts, covariances, evidence = map(np.array, parts)
    of_spread = np.exp(evidence - evidence.max())
    of_spread /= of_spread.sum()
    shift = np.einsum("s,sk->k", of_spread, shifts)
    apart = shifts - shift
    covariance = np.einsum("s,skl->kl", of_spread, covariances + apart[:, :, None] * apart[:, None])
    log_evidence = np.array([0.0, evidence_of_predictors(*judged), log_mean_exp(evidence)])
    counts = float((known / (known + ROWS_PER_LABEL)).mean())
    posterior = np.array([0.0, 0.0, 1.0]) if is_class else _posterior(log_evidence, counts)
    missing = known * np.exp(shift - shift.max())  # rows of each label without it
    missing *= n_missing / max(missing.sum(), np.finfo(float).tiny)
    rate = missing / np.maximum(known + missing, np.finfo(float).tiny)
    values, vectors = np.linalg.eigh(covariance)
    return Reasons(posterior, log_evidence, rate, shift, vectors * np.sqrt(np.maximum(values, 0.0)))


def _posterior(log_evidence: Floats, counts: float) -> Floats:
    """Weigh the reasons; the evidence for the class, over that of the others together, counts by a part only."""
    others = PRIOR[:BY_CLASS] * np.exp(log_evidence[:BY_CLASS] - log_evidence[:BY_CLASS].max())
    of_others = float(np.log(others.sum() / PRIOR[:BY_CLASS].sum()) + log_evidence[:BY_CLASS].max())
    log_odds = np.log(PRIOR[BY_CLASS] / PRIOR[:BY_CLASS].sum()) + counts * (log_evidence[BY_CLASS] - of_others)
    by_class = rate_of(log_odds)
    return np.append((1.0 - by_class) * others / others.sum(), by_class)


def _by_class(judged: Judged, spread: float) -> tuple[Floats, Floats, float]:
    """Find the shifts a_k, normal with deviation `spread`, in log ρ_k = base + a_k: mode, covariance, log-evidence."""
    n_labels, weight, lacks = judged.probability.shape[1], judged.weight, judged.lacks
    base = float(np.log(weight[lacks].sum() / weight[~lacks].sum()))
    precision = (np.eye(n_labels) - 1.0 / n_labels) / spread**2 + VAGUE * np.eye(n_labels)

    def height(a: Floats) -> float:
        odds = judged.probability @ np.exp(base + a)  # (n_rows,), that each lacks its label
        log_likelihood = weight[lacks] @ np.log(odds[lacks]) - weight @ np.log1p(odds)
        return float(log_likelihood - 0.5 * (a @ precision @ a))

    def slope_and_curvature(a: Floats) -> tuple[Floats, Floats]:
        """Compute the slope and the expected curvature (Fisher scoring)."""
        odds = judged.probability @ np.exp(base + a)
        share = judged.probability * np.exp(base + a) / odds[:, None]  # of each label, if it is missing
        rate = odds / (1.0 + odds)
        root = share * np.sqrt(weight * rate * (1.0 - rate))[:, None]
        return share.T @ (weight * (lacks - rate)) - precision @ a, root.T @ root + precision

    nothing = np.zeros(n_labels)
    # Of one rate for all rows: along the direction in which all rates move together.
    one_rate = float((slope_and_curvature(nothing)[1] - precision).sum()) / n_labels
    at_random = height(nothing) - 0.5 * np.log(max(one_rate, np.finfo(float).tiny))
    a, highest, curvature = climb(height, slope_and_curvature, nothing)
    log_evidence = highest - (n_labels - 1) * np.log(spread) - 0.5 * float(np.linalg.slogdet(curvature)[1])
    centring = np.eye(n_labels) - 1.0 / n_labels
    return centring @ a, centring @ np.linalg.inv(curvature) @ centring, float(log_evidence - at_random)
