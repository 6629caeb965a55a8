"""What hidden labels say of probabilities, as values that reports hold: each field says what it means."""

from typing import Annotated, NamedTuple

from em_impute.serialize.annotations import MayLack, Positive, Range, Share

Loss = Annotated[float | None, Range(0), MayLack]


class ReliabilityBin(NamedTuple):
    """Known labels whose most probable label was about as probable."""

    rows: Annotated[Positive, "How many they are."]
    probability: Annotated[Share, "Mean probability that was given to the most probable label."]
    accuracy: Annotated[Share, "Share of them whose most probable label was the true one."]


class Threshold(NamedTuple):
    """What is filled where a label must be so probable."""

    min_probability: Annotated[Share, "Probability that the label must have."]
    share: Annotated[Share, "Share of the rows that is filled."]
    accuracy: Annotated[Share | None, "Share of these whose label is the true one; null where none is filled."]


class HeldOutLosses(NamedTuple):
    """Mean −log probability of hidden labels, in nats, the lower the better."""

    stack: Annotated[Loss, "Of the ensemble."] = None
    single: Annotated[Loss, "Of the mixture shown alone."] = None
    labels_only: Annotated[Loss, "Of the mixture shown without the rows that have no label."] = None
    plain_em: Annotated[Loss, "Of EM with one Gaussian of its own covariance per label."] = None
    majority: Annotated[Loss, "Of the labels' shares."] = None
