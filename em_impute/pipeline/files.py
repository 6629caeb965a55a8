"""The parts of a table: files with the same columns."""

import glob
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from em_impute.errors import TableError, UsageError, option
from em_impute.table.output import WrittenFile, output_errors, write_atomically, write_to_stdout
from em_impute.table.source import Source, open_source, spool_errors
from em_impute.table.text import shown_path

T = TypeVar("T", str, Path)


class Part(NamedTuple):
    """One file of a table."""

    number: int  # 0, 1, 2, … in the order of the command line
    path: str  # on this machine
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


def is_pattern(path: str) -> bool:
    """Tell a pattern such as parts/*.csv from the name of a file, which may hold a star as well."""
    return glob.has_magic(path) and not Path(path).exists()


def find_parts(named: Sequence[str]) -> list[str]:
    """List all parts: files in the order given, those of a pattern by name.

    Raises `TableError` for a pattern that no file has, `UsageError` for a file that is named twice.
    """
    found: list[str] = []
    for path in named:
        names = sorted(glob.glob(path, recursive=True)) if is_pattern(path) else [path]  # noqa: PTH207  # Path.glob takes no absolute patterns
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
    """Open a part.  Raises `TableError`."""
    with open_source(part.path) as source:
        yield replace(source, name=part.name)


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
    """Write a part whole or not at all.  Raises `OutputError`."""
    if not path:
        return write_to_stdout(blocks)
    with output_errors(f"cannot write {shown_path(path)}", f"name another folder with {option('output')}"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return write_atomically(path, blocks)
