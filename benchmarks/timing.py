"""Run commands and say what they took: for `speed.py` and `scaling.py`."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """What one or several processes took that began together, with the processes that these started."""

    cpu: float
    """seconds of processors, of the user and of the system"""
    wall: float
    """seconds until the last had ended"""
    mebibytes: float
    """peak memory of the largest process"""


Command = Sequence[object]
Runs = dict[str, list[Run]]


def run(*commands: Command) -> Run:
    """Run commands at once; their standard output goes nowhere.  Exits where one of them fails."""
    began = time.perf_counter()
    pids = [subprocess.Popen([str(word) for word in one], stdout=subprocess.DEVNULL).pid for one in commands]
    cpu, peaks = 0.0, []
    for pid, command in zip(pids, commands, strict=True):
        _, status, usage = os.wait4(pid, 0)
        if status:
            sys.exit(f"failed: {' '.join(map(str, command))}")
        cpu += usage.ru_utime + usage.ru_stime
        peaks.append(usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10))
    return Run(cpu, time.perf_counter() - began, max(peaks))


def in_turn(commands: Mapping[str, Command], rounds: int) -> Runs:
    """Run every command once a round."""
    runs: Runs = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def show(runs: Runs, n_times: int = 1) -> None:
    """Print what every command took, each of `n_times` alike, and what the first takes by each of the others."""
    first = next(iter(runs.values()))
    for name, some in runs.items():
        cpu, wall = (spread([value / n_times for value in values]) for values in (of(some, "cpu"), of(some, "wall")))
        ratio = "" if some is first else f"; the first by it: {ratios(first, some)}"
        print(f"{name:<34}{cpu} s CPU, {wall} s, {spread(of(some, 'mebibytes'), '.0f')} MiB{ratio}")


def ratios(some: Sequence[Run], others: Sequence[Run], what: str = "cpu") -> str:
    """Write what some runs took by what others did, round by round."""
    return spread([a / b for a, b in zip(of(some, what), of(others, what), strict=True)], ".3f")


def of(runs: Sequence[Run], what: str) -> list[float]:
    """Give one figure of every run."""
    return [getattr(one, what) for one in runs]


def spread(values: Sequence[float], form: str = ".3g") -> str:
    """Write a median with the least and the greatest."""
    return f"{statistics.median(values):{form}} [{min(values):{form}}, {max(values):{form}}]"


def chosen(cases: Mapping[str, Callable[..., None]], only: str) -> Mapping[str, Callable[..., None]]:
    """Pick the cases that are named, separated by commas.  Exits where there is none of a name."""
    unknown = sorted(set(only.split(",")) - set(cases))
    if unknown:
        sys.exit(f"no case is called {', '.join(unknown)}; there are {', '.join(cases)}")
    return {name: cases[name] for name in only.split(",")}
