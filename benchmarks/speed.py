"""Time `em-impute` against programs that read and write the same file, in turn, on this machine.

python benchmarks/speed.py [--rounds 5] [--quick] [--only people,measured,...]

people    a  10,000,000 × name, gender, height: 30 % of the genders missing, heights to 0.1 cm, so that equal rows merge
measured  b  3,000,000 × name, gender, three numbers of many digits: nothing merges
mixed     c  1,000,000 × 20: 8 numbers with gaps, 4 categories, names, dates, notes, codes
small     d  1,000 × five numbers: without a report, with JSON and page, and importing numpy and pandas alone
files     e  files of 1,000 rows: one after the other by `fill_csv` in one process; by `--each`; a process each
model     f  a saved model on the rows of `people`, by a fresh fit; on one row
labels    g  100,000 × 10 numbers, 50 labels
wide      h  20,000 × 250 numbers
gaps      i  200,000 × 6 numbers, 40 patterns of gaps; 100,000 × 12, 100 patterns
help         `em-impute fill --help` against starting Python

Parts and Dask (j) are in `scaling.py`.  Every round runs every program once; a ratio is that of the CPU seconds of two
runs of one round, of all their processes.  Printed are the median of the rounds and, in brackets, the least and the
greatest.  Peers that are not installed are named and left out.
"""

import argparse
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import speed_tables as tables
from timing import Command, Runs, chosen, in_turn, ratios, run, show

if TYPE_CHECKING:
    from collections.abc import Callable

PYTHON = sys.executable
OURS = "em-impute"
PANDAS = "import sys, pandas; pandas.read_csv(sys.argv[1]).to_csv(sys.argv[2], index=False)"
POLARS = "import sys, polars; polars.scan_csv(sys.argv[1]).sink_csv(sys.argv[2])"
DUCKDB = "import sys, duckdb; duckdb.read_csv(sys.argv[1]).write_csv(sys.argv[2])"
IMPORTS = "import numpy, pandas"
FILL_EACH = """
import sys, em_impute
for path in sys.argv[2:]:
    em_impute.fill_csv(path, sys.argv[1], column="gender")
"""
LOGISTIC = """
import sys, pandas
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
table = pandas.read_csv(sys.argv[1], keep_default_na=False, na_values={"x%d" % k: "" for k in range(600)})
known, x = table["gender"] != "", table.drop(columns="gender")
fit = make_pipeline(StandardScaler(), SimpleImputer(add_indicator=True), LogisticRegression(max_iter=1000))
fit.fit(x[known], table.loc[known, "gender"])
table.loc[~known, "gender"] = fit.predict(x[~known])
table.to_csv(sys.argv[2], index=False)
"""
"""Standardised numbers, means in the gaps and columns that say where they were."""

N_FILES = 20


