"""`--log-file`: what a run says of itself, to a file that others may write to as well."""

import fcntl
import hashlib
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

FILL = ("fill", "heights.csv", "-c", "gender", "-q", "--no-report")
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


def test_a_quiet_run_is_told_to_the_log_and_to_nobody_else(run, samples):
    result = run(*FILL, "--log-file", "run.log")
    said = lines(samples / "run.log")
    texts = [text for _, _, _, text in said]
    before, after = ((samples / name).read_bytes() for name in ("heights.csv", "heights.filled.csv"))

    assert (0, b"", b"") == (result.returncode, result.stdout, result.stderr)
    assert texts[0].startswith("begin em-impute ")
    assert texts[0].endswith(": em-impute fill heights.csv -c gender -q --no-report --log-file run.log")
    assert (
        f"input heights.csv: 934 rows, 3 columns, {len(before):,} bytes, sha256 {hashlib.sha256(before).hexdigest()}"
        == texts[1]
    )
    assert "column gender: 654 known, 280 missing (280 empty)" in texts
    assert "read: delimiter: comma, detected" in texts
    assert f"wrote heights.filled.csv: {len(after):,} bytes, sha256 {hashlib.sha256(after).hexdigest()}" == texts[-2]
    assert re.fullmatch(r"end: exit code 0 after \d+\.\d s", texts[-1])
    assert 1 == len({process for _, process, _, _ in said})
    assert {"INFO   "} == {level for _, _, level, _ in said}


def test_runs_are_appended_and_what_was_there_stays(run, samples):
    (samples / "run.log").write_bytes(b"2026-11-21T00:00:00Z 1 INFO    somebody else\n")
    for _ in range(2):
        run(*FILL, EM_IMPUTE_LOG_FILE="run.log")
    texts = [text for _, _, _, text in lines(samples / "run.log")]

    assert "somebody else" == texts[0]
    assert [1, 2] == [sum(text.startswith(start) for text in texts) for start in ("somebody", "begin")]


@pytest.mark.parametrize(
    ("arguments", "code", "error", "hint"),
    [
        ("fill heights.csv -c gendre", 3, "column 'gendre' is not in heights.csv", "columns are 'name', 'gender', 'height'"),
        ("fill no.csv -c gender", 3, "no.csv does not exist", "check the path"),
        ("fill faithful.csv -c kind", 4, "no label is known in column 'kind'", "--labels A,B"),
        ("fill heights.csv -c gender -o no/where.csv", 5, "the folder ", "create it first"),
        ("fill heights.csv -c gender --seed x", 2, "'--seed'", "em-impute fill --help"),
        ("fill heights.csv -c gender --lables x", 2, "--lables", "em-impute fill --help"),
        ("fill heights.csv -c gender --components x", 2, "not 'x'", "--components 2"),
        ("evaluate heights.csv -c name", 4, "", ""),
        ("explain heights.csv -c nobody", 3, "'nobody'", ""),
        ("report heights.csv -o page.md", 3, "heights.csv is not JSON", ""),
    ],
)  # fmt: skip
def test_a_failure_is_logged_with_its_hint_and_its_code(run, samples, arguments, code, error, hint):
    result = run(*arguments.split(), "--log-file", "run.log")
    said = lines(samples / "run.log")
    told = [text for _, _, level, text in said if level == "ERROR  "]

    assert code == result.returncode
    assert said[0][3].startswith("begin ")
    assert error in told[0]
    assert told[1].startswith("hint: ")
    assert hint in told[1]
    assert told[2].startswith(f"end: exit code {code} after ")
    assert 3 == len(told)


def test_warnings_are_logged_although_nobody_is_told(run, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"g,x\n" + b"".join(b"%c,%d\n" % (97 + i % 2, 9 * (i % 2) + i % 5) for i in range(40)) + b",9000\n")  # fmt: skip
    result = run("fill", "a.csv", "-c", "g", "-q", "--no-report", "--log-file", "run.log")
    warned = [text for _, _, level, text in lines(tmp_path / "run.log") if level == "WARNING"]

    assert (0, b"") == (result.returncode, result.stderr)
    assert any(text.startswith("W11: 1 missing cell is in a row beyond every row with a label") for text in warned)


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted"), (signal.SIGHUP, 129, "hung up")],
)
def test_a_signal_ends_the_log_in_order_and_leaves_no_litter(samples, number, code, word):
    default = partial(signal.signal, number, signal.SIG_DFL)
    arguments = ["fill", "-", "-c", "gender", "-o", "out.csv", "--log-file", "run.log"]
    names = sorted([*(path.name for path in samples.iterdir()), "run.log"])
    process = start(samples, *arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=default)
    process.stdin.write(b"name,gender,height\n")
    process.stdin.flush()
    while unread(process.stdin):  # it is read when all is imported; no library then swallows an interrupt
        time.sleep(0.01)
    process.send_signal(number)
    _, shown = process.communicate(timeout=30)
    texts = [text for _, _, _, text in lines(samples / "run.log")]

    assert (code, b"") == (process.returncode, shown)
    assert re.fullmatch(rf"end: exit code {code} \({word}\) after \d+\.\d s", texts[-1])
    assert texts[0].startswith("begin ")
    assert names == sorted(path.name for path in samples.iterdir())


