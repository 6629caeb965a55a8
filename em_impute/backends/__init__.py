"""Where parts of a table are worked on.  A backend is a context that yields an ordered map over them.

Its results come in the order of its items whatever worked on them, so that reducing them from left to right gives the
same bits everywhere.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

__all__ = ["A", "MapParts", "Numbered", "P", "R", "serial_parts"]

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
def serial_parts(forget: Callable[[], Any]) -> Iterator[MapParts]:
    """Work on one part after the other, in this process, and in the end `forget` what was kept of them."""
    try:
        yield map
    finally:
        forget()
