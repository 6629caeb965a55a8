"""Hide labels of tables as people have them, fill them by em-impute with nothing but --column, and compare with peers.

    python benchmarks/raw_tables.py --data DIR [--only a,b] [--hidden 0.3 0.9] [--repeats 1] [--peers a,b] [--jobs 2]
        [--json results.json]

DIR holds index.csv with the columns name and target, and the tables name.csv beside it, every label of them known.

A share of the labels is hidden, each alike, by a seed that the table and the repeat decide: a label that is rare may
have no row left.  The file keeps every other byte.  em-impute runs as a process on it, `fill FILE -c COLUMN
--probabilities`; the peers (`raw_peers.py`) read the same file with pandas and see every column but the target.

- Accuracy, and log-loss in nats of probabilities that are clipped at 1e-6; a label that was never seen gets the clip.
- Seconds of processors: of em-impute's whole process, and of reading, fitting and predicting for a peer; one thread.
- A method that ends with an error, such as an exit code that is not 0, is a refusal: it counts as the class shares of
  the labels left, and is marked by `!`.
- The promise: how many cells em-impute filled wrong, and the 90 % interval for that in its report.  One that does not
  hold the number is marked by `!`.

A difference is em-impute's less the peer's, table by table, ± one standard error over the tables.
"""

import argparse
import functools
import re
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import raw_peers
from accuracy_cases import Case, Table, read_cells, refuse_unknown, words
from accuracy_summary import OURS, header, line, paired_with, pivot, regimes_of
from answers import Answer, cpu_seconds, fill, in_parallel, result
from numpy.typing import NDArray

FIELD = re.compile(rb'("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|\Z)')


def main() -> None:
    """Run all cases and print what came out."""
    options = parse()
    regimes = [f"{100 * share:g} %" for share in options.hidden]
    plans = [(table, regime, seed) for table in options.tables for regime in regimes for seed in range(options.repeats)]
    results = pd.DataFrame(in_parallel(functools.partial(run_case, chosen=options.peers), plans, options.jobs))
    if options.json:
        results.to_json(options.json, orient="records", indent=1)
    for regime in regimes_of(results):
        print(f"\n## {regime} of the labels hidden\n")
        print("\n".join(report(results[results["regime"] == regime])))


def parse() -> argparse.Namespace:
    """Read the command line; `tables` are those asked for, `peers` those of them that are installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="DIR", required=True, help="folder with index.csv")
    parser.add_argument("--only", type=words, metavar="A,B", help="only these tables")
    parser.add_argument("--hidden", type=float, nargs="+", default=[0.3, 0.9], metavar="SHARE", help="of the labels")
    parser.add_argument("--repeats", type=int, default=1, metavar="N", help="choices of hidden cells (default: 1)")
    parser.add_argument("--peers", type=words, metavar="A,B", help=f"only these of {', '.join(raw_peers.PACKAGES)}")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default: 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="an object for each table, share, repeat and method")
    options = parser.parse_args()
    index = pd.read_csv(options.data / "index.csv", dtype=str)
    tables = [
        Table(name, options.data / f"{name}.csv", target, (), ())
        for name, target in zip(index["name"], index["target"], strict=True)
    ]
    refuse_unknown(parser, options.only, [table.name for table in tables])
    refuse_unknown(parser, options.peers, [*raw_peers.PACKAGES])
    options.tables = [table for table in tables if not options.only or table.name in options.only]
    there = raw_peers.installed()
    options.peers = [name for name in there if options.peers is None or name in options.peers]
    return options


# ---- Cases and methods ----------------------------------------------------------------------------------------------


def hide_cells(table: Table, regime: str, seed: int) -> Case:
    """Hide a share of the labels of a table, each row alike."""
    rng = np.random.default_rng([seed, zlib.crc32(table.name.encode())])
    cells = read_cells(table.path)
    labels, truth = np.unique(cells[table.target], return_inverse=True)
    n_hidden = round(float(regime.split(maxsplit=1)[0]) / 100.0 * truth.size)
    hidden = np.zeros(truth.size, dtype=bool)
    hidden[rng.permutation(truth.size)[:n_hidden]] = True  # what 30 % hides, 90 % hides too
    return Case(table, regime, seed, cells, tuple(labels), truth, hidden)


def blanked(content: bytes, column: int, hidden: NDArray[np.bool_]) -> bytes:
    """Empty the cells of a column in the rows that are hidden, (n_rows,), and keep every other byte."""
    parts, row, field = [], -1, 0  # the header is row −1
    for found in FIELD.finditer(content):
        text, end = found.groups()
        empty = field == column and 0 <= row < hidden.size and hidden[row]
        parts += [b"" if empty else text, end]
        row, field = (row, field + 1) if end == b"," else (row + 1, 0)
    return b"".join(parts)


def run_case(plan: tuple[Table, str, int], *, chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Run every method on one file."""
    case = hide_cells(*plan)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "case.csv"
        column = case.cells.columns.get_loc(case.table.target)
        source.write_bytes(blanked(case.table.path.read_bytes(), column, case.hidden))
        answers = {OURS: fill(case, source), **{name: ask_peer(name, case, source) for name in chosen}}
    return [result(case, name, answer) for name, answer in answers.items()]


