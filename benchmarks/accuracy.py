"""Hide known labels of real tables, fill them with em-impute, scikit-learn and R, and compare with the truth.

    python benchmarks/accuracy.py --data DIR [--seeds 3] [--sets a,b] [--regimes a,b] [--peers a,b] [--out results.csv]
    python benchmarks/accuracy.py --quick [--data DIR]

DIR holds index.csv with the columns name, target, numeric and categorical (`;` between names of columns) and the tables
name.csv beside it; an empty target is passed over.  Without DIR, --quick takes the tables of sample_data/.

Of each table at most --rows rows are drawn, and the labels that at least eight of them hold are kept.  Four regimes:

- 30 % and 90 % of the known labels are hidden, but two of every label always stay: the first two in the random order
  of the rows, the hidden ones are the last of the others;
- five: all labels are hidden but the first five of every label;
- by class: a label is hidden at a rate that depends on its class, but two of every label stay; the rates are spread
  evenly from .15 to .85, and the seed says which class has which.

Every method sees the same masks, and the rows without a label as well.  Labels that are truly missing stay missing and
are not scored.  em-impute and the peers in R run as processes on a CSV file, with all predictors of the index, and
their seconds are those of the whole process; those of scikit-learn are of fitting and predicting alone.  A method that
fails is given the class shares of the visible labels, and counted as failed.  A peer that is not installed is left out.
With --quick so are the slow ones, random forest, boosting and those in R, but for what --peers names.

The columns of --out: `rank` and `rank_accuracy` are among the methods of a case; `excess` is the mean over the hidden
rows of the log-loss above that of the class shares, `excess_se` its standard error, from the differences row by row;
`promised` is the accuracy that em-impute's report expects, `unlabelled_rows` what it says of the rows without a label.
"""

import argparse
import functools
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import peers
import r_peers
from accuracy_cases import (
    REGIMES,
    Case,
    Settings,
    Table,
    make_case,
    offer_tables,
    refuse_unknown,
    tables_asked_for,
    words,
)
from accuracy_summary import OURS, SHARES, summary
from numpy.typing import NDArray

from em_impute.ensemble import metrics

PEERS = (*peers.NAMES, *r_peers.NAMES)
REGIMES_HELP = f"only these of {', '.join(REGIMES)}".replace("%", "%%")  # argparse takes % for its own
PATIENCE = 600  # seconds after which a fill counts as hung


@dataclass(frozen=True)
class Answer:
    """The probabilities that a method gave to the hidden rows, or why it gave none."""

    probability: NDArray[np.float64] | None
    seconds: float
    notes: tuple[str, ...] = ()
    """What should not be."""
    promised: float | None = None
    """The accuracy that em-impute's report expects."""
    unlabelled_rows: str = ""
    """Whether em-impute's report says that the rows without a label helped."""
    error: str = ""


def main() -> None:
    """Run all cases and print the summary."""
    settings = parse()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # the cases are what runs in parallel
        os.environ[variable] = "1"
    began = time.perf_counter()
    results = pd.DataFrame(run_all(settings))
    by_case = results.groupby(["set", "regime", "seed"])
    results.insert(4, "rank", by_case["log_loss"].rank())
    results.insert(5, "rank_accuracy", by_case["accuracy"].rank(ascending=False))
    if settings.out:
        results.to_csv(settings.out, index=False)
    print("\n".join(summary(results, settings, time.perf_counter() - began)))


# ---- The command line and the tables --------------------------------------------------------------------------------


def parse() -> Settings:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    offer_tables(parser)
    parser.add_argument("--quick", action="store_true", help="eight tables of the index, one seed, cheap peers")
    parser.add_argument("--seeds", type=int, metavar="N", help="masks a table and regime (default: 3)")
    parser.add_argument("--regimes", type=words, default=REGIMES, metavar="A,B", help=REGIMES_HELP)
    parser.add_argument("--peers", type=words, metavar="A,B", help=f"only these of {', '.join(PEERS)}; '' is none")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a CSV row for each table, regime, seed and method")
    options = parser.parse_args()
    tables = tables_asked_for(parser, options)
    refuse_unknown(parser, options.peers, PEERS)
    refuse_unknown(parser, options.regimes, REGIMES)
    chosen = options.peers if options.peers is not None else peers.CHEAP if options.quick else PEERS
    there = {
        *(peers.NAMES if peers.available() else ()),
        *(r_peers.installed() if {*chosen} & {*r_peers.NAMES} else ()),
    }
    return Settings(
        tables=tables,
        regimes=options.regimes,
        seeds=options.seeds or (1 if options.quick else 3),
        rows=options.rows,
        peers=tuple(name for name in chosen if name in there),
        jobs=options.jobs,
        out=options.out,
        left_out=tuple(name for name in chosen if name not in there),
    )


# ---- Methods: what is said of the hidden rows -----------------------------------------------------------------------


def run_all(settings: Settings) -> Iterator[dict[str, Any]]:
    """Run every case, several at a time; give a row of results for each case and method, in order."""
    seeds = range(settings.seeds)
    plan = [(table, regime, seed) for table in settings.tables for regime in settings.regimes for seed in seeds]
    work = functools.partial(run_case, rows=settings.rows, chosen=settings.peers)
    with ProcessPoolExecutor(settings.jobs, multiprocessing.get_context("spawn")) as pool:
        for number, (case, rows) in enumerate(zip(plan, pool.map(work, plan), strict=True), start=1):
            yield from rows
            print(f"{number}/{len(plan)} {case[0].name}, {case[1]}, seed {case[2]}", file=sys.stderr)