def test_a_signal_during_the_work_ends_the_log_too(samples):
    header, body = (samples / "heights.csv").read_bytes().split(b"\n", 1)
    (samples / "long.csv").write_bytes(header + b"\n" + body * 400)
    process = start(samples, "fill", "long.csv", "-c", "gender", "-q", "--log-file", "run.log")
    names = sorted([*(path.name for path in samples.iterdir() if path.name != "run.log"), "run.log"])
    while not (samples / "run.log").exists() or b"input long.csv" not in (samples / "run.log").read_bytes():
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()

    assert 143 == process.wait(timeout=60)
    assert "end: exit code 143 (terminated)" in lines(samples / "run.log")[-1][3]
    assert names == sorted(path.name for path in samples.iterdir())


def test_the_lines_of_runs_at_the_same_time_do_not_mix(tmp_path):
    name = "a" * 200 + ".csv"  # lines longer than usual
    (tmp_path / name).write_bytes(PLAIN)
    processes = [start(tmp_path, "check", name, "-c", "g", "-q", "--log-file", "run.log") for _ in range(20)]
    codes = [process.wait(timeout=120) for process in processes]
    said = lines(tmp_path / "run.log")

    assert [1] * 20 == codes
    for process in processes:
        texts = [text for _, number, _, text in said if number == str(process.pid)]
        assert texts[0].startswith("begin ")
        assert texts[1].startswith("input ")
        assert texts[-1].startswith("end: exit code 1 ")
    assert {str(process.pid) for process in processes} == {number for _, number, _, _ in said}


def test_names_cannot_forge_a_line(run, tmp_path):
    name = "a\n2026-11-21T00:00:00Z 1 ERROR   forged\x1b[2J.csv"
    (tmp_path / name).write_bytes(PLAIN)
    run("fill", name, "-c", "g", "--log-file", "run.log")
    content = (tmp_path / "run.log").read_bytes()

    assert b"\x1b" not in content
    assert "1" not in {process for _, process, _, _ in lines(tmp_path / "run.log")}
    assert rb"a\n2026-11-21T00:00:00Z 1 ERROR   forged\x1b[2J.csv: 3 rows" in content


