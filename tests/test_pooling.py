"""docs/pooling.md: the Python program on it runs on a real output and pools as others do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/pooling.md").read_text(encoding="utf-8")
PROGRAM = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]


def test_the_program_pools_as_mice_does():
    # Oracle: mice::pool.scalar(Q, U, n, k) of R.
    names = {}
    exec(PROGRAM.partition("\n\nlong = ")[0], names)  # noqa: S102  # it is our own
    results = [(10.2, 1.1), (9.8, 0.9), (10.5, 1.2), (10.1, 1.0), (9.7, 0.95)]

    for rows, coefficients, df in ((100, 2, 68.8262053187433), (30, 1, 22.6935932387678)):
        assert names["pool"](results, rows - coefficients) == pytest.approx((10.06, 1.0740577265678, df), rel=1e-12)
    assert names["pool"]([(3.0, 4.0)] * 5, 97) == (3.0, 2.0, pytest.approx(97 * 98 / 100))  # nothing missing


def test_the_program_on_the_page_reads_what_fill_wrote(run, samples):
    (command,) = re.findall(r"^em-impute (.*--long)", PAGE, re.MULTILINE)
    run(*command.split())
    shown = subprocess.run([sys.executable, "-c", PROGRAM], cwd=samples, capture_output=True, text=True, check=True)

    assert [line.partition(":")[0] for line in shown.stdout.splitlines()] == ["share_of_women", "difference_in_height"]
