"""Files are written whole or not at all."""

import hashlib
import os
import resource
import signal
import stat
import threading

import pytest

from em_impute.errors import OutputError, TableError
from em_impute.table.output import check_output, write_atomically


def test_a_new_file_honours_the_umask(tmp_path):
    previous = os.umask(0o027)
    try:
        written = write_atomically(tmp_path / "out.csv", [b"a", b"", b"bc"])
    finally:
        os.umask(previous)

    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o640
    assert (tmp_path / "out.csv").read_bytes() == b"abc"
    assert (written.path, written.sha256, written.bytes) == (
        tmp_path / "out.csv",
        hashlib.sha256(b"abc").hexdigest(),
        3,
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TableError("x")])
@pytest.mark.parametrize("is_named", [False, True], ids=["nameless at first", "named at once"])
def test_a_failure_leaves_the_old_file_and_no_litter(error, is_named, tmp_path, monkeypatch):
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    if is_named:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)

    def blocks():
        yield b"half"
        assert path.read_bytes() == b"old"  # a reader never sees half a file
        raise error

    with pytest.raises(type(error)):
        write_atomically(path, blocks())
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"out.csv": b"old"}

    write_atomically(path, [b"new", b"er"])
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"out.csv": b"newer"}


def test_what_is_no_regular_file_is_written_directly(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()

    write_atomically(fifo, [b"a", b"b"])
    reader.join()

    assert (read, stat.S_ISFIFO(fifo.stat().st_mode)) == ([b"ab"], True)
    assert write_atomically("/dev/null", [b"a" * 9]).bytes == 9


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        with pytest.raises(OutputError, match="File too large") as caught:
            write_atomically(path, [b"x" * 3000] * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)

    assert caught.value.hint == "nothing was changed"
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"out.csv": b"old"}


def test_a_folder_that_cannot_be_written_to_is_refused_before_any_work(tmp_path, monkeypatch):
    (tmp_path / "old.csv").touch()
    check_output(tmp_path / "new.csv", [], clobber=False)
    check_output(tmp_path / "old.csv", [], clobber=True)
    check_output("/dev/null", [], clobber=False)

    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)  # root may write anywhere
    with pytest.raises(OutputError, match="is not writable"):
        check_output(tmp_path / "x.csv", [], clobber=True)
