"""How the runs have ended that were made up."""

from collections import Counter

from forking import Ended

__all__ = ["count", "count_failure", "lines"]

ENDS = {
    0: "done", 1: "negative answer", 2: "wrong command line", 3: "input cannot be used", 4: "no model", 5: "cannot write"
}  # fmt: skip

_ended: Counter[tuple[str, int]] = Counter()
"""Runs by command and exit code."""

_seconds: Counter[str] = Counter()

_failed: Counter[str] = Counter()
"""Runs that broke the contract; what shrinks fails many times."""


def count(command: str, ended: Ended) -> None:
    """Count a run."""
    _ended[command, ended.code] += 1
    _seconds[command] += ended.seconds


def count_failure(command: str) -> None:
    """Count a run that broke the contract."""
    _failed[command] += 1


def lines() -> list[str]:
    """Say for each command how its runs have ended; nothing where there were none."""
    said = []
    for command in sorted({command for command, _ in _ended}):
        of = {code: n for (one, code), n in sorted(_ended.items()) if one == command}
        n_runs, each = (
            sum(of.values()),
            ", ".join(f"{ENDS.get(code, 'a bug')} ({code}) {n:,}" for code, n in of.items()),
        )
        seconds = f"{_seconds[command] / n_runs:.2f} s each"
        said.append(f"{command:9} {n_runs:6,} runs, {seconds}: {each}; {_failed[command]:,} failures")
    return said
