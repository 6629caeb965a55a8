"""Where work is done.  A backend is a context that yields an ordered map, over blocks of rows or over parts of a table.

Its results come in the order of its items whatever worked on them, so that reducing them from left to right gives the
same bits everywhere.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

from em_impute.engine.em import MapBlocks

__all__ = ["BACKENDS", "A", "MapParts", "Numbered", "P", "R", "serial", "serial_parts"]

P = TypeVar("P", bound="Numbered")
A = TypeVar("A")
R = TypeVar("R")


class Numbered(Protocol):
    """A part, which is best worked on where it was before."""

    @property
    def number(self) -> int:
        """Tell it from the others, from 0 on."""


class MapParts(Protocol):
    """An ordered map over parts, each with what is to be done to it; both are taken from their iterables lazily."""

    def __call__(self, function: Callable[[P, A], R], parts: Iterable[P], what: Iterable[A], /) -> Iterator[R]:
        """Yield `function(part, what)` for one pair after the other."""


@contextmanager
def serial() -> Iterator[MapBlocks]:
    """Work on one block after the other, in this process."""
    yield map


@contextmanager
def serial_parts(forget: Callable[[], Any]) -> Iterator[MapParts]:
    """Work on one part after the other, in this process, and in the end `forget` what was kept of them."""
    try:
        yield map
    finally:
        forget()


BACKENDS: dict[str, Callable[[], AbstractContextManager[MapBlocks]]] = {"serial": serial}
"""Backends for the blocks of one table in memory, by name."""
