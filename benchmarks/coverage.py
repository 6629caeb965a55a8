"""Do the intervals hold the truth as often as they say?  Files whose truth is known, filled many times over.

    python benchmarks/coverage.py [--data DIR] [--runs 250] [--seeds 3] [--jobs 2] [--out results.csv]
    python benchmarks/coverage.py --kinds promise,other --worlds copies,few --runs 24
    python benchmarks/coverage.py --kinds real --worlds "by class" --data DIR --under 3000
    python benchmarks/coverage.py --quick

The kinds of files; --kinds and --worlds choose among them:

simulated, mnar  classes of Gaussians and others (`coverage_worlds.py`), --runs files of every world
promise, other   rows to fill that are unlike the labelled ones (`coverage_promise.py`), --runs files of every world
real             the tables of accuracy.py with the same labels hidden, --seeds files of every table and regime
sample           500 rows of a table of at least 5,000, four labels of ten hidden by chance or by the first predictor,
                 four times --runs in all

What is compared with the truth:

wrong   the 90 % interval for the number of wrong fills, how wide it is beside that of a binomial distribution with the
        true rate, the expected number and the true one summed over the files, the accuracy that was promised, by
        expected wrong fills and by held-out labels, less the one realised, in points, and how right the fills were
share   the 95 % interval for the share of a label where the rows come from, from 20 imputations by Rubin's rules
mean    the same for the difference of two labels' means of the first predictor
mnar    the share again, where labels went missing by what they are: at delta 0, and at the delta that is true

Every run draws a file anew, so that a coverage stands on as many independent files; its standard error is given.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy_cases import (
    REGIMES,
    Table,
    make_case,
    narrowed,
    offer_tables,
    read_cells,
    read_index,
    refuse_unknown,
    sample_tables,
    words,
)
from coverage_promise import OTHER, PROMISE, make_promise_file
from coverage_summary import cpu_seconds, summary
from coverage_worlds import MNAR_WORLDS, WORLDS, File, make_file, true_delta
from numpy.typing import NDArray
from scipy.stats import binom
from scipy.stats import t as student

from em_impute.ensemble import metrics
from em_impute.options import Request
from em_impute.pipeline.complete import complete
from em_impute.pipeline.open import open_table

KINDS = {
    "simulated": tuple(WORLDS),
    "mnar": tuple(MNAR_WORLDS),
    "promise": tuple(PROMISE),
    "other": tuple(OTHER),
    "real": REGIMES,
    "sample": ("by chance", "by predictor"),
}
"""The worlds of every kind of file."""

N_IMPUTATIONS = 20
SAMPLE_ROWS, LARGE = 500, 5000


@dataclass(frozen=True)
class Task:
    """One file to make and fill."""

    kind: str
    name: str
    seed: int
    table: Table | None = None
    rows: int = 1500
    """Rows of a real table at most."""


def main() -> None:
    """Run everything and print how often the truth was covered."""
    settings = parse()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # the files are what runs in parallel
        os.environ[variable] = "1"
    began = time.perf_counter()
    tasks, rows = list(make_tasks(settings)), []
    with ProcessPoolExecutor(settings.jobs, mp_context=get_context("spawn")) as pool:
        for number, (task, found) in enumerate(zip(tasks, pool.map(run, tasks), strict=True), start=1):
            rows += found
            of = f" of {task.table.name}" if task.table else ""
            print(f"{number}/{len(tasks)} {task.kind}{of}, {task.name}, seed {task.seed}", file=sys.stderr)
    results = pd.DataFrame(rows)
    if settings.out:
        results.to_csv(settings.out, index=False)
    print(f"{len(tasks):,} files in {time.perf_counter() - began:,.0f} s, {cpu_seconds(results):,.0f} s of CPU\n")
    print("\n".join(summary(results)))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    offer_tables(parser)
    parser.add_argument("--quick", action="store_true", help="two runs of each world, to see that it works")
    parser.add_argument("--kinds", type=words, default=tuple(KINDS), metavar="A,B", help="only these kinds of files")
    parser.add_argument(
        "--worlds",
        type=words,
        metavar="A,B",
        help="only worlds of these names; a word that is the name of none stands for all that contain it",
    )
    parser.add_argument("--runs", type=int, metavar="N", help="files of each simulated world (default: 250)")
    parser.add_argument("--seeds", type=int, metavar="N", help="files of each real table and regime (default: 3)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a CSV row for each file and comparison")
    settings = parser.parse_args()
    refuse_unknown(parser, settings.kinds, tuple(KINDS))
    settings.chosen = {kind: KINDS[kind] for kind in KINDS if kind in settings.kinds}
    if settings.worlds:
        settings.chosen = {kind: worlds_meant(names, settings.worlds) for kind, names in settings.chosen.items()}
        if not any(settings.chosen.values()):
            parser.error(
                f"no world is called so; there are {', '.join(name for kind in KINDS.values() for name in kind)}"
            )
    tables = sample_tables() if settings.data is None else read_index(settings.data)
    settings.tables = narrowed(parser, settings, tables[:2] if settings.quick and not settings.sets else tables)
    settings.runs = settings.runs or (2 if settings.quick else 250)
    settings.seeds = settings.seeds or (1 if settings.quick else 3)
    return settings


def worlds_meant(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Choose the worlds that are called so, or whose names contain a word that is no name."""
    every = {name for worlds in KINDS.values() for name in worlds}
    parts = [word for word in wanted if word not in every]
    return tuple(name for name in names if name in wanted or any(part in name for part in parts))


