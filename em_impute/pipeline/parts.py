"""The parts of a table: files with the same columns."""

import glob
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar, cast

import numpy as np

from em_impute.em.blocks import Block, Integers
from em_impute.errors import DesignError, EmImputeError, TableError, UsageError, option
from em_impute.model.predict import Model
from em_impute.options import Request
from em_impute.pipeline.memory import array_bytes, default_limit
from em_impute.pipeline.open import read_options
from em_impute.table.columns import ANY_NUMBER, TargetColumn
from em_impute.table.dialect import Dialect, detect_dialect
from em_impute.table.read import Table, read_tables
from em_impute.table.source import Source, open_source, spool_errors
from em_impute.table.text import shown_path

COMPLETED = re.compile(r"\.filled(\.\d+)?(?=(\.\w+){1,2}$)")
"""What the name of a completed file has that its source lacks: a.filled.csv, a.filled.2.csv.gz."""

T = TypeVar("T", str, Path)


class Part(NamedTuple):
    """One file of a table."""

    number: int  # 0, 1, 2, … in the order of the command line
    path: str  # on this machine
    outputs: tuple[str, ...] = ()  # where the completed file goes, or each imputation of it; "" is standard output
    copy_of: str | None = None  # what the file holds a copy of

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self.copy_of or self.path


def called(parts: Sequence[Part]) -> str:
    """Say what the table is called."""
    if len(parts) == 1:
        return parts[0].name
    return f"{parts[0].name} … {parts[-1].name} ({len(parts):,} parts)"


def is_pattern(path: str) -> bool:
    """Tell a pattern such as parts/*.csv from the name of a file, which may hold a star as well."""
    return glob.has_magic(path) and not Path(path).exists()


def find_parts(named: Sequence[str]) -> list[str]:
    """List all parts: files in the order given, those of a pattern by name, without what a run before made of them.

    Raises `TableError` for a pattern that no file has, `UsageError` for a file that is named twice.
    """
    found: list[str] = []
    for path in named:
        names = sorted(glob.glob(path, recursive=True)) if is_pattern(path) else [path]  # noqa: PTH207  # Path.glob takes no absolute patterns
        if not names:
            raise TableError(
                f"no file is called {shown_path(path)}", "check the pattern; in quotes it is expanded here"
            )
        sources = (COMPLETED.sub("", name) for name in names)
        found += [name for name, source in zip(names, sources, strict=True) if source == name or source not in names]
    twice = first_repeated(found)
    if twice is not None:
        raise UsageError(f"{shown_path(twice)} is named twice", "name each part once")
    return found


def first_repeated(paths: Iterable[T]) -> T | None:
    """Give the first path that another one equals."""
    return next((path for path, n in Counter(paths).items() if n > 1), None)


@contextmanager
def copied(path: str) -> Iterator[str]:
    """Copy a stream, "-" is standard input, to a file that every pass and process can read; it is gone in the end."""
    if path == "-" and sys.stdin is None:
        raise TableError("standard input is closed", "name a file")
    with ExitStack() as resources:
        with spool_errors():
            file = resources.enter_context(tempfile.NamedTemporaryFile(prefix="em-impute-"))
            stream = sys.stdin.buffer if path == "-" else resources.enter_context(Path(path).open("rb"))
            shutil.copyfileobj(stream, file)
            file.flush()
        yield file.name


CHUNK_BYTES = 1 << 23
"""Of a file that are worked on at once.  Always the same, so that how much memory there is changes no bit."""

CHUNKS = "chunks"


CacheKey = tuple[str, int, str]
"""A run, the number of a part, and what is kept of it."""


_CACHE: "dict[CacheKey, tuple[Iterable[Any], int]]" = {}
"""What this process keeps, and the bytes of memory it takes."""


class CacheWriter:
    """Keeps what is made of a part, piece by piece: all of it, or nothing if it is too much.

    That is beyond `keep_bytes` in all; None is a share of the memory.  Blocks that are too much for it are kept in a
    file without a name, unless `spills` is False.
    """

    def __init__(self, key: CacheKey, keep_bytes: int | None, *, spills: bool = False) -> None:
        self._key = key
        self._room = default_limit() // 2 if keep_bytes is None else keep_bytes
        self._room -= sum(size for other, (_, size) in _CACHE.items() if other != key)
        self._spills = spills
        self._items: list[Any] | _Spilled | None = []
        self._size = 0

    def add(self, item: Any) -> None:  # noqa: ANN401  # tables and blocks
        """Take in one more."""
        if self._items is not None:
            self._items.append(item)
        if isinstance(self._items, list):
            self._size += array_bytes(item)
            if self._size > self._room:
                self._items, self._size = _Spilled(self._items) if self._spills else None, 0

    def finish(self) -> None:
        """Keep them, now that they are all there."""
        if self._items is not None:
            _CACHE[self._key] = self._items, self._size


class _Spilled:
    """Blocks in a file that vanishes with its descriptor."""

    def __init__(self, blocks: list[Block]) -> None:
        with spool_errors():
            self._file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # closed with the blocks
        self._n_blocks = 0
        for block in blocks:
            self.append(block)

    def __del__(self) -> None:
        """Close the file, which nobody else knows of."""
        self._file.close()

    def append(self, block: Block) -> None:
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


