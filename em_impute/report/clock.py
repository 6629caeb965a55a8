"""When a run took place."""

import os
import time

__all__ = ["time_of_run"]

MOST_DIGITS = 11
"""Of seconds since 1970: until the year 5138."""


def time_of_run() -> str:
    """Give the time in UTC, or the one that the convention of reproducible builds dictates (SOURCE_DATE_EPOCH)."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    is_dictated = epoch.isascii() and epoch.isdigit() and len(epoch) <= MOST_DIGITS
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(epoch) if is_dictated else time.time()))
