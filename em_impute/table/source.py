"""Where the bytes come from: a regular file as it is, a stream or compressed data spooled to be read twice."""

import difflib
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from io import RawIOBase
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Self, cast

from em_impute.errors import OutputError, TableError
from em_impute.table.compression import compression_of, decompressed
from em_impute.table.hashing import Hash
from em_impute.table.text import shown_path

STANDARD_INPUT = "standard input"
READ_BYTES = 1 << 16  # at once; compressed, they may hold a thousand times as much
HEAD_BYTES = 512  # tell formats apart
SPOOL_HINT = "free some room, or name a folder that has it with TMPDIR"

OTHER_COMPRESSIONS = {  # first bytes -> (format, what prints the data)
    b"\x04\x22\x4d\x18": ("lz4", "lz4 -dc"),
    b"\x1f\x9d": ("compress", "zcat"),
    b"LZIP\x01": ("lzip", "lzip -dc"),
    b"\x5d\x00\x00": ("lzma", "xzcat"),
}
EXPORT, SEE = "export it as CSV first", "see what it says; export the table as CSV"
CONVERT, TYPED_AS_IS = "convert it to CSV first", re.compile(r"[\w./~ -]+\.\w+")
"""What DuckDB converts, where the path needs no quotes of its own."""

OTHER_FORMATS = {  # pattern of the first bytes -> (what a file looks like, what to do)
    rb"PK\x03\x04": ("Excel (or another zip file)", CONVERT),
    rb"PK\x05\x06": ("an empty zip file", EXPORT),
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("Excel (the old .xls)", EXPORT),
    rb"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", EXPORT),
    rb"PAR1": ("Parquet", CONVERT),
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
    rb"(\xef\xbb\xbf)?\s*(\{\s*[\"}]|\[\s*[{\[])": ("JSON", CONVERT),
}
POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file begins that stands for a large one which Git has not fetched."""


@dataclass(frozen=True)
class Source:
    """Bytes that can be read any number of times."""

    file: BinaryIO
    """seekable; an open descriptor stays consistent when the file of that name is replaced"""
    name: str
    """for messages: the path as given, or "standard input" """
    path: Path | None
    """None for standard input"""
    size: int
    """bytes in `file`"""
    original_sha256: str | None = None
    """set when `file` holds a decompressed or transcoded copy: the hash (hex) of the bytes it was made from"""
    original_size: int | None = None
    """set when `file` holds such a copy: the bytes it was made from"""
    compression: str | None = None
    """what those bytes are compressed with; None if they are not"""
    resources: ExitStack = field(default_factory=ExitStack, repr=False)
    """what is closed with the source; a copy derived from it enters here"""

    def read(self, start: int, n_bytes: int) -> bytes:
        """Read so many bytes from an absolute offset on, fewer only at the end of the file."""
        self.file.seek(start)
        blocks = []
        while n_bytes and (block := self.file.read(n_bytes)):
            blocks.append(block)
            n_bytes -= len(block)
        return b"".join(blocks)


class HashingFile:
    """The bytes of a source, each of them hashed as it is handed out.

    A buffer given to `readinto` must stay as it is until the next `readinto` or `hexdigest`.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._hash = Hash()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        self._hash.__exit__(*of_error)

    @property
    def n_read(self) -> int:
        """Count the bytes that were handed out."""
        return self._hash.n_bytes

    def seek(self, offset: int, /) -> int:
        """Go to an absolute offset; what is skipped is not hashed."""
        return self._source.file.seek(offset)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer as far as the file allows at once; 0 at its end.  Raises `TableError`."""
        self._hash.wait()
        try:
            n_read: int = self._source.file.readinto(buffer) or 0  # type: ignore[attr-defined]
        except OSError as error:
            raise _unreadable(self._source.name, error) from None
        self._hash.update(buffer[:n_read])
        return n_read

    def read(self, n_bytes: int) -> bytearray:
        """Read exactly so many bytes, fewer only at the end of the file."""
        buffer = bytearray(n_bytes)
        done = 0
        while done < n_bytes and (n_read := self.readinto(memoryview(buffer)[done:])):
            done += n_read
        return buffer if done == n_bytes else buffer[:done]

    def hexdigest(self) -> str:
        """Give the SHA-256 of all that was read."""
        return self._hash.hexdigest()


class _Ahead:
    """A file that keeps what was read of it for `_Behind`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.kept = bytearray()

    def seek(self, offset: int, /) -> int:
        return self._file.seek(offset)

    def readinto(self, buffer: memoryview, /) -> int:
        n_read: int = self._file.readinto(buffer) or 0  # type: ignore[attr-defined]
        self.kept += buffer[:n_read]
        return n_read


class _Behind(RawIOBase):
    """The bytes that were read ahead, from the first to the last, each once."""

    def __init__(self, ahead: _Ahead) -> None:
        self._kept = ahead.kept
        self._offset = 0

    def seek(self, offset: int, _whence: int = os.SEEK_SET, /) -> int:
        del self._kept[: offset - self._offset]
        self._offset = offset
        return offset

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # not of any buffer
        n_read = min(len(buffer), len(self._kept))
        buffer[:n_read] = self._kept[:n_read]
        self.seek(self._offset + n_read)
        return n_read


def followed(source: Source) -> tuple[Source, Source]:
    """Give a source to read from beginning to end, and one that reads the same bytes behind it without the file."""
    ahead = _Ahead(source.file)
    behind = _Behind(ahead)
    return replace(source, file=cast("BinaryIO", ahead)), replace(source, file=cast("BinaryIO", behind))


