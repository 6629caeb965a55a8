"""Do the intervals hold the truth as often as they say?  Files whose truth is known, filled many times over.

    python benchmarks/coverage.py [--data DIR] [--runs 250] [--seeds 3] [--jobs 2] [--out results.csv]
    python benchmarks/coverage.py --quick

Simulated files (`coverage_worlds.py` says how they are made), `--runs` of every kind; with --data also real ones: the
tables of accuracy.py with the same labels hidden, `--seeds` of every regime, and samples of 500 rows of the tables of
at least 5,000, in which four labels of ten are hidden by chance or by the first predictor, `--runs` in all.

wrong   the 90 % interval for the number of wrong fills, and the accuracy that was promised, by expected wrong fills
        and by held-out labels, less the one realised, in points
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
from accuracy_cases import REGIMES, Table, make_case, read_cells, read_index, sample_tables
from coverage_worlds import MNAR_WORLDS, WORLDS, File, make_file, true_delta
from numpy.typing import NDArray
from scipy.stats import t as student

from em_impute.impute import complete, open_table
from em_impute.request import Request

N_IMPUTATIONS = 20
SAMPLE_ROWS, LARGE = 500, 5000


@dataclass(frozen=True)
class Task:
    """One file to make and fill."""

    kind: str
    name: str
    seed: int
    table: Table | None = None


def main() -> None:
    """Run everything and print how often the truth was covered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of real tables with an index.csv")
    parser.add_argument("--runs", type=int, default=250)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--quick", action="store_true", help="a few runs of each kind, to see that it works")
    settings = parser.parse_args()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # the files are what runs in parallel
        os.environ[variable] = "1"
    if settings.quick:
        settings.runs, settings.seeds = 4, 1
    began = time.perf_counter()
    tasks = list(make_tasks(settings.data, settings.runs, settings.seeds, quick=settings.quick))
    with ProcessPoolExecutor(settings.jobs, mp_context=get_context("spawn")) as pool:
        results = pd.DataFrame([row for rows in pool.map(run, tasks, chunksize=4) for row in rows])
    if settings.out:
        results.to_csv(settings.out, index=False)
    print(f"{len(tasks):,} files in {time.perf_counter() - began:,.0f} s\n")
    print("\n".join(summary(results)))


def make_tasks(data: Path | None, runs: int, seeds: int, *, quick: bool) -> Iterator[Task]:
    """List every file that is to be filled."""
    yield from (Task("simulated", name, seed) for name in WORLDS for seed in range(runs))
    yield from (Task("mnar", name, seed) for name in MNAR_WORLDS for seed in range(runs))
    tables = sample_tables() if data is None else read_index(data)
    for table in tables[:2] if quick else tables:
        yield from (Task("real", regime, seed, table) for regime in REGIMES for seed in range(seeds))
    large = [table for table in tables if table.numeric and len(read_cells(table.path)) >= LARGE]
    for number in range(runs * 4 if large else 0):
        yield Task("sample", ("by chance", "by predictor")[number % 2], number, large[number // 2 % len(large)])


def run(task: Task) -> list[dict[str, Any]]:
    """Make one file, fill it, and compare every interval with the truth."""
    if task.kind == "real" and task.table is not None:
        case = make_case(task.table, task.name, task.seed, rows=1500)
        cells = case.cells.copy()
        cells.loc[case.hidden, task.table.target] = ""
        features = (*task.table.numeric, *task.table.categorical)
        truth = np.array([*case.labels, ""])[case.truth]
        return wrong_of(task, cells, task.table.target, features, truth, case.hidden)
    if task.kind == "sample" and task.table is not None:
        return results_of(task, sample_file(task.table, task.name, task.seed))
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
    if found.drawn is not None:
        x = pd.to_numeric(cells[features[0]], errors="coerce").to_numpy()
        shares, means = [], []
        for drawn in found.drawn:
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
    found = filled(cells, target, features)
    labels = np.array(found.labels.labels, dtype=object)
    fills = found.fills
    wrong = int((labels[fills.code] != truth[fills.row]).sum())
    said, held = found.findings.uncertainty.wrong, found.choice.held_out
    realised = 1.0 - wrong / fills.row.size
    by_held_out = float((held.probability.argmax(axis=1) == held.label).mean())
    return [
        {
            **covered(task, "wrong", wrong, *said),
            "rows": fills.row.size,
            "promised": 100.0 * (1.0 - said.estimate / fills.row.size - realised),
            "promised_held_out": 100.0 * (by_held_out - realised),
        }
    ]


def filled(cells: pd.DataFrame, target: str, features: Sequence[str], **options: Any) -> Any:  # noqa: ANN401  # a Completion
    """Complete a table as the command line would."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        cells.to_csv(path, index=False)
        method = "draw" if options.get("imputations") else "map"
        request = Request(path, (target,), tuple(features), method=method, **options)
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
        "what": what,
        "truth": truth,
        "estimate": estimate,
        "low": low,
        "high": high,
        "covered": low <= truth <= high,
    }


def summary(results: pd.DataFrame) -> Iterator[str]:
    """Yield tables in Markdown: every kind of file, and all of them together."""
    for what in ("wrong", "share", "mean", "share delta 0", "share true delta"):
        part = results[results["what"] == what]
        if part.empty:
            continue
        is_wrong = what == "wrong"
        yield f"{what}\n"
        head = ["files", "", "runs", "covered", "± SE", "truth below", "truth above", "mean width", "mean error"]
        yield f"| {' | '.join([*head, *(['promised − realised', 'by held-out labels'] if is_wrong else [])])} |"
        yield f"|{'---|' * (len(head) + 2 * is_wrong)}"
        for (kind, name), group in [
            *part.groupby(["kind", "name"]),
            *(((kind, "all"), g) for kind, g in part.groupby("kind")),
        ]:
            yield f"| {' | '.join([kind, name, *figures(group, is_wrong=is_wrong)])} |"
        yield ""


def figures(group: pd.DataFrame, *, is_wrong: bool) -> Iterator[str]:
    """Yield the cells of one row."""
    share = group["covered"].mean()
    scale = group["rows"] / 100.0 if is_wrong else 1.0  # numbers of fills as percentages of them
    yield f"{len(group):,}"
    yield f"{100.0 * share:.1f} %"
    yield f"{100.0 * np.sqrt(max(share * (1.0 - share), 0.25 / len(group)) / len(group)):.1f}"
    yield f"{100.0 * (group['truth'] < group['low']).mean():.1f} %"
    yield f"{100.0 * (group['truth'] > group['high']).mean():.1f} %"
    yield f"{((group['high'] - group['low']) / scale).mean():.3g}"
    yield f"{((group['estimate'] - group['truth']) / scale).mean():+.3g}"
    if is_wrong:
        yield f"{group['promised'].mean():+.1f}"
        yield f"{group['promised_held_out'].mean():+.1f}"


if __name__ == "__main__":
    sys.exit(main())
