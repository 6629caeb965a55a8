"""Show how whole runs differ from what is kept of them, and keep what they give now where that is asked for."""

import argparse
import os
import sys

from em_impute.environment import BLAS_THREADS

for variable in BLAS_THREADS:  # before anything imports numpy, as in the tests
    os.environ.setdefault(variable, "1")

from golden.keeping import KEPT, accept, differences, kept_lines, path_of  # noqa: E402
from golden.running import outcome  # noqa: E402
from golden.runs import RUNS  # noqa: E402


def main():
    """Go through all runs, or those whose names hold some words."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="keep what the runs give now")
    parser.add_argument("words", nargs="*", help="only runs whose names hold one of these")
    asked = parser.parse_args()
    n_different = 0
    for run in RUNS.values():
        if asked.words and not any(word in run.name for word in asked.words):
            continue
        found = outcome(run)
        shown = differences(kept_lines(run), found)
        if shown:
            n_different += 1
            print(f"\n{run.name}\n", *shown, sep="\n")
            if asked.accept:
                accept(run, found)
    forgotten = set(KEPT.glob("*.txt")) - {*map(path_of, RUNS.values())}
    for path in sorted(forgotten):
        print(f"\nno run is kept in {path.name}")
        if asked.accept:
            path.unlink()
    n_different += len(forgotten)
    print(f"\n{n_different} differ{'s' * (n_different == 1)} of {len(RUNS)} runs")
    if n_different and not asked.accept:
        print("If all of this is as it should be: make golden ACCEPT=1")
    return n_different > 0 and not asked.accept


if __name__ == "__main__":
    sys.exit(main())
