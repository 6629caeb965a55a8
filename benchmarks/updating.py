"""Let a saved model learn from a second file, and compare it with not learning and with fitting both files at once.

    python benchmarks/updating.py --data DIR [--seeds 3] [--sets a,b] [--rows 1500] [--jobs 2] [--out results.csv]
    python benchmarks/updating.py --quick [--data DIR]

DIR is that of accuracy.py.  Without DIR, --quick takes the tables of sample_data/.

Rows are drawn and rare labels left out as accuracy.py does, and the rows of each label are dealt out at random to three
files of one size.  30 % or 90 % of the known labels of the first two are hidden, but two of every label always stay;
those of the third are all hidden, and scored.  Four ways to a saved model, each then applied to the third file:

- first: fitted to the first file;
- updated: the same, after `--update` with the second file;
- nights: the same, after `--update` with each fifth of the second file, one after the other;
- together: fitted to both files at once.

Seconds are those of a fit, or of all updates, from reading the files to the model's bytes.  A way that fails is given
the shares of the labels that are scored, and counted as failed.
`worse` and `better` count the sets in which a way has a larger, or smaller, log-loss than `first` by more than a
standard error.
"""

import argparse
import functools
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from accuracy_cases import Table, hide, make_case, offer_tables, tables_asked_for
from answers import in_parallel, row_losses
from numpy.typing import NDArray

from em_impute.api.session import completed, unwatched
from em_impute.ensemble import metrics
from em_impute.errors import EmImputeError
from em_impute.options import Request
from em_impute.saved_model.store import SavedModel, dump, load

WAYS = ("first", "updated", "nights", "together")
REGIMES = ("30 %", "90 %")
N_NIGHTS = 5


@dataclass(frozen=True)
class Settings:
    """What the command line asked for."""

    tables: Sequence[Table]
    seeds: int
    rows: int
    jobs: int
    out: Path | None


class Case(NamedTuple):
    """Three files of one table."""

    table: Table
    labels: tuple[str, ...]
    files: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]  # as texts, with holes
    truth: NDArray[np.intp]  # (n_scored,) number of the label of each row of the third file, −1 where nobody knows it


def main() -> None:
    """Run all cases and print the summary."""
    settings = parse()
    results = pd.DataFrame(run_all(settings))
    if settings.out:
        results.drop(columns="loss").to_csv(settings.out, index=False)
    print("\n".join(line for regime in REGIMES for line in summary(results[results["regime"] == regime], regime)))


def parse() -> Settings:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    offer_tables(parser)
    parser.add_argument("--quick", action="store_true", help="eight tables of the index, one seed")
    parser.add_argument("--seeds", type=int, metavar="N", help="divisions a table and regime (default: 3)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a CSV row for each table, regime, seed and way")
    options = parser.parse_args()
    tables = tables_asked_for(parser, options)
    return Settings(tables, options.seeds or (1 if options.quick else 3), options.rows, options.jobs, options.out)


def divide(table: Table, regime: str, seed: int, rows: int) -> Case:
    """Deal the rows of a table out to three files and hide labels."""
    whole = make_case(table, regime, seed, rows)
    rng = np.random.default_rng([seed, 3])
    order = rng.permutation(whole.truth.size)
    turn = pd.Series(whole.truth[order]).groupby(whole.truth[order]).cumcount().to_numpy() % 3
    parts, files = [np.sort(order[turn == number]) for number in range(3)], []
    for number, part in enumerate(parts):
        truth = whole.truth[part]
        hidden = truth >= 0 if number == 2 else hide(truth, rng.permutation(truth.size), regime)
        cells = whole.cells.iloc[part]
        files.append(cells.assign(**{table.target: cells[table.target].mask(hidden, "")}))
    return Case(table, whole.labels, (files[0], files[1], files[2]), whole.truth[parts[2]])


# ---- Ways to a model ------------------------------------------------------------------------------------------------


def run_all(settings: Settings) -> Iterator[dict[str, Any]]:
    """Run every case, several at a time; give a row of results for each case and way, in order."""
    plan = [(table, regime, seed) for table in settings.tables for regime in REGIMES for seed in range(settings.seeds)]
    work = functools.partial(run_case, rows=settings.rows)
    return in_parallel(work, plan, settings.jobs)


