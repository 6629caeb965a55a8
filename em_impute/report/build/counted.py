"""What was counted in all rows of a table, whole or in parts, and the sections that say no more than that."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from em_impute.diagnostics.uncertainty import WRONG_LEVEL, Uncertainty
from em_impute.em.blocks import Integers
from em_impute.model.fills import BANDS, CellCounts
from em_impute.options import Request
from em_impute.report.build.shared import by_name
from em_impute.report.model.findings import ExpectedWrong, ShareEstimate, Totals
from em_impute.report.model.fit import FilledCells, Label, MissingAndFilled, Output, OutputFile, ProbabilityBand
from em_impute.report.model.shared import LabelledCell
from em_impute.table.records import Asides


@dataclass(frozen=True)
class Counted:
    """What was counted in all rows of the table."""

    labels: Sequence[str]
    known: Integers
    """(n_labels,) rows with each label"""
    n_rows: int
    n_missing: int
    tokens: Mapping[str, int]
    cells: CellCounts
    """what became of the missing ones"""
    places_of: Callable[[Integers], Sequence[tuple[str | None, int]]]
    """part and line of rows of the table that was fitted to, which may be a sample"""
    uncertainty: Uncertainty | None = None
    """of these counts; None where nothing was drawn"""
    paths: Sequence[str] = ()
    """of several parts"""
    asides: Sequence[tuple[str, Asides]] = ()
    """lines that are no rows, of each part by its path; that of the only one is empty"""

    @property
    def filled(self) -> Integers:
        """Filled cells by label, (n_labels,)."""
        return np.asarray(self.cells.filled.sum(axis=0))

    @property
    def n_filled(self) -> int:
        """Filled cells."""
        return int(self.cells.filled.sum())


def labels_of(counted: Counted) -> list[Label]:
    """Say of each label what was known and what was filled."""
    n_known, n_rows = int(counted.known.sum()), max(1, counted.n_rows)
    counts = zip(
        counted.labels, counted.known.tolist(), counted.filled.tolist(), counted.cells.expected.tolist(), strict=True
    )
    return [
        Label(
            label=label,
            known=known,
            filled=filled,
            share_known=known / n_known if n_known else None,
            share_expected=(known + expected) / n_rows,
        )
        for label, known, filled, expected in counts
    ]


def missing_of(counted: Counted) -> MissingAndFilled:
    """Say how many cells were missing, and what became of them."""
    return MissingAndFilled(
        cells=counted.n_missing,
        filled=counted.n_filled,
        left_empty=dict(counted.cells.left_empty),
        tokens=dict(counted.tokens),
        without_predictors=counted.cells.n_without_predictors,
    )


def filled_of(counted: Counted, request: Request, *, is_drawn: bool) -> FilledCells | None:
    """Count the filled cells by the probability of their label, with the least certain ones; None where none was."""
    if not counted.n_filled:
        return None
    return FilledCells(
        method="draw" if is_drawn else "map",
        imputations=request.imputations,
        by_band=[
            ProbabilityBand(low, high, sum(row), dict(zip(counted.labels, row, strict=True)))
            for (low, high), row in zip(pairwise(BANDS), counted.cells.filled.tolist(), strict=True)
            if any(row)
        ],
        least_certain=[
            LabelledCell(
                part=counted.paths[one.part] if counted.paths else None,
                line=one.line,
                label=counted.labels[one.label],
                probability=one.probability,
            )
            for one in counted.cells.least
        ],
    )


def output_of(files: Iterable[tuple[str, str, int]]) -> Output | None:
    """Describe what was written, (path, sha256, bytes): the first file by itself, of several each of them."""
    listed = [OutputFile(path=path, sha256=sha256, bytes=size) for path, sha256, size in files]
    if not listed:
        return None
    several = tuple(listed) if len(listed) > 1 else ()
    return Output(path=listed[0].path or None, sha256=listed[0].sha256, bytes=listed[0].bytes, files=several)


def wrong_of(counted: Counted) -> ExpectedWrong:
    """Say how many fills are wrong."""
    found = counted.uncertainty
    if found is None or found.wrong is None:
        return ExpectedWrong(estimate=counted.cells.wrong)
    return ExpectedWrong(
        **found.wrong._asdict(),
        level=WRONG_LEVEL,
        by_probabilities=counted.cells.wrong,
        by_held_out_labels=found.wrong_held_out,
        agree=found.agree,
        unlike_labelled_rows=found.n_beyond,
    )


def totals_of(counted: Counted) -> Totals:
    """Count the rows of each label; where the model was drawn from, with intervals."""
    known, found, labels = counted.known, counted.uncertainty, counted.labels
    expected = by_name(labels, known + counted.cells.expected)
    counts = by_name(labels, known), by_name(labels, known + counted.filled), expected
    if found is None:
        return Totals(*counts)
    shares = None
    if found.shares is not None:
        each = zip(found.shares, found.missing_information.tolist(), strict=True)
        shares = by_name(labels, [ShareEstimate(*one, part) for one, part in each])
    return Totals(*counts, by_name(labels, found.totals), shares, found.recommended)
