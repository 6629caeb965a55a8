"""Many versions of one table in one file, one below the other, each record numbered in front."""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

from em_impute.table.dialect import Dialect
from em_impute.table.patch import Portion, encoded, splice
from em_impute.table.scan import BLOCK_BYTES, separators
from em_impute.table.source import Source

NUMBERING = (".imp", ".id")
"""The columns put in front, by the names they have in R's mice: the number of the version, from 0, and of the row, from
1."""


def patch_long(
    source: Source, dialect: Dialect, versions: Iterable[Iterable[Portion]], *, expect_sha256: str | None
) -> Iterator[bytes]:
    """Yield one file that holds the table once for each of `versions`, in the encoding of the original, in blocks.

    A pass over the source for each.  The first portion of a version ends where the records begin, and the others hold
    nothing but records; blank lines at the end of the file are written once.  A last record without a line end gets one
    where another version follows.  Raises `TableError` as `patch` does.
    """
    return encoded(_below_one_another(source, dialect, versions, expect_sha256), dialect)


def _below_one_another(
    source: Source, dialect: Dialect, versions: Iterable[Iterable[Portion]], expect_sha256: str | None
) -> Iterator[bytes]:
    last, is_ended = 0, True

    def noting(portions: Iterable[Portion]) -> Iterator[Portion]:
        nonlocal last
        for last, edits in portions:  # noqa: UP028  # where the last of them ends
            yield last, edits

    for number, portions in enumerate(versions):
        blocks = splice(source, noting(portions), expect_sha256=expect_sha256, keep_rest=False)
        yield next(blocks) + (b"" if is_ended else dialect.newline)
        for block in _numbered(blocks, number, dialect):
            yield block
            is_ended = block.endswith(b"\n")
    source.file.seek(last)
    while block := source.file.read(BLOCK_BYTES):
        yield block


def _numbered(blocks: Iterable[bytes], version: int, dialect: Dialect) -> Iterator[bytes]:
    """Put the numbers of the version and of the row in front of each record."""
    quote = '"' if dialect.delimiter.isdigit() else ""
    before, after = (
        f"{quote}{version}{quote}{dialect.delimiter}{quote}".encode(),
        f"{quote}{dialect.delimiter}".encode(),
    )
    row, held = 0, b""
    for block in chain(blocks, [None]):
        held += block or b""
        if not held:
            continue
        positions, is_end = separators(held, dialect.grammar, whole=block is None)
        ends = [0, *(positions[is_end] + 1).tolist()]
        records = (held[start:stop] for start, stop in pairwise(ends))
        yield b"".join(b"%b%d%b%b" % (before, number, after, one) for number, one in enumerate(records, row + 1))
        row, held = row + len(ends) - 1, held[ends[-1] :]
