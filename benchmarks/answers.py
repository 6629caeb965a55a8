"""What methods say of hidden labels, and how right that is: for the benchmarks that hide labels of real tables."""

import json
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from accuracy_cases import Case, Table
from numpy.typing import NDArray

from em_impute.ensemble import metrics

PATIENCE = 600  # seconds after which a fill counts as hung
Plan = tuple[Table, str, int]


@dataclass(frozen=True)
class Answer:
    """The probabilities that a method gave to the hidden rows, or why it gave none."""

    probability: NDArray[np.float64] | None
    seconds: float
    cpu: float = 0.0
    """Seconds of processors, of em-impute's process with what it started, or of a peer's fit and prediction."""
    notes: tuple[str, ...] = ()
    """What should not be."""
    promised: float | None = None
    """The accuracy that em-impute's report expects."""
    unlabelled_rows: str = ""
    """Whether em-impute's report says that the rows without a label helped."""
    wrong: tuple[int, float, float] | None = None
    """How many of em-impute's fills are wrong, and the ends of the interval that its report gives for that."""
    error: str = ""


def in_parallel(
    work: Callable[[Plan], list[dict[str, Any]]], plans: Sequence[Plan], jobs: int
) -> Iterator[dict[str, Any]]:
    """Work on plans (a table, a regime, a seed), several at a time; give the rows of results of each, in order."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # the cases are what runs in parallel
        os.environ[variable] = "1"
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for number, (plan, rows) in enumerate(zip(plans, pool.map(work, plans), strict=True), start=1):
            yield from rows
            print(f"{number}/{len(plans)} {plan[0].name}, {plan[1]}, seed {plan[2]}", file=sys.stderr)


def fill(case: Case, source: Path, options: Sequence[str] = ()) -> Answer:
    """Let em-impute fill the file of a case, and read the probabilities that it added.  The output goes beside it."""
    target = case.table.target
    filled, report = source.with_name("filled.csv"), source.with_name("filled.report.json")
    command = [sys.executable, "-m", "em_impute", "fill", str(source), "-c", target, "-o", str(filled), "-q"]
    command += ["--probabilities", "--report", str(report), *options]
    began, cpu = time.perf_counter(), cpu_seconds()
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return Answer(None, PATIENCE, error=f"not done after {PATIENCE} s")
    took = time.perf_counter() - began, cpu_seconds() - cpu
    if process.returncode:
        words = process.stderr.strip().splitlines()
        message = next((line for line in words if line.startswith("error:")), words[-1] if words else "")
        return Answer(None, *took, error=f"exit code {process.returncode}: {message}")
    output = pd.read_csv(filled, dtype=str, keep_default_na=False)
    said = json.loads(report.read_text(encoding="utf-8"))
    names = [f"{target}_p_{label}" for label in case.labels]
    unseen = [name for name, count in zip(names, case.counts, strict=True) if not count]
    columns = output.reindex(columns=names).assign(**dict.fromkeys(unseen, "0"))[case.hidden]
    probability = columns.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)  # (n_hidden, n_labels)
    if not np.isfinite(probability).all():
        return Answer(None, *took, error="probabilities are missing in the output")
    fills = output[target][case.hidden].tolist()
    notes = tuple(complaints(case, probability, fills, process.stdout + process.stderr))
    accuracy = said.get("accuracy") or {}
    verdict = (said.get("selection") or {}).get("unlabelled_rows", "")
    wrong = _wrong(case, fills, accuracy.get("expected_wrong") or {})
    return Answer(probability, *took, notes, accuracy.get("accuracy"), verdict, wrong)


def cpu_seconds() -> float:
    """Give the seconds of processors that this process took, with those it started and which have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _wrong(case: Case, fills: Sequence[str], expected: Mapping[str, Any]) -> tuple[int, float, float] | None:
    """Count the wrong fills beside the interval of the report; None where it gives none."""
    if expected.get("low") is None:
        return None
    truth = [case.labels[k] for k in case.truth[case.hidden]]
    wrong = sum(text != right for text, right in zip(fills, truth, strict=True))
    return wrong, expected["low"], expected["high"]


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
        "cpu": answer.cpu,
        "failed": answer.probability is None,
        "rows": len(case.cells),
        "hidden": truth.size,
        "labels": len(case.labels),
        "promised": answer.promised,
        **dict(zip(("wrong", "wrong_low", "wrong_high"), answer.wrong or (), strict=False)),
        "unlabelled_rows": answer.unlabelled_rows,
        "notes": "; ".join((answer.error, *answer.notes)).strip("; "),
    }


def row_losses(probability: NDArray[np.float64], truth: NDArray[np.intp]) -> NDArray[np.float64]:
    """Compute the log-loss of every row, clipped as their mean is: (n_hidden,)."""
    return -np.log(np.clip(probability[np.arange(truth.size), truth], metrics.MIN_PROBABILITY, 1.0))
