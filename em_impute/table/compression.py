"""Compressed files: known by their first bytes when they are read, and by their suffix when they are written."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from em_impute.errors import TableError, UsageError
from em_impute.table.text import shown_path

if TYPE_CHECKING:
    import os

__all__ = [
    "Codec",
    "Compression",
    "Compressor",
    "Decompressor",
    "compressed",
    "compression_of",
    "decompressed",
    "refuse_unwritable",
    "split_name",
    "suffix_of",
]

DATA_BYTES = 1 << 20
"""Decompressed at once, however few the bytes they come from."""

ZLIB_GZIP = 31
"""What zlib takes for gzip's header and checksum around its own data, with the largest window."""


class Decompressor(Protocol):
    """Reads one member: what one run of the compressor has written."""

    @property
    def eof(self) -> bool:
        """Tell whether the member has ended, its checksum being right."""

    @property
    def needs_input(self) -> bool:
        """Tell whether all that can be said of the bytes so far has been said."""

    @property
    def unused_data(self) -> bytes:
        """What follows the member."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take more bytes and give at most so many of the data; the rest comes when it is called again."""


class Compressor(Protocol):
    """Writes one member."""

    def compress(self, data: bytes, /) -> bytes:
        """Take more of the data and give what is settled of the member."""

    def flush(self) -> bytes:
        """Give the end of the member."""


class Codec(NamedTuple):
    """How a compression is read and written."""

    decompressor: Callable[[], Decompressor]
    compressor: Callable[[], Compressor]
    error: type[Exception]
    """raised for bytes that are not the compression's"""


@dataclass(frozen=True)
class Compression:
    """One of those that are known."""

    name: str
    suffix: str
    magic: re.Pattern[bytes]
    program: str
    """prints the data of a file"""
    remedy: str
    """what to do where Python cannot read it"""
    make_codec: Callable[[], Codec]
    """raises `ImportError` there"""


def compression_of(head: bytes) -> Compression | None:
    """Recognise a compression by the first bytes of a file."""
    return next((one for one in COMPRESSIONS if one.magic.match(head)), None)


def suffix_of(name: str | None) -> str:
    """Give the suffix of a compression; that of none is empty."""
    return next((one.suffix for one in COMPRESSIONS if one.name == name), "")


def split_name(path: str) -> tuple[str, str]:
    """Split a path before its suffix, to which that of a compression is added: `("heights", ".csv.gz")`."""
    stem, suffix = _without_suffix(path)
    if _by_suffix(suffix) is None:
        return stem, suffix
    inner, inner_suffix = _without_suffix(stem)
    return inner, inner_suffix + suffix


def decompressed(
    blocks: Iterable[bytes], compression: Compression, name: str, enough: int | None = None
) -> Iterator[bytes]:
    """Yield the data of all members, one after the other, in blocks of at most `DATA_BYTES`.

    Zero bytes between members and after the last one are padding.  Anything else there is an error, as it is for xz
    and zstd, though gzip and bzip2 only warn: it may be what is left of data.  With `enough` nothing more is read once
    there is so much data.  Raises `TableError`, also where the last member has no end, which its checksum stands at.
    """
    label = shown_path(name)
    hint = f"get a whole copy of the file: {compression.program} prints one without an error"
    try:
        codec = compression.make_codec()
    except ImportError:
        message = f"{label} cannot be decompressed: {compression.name} is not there"
        raise TableError(message, compression.remedy) from None
    members = _Members(codec)
    for block in blocks:
        try:
            yield from members.data(block)
        except codec.error as error:
            reason = f"something else follows its {compression.name} data" if members.is_beginning else error
            raise TableError(f"{label} cannot be decompressed: {reason}", hint) from None
        if enough is not None and members.n_bytes >= enough:
            return
    if members.is_within:
        raise TableError(f"{label} cannot be decompressed: its {compression.name} data end too soon", hint)


