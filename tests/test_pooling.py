"""docs/pooling.md: the Python program on it runs on a real output and pools as others do."""

import csv
import math
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/pooling.md").read_text(encoding="utf-8")
PROGRAM = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]


def pooled(results, complete_df):
    """Oracle: Barnard & Rubin's formulas as they were printed, with the standard library."""
    estimates, variances = zip(*results, strict=True)
    m = len(estimates)
    between = statistics.variance(estimates)
    total = statistics.mean(variances) + (1 + 1 / m) * between
    gamma = (1 + 1 / m) * between / total
    df_m = (m - 1) * gamma**-2
    df_obs = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - gamma)
    return statistics.mean(estimates), math.sqrt(total), 1 / (1 / df_m + 1 / df_obs)


def by_table(path):
    """The heights of women and men in every imputation, without pandas."""
    tables = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            tables.setdefault(int(row[".imp"]), {}).setdefault(row["gender"], []).append(float(row["height"]))
    assert "" in tables.pop(0)
    return list(tables.values())


def test_the_program_on_the_page_pools_what_fill_wrote(run, samples):
    (command,) = re.findall(r"^em-impute (.*--long)", PAGE, re.MULTILINE)
    run(*command.split())
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=samples, capture_output=True, text=True, check=True
    ).stdout
    tables = by_table(samples / "heights.filled.csv")
    n_rows = sum(map(len, tables[0].values()))
    shares = [len(table["female"]) / n_rows for table in tables]
    share = pooled([(one, one * (1 - one) / n_rows) for one in shares], n_rows - 1)
    difference = pooled(
        [
            (
                statistics.mean(table["male"]) - statistics.mean(table["female"]),
                sum(statistics.variance(heights) / len(heights) for heights in table.values()),
            )
            for table in tables
        ],
        n_rows - 2,
    )

    assert len(tables) == 20
    assert shown == "".join(
        f"{name}: {estimate:.4f}, standard error {error:.4f}, {df:.1f} degrees of freedom\n"
        for name, (estimate, error, df) in [("share_of_women", share), ("difference_in_height", difference)]
    )


@pytest.mark.parametrize(("rows", "coefficients", "df"), [(100, 2, 68.8262053187433), (30, 1, 22.6935932387678)])
def test_the_program_pools_as_mice_does(rows, coefficients, df):
    # Oracle: mice::pool.scalar(Q, U, n, k) of R.
    names = {}
    exec(PROGRAM.partition("\n\nlong = ")[0], names)  # noqa: S102  # it is our own
    results = [(10.2, 1.1), (9.8, 0.9), (10.5, 1.2), (10.1, 1.0), (9.7, 0.95)]

    assert names["pool"](results, rows - coefficients) == pytest.approx((10.06, 1.0740577265678, df), rel=1e-12)


def test_with_nothing_missing_only_the_observed_rows_count():
    names = {}
    exec(PROGRAM.partition("\n\nlong = ")[0], names)  # noqa: S102  # it is our own
    estimate, error, df = names["pool"]([(3.0, 4.0)] * 5, 97)

    assert (estimate, error) == (3.0, 2.0)
    assert df == pytest.approx(97 * 98 / 100)


def test_every_option_that_the_page_names_exists():
    options = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "em_impute/cli/options").glob("*.py"))

    assert {name for name in re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE) if f'"{name}"' not in options} == set()
