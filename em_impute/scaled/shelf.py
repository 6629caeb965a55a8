"""What a process keeps of a part from one pass to the next: in memory while there is room, blocks else on its disk."""

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

import numpy as np

from em_impute.engine.blocks import Block
from em_impute.scaled.memory import array_bytes
from em_impute.table.source import spool_errors

__all__ = ["Keeper", "forget", "kept"]

Key = tuple[str, int, str]
"""A run, the number of a part, and what is kept of it."""

_SHELF: "dict[Key, tuple[Iterable[Any], int]]" = {}
"""What this process keeps, and the bytes of memory it takes."""


class Keeper:
    """Keeps what is made of a part, piece by piece: all of it, or nothing if it is too much for `room` bytes.

    Blocks that are too much for memory are kept in a file without a name, unless `spills` is False.
    """

    def __init__(self, key: Key, room: int, *, spills: bool) -> None:
        self._key = key
        self._room = room - sum(size for other, (_, size) in _SHELF.items() if other != key)
        self._spills = spills
        self._items: list[Any] | None = []
        self._file: _Spilled | None = None
        self._size = 0

    def add(self, item: Any) -> None:  # noqa: ANN401  # tables and blocks
        """Take in one more."""
        if self._file is not None:
            self._file.add(item)
        elif self._items is not None:
            self._items.append(item)
            self._size += array_bytes(item)
            if self._size > self._room:
                self._give_up()

    def finish(self) -> None:
        """Keep them, now that they are all there."""
        if self._file is not None:
            _SHELF[self._key] = self._file, 0
        elif self._items is not None:
            _SHELF[self._key] = self._items, self._size

    def _give_up(self) -> None:
        items, self._items = self._items or [], None
        if self._spills:
            self._file = _Spilled()
            for item in items:
                self._file.add(item)


class _Spilled:
    """Blocks in a file that vanishes with its descriptor."""

    def __init__(self) -> None:
        with spool_errors():
            self._file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # closed with the blocks
        self._n_blocks = 0

    def __del__(self) -> None:
        """Close the file, which nobody else knows of."""
        self._file.close()

    def add(self, block: Block) -> None:
        """Write one more."""
        with spool_errors():
            for array in block:
                np.save(self._file, array, allow_pickle=False)
        self._n_blocks += 1

    def __iter__(self) -> Iterator[Block]:
        """Read one after the other, from the first on."""
        self._file.seek(0)
        for _ in range(self._n_blocks):
            yield Block(*(np.load(self._file, allow_pickle=False) for _ in Block._fields))


def kept(key: Key) -> Iterable[Any] | None:
    """Give what was kept, or None."""
    found = _SHELF.get(key)
    return None if found is None else found[0]


def forget(run: str) -> None:
    """Let go of all that was kept of one run."""
    for key in [key for key in _SHELF if key[0] == run]:
        del _SHELF[key]
