"""How known labels were hidden to judge the model, in words: the way labels are missing."""

from typing import Any

from em_impute.missingness.company import Company
from em_impute.missingness.rehearsal import HowMissing
from em_impute.report.reasons import LIKELY
from em_impute.report.words import percent
from em_impute.table.text import shown

__all__ = ["rehearsal_section"]


def rehearsal_section(how: HowMissing | None) -> dict[str, Any] | None:
    """Say how labels were hidden; None where no label could be."""
    if how is None or how.missing is None:
        return None
    company = how.company
    return {
        "same_gaps": how.gaps is not None,
        "same_company": None
        if company is None
        else {
            "column": company.name,
            "with_labelled_sibling": {"known": company.with_sibling_known, "missing": company.with_sibling_missing},
            "hidden_whole": company.kept_whole,
        },
        "same_predictors": how.by_predictors,
        "sentence": _sentence(how),
    }


def _sentence(how: HowMissing) -> str:
    ways = []
    if how.company is not None:
        ways.append(_together(how.company))
    if how.gaps is not None:
        ways.append("they showed only what rows to fill show")
    if how.by_predictors > LIKELY:
        ways.append("they count the more, the more they are like rows to fill")
    if not ways:
        return "Known labels were hidden at random to judge the model, as labels are missing."
    return f"Known labels were hidden to judge the model the way labels are missing: {', and '.join(ways)}."


def _together(company: Company) -> str:
    rows = "copies of a row" if company.name is None else f"rows of one {shown(company.name)}"
    known, missing = percent(company.with_sibling_known), percent(company.with_sibling_missing)
    return f"{rows} together (of rows with a label {known} have a labelled sibling, of rows to fill {missing})"
