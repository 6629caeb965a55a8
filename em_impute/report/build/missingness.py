"""Who is missing and why, and how labels were hidden to judge the model."""

from collections.abc import Sequence

import numpy as np

from em_impute.missingness.how_missing import HowMissing
from em_impute.missingness.reasons import AT_RANDOM, BY_CLASS, BY_PREDICTORS, Reasons
from em_impute.missingness.values import DOUBTFUL, Difference
from em_impute.model.column import FittedColumn
from em_impute.report.format import LIKELY, percent
from em_impute.report.model.findings import Missingness, MissingReasons
from em_impute.table.text import shown

ALLOWED_FOR = (
    "Filling allows for labels that are lost at different rates. Only the missing labels could prove that nothing else "
    "decides. The sweep of δ shows what would follow if it does."
)
UNPROVEN = (
    "Filling assumes that among similar rows, missing labels follow the same mix as known ones. Only the missing "
    "labels could prove it. The sweep of δ shows what would follow if not."
)
AS_ASKED = "Filling shifts the odds of missing labels as --delta says. Only the missing labels could prove it."

SURE = 0.9
"""Probability of the class from which on it is said to be the reason; from `DOUBTFUL` on, that it may be.  The
predictors do no harm: it is enough that they are `LIKELY`."""

CERTAIN = 0.999

MOST = 1e6
"""Evidence beyond a million to one is said to be that."""


def missingness_of(fitted: FittedColumn, found: Sequence[Difference] | None, *, is_shifted: bool) -> Missingness | None:
    """Say how rows without a label differ from those with one; None where there are none of one kind."""
    if found is None:
        return None
    reasons, how = reasons_of(fitted), fitted.fitted.how
    evidence = "Rows with and without a label look alike in the other columns."
    if how.missing is None:
        evidence = "There are too few rows of one kind to compare rows with and without a label in the other columns."
    elif how.by_predictors > LIKELY:
        evidence = (
            "Rows with and without a label differ in the other columns. Labels are not missing completely at random; "
            "that alone does no harm, since filling uses these columns."
        )
    allows = reasons is not None and reasons.fills_allow_for_it and reasons.by_class > LIKELY
    return Missingness(
        differences=found,
        reasons=reasons,
        rehearsal=_rehearsal(how),
        sentence=f"{evidence} {AS_ASKED if is_shifted else ALLOWED_FOR if allows else UNPROVEN}",
    )


def reasons_of(found: FittedColumn) -> MissingReasons | None:
    """Say how probable each reason for missing labels is; None where that was not asked or cannot be told."""
    reasons, labels = found.reasons, found.design.labels
    if reasons is None:
        return None
    at_random, by_predictors, by_class = (float(reasons.probability[k]) for k in (AT_RANDOM, BY_PREDICTORS, BY_CLASS))
    named = found.choice.recipe.free_shares
    return MissingReasons(
        at_random=at_random,
        by_predictors=by_predictors,
        by_class=by_class,
        loss_rates=dict(zip(labels, reasons.rate.tolist(), strict=True)),
        fills_allow_for_it=named or found.shifts is not None,
        sentence=_why(reasons, labels, is_named=named),
    )


def _why(reasons: Reasons, labels: tuple[str, ...], *, is_named: bool) -> str:
    low, high = (int(which(reasons.rate)) for which in (np.argmin, np.argmax))
    is_sure = is_named or reasons.by_class > SURE
    may = "" if is_sure else " probably" if reasons.by_class > LIKELY else " perhaps"
    lost = (
        f"Labels of {shown(labels[high])} are{may} lost more often than those of {shown(labels[low])} "
        f"({percent(reasons.rate[high])} against {percent(reasons.rate[low])}"
    )
    if is_named:
        return f"{lost}), as --shares free has it."
    if reasons.by_class > SURE:
        others = reasons.log_evidence[[AT_RANDOM, BY_PREDICTORS]].max()  # the better of them: a Bayes factor
        ratio = np.exp(min(reasons.log_evidence[BY_CLASS] - others, np.log(MOST)))
        sure = f"{float(f'{ratio:.2g}'):,.0f} to 1, {percent(min(reasons.by_class, CERTAIN))} probable"
        return f"{lost}; evidence {sure})."
    if reasons.by_class > DOUBTFUL:
        return f"{lost}); the probability of that is {percent(reasons.by_class)}."
    found, other = "Labels look missing at random", "some are lost more often"
    if reasons.probability[BY_PREDICTORS] > LIKELY:
        found, other = "Which labels are missing depends on the predictors", "it depends on the labels themselves"
    return f"{found}; the probability that {other} is {percent(reasons.by_class)}."


def _rehearsal(how: HowMissing) -> str | None:
    """Say how labels were hidden; None where no label could be."""
    if how.missing is None:
        return None
    ways, clusters = [], how.clusters
    if clusters is not None and clusters.is_near:
        ways.append("rows that are alike together, so that they are as far from labelled rows as rows to fill are")
    elif clusters is not None:
        rows = "copies of a row" if clusters.name is None else f"rows of one {shown(clusters.name)}"
        known, missing = percent(clusters.with_sibling_known), percent(clusters.with_sibling_missing)
        ways.append(f"{rows} together ({known} of labelled rows have a labelled sibling, {missing} of rows to fill)")
    if how.gaps is not None:
        ways.append("with the same gaps as rows to fill")
    if how.by_predictors > LIKELY:
        ways.append("weighted by how much they resemble rows to fill")
    if ways:
        return f"To judge the model, known labels were hidden the way labels are missing: {', '.join(ways)}."
    return "To judge the model, known labels were hidden at random, as labels are missing."