def compressed(blocks: Iterable[bytes], suffix: str) -> Iterator[bytes]:
    """Yield the bytes of a file: compressed if its suffix says so, else as they are.

    The bytes depend on nothing but the data and the version of the library: no name and no time is written.
    """
    compression = _by_suffix(suffix)
    if compression is None:
        yield from blocks
        return
    compressor = _codec_to_write(compression, f"a file with the suffix {suffix}").compressor()
    for block in blocks:
        if data := compressor.compress(block):
            yield data
    yield compressor.flush()


def refuse_unwritable(path: "str | os.PathLike[str]") -> None:
    """Raise UsageError for a file whose suffix asks for a compression that is not there."""
    compression = _by_suffix(Path(path).suffix)
    if compression is not None:
        _codec_to_write(compression, shown_path(str(path)))


def _codec_to_write(compression: Compression, what: str) -> Codec:
    try:
        return compression.make_codec()
    except ImportError:
        raise UsageError(f"{what} cannot be written: {compression.name} is not there", compression.remedy) from None


class _Members:
    """The members of a file, one after the other."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._member: Decompressor | None = None
        self._n_before = self.n_bytes = 0

    @property
    def is_within(self) -> bool:
        """Tell whether a member has not ended."""
        return self._member is not None

    @property
    def is_beginning(self) -> bool:
        """Tell whether there were data, but none of the member that was begun last."""
        return 0 < self._n_before == self.n_bytes

    def data(self, block: bytes) -> Iterator[bytes]:
        """Take more bytes and yield the data they hold.  Raises the codec's error."""
        while self._member or (block := block.lstrip(b"\0")):
            member = self._member
            if member is None:
                self._member = member = self._codec.decompressor()
                self._n_before = self.n_bytes
            data = member.decompress(block, DATA_BYTES)
            self.n_bytes += len(data)
            if data:
                yield data
            if member.eof:
                self._member, block = None, member.unused_data
            elif member.needs_input:
                return
            else:
                block = b""


class _Inflater:
    """One member of gzip, read as the other compressions are."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401  # zlib keeps the class to itself
        self._stream = stream
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._stream.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        found: bytes = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self.needs_input = not self._stream.unconsumed_tail and len(found) < max_length
        return found


def _gzip() -> Codec:
    import zlib

    return Codec(
        lambda: _Inflater(zlib.decompressobj(ZLIB_GZIP)), lambda: zlib.compressobj(6, wbits=ZLIB_GZIP), zlib.error
    )


def _bz2() -> Codec:
    import bz2

    return Codec(bz2.BZ2Decompressor, bz2.BZ2Compressor, OSError)


def _xz() -> Codec:
    import lzma

    return Codec(
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), lambda: lzma.LZMACompressor(lzma.FORMAT_XZ), lzma.LZMAError
    )


def _zstd() -> Codec:
    zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    options = {zstd.CompressionParameter.compression_level: 3, zstd.CompressionParameter.checksum_flag: 1}
    return Codec(zstd.ZstdDecompressor, lambda: zstd.ZstdCompressor(options=options), zstd.ZstdError)


def _without(module: str, program: str) -> str:
    return f"this Python was built without its module {module}: use another one, or the program {program} in a pipe"


COMPRESSIONS = (
    Compression("gzip", ".gz", re.compile(rb"\x1f\x8b"), "zcat", _without("zlib", "gzip"), _gzip),
    # The magic number of a block, or of the end where there is none, since "BZh9" alone could begin a header.
    Compression(
        "bz2", ".bz2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), "bzcat", _without("bz2", "bzip2"), _bz2
    ),
    Compression("xz", ".xz", re.compile(rb"\xfd7zXZ\x00"), "xzcat", _without("lzma", "xz"), _xz),
    # A frame, or one to be skipped, with which some programs begin.
    Compression(
        "zstd",
        ".zst",
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
        "zstdcat",
        "pip install 'em-impute[zstd]', or use the program zstd in a pipe",
        _zstd,
    ),
)


def _by_suffix(suffix: str) -> Compression | None:
    return next((one for one in COMPRESSIONS if one.suffix == suffix.lower()), None)


def _without_suffix(path: str) -> tuple[str, str]:
    suffix = Path(path).suffix
    return path.removesuffix(suffix), suffix
