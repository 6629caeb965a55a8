"""Time `em-impute` against programs that read and write the same file, in turn, on this machine.

python benchmarks/speed.py [--rounds 5] [--quick] [--only merged,continuous,growth,small,help]

merged      10,000,000 × name,gender,height; 30 % of the genders missing, heights to 0.1 cm: equal rows merge
continuous  3,000,000 × name,gender,a,b,c; three predictors of many digits: nothing merges
growth      the first file against one of a tenth of its rows
small       1,000 × five predictors, the choice of the model and the report included, against importing numpy and pandas
help        `em-impute fill --help` against starting Python

Every round runs every program once; a ratio is that of two runs of one round.  Printed are the median of the rounds
and, in brackets, the least and the greatest.  Peers that are not installed are named and left out.
"""

import argparse
import importlib.util
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

PANDAS = "import sys, pandas; pandas.read_csv(sys.argv[1]).to_csv(sys.argv[2], index=False)"
POLARS = "import sys, polars; polars.read_csv(sys.argv[1]).write_csv(sys.argv[2])"
IMPORTS = "import numpy, pandas"
OURS = "em-impute"
CHUNK = 100_000


@dataclass(frozen=True)
class Run:
    """One run of one program."""

    seconds: float
    mebibytes: float


Runs = dict[str, list[Run]]


