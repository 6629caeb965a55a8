"""Simulated files whose rows to fill may be unlike the labelled ones: what is promised of them must hold as well.

`PROMISE` has one world for each way in which they differ, and one where they do not; `OTHER` has worlds of the same
kinds that are made differently and vary from file to file, so that nothing is tuned to a single set of numbers.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from coverage_worlds import LABELS, File, keep_two
from numpy.typing import NDArray

Rng = np.random.Generator
Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]


def make_promise_file(name: str, seed: int) -> File:
    """Draw one file of a world."""
    return (PROMISE | OTHER)[name](np.random.default_rng([seed, zlib.crc32(name.encode())]))


# ---- What the worlds are made of ------------------------------------------------------------------------------------


def draw_rows(
    rng: Rng, n: int, distance: float, columns: int, shares: Sequence[float] = (0.5, 0.5), spread: float = 1.0
) -> tuple[Floats, Integers]:
    """Draw Gaussian classes, each `distance` from the first along a column of its own: (n, columns) and (n,).

    The last class is `spread` times as wide as the others.
    """
    label = rng.choice(len(shares), n, p=shares)
    centre = np.zeros((len(shares), columns))
    for k in range(1, len(shares)):
        centre[k, (k - 1) % columns] = distance
    scale = np.where(label == len(shares) - 1, spread, 1.0)[:, None]
    return centre[label] + scale * rng.standard_normal((n, columns)), label


def lose(rng: Rng, log_odds: Floats) -> Flags:
    """Let every row lose its label by its own chance: (n_rows,)."""
    return rng.random(log_odds.size) < 1.0 / (1.0 + np.exp(-log_odds))


def standard(values: Floats) -> Floats:
    """Express numbers in standard deviations from their mean: (n_rows,)."""
    return (values - values.mean()) / values.std()


def few(rng: Rng, label: Integers, n: int) -> Flags:
    """Hide all labels but `n` of each: (n_rows,)."""
    hidden = np.ones(label.size, dtype=bool)
    for k in range(label.max() + 1):
        hidden[rng.permutation(np.flatnonzero(label == k))[:n]] = False
    return hidden


def copied(rng: Rng, n_records: int) -> Integers:
    """Say which record each row is a copy of, if every record stands there two to six times: (n_rows,)."""
    return rng.permutation(np.repeat(np.arange(n_records), rng.integers(2, 7, n_records)))


def as_file(
    x: Floats,
    label: Integers,
    hidden: Flags,
    names: Sequence[str] = LABELS,
    texts: Mapping[str, NDArray[np.object_]] | None = None,
    digits: int = 3,
) -> File:
    """Write numbers as x1, x2, … and texts beside them; which of them serve as predictors is em-impute's choice."""
    truth = np.array(names, dtype=object)[label]
    numbers = pd.DataFrame(x.round(digits), columns=[f"x{j + 1}" for j in range(x.shape[1])])
    return File(
        numbers.assign(**(texts or {}), label=truth), "label", (), truth, hidden, tuple(names[: label.max() + 1])
    )


# ---- The worlds of the promise --------------------------------------------------------------------------------------


def plain(rng: Rng) -> File:
    """Make nothing odd: half of the labels are missing by chance."""
    x, label = draw_rows(rng, 500, 1.5, 2, (0.6, 0.4))
    return as_file(x, label, keep_two(rng.random(label.size) < 0.5, label, rng))


def by_predictor(rng: Rng) -> File:
    """Let the first predictor decide who lacks a label: log-odds 2.5 a standard deviation."""
    x, label = draw_rows(rng, 500, 1.5, 2, (0.6, 0.4))
    return as_file(x, label, keep_two(lose(rng, 2.5 * standard(x[:, 0])), label, rng))


