"""How rows without a label differ from those with one, as values that reports hold."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from em_impute.serialize.annotations import Choices, Count, MayLack, Range, Share

DOUBTFUL = 0.2
"""Probability of the class below which the fills take labels to be missing at random: twice what is believed of it
beforehand, so that without evidence nothing moves."""


class RowCounts(NamedTuple):
    """Rows by whether they have a label."""

    known: Annotated[Count, "Rows with a label."]
    missing: Annotated[Count, "Rows without one."]


class GroupOfRows(NamedTuple):
    """A group."""

    group: Annotated[str, "What the column holds in its rows."]
    rows: Annotated[Count, "Rows in it."]
    known: Annotated[Count, "Rows in it that have a label."]
    missing: Annotated[Count, "Rows in it that have none."]
    own_weight: Annotated[Share, "Weight of a fit of its own beside that of all rows; 0 where it has none."]


class Side(NamedTuple):
    """What a predictor is in the rows of one kind: a number has a mean, a category shares."""

    share_missing: Annotated[Share, "Share of the rows of this kind in which the predictor is missing."]
    mean: Annotated[float | None, MayLack, "Mean of a number."] = None
    sd: Annotated[float | None, Range(0), MayLack, "Standard deviation of a number."] = None
    shares: Annotated[Mapping[str, Share] | None, MayLack, "Shares of a category's texts."] = None


class Difference(NamedTuple):
    """One predictor in rows with a label and in rows without one."""

    name: Annotated[str, "Name of the predictor."]
    type: Annotated[str, Choices({"numeric": "A number.", "categorical": "A category."}), "What it is."]
    known: Annotated[Side, "In rows with a label."]
    missing: Annotated[Side, "In rows without one."]
    smd: Annotated[float | None, "Mean of missing less known in SDs, of a category a distance; null where undefined."]
    p_value: Annotated[Share | None, "Probability of so large a difference by chance alone; null where `smd` is."]
