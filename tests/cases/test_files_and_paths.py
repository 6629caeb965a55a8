"""What stands where a CSV file was expected, and the names and kinds of files that are read all the same."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import threading

import pytest
from patched import after, assert_filled, before, refusal

from em_impute.api import steps

USAGE, INPUT, FIT = 2, 3, 4
TEMPLATE = b"g,x\na,1\nb,9\n{>a},1\n"
PLAIN, FILLED = before(TEMPLATE), after(TEMPLATE)
NOBODY = 65534

NO_TABLE = {
    # what stands in a.csv -> its bytes, options, exit code, words of the message, words of the hint
    "nothing": (b"", INPUT, "a.csv is empty", "header"),
    "only a byte order mark": (b"\xef\xbb\xbf", INPUT, "a.csv is empty", "header"),
    "only a byte order mark of UTF-16": (b"\xff\xfe", INPUT, "a.csv is empty", "header"),
    "only line ends": (b"\n\r\n\n", INPUT, "a.csv is empty", "header"),
    "a byte order mark and line ends": (b"\xef\xbb\xbf\r\n\r\n", INPUT, "a.csv is empty", "header"),
    "a header only": (b"g,x\n", FIT, "a.csv has a header but no rows to learn from", "add rows"),
    "a header without line end": (b"g,x", FIT, "a.csv has a header but no rows to learn from", "add rows"),
    "a header and blank lines": (b"g,x\r\n\r\n\r\n", FIT, "a.csv has a header but no rows to learn from", "add rows"),
    "a header below sep=": (b"sep=;\ng;x\n", FIT, "a.csv has a header but no rows to learn from", "add rows"),
    "Excel": (b"PK\x03\x04\x14\x00\x06\x00", INPUT, "a.csv looks like Excel (or another zip file), not CSV", "export it as CSV"),
    "Excel of before 2007": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", INPUT, "a.csv looks like Excel (the old .xls), not CSV", "export"),
    "Parquet": (b"PAR1\x15\x04\x15\x10", INPUT, "a.csv looks like Parquet, not CSV", "export it as CSV"),
    "Feather": (b"ARROW1\x00\x00\xff\xff", INPUT, "a.csv looks like Feather (Arrow), not CSV", "export it as CSV"),
    "HDF5": (b"\x89HDF\r\n\x1a\n\x00", INPUT, "a.csv looks like HDF5, not CSV", "export it as CSV"),
    "Stata": (b"<stata_dta><header><release>118", INPUT, "a.csv looks like Stata, not CSV", "export it as CSV"),
    "SPSS": (b"$FL2@(#) SPSS DATA FILE", INPUT, "a.csv looks like SPSS, not CSV", "export it as CSV"),
    "R, compressed as R does": (gzip.compress(b"RDX3\nX\n\x00\x00"), INPUT, "a.csv looks like a workspace of R, not CSV", "export"),
    "a PNG picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", INPUT, "a.csv looks like a PNG picture, not CSV", "export"),
    "JSON": (b'{"g": "a", "x": 1}\n', INPUT, "a.csv looks like JSON, not CSV", "convert it to CSV"),
    "a list in JSON": (b'[\n  {"g": "a"}\n]\n', INPUT, "a.csv looks like JSON, not CSV", "convert it to CSV"),
    "the page of a login": (b"\n<!DOCTYPE html>\n<title>Sign in</title>", INPUT, "a.csv looks like a web page, not CSV", "see what it says"),
    "XML after a byte order mark": (b'\xef\xbb\xbf<?xml version="1.0"?>', INPUT, "a.csv looks like XML, not CSV", "export"),
    "a pointer of Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n", INPUT, "a.csv is a pointer of Git LFS", "git lfs pull"),
    "a piece of gzip": (b"\x1f\x8b\x08\x00abc", INPUT, "cannot be decompressed", ""),
    "lz4": (b"\x04\x22\x4d\x18abc", INPUT, "lz4", "lz4 -dc FILE"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "message", "hint"), NO_TABLE.values(), ids=NO_TABLE)
def test_what_holds_no_table_is_named(call, tmp_path, content, code, message, hint):
    error, advice = refusal(call, tmp_path, content, "fill a.csv -c g", code)

    assert message in error
    assert hint in advice


@pytest.mark.parametrize("command", ["check", "evaluate", "explain"])
def test_a_header_only_ends_every_command_in_the_same_way(call, tmp_path, command):
    error, _ = refusal(call, tmp_path, b"g,x\n", f"{command} a.csv -c g", FIT)

    assert error == "error: a.csv has a header but no rows to learn from"


MISSING = {
    "a similar name is there": ("fill A.cvs -c g", "A.cvs does not exist", "did you mean a.csv?"),
    "no similar name is there": ("fill table.txt -c g", "table.txt does not exist", "check the path"),
    "nor its folder": ("fill no/a.csv -c g", "no/a.csv does not exist", "the folder no does not exist either"),
    "a folder": ("fill . -c g", ". is a directory", "name the CSV file in it"),
    "a file taken for a folder": ("fill a.csv/b.csv -c g", "a.csv/b.csv cannot be read: Not a directory", "check the path"),
    "a path with an escape": (["fill", "b\x1b\n.csv", "-c", "g"], r"'b\x1b\n.csv' does not exist", ""),
    "a very long path": (["fill", "d/" * 2000 + "x.csv", "-c", "g"], "…", ""),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message", "hint"), MISSING.values(), ids=MISSING)
def test_a_path_where_no_file_can_be_read_is_named(call, tmp_path, arguments, message, hint):
    error, advice = refusal(call, tmp_path, PLAIN, arguments, INPUT)

    assert message in error
    assert len(error) < 300
    assert hint in advice


def test_an_empty_standard_input_is_named(run):
    result = run("fill", "-c", "g", stdin=b"")

    assert (result.returncode, result.stdout) == (INPUT, b"")
    assert result.stderr.startswith(b"error: standard input is empty\nhint: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read the file")
def test_a_file_that_nobody_may_read_is_named(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "a.csv").chmod(0)
    tmp_path.chmod(0o755)
    # A first run imports what may lie where only root can read.
    code = (
        "import contextlib, os; from em_impute.cli import main\n"
        "with contextlib.suppress(SystemExit): main(['fill', 'no.csv', '-c', 'g'])\n"
        f"os.setuid({NOBODY}); main(['fill', 'a.csv', '-c', 'g', '-o', '-'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, timeout=60, check=False)

    assert (result.returncode, result.stdout) == (INPUT, b"")
    assert result.stderr.decode().splitlines()[2:] == [
        "error: a.csv cannot be read: permission denied",
        "hint: check its mode bits and owner",
    ]


NAMES = [
    "-x.csv",
    "two words.csv",
    "[x].csv",
    "[bold]*?$(x).csv",
    "🙂 é.csv",
    "e\u0301.csv",
    "a\nb\x1b[2J.csv",
    "'a'.csv",
    "--help",
    "none",
]


@pytest.mark.parametrize("name", NAMES, ids=map(ascii, NAMES))
def test_a_file_may_have_any_name(call, tmp_path, name):
    assert_filled(call, tmp_path, TEMPLATE, name=name)


@pytest.mark.parametrize("name", NAMES, ids=map(ascii, NAMES))
def test_any_name_is_shown_so_that_it_can_be_read_and_disturbs_nothing(call, tmp_path, name):
    (tmp_path / name).write_bytes(PLAIN)
    escaped = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)
    said = call("fill", "-c", "g", "--no-report", "--", name)
    failed = call("fill", "-c", "h", "--", name)

    assert said[0] == 0
    assert f"read        {escaped}: 3 rows" in " ".join(said[2].split("\n"))
    assert failed[0] == INPUT
    assert escaped in failed[2].splitlines()[0]
    assert "\x1b" not in said[2] + failed[2]


def test_a_file_whose_name_begins_with_a_dash_may_be_given_with_its_folder(call, tmp_path):
    (tmp_path / "-x.csv").write_bytes(PLAIN)
    code, _, _ = call("fill", "./-x.csv", "-c", "g", "-q", "--no-report")

    assert (code, (tmp_path / "-x.filled.csv").read_bytes()) == (0, FILLED)


def test_a_file_named_dash_is_no_standard_input_when_its_folder_is_named(run, tmp_path):
    (tmp_path / "-").write_bytes(PLAIN)
    named = run("fill", "./-", "-c", "g", "-q", "--no-report", stdin=b"")
    piped = run("fill", "-", "-c", "g", "-q", stdin=PLAIN.replace(b"a", b"z"))

    assert (named.returncode, named.stdout, named.stderr) == (0, b"", b"")
    assert (tmp_path / "-.filled").read_bytes() == FILLED
    assert piped.stdout == FILLED.replace(b"a", b"z")


@pytest.mark.parametrize(
    "command",
    ["cat a.csv | EM fill /dev/stdin -c g", "EM fill <(cat a.csv) -c g", "EM fill /dev/stdin -c g < a.csv", "EM fill -c g < a.csv"],
    ids=["a pipe at /dev/stdin", "a process substitution", "a file at /dev/stdin", "a file as standard input"],
)  # fmt: skip
def test_what_cannot_be_read_twice_is_read(tmp_path, command):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    command = command.replace("EM", f"{sys.executable} -m em_impute")
    result = subprocess.run(
        ["bash", "-c", f"{command} -q --no-report -o -"], cwd=tmp_path, capture_output=True, timeout=60, check=False
    )

    assert (result.returncode, result.stdout, result.stderr) == (0, FILLED, b"")


def test_a_named_pipe_is_read(call, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    writer = threading.Thread(target=(tmp_path / "pipe.csv").write_bytes, args=(PLAIN,))
    writer.start()
    code, said, _ = call("fill", "pipe.csv", "-c", "g", "-q", "--no-report", "-o", "out.csv")
    writer.join(timeout=10)

    assert (code, said) == (0, "")
    assert (tmp_path / "out.csv").read_bytes() == FILLED


def _between_the_passes(monkeypatch, change):
    """Do something to the file after it has been read and before it is copied."""
    complete_all = steps.complete_all

    def disturbed(*arguments, **options):
        completions = complete_all(*arguments, **options)
        change()
        return completions

    monkeypatch.setattr(steps, "complete_all", disturbed)


def test_a_file_that_is_replaced_while_it_is_read_is_completed_as_it_was(call, tmp_path, monkeypatch):
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(PLAIN)
    other.write_bytes(b"h,y\nq,1\n")
    _between_the_passes(monkeypatch, lambda: other.replace(path))
    code, _, _ = call("fill", "a.csv", "-c", "g", "-q", "-r", "r.json")

    assert (code, (tmp_path / "a.filled.csv").read_bytes()) == (0, FILLED)
    assert json.loads((tmp_path / "r.json").read_text())["input"]["sha256"] == hashlib.sha256(PLAIN).hexdigest()
    assert path.read_bytes() == b"h,y\nq,1\n"


@pytest.mark.parametrize(
    "new", [PLAIN + b"a,1\n", PLAIN[:-4], PLAIN.replace(b"9", b"8")], ids=["grows", "shrinks", "changes"]
)
def test_a_file_that_is_written_to_while_it_is_read_is_refused(call, tmp_path, monkeypatch, new):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    _between_the_passes(monkeypatch, lambda: (tmp_path / "a.csv").write_bytes(new))
    code, said, told = call("fill", "a.csv", "-c", "g")

    assert (code, said) == (INPUT, "")
    assert told == "error: a.csv changed while it was read\nhint: run again when nothing writes to it\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_the_output_may_be_a_file_whose_name_is_a_hyphen(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"g,x\na,1\nb,9\n,1\n")

    assert call("fill", "a.csv", "-c", "g", "-o", "./-", "-q", "--no-report") == (0, "", "")
    assert (tmp_path / "-").read_bytes() == b"g,x\na,1\nb,9\na,1\n"


def test_a_file_whose_name_is_a_hyphen_is_filled_in_its_place(call, tmp_path):
    (tmp_path / "-").write_bytes(b"g,x\na,1\nb,9\n,1\n")

    assert call("fill", "./-", "-c", "g", "--in-place", "-q", "--no-report") == (0, "", "")
    assert (tmp_path / "-").read_bytes() == b"g,x\na,1\nb,9\na,1\n"
