"""The sections of a fit report about who is missing, and what would follow if labels were missing by their class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from em_impute.report.model.shared import Ends, RowCounts
from em_impute.serialize.annotations import Choices, Count, Range, Share


@dataclass(frozen=True, kw_only=True)
class NumberSide:
    """What a number is in the rows of one kind."""

    mean: Annotated[float | None, "Mean; null where no cell is seen."]
    sd: Annotated[float | None, Range(0), "Standard deviation; null where no cell is seen."]
    share_missing: Annotated[Share, "Share of the rows of this kind in which the predictor is missing."]


@dataclass(frozen=True, kw_only=True)
class CategorySide:
    """What a category is in the rows of one kind."""

    shares: Annotated[Mapping[str, Share], "Shares of the cells that are seen, by text."]
    share_missing: Annotated[Share, "Share of the rows of this kind in which the predictor is missing."]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One predictor in rows with a label and in rows without one."""

    name: Annotated[str, "Name of the predictor."]
    type: Annotated[str, Choices({"numeric": "A number.", "categorical": "A category."}), "What it is."]
    known: Annotated[NumberSide | CategorySide, "In rows with a label."]
    missing: Annotated[NumberSide | CategorySide, "In rows without one."]
    smd: Annotated[
        float | None,
        "Mean of the missing less that of the known, in standard deviations, and of a category the distance of the "
        "shares in such units; null where one kind shows no cell, or where nothing varies within the kinds.",
    ]
    ks: Annotated[
        Share | None,
        "Largest distance of the two distribution functions (Kolmogorov–Smirnov); null of a category, which has no "
        "order.",
    ]
    p_value: Annotated[
        Share,
        "Probability of a difference as large where both kinds of rows have one distribution (Kolmogorov–Smirnov, of "
        "a category χ²).",
    ]


@dataclass(frozen=True, kw_only=True)
class ReasonProbabilities:
    """How probable each reason for missing labels is."""

    at_random: Annotated[Share, "Any label may be missing."]
    by_predictors: Annotated[Share, "The predictors say which labels are missing."]
    by_class: Annotated[Share, "The label itself says whether it is missing."]


@dataclass(frozen=True, kw_only=True)
class MissingReasons:
    """Why labels are missing, weighed by evidence."""

    probability: Annotated[ReasonProbabilities, "Of each reason."]
    loss_rates: Annotated[
        Mapping[str, Share], "Part of each label's rows that has lost it, if the class is the reason."
    ]
    fills_allow_for_it: Annotated[bool, "Fills and totals are averaged over the reasons."]
    sentence: Annotated[str, "What this says, in words."]


@dataclass(frozen=True, kw_only=True)
class SameCompany:
    """Rows that lack their labels together were hidden together."""

    column: Annotated[str | None, "The column that says which rows; null of copies of a row."]


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """How known labels were hidden to judge the model."""

    same_gaps: Annotated[bool, "Hidden rows showed only what rows to fill show."]
    same_company: Annotated[
        SameCompany | None, "Rows that lack their labels together were hidden together; null where none do."
    ]
    same_predictors: Annotated[Share, "Probability that predictors say who lacks a label; hidden rows count so."]
    sentence: Annotated[str, "What this says, in words."]


@dataclass(frozen=True, kw_only=True)
class Missingness:
    """How rows without a label differ from those with one."""

    rows: Annotated[RowCounts, "Rows of either kind, of those that count."]
    looked_at: Annotated[RowCounts, "Those of them that were drawn and compared."]
    differences: Annotated[Sequence[Difference], "Every predictor."]
    auc: Annotated[
        Share | None,
        "Area under the ROC curve of telling missing from known by the predictors, 0.5 being chance; null with fewer "
        "than five rows of a kind.",
    ]
    auc_interval: Annotated[Ends | None, "95 % interval of the area; null where there is none."]
    reasons: Annotated[
        MissingReasons | None,
        "Why labels are missing, weighed by evidence; null with --shares common, or where it cannot be told.",
    ]
    rehearsal: Annotated[Rehearsal | None, "How known labels were hidden to judge the model; null where none could be."]
    sentence: Annotated[str, "What this says, in words."]

    @property
    def by_difference(self) -> list[Difference]:
        """The predictors, those that differ most first; of those of which that cannot be told, the order stays."""
        return sorted(self.differences, key=lambda one: -1.0 if one.smd is None else abs(one.smd), reverse=True)


@dataclass(frozen=True, kw_only=True)
class LeavesInterval:
    """Where a share leaves its interval."""

    below: Annotated[float | None, "δ below which it is lower; null where none within ±5 is."]
    above: Annotated[float | None, "δ above which it is higher; null where none within ±5 is."]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A label, its odds shifted by each δ."""

    label: Annotated[str, "The label."]
    share: Annotated[Sequence[Share], "Its expected share of all rows, δ by δ."]
    interval: Annotated[Ends | None, "95 % interval of its share at δ = 0; null where --delta is given."]
    leaves_interval: Annotated[LeavesInterval, "Where its share leaves that interval."]


@dataclass(frozen=True, kw_only=True)
class Tipping:
    """The smallest shift that makes another label the most common."""

    label: Annotated[str, "The label whose odds are shifted."]
    delta: Annotated[float, "The shift δ of its log-odds."]
    most_common: Annotated[str, "What becomes the most common label."]


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What the completed column would hold if labels were missing more often in one class than in another."""

    deltas: Annotated[Sequence[float], "Shifts δ of a label's log-odds in the missing rows that were looked at."]
    sweeps: Annotated[Sequence[Sweep], "Each label that was shifted: one of two, of more the twelve most common."]
    most_common: Annotated[str, "The most common label of the completed column, by expected rows at δ = 0."]
    tipping: Annotated[
        Tipping | None, "The smallest shift that makes another label the most common; null where none within ±5 does."
    ]
    labels_left_out: Annotated[Count, "Less common labels that were not shifted."]
    sentence: Annotated[str, "What this says, in words."]
