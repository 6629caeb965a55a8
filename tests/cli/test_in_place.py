"""`--in-place` and `--backup`: at any time the old file or the new one, and never neither.

What cannot be asked for together, or cannot be replaced, stands in tests/cases/test_refusals.py.
"""

import json
import os

import pytest

PLAIN = b"g,x\na,1\nb,9\n,1\n"
FILLED = b"g,x\na,1\nb,9\na,1\n"
FILL = ("fill", "a.csv", "-c", "g", "-qq", "--in-place", "--covariance", "tied")
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(PLAIN)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def state(path):
    """What changes when somebody writes to a file, replaces it, or gives it another name."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_nlink


def test_the_file_is_replaced_the_backup_holds_the_old_one_and_a_second_run_writes_nothing(call, path):
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18))
    first = call(*FILL, "--backup", ".bak", "-r", "r.json")
    kept = path.with_name("a.csv.bak")
    report = json.loads(path.with_name("r.json").read_text())
    states = [state(path), state(kept)]
    again = call("fill", *FILL[1:4], "--in-place", "--backup", ".bak", "-r", "r.json")

    assert (0, "", "") == first
    assert (FILLED, PLAIN) == (path.read_bytes(), kept.read_bytes())
    assert ["a.csv", "a.csv.bak", "r.json"] == names(path.parent)
    assert ("a.csv", "a.csv") == (report["input"]["path"], report["output"]["path"])
    assert (0o640, 0o640) == (path.stat().st_mode & 0o777, kept.stat().st_mode & 0o777)
    assert 10**18 == kept.stat().st_mtime_ns
    assert states == [state(path), state(kept)]
    assert "Wrote a.csv (left as it was), r.json.\n" in again[2]


@pytest.mark.parametrize("more", ["--min-probability 1 --no-report", "--dry-run", "--strict"])
def test_where_nothing_is_to_be_written_the_file_is_left_alone(call, path, more):
    path.write_bytes(b"g,x\na,1\nb,9\n,5\n")  # halfway, so that nothing is sure
    before = state(path)
    call(*FILL, "--backup", ".bak", *more.split())

    assert before == state(path)
    assert ["a.csv"] == names(path.parent)


def test_a_link_stays_a_link_and_its_target_is_replaced(call, path):
    (path.parent / "real").mkdir()
    path.rename(path.parent / "real" / "data.csv")
    path.symlink_to("real/data.csv")
    call(*FILL, "--backup", "~", "--no-report")

    assert "real/data.csv" == str(path.readlink())
    assert FILLED == path.read_bytes()
    assert ["data.csv"] == names(path.parent / "real")
    assert PLAIN == path.with_name("a.csv~").read_bytes()
    assert not path.with_name("a.csv~").is_symlink()


def test_a_backup_that_is_the_file_itself_after_a_killed_run_is_made_again(call, path):
    path.with_name("a.csv.bak").hardlink_to(path)

    assert (0, "", "") == call(*FILL, "--backup", ".bak", "--no-report")
    assert (FILLED, PLAIN) == (path.read_bytes(), path.with_name("a.csv.bak").read_bytes())
    assert ["a.csv", "a.csv.bak"] == names(path.parent)


def test_where_files_have_no_second_names_the_backup_is_a_copy(call, path, monkeypatch):
    link = os.link

    def no_link(source, target, **more):
        if not more:  # else it gives a name to a file that has none
            raise OSError(1, "not permitted")
        return link(source, target, **more)

    monkeypatch.setattr(os, "link", no_link)
    path.chmod(0o600)
    kept = path.with_name("a.csv.bak")

    assert (0, "", "") == call(*FILL, "--backup", ".bak", "--no-report")
    assert (FILLED, PLAIN, 0o600) == (path.read_bytes(), kept.read_bytes(), kept.stat().st_mode & 0o777)
    assert path.stat().st_ino != kept.stat().st_ino


@pytest.mark.skipif(not IS_ROOT, reason="only root may give files away")
def test_the_owner_and_the_group_stay_what_they_were(call, path):
    os.chown(path, 12345, 23456)
    call(*FILL, "--backup", ".bak", "--no-report")

    assert (12345, 23456) == (path.stat().st_uid, path.stat().st_gid)


def test_killed_at_any_moment_nothing_is_lost(tmp_path):
    """The process is gone before the first call that makes, changes or secures a name, the second, and so on.

    Each is a fork of this one, which leaves without a word, as one does that is killed.
    """
    ends = []
    for stop in range(1, 30):
        folder = tmp_path / str(stop)
        folder.mkdir()
        (folder / "a.csv").write_bytes(PLAIN)
        child = os.fork()
        if child == 0:
            _fill_and_leave_at(stop, folder)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        backup = folder / "a.csv.bak"
        ends.append(((folder / "a.csv").read_bytes(), backup.read_bytes() if backup.exists() else None))
        if code == 0:
            break
        assert code == LEFT
    nothing, kept, done = (PLAIN, None), (PLAIN, PLAIN), (FILLED, PLAIN)

    assert [nothing, kept, done] == list(dict.fromkeys(ends))  # in this order, and never anything else


LEFT = 99


def _fill_and_leave_at(stop, folder):
    """Fill in place in this process, and end it without cleaning up before such a call of number `stop`."""
    import pathlib

    from em_impute.cli import main

    left = stop

    def counted(real):
        def call(*arguments, **more):
            nonlocal left
            left -= 1
            if not left:
                os._exit(LEFT)
            return real(*arguments, **more)

        return call

    try:
        os.link, os.fsync, os.fchmod = counted(os.link), counted(os.fsync), counted(os.fchmod)
        pathlib.Path.replace, pathlib.Path.unlink = counted(pathlib.Path.replace), counted(pathlib.Path.unlink)
        os.chdir(folder)
        os._exit(main._run([*FILL, "--backup", ".bak", "--no-report"]))
    finally:
        os._exit(1)
