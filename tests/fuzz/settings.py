"""How many examples are made up, and how."""

import os

from hypothesis import HealthCheck

__all__ = ["N_EXAMPLES", "SETTINGS"]

ASKED_FOR = os.environ.get("FUZZ_EXAMPLES")

N_EXAMPLES = int(ASKED_FOR or 40)

SETTINGS = {
    "deadline": None,
    "derandomize": ASKED_FOR is None,  # what others wait for must not fail by chance
    "database": None,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
}