def cached(key: CacheKey) -> Iterable[Any] | None:
    """Give what was kept, or None."""
    return _CACHE.get(key, (None, 0))[0]


def forget(run: str) -> None:
    """Release all that was kept of one run."""
    for key in [key for key in _CACHE if key[0] == run]:
        del _CACHE[key]


class ReadPlan(NamedTuple):
    """How every part is read."""

    run: str  # a name that no other run has
    request: Request
    first: str  # the path of the first part, which says what the others must be like
    dialect: Dialect  # of the first part
    n_parts: int
    keep_bytes: int | None  # that a process may keep from one pass to the next; None is a share of its memory
    weights: str | None = None  # what to call the column of weights
    features: tuple[int, ...] | None = None  # columns to read, once they are known; None: all that may serve
    texts: frozenset[int] = frozenset()  # those of them whose texts are read as numbers

    def key(self, part: Part, what: str) -> CacheKey:
        """Say what something of a part is kept by."""
        return self.run, part.number, f"{what} {sorted(self.texts)}"

    def for_models(self, models: Sequence[Model]) -> "ReadPlan":
        """Read no more than the columns that some of these models use."""
        used = {index for one in models for index in one.columns}
        texts = frozenset(chain.from_iterable(one.read for one in models))
        return self._replace(features=tuple(sorted(used)), texts=texts)


@contextmanager
def open_as_planned(part: Part, plan: ReadPlan) -> Iterator[tuple[Source, Dialect]]:
    """Open a part and find how it is to be read; an error speaks of it.

    Raises DesignError where it does not look like the first one.
    """
    with in_part(part, plan), open_source(part.path, name=part.name) as raw:
        quote = '"' if plan.dialect.quoting else "none"
        source, dialect = detect_dialect(raw, replace(plan.request, delimiter=plan.dialect.delimiter, quote=quote))
        _refuse_other_form(part.name, dialect, plan)
        yield source, dialect


def read_along(source: Source, dialect: Dialect, part: Part, plan: ReadPlan) -> Iterable[Table]:
    """Give the chunks of an open part: those that were kept, or read meanwhile."""
    found = cached(plan.key(part, CHUNKS))
    return _read(source, dialect, part, plan) if found is None else found


def table_chunks(part: Part, plan: ReadPlan) -> Iterator[Table]:
    """Give the chunks of a part: those that were kept, or read again."""
    found = cached(plan.key(part, CHUNKS))
    if found is not None:
        yield from found
        return
    with open_as_planned(part, plan) as (source, dialect):
        yield from _read(source, dialect, part, plan)


def _read(source: Source, dialect: Dialect, part: Part, plan: ReadPlan) -> Iterator[Table]:
    """Read the chunks of a part, and keep them, without their record starts, if there is room."""
    cache = CacheWriter(plan.key(part, CHUNKS), plan.keep_bytes)
    options = read_options(plan.request, dialect, source.name)
    options["keep_record_starts"] = plan.features is None  # in the first pass, which draws records
    options["most_texts"] = 0 if plan.request.names_one_mixture and not plan.texts else ANY_NUMBER
    options["texts"] = {*options["texts"], *plan.texts}
    if plan.features is not None:
        options["features"], options["explicit"] = plan.features, False
    for table in read_tables(source, dialect, chunk_bytes=CHUNK_BYTES, **options):
        yield table
        cache.add(replace(table, record_starts=None))
    cache.finish()


def label_codes(target: TargetColumn, label_of: Mapping[str, int], name: str) -> Integers:
    """Give the label of every row of a chunk by its text: (n_rows,).

    Raises TableError for a text that was not there when the part, called `name`, was read first.
    """
    codes = [label_of.get(text) for text in target.texts]
    if None in codes:
        raise TableError(f"{name} changed while it was read", "run again when nothing writes to it")
    return np.array(codes, np.intp)[target.code] if codes else np.empty(0, np.intp)


@contextmanager
def in_part(part: Part, plan: ReadPlan) -> Iterator[None]:
    """Say of which part an error speaks, where there are several."""
    try:
        yield
    except EmImputeError as error:
        if plan.n_parts > 1 and part.name not in error.message:
            raise type(error)(f"{part.name}: {error.message}", error.hint) from None
        raise


def _refuse_other_form(path: str, dialect: Dialect, plan: ReadPlan) -> None:
    first, names = plan.dialect, dialect.names
    if len(names) != len(first.names):
        differs = f"it has {len(names)} columns, not {len(first.names)}"
    elif names != first.names:
        at = next(i for i, (one, two) in enumerate(zip(first.names, names, strict=True)) if one != two)
        differs = f"its column {at + 1} is {names[at]!r}, not {first.names[at]!r}"
    elif dialect.closes != first.closes:
        differs = "the rows of one end with a delimiter, those of the other do not"
    elif dialect.encoding != first.encoding:
        differs = f"its encoding is {dialect.encoding}, not {first.encoding}"
    else:
        return
    message = f"{path} does not look like {plan.first}: {differs}"
    rule = "parts need the same columns, delimiter and encoding"
    raise DesignError(message, f"{rule}; {option('each')} fits every file by itself")
