"""Time `em-impute fill` against reading and writing the same file with pandas, in turn, on this machine.

python benchmarks/speed.py [--rows 10000000] [--rounds 3] [--quick]

The file is name,gender,height with 30 % of the genders missing and heights to 0.1 cm: equal rows merge.
With --continuous it is three predictors of many digits, and nothing merges.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

PANDAS = "import sys, pandas; pandas.read_csv(sys.argv[1]).to_csv(sys.argv[2], index=False)"


def main() -> None:
    """Make the file, run both in turn, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--continuous", action="store_true")
    parser.add_argument("--quick", action="store_true", help="300,000 rows, for a look")
    options = parser.parse_args()
    rows = 300_000 if options.quick else options.rows
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "people.csv", Path(folder) / "out.csv"
        make_file(source, rows, continuous=options.continuous)
        print(f"{rows:,} rows, {source.stat().st_size / 1e6:.0f} MB; numpy {np.__version__}, pandas {pd.__version__}")
        ours = [sys.executable, "-m", "em_impute", "fill", source, "-c", "gender", "-o", target, "-q"]
        theirs = [sys.executable, "-c", PANDAS, source, target]
        ratios = []
        for _ in range(options.rounds):
            (our_seconds, our_peak), (their_seconds, their_peak) = measure(ours), measure(theirs)
            ratios.append(our_seconds / their_seconds)
            print(
                f"em-impute {our_seconds:.2f} s, {our_peak:.0f} MiB; "
                f"pandas {their_seconds:.2f} s, {their_peak:.0f} MiB; ratio {ratios[-1]:.3f}"
            )
        print(f"median ratio {statistics.median(ratios):.3f}")


def make_file(path: Path, rows: int, *, continuous: bool) -> None:
    """Write a file like a register of persons."""
    rng = np.random.default_rng(0)
    with path.open("w", encoding="ascii") as file:
        file.write("name,gender,a,b,c\n" if continuous else "name,gender,height\n")
        for first in range(0, rows, 100_000):
            n = min(100_000, rows - first)
            male = rng.random(n) < 0.5
            gender = np.where(rng.random(n) < 0.3, "", np.where(male, "M", "F"))
            frame = pd.DataFrame({"name": [f"person{first + i}" for i in range(n)], "gender": gender})
            if continuous:
                for k, name in enumerate("abc"):
                    frame[name] = np.round(rng.normal(np.where(male, 1.5, 0.0) * (k < 2), 1.0, n), 9)
            else:
                frame["height"] = np.round(rng.normal(np.where(male, 178.0, 165.0), 7.0), 1)
            frame.to_csv(file, header=False, index=False)


def measure(command: list[object]) -> tuple[float, float]:
    """Run a command; give its wall-clock seconds and its peak memory in MiB."""
    began = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"failed: {command}")
    return seconds, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
