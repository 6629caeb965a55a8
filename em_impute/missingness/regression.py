"""Who lacks a label, by the predictors: a logistic regression on what a row shows, and on what it does not."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design
from em_impute.em.blocks import Flags, Floats, Integers, draw_rows, find_patterns, slices

MAX_ROWS = 10_000
"""Rows of either kind that are looked at: a standardised difference of 0.05 between so many is beyond doubt."""

MAX_FEATURES = 256
MAX_CELLS = 1 << 19
"""Rows of either kind times predictors: a regression takes time by the square of the latter."""

MIN_ROWS = 5
"""Of either kind: fewer tell nothing."""

MAX_DEVIATIONS = 5.0
"""Predictors are cut off there before they are squared: no outlier may bend the regression alone."""

MAX_PERCENTILE = 99.0
"""Odds above this percentile of the known rows' are brought down to it (Lee, Lessler & Stuart 2011)."""

MAX_FACTOR = 50.0
"""Odds differ from those of all rows by this factor at most: no row weighs more than fifty of the ordinary."""

LEAST_PROBABILITY = 1e-4
"""Logarithms of probabilities are taken as if they were no lower: what is next to none is not known so exactly."""

SPREADS = (0.1, 0.3, 1.0)
"""Standard deviations of the coefficients, equally likely beforehand, when evidence is weighed."""

EVIDENT_ROWS = 3000
"""Of either kind: more would only make certain what they make all but certain."""

RELATIVE_NOISE = 1e-10
"""Part of the mean square of a row that rounding may take: the products of rows that are alike have no factor."""

NEWTON_STEPS = 100
MAX_HALVINGS = 20

SETTLED = 1e-10
"""Log posterior density still to gain, by Newton's own forecast, at which he is done."""

NUMBERS_AT_ONCE = 1 << 20
"""Numbers in the terms of rows that are looked at together."""

CONSTANT_PRECISION = 1e-6
"""Of the constant: as good as no prior, but for rows that are all of one kind."""


class Drawn(NamedTuple):
    """Rows of the table, each for itself."""

    row: Integers  # (n_drawn,), rows of the table, ascending within a kind
    lacks: Flags  # (n_drawn,), has no label
    weight: Floats  # (n_drawn,), of the user, else 1


class _Terms(NamedTuple):
    """From predictors to the terms of the regression, the same for every row."""

    n_numbers: int
    feature: Integers  # (n_lacking,), features that are missing sometimes, one for each pattern
    share: Floats  # (n_lacking,), how often
    left_out: Integers = np.empty(0, np.intp)  # features that must not tell the rows apart

    def of(self, x: Floats) -> Floats:
        """Give the terms of standardised rows: 1, predictors, squares of the numbers, and what is missing."""
        if self.left_out.size:
            x = x.copy()
            x[:, self.left_out] = 0.0
        missing = np.isnan(x[:, self.feature]) - self.share
        missing /= np.sqrt(self.share * (1.0 - self.share))
        seen = np.clip(np.nan_to_num(x), -MAX_DEVIATIONS, MAX_DEVIATIONS)
        squares = seen[:, : self.n_numbers] ** 2
        return np.hstack([np.ones((x.shape[0], 1)), seen, squares, np.clip(missing, -MAX_DEVIATIONS, MAX_DEVIATIONS)])


