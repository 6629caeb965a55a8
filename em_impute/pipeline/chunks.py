"""The columns of a part, chunk by chunk, and what is kept of them from one pass to the next."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, cast

import numpy as np

from em_impute.em.blocks import Block
from em_impute.errors import DesignError, EmImputeError, UsageError
from em_impute.options import Request
from em_impute.pipeline.complete import look_at
from em_impute.pipeline.files import Part, opened
from em_impute.pipeline.memory import array_bytes, default_limit
from em_impute.table.dialect import Dialect, find_column
from em_impute.table.read import Table, read_tables
from em_impute.table.source import Source, spool_errors

__all__ = [
    "How",
    "Keeper",
    "Shape",
    "forget",
    "in_part",
    "keeper",
    "kept",
    "kept_of",
    "opened_part",
    "read_chunks",
    "refuse_same_column",
    "shape_of",
    "table_chunks",
]

CHUNK_BYTES = 1 << 23
"""Of a file that are worked on at once.  Always the same, so that how much memory there is changes no bit."""

CHUNKS = "chunks"


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


@dataclass(frozen=True)
class How:
    """How every part is read."""

    run: str
    """a name that no other run has"""
    request: Request
    delimiter: str
    """of the first part, whose columns the others must have"""
    first: "Shape"
    n_parts: int
    keep_bytes: int | None
    """what a process may keep from one pass to the next; None is a share of its machine's memory"""
    features: tuple[int, ...] | None = None
    """columns to read, once they are known; None reads every one that may serve"""


@dataclass(frozen=True)
class Shape:
    """What all parts must agree in."""

    path: str
    names: tuple[str, ...]
    encoding: str


def shape_of(part: Part, dialect: Dialect) -> Shape:
    """Say what a part looks like."""
    return Shape(part.path, dialect.names, dialect.encoding)


@contextmanager
def opened_part(part: Part, how: How) -> Iterator[tuple[Source, Dialect]]:
    """Open a part and find how it is to be read.  Raises DesignError where it does not look like the first one."""
    request = how.request
    with opened(part.path) as raw:
        source, dialect = look_at(raw, replace(request, delimiter=how.delimiter))
        _refuse_other_shape(how.first, shape_of(part, dialect))
        yield source, dialect


def read_chunks(part: Part, how: How) -> Iterator[tuple[Source, Table]]:
    """Read a part, yield its chunks with the source they come from, and keep them if there is room.

    The chunks know where their records begin; those that are kept do not.
    """
    chunks = keeper(part, how, CHUNKS)
    with opened_part(part, how) as (source, dialect):
        for table in _tables(source, dialect, how, starts=True):
            yield source, table
            chunks.add(replace(table, record_starts=None))
    chunks.finish()


def table_chunks(part: Part, how: How) -> Iterator[Table]:
    """Give the chunks of a part: those that were kept, or read again."""
    found = kept_of(part, how, CHUNKS)
    if found is not None:
        yield from found
        return
    chunks = keeper(part, how, CHUNKS)
    with opened_part(part, how) as (source, dialect):
        for table in _tables(source, dialect, how, starts=False):
            yield table
            chunks.add(table)
    chunks.finish()


@contextmanager
def in_part(part: Part, how: How) -> Iterator[None]:
    """Say of which part an error speaks, where there are several."""
    try:
        yield
    except EmImputeError as error:
        if how.n_parts > 1 and part.path not in error.message:
            raise type(error)(f"{part.path}: {error.message}", error.hint) from None
        raise


def keeper(part: Part, how: How, what: str, *, spills: bool = False) -> Keeper:
    """Keep something of a part in this process for the passes to come."""
    room = default_limit() // 2 if how.keep_bytes is None else how.keep_bytes
    return Keeper((how.run, part.number, what), room, spills=spills)


def kept_of(part: Part, how: How, what: str) -> Iterable[Any] | None:
    """Give what was kept of a part, or None."""
    return kept((how.run, part.number, what))


def _tables(source: Source, dialect: Dialect, how: How, *, starts: bool) -> Iterator[Table]:
    request = how.request
    features = [find_column(dialect, feature, source.name) for feature in request.features]
    return read_tables(
        source,
        dialect,
        targets=[find_column(dialect, column, source.name) for column in request.columns],
        features=how.features if how.features is not None else features or None,
        explicit=bool(request.features) and how.features is None,
        decimal=request.decimal,
        null_tokens=frozenset(request.null_values),
        keep_record_ends=request.probability or request.probabilities or request.indicator,
        keep_record_starts=starts,
        chunk_bytes=CHUNK_BYTES,
    )


def _refuse_other_shape(first: Shape, other: Shape) -> None:
    if other.names != first.names:
        if len(other.names) != len(first.names):
            differs = f"it has {len(other.names)} columns, not {len(first.names)}"
        else:
            at = next(i for i, (one, two) in enumerate(zip(first.names, other.names, strict=True)) if one != two)
            differs = f"its column {at + 1} is {other.names[at]!r}, not {first.names[at]!r}"
    elif other.encoding != first.encoding:
        differs = f"its encoding is {other.encoding}, not {first.encoding}"
    else:
        return
    message = f"{other.path} does not look like {first.path}: {differs}"
    raise DesignError(message, "all parts need the same columns, delimiter and encoding; fill others on their own")


def refuse_same_column(dialect: Dialect, request: Request, name: str) -> None:
    """Raise UsageError for a column that is named for two things, `ColumnError` for one that is not there."""
    targets = [find_column(dialect, column, name) for column in request.columns]
    if len(set(targets)) < len(targets):
        raise UsageError("a column is named twice with --column", "name each column once")
    both = set(targets) & {find_column(dialect, feature, name) for feature in request.features}
    if both:
        message = f"column {dialect.names[next(iter(both))]!r} cannot be both filled and a predictor"
        raise UsageError(message, "leave it out of -x")
