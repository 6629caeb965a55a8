"""`em-impute schema`: the schema of each report on standard output, with the manners of the other commands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from em_impute.report.schema import KINDS, schema_of


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_of_each_document_is_printed(call, kind):
    code, out, said = call("schema", "--of", kind)

    assert (code, said) == (0, "")
    assert json.loads(out) == schema_of(kind)


def test_the_fit_report_is_meant_where_nothing_is_said(call):
    assert call("schema") == call("schema", "--of", "fit")


def test_the_schema_is_the_same_bytes_whatever_the_terminal_can_show(run):
    plain = run("schema", PYTHONIOENCODING="utf-8")
    ascii_only = run("schema", PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")

    assert (plain.returncode, plain.stderr) == (0, b"")
    assert "−log probability".encode() in plain.stdout
    assert (0, plain.stdout, b"") == (ascii_only.returncode, ascii_only.stdout, ascii_only.stderr)


def test_the_schema_imports_nothing_that_is_only_needed_to_compute(run):
    result = run("schema", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.decode().splitlines()}

    assert "em_impute.report.schema" in imported
    assert imported & {"numpy", "pandas", "scipy", "rich", "jsonschema"} == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--of", "table"], "'fit', 'evaluation', 'explanation'"), (["report.json"], "unexpected extra argument")],
    ids=["a kind that is none", "a file"],
)
def test_a_wrong_command_line_ends_with_2_and_two_lines(call, arguments, words):
    code, out, said = call("schema", *arguments)

    assert (code, out) == (2, "")
    assert words in said
    assert said.splitlines()[1] == "hint: em-impute schema --help"


def test_a_reader_that_leaves_ends_it_with_141_and_a_full_disk_with_5(tmp_path):
    command = [sys.executable, "-m", "em_impute", "schema"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as left:
        left.stdout.close()
        assert (left.wait(timeout=60), left.stderr.read()) == (141, b"")
    with Path("/dev/full").open("wb") as full:
        filled = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False)

    assert filled.returncode == 5
    assert filled.stderr.startswith(b"error: cannot write to standard output")
