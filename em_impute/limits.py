"""What this process may have: memory, and threads of numpy's libraries."""

import sys

__all__ = ["BLAS_THREADS", "memory_is_limited"]

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables of the environment by which the libraries below numpy count their threads."""


def memory_is_limited() -> bool:
    """Tell whether there is a limit on its addresses (`ulimit -v`) or on those that may be written to (`ulimit -d`)."""
    if sys.platform == "win32":
        return False
    import resource

    limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return any(limit != resource.RLIM_INFINITY for limit in limits)
