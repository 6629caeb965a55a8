"""The saved model that filled a column, and how far the rows are from its own."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from em_impute.saved_model.values import Drift, Recovered
from em_impute.serialize.annotations import Count, Positive, Range, Sha256


class LastTable(NamedTuple):
    """A table that a model was fitted to."""

    name: Annotated[str, "What it was called."]
    sha256: Annotated[Sha256, "SHA-256 of its bytes."]
    learnt: Annotated[str, "When the model was fitted to it, in UTC."]


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
    expected_wrong: Annotated[
        float, Range(0), "Fills that are wrong if the model's probabilities are right: the sum of 1 − probability."
    ]
    drift: Annotated[Drift, "How the rows differ from those of the training."]
