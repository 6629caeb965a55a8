"""What this process may have: memory, and threads of numpy's libraries."""

import os
import sys
import time

__all__ = ["BLAS_THREADS", "forget_no_date", "is_dictated", "memory_is_limited", "time_of_run", "version"]

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables of the environment by which the libraries below numpy count their threads."""


def memory_is_limited() -> bool:
    """Tell whether there is a limit on its addresses (`ulimit -v`) or on those that may be written to (`ulimit -d`)."""
    if sys.platform == "win32":
        return False
    import resource

    limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return any(limit != resource.RLIM_INFINITY for limit in limits)


DATE = "SOURCE_DATE_EPOCH"
"""Seconds since 1970 that stand for the time of the run, by the convention of reproducible builds."""

MOST_DIGITS = 11
"""Until the year 5138."""


def time_of_run() -> str:
    """Give the time in UTC, or the one that is dictated."""
    seconds = float(os.environ[DATE]) if is_dictated() else time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def forget_no_date() -> None:
    """Take a date that is none out of the environment: SciPy brings a part of NumPy that would fail over it."""
    if not is_dictated():
        os.environ.pop(DATE, None)


def is_dictated() -> bool:
    """Tell whether reports are to be the same whenever they are made: then they name no other time either."""
    epoch = os.environ.get(DATE, "")
    return epoch.isascii() and epoch.isdigit() and len(epoch) <= MOST_DIGITS


def version() -> str:
    """Give the version of em-impute that is installed; importlib.metadata is imported late since that is slow."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("em-impute")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "unknown"
