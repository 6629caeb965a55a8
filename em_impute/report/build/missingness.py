"""Who is missing and why, how labels were hidden to judge the model, and what would follow if labels decided."""

import numpy as np

from em_impute.diagnostics.sensitivity import Sensitivity as Swept
from em_impute.missingness.how_missing import HowMissing
from em_impute.missingness.missingness import Difference as Compared
from em_impute.missingness.missingness import Missingness as Found
from em_impute.missingness.missingness import Side
from em_impute.missingness.reasons import AT_RANDOM, BY_CLASS, BY_PREDICTORS, DOUBTFUL, Reasons
from em_impute.missingness.row_clusters import RowClusters
from em_impute.pipeline.types import ColumnResult
from em_impute.report.format import LIKELY, percent
from em_impute.report.model.missingness import (
    CategorySide,
    Difference,
    LeavesInterval,
    Missingness,
    MissingReasons,
    NumberSide,
    ReasonProbabilities,
    Rehearsal,
    SameCompany,
    Sensitivity,
    Sweep,
    Tipping,
)
from em_impute.report.model.shared import RowCounts
from em_impute.table.text import shown

ALLOWED_FOR = (
    "Fills allow for labels that are lost at a rate of their own. The data cannot prove that nothing else decides: "
    "the sweep of δ shows what would follow."
)
UNPROVEN = (
    "Filling takes it that, at equal predictors, missing and known rows hold the same mix of labels. The data cannot "
    "prove this: the labels that would are the missing ones. The sweep of δ shows what would follow if it were not so."
)

CHANCE = 0.5
"""Area under the ROC curve of a score that means nothing."""

SURE = 0.9
"""Probability of the class from which on it is said to be the reason; from `DOUBTFUL` on, that it may be.  The
predictors do no harm: it is enough that they are `LIKELY`."""

CERTAIN = 0.999

LARGEST_LOG, MOST = 13.8, 1e6
"""Evidence beyond a million to one is said to be that."""


def missingness_of(completion: ColumnResult) -> Missingness | None:
    """Say how rows without a label differ from those with one; None where there are none of one kind."""
    found = completion.diagnostics.missingness if completion.diagnostics else None
    if found is None:
        return None
    reasons = reasons_of(completion)
    allows = reasons is not None and reasons.fills_allow_for_it and reasons.probability.by_class > LIKELY
    return Missingness(
        rows=RowCounts(known=found.n_known, missing=found.n_missing),
        looked_at=RowCounts(known=found.known_looked_at, missing=found.missing_looked_at),
        differences=[_difference(one) for one in found.differences],
        auc=found.auc,
        auc_interval=found.auc_interval,
        reasons=reasons,
        rehearsal=_rehearsal(completion.how),
        sentence=f"{_evidence(found)} {ALLOWED_FOR if allows else UNPROVEN}",
    )


def reasons_of(completion: ColumnResult) -> MissingReasons | None:
    """Say how probable each reason for missing labels is; None where that was not asked or cannot be told."""
    reasons, design = completion.reasons, completion.design
    if reasons is None or design is None:
        return None
    at_random, by_predictors, by_class = (float(reasons.probability[k]) for k in (AT_RANDOM, BY_PREDICTORS, BY_CLASS))
    named = completion.choice is not None and completion.choice.recipe.free_shares
    return MissingReasons(
        probability=ReasonProbabilities(at_random=at_random, by_predictors=by_predictors, by_class=by_class),
        loss_rates=dict(zip(design.labels, reasons.rate.tolist(), strict=True)),
        fills_allow_for_it=named or completion.shifts is not None,
        sentence=_why(reasons, design.labels, is_named=named),
    )


def sensitivity_of(swept: Swept | None) -> Sensitivity | None:
    """Say what the completed column would hold under shifts of a label's log-odds."""
    if swept is None:
        return None
    return Sensitivity(
        deltas=swept.deltas,
        sweeps=[
            Sweep(
                label=one.label,
                share=one.share.tolist(),
                interval=one.interval,
                leaves_interval=LeavesInterval(below=one.leaves[0], above=one.leaves[1]),
            )
            for one in swept.sweeps
        ],
        most_common=swept.most_common,
        tipping=None if swept.tipping is None else Tipping(**swept.tipping._asdict()),
        labels_left_out=swept.left_out,
        sentence=_consequence(swept),
    )


