"""Whether labels are missing more often in one class than in another, which one mixture for all rows would not notice.

Two gates show that labels are not missing at random, since either alone errs: the likelihood ratio also rejects where
classes are only skewed or heavy-tailed, and a difference between labelled and unlabelled rows may have another cause
than their classes.  Both open as well where rows were labelled by their predictors.  That does no harm to a mixture
with one set of shares, and free ones would go wrong; so a third gate asks which explains the labelling better.  It
weighs smooth rates only: rows labelled beyond a threshold that happens to divide the classes pass it.
"""

from dataclasses import dataclass

import numpy as np

from em_impute.design import Design
from em_impute.engine.blocks import Floats, Rows
from em_impute.engine.mixture import Mixture, Recipe, fit_mixture
from em_impute.errors import FitError
from em_impute.findings.drawing import draw_rows
from em_impute.findings.logistic import CONSTANT_PRECISION, fit_logistic, log_likelihood, one_rate
from em_impute.fitting import examples_of
from em_impute.merging import merge_equal_rows
from em_impute.stack.folds import count_labels

__all__ = [
    "LEVEL",
    "MAX_DEVIATIONS",
    "Comparison",
    "Labelling",
    "Ratio",
    "Regression",
    "affordable_steps",
    "compare_predictor",
    "examine_labelling",
    "likelihood_ratio",
    "regress_labelling",
]

LEVEL = 0.01
"""Both p-values lie below it where labels are said not to be missing at random."""

MAX_ROWS = 10_000
"""Labelled rows, and as many unlabelled ones, that are looked at: a difference that they do not show does no harm."""

RATIO_TOLERANCE = 1e-3
"""Log-likelihood still to gain at which EM may stop: a hundredth of what moves a p-value from 0.01 to 0.011."""

WORK, PATTERN_WORK = 1e9, 3e5
"""Multiplications that one of the two fits may take, about a second, and what each pattern of missing cells costs as
much as in a step of EM."""

LEAST_STEPS = 50

INVERSE, MAX_INVERSES = 6, 2
"""What inverting a covariance takes as a multiple of the cube of the predictors, and what inverses may take in so many
steps as a multiple of the work."""

MAX_DEVIATIONS = 5.0
"""Predictors are cut off there before they are squared: no outlier may bend the regression alone."""


@dataclass(frozen=True)
class Ratio:
    """Shares of the labels free for the unlabelled rows, against one set of shares for all rows."""

    statistic: float
    """Twice the gain of the maximised objective."""
    degrees_of_freedom: int
    p_value: float
    common: Floats
    """(n_labels,), shares among the unlabelled rows where labels are missing at random"""
    free: Floats
    """(n_labels,), shares among the unlabelled rows where they have their own"""


@dataclass(frozen=True)
class Comparison:
    """One predictor's values beside a label and without one (Kolmogorov–Smirnov)."""

    name: str
    statistic: float
    """Largest distance of the two distribution functions."""
    p_value: float


@dataclass(frozen=True)
class Regression:
    """Having a label, explained by the predictors and their squares (logistic)."""

    gain: float
    """Log-likelihood above that of one rate for all rows."""
    n_free: int
    """Coefficients beside the constant."""


@dataclass(frozen=True)
class Labelling:
    """Which rows have labels, and what it has to do with their classes."""

    labels: tuple[str, ...]
    ratio: Ratio
    comparisons: tuple[Comparison, ...]
    regression: Regression
    labelled: Floats
    """(n_labels,), shares among the labelled rows"""
    label_rate: Floats
    """(n_labels,), part of a label's rows that have it, by the free shares"""

    @property
    def p_predictors(self) -> float:
        """The smallest p-value of the predictors, times their number (Bonferroni)."""
        return min(1.0, len(self.comparisons) * min(one.p_value for one in self.comparisons))

    @property
    def is_at_random(self) -> bool:
        """No rows are seen to have labels more often than others: not both p-values are small."""
        return not (self.ratio.p_value < LEVEL and self.p_predictors < LEVEL)

    @property
    def depends_on_class(self) -> bool:
        """Labels are not missing at random, and classes explain which are better than predictors do (by AIC).

        A model of rates that depend on the class has the likelihood of the free shares, but for a factor that one rate
        for all rows has as well: both gains are over the same.
        """
        by_class = self.ratio.statistic / 2.0 - self.ratio.degrees_of_freedom
        return not self.is_at_random and by_class > self.regression.gain - self.regression.n_free


def examine_labelling(design: Design, recipe: Recipe) -> Labelling | None:
    """Test whether the chance of having a label depends on the class; None where that cannot be told.

    It takes labelled rows of every label, unlabelled rows, and two mixtures that can be fitted to at most 10,000 of
    either.  That fewer of one kind may be drawn than of the other changes no p-value's meaning.
    """
    count = count_labels(examples_of(design), len(design.labels))
    n_missing = design.label.size - count.sum()
    if not n_missing or count.size < 2 or not count.all():  # noqa: PLR2004
        return None
    rows = _drawn_rows(design, recipe.seed)
    try:
        ratio = likelihood_ratio(rows, count.size, recipe)
    except FitError:
        return None
    if ratio is None:
        return None
    comparisons = tuple(
        compare_predictor(feature.name, rows.x[:, j], rows.weight, rows.label >= 0)
        for j, feature in enumerate(design.features)
    )
    label_rate = count / (count + n_missing * ratio.free)
    return Labelling(design.labels, ratio, comparisons, regress_labelling(rows), count / count.sum(), label_rate)


