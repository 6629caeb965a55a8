"""Where the bytes come from: a regular file as it is, a stream spooled so that it can be read twice."""

import difflib
import os
import shlex
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from em_impute.errors import OutputError, TableError
from em_impute.table.text import shown_path

__all__ = ["STANDARD_INPUT", "Source", "open_source", "spool_errors"]

STANDARD_INPUT = "standard input"
SPOOL_BYTES = 1 << 20
SPOOL_HINT = "free some room, or name a folder that has it with TMPDIR"

COMPRESSED = {  # first bytes -> (format, the program that prints it)
    b"\x1f\x8b": ("gzip", "zcat", ".gz"),
    **{b"BZh%d1AY&SY" % level: ("bzip2", "bzcat", ".bz2") for level in range(1, 10)},
    b"\xfd7zXZ\x00": ("xz", "xzcat", ".xz"),
    b"\x28\xb5\x2f\xfd": ("zstandard", "zstdcat", ".zst"),
}
OTHER_FORMATS = {
    b"PK\x03\x04": "Excel (or another zip file)",
    b"PK\x05\x06": "an empty zip file",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "Excel (the old .xls)",
    b"PAR1\x15": "Parquet",
    b"\x89PNG": "a PNG picture",
    b"%PDF-": "PDF",
    b"SQLite format 3\x00": "an SQLite database",
}


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
    """set when `file` holds a transcoded copy: the hash (hex) of the bytes it was made from"""
    original_size: int | None = None
    """set when `file` holds a transcoded copy: the bytes it was made from"""
    resources: ExitStack = field(default_factory=ExitStack, repr=False)
    """what is closed with the source; a copy derived from it enters here"""


@contextmanager
def open_source(path: str | os.PathLike[str] | None) -> Iterator[Source]:
    """Open the input; None or "-" is standard input.

    A stream (standard input, a FIFO, `<(…)`) is read to its end into a temporary file without a name.  Raises
    `TableError` for what is missing, unreadable, empty or evidently no CSV.
    """
    with ExitStack() as resources:
        if path is None or os.fspath(path) == "-":
            if sys.stdin is None:
                raise TableError("standard input is closed", "name a file")
            name, place = STANDARD_INPUT, None
            file = _spooled(sys.stdin.buffer, resources)
        else:
            place = Path(path)
            name = str(path)
            file = _opened(place, name, resources)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        _refuse_other_formats(file.read(64), name, place)
        file.seek(0)
        yield Source(file, name, place, size, resources=resources)


def _opened(path: Path, name: str, resources: ExitStack) -> BinaryIO:
    """Open a path for reading, spooled if it is no regular file."""
    try:
        if path.is_dir():
            raise TableError(f"{shown_path(name)} is a directory", "name the CSV file in it")
        file = resources.enter_context(path.open("rb", buffering=0))
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return cast("BinaryIO", file)
        return _spooled(cast("BinaryIO", file), resources)
    except FileNotFoundError:
        raise TableError(f"{shown_path(name)} does not exist", _similar(path)) from None
    except PermissionError:
        raise TableError(
            f"{shown_path(name)} cannot be read: permission denied", "check its mode bits and owner"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TableError(f"{shown_path(name)} cannot be read: {reason}", "check the path and its permissions") from None


def _spooled(stream: BinaryIO, resources: ExitStack) -> BinaryIO:
    """Copy a stream to its end into a temporary file that has no name and vanishes with its descriptor."""
    with spool_errors():
        spool = resources.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  -- closed with the source
        shutil.copyfileobj(stream, spool, SPOOL_BYTES)
        spool.flush()
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


def _refuse_other_formats(head: bytes, name: str, path: Path | None) -> None:
    """Raise `TableError` for an empty input and for the well-known formats that are not CSV."""
    label = shown_path(name)
    if not head:
        raise TableError(f"{label} is empty", "it needs a header and at least one record")
    for magic, (kind, program, suffix) in COMPRESSED.items():
        if head.startswith(magic):
            file = "x.csv" + suffix if path is None else shlex.quote(name) if name.isprintable() else shown_path(name)
            raise TableError(f"{label} looks compressed ({kind})", f"{program} {file} | em-impute fill - -c COLUMN")
    for magic, kind in OTHER_FORMATS.items():
        if head.startswith(magic):
            raise TableError(f"{label} looks like {kind}, not CSV", "export it as CSV first")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if (start.startswith(b"{") and start[1:].lstrip()[:1] in {b'"', b"}"}) or (
        start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b"[")
    ):
        raise TableError(f"{label} looks like JSON, not CSV", "convert it to CSV first")
