"""How often is drift told where there is none, and how often where there is?  Simulated files.

    python benchmarks/drift.py [--runs 2000] [--seed 0]
    python benchmarks/drift.py --quick

alarms      columns of the same distribution in training and in the new file: how often the index says drift
files       whole files like the training rows, of three measurements, a category and two labels: how often anything is
            warned about
detection   a normal column whose mean or spread has moved: how often the index says drift, and beside it how often
            Kolmogorov and Smirnov's test would at p < 0.001
units       columns in another unit: how often it is found, and another is named; and mere drifts taken for another unit

Each figure is a percentage of `--runs` pairs of files; its standard error is at most 50/√runs points.
"""

import argparse
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov

from em_impute.em.parameters import Parameters
from em_impute.saved_model.distributions import (
    Conversion,
    NumberDistribution,
    TextDistribution,
    count_numbers,
    describe_numbers,
    distances,
    unit_factor,
)
from em_impute.saved_model.drift import CHANCE, DataProfile, compare, drift_warnings, psi

Numbers = NDArray[np.float64]
Column = Callable[[np.random.Generator, int], Numbers]

KINDS: dict[str, Column] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "Poisson(3)": lambda rng, n: rng.poisson(3, n).astype(float),
    "0 or 1, 3 %": lambda rng, n: (rng.random(n) < 0.03).astype(float),
    "60 % nought": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.exponential(size=n)),
}
SIZES = (20, 50, 200, 2000, 10_000)

SHIFTS: dict[str, Column] = {
    "mean + 0.25 SD": lambda rng, n: rng.normal(0.25, 1.0, n),
    "mean + 0.5 SD": lambda rng, n: rng.normal(0.5, 1.0, n),
    "mean + 1 SD": lambda rng, n: rng.normal(1.0, 1.0, n),
    "mean + 2 SD": lambda rng, n: rng.normal(2.0, 1.0, n),
    "SD × 1.5": lambda rng, n: rng.normal(0.0, 1.5, n),
    "SD × 2": lambda rng, n: rng.normal(0.0, 2.0, n),
}

UNITS: dict[str, tuple[Column, float, float]] = {
    "heights, cm → m": (lambda rng, n: rng.normal(170, 10, n), 0.01, 0.0),
    "heights, in → cm": (lambda rng, n: rng.normal(67, 4, n), 2.54, 0.0),
    "heights, m → ft": (lambda rng, n: rng.normal(1.7, 0.1, n), 1 / 0.3048, 0.0),
    "weights, lb → kg": (lambda rng, n: rng.lognormal(5.06, 0.22, n), 0.45359237, 0.0),
    "weights, kg → g": (lambda rng, n: rng.lognormal(4.27, 0.22, n), 1000.0, 0.0),
    "prices, × 100": (lambda rng, n: rng.lognormal(3.0, 0.8, n), 100.0, 0.0),
    "around 0, × 100": (lambda rng, n: rng.normal(0.0, 1.0, n), 100.0, 0.0),
    "around 0, ÷ 100": (lambda rng, n: rng.normal(0.0, 1.0, n), 0.01, 0.0),
    "weather, °F → °C": (lambda rng, n: rng.normal(54, 16, n), 1 / 1.8, -32 / 1.8),
}
DRIFTS: dict[str, tuple[Column, Column]] = {
    "normal, + 2 SD": (lambda rng, n: rng.normal(3, 1, n), lambda rng, n: rng.normal(5, 1, n)),
    "normal, − 2 SD": (lambda rng, n: rng.normal(3, 1, n), lambda rng, n: rng.normal(1, 1, n)),
    "normal, SD × 1.5": (lambda rng, n: rng.normal(3, 1, n), lambda rng, n: rng.normal(3, 1.5, n)),
    "lognormal, + 2 SD": (lambda rng, n: rng.lognormal(0, 0.5, n), lambda rng, n: rng.lognormal(1, 0.5, n)),
}
NEW_SIZES = (12, 20, 50, 200, 2000)

MIXTURE = Parameters(np.array([0.4, 0.6]), np.array([[-0.8] * 3, [0.6] * 3]), np.full((2, 3, 3), 0.2) + 0.4 * np.eye(3))
TEXTS, LABELS = ("a", "b", "c"), ("x", "y")


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the runs, to see that it works")
    options = parser.parse_args()
    runs, rng = options.runs // (50 if options.quick else 1), np.random.default_rng(options.seed)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, `python {' '.join(sys.argv)}`, Python {platform.python_version()}, {versions}"
    )
    for table in (alarms, files, detection, units):
        print(f"\n## {table.__name__}\n")
        for line in table(rng, runs):
            print(line, flush=True)


def alarms(rng: np.random.Generator, runs: int) -> Iterator[str]:
    """Tell how often nothing is called drift."""
    yield from head("rows in training, new", KINDS)
    for n in SIZES:
        for m in SIZES:
            shares = [share(is_drift(one(rng, n), one(rng, m)) for _ in range(runs)) for one in KINDS.values()]
            yield row(f"{n:,}, {m:,}", shares)


