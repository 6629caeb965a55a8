"""SIGKILL, which no process hears: the old file or the new one, and nothing else."""

import time

import pytest
from faulty import contents, do, end, moments, start, table

pytestmark = pytest.mark.faults

ENDINGS = ("the old file", "the new file", "anything else")


def test_a_run_killed_at_any_time_leaves_the_old_file_or_the_new_one_and_nothing_else(tmp_path, tally):
    (tmp_path / "a.csv").write_bytes(table(20_000))
    command = ("fill", "a.csv", "-c", "g", "-o", "out.csv", "--no-report", "-q")
    began = time.monotonic()
    do(tmp_path, *command)
    seconds = time.monotonic() - began
    before = contents(tmp_path)
    new = before.pop("out.csv")
    for share, said in moments(20261, usual=2, first=0.3, last=1.05):
        (tmp_path / "out.csv").write_bytes(b"old")
        process = start(tmp_path, *command)
        time.sleep(share * seconds)
        process.kill()
        end(process)
        after = contents(tmp_path)
        found = after.pop("out.csv", None)
        ending = {b"old": ENDINGS[0], new: ENDINGS[1]}.get(found, ENDINGS[2]) if after == before else ENDINGS[2]
        tally("SIGKILL at random moments, -o", ending, *ENDINGS)

        assert ENDINGS[2] != ending, (said, sorted(after))


def test_a_run_in_place_that_is_killed_loses_nothing(tmp_path, tally):
    old = table(20_000)
    command = ("fill", "a.csv", "-c", "g", "--in-place", "--backup", ".bak", "--no-report", "-q")
    (tmp_path / "a.csv").write_bytes(old)
    began = time.monotonic()
    do(tmp_path, *command)
    seconds = time.monotonic() - began
    new = (tmp_path / "a.csv").read_bytes()
    for share, said in moments(20262, usual=2, first=0.3, last=1.05):
        for path in tmp_path.iterdir():
            path.unlink()  # the backup may be the file itself
        (tmp_path / "a.csv").write_bytes(old)
        (tmp_path / "a.csv.bak").write_bytes(b"older")
        process = start(tmp_path, *command)
        time.sleep(share * seconds)
        process.kill()
        end(process)
        after = contents(tmp_path)
        kept = {"a.csv": old, "a.csv.bak": b"older"}, {"a.csv": old, "a.csv.bak": old}
        done = {"a.csv": new, "a.csv.bak": old}
        ending = ENDINGS[0] if after in kept else ENDINGS[1] if after == done else ENDINGS[2]
        tally("SIGKILL at random moments, --in-place --backup", ending, *ENDINGS)

        assert ENDINGS[2] != ending, (said, sorted(after))
