"""Figures of what was tried, printed after `pytest -m faults`, which works in one process."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest

TALLY = pytest.StashKey[dict[str, Counter]]()


@pytest.fixture
def tally(request):
    """Count how something ended: `tally("SIGKILL", "old file")`."""
    counts = request.config.stash.setdefault(TALLY, {})

    def tally(what, ending, *all_endings):
        found = counts.setdefault(what, Counter(dict.fromkeys(all_endings, 0)))
        found[ending] += 1

    return tally


@pytest.fixture
def folder():
    """A folder where other users may come, which pytest's own is not: each of its runs closes it again."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def pytest_terminal_summary(terminalreporter, config):
    """Print the figures where faults were asked for."""
    if "faults" not in (config.getoption("markexpr") or "") or TALLY not in config.stash:
        return
    terminalreporter.section("faults", sep="-")
    for what, found in config.stash[TALLY].items():
        ends = ", ".join(f"{number} {ending}" for ending, number in found.items())
        terminalreporter.write_line(f"{what} ({found.total()} times): {ends}")
