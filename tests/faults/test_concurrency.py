"""Several runs into one place, and somebody who looks at it all the time."""

import json
import random
import threading
import time

import pytest
from faulty import end, rounds, start, table

pytestmark = pytest.mark.faults


def looking(path, stop, seen):
    """Read a file again and again."""
    while not stop.is_set():
        try:
            seen.add(path.read_bytes())
        except FileNotFoundError:
            seen.add(None)
        time.sleep(0.001)


@pytest.mark.parametrize("n_runs", [3, pytest.param(8, marks=pytest.mark.exhaustive)])
def test_runs_into_one_file_leave_that_of_one_of_them_and_a_reader_sees_whole_ones(tmp_path, call, tally, n_runs):
    wanted = {}
    for number in range(n_runs):
        (tmp_path / f"{number}.csv").write_bytes(table(500 + number, seed=number))
        call("fill", f"{number}.csv", "-c", "g", "--covariance", "tied", "--no-report", "-qq")
        wanted[(tmp_path / f"{number}.filled.csv").read_bytes()] = number
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder/out.csv"
    chance = random.Random(20280)  # noqa: S311  # to be repeated
    for number in range(rounds(1)):
        path.write_bytes(b"old")
        seen, stop = set(), threading.Event()
        reader = threading.Thread(target=looking, args=(path, stop, seen))
        reader.start()
        order = chance.sample(range(n_runs), n_runs)
        runs = [
            start(tmp_path, "fill", f"{one}.csv", "-c", "g", "-o", "folder/out.csv", "--covariance", "tied", "-qq")
            for one in order
        ]
        ended = [end(one) for one in runs]
        stop.set()
        reader.join()
        report = json.loads((tmp_path / "folder/out.report.json").read_text())
        tally(f"{n_runs} runs into one file", "one whole file" if path.read_bytes() in wanted else "anything else")

        assert [(0, b"", b"")] * n_runs == ended, f"round {number}"
        assert seen <= {b"old", *wanted}, f"round {number}"
        assert path.read_bytes() in wanted
        assert report["input"]["path"] in {f"{one}.csv" for one in order}
        assert {"out.csv", "out.report.json"} == {one.name for one in path.parent.iterdir()}
