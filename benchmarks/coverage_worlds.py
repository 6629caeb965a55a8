"""Simulated files: Gaussian and other classes, their labels missing by chance, by a predictor, or by what they are."""

import zlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LABELS = ("a", "b", "c")


class World(NamedTuple):
    """How the rows of a kind of file come about."""

    rows: int
    labelled: int
    distance: float  # of the means of two labels, in standard deviations
    columns: int
    shares: tuple[float, ...]
    shape: str = "equal"  # "unequal": the second label varies half as much again; "skewed": exponentials of Gaussians
    missing: str = "by chance"  # "by predictor": the first one, log-odds 1 a standard deviation
    odds: float = 0.0  # log-odds by which labels of the first kind are missing more often


WORLDS = {
    "10 a label, 1 column": World(220, 20, 2.0, 1, (0.5, 0.5)),
    "30 a label, 1 column": World(460, 60, 1.2, 1, (0.5, 0.5)),
    "100 of 400, 2 columns, by predictor": World(400, 100, 1.5, 2, (0.6, 0.4), missing="by predictor"),
    "200 of 500, 2 columns": World(500, 200, 1.5, 2, (0.6, 0.4)),
    "300 of 500, 2 columns, by predictor": World(500, 300, 1.5, 2, (0.5, 0.5), missing="by predictor"),
    "100 of 500, 5 columns, unequal": World(500, 100, 1.5, 5, (0.6, 0.4), "unequal"),
    "300 of 600, 2 columns, skewed": World(600, 300, 1.5, 2, (0.6, 0.4), "skewed"),
    "150 of 600, 3 labels": World(600, 150, 2.0, 2, (0.4, 0.35, 0.25)),
}

MNAR_WORLDS = {
    "a missing more often, 1 column": World(600, 300, 1.5, 1, (0.5, 0.5), odds=1.0),
    "a missing more often, 2 columns": World(600, 300, 2.0, 2, (0.6, 0.4), odds=1.5),
    "a missing less often, 2 columns": World(800, 400, 1.5, 2, (0.5, 0.5), odds=-1.0),
}


class File(NamedTuple):
    """A table with labels to hide, and what is true where its rows come from."""

    cells: pd.DataFrame
    target: str
    features: tuple[str, ...]
    truth: NDArray[np.object_]  # (n_rows,) labels
    hidden: NDArray[np.bool_]  # (n_rows,)
    labels: tuple[str, ...]  # of the first two a share and means may be asked for
    share: float = np.nan  # of the first label
    difference: float = np.nan  # of the first column's mean, first label less second


def make_file(name: str, seed: int) -> File:
    """Draw one file of a kind."""
    world = (WORLDS | MNAR_WORLDS)[name]
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    n_labels = len(world.shares)
    label = rng.choice(n_labels, world.rows, p=world.shares)
    centre = np.zeros((n_labels, world.columns))
    for k in range(1, n_labels):
        centre[k, (k - 1) % world.columns] = world.distance
    spread = np.where(np.arange(n_labels) == 1, 1.5, 1.0) if world.shape == "unequal" else np.ones(n_labels)
    x = centre[label] + spread[label][:, None] * rng.standard_normal((world.rows, world.columns))
    mean = centre[:, 0]
    if world.shape == "skewed":
        x, mean = np.exp(x / 2.0), np.exp(centre[:, 0] / 2.0 + 0.125)
    hidden = hide(world, x[:, 0], label, rng)
    names = tuple(f"x{j + 1}" for j in range(world.columns))
    truth = np.array(LABELS, dtype=object)[label]
    cells = pd.DataFrame(x, columns=list(names)).assign(label=truth)
    difference = float(mean[0] - mean[1])
    return File(cells, "label", names, truth, hidden, LABELS[:n_labels], world.shares[0], difference)


def hide(
    world: World, first: NDArray[np.float64], label: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose whose label is missing, (n_rows,): each row by its own chance, but two of every label stay."""
    rate = np.log((world.rows - world.labelled) / world.labelled)
    if world.missing == "by predictor":
        rate = rate + (first - first.mean()) / first.std()
    rate = rate + world.odds * ((label == 0) - 0.5)
    hidden = rng.random(world.rows) < 1.0 / (1.0 + np.exp(-rate))
    return keep_two(hidden, label, rng)


def keep_two(hidden: NDArray[np.bool_], label: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Leave two of every label, where fewer would be left: (n_rows,)."""
    hidden = hidden.copy()
    for k in range(label.max() + 1):
        rows = np.flatnonzero(label == k)
        short = 2 - np.count_nonzero(~hidden[rows])
        if short > 0:
            hidden[rng.choice(rows[hidden[rows]], short, replace=False)] = False
    return hidden


def true_delta(name: str) -> float:
    """Give the log-odds by which the first label is likelier among missing rows than among equal known ones.

    By Bayes' theorem they are those by which it is missing more often.
    """
    return MNAR_WORLDS[name].odds
