"""The second pass: the bytes of the input with some spans replaced, and no other byte touched."""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError, UsageError
from em_impute.table.dialect import Dialect
from em_impute.table.hashing import HashingFile
from em_impute.table.scan import BLOCK_BYTES
from em_impute.table.source import Source
from em_impute.table.text import shown, shown_path

__all__ = ["Edits", "patch", "quote_label"]


@dataclass(frozen=True)
class Edits:
    """Replacements of spans, none overlapping another; an empty span is an insertion."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    """(m,) absolute offsets in the working bytes, ascending; insertions at one place keep their order"""
    text: NDArray[np.intp]
    """(m,) index into `texts`"""
    texts: Sequence[bytes]

    @classmethod
    def merged(cls, edits: Iterable["Edits"]) -> "Edits":
        """Combine several; at one place the earlier goes first.  `ValueError` where spans overlap."""
        parts = list(edits)
        n_texts = np.cumsum([0, *(len(part.texts) for part in parts)]).tolist()
        start, stop = (
            np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)])
            for name in ("start", "stop")
        )
        text = np.concatenate([np.empty(0, np.intp), *(p.text + n for p, n in zip(parts, n_texts, strict=False))])
        # An insertion at the start of a replaced span stands before what replaces it.
        order = np.lexsort((stop, start))
        start, stop = start[order], stop[order]
        if (stop[:-1] > start[1:]).any() or (start > stop).any():
            raise ValueError("edits overlap")
        return cls(start, stop, text[order], tuple(chain.from_iterable(part.texts for part in parts)))


def quote_label(text: str, dialect: Dialect, always: bool) -> bytes:
    """Spell a text as a field, in quotes where RFC 4180 needs them or `always`.

    `UsageError` for a text that the file's encoding does not have.
    """
    if always or any(character in text for character in (dialect.delimiter, '"', "\r", "\n")):
        text = '"' + text.replace('"', '""') + '"'
    try:
        text.encode(dialect.encoding)
    except UnicodeEncodeError:
        message = f"the label {shown(text)} cannot be written in {dialect.encoding}, the encoding of the file"
        raise UsageError(message, "name the label differently, or convert the file to UTF-8 first") from None
    return text.encode(dialect.working_encoding)


def patch(
    source: Source,
    dialect: Dialect,
    edits: Edits,
    *,
    expect_sha256: str | None,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[bytes]:
    """Yield the output, in the encoding of the original, in blocks.

    `TableError`, after the last block, if the bytes are not those with the hash `expect_sha256`.
    """
    blocks = _patched(source, edits, block_bytes, None if dialect.transcoded else expect_sha256)
    return _encoded(blocks, dialect) if dialect.transcoded else blocks


def _patched(source: Source, edits: Edits, block_bytes: int, expect_sha256: str | None) -> Iterator[bytes]:
    """Yield the working bytes with the edits made."""
    changed = TableError(f"{shown_path(source.name)} changed while it was read", "run again when nothing writes to it")
    done, offset = 0, 0
    with HashingFile(source.file) as file:
        file.seek(0)
        while True:
            # No block ends inside an edit; insertions at its end belong to the next.
            end = offset + block_bytes
            n_edits = int(np.searchsorted(edits.start, end))
            if n_edits > done:
                end = max(end, int(edits.stop[n_edits - 1]))
            block = file.read(end - offset)
            is_last = len(block) < end - offset
            if is_last:
                n_edits = edits.start.size
                if n_edits and edits.stop[-1] > offset + len(block):
                    raise changed
            here = slice(done, n_edits)
            yield _spliced(
                bytes(block), edits.start[here] - offset, edits.stop[here] - offset, edits.text[here], edits.texts
            )
            done, offset = n_edits, offset + len(block)
            if is_last:
                break
        if expect_sha256 is not None and file.hexdigest() != expect_sha256:
            raise changed


def _spliced(
    block: bytes, start: NDArray[np.int64], stop: NDArray[np.int64], text: NDArray[np.intp], texts: Sequence[bytes]
) -> bytes:
    """Replace spans of one block."""
    if not start.size:
        return block
    pieces = [b""] * (2 * start.size + 1)
    kept = zip([0, *stop.tolist()], [*start.tolist(), len(block)], strict=True)
    pieces[0::2] = [block[begin:end] for begin, end in kept]
    pieces[1::2] = [texts[index] for index in text.tolist()]
    return b"".join(pieces)


def _encoded(blocks: Iterable[bytes], dialect: Dialect) -> Iterator[bytes]:
    """Bring blocks of UTF-8 back to the file's own encoding."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoder = codecs.getincrementalencoder(dialect.encoding)()
    yield dialect.bom
    for block in blocks:
        yield encoder.encode(decoder.decode(block))
    yield encoder.encode(decoder.decode(b"", final=True), final=True)