def make_tasks(settings: argparse.Namespace) -> Iterator[Task]:
    """List every file that is to be filled."""
    for kind, names in settings.chosen.items():
        if kind == "real":
            for table in settings.tables:
                yield from (
                    Task(kind, name, seed, table, settings.rows) for name in names for seed in range(settings.seeds)
                )
        elif kind == "sample":
            large = [table for table in settings.tables if table.numeric and len(read_cells(table.path)) >= LARGE]
            for number in range(settings.runs * 4 if large and names else 0):
                table = large[number // 2 % len(large)]
                yield from (Task(kind, name, number, table) for name in names if name == KINDS[kind][number % 2])
        else:
            yield from (Task(kind, name, seed) for name in names for seed in range(settings.runs))


def run(task: Task) -> list[dict[str, Any]]:
    """Make one file, fill it, and compare every interval with the truth."""
    if task.kind == "real" and task.table is not None:
        case = make_case(task.table, task.name, task.seed, task.rows)
        cells = case.cells.copy()
        cells.loc[case.hidden, task.table.target] = ""
        features = (*task.table.numeric, *task.table.categorical)
        truth = np.array([*case.labels, ""])[case.truth]
        return wrong_of(task, cells, task.table.target, features, truth, case.hidden)
    if task.kind == "sample" and task.table is not None:
        return results_of(task, sample_file(task.table, task.name, task.seed))
    if task.kind in {"promise", "other"}:
        file = make_promise_file(task.name, task.seed)
        cells = file.cells.assign(**{file.target: file.cells[file.target].mask(file.hidden, "")})
        return wrong_of(task, cells, file.target, file.features, file.truth, file.hidden)
    file = make_file(task.name, task.seed)
    if task.kind == "mnar":
        delta = true_delta(task.name)
        return [*results_of(task, file, 0.0, "delta 0"), *results_of(task, file, delta, "true delta")]
    return results_of(task, file)


def sample_file(table: Table, mechanism: str, seed: int) -> File:
    """Draw rows of a real table and hide four labels of ten; the truth is that of the whole table."""
    rng = np.random.default_rng([seed, 5])
    cells = read_cells(table.path)
    cells = cells[~cells[table.target].isin(["", "NA"])]
    labels = tuple(cells[table.target].value_counts().index[:2])
    numbers = cells[list(table.numeric)].apply(pd.to_numeric, errors="coerce")
    label, first = cells[table.target].to_numpy(), numbers.iloc[:, 0].to_numpy()
    share = float((label == labels[0]).mean())
    difference = float(np.nanmean(first[label == labels[0]]) - np.nanmean(first[label == labels[1]]))
    rows = np.sort(rng.choice(len(cells), SAMPLE_ROWS, replace=False))
    chance = np.zeros(SAMPLE_ROWS)
    if mechanism == "by predictor":
        values = pd.Series(first[rows])
        chance = values.rank(pct=True).fillna(0.5).to_numpy() * 2.0
    hidden = np.zeros(SAMPLE_ROWS, dtype=bool)
    hidden[np.argsort(chance + rng.gumbel(size=SAMPLE_ROWS))[-int(0.4 * SAMPLE_ROWS) :]] = True
    part = cells.iloc[rows].reset_index(drop=True)
    used = (*table.numeric, *table.categorical)
    return File(part[[*used, table.target]], table.target, used, label[rows], hidden, labels, share, difference)


def results_of(task: Task, file: File, delta: float = 0.0, note: str = "") -> list[dict[str, Any]]:
    """Fill one file with 20 imputations and compare what they say of the share and the means."""
    cells = file.cells.copy()
    cells.loc[file.hidden, file.target] = ""
    features, pair = file.features, file.labels[:2]
    found = filled(cells, file.target, features, imputations=N_IMPUTATIONS, deltas=((pair[0], delta),) if delta else ())
    rows = []
    if found.fills.drawn is not None:
        x = pd.to_numeric(cells[features[0]], errors="coerce").to_numpy()
        shares, means = [], []
        for drawn in found.fills.drawn:
            label = cells[file.target].to_numpy(dtype=object, copy=True)
            label[found.fills.row] = np.array(found.labels.labels, dtype=object)[drawn]
            is_first = label == pair[0]
            shares.append((is_first.mean(), is_first.mean() * (1.0 - is_first.mean()) / label.size))
            means.append(difference_of_means(x[is_first], x[label == pair[1]]))
        rows.append(covered(task, f"share {note}".strip(), file.share, *pooled(shares, len(cells))))
        if not note:
            rows.append(covered(task, "mean", file.difference, *pooled(means, len(cells))))
    if not note:
        rows += wrong_of(task, cells, file.target, features, file.truth, file.hidden)
    return rows


def wrong_of(
    task: Task,
    cells: pd.DataFrame,
    target: str,
    features: Sequence[str],
    truth: NDArray[Any],
    hidden: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Fill one file and compare the number of wrong fills with the interval for it.

    Cells that are really missing have no truth and are taken out beforehand.
    """
    kept = hidden | (cells[target] != "").to_numpy()
    kept &= ~cells[target].isin(["NA"]).to_numpy()
    cells, truth = cells[kept].reset_index(drop=True), truth[kept]
    began = time.process_time()
    found = filled(cells, target, features, probabilities=True)
    seconds = time.process_time() - began
    fills = found.fills
    number_of = {text: k for k, text in enumerate(found.labels.labels)}
    label = np.array([number_of[text] for text in truth[fills.row]])  # (n_fills,)
    wrong = int((fills.code != label).sum())
    said, held = found.diagnostics.uncertainty.wrong, found.fitted.choice.held_out
    realised = 1.0 - wrong / fills.row.size
    by_held_out = float((held.probability.argmax(axis=1) == held.label).mean())
    return [
        {
            **covered(task, "wrong", wrong, *said),
            "rows": fills.row.size,
            "binomial": binomial_width(wrong, fills.row.size),
            "accuracy": realised,
            "log_loss": metrics.log_loss(found.fills.probabilities, label),
            "promised": 100.0 * (1.0 - said.estimate / fills.row.size - realised),
            "promised_held_out": 100.0 * (by_held_out - realised),
            "seconds": seconds,
        }
    ]


def binomial_width(wrong: int, fills: int) -> float:
    """Say how wide a 90 % interval is that knows the rate of wrong fills, which is never taken for 0 or 1."""
    low, high = binom.interval(0.9, fills, (wrong + 0.5) / (fills + 1.0))
    return float(high - low)


def filled(cells: pd.DataFrame, target: str, features: Sequence[str], **options: Any) -> Any:  # noqa: ANN401  # a ColumnResult
    """Complete a table as the command line would."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        cells.to_csv(path, index=False)
        method = "draw" if options.get("imputations") else "map"
        request = Request(path, (target,), features=tuple(features), method=method, **options)
        with open_table(request, lambda *_: None) as opened:
            return complete(opened, opened.targets[0], request, lambda *_: None)


def difference_of_means(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[float, float]:
    """Estimate the difference of two means and its variance."""
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    return a.mean() - b.mean(), a.var(ddof=1) / a.size + b.var(ddof=1) / b.size


def pooled(estimates: Sequence[tuple[float, float]], n_rows: int) -> tuple[float, float, float]:
    """Pool estimates with their variances by Rubin's rules, with Barnard & Rubin's degrees of freedom."""
    q, u = np.array(estimates).T
    m = q.size
    between = q.var(ddof=1) * (1.0 + 1.0 / m)
    total = u.mean() + between
    part = max(between / total, 1e-9)
    complete_freedom = n_rows - 1.0
    observed = (complete_freedom + 1.0) / (complete_freedom + 3.0) * complete_freedom * (1.0 - part)
    freedom = 1.0 / (part**2 / (m - 1.0) + 1.0 / observed)
    half = student.ppf(0.975, freedom) * np.sqrt(total)
    return q.mean(), q.mean() - half, q.mean() + half


def covered(task: Task, what: str, truth: float, estimate: float, low: float, high: float) -> dict[str, Any]:
    """Say whether an interval holds the truth."""
    return {
        "kind": task.kind,
        "name": task.name,
        "set": task.table.name if task.table else "",
        "seed": task.seed,
        "what": what,
        "truth": truth,
        "estimate": estimate,
        "low": low,
        "high": high,
        "covered": low <= truth <= high,
    }


if __name__ == "__main__":
    sys.exit(main())
