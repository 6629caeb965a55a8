"""Compressed files: any of the four is read by its bytes and written by its suffix."""

import hashlib
import json
import shutil
import subprocess

import pytest
from compressing import FORMATS
from patched import is_two_lines

INPUT = 3

PLAIN = b"g,x\na,1\nb,9\n,1\n"
FILLED = b"g,x\na,1\nb,9\na,1\n"
GZIP = FORMATS["gzip"]

every_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@every_format
def test_a_compressed_file_is_filled_into_one_of_its_kind(call, tmp_path, form):
    name = f"a.csv{form.suffix}"
    (tmp_path / "a.csv").write_bytes(PLAIN)
    if shutil.which(form.program) is None:
        (tmp_path / name).write_bytes(form.compress(PLAIN))
    else:
        subprocess.run([form.program, "-q", "-k", tmp_path / "a.csv"], check=True)
    packed = (tmp_path / name).read_bytes()
    code, _, said = call("fill", name, "-c", "g", "-r", "r.json", "-v")
    written = (tmp_path / f"a.filled.csv{form.suffix}").read_bytes()
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))

    assert code == 0, said
    assert f"comma-separated, utf-8, {form.name}; g: " in said
    assert form.decompress(written) == FILLED
    if shutil.which(form.program) is not None:
        shown = subprocess.run([form.program, "-dc"], input=written, capture_output=True, check=True)
        assert (shown.stdout, shown.stderr) == (FILLED, b"")
    assert {key: report["input"][key] for key in ("path", "sha256", "bytes", "compression", "rows")} == {
        "path": name,
        "sha256": sha256(packed),
        "bytes": len(packed),
        "compression": form.name,
        "rows": 3,
    }
    assert report["output"] == {"path": f"a.filled.csv{form.suffix}", "sha256": sha256(written), "bytes": len(written)}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x1f\x8b", "x.csv cannot be decompressed: its gzip data end too soon"),
        (b"\x28\xb5\x2f\xfd", "x.csv cannot be decompressed: its zstd data end too soon"),
        (b"\xfd7zXZ\x00", "x.csv cannot be decompressed: its xz data end too soon"),
        (b"BZh91AY&SY", "x.csv cannot be decompressed: its bz2 data end too soon"),
        (b"\x1f\x8b\x08\x00" + bytes(6) + b"\xff" * 9, "x.csv cannot be decompressed: Error -3"),
        (GZIP.compress(b""), "x.csv is empty"),
        (GZIP.compress(b"\n\n"), "x.csv is empty"),
        (GZIP.compress(GZIP.compress(PLAIN)), "gzip within gzip"),
        (GZIP.compress(PLAIN) + b"more", "something else follows its gzip data"),
    ],
)
def test_what_holds_no_table_is_named(call, tmp_path, data, words):
    (tmp_path / "x.csv").write_bytes(data)
    code, out, err = call("fill", "x.csv", "-c", "g")

    assert (code, out, is_two_lines(err)) == (INPUT, "", True)
    assert words in err


@pytest.mark.parametrize(
    ("content", "name", "arguments", "written"),
    [
        (PLAIN, "a.csv.gz", [], "a.filled.csv.gz"),
        (GZIP.compress(PLAIN), "a.csv", [], "a.filled.csv"),
        (GZIP.compress(PLAIN), "a.csv.GZ", [], "a.filled.csv.GZ"),
        (GZIP.compress(PLAIN), "a.gz", [], "a.filled.gz"),
        (PLAIN, "a.csv", ["-o", "b.csv.gz"], "b.csv.gz"),
        (GZIP.compress(PLAIN), "a.csv.gz", ["-o", "b.csv"], "b.csv"),
    ],
)
def test_the_suffix_of_the_output_decides_and_not_the_bytes_of_the_input(
    call, tmp_path, content, name, arguments, written
):
    (tmp_path / name).write_bytes(content)
    code, _, err = call("fill", name, "-c", "g", "-qq", *arguments, "-r", f"{written[0]}.report.json")
    found = (tmp_path / written).read_bytes()

    assert code == 0, err
    assert (GZIP.decompress(found) if written.lower().endswith(".gz") else found) == FILLED
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize(
    ("form", "name"), [("gzip", "a.csv"), ("bz2", "a.csv.gz"), ("xz", "a.csv"), ("zstd", "a.csv.zst")]
)
def test_a_file_that_is_replaced_stays_compressed_as_it_was_and_so_does_its_backup(call, tmp_path, form, name):
    form = FORMATS[form]
    packed = form.compress(PLAIN)
    (tmp_path / name).write_bytes(packed)
    code, _, err = call("fill", name, "-c", "g", "--in-place", "--backup", ".bak", "--no-report")
    once = (tmp_path / name).read_bytes()
    call("fill", name, "-c", "g", "--in-place", "--no-report")

    assert (code, form.decompress(once)) == (0, FILLED), err
    assert (tmp_path / name).read_bytes() == once
    assert (tmp_path / f"{name}.bak").read_bytes() == packed
