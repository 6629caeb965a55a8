"""Compressed files: known by their first bytes when they are read, and by their suffix when they are written."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from em_impute.errors import EmImputeError, TableError, UsageError, how_to_install
from em_impute.table.text import shown_path

if TYPE_CHECKING:
    import os

DATA_BYTES = 1 << 20
"""Decompressed at once, however few the bytes they come from."""

ZLIB_GZIP = 31
"""What zlib takes for gzip's header and checksum around its own data, with the largest window."""


class Codec(NamedTuple):
    """Compresses and decompresses one member, which is what one run of a compressor writes."""

    decompressor: Callable[[], Any]  # as bz2.BZ2Decompressor
    compressor: Callable[[], Any]  # as bz2.BZ2Compressor
    error: type[Exception]  # of bytes that are not the compression's


class Compression(NamedTuple):
    """One of those that are known."""

    name: str
    suffix: str
    magic: re.Pattern[bytes]
    program: str  # prints the data of a file

    def codec(self, what_fails: str, error: type[EmImputeError]) -> Codec:
        """Give the codec, whose module is imported late.  Raises such an error where Python lacks it."""
        try:
            if self.name == "gzip":
                import zlib

                new = partial(zlib.decompressobj, ZLIB_GZIP), partial(zlib.compressobj, 6, wbits=ZLIB_GZIP)
                return Codec(*new, zlib.error)
            if self.name == "bz2":
                import bz2

                return Codec(bz2.BZ2Decompressor, bz2.BZ2Compressor, OSError)
            if self.name == "xz":
                import lzma

                return Codec(partial(lzma.LZMADecompressor, lzma.FORMAT_XZ), lzma.LZMACompressor, lzma.LZMAError)
            zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
            options = {zstd.CompressionParameter.compression_level: 3, zstd.CompressionParameter.checksum_flag: 1}
            return Codec(zstd.ZstdDecompressor, partial(zstd.ZstdCompressor, options=options), zstd.ZstdError)
        except ImportError:
            get = how_to_install("zstd") if self.name == "zstd" else "use a Python that was built with it"
            hint = f"{get}, or use the program {self.name} in a pipe"
            raise error(f"{what_fails}: {self.name} is not there", hint) from None


def compression_of(head: bytes) -> Compression | None:
    """Recognise a compression by the first bytes of a file."""
    return next((one for one in COMPRESSIONS if one.magic.match(head)), None)


def suffix_of(name: str | None) -> str:
    """Give the suffix of a compression; that of none is empty."""
    return next((one.suffix for one in COMPRESSIONS if one.name == name), "")


def split_name(path: str) -> tuple[str, str]:
    """Split a path before its suffix, to which that of a compression is added: `("heights", ".csv.gz")`."""
    suffix = Path(path).suffix
    if _by_suffix(suffix) is not None:
        suffix = Path(path.removesuffix(suffix)).suffix + suffix
    return path.removesuffix(suffix), suffix


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
    codec = compression.codec(f"{label} cannot be decompressed", TableError)
    member: Any = None
    n_before = n_bytes = 0
    for block in blocks:
        rest = block
        try:
            while member is not None or (rest := rest.lstrip(b"\0")):
                if member is None:
                    member, n_before = codec.decompressor(), n_bytes
                data = member.decompress(rest, DATA_BYTES)
                n_bytes += len(data)
                if data:
                    yield data
                if member.eof:
                    member, rest = None, member.unused_data
                    continue
                rest = getattr(member, "unconsumed_tail", b"")  # which only zlib does not keep itself
                if not rest and getattr(member, "needs_input", len(data) < DATA_BYTES):
                    break
        except codec.error as error:
            has_begun = 0 < n_before == n_bytes
            reason = f"something else follows its {compression.name} data" if has_begun else error
            raise TableError(f"{label} cannot be decompressed: {reason}", hint) from None
        if enough is not None and n_bytes >= enough:
            return
    if member is not None:
        raise TableError(f"{label} cannot be decompressed: its {compression.name} data end too soon", hint)


def compressed(blocks: Iterable[bytes], suffix: str) -> Iterator[bytes]:
    """Yield the bytes of a file: compressed if its suffix says so, else as they are.

    The bytes depend on nothing but the data and the version of the library: no name and no time is written.
    """
    compression = _by_suffix(suffix)
    if compression is None:
        yield from blocks
        return
    compressor = compression.codec(f"a file with the suffix {suffix} cannot be written", UsageError).compressor()
    for block in blocks:
        if data := compressor.compress(block):
            yield data
    yield compressor.flush()


def refuse_unwritable(path: "str | os.PathLike[str]") -> None:
    """Raise UsageError for a file whose suffix asks for a compression that is not there."""
    compression = _by_suffix(Path(path).suffix)
    if compression is not None:
        compression.codec(f"{shown_path(str(path))} cannot be written", UsageError)


def _by_suffix(suffix: str) -> Compression | None:
    return next((one for one in COMPRESSIONS if one.suffix == suffix.lower()), None)


COMPRESSIONS = (
    Compression("gzip", ".gz", re.compile(rb"\x1f\x8b"), "zcat"),
    # The magic number of a block, or of the end where there is none, since "BZh9" alone could begin a header.
    Compression("bz2", ".bz2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), "bzcat"),
    Compression("xz", ".xz", re.compile(rb"\xfd7zXZ\x00"), "xzcat"),
    # A frame, or one to be skipped, with which some programs begin.
    Compression("zstd", ".zst", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), "zstdcat"),
)
