"""Which columns of a table can be filled, where nobody named any: the categories with gaps."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from em_impute.columns.predictors import MIN_TEXTS, Rejected
from em_impute.table.categories import CategoryColumn
from em_impute.table.number_columns import NumberColumn
from em_impute.table.read import Table


class IncompleteColumns(NamedTuple):
    """The columns with gaps."""

    to_fill: tuple[int, ...]
    left: tuple[Rejected, ...]


NOT_LOOKED_FOR = IncompleteColumns((), ())


def find_incomplete(table: Table, names: Sequence[str], null_values: Collection[str]) -> IncompleteColumns:
    """Divide the columns with gaps into categories, which can be filled, and those that are left, with the reason.

    `table` was read without a column to fill.  Texts that are `null_values` are gaps too.
    """
    to_fill, left = [], []
    for column, numbers in table.numbers.items():
        reason = _why_not(numbers, table.categories.get(column), null_values)
        if reason == "":
            to_fill.append(column)
        elif reason is not None:
            left.append(Rejected(names[column], reason))
    return IncompleteColumns(tuple(to_fill), tuple(left))


def _why_not(numbers: NumberColumn, category: CategoryColumn | None, null_values: Collection[str]) -> str | None:
    """Say why a column with gaps is left; nothing of one that can be filled, and None of one without gaps."""
    if category is None:
        return f"{numbers.n_missing:,} missing, but it holds numbers" if 0 < numbers.n_missing < numbers.size else None
    known = [(text, n) for text, n in zip(category.texts, category.counts.tolist(), strict=True)]
    n_missing = category.n_missing + sum(n for text, n in known if text in null_values)
    n_texts = sum(text not in null_values for text, _ in known)
    if not n_missing:
        return None
    if category.too_many:
        return f"{n_missing:,} missing, but it holds more than {category.limit} different texts"
    return "" if n_texts >= MIN_TEXTS else f"{n_missing:,} missing, but it holds one text only"
