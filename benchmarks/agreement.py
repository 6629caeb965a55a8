"""Say how many filled cells agree with the truth.

    python benchmarks/agreement.py INCOMPLETE FILLED TRUTH COLUMN

The three CSV files have the same rows in the same order.  A cell was missing where INCOMPLETE and TRUTH differ.
"""

import csv
import sys
from pathlib import Path


def main(incomplete: str, filled: str, truth: str, column: str) -> None:
    """Print one line: how many of the filled cells are right, and how many were left as they were."""
    missing = [
        (before, after, right)
        for before, after, right in zip(
            cells(incomplete, column), cells(filled, column), cells(truth, column), strict=True
        )
        if before != right
    ]
    fills = [(after, right) for before, after, right in missing if after != before]
    n_right = sum(after == right for after, right in fills)
    share = f" ({n_right / len(fills):.1%})".replace("%", " %") if fills else ""
    left = f"; {len(missing) - len(fills)} were left empty" if len(fills) < len(missing) else ""
    print(f"{n_right} of {len(fills)} filled {column}s are right{share}{left}")


def cells(path: str, column: str) -> list[str]:
    """Read one column of a CSV file."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [row[column] for row in csv.DictReader(file)]


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: python benchmarks/agreement.py INCOMPLETE FILLED TRUTH COLUMN")
    main(*sys.argv[1:])
