"""What becomes of the place to write to, and of the rights there, between the start of a run and its writing."""

import os
import shutil

import pytest
from faulty import FILLED, IS_ROOT, NOBODY, PLAIN, contents, do, end, give_to_nobody, start, wait_for
from patched import is_two_lines

pytestmark = pytest.mark.faults

USER = NOBODY if IS_ROOT else None


@pytest.fixture
def fill(folder):
    """Fill a table from a pipe, with something `done` after the places to write to were looked at."""
    (folder / "out").mkdir()
    (folder / "out/out.csv").write_bytes(b"old")

    def fill(done, *options, user=None):
        os.mkfifo(folder / "fifo")
        if user is not None:
            give_to_nobody(folder)
        process = start(folder, "fill", "fifo", "-c", "g", "-o", "out/out.csv", *options, user=user)
        with feeding(folder / "fifo", process) as pipe:
            done()
            pipe.write(PLAIN)
        ended = end(process)
        (folder / "fifo").unlink()
        return ended

    return fill


def feeding(path, process):
    """Open a named pipe as soon as the run has opened it to read."""
    opened = []

    def has_reader():
        try:
            opened.append(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    assert wait_for(has_reader, process), end(process)
    return os.fdopen(opened[0], "wb")


@pytest.mark.exhaustive
def test_a_folder_that_vanishes_meanwhile_is_said(folder, fill):
    code, output, said = fill(lambda: shutil.rmtree(folder / "out"), "--no-report")

    assert (5, b"") == (code, output)
    assert b"error: cannot write out/out.csv: No such file or directory\nhint: nothing was changed\n" == said
    assert {} == contents(folder)


def test_a_directory_in_the_place_of_the_report_is_said_with_the_data_written(folder, fill):
    code, _, said = fill((folder / "out/out.report.json").mkdir)

    assert 5 == code
    assert is_two_lines(said)
    assert b"the completed file out/out.csv was written, the report was not" in said
    assert {"out/out.csv": FILLED} == contents(folder)


@pytest.mark.skipif(not IS_ROOT, reason="only root may give files away")
def test_a_file_of_somebody_else_in_a_sticky_folder_stays(folder):
    (folder / "sticky").mkdir()
    give_to_nobody(folder)
    (folder / "sticky/a.csv").write_bytes(PLAIN)  # root's, but everybody may write to it
    (folder / "sticky/a.csv").chmod(0o666)
    os.chown(folder / "sticky", 0, 0)
    (folder / "sticky").chmod(0o1777)
    code, _, said = do(
        folder, "fill", "sticky/a.csv", "-c", "g", "--in-place", "--backup", ".bak", "--no-report", user=NOBODY
    )

    assert 5 == code, said
    assert is_two_lines(said)
    assert b"only its owner may replace it" in said
    assert {"sticky/a.csv": PLAIN} == contents(folder)


def test_a_file_that_may_not_be_read_is_said(folder):
    (folder / "a.csv").write_bytes(PLAIN)
    if IS_ROOT:
        give_to_nobody(folder)
    (folder / "a.csv").chmod(0)

    assert (3, b"error: a.csv cannot be read: Permission denied\nhint: check the path and its permissions\n") == (
        do(folder, "fill", "a.csv", "-c", "g", user=USER)[::2]
    )
