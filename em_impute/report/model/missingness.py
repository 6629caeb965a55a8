"""The section of a fit report about who is missing, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from em_impute.missingness.values import Difference, Differences
from em_impute.serialize.annotations import Share


class ReasonProbabilities(NamedTuple):
    """How probable each reason for missing labels is."""

    at_random: Annotated[Share, "Any label may be missing."]
    by_predictors: Annotated[Share, "The predictors say which labels are missing."]
    by_class: Annotated[Share, "The label itself says whether it is missing."]


class MissingReasons(NamedTuple):
    """Why labels are missing, weighed by evidence."""

    probability: Annotated[ReasonProbabilities, "Of each reason."]
    loss_rates: Annotated[
        Mapping[str, Share], "Part of each label's rows that has lost it, if the class is the reason."
    ]
    fills_allow_for_it: Annotated[bool, "Fills and totals are averaged over the reasons."]
    sentence: Annotated[str, "What this says, in words."]


class SameCompany(NamedTuple):
    """Rows that lack their labels together were hidden together."""

    column: Annotated[str | None, "The column that says which rows; null of copies of a row."]


class Rehearsal(NamedTuple):
    """How known labels were hidden to judge the model."""

    same_gaps: Annotated[bool, "Hidden rows showed only what rows to fill show."]
    same_company: Annotated[
        SameCompany | None, "Rows that lack their labels together were hidden together; null where none do."
    ]
    same_predictors: Annotated[Share, "Probability that predictors say who lacks a label; hidden rows count so."]
    sentence: Annotated[str, "What this says, in words."]


@dataclass(frozen=True, kw_only=True)
class Missingness(Differences):
    """How rows without a label differ from those with one."""

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
