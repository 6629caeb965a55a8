"""The tables that `speed.py` fills, made from a seed.

pandas is imported late, in the process that makes a table: what starts another process passes its own peak memory on.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHUNK = 100_000
"""Rows that are drawn and written at a time."""

Columns = dict[str, NDArray[np.generic]]
Draw = Callable[[np.random.Generator, int], Columns]
"""Draws the columns of so many rows, the one to fill among them."""


def people(folder: Path, rows: int) -> Path:
    """Write name, gender, height to 0.1 cm: many rows are equal."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        male = rng.random(n) < 0.5
        height = np.round(rng.normal(np.where(male, 178.0, 165.0), 7.0), 1)
        return {"name": _names(n), "gender": _blanked(rng, np.where(male, "M", "F")), "height": height}

    return _write(folder / f"people{rows}.csv", rows, draw)


def measured(folder: Path, rows: int, n_numbers: int) -> Path:
    """Write name, gender and numbers of nine decimals, of which the first two differ: no rows are equal."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        male = rng.random(n) < 0.5
        means = (1.5 * male * (k < 2) for k in range(n_numbers))
        numbers = {"abcdefgh"[k]: np.round(rng.normal(mean, 1.0), 9) for k, mean in enumerate(means)}
        return {"name": _names(n), "gender": _blanked(rng, np.where(male, "M", "F")), **numbers}

    return _write(folder / f"measured{rows}x{n_numbers}.csv", rows, draw)


def mixed(folder: Path, rows: int) -> Path:
    """Write 20 columns as people have them: 8 numbers with gaps, 4 categories, names, dates, notes and codes."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        label = rng.integers(0, 3, n)
        found: Columns = {"id": np.arange(n), "gender": _blanked(rng, np.array(["a", "b", "c"])[label])}
        for k in range(8):
            values = np.round(rng.normal(label * (k < 4), 1.0), 4).astype(object)
            values[rng.random(n) < (0.1 if k % 2 else 0.02)] = ""
            found[f"number{k}"] = values
        for k in range(4):
            found[f"kind{k}"] = np.array(list("uvwxyz"))[(rng.integers(0, 5, n) + (label if k < 2 else 0)) % 6]
        found["name"] = _names(n)
        for k in range(3):
            found[f"note{k}"] = np.char.add("note ", rng.integers(0, 10**6, n).astype(str))
        days = rng.integers(0, 20_000, n).astype("timedelta64[D]")
        found["date"] = (np.datetime64("1970-01-01") + days).astype(str)
        found["code"] = np.char.add("C", rng.integers(0, 2_000, n).astype(str))
        return found

    return _write(folder / f"mixed{rows}.csv", rows, draw)


def labels(folder: Path, rows: int, n_labels: int, n_numbers: int) -> Path:
    """Write a column of many labels and numbers about the centre of each."""
    centre = np.random.default_rng(1).normal(0.0, 2.0, (n_labels, n_numbers))

    def draw(rng: np.random.Generator, n: int) -> Columns:
        label = rng.integers(0, n_labels, n)
        x = np.round(rng.normal(centre[label], 1.0), 4)
        names = np.char.add("label", label.astype(str))
        return {"gender": _blanked(rng, names), **{f"x{k}": x[:, k] for k in range(n_numbers)}}

    return _write(folder / f"labels{rows}x{n_numbers}.csv", rows, draw)


def wide(folder: Path, rows: int, n_numbers: int) -> Path:
    """Write many numbers, of which every tenth differs between the genders."""

    def draw(rng: np.random.Generator, n: int) -> Columns:
        male = rng.random(n) < 0.5
        x = np.round(rng.normal(0.5 * male[:, None] * (np.arange(n_numbers) % 10 == 0), 1.0), 3)
        return {"gender": _blanked(rng, np.where(male, "M", "F")), **{f"x{k}": x[:, k] for k in range(n_numbers)}}

    return _write(folder / f"wide{rows}x{n_numbers}.csv", rows, draw)


def gaps(folder: Path, rows: int, n_numbers: int, n_patterns: int) -> Path:
    """Write numbers of which the rows show one of so many sets."""
    shown = np.random.default_rng(1).random((n_patterns, n_numbers)) < 0.7
    shown[:, 0] = True

    def draw(rng: np.random.Generator, n: int) -> Columns:
        male = rng.random(n) < 0.5
        x = np.round(rng.normal(male[:, None] * (np.arange(n_numbers) < 3), 1.0), 4).astype(object)
        x[~shown[rng.integers(0, n_patterns, n)]] = ""
        return {"gender": _blanked(rng, np.where(male, "M", "F")), **{f"x{k}": x[:, k] for k in range(n_numbers)}}

    return _write(folder / f"gaps{rows}x{n_numbers}.csv", rows, draw)


def _blanked(rng: np.random.Generator, label: NDArray[np.str_]) -> NDArray[np.str_]:
    """Take 30 % of the labels away."""
    return np.where(rng.random(label.size) < 0.3, "", label)


def _names(n: int) -> NDArray[np.str_]:
    return np.char.add("person ", np.char.zfill(np.arange(n).astype(str), 10))


def _write(path: Path, rows: int, draw: Draw) -> Path:
    import pandas as pd

    if path.exists():
        return path
    rng = np.random.default_rng(0)
    with path.open("w", encoding="ascii") as file:
        for first in range(0, rows, CHUNK):
            pd.DataFrame(draw(rng, min(CHUNK, rows - first))).to_csv(file, header=not first, index=False)
    return path
