"""What a saved model says of new rows, as values that reports hold: how right it is, and what has moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Annotated, NamedTuple

from em_impute.serialize.annotations import Choices, Count, NotSaved, Range, Share


class Recovered(NamedTuple):
    """How right a model was about labels."""

    rows: Annotated[Count, "Labels compared."]
    accuracy: Annotated[Share, "Share of them for which the most probable label was the true one."]
    log_loss: Annotated[float, Range(0), "Mean −log probability of the true label, in nats."]
    baseline_accuracy: Annotated[Share, "The accuracy of always saying the commonest label of the training."]
    baseline_log_loss: Annotated[float, Range(0), "The log-loss of the labels' shares in the training."]


class ShareThenNow(NamedTuple):
    """A share of the rows, in the training and here."""

    then: Annotated[Share | None, "In the training; null where that is not known."]
    now: Annotated[Share | None, "In this table; null where it has no rows, or none that shows a predictor."]
    is_more: Annotated[bool, NotSaved] = False
    """It is larger now, by more than chance and enough to matter."""


class Span(NamedTuple):
    """Where numbers lie, in the data's own units."""

    median: Annotated[float | None, "The median; null where it lies beyond all rows of the training."]
    lowest: Annotated[float, NotSaved] = nan
    highest: Annotated[float, NotSaved] = nan


@dataclass(frozen=True, kw_only=True)
class PredictorDrift:
    """A predictor of the model that the table has."""

    name: Annotated[str, "Its name."]
    type: Annotated[str, Choices({"numeric": "A measurement.", "categorical": "A category."}), "What it is."]
    has_moved: Annotated[bool, "It is distributed otherwise than in the training."]
    psi: Annotated[float | None, Range(0), "Population stability index; null where there are too few rows to judge."]
    psi_limit: Annotated[
        float | None, Range(0), "Beyond it the index says that the distribution has moved; null as `psi`."
    ]
    then: Annotated[Span | None, "Where its numbers lie in the training; null of a category."] = None
    now: Annotated[Span | None, "Where its numbers lie in this table; null of a category, and where there is none."] = (
        None
    )
    missing: Annotated[ShareThenNow, "Share of the rows that do not show it."]
    other_unit: Annotated[str, NotSaved] = ""
    """How new numbers are explained as training numbers in another unit, such as "10 times larger, as if …"."""
    unseen: Annotated[tuple[int, float] | None, NotSaved] = None
    """Rows whose text no training row had, and their share of those that hold a text."""


class LabelDrift(NamedTuple):
    """Shares of the known labels."""

    psi: Annotated[float, Range(0), "Population stability index."]
    psi_limit: Annotated[float, Range(0), "Beyond it the index says that the shares have changed."]
    shares: Annotated[Mapping[str, ShareThenNow], "Of each label that the model knows."]


class Drift(NamedTuple):
    """How the rows differ from those of the training."""

    predictors: Annotated[Sequence[PredictorDrift], "Predictor by predictor."]
    labels: Annotated[LabelDrift | None, "Shares of the known labels; null where too few are known in this table."]
