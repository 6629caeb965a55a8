"""What the system lets this process have."""

import sys

__all__ = ["memory_is_limited"]


def memory_is_limited() -> bool:
    """Tell whether there is a limit on its addresses (`ulimit -v`) or on those that may be written to (`ulimit -d`)."""
    if sys.platform == "win32":
        return False
    import resource

    limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return any(limit != resource.RLIM_INFINITY for limit in limits)
