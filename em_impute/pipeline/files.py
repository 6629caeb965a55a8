"""The parts of a table: files with the same columns, on this machine or at any address that fsspec knows."""

import glob
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar
from urllib.parse import urlsplit

from em_impute.errors import TableError, UsageError, how_to_install, option
from em_impute.table.compression import compressed
from em_impute.table.output import WrittenFile, copy_blocks, output_errors, write_atomically, write_to_stdout
from em_impute.table.source import Source, open_source, source_of, spool_errors
from em_impute.table.text import shown_path

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T", str, Path)

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
FSSPEC_HINT = f"{how_to_install('dask')}, which brings fsspec"


class Part(NamedTuple):
    """One file of a table."""

    number: int  # 0, 1, 2, … in the order of the command line
    path: str  # on this machine, or a URL
    outputs: tuple[str, ...] = ()  # where the completed file goes, or each imputation of it; "" is standard output
    copy_of: str | None = None  # what the file holds a copy of

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self.copy_of or self.path


def called(parts: Sequence[Part]) -> str:
    """Say what the table is called."""
    if len(parts) == 1:
        return parts[0].name
    return f"{parts[0].name} … {parts[-1].name} ({len(parts):,} parts)"


def is_url(path: str) -> bool:
    """Tell an address such as s3://bucket/part.csv from a path on this machine."""
    return bool(URL.match(path)) and not path.startswith("file://")


def local_path(path: str) -> Path:
    """Give the path on this machine, also for file:///part.csv."""
    if not path.startswith("file://"):
        return Path(path)
    from urllib.request import url2pathname  # late: it brings the machinery of HTTP with it

    return Path(url2pathname(urlsplit(path).path))


def is_pattern(path: str) -> bool:
    """Tell a pattern such as parts/*.csv from the name of a file, which may hold a star as well."""
    return glob.has_magic(path) and (is_url(path) or not local_path(path).exists())


def find_parts(named: Sequence[str]) -> list[str]:
    """List all parts: files in the order given, those of a pattern by name.

    Raises `TableError` for a pattern that no file has, `UsageError` for a file that is named twice.
    """
    found: list[str] = []
    for path in named:
        names = _matching(path) if is_pattern(path) else [path]
        if not names:
            raise TableError(
                f"no file is called {shown_path(path)}", "check the pattern; in quotes it is expanded here"
            )
        found += names
    twice = first_repeated(found)
    if twice is not None:
        raise UsageError(f"{shown_path(twice)} is named twice", "name each part once")
    return found


def first_repeated(paths: Iterable[T]) -> T | None:
    """Give the first path that another one before it equals."""
    seen: set[T] = set()
    for path in paths:
        if path in seen:
            return path
        seen.add(path)
    return None


@contextmanager
def opened(part: Part) -> Iterator[Source]:
    """Open a part.  Raises `TableError`, and `UsageError` for an address that nothing here can read."""
    path = part.path
    if not is_url(path):
        with open_source(local_path(path)) as source:
            yield replace(source, name=part.name)
        return
    with ExitStack() as resources:
        with _input_errors(path):
            system, name = _system(path)
            file: BinaryIO = resources.enter_context(system.open(name, "rb"))
            source = source_of(file, path, None, resources, is_stream=False)
        yield source


@contextmanager
def copied(path: str) -> Iterator[str]:
    """Copy a stream, "-" is standard input, to a file that every pass and process can read; it is gone in the end."""
    if path == "-" and sys.stdin is None:
        raise TableError("standard input is closed", "name a file")
    with ExitStack() as resources:
        with spool_errors():
            file = resources.enter_context(tempfile.NamedTemporaryFile(prefix="em-impute-"))
            stream = sys.stdin.buffer if path == "-" else resources.enter_context(Path(path).open("rb"))
            shutil.copyfileobj(stream, file)
            file.flush()
        yield file.name


def write(path: str, blocks: Iterable[bytes]) -> WrittenFile:
    """Write a part whole or not at all; the file that is returned has no path if it is a remote one.

    Raises `OutputError`.
    """
    if not path:
        return write_to_stdout(blocks)
    if not is_url(path):
        place = local_path(path)
        with output_errors(f"cannot write {shown_path(path)}", f"name another folder with {option('output')}"):
            place.parent.mkdir(parents=True, exist_ok=True)
        return write_atomically(place, blocks)
    return _write_remotely(path, blocks)


def _write_remotely(path: str, blocks: Iterable[bytes]) -> WrittenFile:
    """Write to a new name and move it: an object store makes an object at once, other systems would show a half."""
    system, name = _system(path)
    folder, _, last = name.rpartition("/")
    temporary = f"{folder}/.em-impute-{secrets.token_hex(8)}.{last}.tmp"
    with output_errors(f"cannot write {shown_path(path)}", f"name another folder with {option('output')}"):
        try:
            system.makedirs(folder, exist_ok=True)
            with system.open(temporary, "wb") as file:
                written = copy_blocks(compressed(blocks, PurePosixPath(name).suffix), file, None)
            system.mv(temporary, name)
        except BaseException:
            with suppress(Exception):  # there may be nothing to remove, and what went wrong before is told
                system.rm_file(temporary)
            raise
    return written


def _matching(pattern: str) -> list[str]:
    if not is_url(pattern):
        return sorted(glob.glob(str(local_path(pattern)), recursive=True))  # noqa: PTH207  # Path.glob takes no absolute patterns
    with _input_errors(pattern):
        system, name = _system(pattern)
        return sorted(system.unstrip_protocol(str(found)) for found in system.glob(name))


def _system(path: str) -> "tuple[AbstractFileSystem, str]":
    """Find the file system of an address, and the name there."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise UsageError(f"{shown_path(path)} needs fsspec, which is not installed", FSSPEC_HINT) from None
    try:
        system, name = url_to_fs(path)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{shown_path(path)} cannot be read: {error}", "check how the address begins") from None
    return system, str(name)


@contextmanager
def _input_errors(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise TableError(f"{shown_path(path)} does not exist", "check the address") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise TableError(f"{shown_path(path)} cannot be read: {reason}", "check the address and permissions") from None
