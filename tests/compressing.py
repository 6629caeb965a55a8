"""The four compressions as their reference libraries have them, and the programs that have them too."""

import bz2
import gzip
import lzma
import struct
import sys
from functools import partial
from typing import NamedTuple

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class Format(NamedTuple):
    """A compression: what the report calls it, its suffix, library functions and program."""

    name: str
    suffix: str
    compress: object
    decompress: object
    program: str


FORMATS = {
    one.name: one
    for one in (
        # Without the time in it: the bytes may name a test, and every process that runs tests must find the same names.
        Format("gzip", ".gz", partial(gzip.compress, mtime=0), gzip.decompress, "gzip"),
        Format("bz2", ".bz2", bz2.compress, bz2.decompress, "bzip2"),
        Format("xz", ".xz", lzma.compress, lzma.decompress, "xz"),
        Format("zstd", ".zst", zstd.compress, zstd.decompress, "zstd"),
    )
}


def skippable_frame(content, number=0):
    """What zstd readers pass over: a magic number from 0x184D2A50 to 0x184D2A5F, the length, anything."""
    return struct.pack("<II", 0x184D2A50 + number, len(content)) + content