@contextmanager
def open_source(path: str | os.PathLike[str] | None, enough: int | None = None) -> Iterator[Source]:
    """Open the input; None or "-" is standard input.

    A stream (standard input, a FIFO, `<(…)`) is read to its end into a temporary file without a name, and so are the
    data of a compressed file, or about so many bytes of them as are `enough`.  Raises `TableError` for what is missing,
    unreadable, empty, damaged or evidently no CSV.
    """
    with ExitStack() as resources:
        if path is None or path == "-":  # but the path ./- is a file of that name
            if sys.stdin is None:
                raise TableError("standard input is closed", "name a file")
            yield _source_of(sys.stdin.buffer, STANDARD_INPUT, None, resources, is_stream=True)
        else:
            file = _opened(Path(path), str(path), resources)
            is_stream = not stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            yield _source_of(file, str(path), Path(path), resources, is_stream=is_stream, enough=enough)


def _source_of(
    file: BinaryIO, name: str, path: Path | None, resources: ExitStack, *, is_stream: bool, enough: int | None = None
) -> Source:
    """Make an open file or stream a source, as `open_source` does.

    What is compressed is decompressed once: if that holds compressed data again, they are refused.
    """
    blocks = _read(file, name)
    head = b""
    while len(head) < HEAD_BYTES and (block := next(blocks, b"")):
        head += block
    blocks = chain([head], blocks)
    compression = compression_of(head)
    if compression is not None:
        with Hash() as original:
            spool = _spooled(decompressed(_hashed(blocks, original), compression, name, enough), resources)
        sha256, size = original.hexdigest(), original.n_bytes
        source = Source(spool, name, path, spool.tell(), sha256, size, compression.name, resources)
    else:
        if is_stream:
            file = _spooled(blocks, resources)
        source = Source(file, name, path, file.seek(0, os.SEEK_END), resources=resources)
    source.file.seek(0)
    _refuse_other_formats(source.file.read(HEAD_BYTES), source)
    source.file.seek(0)
    return source


def _opened(path: Path, name: str, resources: ExitStack) -> BinaryIO:
    """Open a path for reading."""
    try:
        if path.is_dir():
            raise TableError(f"{shown_path(name)} is a directory", "name the CSV file in it")
        return cast("BinaryIO", resources.enter_context(path.open("rb", buffering=0)))
    except TableError:  # a ValueError as well
        raise
    except FileNotFoundError:
        hint = "fetch it first: only files are read" if "://" in name else _similar(path)
        raise TableError(f"{shown_path(name)} does not exist", hint) from None
    except PermissionError:
        message = f"{shown_path(name)} cannot be read: permission denied"
        raise TableError(message, "check its mode bits and owner") from None
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None


def _read(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the bytes of a file or stream."""
    while True:
        try:
            block = file.read(READ_BYTES)
        except OSError as error:
            raise _unreadable(name, error) from None
        if not block:
            return
        yield block


def _hashed(blocks: Iterable[bytes], into: Hash) -> Iterator[bytes]:
    for block in blocks:
        into.update(block)
        yield block


def _unreadable(name: str, error: Exception) -> TableError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return TableError(f"{shown_path(name)} cannot be read: {reason}", "check the path and its permissions")


def _spooled(blocks: Iterable[bytes], resources: ExitStack) -> BinaryIO:
    """Copy blocks into a temporary file that has no name and vanishes with its descriptor."""
    with spool_errors():
        # Without a buffer, which would be written once more when the file is closed after a failure.
        spool = resources.enter_context(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115  # closed with the source
        for block in blocks:
            view = memoryview(block)
            while view:
                view = view[spool.write(view) :]
    return cast("BinaryIO", spool)


@contextmanager
def spool_errors() -> Iterator[None]:
    """Turn an `OSError` while copying the input into an `OutputError` that names the remedy."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot keep a copy of the input: {error.strerror or error}", SPOOL_HINT) from None


def _similar(path: Path) -> str:
    """Suggest a file of the same folder with nearly this name."""
    try:
        names = [entry.name for entry in os.scandir(path.parent) if entry.is_file()]
    except OSError:
        return f"the folder {shown_path(str(path.parent))} does not exist either"
    by_folded_name = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(path.name.casefold(), by_folded_name, n=1)
    return f"did you mean {shown_path(str(path.with_name(by_folded_name[close[0]])))}?" if close else "check the path"


def _refuse_other_formats(head: bytes, source: Source) -> None:
    """Raise `TableError` for an empty input and for the well-known formats that are not CSV."""
    label = shown_path(source.name)
    if not head:
        raise TableError(f"{label} is empty", "it needs a header and at least one record")
    again = compression_of(head)
    found = again and (again.name, again.program)
    found = found or next((said for magic, said in OTHER_COMPRESSIONS.items() if head.startswith(magic)), None)
    if found is not None:
        kind, program = found
        kind = kind if source.compression is None else f"{kind} within {source.compression}"
        raise TableError(f"{label} is compressed ({kind}), which is not read", f"decompress it first: {program} FILE")
    for pattern, (kind, hint) in OTHER_FORMATS.items():
        if re.match(pattern, head):
            raise TableError(f"{label} looks like {kind}, not CSV", _conversion(label) if hint == CONVERT else hint)
    if head.startswith(POINTER):
        raise TableError(f"{label} is a pointer of Git LFS and not the file itself", "fetch the file: git lfs pull")


def _conversion(path: str) -> str:
    """Say how a file of a format that DuckDB reads becomes a CSV, in a line that can be typed."""
    if not TYPED_AS_IS.fullmatch(path):
        return CONVERT
    return f"""make it one: duckdb -c "COPY (FROM '{path}') TO '{path.rpartition(".")[0]}.csv'\""""
