"""Why a row is filled so, as values that reports hold."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

from em_impute.serialize.annotations import Range, Share

Cell = float | str


class Contribution(NamedTuple):
    """What a predictor adds."""

    predictors: Annotated[
        Sequence[str],
        "The predictor; texts that are scored together; of very many, in the last item, all that are left.",
    ]
    value: Annotated[Cell | None, "What the row shows; null of predictors that are left, and of other rows of a key."]
    log_odds: Annotated[float, "What it adds to the log-odds of the label, after the predictors above."]


class Counterfactual(NamedTuple):
    """A change of one cell that changes the label."""

    predictor: Annotated[str, "The predictor."]
    value: Annotated[Cell, "What the cell would hold."]
    label: Annotated[str, "The label that would then be the most probable one."]
    probability: Annotated[Share, "How probable it would be."]
    distance: Annotated[float | None, Range(0), "Change of a number in its standard deviations; null of a category."]


class KnownRow(NamedTuple):
    """A row whose label is known."""

    line: Annotated[int, Range(1), "Line of the file on which the row begins, the first being 1."]
    label: Annotated[str, "Its label."]
    distance: Annotated[
        float, Range(0), "Root mean square of the differences, in standard deviations, over what both rows show."
    ]


class RowReasons(NamedTuple):
    """Why one row is filled as it is."""

    line: Annotated[int, Range(1), "Line of the file on which the row begins, the first being 1."]
    known: Annotated[str | None, "The label that the file has; null where it is missing."]
    label: Annotated[str, "The most probable label, by which the row is filled."]
    probability: Annotated[Mapping[str, Share], "How probable each label is."]
    log_odds: Annotated[float, "Log-odds of the label against all others: the base and the contributions together."]
    base_log_odds: Annotated[float, "The same of a row that shows no predictor."]
    contributions: Annotated[
        Sequence[Contribution],
        "The predictors that the row shows, that which says most by itself first; last a key, for what the other rows "
        "of its value say.",
    ]
    changes: Annotated[Sequence[Counterfactual], "What would change the label, the least change of a number first."]
    nearest: Annotated[Sequence[KnownRow], "The most similar rows whose label is known."]
