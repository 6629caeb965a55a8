"""New rows, read for a model that was fitted to others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from em_impute.api.frames import source_of_frame
from em_impute.columns.labels import settle
from em_impute.columns.predictors import refuse_unusable
from em_impute.em.blocks import Floats, Integers
from em_impute.model.predict import Model
from em_impute.options import Request
from em_impute.pipeline.complete import look_at
from em_impute.table.read import Table, read_table

__all__ = ["Reader"]


@dataclass(frozen=True)
class Reader:
    """How rows of a frame are read as the model wants them."""

    model: Model
    names: tuple[str, ...]
    """of the columns that the model's coding counts from 0"""
    target: str
    request: Request
    """by which the model was fitted"""

    def probability(self, columns: Sequence[pd.Series]) -> Floats:
        """Say how probable each label is: (n_rows, n_labels).  `columns` are those called `names`.

        Raises DesignError for cells of numbers that no model can use.
        """
        coding, n_rows = self.model.coding, len(columns[0])
        known = [
            _known_only(column, coding.texts[name]) if name in coding.texts else column
            for name, column in zip(self.names, columns, strict=True)
        ]
        table = self._read(known, self.names, [], coding.columns)
        for feature in coding.features:
            if feature.category is None:
                refuse_unusable(feature.name, table.numbers[coding.column[feature.name]], explicit=True)
        said = self.model.said(table, np.arange(n_rows))
        probability: Floats = said.probability[said.place]
        return probability

    def missing(self, column: pd.Series) -> Integers:
        """Find the rows in which the column to complete is missing: (n_missing,).

        Raises DesignError for a mark that is shaped like the labels, be they in these rows or learnt from.
        """
        target = self._read([column], [self.target], [0], []).targets[0]
        learnt = [label for label in self.model.labels if label not in target.texts]
        counts = np.append(target.counts, np.zeros(len(learnt), target.counts.dtype))
        kinds = settle(self.target, replace(target, texts=(*target.texts, *learnt), counts=counts), self.request)
        is_missing = np.array([text in kinds.missing for text in target.texts], np.bool_)
        return np.flatnonzero(is_missing[target.code])

    def _read(
        self, columns: Sequence[pd.Series], names: Sequence[str], targets: Sequence[int], features: Sequence[int]
    ) -> Table:
        source, dialect = look_at(source_of_frame(columns, names), self.request)
        tokens = frozenset(self.request.null_values)
        return read_table(source, dialect, targets=targets, features=features, explicit=True, null_tokens=tokens)


def _known_only(column: pd.Series, texts: Sequence[str]) -> pd.Series:
    """Empty the cells whose texts are new, which are missing to the model: of very many it would know none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    known = {text.strip() for text in texts}
    return column.astype(object).where(column.map(lambda value: str(value).strip() in known).astype(bool))
