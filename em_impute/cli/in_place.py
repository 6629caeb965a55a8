"""`--in-place`: the completed CSV in the place of the file that was read."""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from em_impute.cli.logging import Log
from em_impute.cli.options.output import Output
from em_impute.cli.outputs import are_distinct, is_special
from em_impute.errors import OutputError, TableError, UsageError


class InPlace:
    """A file that is to be replaced, and the name under which the old one is kept."""

    def __init__(self, path: Path, backup: Path | None, *, clobber: bool) -> None:
        self.path = path
        self.backup = backup
        self._clobber = clobber
        self._before = self._state()

    def check(self, others: Iterable[str], log: Log) -> None:
        """Refuse, before any work is done, what cannot or must not be replaced.

        Raises `OutputError`, and `UsageError` if the backup is one of the other outputs or the log.
        """
        from em_impute.table.output import check_output

        if not self._before or self.path.is_dir():
            return  # opening it will say more
        check_output(self.path, [], clobber=True)
        if not os.access(self.path, os.W_OK):
            raise OutputError(f"cannot replace {self.path}: it is write-protected", f"chmod u+w {self.path}")
        if self.backup is None:
            return
        check_output(self.backup, [], clobber=self._clobber)
        if is_special(str(self.backup)):
            raise OutputError(f"cannot write {self.backup}: it is not a regular file", "name another --backup")
        if not are_distinct([self.backup, *others]):
            raise UsageError("two outputs have the same path", "give each a path of its own")
        log.refuse([self.backup])

    def replacing(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass the blocks on, and keep the old file after the last one, before the new one takes its place.

        So a run that fails while it writes has touched no backup.  Raises `TableError` if the file is no longer as it
        was before it was read: what others have written to it would be lost.
        """
        from em_impute.table.output import output_errors

        yield from blocks
        if self._state() != self._before:
            raise TableError(f"{self.path} changed while it was read", "run again when nothing writes to it")
        if self.backup is not None:
            with output_errors(f"cannot keep the old file as {self.backup}"):
                _keep(Path(os.path.realpath(self.path)), self.backup, clobber=self._clobber)

    def _state(self) -> tuple[int, ...]:
        """Give what changes when somebody writes to the file or replaces it; empty where that cannot be told."""
        try:
            found = self.path.stat()
        except OSError:
            return ()  # opening it will say why
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def in_place(path: Path | None, asked: Output, *, several: bool) -> InPlace | None:
    """Read --in-place and --backup; None where a file of its own is written, or none.

    `several`: more than one completed table is drawn.  Raises `UsageError` for what contradicts them.
    """
    backup, clobber = asked.backup, not asked.no_clobber
    if not asked.in_place:
        if backup is not None:
            raise UsageError("--backup keeps what --in-place replaces", "add --in-place, or leave --backup out")
        return None
    if asked.output is not None:
        raise UsageError("--in-place contradicts -o", "leave one of them out")
    if path is None:
        raise UsageError("--in-place replaces FILE, and standard input is not a file", "name a file, or leave it out")
    if several:
        raise UsageError("--imputations writes several files, --in-place replaces one", "leave one of them out")
    is_folder = path.is_dir()  # which opening it will say
    if is_special(str(path)) and not is_folder:
        raise UsageError(f"--in-place replaces a regular file, and {path} is not one", "name a file with -o")
    if backup is not None and (not backup or "/" in backup):
        raise UsageError(f"--backup takes a suffix of the name, not {backup!r}", "for example --backup .bak")
    if asked.dry_run:
        return None
    kept = None if backup is None or is_folder else path.with_name(path.name + backup)
    return InPlace(path, kept, clobber=clobber)


def _keep(source: Path, backup: Path, *, clobber: bool) -> None:
    """Give a file a second name, whole or not at all; where that cannot be, make a copy of that name."""
    import secrets
    import shutil

    from em_impute.table.output import sync

    if not clobber and os.path.lexists(backup):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    sync(source)
    temporary = backup.with_name(f".em-impute-{secrets.token_hex(8)}.tmp")
    try:
        try:
            os.link(source, temporary)
        except OSError:  # not every file system can; whatever else is wrong stops the copy too
            temporary.touch(0o600, exist_ok=False)  # nobody else may read it before it has the mode of the old file
            shutil.copy2(source, temporary)
            sync(temporary)
        temporary.replace(backup)
    finally:
        # Also after a rename: if both are names of one file, it does nothing.
        temporary.unlink(missing_ok=True)
    sync(backup.parent)
