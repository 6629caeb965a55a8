"""Known labels that were hidden, and what fits that had not seen them said."""

from dataclasses import dataclass, replace

from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.metrics import log_loss
from em_impute.missingness.reasons import Reasons, Tilts

__all__ = ["HeldOut", "like_missing"]


@dataclass(frozen=True)
class HeldOut:
    """Known labels, and what a fit that had not seen them said."""

    label: Integers
    """(n_rows,)"""
    probability: Floats
    """(n_rows, n_labels)"""
    baseline: Floats
    """(n_rows, n_labels), the shares of the labels that the fit had seen"""
    row: Integers
    """(n_rows,) distinct rows of the design that they are; one that stands for several may be there several times"""
    weight: Floats | None = None
    """(n_rows,) how much each counts; None counts all alike"""
    odds: Floats | None = None
    """(n_rows,) how much likelier than on average each is to lack its label, by its predictors; None: all alike"""
    company: Integers | None = None
    """(n_rows,) rows that belong together; None: each for itself"""

    @property
    def log_loss(self) -> float:
        """Mean −log probability of the true label, in nats."""
        return log_loss(self.probability, self.label, self.weight)

    @property
    def baseline_log_loss(self) -> float:
        """The same for the shares alone."""
        return log_loss(self.baseline, self.label, self.weight)


def like_missing(held: HeldOut, reasons: Reasons, tilts: Tilts | None) -> HeldOut:
    """Give what is to be expected of rows to fill: hidden rows weighed to be like them, and spoken of as they are.

    Where labels are lost by class, rows of a class that loses many count more, and its probability is higher.
    """
    weight = reasons.weights(held.label, held.odds)
    if held.weight is not None:
        weight = weight * held.weight
    held = replace(held, weight=weight / weight.mean())
    if tilts is None:
        return held
    return replace(held, probability=tilts.apply(held.probability), baseline=tilts.apply(held.baseline))
