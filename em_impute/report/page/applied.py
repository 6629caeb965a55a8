"""The section about a saved model that filled the column."""

from collections.abc import Mapping
from typing import Any

from em_impute.report.applied_words import PREDICTOR_HEAD, predictor_rows, sentences
from em_impute.report.page.blocks import Block, Section, Table, glued, name

__all__ = ["the_saved_model"]


def the_saved_model(report: Mapping[str, Any], prefix: str) -> Section | None:
    """Say where the model came from, and whether the rows are still like those it was fitted to."""
    applied = report.get("applied")
    if applied is None:
        return None
    blocks: list[Block] = [glued(sentence) for sentence in sentences(applied)]
    rows = [[name(first), *rest] for first, *rest in predictor_rows(applied["drift"])]
    if rows:
        blocks.append(Table("Predictors here and where the model learnt", PREDICTOR_HEAD, rows))
    return Section(f"{prefix}-saved-model", "The saved model", blocks)