class Missing(NamedTuple):
    """Who lacks a label, by the predictors: a regression fitted to all drawn rows."""

    drawn: Drawn
    terms: _Terms
    coefficient: Floats  # (n_terms,)
    of_shown: Floats  # (n_terms,) the same, but 0 of what rows do not show
    log_evidence: float  # less that of one rate for all rows
    known: Floats  # (n_known,) log-odds of the labelled rows drawn, by what they show alone

    def log_odds_of(self, x: Floats, *, with_gaps: bool) -> Floats:
        """Give the log-odds of lacking the label, (n_chosen,), by the fit to all drawn rows and in their balance.

        They go by what rows show, `with_gaps` also by what they do not.
        """
        coefficient = self.coefficient if with_gaps else self.of_shown
        size = max(1, NUMBERS_AT_ONCE // coefficient.size)
        parts = [self.terms.of(x[some]) @ coefficient for some in slices(x.shape[0], size)]
        return np.concatenate([np.empty(0), *parts])

    def odds(self, x: Floats) -> Floats:
        """Give the odds of lacking the label by what rows show, known rows having 1 on average: (n_chosen,).

        `x` is (n_chosen, n_features), standardised.  What rows do not show is left out: it is hidden of known rows as
        often.  Known rows that are weighed by these odds show the mix of predictors that the missing ones have (Bickel,
        Brückner & Scheffer 2007).  So that no weight runs away, odds are cut off at the 99th percentile of the known
        rows', and fifty times above and below those of all rows.
        """
        top = self.known.max()
        middle = top + np.log(np.average(np.exp(self.known - top), weights=self.drawn.weight[~self.drawn.lacks]))
        most = np.log(MAX_FACTOR)
        highest = np.clip(np.percentile(self.known, MAX_PERCENTILE) - middle, -most, most)
        odds: Floats = np.exp(np.clip(self.log_odds_of(x, with_gaps=False) - middle, -most, highest))
        return odds


def regress_missing(design: Design, seed: int) -> Missing | None:
    """Regress "has no label" on what is seen, and on what is not.

    None with fewer than five rows of a kind, or so many predictors that a step of Newton's would take seconds.
    Missing values count as the mean.  A standard normal prior of every coefficient keeps them finite.  Scores of texts
    are left out: those of labelled rows come from fits to fewer labels, which alone would tell the kinds apart.
    """
    drawn = draw_kinds(design, seed) if len(design.features) <= MAX_FEATURES else None
    if drawn is None or np.bincount(drawn.lacks, minlength=2).min() < MIN_ROWS:
        return None
    x, n_numbers = design.x_of(drawn.row), design.n_numbers
    scores = np.flatnonzero(~design.observed)
    x[:, scores] = 0.0
    few = np.concatenate([np.flatnonzero(kind)[:EVIDENT_ROWS] for kind in (~drawn.lacks, drawn.lacks)])
    # Of what rows show alone: what they do not is hidden of labelled rows as often.
    evidence = evidence_of_predictors(np.nan_to_num(x[few]), n_numbers, drawn.lacks[few], drawn.weight[few])

    recipe = _Terms(n_numbers, *_sometimes_missing(np.isnan(x)), scores)
    terms, outcome = recipe.of(x), drawn.lacks.astype(np.float64)
    precision = np.r_[CONSTANT_PRECISION, np.ones(terms.shape[1] - 1)]
    origin = one_rate(outcome, drawn.weight, precision.size)
    coefficient, *_ = fit_logistic(terms, outcome, drawn.weight, precision, origin)
    of_shown = np.where(np.arange(coefficient.size) <= x.shape[1] + n_numbers, coefficient, 0.0)
    return Missing(drawn, recipe, coefficient, of_shown, evidence, terms[~drawn.lacks] @ of_shown)


def evidence_of_predictors(
    x: Floats, n_numbers: int, lacks: Flags, weight: Floats, probability: Floats | None = None
) -> float:
    """Give the log-evidence of a regression on the predictors less that of one rate for all rows, by Laplace's method.

    `x` is (n_rows, n_features) in standard units, the first `n_numbers` of them measurements; `weight` (n_rows,) counts
    equal rows.  It is that of several regressions, equally likely beforehand: with the squares of the numbers, and
    without them, since most labels that are lost by a predictor are lost at one end of it; and on the logarithms of
    each label's `probability` (n_rows, n_labels), which may have a threshold, say, where the labels have one.
    """
    terms = _Terms(n_numbers, *_sometimes_missing(np.isnan(x))).of(x)
    squares = np.arange(1 + x.shape[1], 1 + x.shape[1] + n_numbers)
    terms[:, 1 : 1 + x.shape[1] + n_numbers] -= terms[:, 1 : 1 + x.shape[1] + n_numbers].mean(axis=0)
    several = [terms, np.delete(terms, squares, axis=1)]
    if probability is not None:
        several.append(_logs_of(probability, weight))
    return log_mean_exp(np.array([_evidence(_turned(one), lacks, weight) for one in several]))


def _logs_of(probability: Floats, weight: Floats) -> Floats:
    """Give 1 and the logarithms of probabilities in standard units, (n_rows, 1 + n_labels, or 2 for two)."""
    logs = np.log(np.maximum(probability[:, probability.any(axis=0)], LEAST_PROBABILITY))
    logs -= logs.mean(axis=1, keepdims=True)
    logs = logs[:, : logs.shape[1] if logs.shape[1] > 2 else 1]  # noqa: PLR2004  the second is the first with a minus
    logs -= np.average(logs, axis=0, weights=weight)
    deviation = np.sqrt(np.average(logs**2, axis=0, weights=weight))
    logs /= np.where(deviation > 0.0, deviation, 1.0)
    return np.hstack([np.ones((len(logs), 1)), np.clip(logs, -MAX_DEVIATIONS, MAX_DEVIATIONS)])


def _turned(terms: Floats) -> Floats:
    """Turn terms, 1 first, so that they are hardly more than the rows: evidence depends on their products alone."""
    n_rows, n_terms = terms.shape
    if n_terms <= n_rows + 1:
        return terms
    products = terms[:, 1:] @ terms[:, 1:].T
    products += RELATIVE_NOISE * np.trace(products) / n_rows * np.eye(n_rows)
    return np.hstack([terms[:, :1], np.linalg.cholesky(products)])


def log_mean_exp(values: Floats) -> float:
    """Give the logarithm of the mean of what `values` are the logarithms of."""
    return float(values.max() + np.log(np.exp(values - values.max()).mean()))


def _evidence(terms: Floats, lacks: Flags, weight: Floats) -> float:
    """Give the log-evidence of a regression on `terms`, 1 first, over that of one rate; spreads are `SPREADS`."""
    outcome = lacks.astype(np.float64)
    origin = one_rate(outcome, weight, terms.shape[1])
    share = float(weight @ outcome / weight.sum())
    at_random = log_likelihood(terms @ origin, outcome, weight) - 0.5 * np.log(weight.sum() * share * (1.0 - share))
    found, start = [], None
    for spread in SPREADS:
        precision = np.r_[CONSTANT_PRECISION, np.full(terms.shape[1] - 1, spread**-2)]
        start, height, curvature = fit_logistic(terms, outcome, weight, precision, origin, start)
        found.append(height + 0.5 * float(np.log(precision[1:]).sum() - np.linalg.slogdet(curvature)[1]))
    return log_mean_exp(np.array(found)) - float(at_random)


def draw_kinds(design: Design, seed: int) -> Drawn | None:
    """Draw rows of either kind among those that count, each with the same chance; None where there are none."""
    rng = np.random.default_rng(seed)
    kinds = [design.label >= 0, design.label < 0]
    if design.weighed:
        counts = design.distinct.weight > 0.0
        kinds = [kind & counts for kind in kinds]
    if not all(kind.any() for kind in kinds):
        return None
    drawn = [draw_rows(kind, most_rows(len(design.features)), rng) for kind in kinds]
    row = np.concatenate(drawn)
    lacks = np.arange(row.size) >= drawn[0].size
    return Drawn(row, lacks, design.weight_of(row))


def most_rows(n_features: int) -> int:
    """Say how many rows of either kind are looked at."""
    return min(MAX_ROWS, MAX_CELLS // max(1, n_features))


def _sometimes_missing(missing: Flags) -> tuple[Integers, Floats]:
    """Find the columns of `missing`, (n_rows, n_features), that are not all alike, and their shares: each one once."""
    pattern, number = find_patterns(missing.T)
    first = np.unique(number, return_index=True)[1][pattern.any(axis=1) & ~pattern.all(axis=1)]
    return first, missing[:, first].mean(axis=0)


def fit_shift(
    log_odds: Floats, outcome: Floats, weight: Floats, precision: float = CONSTANT_PRECISION
) -> tuple[float, float]:
    """Find by how much log-odds, (n_rows,), are too low for `outcome`, and its variance; `precision` is that of 0."""
    one = np.ones((outcome.size, 1))
    shift, _, curvature = fit_logistic(one, outcome, weight, np.full(1, precision), np.zeros(1), offset=log_odds)
    return float(shift[0]), 1.0 / float(curvature[0, 0])


def fit_logistic(  # data, prior, and where to begin
    terms: Floats,
    outcome: Floats,
    weight: Floats,
    precision: Floats,
    origin: Floats,
    start: Floats | None = None,
    offset: Floats | float = 0.0,
) -> tuple[Floats, float, Floats]:
    """Find the coefficients of highest posterior density: log-odds of `outcome` are `offset` + `terms` @ coefficients.

    Gives what `climb` does; the inverse of the curvature is the covariance of the coefficients.
    `terms` is (n_rows, n_terms), `outcome` (n_rows,) 1 or 0, `weight` (n_rows,) how often each row counts; the prior of
    the coefficients is normal about `origin` with `precision`, (n_terms,) either, all above 0, so that they stay finite
    where a term tells all rows of one kind from the others.  There is one maximum: `start` only saves steps.
    """

    def height(coefficient: Floats) -> float:
        likelihood = log_likelihood(offset + terms @ coefficient, outcome, weight)
        return likelihood - 0.5 * float(precision @ (coefficient - origin) ** 2)

    def slope_and_curvature(coefficient: Floats) -> tuple[Floats, Floats]:
        rate = rate_of(offset + terms @ coefficient)
        slope = terms.T @ (weight * (outcome - rate)) - precision * (coefficient - origin)
        root = terms * np.sqrt(weight * rate * (1.0 - rate))[:, None]  # BLAS computes half of a product with itself
        return slope, root.T @ root + np.diag(precision)

    return climb(height, slope_and_curvature, origin if start is None else start)


def climb(
    height: Callable[[Floats], float], slope_and_curvature: Callable[[Floats], tuple[Floats, Floats]], start: Floats
) -> tuple[Floats, float, Floats]:
    """Climb to the top of a log-density by Newton's method: where it is, (n_terms,), its height and its curvature.

    `slope_and_curvature` gives the gradient, (n_terms,), and what stands for the negative Hessian, (n_terms, n_terms).
    """
    at, reached = start, height(start)
    slope, curvature = slope_and_curvature(at)
    for _ in range(NEWTON_STEPS):
        step = np.linalg.solve(curvature, slope)
        if 0.5 * float(slope @ step) < SETTLED:
            break
        # A whole step leaps too far where rates are all but 0 or 1.
        halves = next((h for h in range(MAX_HALVINGS) if height(at + step / 2**h) >= reached), None)
        if halves is None:
            break
        at = at + step / 2**halves
        reached = height(at)
        slope, curvature = slope_and_curvature(at)
    return at, reached, curvature


def log_likelihood(log_odds: Floats, outcome: Floats, weight: Floats) -> float:
    """Compute the log-likelihood, in nats, of outcomes 1 or 0 at some log-odds; all (n_rows,)."""
    return float(weight @ (outcome * log_odds - np.logaddexp(0.0, log_odds)))


def one_rate(outcome: Floats, weight: Floats, n_terms: int) -> Floats:
    """Give the coefficients of one rate for all rows, (n_terms,): its log-odds, then 0.  The first term is 1."""
    share = float(weight @ outcome / weight.sum())
    coefficient = np.zeros(n_terms)
    coefficient[0] = np.log(share / (1.0 - share))
    return coefficient


def rate_of(log_odds: Floats) -> Floats:
    """Turn log-odds into probabilities, without overflow."""
    rate: Floats = 0.5 + 0.5 * np.tanh(0.5 * log_odds)
    return rate
