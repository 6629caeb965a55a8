"""`--log-file`: what a run says of itself, to a file that others may write to as well.

Where it must not lie stands in tests/cases/test_refusals.py.
"""

import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from functools import partial

import pytest

from em_impute.cli import main

FILL = ("fill", "heights.csv", "-c", "gender", "-qq", "--no-report", "--covariance", "tied")
PLAIN = b"g,x\na,1\nb,9\n,1\n"
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (\d+) (INFO   |WARNING|ERROR  ) (\S.*)")


def lines(path):
    """Read a log: time, process, level and text of each line, all of which must be whole."""
    content = path.read_bytes()
    assert content.endswith(b"\n")
    return [LINE.fullmatch(line).groups() for line in content.decode().splitlines()]


def start(folder, *arguments, **options):
    return subprocess.Popen([sys.executable, "-m", "em_impute", *arguments], cwd=folder, **options)


def unread(pipe):
    """Count the bytes in a pipe that nobody has read."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted"), (signal.SIGHUP, 129, "hung up")],
)
def test_a_signal_ends_the_log_in_order_and_leaves_no_litter(tmp_path, number, code, word):
    default = partial(signal.signal, number, signal.SIG_DFL)  # a shell may have started the tests with it ignored
    arguments = ["fill", "-", "-c", "gender", "-o", "out.csv", "--log-file", "run.log"]
    process = start(tmp_path, *arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=default)
    process.stdin.write(b"name,gender,height\n")
    process.stdin.flush()
    while unread(process.stdin):  # it is read when all is imported; no library then swallows an interrupt
        time.sleep(0.01)
    process.send_signal(number)
    _, shown = process.communicate(timeout=30)
    texts = [text for _, _, _, text in lines(tmp_path / "run.log")]

    assert (code, b"") == (process.returncode, shown)
    assert re.fullmatch(rf"end: exit code {code} \({word}\) after \d+\.\d s", texts[-1])
    assert texts[0].startswith("begin ")
    assert ["run.log"] == [path.name for path in tmp_path.iterdir()]


def test_the_lines_of_runs_at_the_same_time_do_not_mix(tmp_path):
    name = "a" * 200 + ".csv"  # lines longer than usual
    (tmp_path / name).write_bytes(PLAIN)
    children = []
    for _ in range(8):
        child = os.fork()
        if child == 0:
            os.chdir(tmp_path)
            sys.argv = ["em-impute", "check", name, "-c", "g", "-qq", "--log-file", "run.log"]
            os._exit(main._run(sys.argv[1:]))
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    said = lines(tmp_path / "run.log")

    assert [1] * 8 == codes
    for child in children:
        texts = [text for _, number, _, text in said if number == str(child)]
        assert texts[0].startswith("begin ")
        assert texts[1].startswith("input ")
        assert texts[-1].startswith("end: exit code 1 ")
    assert {str(child) for child in children} == {number for _, number, _, _ in said}


def test_names_cannot_forge_a_line(call, tmp_path):
    name = "a\n2026-11-21T00:00:00Z 1 ERROR   forged\x1b[2J.csv"
    (tmp_path / name).write_bytes(PLAIN)
    call("fill", name, "-c", "g", "--no-report", "--log-file", "run.log")
    content = (tmp_path / "run.log").read_bytes()

    assert b"\x1b" not in content
    assert "1" not in {process for _, process, _, _ in lines(tmp_path / "run.log")}
    assert rb"a\n2026-11-21T00:00:00Z 1 ERROR   forged\x1b[2J.csv: 3 rows" in content


def test_a_log_on_a_full_disk_is_said_once_and_spoils_nothing(call, samples):
    call(*FILL)
    expected = (samples / "heights.filled.csv").read_bytes()
    (samples / "heights.filled.csv").unlink()

    assert (0, "", "warning: the log /dev/full cannot be written: No space left on device\n") == call(
        *FILL, "--log-file", "/dev/full"
    )
    assert expected == (samples / "heights.filled.csv").read_bytes()


def test_standard_error_may_be_a_socket_as_under_systemd(samples):
    ours, theirs = socket.socketpair()
    process = start(samples, *FILL, "--log-file", "/dev/stderr", stderr=theirs.fileno())
    theirs.close()
    code = process.wait(timeout=60)
    said = ours.makefile("rb").read()
    ours.close()

    assert 0 == code
    assert b"end: exit code 0" in said
