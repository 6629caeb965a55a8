"""The second pass: the bytes of the input with some spans replaced, and no other byte touched."""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError, UsageError
from em_impute.table.columns import Codes
from em_impute.table.dialect import Dialect
from em_impute.table.scan import BLOCK_BYTES, separators
from em_impute.table.source import HashingFile, Source
from em_impute.table.text import shown, shown_path

MARKS = bytes([*range(1, 9), *range(14, 32), 0xC0, 0xC1, *range(0xF5, 0x100)])
"""Bytes that hardly a table holds: control characters, and what UTF-8 has no use for."""

BYTES_PER_EDIT = 600  # of a block on average; where there are more, edits are done sooner one by one

LONGEST_MARKED = 8


@dataclass(frozen=True)
class Edits:
    """Replacements of spans, none overlapping another; an empty span is an insertion."""

    start: Codes
    stop: Codes  # (m,) absolute offsets in the working bytes, ascending; insertions at one place keep their order
    text: Codes  # (m,) index into `texts`
    texts: Sequence[bytes]

    @classmethod
    def merged(cls, edits: Iterable["Edits"]) -> "Edits":
        """Combine several; at one place the earlier goes first.  `ValueError` where spans overlap."""
        parts = [part for part in edits if part.start.size]
        if len(parts) == 1 and parts[0].is_ascending:
            return parts[0]  # as it is nearly always; the copies below take memory
        n_texts = np.cumsum([0, *(len(part.texts) for part in parts)]).tolist()
        start, stop = (
            np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)])
            for name in ("start", "stop")
        )
        numbered = (part.text.astype(np.intp) + n for part, n in zip(parts, n_texts, strict=False))
        text = np.concatenate([np.empty(0, np.intp), *numbered])
        # An insertion at the start of a replaced span stands before what replaces it.
        order = np.lexsort((stop, start))
        texts = tuple(chain.from_iterable(part.texts for part in parts))
        merged = cls(start[order], stop[order], text[order], texts)
        if not merged.is_ascending:
            raise ValueError("edits overlap")
        return merged

    @property
    def is_ascending(self) -> bool:
        """Tell whether each span ends before the next one begins."""
        return bool((self.stop[:-1] <= self.start[1:]).all() and (self.start <= self.stop).all())

    @classmethod
    def of_one(cls, start: int, stop: int, text: bytes) -> "Edits":
        """Replace a single span."""
        return cls(np.array([start], np.int64), np.array([stop], np.int64), np.zeros(1, np.intp), (text,))

    def part(self, first: int, last: int) -> "Edits":
        """Give some consecutive ones."""
        here = slice(first, last)
        return Edits(self.start[here], self.stop[here], self.text[here], self.texts)


Portion = tuple[int, Edits]
"""An absolute offset, and the edits between that of the portion before and this one."""


def quote_label(text: str, dialect: Dialect, always: bool) -> bytes:
    """Spell a text as a field, in quotes where RFC 4180 needs them or `always`.

    `UsageError` for a text that the file's encoding does not have.
    """
    if not dialect.quoting and any(character in text for character in (dialect.delimiter, "\r", "\n")):
        message = f"the label {shown(text)} holds a delimiter or line end, which a file without quotes cannot"
        raise UsageError(message, "name the label differently")
    if dialect.quoting and (always or any(character in text for character in (dialect.delimiter, '"', "\r", "\n"))):
        text = '"' + text.replace('"', '""') + '"'
    try:
        text.encode(dialect.encoding)
    except UnicodeEncodeError:
        message = f"the label {shown(text)} cannot be written in {dialect.encoding}, the encoding of the file"
        raise UsageError(message, "name the label differently, or convert the file to UTF-8 first") from None
    return text.encode(dialect.working_encoding)


def patch(
    source: Source, dialect: Dialect, edits: Edits, *, expect_sha256: str | None, block_bytes: int = BLOCK_BYTES
) -> Iterator[bytes]:
    """Yield the output, in the encoding of the original, in blocks.

    `TableError`, after the last block, if the bytes are not those with the hash `expect_sha256`, or, where these are
    not hashed, not as old as they were.
    """
    portions = in_portions(edits, 0, int(edits.stop.max(initial=-1)) + 1, block_bytes)
    return encoded(splice(source, portions, expect_sha256=expect_sha256), dialect)


