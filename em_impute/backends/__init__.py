"""Where blocks of rows are worked on.  A backend is a context that yields an ordered map over blocks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from em_impute.engine.em import MapBlocks

__all__ = ["BACKENDS", "serial"]


@contextmanager
def serial() -> Iterator[MapBlocks]:
    """Work on one block after the other, in this process."""
    yield map


BACKENDS: dict[str, Callable[[], AbstractContextManager[MapBlocks]]] = {"serial": serial}
"""Every backend by name.  The engine reduces, left to right, so that all of them give the same bits."""