def files(rng: np.random.Generator, runs: int) -> Iterator[str]:
    """Tell how often a file like the training rows is warned about."""
    yield from head("rows in training, new", ["any warning"])
    for n, m in ((200, 20), (200, 200), (2000, 20), (2000, 200), (2000, 2000)):
        yield row(f"{n:,}, {m:,}", [share(bool(warned(rng, n, m)) for _ in range(runs))])


def detection(rng: np.random.Generator, runs: int) -> Iterator[str]:
    """Tell how often a change is called drift by the index, and by Kolmogorov and Smirnov's test."""
    yield from head("2,000 rows in training, new", SHIFTS)
    for m in (*NEW_SIZES[1:], 10_000):
        pairs = [
            [counted(rng.normal(size=2000), new(rng, m)) for _ in range(max(1, runs // 5))] for new in SHIFTS.values()
        ]
        yield row(f"{m:,}", [share(psi_says(*pair) for pair in some) for some in pairs])
        yield row(f"{m:,}, KS", [share(ks_says(*pair) for pair in some) for some in pairs])


def units(rng: np.random.Generator, runs: int) -> Iterator[str]:
    """Tell how often a unit is found, and how often a wrong one is named."""
    yield from head("2,000 rows in training; right / wrong", [f"{m:,} new" for m in NEW_SIZES])
    for name, (column, factor, offset) in UNITS.items():
        cells = []
        for m in NEW_SIZES:
            found = [unit(column(rng, 2000), factor * column(rng, m) + offset) for _ in range(max(1, runs // 5))]
            named = [one for one in found if one is not None]
            right = sum(bool(np.isclose(one.factor, factor) and np.isclose(one.offset, offset)) for one in named)
            cells.append(f"{100 * right / len(found):.0f} / {100 * (len(named) - right) / len(found):.0f}")
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield from head("2,000 rows in training; taken for a unit", [f"{m:,} new" for m in NEW_SIZES])
    for name, (then, now) in DRIFTS.items():
        yield row(name, [share(unit(then(rng, 2000), now(rng, m)) is not None for _ in range(runs)) for m in NEW_SIZES])


def counted(training: Numbers, new: Numbers) -> tuple[Numbers, Numbers]:
    """Count both in the cells of the training rows."""
    described = describe_numbers(training)
    return described.counts, count_numbers(described.edges, new).counts


def is_drift(training: Numbers, new: Numbers) -> bool:
    """Ask the index."""
    return psi_says(*counted(training, new))


def psi_says(expected: Numbers, observed: Numbers) -> bool:
    """Ask the index of counts."""
    found = psi(expected, observed)
    return found is not None and found[0] > found[1]


def ks_says(expected: Numbers, observed: Numbers) -> bool:
    """Ask the test of Kolmogorov and Smirnov, at the argument as Stephens (1970) corrects it."""
    root = (1.0 / expected.sum() + 1.0 / observed.sum()) ** -0.5
    return bool(kolmogorov((root + 0.12 + 0.11 / root) * max(distances(expected, observed))) < CHANCE)


def unit(training: Numbers, new: Numbers) -> Conversion | None:
    """Ask for the unit."""
    described = describe_numbers(training)
    return unit_factor(described, count_numbers(described.edges, new), new)


def warned(rng: np.random.Generator, n: int, m: int) -> list[tuple[str, str]]:
    """Make a training file and a new one alike, a tenth of the measurements missing, and compare them."""
    then, now = (people(rng, size) for size in (n, m))
    training = summary(*then, [describe_numbers(column) for column in then[0].T])
    columns = zip(training.numbers.values(), now[0].T, strict=True)
    numbers = [count_numbers(cells.edges, column) for cells, column in columns]
    return drift_warnings(compare(training, summary(*now, numbers)))


def people(rng: np.random.Generator, n: int) -> tuple[Numbers, Numbers, Numbers]:
    """Draw measurements, (n, 3), and how many rows have each text and each label."""
    component = (rng.random(n) < MIXTURE.weight[1]).astype(int)
    noise = rng.multivariate_normal(np.zeros(3), MIXTURE.covariance[0], n)
    x = MIXTURE.mean[component] + noise
    x[rng.random(x.shape) < 0.1] = np.nan
    known = component[rng.random(n) < 0.7]
    return x, rng.multinomial(n, [0.6, 0.3, 0.1]).astype(float), np.bincount(known, minlength=2).astype(float)


def summary(x: Numbers, texts: Numbers, labels: Numbers, numbers: Sequence[NumberDistribution]) -> DataProfile:
    """Summarise a file."""
    return DataProfile(
        {f"x{j}": one for j, one in enumerate(numbers)},
        {"text": TextDistribution(TEXTS, texts, 0.0)},
        TextDistribution(LABELS, labels, x.shape[0] - labels.sum()),
    )


def share(said: Iterator[bool]) -> float:
    """Give the percentage of what is true."""
    return 100.0 * float(np.mean(list(said)))


def head(corner: str, names: Sequence[str] | dict[str, Column]) -> Iterator[str]:
    """Begin a table."""
    yield f"| {corner} | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"


def row(name: str, shares: Sequence[float]) -> str:
    """Write a row of percentages."""
    return f"| {name} | {' | '.join(f'{one:.2f} %' for one in shares)} |"


if __name__ == "__main__":
    main()