def code(rng: Rng, known_where_labelled: float, known_where_missing: float) -> File:
    """Add a code that tells the label, mostly known where the label is as well."""
    x, label = draw_rows(rng, 600, 0.9, 1)
    hidden = keep_two(rng.random(label.size) < 0.3, label, rng)
    seen = rng.random(label.size) < np.where(hidden, known_where_missing, known_where_labelled)
    return as_file(np.column_stack([x, np.where(seen, label + 1.0, np.nan)]), label, hidden)


def copies(rng: Rng, noise: float) -> File:
    """Copy each record two to six times, with or without rounding noise; its copies lack the label together."""
    x, label = draw_rows(rng, 150, 1.0, 4, (1 / 3, 1 / 3, 1 / 3))
    lost = keep_two(rng.random(label.size) < 0.3, label, rng)
    of = copied(rng, label.size)
    return as_file(x[of] + noise * rng.standard_normal((of.size, 4)), label[of], lost[of])


def customers(rng: Rng, *, named: bool, n: int = 60, within: float = 0.3) -> File:
    """Give each customer one label and means of its own; whole customers lack the label."""
    mean, label = draw_rows(rng, n, 1.5, 3)
    lost = keep_two(rng.random(n) < 0.4, label, rng)
    of = rng.permutation(np.repeat(np.arange(n), rng.integers(4, 13, n)))
    key = np.array([f"c{i:03}" for i in range(n)], dtype=object)[of]
    x = mean[of] + within * rng.standard_normal((of.size, 3))
    return as_file(x, label[of], lost[of], texts={"customer": key} if named else None)


def by_class(rng: Rng, columns: int) -> File:
    """Let women lose their label at .65, men at .1; the first predictor is their height, the others say less."""
    label = rng.choice(2, 800)
    height = np.where(label == 0, rng.normal(164.0, 6.5, 800), rng.normal(178.0, 7.0, 800))
    others = rng.standard_normal((800, columns - 1)) + 0.7 * label[:, None]
    hidden = keep_two(rng.random(800) < np.where(label == 0, 0.65, 0.1), label, rng)
    return as_file(np.column_stack([height, others]), label, hidden, ("female", "male"), digits=1)


def few_labels(rng: Rng) -> File:
    """Leave twelve labels a class in 260 rows."""
    x, label = draw_rows(rng, 260, 2.0, 2)
    return as_file(x, label, few(rng, label, 12))


PROMISE: dict[str, Callable[[Rng], File]] = {
    "plain": plain,
    "by predictor": by_predictor,
    "code seldom where missing": lambda rng: code(rng, 0.95, 0.05),
    "code never where missing": lambda rng: code(rng, 1.0, 0.0),
    "copies": lambda rng: copies(rng, 0.0),
    "near-copies": lambda rng: copies(rng, 0.002),
    "customers": lambda rng: customers(rng, named=True),
    "by class: 1 column": lambda rng: by_class(rng, 1),
    "by class: 2 columns": lambda rng: by_class(rng, 2),
    "by class: 3 columns": lambda rng: by_class(rng, 3),
    "few labels": few_labels,
}


# ---- Others of their kind -------------------------------------------------------------------------------------------


def text_code(rng: Rng) -> File:
    """Add a code in words that is right nine times in ten, known to nine of ten rows with a label, one without."""
    x, label = draw_rows(rng, rng.integers(300, 900), rng.uniform(0.8, 1.6), 2, (0.6, 0.4))
    hidden = keep_two(rng.random(label.size) < 0.4, label, rng)
    told = np.where(rng.random(label.size) < 0.9, label, 1 - label)
    seen = rng.random(label.size) < np.where(hidden, 0.1, 0.9)
    words = np.where(seen, np.array(["early", "late"], dtype=object)[told], "")
    return as_file(x, label, hidden, texts={"shift": words})


