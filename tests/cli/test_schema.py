"""`em-impute schema`: the schema of each report on standard output, with the manners of the other commands."""

import json

import pytest

from em_impute.report.model.documents import KINDS, schema_of_kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_of_each_document_is_printed(call, kind):
    code, out, said = call("schema", "--of", kind)

    assert (code, said) == (0, "")
    assert json.loads(out) == schema_of_kind(kind)


def test_the_schema_is_the_same_bytes_whatever_the_terminal_can_show(run):
    plain = run("schema", PYTHONIOENCODING="utf-8")
    ascii_only = run("schema", PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")

    assert (plain.returncode, plain.stderr) == (0, b"")
    assert "−log probability".encode() in plain.stdout
    assert (0, plain.stdout, b"") == (ascii_only.returncode, ascii_only.stdout, ascii_only.stderr)