def ask_peer(name: str, case: Case, source: Path) -> Answer:
    """Let a peer fill the file of a case."""
    began, cpu = time.perf_counter(), cpu_seconds()
    try:
        probability, error = raw_peers.predict(name, source, case.table.target, case.labels, case.seed), ""
    except Exception as failure:  # noqa: BLE001  whatever a library raises, the others are still compared
        probability, error = None, f"{type(failure).__name__}: {failure}"
    return Answer(probability, time.perf_counter() - began, cpu_seconds() - cpu, error=error)


# ---- What is reported -----------------------------------------------------------------------------------------------


def report(results: pd.DataFrame) -> Iterator[str]:
    """Write the tables of one regime: a row for each data table, their mean, and the paired differences."""
    methods = list(results["method"].unique())
    scores = [pivot(results, score)[methods] for score in ("accuracy", "log_loss", "cpu")]
    refused = results.pivot_table(index="set", columns="method", values="failed", aggfunc="any")[methods]
    columns = [f"{name} {method}" for name in ("accuracy", "log-loss", "CPU s") for method in methods]
    yield from header("table", *columns, "wrong, interval")
    for name in results["set"].unique():
        marks = ["!" if failed else "" for failed in refused.loc[name]]
        cells = [
            f"{value:{form}}{mark}"
            for score, form in zip(scores, (".3f", ".3f", ".1f"), strict=True)
            for value, mark in zip(score.loc[name], marks, strict=True)
        ]
        yield line(name, *cells, promises(results[results["set"] == name]))
    means = [
        f"{value:{form}}" for score, form in zip(scores, (".3f", ".3f", ".1f"), strict=True) for value in score.mean()
    ]
    yield line("**mean**", *means, held(results))
    yield from ("", *differences(results, methods), "", *refusals(results))


def promises(results: pd.DataFrame) -> str:
    """Write the wrong fills of each repeat with their interval, marked where it does not hold them."""
    ours = results[results["method"] == OURS].dropna(subset=["wrong_low"])
    return ", ".join(
        f"{row.wrong:.0f} in {row.wrong_low:.0f}–{row.wrong_high:.0f}"
        f"{'' if row.wrong_low <= row.wrong <= row.wrong_high else '!'}"
        for row in ours.itertuples()
    )


def held(results: pd.DataFrame) -> str:
    """Say how many of the intervals hold the true number of wrong fills."""
    ours = results.dropna(subset=["wrong_low"])
    inside = ours["wrong"].between(ours["wrong_low"], ours["wrong_high"])
    return f"{inside.sum()} of {len(ours)} hold"


def differences(results: pd.DataFrame, methods: Sequence[str]) -> Iterator[str]:
    """Compare em-impute with every peer, table by table."""
    yield from header("em-impute less", "accuracy", "log-loss", "ratio of log-losses")
    for peer in methods:
        if peer != OURS:
            right, loss = (paired_with(results, score, peer) for score in ("accuracy", "log_loss"))
            yield line(
                peer,
                *(f"{one.difference.mean():+.3f} ± {one.difference.sem():.3f}" for one in (right, loss)),
                f"{loss.ratio:.3f} ± {loss.ratio_error:.3f}",
            )


def refusals(results: pd.DataFrame) -> Iterator[str]:
    """Name what was refused, and why."""
    failed = results[results["failed"]]
    for method in results["method"].unique():
        yield f"- {method}: {(failed['method'] == method).sum()} of {(results['method'] == method).sum()} refused"
    for row in failed.itertuples():
        yield f"- {row.method}, {row.set}, repeat {row.seed}: {row.notes}"


if __name__ == "__main__":
    main()