def main() -> None:
    """Run the cases that are asked for."""
    cases: dict[str, Callable[[Path, int, int], None]] = {
        "people": lambda *how: against_readers(make(tables.people, how[0], 10_000_000 // how[2]), *how[:2]),
        "measured": lambda *how: against_readers(make(tables.measured, how[0], 3_000_000 // how[2], 3), *how[:2]),
        "mixed": lambda *how: against_readers(make(tables.mixed, how[0], 1_000_000 // how[2]), *how[:2]),
        "small": small,
        "files": files,
        "model": model,
        "labels": lambda *how: against_regression(make(tables.labels, how[0], 100_000 // how[2], 50, 10), *how[:2]),
        "wide": wide,
        "gaps": gaps,
        "help": helping,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round of a thirtieth of the rows, for a look")
    parser.add_argument("--only", default=",".join(cases), help="cases, separated by commas")
    options = parser.parse_args()
    print(versions())
    for name, case in chosen(cases, options.only).items():
        print(f"\n## {name}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            case(Path(folder), 1 if options.quick else options.rounds, 30 if options.quick else 1)


def against_readers(source: Path, folder: Path, rounds: int) -> None:
    """Fill a file, and let others read and write it."""
    title(source)
    show(in_turn({OURS: fill(source), **readers(source, folder)}, rounds))


def against_regression(source: Path, folder: Path, rounds: int) -> None:
    """Fill a file, let pandas read and write it, and fill it by a logistic regression."""
    title(source)
    commands: dict[str, Command] = {OURS: fill(source), "pandas": [PYTHON, "-c", PANDAS, source, folder / "out.csv"]}
    if is_installed("sklearn"):
        commands["logistic regression"] = [PYTHON, "-c", LOGISTIC, source, folder / "out.csv"]
    show(in_turn(commands, rounds))


def small(folder: Path, rounds: int, _smaller: int) -> None:
    """Fill a file of a thousand rows, where starting counts most."""
    source = make(tables.measured, folder, 1000, 5)
    report, page = folder / "report.json", folder / "report.html"
    commands = {
        "without a report": fill(source),
        "with JSON and page": fill(source, "-r", report, "-r", page),
        "importing numpy and pandas": [PYTHON, "-c", IMPORTS],
    }
    show(in_turn(commands, 3 * rounds))


def files(folder: Path, rounds: int, smaller: int) -> None:
    """Fill many small files, each by a fit of its own; what is printed is a file's."""
    n_files = max(2, N_FILES // smaller)
    sources = []
    for number in range(n_files):
        place = folder / str(number)
        place.mkdir()
        made = make(tables.measured, place, 1000, 5)
        sources.append(made.rename(place / f"{number}.csv"))
    each: Command = [PYTHON, "-m", "em_impute", "fill", "--each", *sources, "-c", "gender", "-q", "--no-report"]
    loop: Command = [PYTHON, "-c", FILL_EACH, folder / "out.csv", *sources]
    runs: Runs = {"fill_csv in a loop": [], "fill --each": [], "a process each": []}
    for _ in range(rounds):
        runs["fill_csv in a loop"].append(run(loop))
        runs["fill --each"].append(run(each))
        runs["a process each"].append(run(*map(fill, sources)))
    show(runs, n_files)


def model(folder: Path, rounds: int, smaller: int) -> None:
    """Apply a saved model to the table that it was fitted to, and to one row."""
    source, saved = make(tables.people, folder, 10_000_000 // smaller), folder / "model.json"
    run(fill(source, "--save-model", saved))
    other, row = folder / "other.csv", folder / "row.csv"
    with source.open() as lines, other.open("w") as file:  # another table: the model has not learnt from it
        file.write(next(lines))
        file.write("person,,170.0\n")
        file.writelines(lines)
    row.write_text("name,gender,height\nperson,,170.0\n")
    apply = ("--model", saved)
    runs = in_turn({"the model": fill(other, *apply), "a fresh fit": fill(other), "one row": fill(row, *apply)}, rounds)
    show(runs)


def wide(folder: Path, rounds: int, smaller: int) -> None:
    """Fill a file of many columns."""
    against_regression(make(tables.wide, folder, 20_000 // smaller, 250), folder, rounds)


def gaps(folder: Path, rounds: int, smaller: int) -> None:
    """Fill files whose rows show many different sets of predictors."""
    for rows, n_numbers, n_patterns in ((200_000, 6, 40), (100_000, 12, 100)):
        against_regression(make(tables.gaps, folder, rows // smaller, n_numbers, n_patterns), folder, rounds)


def helping(_folder: Path, rounds: int, _smaller: int) -> None:
    """Show the help of the main command."""
    commands = {"fill --help": [PYTHON, "-m", "em_impute", "fill", "--help"], "python": [PYTHON, "-c", "pass"]}
    runs = in_turn(commands, 3 * rounds)
    show(runs)
    print(f"by wall clock: {ratios(runs['fill --help'], runs['python'], 'wall')}")


def make(table: "Callable[..., Path]", *how: object) -> Path:
    """Make a table in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(table, *how).result()


def readers(source: Path, folder: Path) -> dict[str, Command]:
    """List commands that read and write a file."""
    target = folder / "out.csv"
    commands: dict[str, Command] = {"pandas": [PYTHON, "-c", PANDAS, source, target]}
    for name, module, code in (("polars, streaming", "polars", POLARS), ("DuckDB", "duckdb", DUCKDB)):
        if is_installed(module):
            commands[name] = [PYTHON, "-c", code, source, target]
        else:
            print(f"{module} is not installed: left out")
    if shutil.which("mlr"):
        commands["Miller"] = ["sh", "-c", f"mlr --icsv --ocsv fill-empty -v F {source} > {target}"]
    else:
        print("Miller is not installed: left out")
    return commands


def fill(source: Path, *options: object) -> Command:
    """Give the command that is timed: the completed file beside the source, and no report but those in `options`."""
    report = () if "-r" in options else ("--no-report",)
    output = source.with_suffix(".filled.csv")
    return [PYTHON, "-m", "em_impute", "fill", source, "-c", "gender", "-o", output, "-q", *report, *options]


def is_installed(module: str) -> bool:
    """Say whether Python has a module, without importing it."""
    return importlib.util.find_spec(module) is not None


def title(source: Path) -> None:
    """Print what is filled."""
    print(f"{source.stem}, {source.stat().st_size / 1e6:.0f} MB", flush=True)


def versions() -> str:
    """Say what ran on what."""
    peers = [
        name for name, module in (("scikit-learn", "sklearn"), ("polars",) * 2, ("duckdb",) * 2) if is_installed(module)
    ]
    said = [f"Python {platform.python_version()}"]
    said += [f"{name} {version(name)}" for name in ("em-impute", "numpy", "pandas", "scipy", *peers)]
    if shutil.which("mlr"):
        said.append(subprocess.run(["mlr", "--version"], capture_output=True, text=True, check=True).stdout.strip())
    said.append(f"{os.cpu_count()} processors ({platform.machine()}), load {os.getloadavg()[0]:.1f}")
    return ", ".join(said)


if __name__ == "__main__":
    main()
