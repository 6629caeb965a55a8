"""Signals, pipes, targets that are no files, and the environment."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest


def start(folder, *arguments, **options):
    command = [sys.executable, "-m", "em_impute", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def test_a_reader_that_leaves_ends_the_run_with_141_and_no_words(samples):
    rows = (samples / "heights.csv").read_bytes()
    header, body = rows.split(b"\n", 1)
    (samples / "long.csv").write_bytes(header + b"\n" + body * 100)
    command = f"set -o pipefail; {sys.executable} -m em_impute fill long.csv -c gender -o - -q | head -1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], cwd=samples, capture_output=True, check=False)

    assert (result.returncode, result.stdout, result.stderr) == (141, header + b"\n", b"")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_run_without_litter(samples, number, code):
    # A shell may have started the tests with SIGINT ignored, which children inherit.
    default = partial(signal.signal, number, signal.SIG_DFL)
    process = start(samples, "fill", "-c", "gender", "-o", "out.csv", preexec_fn=default)
    process.stdin.write(b"name,gender,height\n")
    process.stdin.flush()
    time.sleep(1.5)
    names = sorted(path.name for path in samples.iterdir())
    process.send_signal(number)
    process.wait(timeout=20)
    process.communicate()

    assert process.returncode == code
    assert sorted(path.name for path in samples.iterdir()) == names


def test_a_named_pipe_serves_as_output_and_is_not_replaced(run, samples):
    os.mkfifo(samples / "pipe")
    reader = subprocess.Popen(["cat", "pipe"], cwd=samples, stdout=subprocess.PIPE)
    result = run("fill", "heights.csv", "-c", "gender", "-o", "pipe", "--no-report")
    received, _ = reader.communicate(timeout=20)

    assert result.returncode == 0
    assert received.count(b"\n") == 935
    assert (samples / "pipe").is_fifo()


def test_the_file_mode_of_an_output_that_was_there_is_kept(run, samples):
    (samples / "out.csv").write_text("old")
    (samples / "out.csv").chmod(0o600)
    run("fill", "heights.csv", "-c", "gender", "-o", "out.csv", "--no-report")

    assert (samples / "out.csv").stat().st_mode & 0o777 == 0o600
    assert (samples / "out.csv").stat().st_size > 1000


def test_a_full_disk_is_reported_and_ends_with_5(samples):
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "em_impute", "fill", "heights.csv", "-c", "gender", "-o", "-"],
            cwd=samples, stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip

    assert result.returncode == 5
    assert result.stderr.decode().splitlines()[0].startswith("error: ")
    assert len(result.stderr.decode().splitlines()) == 2


def test_a_process_substitution_streams_to_standard_output(samples):
    command = f"{sys.executable} -m em_impute fill <(cat heights.csv) -c gender -q"
    result = subprocess.run(["bash", "-c", command], cwd=samples, capture_output=True, check=False)

    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.count(b"\n") == 935


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"g,x\na,1\nb,9\n,1\n", 1, b"1 missing"),
        (b"g,x\na,1\nb,9\na,1\n", 0, b"0 missing"),
        (b"g,x\nUS,1\nDE,9\nNA,1\n", 1, b"--null-value 'NA'"),
        (b"g,x,t\na,1,u\nA,9,v\na,1,w\n", 1, b"differ only by case"),
    ],
    ids=["missing", "nothing missing", "doubtful", "lookalikes"],
)
def test_check_answers_by_its_exit_code_and_writes_nothing(run, tmp_path, content, code, words):
    (tmp_path / "a.csv").write_bytes(content)
    result = run("check", "a.csv", "-c", "g")

    assert (result.returncode, result.stdout) == (code, b"")
    assert words in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_check_names_what_would_be_used_and_what_not(run, samples):
    result = run("check", "penguins.csv", "-c", "sex")
    said = result.stderr.decode()

    assert "11 NA" in said
    assert "bill_length_mm" in said
    assert "species (categorical, 3), island (categorical, 3)\n" in said


def test_check_names_no_texts_where_no_label_is_known(run):
    # Groups are looked for among numbers alone, unless texts are named.
    data = b"g,x,t\n,1,u\n,9,v\n,2,u\n,8,v\n"
    alone, named = (run("check", "-c", "g", *options, stdin=data).stderr for options in ((), ("-x", "t")))

    assert b"predictors  x\n" in alone
    assert b"not used    t: text\n" in alone
    assert b"predictors  t (categorical, 2)\n" in named


def test_check_says_why_a_column_of_texts_does_not_serve(run, samples):
    result = run("check", "heights.csv", "-c", "gender")

    assert b"name: more than 50 different texts\n" in result.stderr


def test_a_value_that_is_none_of_those_allowed_is_named_with_them(run):
    result = run("fill", "-c", "g", "--shares", "fair")

    assert result.returncode == 2
    assert result.stderr == (
        b"error: Invalid value for '--shares': 'fair' is not one of 'common', 'free'.\nhint: em-impute fill --help\n"
    )


@pytest.mark.parametrize(("name", "code"), [("SIGINT", "interrupted"), ("SIGTERM", "143"), ("SIGHUP", "129")])
def test_a_signal_whose_exception_is_lost_is_not_forgotten(name, code):
    # What is raised in a destructor is printed and ignored, as where a library is being imported.
    program = f"""
import os, signal, time
from em_impute.cli import door

class Trap:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        time.sleep(0.05)

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore one or the other
signal.signal(signal.SIGHUP, signal.SIG_DFL)
door.ASK_AGAIN = 0.2
door._prepare()
Trap()
print("lost", flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
except SystemExit as ended:
    print(ended.code)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert result.stdout.splitlines() == ["lost", code]