def run_case(plan: tuple[Table, str, int], *, rows: int) -> list[dict[str, Any]]:
    """Go every way with one case, and score the labels of the third file."""
    case = divide(*plan, rows)
    first, second, _ = case.files
    nights = [second.iloc[some] for some in np.array_split(np.arange(len(second)), N_NIGHTS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.csv"
        start = timed(lambda: fit(case.table, [first], path))
        made = {
            "first": start,
            "updated": timed(lambda: update(start[0], [second], path)),
            "nights": timed(lambda: update(start[0], nights, path)),
            "together": timed(lambda: fit(case.table, [first, second], path)),
        }
        return [
            {"set": plan[0].name, "regime": plan[1], "seed": plan[2], "way": way, **score(case, model, path)}
            | {"seconds": seconds}
            for way, (model, seconds) in made.items()
        ]


def timed(work: Any) -> tuple[str, float]:  # noqa: ANN401  # a function without arguments
    """Do some work that ends in a model, and take its seconds; a way that fails gives an empty model."""
    began = time.perf_counter()
    try:
        model = work()
    except EmImputeError as error:
        print(f"error: {error.message}", file=sys.stderr)
        model = ""
    return model, time.perf_counter() - began


def fit(table: Table, files: Sequence[pd.DataFrame], path: Path) -> str:
    """Fit a model to all files at once."""
    pd.concat(files).to_csv(path, index=False)
    names = (*table.numeric, *table.categorical)
    request = Request(path=path, columns=(table.target,), features=names, keeps_model=True)
    with completed(request, unwatched) as done:
        return written(done.model())


def update(model: str, files: Sequence[pd.DataFrame], path: Path) -> str:
    """Let a model learn from one file after the other."""
    for file in files:
        file.to_csv(path, index=False)
        source = load(model, "model"), "model"
        with completed(Request(path=path, columns=()), unwatched, source, learns=True) as done:
            model = written(done.model())
    return model


def written(model: SavedModel | None) -> str:
    """Give the bytes of a model, as text."""
    if model is None:
        raise AssertionError("every file is new")
    return dump(model)


def score(case: Case, model: str, path: Path) -> dict[str, Any]:
    """Apply a model to the third file; `loss` is that of every row whose label is known."""
    known = case.truth >= 0
    truth = case.truth[known]
    if model:
        case.files[2].to_csv(path, index=False)
        source = load(model, "model"), "model"
        with completed(Request(path=path, columns=(), probabilities=True), unwatched, source) as done:
            (completion,) = done.completions
            said, names = completion.probability, completion.labels.labels
        if said is None:
            raise AssertionError("probabilities were asked for")
        probability = said[:, [names.index(label) for label in case.labels]][known]
    else:
        count = np.bincount(truth, minlength=len(case.labels))
        probability = np.tile(count / count.sum(), (truth.size, 1))
    loss = row_losses(probability, truth)
    return {
        "log_loss": loss.mean(),
        "accuracy": metrics.accuracy(probability, truth),
        "failed": not model,
        "loss": loss,
    }


# ---- The summary ----------------------------------------------------------------------------------------------------


def summary(results: pd.DataFrame, regime: str) -> Iterator[str]:
    """Describe the cases of a regime, each set counting once."""
    by_set = results.groupby(["way", "set"])[["log_loss", "accuracy", "seconds"]].mean()
    mean = by_set.groupby("way").mean()
    start, best = mean.loc["first"], mean.loc["together"]
    n_sets = results["set"].nunique()
    yield f"{regime} of labels hidden, {n_sets} sets, {results['seed'].nunique()} divisions"
    yield f"{'way':<10}  log-loss  of gain  accuracy  of gain  worse better  seconds"
    for way in WAYS:
        one = mean.loc[way]
        gains = [gain(one[name], start[name], best[name]) for name in ("log_loss", "accuracy")]
        worse, better = compare(results, way)
        yield (
            f"{way:<10} {one['log_loss']:9.4f} {gains[0]:>8} {one['accuracy']:9.4f} {gains[1]:>8} {worse:6} {better:6} "
            f"{one['seconds']:8.2f}"
        )
    yield f"failed: {int(results['failed'].sum())}"
    yield ""


def gain(one: float, start: float, best: float) -> str:
    """Say how much of the way from the start to the best is gone."""
    return "—" if best == start else f"{(one - start) / (best - start):.0%}"


def compare(results: pd.DataFrame, way: str) -> tuple[int, int]:
    """Count the sets in which a way has a larger, and a smaller, log-loss than the first by over a standard error."""
    worse = better = 0
    for _, of_set in results.groupby("set"):
        losses = [
            np.concatenate(list(of_set[of_set["way"] == name].sort_values("seed")["loss"])) for name in (way, "first")
        ]
        more = losses[0] - losses[1]  # (n_scored,), row by row
        error = more.std(ddof=1) / np.sqrt(more.size)
        worse, better = worse + int(more.mean() > error), better + int(more.mean() < -error)
    return worse, better


if __name__ == "__main__":
    main()
