"""What every run takes of families and combinations; the rest has the marker `exhaustive`."""

from itertools import product

import pytest

from em_impute.em.families import FAMILIES

__all__ = ["crossed", "every_family", "rarely"]

RARE = {"tied-diag", "eii", "vii", "vei", "evi", "vee", "evv", "eev"}
"""Families for which full, tied, diag and vev stand: a family that is new is met in every run."""


def rarely(*values):
    """Give a case that only `make exhaustive` runs."""
    return pytest.param(*values, marks=pytest.mark.exhaustive)


def crossed(step, **axes):
    """Cross the values of some parameters; every run takes each `step`-th combination without a rare family.

    A step that divides the number of values of no parameter meets every value.
    """
    cases = list(product(*axes.values()))
    taken = [case for case in cases if RARE.isdisjoint(value for value in case if isinstance(value, str))][::step]
    names = ",".join(axes)
    return pytest.mark.parametrize(names, [case if _among(case, taken) else rarely(*case) for case in cases])


def _among(case, cases):
    """Look for the very values: arrays have no truth."""
    return any(all(one is other for one, other in zip(case, taken, strict=True)) for taken in cases)


every_family = pytest.mark.parametrize("family", [rarely(name) if name in RARE else name for name in FAMILIES])
