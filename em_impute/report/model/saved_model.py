"""The saved model that filled a column, and how far the rows are from its own."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

from em_impute.serialize.annotations import Choices, Count, Positive, Range, Sha256, Share


class Recovered(NamedTuple):
    """How right a model was about labels."""

    rows: Annotated[Count, "Labels compared."]
    accuracy: Annotated[Share, "Share of them for which the most probable label was the true one."]
    log_loss: Annotated[float, Range(0), "Mean −log probability of the true label, in nats."]
    baseline_accuracy: Annotated[Share, "The accuracy of always saying the commonest label of the training."]
    baseline_log_loss: Annotated[float, Range(0), "The log-loss of the labels' shares in the training."]


class LastTable(NamedTuple):
    """A table that a model was fitted to."""

    name: Annotated[str, "What it was called."]
    sha256: Annotated[Sha256, "SHA-256 of its bytes."]
    learnt: Annotated[str, "When the model was fitted to it, in UTC."]


class ShareThenNow(NamedTuple):
    """A share of the rows, in the training and here."""

    then: Annotated[Share | None, "In the training; null where that is not known."]
    now: Annotated[Share | None, "In this table; null where it has no rows, or none that shows a predictor."]


class Span(NamedTuple):
    """Where numbers lie, in the data's own units."""

    median: Annotated[float | None, "The median; null where it lies beyond all rows of the training."]


class PredictorThenNow(NamedTuple):
    """A predictor of the model that the table has."""

    name: Annotated[str, "Its name."]
    type: Annotated[str, Choices({"numeric": "A measurement.", "categorical": "A category."}), "What it is."]
    has_moved: Annotated[bool, "It is distributed otherwise than in the training."]
    psi: Annotated[float | None, Range(0), "Population stability index; null where there are too few rows to judge."]
    psi_limit: Annotated[
        float | None, Range(0), "Beyond it the index says that the distribution has moved; null as `psi`."
    ]
    then: Annotated[Span | None, "Where its numbers lie in the training; null of a category."]
    now: Annotated[
        Span | None,
        "Where its numbers lie in this table; null of a category, and where there is none.",
    ]
    missing: Annotated[ShareThenNow, "Share of the rows that do not show it."]


class DensityThenNow(NamedTuple):
    """Mean natural log density of the rows."""

    then: Annotated[float, "In the training."]
    now: Annotated[float, "In this table."]


class SharesMoved(NamedTuple):
    """Shares of the known labels."""

    psi: Annotated[float, Range(0), "Population stability index."]
    psi_limit: Annotated[float, Range(0), "Beyond it the index says that the shares have changed."]
    shares: Annotated[Mapping[str, ShareThenNow], "Of each label that the model knows."]


class DriftOfRows(NamedTuple):
    """How the rows differ from those of the training."""

    predictors: Annotated[Sequence[PredictorThenNow], "Predictor by predictor."]
    far: Annotated[
        ShareThenNow, "Share of the rows beyond the 99.9 % ellipse of every component of the leading mixture."
    ]
    log_density: Annotated[
        DensityThenNow | None,
        "Mean natural log density, in the data's own units, of the rows that show every predictor; null where there "
        "are too few.",
    ]
    labels: Annotated[SharesMoved | None, "Shares of the known labels; null where too few are known in this table."]


class MovedFeature(NamedTuple):
    """A measurement, counted in bins of one width."""

    feature: Annotated[str, "Its name."]
    edges: Annotated[
        Sequence[float],
        "Where bins end, in the data's own units; what lies further out is in the outermost ones.",
    ]
    then: Annotated[Sequence[Share], "Shares of the rows of the training, bin by bin."]
    now: Annotated[Sequence[Share], "Shares of the rows of this table, bin by bin."]


class AppliedModel(NamedTuple):
    """The saved model that filled the column."""

    path: Annotated[str, "Its path."]
    tables: Annotated[Positive, "Tables that it was fitted to."]
    last: Annotated[LastTable, "The last one of them."]
    rows: Annotated[Count, "Rows of all of them."]
    held_out: Annotated[
        Recovered | None, "How right the fit was about hidden labels, when it was made; null if none was."
    ]
    tested: Annotated[
        Recovered | None,
        "How right the model is about the labels that this table knows; null where there is none, and where it has "
        "been fitted to this very table.",
    ]
    lacking: Annotated[Sequence[str], "Predictors of the model that the table does not have."]
    learns: Annotated[bool, "The model learns from this table too (--update)."]
    expected_wrong: Annotated[
        float, Range(0), "Fills that are wrong if the model's probabilities are right: the sum of 1 − probability."
    ]
    drift: Annotated[DriftOfRows, "How the rows differ from those of the training."]
    moved: Annotated[
        Sequence[MovedFeature], "The measurements that have moved furthest, six at most, the furthest first."
    ]