def run_case(plan: tuple[Table, str, int], *, rows: int, chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Run every method on one case."""
    case = make_case(*plan, rows)
    return [
        result(case, OURS, run_em_impute(case)),
        result(case, SHARES, Answer(case.shares, 0.0)),
        *(result(case, name, answer) for name, answer in run_peers(case, chosen)),
    ]


def run_em_impute(case: Case) -> Answer:
    """Write the table with holes, let em-impute fill it, and read the probabilities that it added."""
    target = case.table.target
    names = (*case.table.numeric, *case.table.categorical)
    with tempfile.TemporaryDirectory() as folder:
        source, filled, report = (Path(folder) / name for name in ("case.csv", "filled.csv", "filled.report.json"))
        texts = case.cells[target].where(~case.hidden, "")
        case.cells.assign(**{target: texts}).to_csv(source, index=False)
        command = [sys.executable, "-m", "em_impute", "fill", str(source), "-c", target, "-o", str(filled), "-q"]
        command += ["--probabilities", "--report", str(report), *(word for name in names for word in ("-x", name))]
        began = time.perf_counter()
        try:
            process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return Answer(None, PATIENCE, error=f"not done after {PATIENCE} s")
        seconds = time.perf_counter() - began
        if process.returncode:
            words = process.stderr.strip().splitlines()
            message = next((line for line in words if line.startswith("error:")), words[-1] if words else "")
            return Answer(None, seconds, error=f"exit code {process.returncode}: {message}")
        output = pd.read_csv(filled, dtype=str, keep_default_na=False)
        said = json.loads(report.read_text(encoding="utf-8"))
    promised = (said.get("accuracy") or {}).get("accuracy")
    verdict = (said.get("selection") or {}).get("unlabelled_rows", "")
    columns = output.reindex(columns=[f"{target}_p_{label}" for label in case.labels])[case.hidden]
    probability = columns.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)  # (n_hidden, n_labels)
    if not np.isfinite(probability).all():
        return Answer(None, seconds, error="probabilities are missing in the output")
    notes = tuple(complaints(case, probability, output[target][case.hidden].tolist(), process.stdout + process.stderr))
    return Answer(probability, seconds, notes, promised, verdict)


def complaints(case: Case, probability: NDArray[np.float64], fills: list[str], said: str) -> Iterator[str]:
    """Check what em-impute gave against what it promises."""
    n_labels = len(case.labels)
    off = np.abs(probability.sum(axis=1) - 1.0).max()
    if off > n_labels * 1e-6:  # they have six decimals each
        yield f"probabilities sum to 1 only within {off:.2g}"
    if not ((probability >= 0.0) & (probability <= 1.0)).all():
        yield "probabilities outside 0 to 1"
    code = pd.Series(fills).map({text: k for k, text in enumerate(case.labels)})
    if n_left := int(code.isna().sum()):
        yield f"{n_left} cells hold no label"
    chosen = code.fillna(0).to_numpy(dtype=np.intp)
    lower = probability[np.arange(chosen.size), chosen] < probability.max(axis=1) - 2e-6
    if n_lower := int((lower & code.notna().to_numpy()).sum()):
        yield f"{n_lower} fills are not the most probable label"
    if said.strip():
        yield f"-q said: {said.strip().splitlines()[0]}"


def run_peers(case: Case, chosen: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Fit every peer to the same rows and labels."""
    numeric = case.cells[list(case.table.numeric)].apply(pd.to_numeric, errors="coerce")
    categorical = case.cells[list(case.table.categorical)]
    if {*chosen} & {*peers.NAMES}:
        x = peers.predictors(numeric, categorical)
        models = peers.classifiers(case.seed)
    for name in chosen:
        began = time.perf_counter()
        try:
            if name in r_peers.NAMES:
                probability = r_peers.predict(name, numeric, categorical, case.visible, case.hidden, case.seed)
            else:
                probability = peers.predict(models[name], x, case.visible, case.hidden)
            error = ""
        except Exception as failure:  # noqa: BLE001  whatever a library raises, the others are still compared
            first = (str(failure).strip().splitlines() or [""])[0]
            probability, error = None, f"{type(failure).__name__}: {first}"
        yield name, Answer(probability, time.perf_counter() - began, error=error)


def result(case: Case, method: str, answer: Answer) -> dict[str, Any]:
    """Score one answer."""
    probability = case.shares if answer.probability is None else answer.probability
    truth = case.truth[case.hidden]
    excess = row_losses(probability, truth) - row_losses(case.shares, truth)  # (n_hidden,)
    return {
        "set": case.table.name,
        "regime": case.regime,
        "seed": case.seed,
        "method": method,
        "accuracy": metrics.accuracy(probability, truth),
        "log_loss": metrics.log_loss(probability, truth),
        "brier": metrics.brier(probability, truth),
        "ece": metrics.calibration_error(metrics.reliability(probability, truth)),
        "excess": excess.mean(),
        "excess_se": excess.std(ddof=1) / np.sqrt(truth.size) if truth.size > 1 else np.nan,
        "seconds": answer.seconds,
        "failed": answer.probability is None,
        "rows": len(case.cells),
        "hidden": truth.size,
        "labels": len(case.labels),
        "promised": answer.promised,
        "unlabelled_rows": answer.unlabelled_rows,
        "notes": "; ".join((answer.error, *answer.notes)).strip("; "),
    }


def row_losses(probability: NDArray[np.float64], truth: NDArray[np.intp]) -> NDArray[np.float64]:
    """Compute the log-loss of every row, clipped as their mean is: (n_hidden,)."""
    return -np.log(np.clip(probability[np.arange(truth.size), truth], metrics.MIN_PROBABILITY, 1.0))


if __name__ == "__main__":
    main()
