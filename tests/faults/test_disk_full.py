"""No room: a small disk, a full device, a limit on the size of files.  The old file stays, and nothing is left behind."""

import shutil
import subprocess
from pathlib import Path

import pytest
from faulty import FILLED, PATIENCE, PLAIN, TOOL, contents, do, in_own_world, table, two_lines

pytestmark = pytest.mark.faults

FULL = Path("/dev/full")
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
        ("EM fill disk/half.csv -c g", f"cannot write disk/half.filled.csv: {NO_SPACE}"),
        ("EM fill disk/half.csv -c g --in-place --backup .bak", f"cannot write disk/half.csv: {NO_SPACE}"),
        ("EM fill long.csv -c g -o disk/out.csv.gz", f"cannot write disk/out.csv.gz: {NO_SPACE}"),
        ("EM fill disk/half.csv -c g -o elsewhere.csv -r disk/r.json", f"cannot write disk/r.json: {NO_SPACE}"),
        ("cat long.csv | TMPDIR=disk EM fill -c g", f"cannot keep a copy of the input: {NO_SPACE}"),
        ("TMPDIR=disk EM fill long.csv.gz -c g -o out.csv", f"cannot keep a copy of the input: {NO_SPACE}"),
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
    assert two_lines(result.stderr), result.stderr


def test_where_only_the_report_finds_no_room_the_data_are_said_to_be_written(tmp_path):
    (tmp_path / "put").mkdir()
    (tmp_path / "put/in.csv").write_bytes(PLAIN)
    (tmp_path / "put/filler").write_bytes(b" " * 48_000)
    result, after = on_small_disk(tmp_path, "EM fill disk/in.csv -c g -q; code=$?; rm disk/filler; (exit $code)")

    assert 5 == result.returncode, result.stderr
    assert b"cannot write disk/in.report.json: No space left on device" in result.stderr
    assert b"the completed file disk/in.filled.csv was written, the report was not" in result.stderr
    assert {"in.csv": PLAIN, "in.filled.csv": FILLED} == after


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("arguments", "stdout", "written"),
    [
        ("fill a.csv -c g -o /dev/full -q", None, False),
        ("fill a.csv -c g -r r.json -q", None, True),
        ("fill a.csv -c g -r - -q", FULL, True),
        ("fill a.csv -c g -o a.filled.csv --diff --no-report -q", FULL, True),
        ("fill a.csv -c g --in-place --diff --no-report -q", FULL, False),
        ("evaluate a.csv -c g -r - -q", FULL, False),
        ("schema", FULL, False),
    ],
)
def test_a_full_device_ends_every_command_with_5(tmp_path, arguments, stdout, written):
    (tmp_path / "a.csv").write_bytes(PLAIN + b"a,2\nb,8\n" * 30)
    (tmp_path / "r.json").symlink_to(FULL)
    target = None if stdout is None else stdout.open("wb")
    code, _, said = do(tmp_path, *arguments.split(), **({} if target is None else {"stdout": target}))
    if target is not None:
        target.close()

    assert 5 == code, said
    assert two_lines(said), said
    assert b"No space left on device" in said
    assert written == (tmp_path / "a.filled.csv").exists()
    assert written == (b"the completed file a.filled.csv was written" in said)


@pytest.mark.parametrize("blocks", [0, 8])
def test_a_limit_on_the_size_of_files_is_said_and_leaves_the_old_file(tmp_path, blocks):
    (tmp_path / "a.csv").write_bytes(table(4000))
    (tmp_path / "out.csv").write_bytes(b"old")
    before = contents(tmp_path)
    code, _, said = do(
        tmp_path, "fill", "a.csv", "-c", "g", "-o", "out.csv", "--no-report", limits={"RLIMIT_FSIZE": blocks * 1024}
    )

    assert (5, before) == (code, contents(tmp_path))
    assert [b"error: cannot write out.csv: File too large", b"hint: nothing was changed"] == said.splitlines()


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


def test_a_link_to_another_disk_stays_and_the_file_there_is_replaced(tmp_path):
    (tmp_path / "put").mkdir()
    (tmp_path / "put/real.csv").write_bytes(b"old")
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "out.csv").symlink_to("disk/real.csv")
    result, after = on_small_disk(tmp_path, "EM fill a.csv -c g -o out.csv --no-report -q")

    assert (0, {"real.csv": FILLED}) == (result.returncode, after), result.stderr
    assert (tmp_path / "out.csv").is_symlink()


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that cannot be read")
def test_a_disk_that_cannot_be_read_is_said(tmp_path):
    code, output, said = do(tmp_path, "fill", "/proc/self/mem", "-c", "g", "-o", "out.csv")

    assert (3, b"") == (code, output)
    assert b"error: /proc/self/mem cannot be read: Input/output error\n" in said
    assert two_lines(said)
    assert {} == contents(tmp_path)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_pipe_that_does_not_wait_gets_everything(tmp_path):
    # As ssh and others make the pipe that they share with those they start.
    (tmp_path / "a.csv").write_bytes(table(20_000))
    do(tmp_path, "fill", "a.csv", "-c", "g", "-o", "out.csv", "--no-report", "-q")
    code = "import os; os.set_blocking(1, False); from em_impute.cli import main; main()"
    process = subprocess.Popen(
        [TOOL[0], "-c", code, "fill", "a.csv", "-c", "g", "-o", "-", "-q"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    output, said = process.communicate(timeout=PATIENCE)

    assert (0, b"") == (process.returncode, said)
    assert (tmp_path / "out.csv").read_bytes() == output
