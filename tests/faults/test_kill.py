"""SIGKILL, which no process hears: the old file or the new one, and nothing else."""

import time

import pytest
from faulty import contents, do, end, moments, start, table

pytestmark = [pytest.mark.faults, pytest.mark.exhaustive]

ENDINGS = ("the old file", "the new file", "anything else")


def test_a_run_killed_at_any_time_leaves_the_old_file_or_the_new_one_and_nothing_else(tmp_path, tally):
    (tmp_path / "a.csv").write_bytes(table(20_000))
    command = ("fill", "a.csv", "-c", "g", "-o", "out.csv", "--no-report", "-qq")
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