def test_a_reproducible_build_gets_a_reproducible_log(run, samples):
    for _ in range(2):
        run(*FILL, "--log-file", "run.log", SOURCE_DATE_EPOCH="86400")
    said = lines(samples / "run.log")
    halves = [[(when, level, text) for when, _, level, text in half] for half in (said[: len(said) // 2], said[len(said) // 2 :])]  # fmt: skip

    assert halves[0] == halves[1]
    assert ("1970-01-02T00:00:00Z", "INFO   ", "end: exit code 0") == halves[0][-1]


@pytest.mark.parametrize("path", ["nowhere/run.log", ".", "heights.csv/run.log", "x" * 300])
def test_a_log_that_cannot_be_opened_stops_the_run_before_any_work(run, samples, path):
    names = sorted(path.name for path in samples.iterdir())
    result = run("fill", "no-such-file.csv", "-c", "gender", "--log-file", path)

    assert 5 == result.returncode
    assert result.stderr.startswith(b"error: cannot write the log ")
    assert 2 == len(result.stderr.splitlines())
    assert names == sorted(path.name for path in samples.iterdir())


def test_a_log_on_a_full_disk_is_said_once_and_spoils_nothing(run, samples):
    run(*FILL)
    expected = (samples / "heights.filled.csv").read_bytes()
    (samples / "heights.filled.csv").unlink()
    result = run(*FILL, "--log-file", "/dev/full")

    assert (0, b"") == (result.returncode, result.stdout)
    assert b"warning: the log /dev/full cannot be written: No space left on device\n" == result.stderr
    assert expected == (samples / "heights.filled.csv").read_bytes()


def test_devices_serve_as_logs(run, samples):
    to_null = run(*FILL, "--log-file", "/dev/null")
    to_stderr = run(*FILL, "--log-file", "/dev/stderr")

    assert (0, b"") == (to_null.returncode, to_null.stderr)
    assert to_stderr.stderr.splitlines()[-1].split(b" after ")[0].endswith(b"end: exit code 0")


def test_standard_error_may_be_a_socket_as_under_systemd(samples):
    ours, theirs = socket.socketpair()
    process = start(samples, *FILL, "--log-file", "/dev/stderr", stderr=theirs.fileno())
    theirs.close()
    code = process.wait(timeout=60)
    said = ours.makefile("rb").read()
    ours.close()

    assert 0 == code
    assert b"end: exit code 0" in said


def test_a_pipe_that_nobody_reads_does_not_hang_the_run(run, samples):
    os.mkfifo(samples / "pipe")
    result = run(*FILL, "--log-file", "pipe")

    assert (5, b"error: cannot write the log pipe: nobody reads this pipe") == (
        result.returncode,
        result.stderr.splitlines()[0],
    )


def test_a_pipe_with_a_reader_gets_the_lines(run, samples):
    os.mkfifo(samples / "pipe")
    reader = subprocess.Popen(["cat", "pipe"], cwd=samples, stdout=subprocess.PIPE)
    time.sleep(0.2)
    result = run(*FILL, "--log-file", "pipe")
    received, _ = reader.communicate(timeout=20)

    assert 0 == result.returncode
    assert b"end: exit code 0" in received


@pytest.mark.parametrize(
    ("arguments", "log"),
    [
        ("fill heights.csv -c gender", "-"),
        ("fill heights.csv -c gender", "/dev/stdout"),
        ("fill heights.csv -c gender", "heights.csv"),
        ("fill heights.csv -c gender", "./heights.csv"),
        ("fill heights.csv -c gender", "link.csv"),
        ("fill heights.csv -c gender --seed x", "heights.csv"),
        ("fill heights.csv -c gender", "heights.filled.csv"),
        ("fill heights.csv -c gender", "heights.report.json"),
        ("fill heights.csv -c gender -o out.csv", "out.csv"),
        ("fill heights.csv -c gender --output=out.csv", "out.csv"),
        ("fill heights.csv -c gender -r r.json", "r.json"),
        ("fill heights.csv -c gender --in-place --backup .bak", "heights.csv.bak"),
        ("fill heights.* -c gender", "heights.csv"),
        ("fill heights.* -c gender", "em-impute.report.json"),
        ("check heights.csv -c gender", "heights.csv"),
        ("evaluate heights.csv -c gender -r e.json", "e.json"),
        ("report heights.csv -o page.md", "page.md"),
    ],
)
@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_log_that_would_spoil_another_file_is_refused(run, samples, arguments, log, how):
    (samples / "link.csv").hardlink_to(samples / "heights.csv")
    before = (samples / "heights.csv").read_bytes()
    names = sorted(path.name for path in samples.iterdir())
    given = ["--log-file", log] if how == "option" else []
    result = run(*arguments.split(), *given, **({"EM_IMPUTE_LOG_FILE": log} if how == "variable" else {}))

    assert (2, b"") == (result.returncode, result.stdout)
    assert 2 == len(result.stderr.splitlines())
    assert before == (samples / "heights.csv").read_bytes()
    assert names == sorted(path.name for path in samples.iterdir())


@pytest.mark.parametrize("arguments", [["fill", "--help"], ["--version"], []])
def test_who_asks_for_help_leaves_no_trace(run, tmp_path, arguments):
    run(*arguments, EM_IMPUTE_LOG_FILE="run.log")

    assert [] == list(tmp_path.iterdir())


def test_completion_leaves_no_trace(run, tmp_path):
    run(
        EM_IMPUTE_LOG_FILE="run.log", _EM_IMPUTE_COMPLETE="complete_bash",
        COMP_WORDS="em-impute fill --log-file run.log --col", COMP_CWORD="4",
    )  # fmt: skip

    assert [] == list(tmp_path.iterdir())


def rows(*columns):
    return ("\n".join(",".join(row) for row in zip(*columns, strict=True)) + "\n").encode()


N = 60
LABELS = ["ab"[i % 2] if i % 7 else "" for i in range(N)]
NUMBERS = [f"{9 * (i % 2) + i % 5}" for i in range(N)]
NAMES = [f"SECRET-{i}" for i in range(N)]
FEW = [("SECRET", "SECRET's")[i % 2] for i in range(N)]
FAR = [*NUMBERS[:-1], "987654321"]
BAD = [*NUMBERS[:-2], "SECRET", "5"]
LOST = [*LABELS[:-1], ""]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (rows(["g", *LABELS], ["n", *NAMES], ["x", *NUMBERS]), ""),
        (rows(["g", *LABELS], ["n", *NAMES], ["x", *NUMBERS]), "-x n"),
        (rows(["g", *LABELS], ["n", *FEW], ["x", *NUMBERS]), "-x n -x x -v"),
        (rows(["g", *LOST], ["x", *FAR]), ""),
        (rows(["g", *LOST], ["x", *FAR]), "-x x"),
        (rows(["g", *LABELS], ["x", *BAD]), ""),
        (rows(["g", *LABELS], ["y", *NUMBERS], ["x", *BAD]), ""),
        (rows(["g", *LABELS], ["x", *BAD]), "-x x"),
        (rows(["g", *LABELS], ["x", *NUMBERS], ["w", *BAD]), "--weights w"),
        (rows(["g", *LABELS], ["x", *NUMBERS], ["w", *["-987654321"] * N]), "--weights w"),
        (rows(["g", *LABELS], ["x", *["0987654321"] * N]), ""),
        (rows(["g", *LABELS], ["x", *NUMBERS], ["s", *NAMES]), "--by s"),
        (rows(["g", *[""] * N], ["x", *NUMBERS], ["s", *["SECRET", "SECRET2", *["c"] * (N - 2)]]), "--by s --labels a,b"),
        (rows(["g", *LABELS], ["x", *NUMBERS[:-1], "987654321e400"]), ""),
        (b"g;x\n" + b"a;987654,321\nb;1,5\n;2,5\n" * 9, ""),
        (b'g,x,n\na,1,"SECRET"oops\nb,2,x\n', ""),
        (b'g,x,n\na,1,"SECRET\nb,2,x\n', ""),
        (b"g,x,n\na,1,SECRET,SECRET\nb,2,x\n", ""),
        (b"g,x,n\na,SECRET\xe9,1\nb,SECRET\xe9,x\n,c,d\n" * 9, "-x x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["fill", "check", "evaluate", "explain", "parts"])
def test_no_cell_of_another_column_gets_into_the_log(run, tmp_path, content, options, command):
    (tmp_path / "a.csv").write_bytes(content)
    words = ["fill", "a.csv", "--backend", "serial"] if command == "parts" else [command, "a.csv"]
    result = run(*words, "-c", "g", *options.split(), "--log-file", "run.log")
    said = (tmp_path / "run.log").read_bytes()

    assert 70 != result.returncode, result.stderr
    assert b"end: exit code" in said
    assert b"SECRET" not in said
    assert b"987654" not in said


LEARNT = rows(["g", *LABELS], ["n", *["cd"[i % 2] for i in range(N)]], ["x", *[f"{i % 30}.25" for i in range(N)]])
NEW = {
    "beyond all that was learnt": (["9876"] * N, ["c"] * N, {"W26", "W27"}, ["9,876"]),
    "at one place": (["17.25"] * N, ["c"] * N, {"W26"}, ["17.25", "14.25"]),
    "in another unit": ([f"{i % 30}25" for i in range(N)], ["c"] * N, set(), []),
    "new texts": ([f"{i % 30}.25" for i in range(N)], FEW, {"W25"}, []),
    "cells that are no numbers": ([*[f"{i % 30}.25" for i in range(N - 1)], "SECRET"], ["c"] * N, {"W30"}, []),
    "no numbers": (NAMES, FEW, set(), []),
    "infinite numbers": (["987654321e400"] * N, ["c"] * N, set(), []),
}


@pytest.mark.parametrize(("numbers", "texts", "warned", "told"), NEW.values(), ids=NEW)
def test_what_is_said_of_the_rows_that_a_saved_model_fills_tells_the_log_no_cell(
    call, tmp_path, numbers, texts, warned, told
):
    (tmp_path / "a.csv").write_bytes(LEARNT)
    (tmp_path / "b.csv").write_bytes(rows(["g", *LABELS], ["n", *texts], ["x", *numbers]))
    call("fill", "a.csv", "-c", "g", "-x", "n", "-x", "x", "--save-model", "m.json", "-q", "-o", "c.csv", "--no-report")
    code, _, said = call("fill", "b.csv", "--model", "m.json", "--log-file", "run.log")
    log = (tmp_path / "run.log").read_text()

    assert (0 if warned else 3) == code
    assert warned <= set(re.findall(r"(W\d\d): ", log))
    assert "'n'" in log or "'x'" in log or not warned  # the names of its columns may be told
    for cell in told:  # people are told where the numbers lie
        assert cell in said
        assert cell not in log
    for cell in ("SECRET", "987654"):
        assert cell not in said + log


def test_a_bug_is_logged_by_its_kind_alone(tmp_path):
    code = (
        "from em_impute.cli import filling, main\n"
        "def broken(*_, **__): raise ValueError('SECRET')\n"
        "from em_impute.cli import fill as module; import sys; sys.modules['em_impute.cli.fill'].fill_file = broken\n"
        "main()"
    )
    (tmp_path / "a.csv").write_bytes(PLAIN)
    result = subprocess.run(
        [sys.executable, "-c", code, "fill", "a.csv", "-c", "g", "--log-file", "run.log"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    said = (tmp_path / "run.log").read_bytes()

    assert 70 == result.returncode
    assert b"SECRET" not in result.stderr
    assert b": ValueError\n" in said
    assert b"SECRET" not in said
    assert b"end: exit code 70" in said
