"""One category in several spellings: `Yes`, `yes ` and `YES`, `1` and `1.0`."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from em_impute.columns.text_features import fold
from em_impute.table.arrays import least_type
from em_impute.table.categories import MAX_LEVELS, CategoryColumn
from em_impute.table.numbers import parse_number

YES, NO = ("yes", "y", "true", "t", "1"), ("no", "n", "false", "f", "0")


def merge_spellings(category: CategoryColumn, model: Sequence[str] = ()) -> CategoryColumn:
    """Let texts that differ in case or blanks only be one, spelled as most cells are, or as a `model` knows it.

    Of a column with too many texts for a category nothing is changed, unless they are few then.
    """
    found = category.all_texts
    if found is None:
        return category
    code, texts = found
    keys = _keys(model, texts)
    counts = np.bincount(code[code >= 0], minlength=len(texts))
    spelled: dict[str, str] = {}
    for at in np.argsort(-counts, kind="stable").tolist():
        spelled.setdefault(keys[len(model) + at], texts[at])
    spelled |= dict(zip(keys, model, strict=False))
    merged = {text: k for k, text in enumerate(dict.fromkeys(spelled[key] for key in keys[len(model) :]))}
    if len(merged) > MAX_LEVELS or all(
        spelled[key] == text for key, text in zip(keys[len(model) :], texts, strict=True)
    ):
        return category
    place = np.array([*(merged[spelled[key]] for key in keys[len(model) :]), -1], least_type(len(merged)))
    new = place[code]  # −1 takes the last
    return replace(category, code=new, texts=tuple(merged), is_prose=False)


def _keys(model: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Give those of a model, then other texts, a key each that is the same where they mean the same."""
    both = [*model, *texts]
    numbers = map(parse_number, both)
    keys = [text if number is None else f"{number:.15g}" for text, number in zip(fold(both), numbers, strict=True)]
    kinds = set(keys[: len(model)] or keys)
    if kinds <= {*YES, *NO} and not kinds.isdisjoint(YES) and not kinds.isdisjoint(NO):
        return ["yes" if key in YES else "no" if key in NO else key for key in keys]
    return keys
