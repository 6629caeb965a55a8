"""The rehearsal: known labels are hidden the way labels are missing, wherever a model is tried on them.

What fits say of labels that they have not seen serves the choice of the candidates, their weights, calibration, every
promise, and the audit.  It tells of the rows to fill only if hidden rows are like these: with the same gaps in their
predictors, in the same company, and with the same mix of predictors (covariate shift: Shimodaira 2000).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Design
from em_impute.ensemble.folds import Examples, Rehearsal
from em_impute.missingness.company import Company, find_company
from em_impute.missingness.gaps import Gaps, find_gaps
from em_impute.missingness.reasons import AT_RANDOM, BY_PREDICTORS, PRIOR
from em_impute.missingness.regression import Missing, regress_missing

__all__ = ["HowMissing", "how_missing"]

LARGEST_LOG = 700.0

FAR = 3.0
"""A row to fill whose odds of lacking a label are e³ times those of every labelled row is like none of them."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class HowMissing:
    """How rows to fill differ from labelled rows, for the distinct rows of a design."""

    missing: Missing | None = None
    """who lacks a label, by the predictors; None with too few rows of a kind"""
    gaps: Gaps | None = None
    """which predictors rows to fill show; None where labelled rows do not show others more often"""
    company: Company | None = None
    """which rows lack their labels together; None where they do so one by one"""

    @property
    def by_predictors(self) -> float:
        """Probability that the predictors, rather than chance, say which rows lack a label."""
        if self.missing is None:
            return 0.0
        odds = PRIOR[BY_PREDICTORS] / PRIOR[AT_RANDOM] * np.exp(min(self.missing.log_evidence, LARGEST_LOG))
        return float(odds / (1.0 + odds))

    def rehearsed(self, examples: Examples) -> Examples:
        """Say how the labels of examples are hidden; their origin, if they have one, is the design's distinct rows."""
        rehearsal = Rehearsal(
            None if self.missing is None else self.missing.odds,
            self.by_predictors,
            None if self.gaps is None else self.gaps.hide,
            0.0 if self.company is None else self.company.kept_whole,
        )
        if self.company is None:
            return examples._replace(rehearsal=rehearsal)
        code = self.company.code if examples.origin is None else self.company.code[examples.origin]
        return examples._replace(company=code, rehearsal=rehearsal)

    def beyond(self, design: Design) -> Mask:
        """Say which of the distinct rows without a label are like no labelled row, (n_unlabelled,).

        They show predictors that no labelled row shows together, or lie where next to no row has a label.
        """
        rows = design.distinct
        latent, known = np.flatnonzero(rows.label < 0), np.flatnonzero(rows.label >= 0)
        beyond = np.zeros(latent.size, dtype=bool)
        if self.gaps is not None:
            seen = np.hstack([~np.isnan(rows.x), design.codes >= 0])
            beyond |= self.gaps.beyond(seen[known], seen[latent])
        if self.missing is not None and self.by_predictors > 0.5:  # noqa: PLR2004
            far = [self.missing.log_odds(rows.x[kind], with_gaps=False) for kind in (known, latent)]
            beyond |= far[1] > far[0].max() + FAR
        return beyond


def how_missing(design: Design, seed: int) -> HowMissing:
    """Find how rows to fill differ from labelled rows."""
    missing = regress_missing(design, seed)
    if missing is None:
        return HowMissing()
    drawn, rows = missing.drawn, design.distinct
    seen = np.hstack([~np.isnan(design.x_of(drawn.row)), design.codes_of(drawn.row) >= 0])
    gaps = find_gaps(seen, drawn.lacks, drawn.weight)
    weight = np.ones(rows.label.size) if design.weighed else np.asarray(rows.weight, np.float64)
    log_odds = missing.log_odds(rows.x, with_gaps=True)
    company = find_company(rows.x, design.codes, rows.label, weight, design.keys, log_odds, seed)
    return HowMissing(missing, gaps, company)
