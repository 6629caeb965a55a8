"""Where the bytes come from: a regular file as it is, a stream or compressed data spooled to be read twice."""

import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from em_impute.errors import TableError
from em_impute.table.compression import compression_of, decompressed
from em_impute.table.output import Hash, output_errors, write_whole
from em_impute.table.text import closest, shown_path

STANDARD_INPUT = "standard input"
READ_BYTES = 1 << 16  # at once; compressed, they may hold a thousand times as much
HEAD_BYTES = 512  # tell formats apart
MANY_BYTES = 1 << 24  # from here on a hash takes a noticeable part of the time
SPOOL_HINT = "free some room, or name a folder that has it with TMPDIR"

EXPORT, SEE = "export it as CSV first", "see what it says; export the table as CSV"
TYPED_AS_IS = re.compile(r"[\w./~ -]+\.\w+")
"""Paths that need no quotes of their own."""

OTHER_FORMATS = {  # pattern of the first bytes -> (what a file looks like, what to do, or what reads it in DuckDB)
    rb"PK\x03\x04": ("Excel (or another zip file)", "read_xlsx"),
    rb"PK\x05\x06": ("an empty zip file", EXPORT),
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("Excel (the old .xls)", EXPORT),
    rb"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", EXPORT),
    rb"\x04\x22\x4d\x18": ("compressed by lz4", "decompress it first: lz4 -dc FILE"),
    rb"\x1f\x9d": ("compressed by compress", "decompress it first: zcat FILE"),
    rb"PAR1": ("Parquet", "read_parquet"),
    rb"\x89PNG": ("a PNG picture", EXPORT),
    rb"%PDF-": ("PDF", EXPORT),
    rb"SQLite format 3\x00": ("an SQLite database", EXPORT),
    rb"\x89HDF\r\n\x1a\n": ("HDF5", EXPORT),
    rb"ARROW1\x00\x00": ("Feather (Arrow)", EXPORT),
    rb"<stata_dta>": ("Stata", EXPORT),
    rb"\$FL[23]@\(#\)": ("SPSS", EXPORT),
    rb"RDX[23]\n": ("a workspace of R", EXPORT),
    rb"(?s).{257}ustar": ("a tar archive", "name a file that was in it: tar -xf FILE"),
    # A page instead of a table is often what a server says of an error or a login.
    rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype )?html": ("a web page", SEE),
    rb"(?i)(\xef\xbb\xbf)?\s*<\?xml": ("XML", SEE),
    rb"(\xef\xbb\xbf)?\s*(\{\s*[\"}]|\[\s*[{\[])": ("JSON", "read_json"),
}
POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file begins that stands for a large one which Git has not fetched."""


@dataclass(frozen=True)
class Source:
    """Bytes that can be read any number of times."""

    file: BinaryIO  # seekable; an open descriptor stays consistent when the file of that name is replaced
    name: str  # for messages: the path as given, or "standard input"
    size: int  # bytes in `file`
    original: tuple[str, int] | None = None
    """where `file` holds a decompressed or transcoded copy: hash (hex) and number of the bytes it was made from"""
    compression: str | None = None  # what those bytes are compressed with; None if they are not
    stamp: tuple[int, int] | None = None
    """of a file whose hash nobody wants: what shows whether it changes while it is read"""
    resources: ExitStack = field(default_factory=ExitStack, repr=False)
    """what is closed with the source; a copy derived from it enters here"""

    @property
    def has_changed(self) -> bool:
        """Whether a file that is not hashed is no longer what was opened."""
        return self.stamp is not None and self.stamp != _stamp_of(self.file)

    def read(self, start: int, n_bytes: int) -> bytes:
        """Read so many bytes from an absolute offset on, fewer only at the end of the file."""
        self.file.seek(start)
        blocks = []
        while n_bytes and (block := self.file.read(n_bytes)):
            blocks.append(block)
            n_bytes -= len(block)
        return b"".join(blocks)


def _stamp_of(file: BinaryIO) -> tuple[int, int]:
    """Give when a file was last written to, in nanoseconds, and its size."""
    now = os.fstat(file.fileno())
    return now.st_mtime_ns, now.st_size


class HashingFile(Hash):
    """The bytes of a source, each of them hashed as it is handed out, if they are to be.

    Several may read one source by turns, since each knows its place.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(wanted=source.stamp is None)
        self._source, self._offset = source, 0

    def seek(self, offset: int, /) -> None:
        """Go to an absolute offset; what is skipped is not hashed."""
        self._offset = offset

    def read(self, n_bytes: int) -> bytes:
        """Read so many bytes, fewer only at the end of the file.  Raises `TableError`."""
        try:
            data = self._source.read(self._offset, n_bytes)
        except OSError as error:
            raise _unreadable(self._source.name, error) from None
        self._offset += len(data)
        self.update(data)
        return data


