"""Compressed files through real processes: any of the four is read by its bytes and written by its suffix."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from compressing import FORMATS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parted import filled_in_memory, records

from em_impute.table.output import write_atomically

INPUT, USAGE, OUTPUT = 3, 2, 5

PLAIN = b"g,x\na,1\nb,9\n,1\n"
FILLED = b"g,x\na,1\nb,9\na,1\n"
GZIP = FORMATS["gzip"]

every_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


def two_lines(said):
    text = said if isinstance(said, str) else said.decode()
    return [line.split(":")[0] for line in text.splitlines()] == ["error", "hint"]


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@every_format
def test_a_compressed_file_is_filled_into_one_of_its_kind(run, samples, form):
    plain = (samples / "heights.csv").read_bytes()
    assert run("fill", "heights.csv", "-c", "gender", "-o", "plain.csv", "--no-report").returncode == 0
    if shutil.which(form.program) is None:
        (samples / f"heights.csv{form.suffix}").write_bytes(form.compress(plain))
    else:
        subprocess.run([form.program, "-q", "-k", samples / "heights.csv"], check=True)
    packed = (samples / f"heights.csv{form.suffix}").read_bytes()
    result = run("fill", f"heights.csv{form.suffix}", "-c", "gender")
    written = (samples / f"heights.filled.csv{form.suffix}").read_bytes()
    report = json.loads((samples / "heights.report.json").read_text(encoding="utf-8"))

    assert result.returncode == 0, result.stderr
    assert f"comma-separated, utf-8, {form.name}\n" in result.stderr.decode()
    assert form.decompress(written) == (samples / "plain.csv").read_bytes()
    if shutil.which(form.program) is not None:
        shown = subprocess.run([form.program, "-dc"], input=written, capture_output=True, check=True)
        assert (shown.stdout, shown.stderr) == ((samples / "plain.csv").read_bytes(), b"")
    assert {key: report["input"][key] for key in ("path", "sha256", "bytes", "compression", "rows")} == {
        "path": f"heights.csv{form.suffix}",
        "sha256": sha256(packed),
        "bytes": len(packed),
        "compression": form.name,
        "rows": 934,
    }
    assert report["output"] == {
        "path": f"heights.filled.csv{form.suffix}",
        "sha256": sha256(written),
        "bytes": len(written),
    }


def test_the_report_on_a_plain_file_says_that_it_is_not_compressed(run, tmp_path):
    run("fill", "-c", "g", "-r", "r.json", stdin=PLAIN)
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))

    assert report["input"]["compression"] is None


@every_format
@pytest.mark.parametrize(
    "command",
    ["EM fill -c g < a", "cat a | EM fill - -c g -o -", "EM fill /dev/stdin -c g < a", "EM fill <(cat a) -c g"],
)
def test_standard_input_and_pipes_may_be_compressed_and_what_is_streamed_is_plain(tmp_path, form, command):
    (tmp_path / "a").write_bytes(form.compress(PLAIN))
    words = command.replace("EM", f"{sys.executable} -m em_impute") + " -q"
    if "/dev/stdin" in command:
        words += " -o -"
    result = subprocess.run(["bash", "-c", words], capture_output=True, cwd=tmp_path, check=False)

    assert (result.returncode, result.stdout, result.stderr) == (0, FILLED, b"")


def test_a_named_pipe_that_gives_a_byte_at_a_time_is_read_to_its_end(run, tmp_path):
    os.mkfifo(tmp_path / "fifo")

    def write():
        with (tmp_path / "fifo").open("wb", buffering=0) as fifo:
            for byte in GZIP.compress(PLAIN[:6]) + GZIP.compress(PLAIN[6:]):
                fifo.write(bytes([byte]))
                time.sleep(0.0005)

    writer = threading.Thread(target=write)
    writer.start()
    result = run("fill", "fifo", "-c", "g", "-q")
    writer.join()

    assert (result.returncode, result.stdout) == (0, FILLED)


@every_format
def test_what_cat_makes_of_two_compressed_files_is_read_as_both(run, tmp_path, form):
    (tmp_path / "a").write_bytes(form.compress(PLAIN[:9]) + form.compress(b"") + form.compress(PLAIN[9:]))

    assert run("fill", "a", "-c", "g", "-q", "-o", "-").stdout == FILLED


@every_format
def test_a_file_that_ends_too_soon_gets_two_lines_and_nothing_is_written(call, tmp_path, form):
    packed = form.compress(b"g,x\n" + b"".join(b"%d,%d\n" % (i, i * i % 89) for i in range(300)))
    name = "x.csv" + form.suffix
    for n_bytes in (*range(10, len(packed), 10), len(packed) - 1):
        (tmp_path / name).write_bytes(packed[:n_bytes])
        code, out, err = call("fill", name, "-c", "g")

        assert (code, out, two_lines(err)) == (INPUT, "", True), err
        assert f"its {form.name} data end too soon" in err
        assert [path.name for path in tmp_path.iterdir()] == [name]


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

    assert (code, out, two_lines(err)) == (INPUT, "", True)
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
    code, _, err = call("fill", name, "-c", "g", *arguments)
    found = (tmp_path / written).read_bytes()

    assert code == 0, err
    assert (GZIP.decompress(found) if written.lower().endswith(".gz") else found) == FILLED
    assert (tmp_path / f"{written[0]}.report.json").exists()
    assert (tmp_path / name).read_bytes() == content


def test_another_compression_may_be_asked_for_and_the_bytes_are_always_the_same(call, tmp_path):
    (tmp_path / "a.csv.bz2").write_bytes(FORMATS["bz2"].compress(PLAIN))
    (tmp_path / "b.csv").write_bytes(PLAIN)
    for form in FORMATS.values():
        call("fill", "a.csv.bz2", "-c", "g", "--no-report", "-o", f"one{form.suffix}")
        call("fill", "b.csv", "-c", "g", "--no-report", "-o", f"two{form.suffix}")
        one, two = ((tmp_path / f"{name}{form.suffix}").read_bytes() for name in ("one", "two"))

        assert one == two
        assert form.decompress(one) == FILLED


def test_each_imputation_is_compressed_and_so_is_the_long_file(call, tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(GZIP.compress(PLAIN))
    (tmp_path / "b.csv").write_bytes(PLAIN)
    for name in ("a.csv.gz", "b.csv"):
        assert call("fill", name, "-c", "g", "--imputations", "2", "-q")[0] == 0
        assert call("fill", name, "-c", "g", "--imputations", "2", "-q", "--long")[0] == 0

    for of in ("filled.1", "filled.2", "filled"):
        assert GZIP.decompress((tmp_path / f"a.{of}.csv.gz").read_bytes()) == (tmp_path / f"b.{of}.csv").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ["fill", "--diff", "-q"],
        ["fill", "-o", "-", "-q", "--probabilities", "--indicator"],
        ["check"],
        ["evaluate"],
        ["explain"],
    ],
    ids=" ".join,
)
def test_what_is_shown_of_a_compressed_file_is_that_of_the_plain_one(call, tmp_path, arguments):
    rows = b"g,x\n" + b"".join(b"%s,%d\n" % ([b"a", b"b", b""][i % 3], i % 3 * 5 + i % 7) for i in range(60))
    (tmp_path / "x.csv").write_bytes(rows)
    plain = call(arguments[0], "x.csv", "-c", "g", *arguments[1:])
    (tmp_path / "x.csv").write_bytes(FORMATS["xz"].compress(rows))
    packed = call(arguments[0], "x.csv", "-c", "g", *arguments[1:])

    assert (plain[0], plain[1]) == (packed[0], packed[1])
    assert plain[2] == packed[2].replace("utf-8, xz", "utf-8")


def test_the_manners_of_writing_are_those_of_any_file(call, tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(GZIP.compress(PLAIN))
    old = tmp_path / "a.filled.csv.gz"
    old.write_bytes(b"old")
    old.chmod(0o640)

    code, _, err = call("fill", "a.csv.gz", "-c", "g", "--no-clobber")
    assert (code, two_lines(err), old.read_bytes()) == (OUTPUT, True, b"old")
    assert call("fill", "a.csv.gz", "-c", "g", "-o", "a.csv.gz")[0] == USAGE
    assert call("fill", "a.csv.gz", "-c", "g", "-r", "r.json.gz")[0] == USAGE
    assert call("fill", "a.csv.gz", "-c", "g", "-o", "/dev/null")[0] == 0
    assert call("fill", "a.csv.gz", "-c", "g", "-q")[0] == 0
    assert (GZIP.decompress(old.read_bytes()), stat.S_IMODE(old.stat().st_mode)) == (FILLED, 0o640)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.csv.gz", "a.filled.csv.gz", *(["a.report.html"] if (tmp_path / "a.report.html").exists() else []), "a.report.json",
    ]  # fmt: skip


@every_format
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_file_that_is_replaced_stays_compressed_as_it_was_and_so_does_its_backup(call, tmp_path, form, name):
    packed = form.compress(PLAIN)
    (tmp_path / name).write_bytes(packed)
    code, _, err = call("fill", name, "-c", "g", "--in-place", "--backup", ".bak", "--no-report")
    once = (tmp_path / name).read_bytes()
    call("fill", name, "-c", "g", "--in-place", "--no-report")

    assert (code, form.decompress(once)) == (0, FILLED), err
    assert (tmp_path / name).read_bytes() == once
    assert (tmp_path / f"{name}.bak").read_bytes() == packed


def test_a_plain_file_that_is_replaced_stays_plain_whatever_its_name(call, tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(PLAIN)
    call("fill", "a.csv.gz", "-c", "g", "--in-place", "--no-report")

    assert (tmp_path / "a.csv.gz").read_bytes() == FILLED


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@every_format
def test_a_full_device_is_told(call, tmp_path, form):
    (tmp_path / f"full{form.suffix}").symlink_to("/dev/full")
    (tmp_path / "a.csv").write_bytes(PLAIN)
    code, _, err = call("fill", "a.csv", "-c", "g", "-o", f"full{form.suffix}")

    assert (code, two_lines(err)) == (OUTPUT, True)
    assert "No space left" in err


@pytest.mark.parametrize("command", ["EM fill big.csv.gz -c g", "EM fill - -c g < big.csv.gz"])
def test_a_full_disk_below_the_decompressed_copy_is_told_with_the_remedy(tmp_path, command):
    content = b"g,x\na,1\nb,9\n" + b",1\n" * 2000
    (tmp_path / "big.csv.gz").write_bytes(GZIP.compress(content))
    words = command.replace("EM", f"{sys.executable} -m em_impute")
    result = subprocess.run(["bash", "-c", f"ulimit -f 1; {words}"], capture_output=True, cwd=tmp_path, check=False)

    assert (result.returncode, two_lines(result.stderr)) == (OUTPUT, True)
    assert b"cannot keep a copy of the input: File too large" in result.stderr
    assert b"TMPDIR" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["big.csv.gz"]


@pytest.mark.parametrize(("name", "code"), [("a.csv", INPUT), ("b.csv", USAGE)])
def test_without_the_extra_zstd_the_program_says_how_to_install_it(tmp_path, name, code):
    (tmp_path / "a.csv").write_bytes(FORMATS["zstd"].compress(PLAIN))
    (tmp_path / "b.csv").write_bytes(PLAIN)
    hidden = "import sys; sys.modules.update({'backports.zstd': None, 'compression.zstd': None})\n"
    arguments = ["fill", name, "-c", "g", *(["-o", "c.csv.zst"] if name == "b.csv" else [])]
    program = f"{hidden}from em_impute.cli import main; main({arguments!r})"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=tmp_path, check=False)

    assert (result.returncode, result.stdout, two_lines(result.stderr)) == (code, b"", True)
    assert b"pip install 'em-impute[zstd]'" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from([*FORMATS.values()]),
    ends=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    final=st.booleans(),
    at=st.lists(st.integers(0, 4000), max_size=3),
    seed=st.integers(0, 9),
)
def test_filling_and_compressing_may_change_places(tmp_path, form, ends, encoding, final, at, seed):
    text = "".join(["id,g,x,y,c\n", *records(50, seed)]).replace("\n", ends)
    data = (text if final else text.removesuffix(ends)).encode(encoding)
    cuts = [0, *sorted(min(place, len(data)) for place in at), len(data)]
    packed = b"".join(form.compress(data[start:stop]) for start, stop in pairwise(cuts))
    (tmp_path / "plain.csv").write_bytes(data)
    (tmp_path / "packed").write_bytes(packed)
    expected, _ = filled_in_memory(tmp_path / "plain.csv", covariance="tied")
    found, _ = filled_in_memory(tmp_path / "packed", covariance="tied")
    write_atomically(tmp_path / f"out{form.suffix}", [found])

    assert form.decompress((tmp_path / f"out{form.suffix}").read_bytes()) == expected != data