def copies_partly(rng: Rng) -> File:
    """Copy records; of those that lack the label, one in ten has a copy that shows it."""
    x, label = draw_rows(rng, rng.integers(120, 220), rng.uniform(1.0, 1.6), 4, (0.55, 0.45))
    lost = keep_two(rng.random(label.size) < 0.35, label, rng)
    of = copied(rng, label.size)
    hidden = lost[of]
    for record in np.flatnonzero(lost & (rng.random(lost.size) < 0.1)):
        hidden[rng.choice(np.flatnonzero(of == record))] = False
    return as_file(x[of], label[of], hidden)


def gaps(rng: Rng) -> File:
    """Show rows without a label mostly through the first predictor alone, and rows with one through all four."""
    n = rng.integers(400, 900)
    label = rng.choice(2, n, p=(0.6, 0.4))
    x = rng.uniform(0.8, 1.2) * label[:, None] + rng.standard_normal((n, 4))
    hidden = keep_two(rng.random(n) < 0.4, label, rng)
    patterns = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]], dtype=bool)
    of_known, of_missing = rng.choice(4, n, p=(0.7, 0.1, 0.05, 0.15)), rng.choice(4, n, p=(0.1, 0.3, 0.5, 0.1))
    return as_file(np.where(patterns[np.where(hidden, of_missing, of_known)], x, np.nan), label, hidden)


def by_distance(rng: Rng, slope: float) -> File:
    """Let the distance from the middle of all rows decide who lacks a label."""
    x, label = draw_rows(rng, rng.integers(400, 900), rng.uniform(1.4, 2.2), 3, (0.6, 0.4))
    distance = np.sqrt(sum(standard(column) ** 2 for column in x.T))
    return as_file(x, label, keep_two(lose(rng, slope * standard(distance)), label, rng))


def three_by_class(rng: Rng) -> File:
    """Let three classes lose their labels at .15, .5 and .85, whichever has which rate."""
    x, label = draw_rows(rng, rng.integers(500, 1000), rng.uniform(2.0, 3.0), 2, (0.4, 0.35, 0.25))
    rate = rng.permutation([0.15, 0.5, 0.85])
    return as_file(x, label, keep_two(rng.random(label.size) < rate[label], label, rng))


def skewed_by_class(rng: Rng) -> File:
    """Let one of two exponential classes lose its label at .65, the other at .1, whichever has which rate."""
    label = rng.choice(2, rng.integers(500, 1000))
    x = rng.exponential(np.where(label == 1, rng.uniform(3.0, 5.0), 1.0)[:, None], (label.size, 2))
    rate = rng.permutation([0.65, 0.1])
    return as_file(x, label, keep_two(rng.random(label.size) < rate[label], label, rng))


def by_class_and_predictor(rng: Rng) -> File:
    """Let class (log-odds 2) and first predictor (1 a standard deviation) both decide who lacks a label."""
    x, label = draw_rows(rng, rng.integers(500, 1000), rng.uniform(1.8, 2.4), 2)
    return as_file(x, label, keep_two(lose(rng, 2.0 * (label - 0.5) + standard(x[:, 0]) - 0.5), label, rng))


def few_unequal(rng: Rng) -> File:
    """Leave twelve labels a class, with five predictors that vary more in one of the classes."""
    x, label = draw_rows(rng, 260, rng.uniform(1.2, 2.2), 5, spread=1.5)
    return as_file(x, label, few(rng, label, 12))


OTHER: dict[str, Callable[[Rng], File]] = {
    "code in words": text_code,
    "copies with a labelled one": copies_partly,
    "customers without a key": lambda rng: customers(rng, named=False, n=int(rng.integers(40, 90)), within=0.4),
    "gaps by pattern": gaps,
    "far from the middle": lambda rng: by_distance(rng, 1.5),
    "near the middle": lambda rng: by_distance(rng, -1.5),
    "by class: 3 labels": three_by_class,
    "by class: skewed": skewed_by_class,
    "by class and predictor": by_class_and_predictor,
    "few labels: 5 columns": few_unequal,
}
