"""Measure what parts, processes and little memory cost, in turn, on this machine.

python benchmarks/scaling.py [--rounds 3] [--quick] [--only workers,memory,growth]

workers  four parts of one table of continuous predictors (nothing merges, one mixture by EM over all rows): one
         process, two plain ones that each fill two parts on their own, and Dask with two workers.  The bytes must be
         those of one process.
memory   one file by as much memory as it likes, and by a quarter of that: seconds, and the peak
growth   one part, and four times as many rows in four parts: serial seconds, and bytes held by the driver of Dask

Every round runs everything once; a ratio is that of two runs of one round.  Printed are the median of the rounds and,
in brackets, the least and the greatest.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from timing import Run, run, spread

ROWS = 12_000_000
PARTS = 4
CHUNK = 100_000
OPTIONS = ("-c", "kind", "--covariance", "full", "-q")


def main() -> None:
    """Run the cases that are asked for."""
    cases: dict[str, Callable[[Path, int, int], None]] = {"workers": workers, "memory": memory, "growth": growth}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the rows, for a look")
    parser.add_argument("--only", default=",".join(cases), help="cases, separated by commas")
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only.split(","):
            print(f"\n## {name}")
            cases[name](Path(folder), 1 if options.quick else options.rounds, ROWS // (100 if options.quick else 1))


def workers(folder: Path, rounds: int, n_rows: int) -> None:
    """Compare two workers of Dask with two plain processes, both against one process."""
    parts = make_parts(folder, n_rows, PARTS)
    found: list[tuple[Run, Run, Run]] = []
    for _ in range(rounds):
        alone = run(fill(parts, folder / "serial"))
        plain = run(fill(parts[:2], folder / "first"), fill(parts[2:], folder / "last"))
        dask = run(fill(parts, folder / "dask", "--backend", "dask", "--workers", "2"))
        found.append((alone, plain, dask))
        for part in parts:
            if (folder / "serial" / part.name).read_bytes() != (folder / "dask" / part.name).read_bytes():
                sys.exit(f"{part.name}: Dask gave other bytes")
    print(f"{n_rows:,} rows in {PARTS} parts, {sum(part.stat().st_size for part in parts) / 1e6:,.0f} MB; same bytes")
    for name, at in (("one process", 0), ("two plain processes", 1), ("Dask, two workers", 2)):
        print(f"{name:<22}{spread([one[at].wall for one in found])} s")
    print(f"speed-up, plain       {spread([one[0].wall / one[1].wall for one in found])}")
    print(f"speed-up, Dask        {spread([one[0].wall / one[2].wall for one in found])}")
    print(f"Dask / plain          {spread([one[1].wall / one[2].wall for one in found])}")


def memory(folder: Path, rounds: int, n_rows: int) -> None:
    """Fill one file that is held whole, and again with a quarter of that memory."""
    (source,) = make_parts(folder, n_rows, 1)
    found: list[tuple[Run, Run]] = []
    for _ in range(rounds):
        whole = run(fill([source], folder / "whole.csv"))
        limit = max(256, int(whole.mebibytes / 4))
        found.append((whole, run(fill([source], folder / "again.csv", "--max-memory", f"{limit}M"))))
    same = (folder / "whole.csv").read_bytes() == (folder / "again.csv").read_bytes()
    print(f"{n_rows:,} rows, {source.stat().st_size / 1e6:,.0f} MB; {'same' if same else 'other'} bytes")
    for name, at in (("as much as it likes", 0), (f"--max-memory {limit}M", 1)):
        runs = [one[at] for one in found]
        print(f"{name:<22}{spread([one.wall for one in runs])} s, {spread([one.mebibytes for one in runs])} MiB")


def growth(folder: Path, rounds: int, n_rows: int) -> None:
    """Compare a table with one of four times as many rows in four times as many parts."""
    parts = make_parts(folder, n_rows, PARTS)
    found = [(run(fill(parts[:1], folder / "one/")), run(fill(parts, folder / "four/"))) for _ in range(rounds)]
    print(f"{n_rows // PARTS:,} rows and {n_rows:,}")
    for name, at in (("one part", 0), ("four parts", 1)):
        runs = [one[at] for one in found]
        print(f"{name:<22}{spread([one.wall for one in runs])} s, {spread([one.mebibytes for one in runs])} MiB")
    print(f"ratio                 {spread([four.wall / one.wall for one, four in found])}")


def make_parts(folder: Path, n_rows: int, n_parts: int) -> list[Path]:
    """Write two overlapping kinds of rows with three measurements; 30 % of the kinds are missing."""
    rng = np.random.default_rng(0)
    parts = []
    for number in range(n_parts):
        parts.append(folder / f"part-{number}.csv")
        with parts[-1].open("w", encoding="ascii") as file:
            file.write("kind,a,b,c\n")
            for first in range(0, n_rows // n_parts, CHUNK):
                n = min(CHUNK, n_rows // n_parts - first)
                kind = rng.random(n) < 0.5
                x = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.3, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
                x[kind] += 1.2
                label = np.where(rng.random(n) < 0.3, "", np.where(kind, "new", "old"))
                rows = zip(label.tolist(), *x.T.tolist(), strict=True)
                file.writelines(f"{g},{a:.6f},{b:.6f},{c:.6f}\n" for g, a, b, c in rows)
    return parts


def fill(parts: Sequence[Path], output: Path, *options: str) -> list[str]:
    """Spell a command; its report is JSON, without a page of pictures."""
    target = f"{output}/" if output.suffix != ".csv" else str(output)
    written = ("-o", target, "-r", f"{output}.report.json")
    return [sys.executable, "-m", "em_impute", "fill", *map(str, parts), *written, *OPTIONS, *options]


if __name__ == "__main__":
    main()
