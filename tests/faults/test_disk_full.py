"""No room: a small disk, a full device, a limit on the size of files.  The old file stays, and nothing is left behind."""

import shutil
import subprocess

import pytest
from faulty import FILLED, PATIENCE, PLAIN, TOOL, contents, do, in_own_world, table
from patched import is_two_lines

pytestmark = pytest.mark.faults

NO_SPACE = "No space left on device"


def on_small_disk(folder, command):
    """Run a command where `disk` has 64 KiB; give its end and what is on the disk then."""
    script = f"mount -t tmpfs -o size=64k none disk && cp -a put/. disk && {{ {command}; code=$?; cp -a disk/. after; exit $code; }}"
    for name in ("disk", "after"):
        (folder / name).mkdir()
    result = in_own_world(script, folder)
    return result, contents(folder / "after")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("EM fill long.csv -c g -o disk/out.csv", f"cannot write disk/out.csv: {NO_SPACE}"),
        ("EM fill disk/half.csv -c g --in-place --backup .bak", f"cannot write disk/half.csv: {NO_SPACE}"),
        ("EM fill disk/half.csv -c g -o elsewhere.csv -r disk/r.json", f"cannot write disk/r.json: {NO_SPACE}"),
        ("cat long.csv | TMPDIR=disk EM fill -c g", f"cannot keep a copy of the input: {NO_SPACE}"),
        ("TMPDIR=disk EM check wide.csv -c g", f"cannot keep a copy of the input: {NO_SPACE}"),
    ],
    ids=lambda value: value.replace("/", " ") if value.startswith(("EM", "cat", "TMPDIR")) else "",
)
def test_a_full_disk_is_said_and_holds_what_it_held(tmp_path, command, words):
    (tmp_path / "put").mkdir()
    (tmp_path / "put/out.csv").write_bytes(b"old")
    (tmp_path / "put/half.csv").write_bytes(table(2300))
    (tmp_path / "put/half.csv.bak").write_bytes(b"older")
    (tmp_path / "long.csv").write_bytes(table(8000))
    (tmp_path / "wide.csv").write_text(table(4000).decode(), encoding="utf-16")
    subprocess.run(["gzip", "-k", "long.csv"], cwd=tmp_path, check=True)
    before = contents(tmp_path / "put")
    result, after = on_small_disk(tmp_path, command)

    assert before == after
    assert words in result.stderr.decode()
    assert (5, b"") == (result.returncode, result.stdout), result.stderr
    assert is_two_lines(result.stderr), result.stderr


def test_where_only_the_report_finds_no_room_the_data_are_said_to_be_written(tmp_path):
    (tmp_path / "put").mkdir()
    (tmp_path / "put/in.csv").write_bytes(PLAIN)
    (tmp_path / "put/filler").write_bytes(b" " * 53_000)
    result, after = on_small_disk(tmp_path, "EM fill disk/in.csv -c g -q; code=$?; rm disk/filler; (exit $code)")

    assert 5 == result.returncode, result.stderr
    assert b"cannot write disk/in.report.json: No space left on device" in result.stderr
    assert b"the completed file disk/in.filled.csv was written, the report was not" in result.stderr
    assert {"in.csv": PLAIN, "in.filled.csv": FILLED} == after


def test_a_disk_that_becomes_read_only_meanwhile_is_said(tmp_path):
    (tmp_path / "put").mkdir()
    (tmp_path / "put/out.csv").write_bytes(b"old")
    (tmp_path / "a.csv").write_bytes(PLAIN)
    command = (
        "mkfifo fifo; EM fill fifo -c g -o disk/out.csv --no-report & "
        "exec 3>fifo; mount -o remount,ro disk; cat a.csv >&3; exec 3>&-; wait $!"
    )
    result, after = on_small_disk(tmp_path, command)

    assert (5, {"out.csv": b"old"}) == (result.returncode, after), result.stderr
    assert [b"error: cannot write disk/out.csv: Read-only file system", b"hint: nothing was changed"] == (
        result.stderr.splitlines()
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_pipe_that_does_not_wait_gets_everything(tmp_path):
    # As ssh and others make the pipe that they share with those they start.
    (tmp_path / "a.csv").write_bytes(table(20_000))
    do(tmp_path, "fill", "a.csv", "-c", "g", "-o", "out.csv", "--no-report", "-qq")
    code = "import os; os.set_blocking(1, False); from em_impute.cli.main import main; main()"
    process = subprocess.Popen(
        [TOOL[0], "-c", code, "fill", "a.csv", "-c", "g", "-o", "-", "-qq"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    output, said = process.communicate(timeout=PATIENCE)

    assert (0, b"") == (process.returncode, said)
    assert (tmp_path / "out.csv").read_bytes() == output
