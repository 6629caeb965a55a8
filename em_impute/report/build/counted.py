"""What was counted in all rows of a table, whole or in parts, and the sections that say no more than that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.model.assign import BANDS
from em_impute.options import Request
from em_impute.report.model.fit import FilledCells, Label, MissingAndFilled, Output, OutputFile, ProbabilityBand
from em_impute.report.model.shared import LabelledCell


@dataclass(frozen=True)
class Counted:
    """What was counted in all rows of the table."""

    labels: Sequence[str]
    known: Sequence[int]
    """rows with each label"""
    n_rows: int
    n_missing: int
    tokens: Mapping[str, int]
    by_band: np.ndarray
    """(n_bands, n_labels) filled cells"""
    expected: Floats
    """(n_labels,) of the missing cells"""
    wrong: float
    """what the probabilities of the fills leave to be wrong"""
    left_empty: Mapping[str, int]
    lowest: float
    n_without_predictors: int

    @property
    def filled(self) -> Integers:
        """Filled cells by label, (n_labels,)."""
        counts: Integers = self.by_band.sum(axis=0)
        return counts

    @property
    def n_filled(self) -> int:
        """Filled cells."""
        return int(self.by_band.sum())


def labels_of(counted: Counted) -> tuple[Label, ...]:
    """Say of each label what was known and what was filled."""
    n_known, n_rows = sum(counted.known), max(1, counted.n_rows)
    rows = zip(counted.labels, counted.known, counted.filled.tolist(), counted.expected.tolist(), strict=True)
    return tuple(
        Label(
            label=label,
            known=known,
            filled=filled,
            share_known=known / n_known if n_known else None,
            share_expected=(known + expected) / n_rows,
        )
        for label, known, filled, expected in rows
    )


def missing_of(counted: Counted) -> MissingAndFilled:
    """Say how many cells were missing, and what became of them."""
    return MissingAndFilled(
        cells=counted.n_missing,
        filled=counted.n_filled,
        left_empty=dict(counted.left_empty),
        tokens=dict(counted.tokens),
        lowest_probability=counted.lowest if counted.n_filled else None,
        without_predictors=counted.n_without_predictors,
    )


def filled_of(
    counted: Counted, least: Sequence[LabelledCell], request: Request, *, is_drawn: bool = False
) -> FilledCells | None:
    """Count the filled cells by the probability of their label, with the least certain ones; None where none was."""
    if not counted.n_filled:
        return None
    return FilledCells(
        method="draw" if is_drawn else "map",
        imputations=request.imputations,
        by_band=[
            ProbabilityBand(low=low, high=high, cells=sum(row), labels=dict(zip(counted.labels, row, strict=True)))
            for (low, high), row in zip(pairwise(BANDS), counted.by_band.tolist(), strict=True)
            if any(row)
        ],
        least_certain=least,
    )


def output_of(files: Iterable[tuple[str | None, str, int]]) -> Output | None:
    """Describe what was written, (path, sha256, bytes): the first file by itself, of several each of them."""
    listed = [OutputFile(path=path or "", sha256=sha256, bytes=size) for path, sha256, size in files]
    if not listed:
        return None
    first = listed[0]
    several = tuple(listed) if len(listed) > 1 else ()
    return Output(path=first.path or None, sha256=first.sha256, bytes=first.bytes, files=several)
