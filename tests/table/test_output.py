"""Files are written whole or not at all."""

import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from em_impute.errors import OutputError, TableError, UsageError
from em_impute.table.output import check_output, write_atomically, write_to_stdout


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


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_an_old_file_keeps_its_mode(mode, tmp_path):
    path = tmp_path / "out.csv"
    path.touch()
    path.chmod(mode)

    write_atomically(path, [b"new"])

    assert (stat.S_IMODE(path.stat().st_mode), path.read_bytes()) == (mode, b"new")


def test_a_symbolic_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "real.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    link.symlink_to(target)

    write_atomically(link, [b"new"])

    assert (link.is_symlink(), target.read_bytes()) == (True, b"new")


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, TableError("x"), BrokenPipeError, OSError("of the input")]
)
def test_a_failure_leaves_the_old_file_and_no_litter(error, tmp_path):
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    def blocks():
        yield b"half"
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        write_atomically(path, blocks())

    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"out.csv": b"old"}


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    def blocks():
        for _ in range(3):
            assert path.read_bytes() == b"old"
            yield b"new"

    write_atomically(path, blocks())

    assert path.read_bytes() == b"newnewnew"


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_is_named():
    with pytest.raises(OutputError, match="cannot write /dev/full: No space left on device"):
        write_atomically("/dev/full", [b"a"])


def test_a_full_disk_leaves_the_old_file(tmp_path):
    program = (
        "import resource, signal, sys\n"
        "from em_impute.errors import OutputError\n"
        "from em_impute.table.output import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write_atomically(sys.argv[1], [b'x' * 3000] * 3)\n"
        "except OutputError as error:\n"
        "    print(error.message, '|', error.hint)\n"
    )
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)

    assert done.stdout == f"cannot write {path}: File too large | nothing was changed\n"
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"out.csv": b"old"}


def test_standard_output_gets_the_bytes(capfdbinary):
    written = write_to_stdout([b"a\r\n", b"b"])

    assert (capfdbinary.readouterr().out, written.path, written.bytes) == (b"a\r\nb", None, 4)


def test_the_input_is_refused_as_output_by_any_name(tmp_path, monkeypatch):
    source = tmp_path / "in.csv"
    source.touch()
    (tmp_path / "soft.csv").symlink_to(source)
    (tmp_path / "hard.csv").hardlink_to(source)
    monkeypatch.chdir(tmp_path)

    for name in ("in.csv", "./in.csv", str(source), "soft.csv", "hard.csv"):
        with pytest.raises(UsageError, match=r"is the input"):
            check_output(name, [source], clobber=True)


def test_places_that_cannot_be_written_are_refused_before_any_work(tmp_path):
    (tmp_path / "old.csv").touch()
    check_output(tmp_path / "new.csv", [], clobber=False)
    check_output(tmp_path / "old.csv", [], clobber=True)
    check_output("/dev/null", [], clobber=False)

    with pytest.raises(OutputError, match=r"old\.csv exists already"):
        check_output(tmp_path / "old.csv", [], clobber=False)
    with pytest.raises(OutputError, match="is a directory"):
        check_output(tmp_path, [], clobber=True)
    with pytest.raises(OutputError, match=r"folder .*missing does not exist"):
        check_output(tmp_path / "missing" / "x.csv", [], clobber=True)


def test_a_folder_without_write_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)  # root may write anywhere

    with pytest.raises(OutputError, match="is not writable"):
        check_output(tmp_path / "x.csv", [], clobber=True)
