"""SIGTERM, SIGINT, SIGHUP: 143, 130, 129 whenever they come, the old file and no litter."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from faulty import PLAIN, contents, end, moments, seconds_of, start, table, wait_for

from em_impute.table import output

pytestmark = pytest.mark.faults

SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
ONE_OF_THEM = [SIGNALS[0], *(pytest.param(*one, marks=pytest.mark.exhaustive) for one in SIGNALS[1:])]
COMMAND = ("fill", "a.csv", "-c", "g", "-o", "out.csv", "-r", "r.json", "-qq")


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Seconds that a run takes, and what it writes."""
    folder = tmp_path_factory.mktemp("usual")
    (folder / "a.csv").write_bytes(table(600))
    return seconds_of(folder, *COMMAND), (folder / "out.csv").read_bytes()


@pytest.mark.exhaustive
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_at_any_time_leaves_the_old_file_or_the_new_one_and_no_word(tmp_path, usual, tally, number, code):
    (tmp_path / "a.csv").write_bytes(table(600))
    seconds, new = usual
    for share, said in moments(20270 + number, usual=2, first=0.1):
        (tmp_path / "out.csv").write_bytes(b"old")
        (tmp_path / "r.json").write_bytes(b"old")
        process = start(tmp_path, *COMMAND)
        time.sleep(share * seconds)
        process.send_signal(number)
        ended, _, words = end(process)
        after = contents(tmp_path)
        whole = after["out.csv"] in {b"old", new} and (after["r.json"] == b"old" or after["r.json"][-2:] == b"}\n")
        # While Python itself starts or ends, the signals are its own.
        is_early, is_late = (ended == -number and after["out.csv"] == one for one in (b"old", new))
        ending = "done before" if ended == 0 else f"ended with {code}" if ended == code else f"ended with {ended}"
        tally(f"{number.name} at random moments", ending)

        assert ended in {0, code} or is_early or is_late, (said, ended, words)
        assert b"" == words or is_early, said
        assert whole, said
        assert {"a.csv", "out.csv", "r.json"} == set(after), said


def is_open_for_a_signal(process):
    """Tell whether a process on Linux has its own way with SIGTERM."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to tell when signals are listened to")
@pytest.mark.parametrize(("number", "code"), ONE_OF_THEM)
def test_a_signal_while_libraries_are_imported_ends_the_run(tmp_path, number, code):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    process = start(tmp_path, "fill", "a.csv", "-c", "g")
    wait_for(lambda: is_open_for_a_signal(process), process)
    process.send_signal(number)

    assert (code, b"", b"") == end(process)
    assert ["a.csv"] == list(contents(tmp_path))


@pytest.mark.parametrize(("number", "code"), ONE_OF_THEM)
def test_a_signal_while_a_pipe_without_end_is_read_ends_the_run(tmp_path, number, code):
    source = subprocess.Popen(["sh", "-c", "echo g,x; while echo a,1; do :; done"], stdout=subprocess.PIPE)
    process = start(
        tmp_path, "fill", "-c", "g", "-o", "out.csv", "--log-file", "log", stdin=source.stdout, TMPDIR=str(tmp_path)
    )
    source.stdout.close()
    # What is read is kept in a file without a name.
    wait_for(lambda: any(size > 1000 for size in nameless(process)), process)
    process.send_signal(number)
    ended = end(process)
    source.wait()

    assert (code, b"", b"") == ended
    assert ["log"] == list(contents(tmp_path))


def nameless(process):
    """Give the sizes of the files without a name that a process has open."""
    for link in Path(f"/proc/{process.pid}/fd").glob("*"):
        with suppress(OSError):
            if str(link.readlink()).endswith("(deleted)"):
                yield link.stat().st_size


@pytest.mark.parametrize(("number", "code"), ONE_OF_THEM)
def test_a_signal_while_the_report_is_written_leaves_the_data_and_no_report(tmp_path, number, code):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    os.mkfifo(tmp_path / "r.json")  # nobody reads it, so the run waits there
    process = start(tmp_path, "fill", "a.csv", "-c", "g", "-r", "r.json", "-qq")
    wait_for((tmp_path / "a.filled.csv").exists, process)
    process.send_signal(number)

    assert (code, b"", b"") == end(process)
    assert ["a.csv", "a.filled.csv"] == list(contents(tmp_path))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what is interrupted may stay open
@pytest.mark.parametrize("has_names", [True, False], ids=["with a name", "without a name"])
def test_an_interrupt_at_any_instruction_of_the_writing_leaves_one_whole_file(tmp_path, monkeypatch, tally, has_names):
    """Interrupt after the first instruction of the interpreter in output.py, the second, and so on to the last."""
    if has_names:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("the system has no files without a name")
    path = tmp_path / "out.csv"
    ends, stop = [], 0
    while not ends or ends[-1] != "done":
        stop += 1
        path.write_bytes(b"old")
        ends.append("done")
        with suppress(KeyboardInterrupt):
            interrupted_after(stop, path, ends)
        found = contents(tmp_path)
        tally("an interrupt at every instruction of the writing", found["out.csv"].decode())

        assert found in ({"out.csv": b"old"}, {"out.csv": b"new"}), f"after {stop} instructions"
    assert stop > 100


def interrupted_after(stop, path, ends):
    left = stop

    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename != output.__file__ or frame.f_code.co_name in {"sync", "_is_descriptor"}:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                ends[-1] = "interrupted"
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        output.write_atomically(path, [b"n", b"ew"])
    finally:
        sys.settrace(previous)
