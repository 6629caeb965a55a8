"""Whether the rows of a new file are still like those that a saved model was fitted to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

from em_impute.em.blocks import Floats
from em_impute.saved_model.distributions import NumberDistribution, TextDistribution, Typicality
from em_impute.saved_model.psi import FEW_ROWS, Index, is_more_often, psi
from em_impute.saved_model.units import Conversion, unit_factor
from em_impute.serialize.annotations import NotSaved, OwnAxes

MISSING_MORE = 0.05
"""Least increase of the share of missing cells that is told."""

FAR_MORE = 0.01
"""Least increase of the share of rows far from every component."""

LOWER, SURELY = 0.25, 3.29
"""The mean log density must be lower by a quarter of a standard deviation, and by 3.29 standard errors (p < 0.001)."""


@dataclass(frozen=True)
class DataProfile:
    """What is kept of the rows of a table, or of a part of it.  A commutative monoid under `plus`."""

    numbers: Annotated[Mapping[str, NumberDistribution], "The distribution of each measurement."]
    texts: Annotated[Mapping[str, TextDistribution], "The distribution of each category."]
    labels: Annotated[TextDistribution, OwnAxes, "That of the known labels; the others are missing."]
    typicality: Annotated[
        Typicality | None, "How usual the rows are under the mixture `typical`; null where no single one was fitted."
    ] = None
    converted: Annotated[Mapping[str, Floats], NotSaved] = field(default_factory=dict)
    """Of each measurement of new rows, what `count_converted` says; of training rows nothing."""

    def plus(self, other: "DataProfile") -> "DataProfile":
        """Add the rows of another part, counted in the same cells and looked at by the same model."""
        both = self.typicality and other.typicality and self.typicality.plus(other.typicality)
        return DataProfile(
            {name: one.plus(other.numbers[name]) for name, one in self.numbers.items()},
            {name: one.plus(other.texts[name]) for name, one in self.texts.items()},
            self.labels.plus(other.labels),
            both,
            {name: one + other.converted[name] for name, one in self.converted.items()},
        )


class Share(NamedTuple):
    """A share of the rows, None where there are none, in training and in the new file."""

    then: float | None
    now: float | None
    is_more: bool
    """It is larger now, by more than chance and enough to matter."""


class Unseen(NamedTuple):
    """Cells whose text no training row had."""

    rows: int
    share: float
    """of the rows that hold a text"""


@dataclass(frozen=True)
class PredictorDrift:
    """One predictor, in training and in the new file."""

    name: str
    is_number: bool
    psi: Index | None
    """None where there are too few rows"""
    missing: Share
    then: NumberDistribution | None = None
    """None of a category"""
    now: NumberDistribution | None = None
    """None of a category, and where there is no number"""
    unit: Conversion | None = None
    """by which new numbers are explained as training numbers in another unit"""
    unseen: Unseen | None = None
    """None of a measurement, and where there is none"""

    @property
    def has_moved(self) -> bool:
        """Tell whether what the predictor shows is distributed otherwise than in training."""
        return self.unit is not None or (self.psi is not None and self.psi.is_drift)


class Density(NamedTuple):
    """The mean log density of rows that show every feature: natural logarithm, in the data's own units."""

    then: float
    now: float
    sd: float
    """of the training rows"""
    is_lower: bool
    """now, by more than chance and enough to matter"""


class LabelDrift(NamedTuple):
    """Shares of the known labels."""

    shares: Mapping[str, tuple[float, float]]
    """of each label that the model knows: in training, and in the new file"""
    psi: Index


@dataclass(frozen=True)
class Drift:
    """How the rows of a new file differ from the training rows."""

    rows: float
    """of the new file"""
    predictors: tuple[PredictorDrift, ...]
    far: Share
    """rows far from every component of the mixture"""
    density: Density | None
    """None where there is no mixture or too few rows show every feature"""
    labels: LabelDrift | None
    """None where too few labels are known in the new file"""


def compare(training: DataProfile, new: DataProfile) -> Drift:
    """Compare the rows of a new file, counted in the cells of the training rows, with these.

    A predictor that the new file lacks is left out.
    """
    predictors = [*_numbers(training, new), *_texts(training, new)]
    then, now = training.typicality, new.typicality
    far, density = Share(None, None, is_more=False), None
    if then is not None and now is not None:
        far, density = _share(then.far, then.rows, now.far, now.rows, FAR_MORE), _density(then, now)
    return Drift(
        new.labels.total + new.labels.missing, tuple(predictors), far, density, _labels(training.labels, new.labels)
    )


def _numbers(training: DataProfile, new: DataProfile) -> Iterator[PredictorDrift]:
    for name, now in new.numbers.items():
        then = training.numbers[name]
        yield PredictorDrift(
            name,
            is_number=True,
            psi=psi(then.counts, now.counts),
            missing=_missing(then, now),
            then=then,
            now=now if now.total else None,
            unit=unit_factor(then, now, new.converted[name]) if name in new.converted else None,
        )


def _texts(training: DataProfile, new: DataProfile) -> Iterator[PredictorDrift]:
    for name, now in new.texts.items():
        then = training.texts[name]
        unseen = Unseen(now.unseen_rows, now.unseen / now.total) if now.unseen else None
        yield PredictorDrift(
            name, is_number=False, psi=_psi_of_texts(then, now), missing=_missing(then, now), unseen=unseen
        )


def _psi_of_texts(then: TextDistribution, now: TextDistribution) -> Index | None:
    """Compare texts from the most common one on, so that rare ones share a group."""
    order = (-then.counts).argsort(kind="stable")
    return psi(then.counts[order], now.counts[order], now.unseen)


def _missing(then: NumberDistribution | TextDistribution, now: NumberDistribution | TextDistribution) -> Share:
    n_then, n_now = then.total + then.missing, now.total + now.missing
    return _share(then.missing, n_then, now.missing, n_now, MISSING_MORE)


def _share(then: float, n_then: float, now: float, n_now: float, least: float) -> Share:
    return Share(
        then / n_then if n_then else None,
        now / n_now if n_now else None,
        is_more_often(then, n_then, now, n_now, least),
    )


def _density(then: Typicality, now: Typicality) -> Density | None:
    before, after = then.log_density, now.log_density
    if min(before.weight, after.weight) < FEW_ROWS:
        return None
    # The larger deviation: log densities are skewed, and a few rows may happen to scatter little.
    error = max(before.sd, after.sd) * (1.0 / before.weight + 1.0 / after.weight) ** 0.5
    lower_by = before.mean - after.mean
    return Density(before.mean, after.mean, before.sd, lower_by > max(LOWER * before.sd, SURELY * error))


def _labels(then: TextDistribution, now: TextDistribution) -> LabelDrift | None:
    found = _psi_of_texts(then, now)
    if found is None:
        return None
    pairs = zip((then.counts / then.total).tolist(), (now.counts / now.total).tolist(), strict=True)
    return LabelDrift(dict(zip(then.texts, pairs, strict=True)), found)
