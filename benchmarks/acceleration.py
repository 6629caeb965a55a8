"""Count the maps (E and M steps) that plain and accelerated EM take from the same start to the same stop rule.

python benchmarks/acceleration.py [--data DIR] [--seeds 3] [--covariance full] [--quick]

Unlabelled fits start at the best of the short runs that a fit without labels begins with, fits with 20 % of the labels
known at the labelled rows, with one draw of these for each seed.  "below" is what the accelerated fit lacks of the
plain one's objective, and of that of plain EM with a tolerance a thousand times less, in units of log-likelihood.
DIR holds index.csv and one CSV a set; without it, and with --quick, the sets are simulated.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from em_impute.columns.deduplicate import merge_equal_rows
from em_impute.em.blocks import Floats, Integers, Rows
from em_impute.em.em import DEFAULT_STOPPING, Problem, Step, Stopping, iterate, make_problem
from em_impute.em.families import FAMILIES, Prior, default_prior
from em_impute.em.mixture import SHORT_RUN, Recipe, fit_mixture, overall_covariance, start_from_labels
from em_impute.em.parameters import Parameters

KNOWN = 0.2
BELOW = 1e-5
"""Log-likelihood by which an optimum is another one."""


class Table(NamedTuple):
    """One set of data."""

    name: str
    x: Floats  # (n_rows, n_features), standardised, NaN where missing
    label: Integers  # (n_rows,), -1 where unknown
    n_labels: int


class Count(NamedTuple):
    """What one comparison found."""

    plain: int
    leaping: int
    below: float


def main() -> None:
    """Compare on every set and print sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--covariance", choices=FAMILIES, default="full")
    parser.add_argument("--quick", action="store_true", help="simulated sets, one seed")
    options = parser.parse_args()
    tables = list(read_tables(options.data) if options.data and not options.quick else simulate_tables())
    n_seeds = 1 if options.quick else options.seeds
    print(f"covariance {options.covariance}, tolerance {DEFAULT_STOPPING.tolerance}, numpy {np.__version__}")
    summarise("no labels", {table.name: compare(table, options.covariance) for table in tables})
    known = [table for table in tables if (table.label >= 0).any()]
    for seed in range(n_seeds):
        found = {table.name: compare(table, options.covariance, seed) for table in known}
        summarise(f"20 % of labels, seed {seed}", found)


def compare(table: Table, covariance: str, seed: int | None = None) -> Count:
    """Fit twice from the same start; without a seed no label is known."""
    problem, start, prior = begin(table, covariance, seed)
    family = FAMILIES[covariance]
    plain = last(iterate(problem, start, family, prior))
    tight = Stopping(DEFAULT_STOPPING.tolerance / 1000, 2 * plain.n_maps + 1000)
    tighter = last(iterate(problem, plain.parameters, family, prior, tight))
    leaping = last(iterate(problem, start, family, prior, accelerate=True))
    return Count(plain.n_maps, leaping.n_maps, max(plain.objective, tighter.objective) - leaping.objective)


def begin(table: Table, covariance: str, seed: int | None) -> tuple[Problem, Parameters, Prior]:
    """Set the problem, its start and its prior as a fit does."""
    n_rows = len(table.x)
    label = np.full(n_rows, -1)
    if seed is not None:
        rng = np.random.default_rng(seed)
        label = np.where(rng.random(n_rows) < KNOWN, table.label, -1)
        for value in range(table.n_labels):  # every label is known once
            if not (label == value).any():
                label[np.flatnonzero(table.label == value)[:1]] = value
    rows, _ = merge_equal_rows(Rows(table.x, label, np.ones(n_rows)))
    component_label = np.arange(table.n_labels)
    prior = default_prior(overall_covariance(rows), float(rows.weight.sum()), table.n_labels, 1.0)
    if seed is None:
        short = Recipe(covariance, stopping=DEFAULT_STOPPING._replace(max_iter=SHORT_RUN), accelerate=False)
        start = fit_mixture(rows, table.n_labels, short).parameters
    else:
        start = start_from_labels(rows, component_label, prior, seed)
    return make_problem(*rows, component_label), start, prior


def summarise(title: str, found: dict[str, Count]) -> None:
    """Print a line a set, the sums and the worst."""
    print(f"\n{title:24s} {'plain':>6} {'leaps':>6} {'ratio':>6} {'below':>9}")
    for name, (plain, leaping, below) in found.items():
        print(f"{name:24s} {plain:6d} {leaping:6d} {leaping / plain:6.2f} {below:9.1e}")
    plain, leaping = (sum(one[i] for one in found.values()) for i in (0, 1))
    worst = max(found, key=lambda name: found[name].leaping / found[name].plain)
    lower = [name for name, one in found.items() if one.below > BELOW]
    print(f"{'sum':24s} {plain:6d} {leaping:6d} {leaping / plain:6.2f}")
    print(
        f"worst {found[worst].leaping / found[worst].plain:.2f} ({worst}); lower optimum: {', '.join(lower) or 'none'}"
    )


def last(steps: Iterator[Step]) -> Step:
    """Follow EM to its end."""
    *_, step = steps
    return step


def simulate_tables() -> Iterator[Table]:
    """Draw Gaussian groups, from well apart to hardly so."""
    for distance in (4.0, 2.5, 1.8):
        for n_features, n_labels in ((1, 2), (2, 3), (5, 3)):
            rng = np.random.default_rng(n_features)
            mean = rng.normal(size=(n_labels, n_features)) * distance / np.sqrt(2 * n_features)
            label = rng.integers(0, n_labels, 1000)
            x = mean[label] + rng.normal(size=(1000, n_features))
            yield Table(f"{n_labels} groups in {n_features}, {distance}", standardise(x), label, n_labels)


def read_tables(folder: Path) -> Iterator[Table]:
    """Read the sets that index.csv names, their numbers only."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        index = list(csv.DictReader(file))
    for row in index:
        frame = pd.read_csv(folder / f"{row['name']}.csv", low_memory=False)
        columns = [name for name in row["numeric"].split(";") if name]
        x = frame[columns].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
        codes = frame[row["target"]].astype("category").cat.codes.to_numpy() if row["target"] else np.full(len(x), -1)
        yield Table(row["name"], standardise(x), codes.astype(np.intp), max(2, int(row["labels"] or 0)))


def standardise(x: Floats) -> Floats:
    """Shift and scale to mean 0 and standard deviation 1; constant columns go."""
    spread = np.nanstd(x, axis=0)
    result: Floats = ((x - np.nanmean(x, axis=0)) / np.where(spread > 0, spread, 1.0))[:, spread > 0]
    return result


if __name__ == "__main__":
    main()
