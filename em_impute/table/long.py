"""Many versions of one table in one file, one below the other, each record numbered in front."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.dialect import Dialect
from em_impute.table.patch import Edits, Portion, encoded, in_portions, quote_label, splice
from em_impute.table.scan import BLOCK_BYTES
from em_impute.table.source import Source

NUMBERING = (".imp", ".id")
"""The columns put in front, by the names they have in R's mice: the number of the version, from 0, and of the row, from
1."""


class Records(NamedTuple):
    """Consecutive records, with what is changed in them."""

    starts: NDArray[np.int64]  # (n_rows + 1,) absolute offset of each, and of what follows the last one
    edits: Edits  # of the first records also those of what stands above them


def patch_long(
    source: Source,
    dialect: Dialect,
    versions: Iterable[Iterable[Records]],
    *,
    expect_sha256: str | None,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[bytes]:
    """Yield one file that holds the table once for each of `versions`, in the encoding of the original, in blocks.

    A pass over the source for each.  What stands above the records is written once, with the edits of the first
    version, and so are blank lines at the end of the file.  A last record without a line end gets one where another
    version follows.  Raises `TableError` as `patch` does.
    """
    return encoded(_below_one_another(source, dialect, versions, expect_sha256, block_bytes), dialect)


def _below_one_another(
    source: Source,
    dialect: Dialect,
    versions: Iterable[Iterable[Records]],
    expect_sha256: str | None,
    block_bytes: int,
) -> Iterator[bytes]:
    last = 0

    def noting(portions: Iterable[Portion]) -> Iterator[Portion]:
        nonlocal last
        for last, edits in portions:  # noqa: UP028  # where the last of them ends
            yield last, edits

    for number, version in enumerate(versions):
        pieces = iter(version)
        starts, edits = next(pieces)
        first = int(starts[0])
        n_above = int(np.searchsorted(edits.start, first))
        if number:
            yield b"" if source.read(last - 1, 1) == b"\n" else dialect.newline
            above = Edits.of_one(0, first, b"")
        else:
            above = Edits.merged([*_names(dialect), edits.part(0, n_above)])
        of_rows = Records(starts, edits.part(n_above, edits.start.size))
        rows = _numbered(chain([of_rows], pieces), number, dialect, block_bytes)
        portions = noting(chain([(first, above)], rows))
        yield from splice(source, portions, expect_sha256=expect_sha256, keep_rest=False)
    source.file.seek(last)
    while block := source.file.read(BLOCK_BYTES):
        yield block


def _names(dialect: Dialect) -> Iterator[Edits]:
    """Put the names of the two columns in front of the header, if there is one."""
    if not dialect.has_header:
        return
    at = dialect.header_start
    names = [quote_label(name, dialect, always=False) + dialect.delimiter.encode() for name in NUMBERING]
    yield Edits.of_one(at, at, b"".join(names))


def _numbered(pieces: Iterable[Records], version: int, dialect: Dialect, block_bytes: int) -> Iterator[Portion]:
    """Add the two numbers in front of each record to the edits of the records.

    They are made a block at a time: all at once would take more memory than the table.
    """
    row = 0
    for starts, edits in pieces:
        begin, end = int(starts[0]), max(int(starts[-1]), int(edits.stop.max(initial=0)))  # there may be edits behind
        for stop, some in in_portions(edits, begin, end, block_bytes):
            first, last = np.searchsorted(starts[:-1], [begin, stop]).tolist()
            numbers = _numbers(starts[first:last], version, row + first, dialect.delimiter)
            yield stop, Edits.merged([numbers, _with_few_texts(some)])
            begin = stop
        row += starts.size - 1


def _numbers(starts: NDArray[np.int64], version: int, first_row: int, delimiter: str) -> Edits:
    """Put the numbers of the version and of the row in front of each record."""
    quote = '"' if delimiter.isdigit() else ""
    before, after = f"{quote}{version}{quote}{delimiter}{quote}".encode(), f"{quote}{delimiter}".encode()
    texts = [b"%b%d%b" % (before, number, after) for number in range(first_row + 1, first_row + 1 + starts.size)]
    return Edits(starts, starts, np.arange(starts.size), texts)


def _with_few_texts(edits: Edits) -> Edits:
    """Keep no text that is not used: those of added columns are as many as there are different numbers."""
    used, text = np.unique(edits.text, return_inverse=True)
    return Edits(edits.start, edits.stop, text.reshape(-1), [edits.texts[index] for index in used.tolist()])
