"""When a run took place."""

import os
import time

__all__ = ["forget_no_date", "is_dictated", "time_of_run"]

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
