"""Files that are written whole or not at all, and the hash of what is written, or read, meanwhile."""

import hashlib
import os
import secrets
import select
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import BinaryIO

from em_impute.errors import OutputError, UsageError, option
from em_impute.table.compression import compressed, refuse_unwritable
from em_impute.table.text import shown_path

NOTHING_CHANGED = "nothing was changed"


@dataclass(frozen=True)
class WrittenFile:
    """What was written."""

    path: Path | None  # None for standard output
    sha256: str  # hex, of the bytes in the file, compressed or not
    bytes: int  # in the file
    seconds: float  # time that making and writing the bytes took


class Hash:
    """The number of some bytes, and their SHA-256; that is empty if it is not `wanted`."""

    def __init__(self, *, wanted: bool = True) -> None:
        self.n_bytes = 0
        """so far"""
        self._hash = hashlib.sha256() if wanted else None

    def update(self, data: bytes | memoryview) -> None:
        """Go on with `data`."""
        self.n_bytes += len(data)
        if self._hash is not None:
            self._hash.update(data)

    def hexdigest(self) -> str:
        """Give the hash."""
        return "" if self._hash is None else self._hash.hexdigest()


def check_output(path: str | os.PathLike[str], inputs: Iterable[Path], clobber: bool) -> None:
    """Refuse a place that cannot or must not be written to, before any work is done.

    Raises `UsageError` if it is one of the inputs by whatever name, or its suffix asks for a compression that is not
    there, `OutputError` if it is a directory or stands in none, cannot be written, or exists while `clobber` is False.
    """
    target = Path(path)
    name = shown_path(str(path))
    refuse_unwritable(target)
    with output_errors(f"cannot write {name}"):
        for source in inputs:
            # The same terminal or null device may be both.
            if source.exists() and target.exists() and target.samefile(source) and target.is_file():
                message = f"the output {name} is the input {shown_path(str(source))}"
                raise UsageError(message, f"name another output with {option('output')}")
        if target.is_dir():
            raise OutputError(f"cannot write {name}: it is a directory", "name a file in it")
        if target.exists() and not target.is_file():
            if not os.access(target, os.W_OK):
                raise OutputError(f"cannot write {name}: permission denied", "name another output")
            return
        real = Path(os.path.realpath(target))
        folder = shown_path(str(real.parent))
        if not real.parent.is_dir():
            raise OutputError(f"cannot write {name}: the folder {folder} does not exist", "create it first")
        if not os.access(real.parent, os.W_OK | os.X_OK):
            raise OutputError(f"cannot write {name}: the folder {folder} is not writable", "name another output")
        _check_owner(real, name)
        if not clobber and os.path.lexists(target):
            raise OutputError(f"{name} exists already", f"name another output, or leave out {option('no_clobber')}")


def _check_owner(target: Path, name: str) -> None:
    """Refuse what a sticky folder, such as /tmp, lets nobody replace but its owner."""
    folder = target.parent.stat()
    if not folder.st_mode & stat.S_ISVTX or not target.exists():
        return
    if os.geteuid() not in {0, folder.st_uid, target.stat().st_uid}:
        message = f"cannot write {name}: in the folder {shown_path(str(target.parent))} only its owner may replace it"
        raise OutputError(message, "name another output")


def write_atomically(
    path: str | os.PathLike[str], blocks: Iterable[bytes], *, suffix: str | None = None, hashed: bool = True
) -> WrittenFile:
    """Write a file so that at any time either the old one or the new one is there, whole.

    It is compressed if its suffix says so, or `suffix` in that one's place ("" says no).  A symbolic link keeps
    pointing where it does: its target is replaced.  The old file's mode bits are kept, and its owner and
    group as far as this process may.  What is no regular file
    (`/dev/null`, a FIFO) is opened and written.  What is not `hashed` has an empty hash.  Raises `OutputError`;
    `BrokenPipeError`, and whatever `blocks` raises, pass through, the old file being intact.
    """
    blocks = compressed(blocks, Path(path).suffix if suffix is None else suffix)
    with output_errors(f"cannot write {shown_path(str(path))}"):
        try:
            old = Path(path).stat()
        except FileNotFoundError:
            old = None
        if old is not None and (not stat.S_ISREG(old.st_mode) or _is_descriptor(path)):
            with Path(path).open("ab" if _is_descriptor(path) else "wb", buffering=0) as file:
                return _copy_blocks(blocks, file, Path(path), hashed=hashed)
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f".em-impute-{secrets.token_hex(8)}.tmp")
        try:
            # A new file gets what the umask leaves; the copy of an old one is private until it has the old one's mode.
            descriptor, is_named = _open_temporary(temporary, 0o666 if old is None else 0o600)
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                written = _copy_blocks(blocks, file, Path(path), hashed=hashed)
                if old is not None:
                    _take_after(old, file.fileno())
                os.fsync(file.fileno())
                if not is_named:
                    _give_name(file.fileno(), temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync(target.parent)
        return written


def _open_temporary(temporary: Path, mode: int) -> tuple[int, bool]:
    """Open a file to be named later, so that a killed run leaves nothing; else one that has its name already."""
    if hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").is_dir():
        with suppress(OSError):  # not every file system can
            return os.open(temporary.parent, os.O_WRONLY | os.O_TMPFILE, mode), False
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), True


def _give_name(descriptor: int, path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Only with a folder's descriptor does Python follow the link in /proc to the file itself.
        os.link(f"/proc/self/fd/{descriptor}", path.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _is_descriptor(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path names an open descriptor: whatever stands behind it is written on, never replaced."""
    return os.fspath(path).startswith(("/dev/fd/", "/dev/std", "/proc/self/fd/"))


def write_to_stdout(blocks: Iterable[bytes]) -> WrittenFile:
    """Write to standard output.  Raises `OutputError`; `BrokenPipeError` passes through."""
    with output_errors("cannot write to standard output", "what was written so far is not complete"):
        if sys.stdout is None:
            raise OutputError("standard output is closed", f"name a file with {option('output')}")
        sys.stdout.buffer.flush()
        return _copy_blocks(blocks, getattr(sys.stdout.buffer, "raw", sys.stdout.buffer), None)


def _copy_blocks(blocks: Iterable[bytes], file: BinaryIO, path: Path | None, *, hashed: bool = True) -> WrittenFile:
    """Write all blocks to a file without a buffer, and hash them if they are to be."""
    began = perf_counter()
    digest = Hash(wanted=hashed)
    for block in blocks:
        digest.update(block)
        write_whole(block, file)
    return WrittenFile(path, digest.hexdigest(), digest.n_bytes, perf_counter() - began)


def write_whole(block: bytes, file: BinaryIO) -> None:
    """Write all of a block to a file without a buffer."""
    view = memoryview(block)
    while view:
        view = view[file.write(view) or 0 :]
        if view:  # somebody else has made a pipe one that does not wait
            select.select([], [file], [])


@contextmanager
def output_errors(message: str, hint: str = NOTHING_CHANGED) -> Iterator[None]:
    """Turn an `OSError` into an `OutputError`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{message}: {error.strerror or error}", hint) from None


def _take_after(old: os.stat_result, descriptor: int) -> None:
    """Give a file the mode of an old one, and its owner and group as far as this process may."""
    now = os.fstat(descriptor)
    for owner, group in ((old.st_uid, -1), (-1, old.st_gid)):
        if {owner, group} - {-1, now.st_uid, now.st_gid}:
            with suppress(OSError):
                os.fchown(descriptor, owner, group)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))  # after the owner, since a new one takes some bits away


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable; some file systems do not offer that."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
