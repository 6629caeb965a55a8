"""Whether there is memory enough to begin, which the numerical libraries cannot say in an orderly way."""

import sys

from em_impute.environment import memory_is_limited
from em_impute.errors import FitError

__all__ = ["NO_MEMORY", "is_lack_of_memory", "refuse_without_memory"]

ADDRESSES, DATA = 400 << 20, 160 << 20
"""Bytes that a run on a small file takes beside Python itself: of addresses (`ulimit -v`), and of those that may be
written to (`ulimit -d`).  Most of it is for the two copies of OpenBLAS that NumPy and SciPy bring."""

NO_MEMORY = ("not enough memory", "allow the process more of it (ulimit -v, ulimit -d), or give it a smaller file")

SIGNS = ("failed to map segment", "annot allocate memory", "can't start new thread")
"""What the loader of libraries and the threads say, whose errors are not of a kind of their own."""


LARGE = 64
"""Rows of a matrix that is worked on with OpenBLAS's buffer; the smallest ones do without."""


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
