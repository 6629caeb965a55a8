"""Labels are hidden together with predictors: a row held out shows only what a row to fill may show.

Where a code is known to rows with a label and not to rows without one, it must not help to guess a label held out.
"""

from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, find_patterns

LEVEL = 0.01
"""p-value, times the number of predictors, below which rows to fill are said to lack a predictor more often."""

MAX_PATTERNS = 64
"""Sets of predictors that rows to fill show; rarer ones are told with the nearest of these."""

ROUNDING = 1e-9
"""By which sums of weights may make equal shares differ: of a predictor without gaps the variance is 0."""


class Gaps(NamedTuple):
    """Which predictors rows to fill show, and how often."""

    pattern: Flags  # (n_patterns, n_predictors), what is seen; those that show most come first
    share: Floats  # (n_patterns,), sums to 1

    def hide(self, seen: Flags, weight: Floats, rng: np.random.Generator) -> Flags:
        """Say what each of some rows still shows when its label is hidden: like `seen`, (n_rows, n_predictors).

        As many rows as can be show what they do; of the others each gets a pattern that lacks rows, of what it shows.
        Together they then show the patterns as often as rows to fill do, so far as they show enough.
        """
        shown = seen.copy()
        wanted = self.share * weight.sum()
        left = rng.permutation(weight.size)
        for shows in (np.equal, np.greater_equal):  # the pattern itself; more than that
            for pattern, columns in enumerate(self.pattern):
                fit = left[shows(seen[left], columns).all(axis=1)]
                taken = fit[np.cumsum(weight[fit]) <= wanted[pattern] + 0.5 * weight[fit]]
                shown[taken] = columns
                wanted[pattern] -= weight[taken].sum()
                left = left[~np.isin(left, taken)]
        wanted = np.maximum(wanted, 0.0)
        if left.size and wanted.sum() > 0.0:
            shown[left] &= self.pattern[rng.choice(wanted.size, left.size, p=wanted / wanted.sum())]
        return shown

    def beyond(self, known: Flags, missing: Flags) -> Flags:
        """Say which rows to fill show a set of predictors that no labelled row shows: (n_missing,).

        `known` is (n_known, n_predictors), `missing` (n_missing, n_predictors).
        """
        distinct, _ = find_patterns(known)
        patterns, place = find_patterns(missing)
        is_beyond = np.array([not (distinct >= one).all(axis=1).any() for one in patterns])
        return is_beyond[place]


def find_gaps(seen: Flags, lacks: Flags, weight: Floats) -> Gaps | None:
    """Find which predictors rows to fill show; None where labelled rows do not show others more often.

    `seen` is (n_rows, n_predictors), `lacks` (n_rows,) marks the rows without a label, `weight` (n_rows,) counts equal
    ones.  Each predictor is tested by Pearson's χ² with one degree of freedom.
    """
    from statistics import NormalDist

    if seen.all() or not seen.shape[1]:
        return None
    known, missing = (weight[kind] @ seen[kind] / weight[kind].sum() for kind in (~lacks, lacks))
    rows = np.array([weight[~lacks].sum(), weight[lacks].sum()])
    overall = (known * rows[0] + missing * rows[1]) / rows.sum()
    variance = overall * (1.0 - overall) * (1.0 / rows).sum()
    critical = NormalDist().inv_cdf(1.0 - LEVEL / seen.shape[1] / 2.0)
    apart = np.abs(known - missing)
    if not ((apart**2 > variance * critical**2) & (apart > ROUNDING)).any():
        return None
    pattern, place = find_patterns(seen[lacks])
    count = np.bincount(place, weight[lacks])
    common = np.sort(np.argsort(-count, kind="stable")[:MAX_PATTERNS])
    pattern, count = pattern[common], count[common]
    order = np.argsort(-pattern.sum(axis=1), kind="stable")
    return Gaps(pattern[order], count[order] / count.sum())