def likelihood_ratio(rows: Rows, n_labels: int, recipe: Recipe) -> Ratio | None:
    """Compare one set of shares with a free one for unlabelled rows: χ² with n_labels − 1 degrees of freedom.

    The free fit starts where the common one ends, so that the ratio cannot be negative.  None where the common one does
    not get there in the time that a test is worth, since what it still had to gain would count as evidence; a free one
    that is not done only makes the ratio too small.  Raises FitError when a component collapses.
    """
    n_steps = affordable_steps(rows, n_labels)
    if not n_steps:
        return None
    stopping = recipe.stopping._replace(
        tolerance=max(recipe.stopping.tolerance, RATIO_TOLERANCE),
        max_iter=min(recipe.stopping.max_iter, n_steps),
    )
    plain = recipe._replace(free_shares=False, unlabelled_weight=1.0, stopping=stopping)
    common = fit_mixture(rows, n_labels, plain)
    if common.fit.stop == "max_iter":
        return None
    free = fit_mixture(rows, n_labels, plain._replace(free_shares=True), start=common.fit.parameters)
    statistic = max(0.0, 2.0 * (free.fit.objective - common.fit.objective))
    known = rows.label >= 0
    labelled = np.bincount(rows.label[known], rows.weight[known], n_labels)
    # One share for all rows leaves to the unlabelled ones what the labelled ones do not have of it.
    left = np.maximum(rows.weight.sum() * _shares(common, n_labels) - labelled, 0.0)
    from scipy.special import chdtrc

    p_value = float(chdtrc(n_labels - 1, statistic))
    return Ratio(statistic, n_labels - 1, p_value, left / left.sum(), _shares(free, n_labels))


def affordable_steps(rows: Rows, n_labels: int) -> int:
    """Count the steps of EM that there is time for; 0 where covariances of so many predictors are too dear for any."""
    n_patterns = np.unique(np.isnan(rows.x), axis=0).shape[0]
    if LEAST_STEPS * n_labels * n_patterns * INVERSE * rows.x.shape[1] ** 3 > MAX_INVERSES * WORK:
        return 0
    a_step = n_labels * (rows.label.size * (rows.x.shape[1] + 1.0) ** 2 + n_patterns * PATTERN_WORK)
    return max(LEAST_STEPS, int(WORK / a_step))


def compare_predictor(name: str, x: Floats, weight: Floats, labelled: np.typing.NDArray[np.bool_]) -> Comparison:
    """Compare a predictor's values, (n_rows,) with NaN for missing, of labelled rows and of the others.

    `weight` (n_rows,) counts equal rows.  The p-value is Kolmogorov's limit at Stephens' (1970) corrected argument,
    within an eighth of the exact one from 20 rows on either side; tied values make it too large, never too small.
    """
    seen = ~np.isnan(x)
    values, position = np.unique(x[seen], return_inverse=True)
    cumulative, total = [], []
    for side in (labelled[seen], ~labelled[seen]):
        of_value = np.bincount(position[side], weight[seen][side], values.size)  # (n_values,)
        total.append(of_value.sum())
        cumulative.append(np.cumsum(of_value))
    if not min(total) > 0:
        return Comparison(name, 0.0, 1.0)
    distance = float(np.abs(cumulative[0] / total[0] - cumulative[1] / total[1]).max())
    root = np.sqrt(total[0] * total[1] / (total[0] + total[1]))
    from scipy.special import kolmogorov

    return Comparison(name, distance, float(kolmogorov((root + 0.12 + 0.11 / root) * distance)))


def regress_labelling(rows: Rows) -> Regression:
    """Fit a logistic regression of having a label on the predictors and their squares, by Newton's method.

    Missing values count as the mean.  A standard normal prior of every coefficient keeps them finite where a predictor
    tells all labelled rows from the others.
    """
    x = np.clip(np.nan_to_num(rows.x), -MAX_DEVIATIONS, MAX_DEVIATIONS)
    terms = np.hstack([np.ones((x.shape[0], 1)), x, x * x])  # (n_rows, 1 + 2·n_features)
    known = (rows.label >= 0).astype(np.float64)
    origin = one_rate(known, rows.weight, terms.shape[1])
    precision = np.r_[CONSTANT_PRECISION, np.ones(2 * x.shape[1])]
    fit = fit_logistic(terms, known, rows.weight, precision, origin)
    first = log_likelihood(terms @ origin, known, rows.weight)
    return Regression(fit.log_likelihood - first, 2 * x.shape[1])


def _drawn_rows(design: Design, seed: int) -> Rows:
    """Draw labelled and unlabelled rows, each standing for itself alone, or a likelihood ratio would mean nothing."""
    rng = np.random.default_rng(seed)
    known = design.label >= 0
    order = np.concatenate([draw_rows(kind, MAX_ROWS, rng) for kind in (known, ~known)])
    rows, _ = merge_equal_rows(Rows(design.x_of(order), design.label[order].astype(np.intp), np.ones(order.size)))
    return rows


def _shares(mixture: Mixture, n_labels: int) -> Floats:
    shares = np.bincount(mixture.fit.component_label, mixture.fit.parameters.weight, n_labels)
    return shares.astype(np.float64, copy=False)
