"""What this process has: memory, threads of numpy's libraries, a clock, a version."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from em_impute.errors import FitError

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables of the environment by which the libraries below numpy count their threads."""

ADDRESSES, DATA = 400 << 20, 160 << 20
"""Bytes that a run on a small file takes beside Python itself: of addresses (`ulimit -v`), and of those that may be
written to (`ulimit -d`).  Most of it is for the two copies of OpenBLAS that NumPy and SciPy bring."""

NO_MEMORY = ("not enough memory", "allow the process more of it (ulimit -v, ulimit -d), or give it a smaller file")

SIGNS = ("failed to map segment", "annot allocate memory", "can't start new thread")
"""What the loader of libraries and the threads say, whose errors are not of a kind of their own."""

LARGE = 64
"""Rows of a matrix that is worked on with OpenBLAS's buffer; the smallest ones do without."""

USERS_OF_BLAS = ("numpy.linalg._umath_linalg", "scipy.linalg._fblas", "scipy.special._ufuncs")
"""Extension modules that bring OpenBLAS, one copy with NumPy and another with SciPy."""

_PINNED: list[int] = []
"""The calls within `one_blas_thread`, all those of other threads of Python among them."""
_RESTORE: list[tuple[Callable[[int], None], int]] = []
"""How the first of them found the threads of each library."""
_LOCK = Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let the OpenBLAS libraries that are loaded use one thread, and as many as before in the end.

    The products here are small: more threads gain nothing and wait for each other.  Another BLAS is left alone.
    """
    with _LOCK:
        if not _PINNED:
            for get, put in _openblas():
                _RESTORE.append((put, get()))
                put(1)
        _PINNED.append(1)
    try:
        yield
    finally:
        with _LOCK:
            _PINNED.pop()
            while not _PINNED and _RESTORE:
                put, n_threads = _RESTORE.pop()
                put(n_threads)


def _openblas() -> Iterator[tuple[Callable[[], int], Callable[[int], None]]]:
    """Find the functions by which each library tells and is told its threads."""
    import ctypes

    for name in USERS_OF_BLAS:
        path = getattr(sys.modules.get(name), "__file__", None)
        library = ctypes.CDLL(path) if path else None
        for before in ("scipy_", ""):
            for after in ("64_", ""):
                get = getattr(library, f"{before}openblas_get_num_threads{after}", None)
                put = getattr(library, f"{before}openblas_set_num_threads{after}", None)
                if get is not None and put is not None:
                    yield get, put


def memory_is_limited() -> bool:
    """Tell whether there is a limit on its addresses (`ulimit -v`) or on those that may be written to (`ulimit -d`)."""
    if sys.platform == "win32":
        return False
    import resource

    limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return any(limit != resource.RLIM_INFINITY for limit in limits)


def refuse_without_memory() -> None:
    """Raise `FitError` if less may be had than a run on a small file takes.

    Without its buffer OpenBLAS prints words of its own and ends the process, or asks for it again without end.  So
    where there is a limit the buffers are taken before a table is: what is too large for the rest is a `MemoryError`.
    """
    if sys.platform == "win32" or not memory_is_limited():
        return
    import mmap

    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    for n_bytes, access in ((ADDRESSES, mmap.PROT_READ), (DATA, mmap.PROT_READ | mmap.PROT_WRITE)):
        try:
            mmap.mmap(-1, n_bytes, flags=flags, prot=access).close()  # nothing of it is ever touched
        except (OSError, ValueError, MemoryError):
            message = f"not enough memory: even a small file takes {n_bytes >> 20} MiB, which this process may not have"
            raise FitError(message, "allow the process more of it (ulimit -v, ulimit -d)") from None
    import numpy as np
    import scipy.special  # noqa: F401  # asks for a buffer when it is imported

    np.linalg.cholesky(np.eye(LARGE))  # asks for the other one, and keeps it


def is_lack_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that there is not enough memory."""
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in SIGNS)


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
