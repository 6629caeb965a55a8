"""How sure each fill is: cells by their probability, and those that are least certain."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from em_impute.em.blocks import Integers
from em_impute.model.assign import BANDS, Fills, count_by_band, least_certain
from em_impute.report.fit_report import Section
from em_impute.report.tables import table
from em_impute.report.words import percent

__all__ = ["filled_markdown", "filled_section"]


def filled_section(
    fills: Fills, labels: tuple[str, ...], line_of: Callable[[Integers], np.ndarray], imputations: int = 0
) -> dict[str, Any] | None:
    """Count the filled cells by the probability of their label, and name the least certain; None where none was filled.

    `line_of` tells the physical lines, 1-based, at which rows begin.  Of several `imputations` it counts the first.
    """
    least = least_certain(fills)
    if not least.size:
        return None
    lines = line_of(fills.row[least]).tolist()
    return {
        "method": "draw" if fills.is_drawn else "map",
        "imputations": imputations,
        "by_band": [
            {"low": low, "high": high, "cells": sum(row), "labels": dict(zip(labels, row, strict=True))}
            for (low, high), row in zip(pairwise(BANDS), count_by_band(fills, len(labels)).tolist(), strict=True)
            if any(row)
        ],
        "least_certain": [
            {"line": line, "label": labels[fills.code[at]], "probability": float(fills.probability[at])}
            for line, at in zip(lines, least.tolist(), strict=True)
        ],
    }


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
