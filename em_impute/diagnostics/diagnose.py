"""What the fit says beyond the fills: who is missing, how sure the fills are, and which known labels look wrong."""

from dataclasses import dataclass

import numpy as np

from em_impute.diagnostics.baseline_em import BaselineEm, examine_baseline_em
from em_impute.diagnostics.chart_data import chart_data
from em_impute.diagnostics.importance import examine_importance
from em_impute.diagnostics.odd_rows import Flagged, audit_labels, find_flagged
from em_impute.diagnostics.uncertainty import Uncertainty, examine_uncertainty, sweep
from em_impute.diagnostics.values import Audit, ChartData, Importance, Sensitivity
from em_impute.missingness.missingness import examine_missingness
from em_impute.missingness.values import Difference
from em_impute.model.column import FittedColumn
from em_impute.model.fills import Fills
from em_impute.options import Request


@dataclass(frozen=True)
class Diagnostics:
    """What can be said of a completed column; but for what is warned of, None where nobody reads it."""

    uncertainty: Uncertainty
    flagged: Flagged
    missingness: list[Difference] | None = None
    """Rows with a label beside rows without one; None where there are none of either kind"""
    sensitivity: Sensitivity | None = None  # None where no label was known
    audit: Audit | None = None  # None where no known label could be held out
    baseline_em: BaselineEm | None = None  # None where nothing was measured, or no Gaussians can be fitted
    pictures: ChartData | None = None
    importance: tuple[Importance, ...] | None = None
    """None where no label was held out from an ensemble, or its fits were too large to keep"""


def examine(found: FittedColumn, fills: Fills, request: Request) -> Diagnostics:
    """Examine a fitted column."""
    design, labels = found.design, found.labels
    uncertainty = examine_uncertainty(found, fills, request)
    flagged = find_flagged(design, fills.row, () if found.texts is None else found.texts.names)
    if not request.reported:
        return Diagnostics(uncertainty, flagged)
    sensitivity = None
    if any(labels.known):
        weight = found.cells.astype(np.float64)
        known = np.array(labels.known, dtype=np.float64)
        sensitivity = sweep(found.unshifted, weight, known, labels.labels)
    plain = examine_baseline_em(found, request.prior_strength)
    return Diagnostics(
        uncertainty,
        flagged,
        examine_missingness(design, request.seed, found.fitted.how.missing),
        sensitivity,
        audit_labels(found),
        plain,
        chart_data(found, fills, plain, request),
        examine_importance(found),
    )