def splice(
    source: Source, portions: Iterable[Portion], *, expect_sha256: str | None, keep_rest: bool = True
) -> Iterator[bytes]:
    """Yield the working bytes with the edits made, a block a portion, and what follows the last as it is.

    Without `keep_rest` the latter is read and hashed, but not yielded.  Raises `TableError` as `patch` does.
    """
    changed = TableError(f"{shown_path(source.name)} changed while it was read", "run again when nothing writes to it")
    offset = 0
    file = HashingFile(source)
    for stop, edits in portions:
        block = file.read(stop - offset)
        if edits.stop.size and edits.stop[-1] > offset + len(block):
            raise changed
        yield _spliced(block, edits.start - np.int64(offset), edits.stop - np.int64(offset), edits)
        offset += len(block)
    while block := file.read(BLOCK_BYTES):
        if keep_rest:
            yield block
    # The working bytes of a copy have another hash, and nobody else can write to them.
    is_other = expect_sha256 is not None and (source.original or (file.hexdigest(),))[0] != expect_sha256
    if is_other or source.has_changed:
        raise changed


def encoded(blocks: Iterable[bytes], dialect: Dialect) -> Iterator[bytes]:
    """Bring blocks of working bytes back to the file's own encoding."""
    if dialect.returns:
        blocks = (block.replace(b"\n", b"\r") for block in blocks)
    if not dialect.transcoded:
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoder = codecs.getincrementalencoder(dialect.encoding)()
    yield dialect.bom
    for block in blocks:
        yield encoder.encode(decoder.decode(block))
    yield encoder.encode(decoder.decode(b"", final=True), final=True)


def in_portions(edits: Edits, start: int, stop: int, block_bytes: int = BLOCK_BYTES) -> Iterator[Portion]:
    """Cut the bytes from `start` to `stop` into blocks.

    No block ends inside an edit; insertions at its end belong to the next.
    """
    done, largest = 0, np.iinfo(edits.start.dtype).max
    while start < stop:
        start, n_edits = min(start + block_bytes, stop), edits.start.size
        # In the type of the offsets, else all of them would be brought to another one to look for one.
        if start < stop and start <= largest:
            n_edits = int(np.searchsorted(edits.start, edits.start.dtype.type(start)))
        if n_edits > done:
            start = max(start, int(edits.stop[n_edits - 1]))
        yield start, edits.part(done, n_edits)
        done = n_edits


def _spliced(block: bytes, start: NDArray[np.int64], stop: NDArray[np.int64], edits: Edits) -> bytes:
    """Replace spans of one block."""
    if not start.size:
        return block
    spliced = _spliced_by_marks(block, start, stop, edits) if BYTES_PER_EDIT * start.size >= len(block) else None
    if spliced is not None:
        return spliced
    pieces = [b""] * (2 * start.size + 1)
    kept = zip([0, *stop.tolist()], [*start.tolist(), len(block)], strict=True)
    pieces[0::2] = [block[begin:end] for begin, end in kept]
    pieces[1::2] = [edits.texts[index] for index in edits.text.tolist()]
    return b"".join(pieces)


def _spliced_by_marks(block: bytes, start: NDArray[np.int64], stop: NDArray[np.int64], edits: Edits) -> bytes | None:
    """Replace spans of one length, of which each follows the same byte, without a Python step for each.

    That byte, which is the delimiter, becomes one that the block does not hold, another for each text, and then all of
    these at once become the delimiter and the text.  None where that cannot be done.
    """
    length = int(stop[0] - start[0])
    if length > LONGEST_MARKED or start[0] < 1 or (stop - start != length).any() or (np.diff(start) <= length).any():
        return None
    data = np.frombuffer(block, np.uint8).copy()
    before = block[start[0] - 1]
    if (data[start - 1] != before).any():
        return None
    used = np.unique(edits.text)
    texts = b"".join(edits.texts[number] for number in used.tolist())
    marks = list(islice((mark for mark in MARKS if mark not in block and mark not in texts), used.size))
    if len(marks) < used.size:
        return None
    mark_of = np.zeros(int(used[-1]) + 1, np.uint8)
    mark_of[used] = marks
    data[start - 1] = mark_of[edits.text]
    if length:
        kept = np.ones(data.size, np.bool_)
        for byte in range(length):
            kept[start + byte] = False
        data = data[kept]
    spliced = data.tobytes()
    for mark, number in zip(marks, used.tolist(), strict=True):
        spliced = spliced.replace(bytes([mark]), bytes([before]) + edits.texts[number])
    return spliced


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
    before = f"{quote}{version}{quote}{dialect.delimiter}{quote}".encode()
    after = f"{quote}{dialect.delimiter}".encode()
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
