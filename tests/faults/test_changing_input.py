"""The input changes while it is read: what is written is of one reading, or nothing is."""

import hashlib
import json
import os

import pytest
from faulty import contents, table
from patched import is_two_lines

from em_impute.table import read, source

pytestmark = pytest.mark.faults

OLD, NEW = table(1500, seed=1), table(1500, seed=2)


def replaced(path):
    (path.parent / "new").write_bytes(NEW)
    (path.parent / "new").replace(path)


def appended(path):
    with path.open("ab") as file:
        file.write(b"b,9,late\n" * 10)


def cut_at_a_row(path):
    os.truncate(path, OLD.index(b"\n", len(OLD) // 2) + 1)


def rewritten(path):
    with path.open("r+b") as file:
        file.write(NEW)


MORE = pytest.mark.exhaustive


@pytest.mark.parametrize(
    "change", [replaced, rewritten, pytest.param(appended, marks=MORE), pytest.param(cut_at_a_row, marks=MORE)]
)
def test_a_change_before_any_reading_never_makes_a_mixed_file(tmp_path, monkeypatch, call, tally, change):
    """Change the file before its first reading, before the second, and so on, of both passes."""
    monkeypatch.setattr(read, "BLOCK_BYTES", 1 << 14)  # so that there are several
    path, n_reads, at = tmp_path / "a.csv", 0, 0
    real = source.HashingFile.read

    def reading(self, n_bytes):
        nonlocal n_reads
        n_reads += 1
        if n_reads == at:
            change(path)
        return real(self, n_bytes)

    monkeypatch.setattr(source.HashingFile, "read", reading)
    ends = []
    while at <= n_reads:
        path.write_bytes(OLD)
        for left in (tmp_path / "o.csv", tmp_path / "o.json"):
            left.unlink(missing_ok=True)
        at, n_reads = at + 1, 0
        code, output, said = call(
            "fill", "a.csv", "-c", "g", "-o", "o.csv", "-r", "o.json", "-qq", "--covariance", "tied"
        )
        ends.append(code)
        tally("the input changed before each reading", {0: "written of one reading", 3: "exit code 3"}.get(code, code))
        if code == 0:
            report = json.loads((tmp_path / "o.json").read_text())
            versions = {hashlib.sha256(one).hexdigest(): one for one in (OLD, NEW, path.read_bytes())}
            was_read = versions.get(report["input"]["sha256"])
            written = (tmp_path / "o.csv").read_bytes()

            assert was_read is not None, f"before reading {at}"
            assert without_labels(was_read) == without_labels(written), f"before reading {at}"
            assert report["output"]["sha256"] == hashlib.sha256(written).hexdigest()
        else:
            assert (3, "") == (code, output), f"before reading {at}: {said}"
            assert is_two_lines(said.encode()), said
            assert ["a.csv"] == list(contents(tmp_path))
    assert 0 in ends
    assert change is replaced or 3 in ends


def without_labels(data):
    """Leave out the cells that may be filled."""
    return [row.partition(b",")[2] for row in data.split(b"\n")]