def _difference(one: Compared) -> Difference:
    return Difference(
        name=one.name,
        type=one.kind,
        known=_side(one.known),
        missing=_side(one.missing),
        smd=one.smd,
        ks=one.ks,
        p_value=one.p_value,
    )


def _side(side: Side) -> NumberSide | CategorySide:
    if side.shares is not None:
        return CategorySide(shares=dict(side.shares), share_missing=side.missing)
    return NumberSide(mean=side.mean, sd=side.sd, share_missing=side.missing)


def _evidence(found: Found) -> str:
    if found.auc is None or found.auc_interval is None:
        return "There are too few rows of one kind to tell whether missing and known rows differ in their predictors."
    low, high = found.auc_interval
    seen = f"AUC {found.auc:.2f}, 95 %: {low:.2f} to {high:.2f}"
    if low > CHANCE:
        return (
            f"Missing and known rows differ in their predictors ({seen}; 0.5 is chance): labels are not missing "
            "completely at random. That alone does no harm, since filling goes by the predictors."
        )
    return f"Missing and known rows are not seen to differ in their predictors ({seen}; 0.5 is chance)."


def _consequence(swept: Swept) -> str:
    if swept.tipping is None:
        return f"No δ within ±5 for one label makes another one than {swept.most_common} the most common label."
    label, delta, other = swept.tipping
    return (
        f"{swept.most_common} is the most common label of the completed column; beyond δ = {delta:.2f} for "
        f"{label} it would be {other}."
    )


def _why(reasons: Reasons, labels: tuple[str, ...], *, is_named: bool) -> str:
    low, high = (int(which(reasons.rate)) for which in (np.argmin, np.argmax))
    lost = (
        f"labels of {shown(labels[high])} are lost more often than those of {shown(labels[low])} "
        f"({percent(reasons.rate[high])} against {percent(reasons.rate[low])}"
    )
    if is_named:
        return f"As --shares free has it, {lost})."
    if reasons.by_class > SURE:
        sure = f"evidence {_ratio(reasons)} to 1, {percent(min(reasons.by_class, CERTAIN))} probable"
        return f"{lost[0].upper()}{lost[1:]}; {sure})."
    if reasons.by_class > DOUBTFUL:
        return f"It is {percent(reasons.by_class)} probable that {lost})."
    if reasons.probability[BY_PREDICTORS] > LIKELY:
        return (
            "Which labels are missing depends on the predictors; that it depends on the labels themselves is "
            f"{percent(reasons.by_class)} probable."
        )
    return f"Labels look missing at random; that some are lost more often is {percent(reasons.by_class)} probable."


def _ratio(reasons: Reasons) -> str:
    """Give the evidence for the class against the better of the other two reasons (Bayes factor)."""
    others = max(float(reasons.log_evidence[k]) for k in (AT_RANDOM, BY_PREDICTORS))
    log_ratio = float(reasons.log_evidence[BY_CLASS]) - others
    if log_ratio > LARGEST_LOG:
        return f"{MOST:,.0f}"
    return f"{float(f'{np.exp(log_ratio):.2g}'):,.0f}"


def _rehearsal(how: HowMissing | None) -> Rehearsal | None:
    """Say how labels were hidden; None where no label could be."""
    if how is None or how.missing is None:
        return None
    return Rehearsal(
        same_gaps=how.gaps is not None,
        same_company=None if how.clusters is None else SameCompany(column=how.clusters.name),
        same_predictors=how.by_predictors,
        sentence=_hidden(how),
    )


def _hidden(how: HowMissing) -> str:
    ways = []
    if how.clusters is not None:
        ways.append(_together(how.clusters))
    if how.gaps is not None:
        ways.append("they showed only what rows to fill show")
    if how.by_predictors > LIKELY:
        ways.append("they count the more, the more they are like rows to fill")
    if not ways:
        return "Known labels were hidden at random to judge the model, as labels are missing."
    return f"Known labels were hidden to judge the model the way labels are missing: {', and '.join(ways)}."


def _together(company: RowClusters) -> str:
    rows = "copies of a row" if company.name is None else f"rows of one {shown(company.name)}"
    known, missing = percent(company.with_sibling_known), percent(company.with_sibling_missing)
    return f"{rows} together (of rows with a label {known} have a labelled sibling, of rows to fill {missing})"
