"""Several runs into one place, and somebody who looks at it all the time."""

import json
import random
import threading
import time

import pytest
from faulty import do, end, rounds, start, table

pytestmark = pytest.mark.faults


def looking(path, stop, seen):
    """Read a file again and again."""
    while not stop.is_set():
        try:
            seen.add(path.read_bytes())
        except FileNotFoundError:
            seen.add(None)
        time.sleep(0.001)


@pytest.mark.parametrize("n_runs", [2, 8])
def test_runs_into_one_file_leave_that_of_one_of_them_and_a_reader_sees_whole_ones(tmp_path, call, tally, n_runs):
    wanted = {}
    for number in range(n_runs):
        (tmp_path / f"{number}.csv").write_bytes(table(500 + number, seed=number))
        call("fill", f"{number}.csv", "-c", "g", "--no-report", "-q")
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
        runs = [start(tmp_path, "fill", f"{one}.csv", "-c", "g", "-o", "folder/out.csv", "-q") for one in order]
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


def test_runs_in_place_of_one_file_fill_it_once(tmp_path):
    (tmp_path / "a.csv").write_bytes(table(500))
    do(tmp_path, "fill", "a.csv", "-c", "g", "-o", "b.csv", "--no-report", "-q")
    runs = [start(tmp_path, "fill", "a.csv", "-c", "g", "--in-place", "--no-report", "-q") for _ in range(3)]
    codes = {end(one)[0] for one in runs}

    assert codes <= {0, 3}  # 3: another one was first
    assert 0 in codes
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert {"a.csv", "b.csv"} == {one.name for one in tmp_path.iterdir()}
