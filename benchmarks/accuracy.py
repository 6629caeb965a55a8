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
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

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
from answers import Answer, cpu_seconds, fill, in_parallel, result

PEERS = (*peers.NAMES, *r_peers.NAMES)
REGIMES_HELP = f"only these of {', '.join(REGIMES)}".replace("%", "%%")  # argparse takes % for its own


def main() -> None:
    """Run all cases and print the summary."""
    settings = parse()
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
    return in_parallel(work, plan, settings.jobs)


def run_case(plan: tuple[Table, str, int], *, rows: int, chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Run every method on one case."""
    case = make_case(*plan, rows)
    return [
        result(case, OURS, run_em_impute(case)),
        result(case, SHARES, Answer(case.shares, 0.0)),
        *(result(case, name, answer) for name, answer in run_peers(case, chosen)),
    ]


def run_em_impute(case: Case) -> Answer:
    """Write the table with holes and let em-impute fill it with all predictors of the index."""
    target = case.table.target
    names = (*case.table.numeric, *case.table.categorical)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "case.csv"
        texts = case.cells[target].where(~case.hidden, "")
        case.cells.assign(**{target: texts}).to_csv(source, index=False)
        return fill(case, source, [word for name in names for word in ("-x", name)])


def run_peers(case: Case, chosen: Sequence[str]) -> Iterator[tuple[str, Answer]]:
    """Fit every peer to the same rows and labels."""
    numeric = case.cells[list(case.table.numeric)].apply(pd.to_numeric, errors="coerce")
    categorical = case.cells[list(case.table.categorical)]
    if {*chosen} & {*peers.NAMES}:
        x = peers.predictors(numeric, categorical)
        models = peers.classifiers(case.seed)
    for name in chosen:
        began, cpu = time.perf_counter(), cpu_seconds()
        try:
            if name in r_peers.NAMES:
                probability = r_peers.predict(name, numeric, categorical, case.visible, case.hidden, case.seed)
            else:
                probability = peers.predict(models[name], x, case.visible, case.hidden)
            error = ""
        except Exception as failure:  # noqa: BLE001  whatever a library raises, the others are still compared
            first = (str(failure).strip().splitlines() or [""])[0]
            probability, error = None, f"{type(failure).__name__}: {first}"
        yield name, Answer(probability, time.perf_counter() - began, cpu_seconds() - cpu, error=error)


if __name__ == "__main__":
    main()