@contextmanager
def open_source(
    path: str | os.PathLike[str] | None, enough: int | None = None, *, name: str = "", hashed: bool = True
) -> Iterator[Source]:
    """Open the input; None or "-" is standard input, and `name` what to call it in messages if not by its path.

    A stream (standard input, a FIFO, `<(…)`) is read to its end into a temporary file without a name, and so are the
    data of a compressed file, or about so many bytes of them as are `enough`; if that holds compressed data again, they
    are refused.  A large file need not be `hashed`: its time of change then tells whether it is as it was.  Raises
    `TableError` for what is missing, unreadable, empty, damaged or evidently no CSV.
    """
    with ExitStack() as resources:
        if path is None or path == "-":  # but the path ./- is a file of that name
            if sys.stdin is None:
                raise TableError("standard input is closed", "name a file")
            file, name, is_file = cast("BinaryIO", sys.stdin.buffer), STANDARD_INPUT, False
        else:
            name = name or str(path)
            file = _opened(Path(path), name, resources)
            is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            resources.enter_context(_blamed_on_change(file, name))
        blocks = _read(file, name)
        head = b""
        while len(head) < HEAD_BYTES and (block := next(blocks, b"")):
            head += block
        whole = chain([head], blocks)
        compression = compression_of(head)
        source = Source(file, name, 0, compression=compression and compression.name, resources=resources)
        if compression is not None:
            source, _ = copied(source, lambda blocks: decompressed(blocks, compression, name, enough), whole)
        else:
            file = file if is_file else _spooled(whole, resources)
            stamp = _stamp_of(file)
            is_hashed = hashed or not is_file or stamp[1] < MANY_BYTES
            source = replace(source, file=file, size=file.seek(0, os.SEEK_END), stamp=None if is_hashed else stamp)
        _refuse_other_formats(source.read(0, HEAD_BYTES), source)
        yield source


def _opened(path: Path, name: str, resources: ExitStack) -> BinaryIO:
    """Open a path for reading."""
    try:
        return cast("BinaryIO", resources.enter_context(path.open("rb", buffering=0)))
    except IsADirectoryError:
        raise TableError(f"{shown_path(name)} is a directory", "name the CSV file in it") from None
    except FileNotFoundError:
        if url := re.fullmatch(r"(\w{2,}):/+(.+)", name):  # of which a path has lost a slash
            raise TableError(f"only files are read, not {'://'.join(url.groups())}", "download it first") from None
        raise TableError(f"{shown_path(name)} does not exist", _similar(path)) from None
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None


@contextmanager
def _blamed_on_change(file: BinaryIO, name: str) -> Iterator[None]:
    """Say of a file that cannot be read as a table, and was written to meanwhile, that this is why."""
    stamp = _stamp_of(file)
    try:
        yield
    except TableError:
        if stamp != _stamp_of(file) and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            message = f"{shown_path(name)} changed while it was read"
            raise TableError(message, "run again when nothing writes to it") from None
        raise


def _read(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the bytes of a file or stream."""
    try:
        yield from iter(partial(file.read, READ_BYTES), b"")
    except OSError as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: Exception) -> TableError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return TableError(f"{shown_path(name)} cannot be read: {reason}", "check the path and its permissions")


def copied(
    source: Source, translated: Callable[[Iterable[bytes]], Iterable[bytes]], blocks: Iterable[bytes] | None = None
) -> tuple[Source, str]:
    """Put what is made of a source, whose `blocks` may be at hand, into a temporary file.

    Also gives the SHA-256 (hex) of what it was made of.
    """
    if blocks is None:
        source.file.seek(0)
        blocks = _read(source.file, source.name)
    digest = Hash()
    spool = _spooled(translated(_hashed(blocks, digest)), source.resources)
    sha256 = digest.hexdigest()
    original = source.original or (sha256, digest.n_bytes)
    return replace(source, file=spool, size=spool.tell(), original=original, stamp=None), sha256


def _hashed(blocks: Iterable[bytes], into: Hash) -> Iterator[bytes]:
    for block in blocks:
        into.update(block)
        yield block


def _spooled(blocks: Iterable[bytes], resources: ExitStack) -> BinaryIO:
    """Copy blocks into a temporary file that has no name and vanishes with its descriptor."""
    with spool_errors():
        # Without a buffer, which would be written once more when the file is closed after a failure.
        spool = cast("BinaryIO", resources.enter_context(tempfile.TemporaryFile(buffering=0)))  # noqa: SIM115
        for block in blocks:
            write_whole(block, spool)
    return spool


def spool_errors() -> AbstractContextManager[None]:
    """Turn an `OSError` while copying the input into an `OutputError` that names the remedy."""
    return output_errors("cannot keep a copy of the input", SPOOL_HINT)


def _similar(path: Path) -> str:
    """Suggest a file of the same folder with nearly this name."""
    try:
        names = [entry.name for entry in os.scandir(path.parent) if entry.is_file()]
    except OSError:
        return f"the folder {shown_path(str(path.parent))} does not exist either"
    close = closest(names, path.name)
    return f"did you mean {shown_path(str(path.with_name(close)))}?" if close else "check the path"


def _refuse_other_formats(head: bytes, source: Source) -> None:
    """Raise `TableError` for an empty input and for the well-known formats that are not CSV."""
    label = shown_path(source.name)
    if not head:
        raise TableError(f"{label} is empty", "it needs a header and at least one record")
    if again := compression_of(head):
        message = f"{label} is compressed twice ({again.name} within {source.compression}), which is not read"
        raise TableError(message, f"decompress it first: {again.program} FILE")
    for pattern, (kind, hint) in OTHER_FORMATS.items():
        if re.match(pattern, head):
            raise TableError(f"{label} looks like {kind}, not CSV", _conversion(label, hint))
    if head.startswith(POINTER):
        raise TableError(f"{label} is a pointer of Git LFS and not the file itself", "fetch the file: git lfs pull")


def _conversion(path: str, hint: str) -> str:
    """Say how a file of a format that DuckDB reads becomes a CSV, in a line that can be typed; else the hint."""
    if not hint.startswith("read_"):
        return hint
    if not TYPED_AS_IS.fullmatch(path):
        return "convert it to CSV first"
    stem, _, suffix = path.rpartition(".")
    copied = f"FROM {hint}('{path}')) TO '{stem}.new.csv'" if suffix == "csv" else f"FROM '{path}') TO '{stem}.csv'"
    return f'make it one: duckdb -c "COPY ({copied}"'