def main() -> None:
    """Run the cases that are asked for."""
    cases: dict[str, Callable[[Path, int, bool], None]] = {
        "merged": merged,
        "continuous": continuous,
        "growth": growth,
        "small": small,
        "help": helping,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a thirtieth of the rows, for a look")
    parser.add_argument("--only", default=",".join(cases), help="cases, separated by commas")
    options = parser.parse_args()
    print(versions())
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only.split(","):
            print(f"\n## {name}")
            cases[name](Path(folder), 1 if options.quick else options.rounds, options.quick)


def merged(folder: Path, rounds: int, quick: bool) -> None:
    """Fill by heights that many persons share."""
    source = make_people(folder, 10_000_000 // (30 if quick else 1))
    show(run_in_turn(peers(source, folder), rounds), source)


def continuous(folder: Path, rounds: int, quick: bool) -> None:
    """Fill by measurements that no two rows share; the memory is that above a run on a thousand rows."""
    rows = 3_000_000 // (30 if quick else 1)
    source = make_measured(folder, rows, 3)
    runs = run_in_turn(peers(source, folder), rounds)
    show(runs, source)
    start = run_in_turn({OURS: fill(make_measured(folder, 1000, 3), folder)}, rounds)[OURS]
    above = [run.mebibytes - statistics.median(one.mebibytes for one in start) for run in runs[OURS]]
    print(f"bytes a row above a run on 1,000 rows: {spread([one * 2**20 / rows for one in above], '.0f')}")


def growth(folder: Path, rounds: int, quick: bool) -> None:
    """Fill ten times the rows."""
    rows = 10_000_000 // (30 if quick else 1)
    sources = {f"{n:,} rows": make_people(folder, n) for n in (rows // 10, rows)}
    runs = run_in_turn({name: fill(source, folder) for name, source in sources.items()}, rounds)
    few, many = ([run.seconds for run in some] for some in runs.values())
    for name, some in runs.items():
        print(f"{name}: {spread([run.seconds for run in some])} s")
    print(f"ratio: {spread([b / a for a, b in zip(few, many, strict=True)])}")


def small(folder: Path, rounds: int, quick: bool) -> None:  # noqa: ARG001  # it is quick
    """Fill a file of a thousand rows and five predictors."""
    source = make_measured(folder, 1000, 5)
    runs = run_in_turn({OURS: fill(source, folder), "import": [sys.executable, "-c", IMPORTS]}, 3 * rounds)
    show_difference(runs, OURS, "import")


def helping(folder: Path, rounds: int, quick: bool) -> None:  # noqa: ARG001
    """Show the help of the main command."""
    commands = {
        "fill --help": [sys.executable, "-m", "em_impute", "fill", "--help"],
        "python": [sys.executable, "-c", "pass"],
    }
    show_difference(run_in_turn(commands, 3 * rounds), "fill --help", "python")


def peers(source: Path, folder: Path) -> dict[str, list[object]]:
    """List the commands that read and write the file; em-impute, with its report, is the first."""
    target = folder / "out.csv"
    commands: dict[str, list[object]] = {
        OURS: fill(source, folder),
        "pandas read_csv, to_csv": [sys.executable, "-c", PANDAS, source, target],
    }
    if shutil.which("mlr"):
        words = f"mlr --icsv --ocsv fill-empty -v F {source} > {target}"
        commands["Miller fill-empty"] = ["sh", "-c", words]
    else:
        print("Miller is not installed: left out")
    if importlib.util.find_spec("polars"):
        commands["polars read_csv, write_csv"] = [sys.executable, "-c", POLARS, source, target]
    else:
        print("polars is not installed: left out")
    return commands


def fill(source: Path, folder: Path) -> list[object]:
    """Give the command that is timed: the completed file and the report are written, without a page of pictures."""
    output, report = folder / "out.csv", folder / "out.report.json"
    return [sys.executable, "-m", "em_impute", "fill", source, "-c", "gender", "-o", output, "-r", report, "-q"]


def run_in_turn(commands: dict[str, list[object]], rounds: int) -> Runs:
    """Run every command once a round."""
    runs: Runs = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measure(command))
    return runs


def measure(command: Sequence[object]) -> Run:
    """Run a command and the processes that it starts; standard output goes nowhere."""
    began = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"failed: {command}")
    return Run(seconds, usage.ru_maxrss / 1024)


def show(runs: Runs, source: Path) -> None:
    """Print what every program took, and the ratios of the first to the others."""
    print(f"{source.stat().st_size / 1e6:.0f} MB")
    ours = next(iter(runs.values()))
    for name, some in runs.items():
        peak = spread([run.mebibytes for run in some], ".0f")
        ratio = spread([a.seconds / b.seconds for a, b in zip(ours, some, strict=True)], ".3f")
        against = "" if some is ours else f"; em-impute takes {ratio} of it"
        print(f"{name}: {spread([run.seconds for run in some])} s, {peak} MiB{against}")


def show_difference(runs: Runs, one: str, other: str) -> None:
    """Print what two programs took, and by how much one took longer."""
    for name, some in runs.items():
        print(f"{name}: {spread([run.seconds for run in some])} s")
    longer = [a.seconds - b.seconds for a, b in zip(runs[one], runs[other], strict=True)]
    print(f"longer by {spread(longer)} s")


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Write a median with the least and the greatest."""
    return f"{statistics.median(values):{form}} [{min(values):{form}}, {max(values):{form}}]"


def versions() -> str:
    """Say what ran on what."""
    names = ["em-impute", "numpy", "pandas", "scipy", *(["polars"] if importlib.util.find_spec("polars") else [])]
    said = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)]
    if shutil.which("mlr"):
        said.append(subprocess.run(["mlr", "--version"], capture_output=True, text=True, check=True).stdout.strip())
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "1 in em-impute, the default elsewhere")
    said += [f"{os.cpu_count()} cores ({platform.machine()})", f"BLAS threads: {threads}"]
    return ", ".join(said)


def make_people(folder: Path, rows: int) -> Path:
    """Write a register of persons with their heights to 0.1 cm."""

    def columns(rng: np.random.Generator, male: np.ndarray) -> dict[str, np.ndarray]:
        return {"height": np.round(rng.normal(np.where(male, 178.0, 165.0), 7.0), 1)}

    return make_file(folder / f"people{rows}.csv", rows, columns)


def make_measured(folder: Path, rows: int, n_predictors: int) -> Path:
    """Write a table of measurements with nine decimals; the first two differ between the genders."""

    def columns(rng: np.random.Generator, male: np.ndarray) -> dict[str, np.ndarray]:
        means = (1.5 * male * (k < 2) for k in range(n_predictors))
        return {"abcdefgh"[k]: np.round(rng.normal(mean, 1.0), 9) for k, mean in enumerate(means)}

    return make_file(folder / f"measured{rows}x{n_predictors}.csv", rows, columns)


def make_file(
    path: Path, rows: int, columns: Callable[[np.random.Generator, np.ndarray], dict[str, np.ndarray]]
) -> Path:
    """Write name, gender (30 % missing) and the predictors that `columns` draws for males (True) and females."""
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    with path.open("w", encoding="ascii") as file:
        for first in range(0, rows, CHUNK):
            male = rng.random(min(CHUNK, rows - first)) < 0.5
            gender = np.where(rng.random(male.size) < 0.3, "", np.where(male, "M", "F"))
            names = [f"person {first + i:010d}" for i in range(male.size)]
            frame = pd.DataFrame({"name": names, "gender": gender, **columns(rng, male)})
            frame.to_csv(file, header=not first, index=False)
    return path


if __name__ == "__main__":
    main()
