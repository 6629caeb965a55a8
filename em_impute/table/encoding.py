"""Text encodings: which bytes can be scanned as they are, and exact copies in UTF-8 of those that cannot."""

import codecs
import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain

from em_impute.errors import TableError, UsageError, option
from em_impute.table.source import Source, copied
from em_impute.table.text import decoding_hint, shown, shown_path

HEAD_BYTES = 1 << 16
MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NO_FILE_ENCODINGS = ("punycode", "idna", "unicode_escape", "raw_unicode_escape", "utf-7")  # of names, not of files
WIDE = ("utf-16", "utf-32")  # of several bytes a character: a mark says which byte is first

CONTROLS, MOST_CONTROLS = bytes({*range(1, 32)} - {*b"\t\n\v\f\r\x1b"}), 8
"""Characters of which text has none, but some that separate its fields.  What is no text has nearly all of them, and
bytes of which hardly any are UTF-8."""


def sniff_encoding(source: Source, wanted: str | None) -> tuple[str, bytes, bool]:
    """Decide by the byte-order mark and by what the user `wanted` (None: UTF-8) how the bytes are text.

    Gives a Python codec that writes no byte-order mark, the mark that the file begins with, and whether it is
    transparent: every ASCII character is its own byte and never part of another, so that the bytes can be scanned.
    Raises `UsageError` for a codec that does not exist or is not one of text, `TableError` for what looks like UTF-16
    without a mark.
    """
    name = "utf-8" if wanted is None else _codec_name(wanted)
    head = source.read(0, HEAD_BYTES)
    bom = b""
    for mark, marked_name in MARKS:
        if head.startswith(mark) and (name == "utf-8" or marked_name == "utf-8" or name.startswith(marked_name[:6])):
            bom = mark
            name = name if marked_name == "utf-8" and name != "utf-8" else marked_name
            break
    order = "le" if head[1::2].count(0) >= head[0::2].count(0) else "be"
    if name in WIDE:
        name = f"{name}-{order}"
    name = name.removesuffix("-sig")
    transparent = name in ("utf-8", "ascii") or _is_single_byte_ascii(name)
    if transparent and 4 * head.count(0) >= len(head):
        raise TableError(
            f"{shown_path(source.name)} is full of NUL bytes: UTF-16 without BOM?",
            f"try {option('encoding', f'utf-16-{order}')}",
        )
    n_controls = sum(code in head for code in CONTROLS)
    if transparent and n_controls > MOST_CONTROLS and 4 * len(head.decode(errors="ignore")) < 3 * len(head):
        raise TableError(f"{shown_path(source.name)} is not text", "export it as CSV first")
    if head and not bom and name.startswith(WIDE) and 0 not in head:
        raise TableError(
            f"{shown_path(source.name)} is not {name}: it holds no NUL byte, so no comma and no line end in it",
            f"leave out {option('encoding')} for UTF-8, or name another encoding",
        )
    return name, bom, transparent


def with_newlines(source: Source) -> Source:
    """Copy a source whose lines end with CR alone to a temporary file in which they end with LF.

    Raises `TableError` where it holds an LF as well.
    """

    def translated(blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            if b"\n" in block:
                message = f"{shown_path(source.name)} ends lines with CR alone, and others with LF"
                raise TableError(message, r"give all of them one end: tr '\r' '\n' < OLD.csv > NEW.csv")
            yield block.replace(b"\r", b"\n")

    copy, _ = copied(source, translated)
    return copy


def transcode(source: Source, encoding: str, bom: bytes) -> Source:
    """Copy the source, without its byte-order mark, to a temporary file in UTF-8.

    Raises `TableError` where the bytes are not text, or would not come back the same.
    """
    returned = hashlib.sha256(bom)

    def translated(blocks: Iterable[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)()
        encoder = codecs.getincrementalencoder(encoding)()
        start, line = len(bom), 1
        for block in chain(blocks, [b""]):
            try:
                text = decoder.decode(block[start:], not block)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].decode(encoding, "replace").count("\n")
                message = f"line {line}: byte 0x{error.object[error.start]:02X} is not {encoding}"
                raise TableError(message, decoding_hint(encoding, error.object)) from None
            start, line = 0, line + text.count("\n")
            returned.update(encoder.encode(text, not block))
            yield text.encode("utf-8")

    copy, sha256 = copied(source, translated)
    if sha256 != returned.hexdigest():
        raise TableError(
            f"{shown_path(source.name)} does not keep its bytes when it is read as {encoding} and written again",
            f"convert the file to UTF-8, for instance with iconv, or name another encoding with {option('encoding')}",
        )
    return copy


def _codec_name(wanted: str) -> str:
    """Give Python's name for a codec of text."""
    try:
        "a".encode(wanted)
        b"".decode(wanted)
        name = codecs.lookup(wanted).name
        if name not in NO_FILE_ENCODINGS:
            return name
        raise LookupError
    except (LookupError, UnicodeError, ValueError, TypeError):
        hint = "for instance utf-8, cp1252, latin-1, utf-16, shift_jis"
        raise UsageError(f"no text encoding is called {shown(wanted)}", hint) from None


def _is_single_byte_ascii(name: str) -> bool:
    """Tell whether each byte is a character by itself and the first 128 are ASCII."""
    ascii_bytes = bytes(range(128))
    pairs = b"".join(bytes((first, second)) for first in range(128, 256) for second in range(128, 256))
    try:
        if "あ가中".encode(name, "ignore"):
            return False  # escape sequences (ISO-2022) pass the tests below
        # In a multi-byte codec at least one of these pairs is a single character.
        return ascii_bytes.decode(name) == ascii_bytes.decode() and len(pairs.decode(name, "replace")) == len(pairs)
    except (UnicodeError, ValueError):
        return False
