"""Where results go, which never depends on whether a terminal is attached; `InPlace` is the file that was read."""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from em_impute.cli.logging import STDOUT_NAMES, Log
from em_impute.cli.options.panels import Output
from em_impute.errors import OutputError, TableError, UsageError

STDOUT = "/dev/stdout"  # not "-", which the file ./- is too
"""Stands for standard output, which carries the CSV, or one report, or the changed cells, or nothing."""

REPORT_FORMS = (".json", ".md", ".html")

TABLE = "em-impute.csv"
"""What a table of several parts would be called; its report, beside them, is called after it."""


def name_tables(paths: Sequence[str]) -> list[str]:
    """Say what completed CSVs were written: of more than two only the first and the last."""
    names = [name_of(path) for path in paths]
    return [f"{names[0]} … {names[-1]} ({len(names):,} files)"] if names[2:] else names


def name_of(path: str) -> str:
    """Say where something was written."""
    return "standard output" if path == STDOUT else path


def destinations(
    inputs: Sequence[str], asked: Output, *, n_files: int | None = None, in_parts: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Decide where the completed CSVs go and where the reports.  Raises UsageError for contradictions.

    `inputs` is empty for standard input; `n_files` is the number of completed CSVs where they are numbered, None where
    there is one for each input.
    """
    if asked.output == "":
        raise UsageError("-o is given an empty path", "name a file, or - for standard output")
    reports = report_paths([*(asked.reports or ()), *["-"] * asked.json])
    if asked.no_report and reports:
        raise UsageError("--no-report contradicts -r and --json", "leave one of them out")
    if asked.dry_run:
        return (), (STDOUT,) * asked.json
    data = _tables(inputs, asked, in_parts=in_parts)
    if not reports and not asked.no_report:
        reports = _default_reports(inputs, data, asked.output)
    if n_files is not None:
        data = tuple(name for one in data for name in _numbered(one, n_files))
    return data, reports


def place_of(path: str) -> str:
    """Read where something is to be written."""
    return STDOUT if path in STDOUT_NAMES else str(Path(path))


def report_paths(reports: Sequence[str], forms: Sequence[str] = REPORT_FORMS) -> tuple[str, ...]:
    """Read every -r: a path whose suffix says which of the forms the report has, or standard output for JSON."""
    for report in reports:
        suffix = Path(report).suffix
        if suffix not in forms and not (report in STDOUT_NAMES and ".json" in forms):
            raise UsageError(f"no report can be written to {report!r}", f"its name must end in {' or '.join(forms)}")
        if suffix == ".html":
            from em_impute.report.extra import PAGE, refuse_without

            refuse_without(PAGE, f"{report!r}")
    return tuple(map(place_of, reports))


def _tables(inputs: Sequence[str], asked: Output, *, in_parts: bool) -> tuple[str, ...]:
    """Name the completed CSVs: beside each input, or where -o says, which may be a folder for several parts."""
    from em_impute.pipeline.parts import first_repeated

    output = asked.output
    if asked.in_place or (output is None and asked.diff):
        return tuple(inputs) if asked.in_place else ()
    if output is None and inputs and not (len(inputs) == 1 and is_special(inputs[0])):
        return tuple(_renamed(path, ".filled") for path in inputs)
    if output is None or output in STDOUT_NAMES:
        return (STDOUT,)
    is_folder = output.endswith("/") or (in_parts and (len(inputs) > 1 or Path(output).is_dir()))
    if not (inputs and is_folder):
        return (place_of(output),)
    outputs = tuple(f"{output.rstrip('/')}/{path.rpartition('/')[2]}" for path in inputs)
    twice = first_repeated(outputs)
    if twice is not None:
        raise UsageError(f"two parts would be written to {twice!r}", "leave -o out: each then has a file beside it")
    return outputs


def _renamed(path: str, addition: str) -> str:
    """Put something before the suffix of a file."""
    from em_impute.table.compression import split_name

    stem, suffix = split_name(path)
    return f"{stem}{addition}{suffix}"


def _numbered(data: str, n_files: int) -> tuple[str, ...]:
    """Put a number before the suffix of each file; those of fewer digits are not padded."""
    if data == STDOUT or is_special(data):
        what = "is one stream" if data == STDOUT else "is not a regular file"
        message = f"{name_of(data)} {what} and cannot carry {n_files} files"
        raise UsageError(message, "add --long, or name a file with -o")
    return tuple(_renamed(data, f".{number}") for number in range(1, n_files + 1))


def _default_reports(inputs: Sequence[str], data: Sequence[str], output: str | None) -> tuple[str, ...]:
    """Name the reports, a page if it can be drawn: beside what -o names, or the input; here where that is elsewhere."""
    from em_impute.report.extra import can_write_pages
    from em_impute.table.compression import split_name

    if not data or data[0] == STDOUT or (output is not None and is_special(data[0])):
        return ()
    first = Path(inputs[0] if output is None else data[0])
    stem, _ = split_name(TABLE if len(inputs) > 1 else first.name)
    return tuple(str(first.parent / f"{stem}.report{form}") for form in (".json", ".html")[: 1 + can_write_pages()])


def is_special(path: str) -> bool:
    """Tell whether something is there that is no regular file: a device, a pipe, a directory."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113  # those of Path raise for long names


def check_outputs(
    inputs: Iterable[str | Path | None],
    outputs: Sequence[str],
    log: Log,
    *,
    backup: Path | None = None,
    clobber: bool = True,
    makes_folders: bool = False,
) -> None:
    """Refuse, before any work is done, what cannot or must not be written; an input that is None is a stream.

    Raises `UsageError` where two outputs, or one and an input or the log, are the same file, `OutputError` for what
    cannot be written or, without `clobber`, is there already.
    """
    from em_impute.table.compression import refuse_unwritable
    from em_impute.table.output import check_output

    sources = [Path(path) for path in inputs if path is not None]
    targets = [Path(path) for path in outputs if path != STDOUT]
    if outputs.count(STDOUT) > 1:
        message = "standard output can carry the CSV, one report or --diff, not two of them"
        raise UsageError(message, "name a file with -o or -r; --dry-run --json writes the report alone")
    with suppress(FileNotFoundError):  # the current folder is gone: writing will say so
        if len(set(map(os.path.realpath, targets))) < len(targets):
            raise UsageError("two outputs have the same path", "give each a path of its own")
    log.refuse([*sources, *targets])
    if not all(os.path.lexists(path) for path in sources):
        return  # opening it will say more
    for target in targets:
        if makes_folders and not target.parent.exists():
            refuse_unwritable(target)
            _check_new_folder(target)
        else:
            check_output(target, [] if target == backup else sources, clobber)  # a run that was killed may have left it


def _check_new_folder(path: Path) -> None:
    """Refuse a path in a folder that cannot be made."""
    from em_impute.table.text import shown_path

    there = next(folder for folder in path.parents if folder.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        name, folder = shown_path(str(path)), shown_path(str(there))
        raise OutputError(f"cannot write {name}: the folder {folder} is not writable", "name another one with -o")


@dataclass(frozen=True)
class InPlace:
    """A file that is to be replaced, and the name under which the old one is kept."""

    path: Path
    backup: Path | None
    clobber: bool
    before: tuple[int, ...]  # what `_state_of` gave before the file was read

    def check(self) -> None:
        """Raise `OutputError`, before any work is done, for what cannot be replaced, or not kept under that name."""
        from em_impute.table.output import check_output

        if not self.before or self.path.is_dir():
            return  # opening it will say more
        check_output(self.path, [], clobber=True)
        if not os.access(self.path, os.W_OK):
            raise OutputError(f"cannot replace {self.path}: it is write-protected", f"chmod u+w {self.path}")
        if self.backup is not None and is_special(str(self.backup)) and not self.backup.is_dir():
            raise OutputError(f"cannot write {self.backup}: it is not a regular file", "name another --backup")

    def replacing(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass the blocks on, and keep the old file after the last one, before the new one takes its place.

        So a run that fails while it writes has touched no backup.  Raises `TableError` if the file is no longer as it
        was before it was read: what others have written to it would be lost.
        """
        from em_impute.table.output import output_errors

        yield from blocks
        if _state_of(self.path) != self.before:
            raise TableError(f"{self.path} changed while it was read", "run again when nothing writes to it")
        if self.backup is not None:
            with output_errors(f"cannot keep the old file as {self.backup}"):
                _keep(Path(os.path.realpath(self.path)), self.backup, clobber=self.clobber)


def _state_of(path: Path) -> tuple[int, ...]:
    """Give what changes when somebody writes to a file or replaces it; empty where that cannot be told."""
    try:
        found = path.stat()
    except OSError:
        return ()  # opening it will say why
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def in_place(path: Path | None, asked: Output, *, several: bool) -> InPlace | None:
    """Read --in-place and --backup; None where a file of its own is written, or none.

    `several`: more than one completed table is drawn.  Raises `UsageError` for what contradicts them.
    """
    backup = asked.backup
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
    return InPlace(path, kept, not asked.no_clobber, _state_of(path))


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
