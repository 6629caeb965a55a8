"""How much memory there is, and how much a table takes when it is held whole."""

import os
import re
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from em_impute.errors import EmImputeError, UsageError, option
from em_impute.options import Request
from em_impute.pipeline.open import read_options
from em_impute.table.dialect import detect_dialect
from em_impute.table.read import read_tables
from em_impute.table.source import open_source
from em_impute.table.text import shown

SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", re.IGNORECASE)
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
LEAST, MOST = 64 << 20, 1 << 60
"""Bytes below which not even the program itself has room, and above which nothing is meant."""

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""What a container may use, by either version of Linux's control groups."""

PROGRAM, A_BYTE = 110 << 20, 40
"""Measured: bytes of the program itself, and what a byte of a file can take at most, cut into tiny numbers."""

A_ROW, GROWTH, A_NUMBER = 16, 1.3, 24
"""Bytes that a row takes beside the table, how much more the table takes while it is read, and the copies that are made
of a column whose numbers are nearly all different."""

WORKING = 220 << 20
"""What a process takes that keeps nothing: the program, a chunk and the rows drawn from it."""

A_TEXT = 70
"""Bytes of a text and of what refers to it."""

HEAD_BYTES = 1 << 20

ENOUGH_BYTES = 1 << 23
"""Of the data of a compressed file, which say how much larger than the file all are; more than two blocks."""


def parse_size(text: str) -> int:
    """Read a number of bytes such as 300M, 2G or 1.5GiB.  Raises UsageError."""
    found = SIZE.fullmatch(text.strip())
    size = float(found[1]) * UNITS[found[2].upper()] if found else 0.0
    if not LEAST <= size < MOST:
        message = f"{option('max_memory')} takes a size of at least {LEAST >> 20}M, not {shown(text)}"
        raise UsageError(message, f"for example {option('max_memory', '2G')}")
    return int(size)


def default_limit() -> int:
    """Give half of the memory of the machine, or of the container where that has less, and leave the rest to others."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")] if hasattr(os, "sysconf") else []
    for limit in LIMITS:
        with suppress(OSError, ValueError):  # "max" is no number
            found.append(int(limit.read_text(encoding="ascii")))
    return min(found, default=4 << 30) // 2


def room_to_keep(limit: int, n_workers: int) -> int:
    """Say what each worker may keep from one pass to the next: half of what working on a chunk leaves."""
    return max(0, limit // n_workers - WORKING) // 2


def needed_bytes(path: Path, request: Request, limit: int) -> int:
    """Estimate what filling a file takes when it is held whole; 0 where that is surely less than `limit`.

    The first block says how long a row is and what it takes, and how much a compressed file grows when it is read; what
    is wrong with the file is for the reader to say.
    """
    try:
        with open_source(path, ENOUGH_BYTES) as raw:
            size = path.stat().st_size
            if raw.original is not None:
                size = size * raw.size // raw.original[1]
            if PROGRAM + A_BYTE * size < limit:
                return 0
            source, dialect = detect_dialect(raw, request)
            options = read_options(request, dialect, raw.name)
            options["explicit"] = False
            options["block_bytes"] = None if raw.compression is None else HEAD_BYTES
            table = next(read_tables(source, dialect, chunk_bytes=HEAD_BYTES, **options))
    except (OSError, ValueError, EmImputeError):
        return 0
    n_rows = table.n_rows * size / max(1, table.stop - table.start)
    n_different = sum(one.numbers is not None and one.code is None for one in table.numbers.values())
    a_row = A_ROW + GROWTH * array_bytes(table) / max(1, table.n_rows) + A_NUMBER * n_different
    return int(PROGRAM + n_rows * a_row)


def array_bytes(value: Any) -> int:  # noqa: ANN401  # whatever a table is made of
    """Count the bytes of all arrays in a value."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, str):
        return A_TEXT
    if isinstance(value, dict):
        return sum(map(array_bytes, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(array_bytes, value))
    if is_dataclass(value):
        return sum(array_bytes(getattr(value, one.name)) for one in fields(value))
    return 0
