"""How sure each fill is: cells by their probability, and those that are least certain."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from em_impute.choose import Fills
from em_impute.engine.blocks import Integers
from em_impute.report.fit_report import Section
from em_impute.report.tables import table
from em_impute.report.words import percent

__all__ = ["filled_markdown", "filled_section", "slices"]

BANDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)

LEAST_CERTAIN = 10
"""Cells that are named: where asking somebody is worth most."""

SLICE = 1 << 18
"""Cells in work at once."""


def filled_section(
    fills: Fills, labels: tuple[str, ...], line_of: Callable[[Integers], np.ndarray]
) -> dict[str, Any] | None:
    """Count the filled cells by the probability of their label, and name the least certain; None where none was filled.

    `line_of` tells the physical lines, 1-based, at which rows begin.
    """
    n_bands, n_labels = len(BANDS) - 1, len(labels)
    count = np.zeros(n_bands * n_labels, np.int64)
    least = np.empty(0, np.intp)
    for some in slices(fills.code.size):  # there may be millions of them
        code, probability = fills.code[some], fills.probability[some]
        filled = np.flatnonzero(code >= 0)
        band = np.searchsorted(BANDS[1:-1], probability[filled], side="right")
        count += np.bincount(band * n_labels + code[filled], minlength=count.size)
        if least.size == LEAST_CERTAIN:
            filled = filled[probability[filled] < fills.probability[least[-1]]]
        least = np.append(least, filled + some.start)
        least = least[np.argsort(fills.probability[least], kind="stable")[:LEAST_CERTAIN]]
    if not least.size:
        return None
    lines = line_of(fills.row[least]).tolist()
    return {
        "by_band": [
            {"low": low, "high": high, "cells": sum(row), "labels": dict(zip(labels, row, strict=True))}
            for (low, high), row in zip(pairwise(BANDS), count.reshape(-1, n_labels).tolist(), strict=True)
            if any(row)
        ],
        "least_certain": [
            {"line": line, "label": labels[fills.code[at]], "probability": float(fills.probability[at])}
            for line, at in zip(lines, least.tolist(), strict=True)
        ],
    }


def slices(n_cells: int) -> list[slice]:
    """Cut some cells into slices that take little memory to work on."""
    return [slice(first, min(first + SLICE, n_cells)) for first in range(0, n_cells, SLICE)]


def filled_markdown(section: Section | None) -> Iterable[str]:
    """Write how sure the fills are, line by line."""
    if section is None:
        return
    yield "## How sure the fills are\n"
    bands = section["by_band"]
    rows = [[f"{one['low']:g} to {one['high']:g}", one["cells"], *one["labels"].values()] for one in reversed(bands)]
    yield from table(["probability", "cells", *bands[0]["labels"]], rows)
    yield "The least certain ones:\n"
    least = [[one["line"], one["label"], percent(one["probability"])] for one in section["least_certain"]]
    yield from table(["line", "label", "probability"], least)
