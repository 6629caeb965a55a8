"""`--in-place` and `--backup`: at any time the old file or the new one, and never neither."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

FILL = ("fill", "heights.csv", "-c", "gender", "-q", "--in-place")
PLAIN = b"g,x\na,1\nb,9\n,1\n"
FILLED = b"g,x\na,1\nb,9\na,1\n"
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def filled(run, samples):
    """The bytes that the completed heights have."""
    run("fill", "heights.csv", "-c", "gender", "-o", "elsewhere.csv", "--no-report", "-q")
    content = (samples / "elsewhere.csv").read_bytes()
    (samples / "elsewhere.csv").unlink()
    return content


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def state(path):
    """What changes when somebody writes to a file, replaces it, or gives it another name."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_nlink


def states(folder):
    return {path.name: state(path) for path in folder.iterdir() if path.is_file()}


def test_the_file_is_replaced_and_the_report_lies_beside_it(run, samples, filled):
    before = names(samples)
    result = run(*FILL)
    report = json.loads((samples / "heights.report.json").read_text())

    assert (0, b"", b"") == (result.returncode, result.stdout, result.stderr)
    assert filled == (samples / "heights.csv").read_bytes()
    assert sorted([*before, "heights.report.json"]) == names(samples)
    assert ("heights.csv", "heights.csv") == (report["input"]["path"], report["output"]["path"])


def test_the_backup_holds_the_old_bytes_the_mode_and_the_time(run, samples, filled):
    path = samples / "heights.csv"
    old = path.read_bytes()
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18))
    run(*FILL, "--backup", ".bak")
    kept = (samples / "heights.csv.bak").stat()

    assert (filled, old) == (path.read_bytes(), (samples / "heights.csv.bak").read_bytes())
    assert (0o640, 0o640) == (path.stat().st_mode & 0o777, kept.st_mode & 0o777)
    assert 10**18 == kept.st_mtime_ns


def test_a_second_run_writes_nothing_at_all_into_the_file(run, samples):
    run(*FILL, "--backup", ".bak")
    first = state(samples / "heights.csv"), state(samples / "heights.csv.bak")
    result = run(*FILL[:-2], "--in-place", "--backup", ".bak")
    second = state(samples / "heights.csv"), state(samples / "heights.csv.bak")
    report = json.loads((samples / "heights.report.json").read_text())

    assert 0 == result.returncode
    assert first == second
    assert b"wrote       heights.csv (left as it was), heights.report.json\n" in result.stderr
    assert report["input"]["sha256"] == report["output"]["sha256"]


def test_a_threshold_that_nothing_reaches_leaves_the_file_alone(run, samples):
    before = state(samples / "heights.csv")
    result = run(*FILL, "--min-probability", "1", "--backup", ".bak", "--no-report")

    assert 0 == result.returncode
    assert before == state(samples / "heights.csv")
    assert not (samples / "heights.csv.bak").exists()


def test_added_columns_are_written_even_if_nothing_is_missing(run, samples):
    run("fill", "heights.truth.csv", "-c", "gender", "--in-place", "--indicator", "-q", "--no-report")

    assert b"name,gender,height,gender_imputed\n" == (samples / "heights.truth.csv").read_bytes()[:34]


def test_a_link_stays_a_link_and_its_target_is_replaced(run, samples, filled):
    (samples / "real").mkdir()
    old = (samples / "heights.csv").read_bytes()
    shutil.move(samples / "heights.csv", samples / "real" / "data.csv")
    (samples / "heights.csv").symlink_to("real/data.csv")
    run(*FILL, "--backup", "~")

    assert "real/data.csv" == str((samples / "heights.csv").readlink())
    assert filled == (samples / "real" / "data.csv").read_bytes()
    assert ["data.csv"] == names(samples / "real")
    assert old == (samples / "heights.csv~").read_bytes()
    assert not (samples / "heights.csv~").is_symlink()


def test_an_old_backup_is_overwritten_unless_that_is_forbidden(run, samples, filled):
    old = (samples / "heights.csv").read_bytes()
    (samples / "heights.csv.bak").write_bytes(b"older")
    refused = run(*FILL, "--backup", ".bak", "--no-clobber", "--no-report")
    kept = (samples / "heights.csv").read_bytes(), (samples / "heights.csv.bak").read_bytes()
    done = run(*FILL, "--backup", ".bak", "--no-report")

    assert (5, (old, b"older")) == (refused.returncode, kept)
    assert (0, filled, old) == (
        done.returncode,
        (samples / "heights.csv").read_bytes(),
        (samples / "heights.csv.bak").read_bytes(),
    )


def test_no_clobber_means_the_report_and_the_backup_not_the_file_itself(run, samples, filled):
    first = run(*FILL, "--no-clobber", "--backup", ".bak")

    assert (0, filled) == (first.returncode, (samples / "heights.csv").read_bytes())
    assert 5 == run(*FILL, "--no-clobber").returncode


def test_a_backup_that_is_the_file_itself_after_a_killed_run_is_made_again(run, samples, filled):
    old = (samples / "heights.csv").read_bytes()
    (samples / "heights.csv.bak").hardlink_to(samples / "heights.csv")
    before = names(samples)
    result = run(*FILL, "--backup", ".bak", "--no-report")

    assert (0, b"") == (result.returncode, result.stderr)
    assert (filled, old) == ((samples / "heights.csv").read_bytes(), (samples / "heights.csv.bak").read_bytes())
    assert before == names(samples)


def test_where_files_have_no_second_names_the_backup_is_a_copy(samples, filled):
    path = samples / "heights.csv"
    old = path.read_bytes()
    path.chmod(0o600)
    code = (
        "import errno, os\n"
        "link = os.link\n"
        "def no_link(source, target, **more):\n"
        "    if more: return link(source, target, **more)  # gives a name to a file that has none\n"
        "    raise OSError(errno.EPERM, 'not permitted')\n"
        "os.link = no_link\n"
        "from em_impute.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *FILL, "--backup", ".bak", "--no-report"],
        cwd=samples, capture_output=True, check=False,
    )  # fmt: skip
    kept = samples / "heights.csv.bak"

    assert (0, b"") == (result.returncode, result.stderr)
    assert (filled, old, 0o600) == (path.read_bytes(), kept.read_bytes(), kept.stat().st_mode & 0o777)
    assert path.stat().st_ino != kept.stat().st_ino


@pytest.mark.skipif(not IS_ROOT, reason="only root may give files away")
def test_the_owner_and_the_group_stay_what_they_were(run, samples):
    os.chown(samples / "heights.csv", 12345, 23456)
    run(*FILL, "--backup", ".bak")
    found = (samples / "heights.csv").stat()

    assert (12345, 23456) == (found.st_uid, found.st_gid)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("fill heights.csv -c gender --in-place -o out.csv", 2, "--in-place contradicts -o"),
        ("fill heights.csv -c gender --in-place -o -", 2, "--in-place contradicts -o"),
        ("fill - -c gender --in-place", 2, "standard input"),
        ("fill -c gender --in-place", 2, "standard input"),
        ("fill heights.csv heights.truth.csv -c gender --in-place", 2, "--in-place needs"),
        ("fill heights*.csv -c gender --in-place", 2, "--in-place needs"),
        ("fill heights.csv -c gender --in-place --backend serial", 2, "--in-place needs"),
        ("fill heights.csv -c gender --in-place --imputations 3", 2, "--imputations"),
        ("fill heights.csv -c gender --in-place --imputations 3 --long", 2, "--imputations"),
        ("fill heights.csv -c gender --backup .bak", 2, "--in-place"),
        ("fill heights.csv -c gender --in-place --backup=", 2, "--backup"),
        ("fill heights.csv -c gender --in-place --backup /tmp/x", 2, "--backup"),
        ("fill heights.csv -c gender --in-place --backup .json -r heights.csv.json", 2, "same path"),
        ("fill heights.csv -c gender --in-place --backup .dir", 5, "directory"),
        ("fill heights.csv -c gender --in-place --backup .pipe", 5, "no regular file"),
        (f"fill heights.csv -c gender --in-place --backup {'x' * 300}", 5, "xxx"),
        ("fill pipe -c gender --in-place", 2, "regular file"),
        ("fill /dev/null -c gender --in-place", 2, "regular file"),
        ("fill . -c gender --in-place --backup .bak", 3, "directory"),
        ("fill nothing.csv -c gender --in-place --backup .bak", 3, "does not exist"),
        ("fill heights.csv -c gendre --in-place --backup .bak", 3, "gendre"),
        ("fill faithful.csv -c kind --in-place --backup .bak", 4, "no label"),
    ],
)
def test_what_cannot_be_replaced_is_said_in_two_lines_and_left(run, samples, arguments, code, words):
    (samples / "heights.csv.dir").mkdir()
    os.mkfifo(samples / "heights.csv.pipe")
    os.mkfifo(samples / "pipe")
    before = states(samples)
    result = run(*arguments.split(), stdin=PLAIN)

    assert (code, b"") == (result.returncode, result.stdout)
    assert 2 == len(result.stderr.splitlines()), result.stderr
    assert words in result.stderr.decode()
    assert before == states(samples)


@pytest.mark.parametrize("kind", ["write-protected", "folder write-protected"])
def test_what_is_protected_stays_as_it_is(samples, kind):
    protected = samples / "heights.csv" if kind == "write-protected" else samples
    command = [sys.executable, "-m", "em_impute", *FILL, "--backup", ".bak"]
    if IS_ROOT:  # who may do everything
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv")
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
        for path in (samples, *samples.iterdir()):
            os.chown(path, 65534, 65534)
        for folder in samples.parents:
            if folder.stat().st_mode & 0o005 != 0o005:
                if "pytest" not in folder.name and "popen" not in folder.name:
                    pytest.skip("another user may not come here")
                folder.chmod(folder.stat().st_mode | 0o005)
    protected.chmod(0o444 if protected.is_file() else 0o555)
    before = states(samples)
    result = subprocess.run(command, cwd=samples, capture_output=True, check=False)
    protected.chmod(0o755)

    assert 5 == result.returncode, result.stderr
    assert b"writ" in result.stderr.splitlines()[0]
    assert before.keys() == states(samples).keys()


def test_a_dry_run_and_strict_warnings_replace_nothing(run, tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    before = state(tmp_path / "a.csv")
    dry = run("fill", "a.csv", "-c", "g", "--in-place", "--backup", ".bak", "--dry-run", "-q")
    strict = run("fill", "a.csv", "-c", "g", "--in-place", "--backup", ".bak", "--strict", "-q")

    assert (0, 1) == (dry.returncode, strict.returncode)
    assert before == state(tmp_path / "a.csv")
    assert ["a.csv"] == names(tmp_path)


def test_the_changes_can_be_seen_while_the_file_is_replaced(run, samples, filled):
    result = run(*FILL, "--diff", "--no-report")

    assert filled == (samples / "heights.csv").read_bytes()
    assert 281 == len(result.stdout.splitlines())


def test_what_others_write_meanwhile_is_not_lost(samples):
    header, body = (samples / "heights.csv").read_bytes().split(b"\n", 1)
    path = samples / "long.csv"
    path.write_bytes(header + b"\n" + body * 300)
    arguments = [
        "fill",
        "long.csv",
        "-c",
        "gender",
        "--in-place",
        "--backup",
        ".bak",
        "--no-report",
        "-q",
        "--log-file",
        "run.log",
    ]
    process = subprocess.Popen([sys.executable, "-m", "em_impute", *arguments], cwd=samples, stderr=subprocess.PIPE)
    while not (samples / "run.log").exists() or b"input" not in (samples / "run.log").read_bytes():
        time.sleep(0.01)
    with path.open("ab") as file:
        file.write(b"late,female,160\n")
    _, said = process.communicate(timeout=60)

    assert 3 == process.returncode
    assert b"changed while it was read" in said
    assert path.read_bytes().endswith(b"late,female,160\n")
    assert not (samples / "long.csv.bak").exists()


def test_a_full_disk_leaves_the_file_and_the_last_backup(samples):
    header, body = (samples / "heights.csv").read_bytes().split(b"\n", 1)
    (samples / "long.csv").write_bytes(header + b"\n" + body * 20)
    (samples / "long.csv.bak").write_bytes(b"older")
    before = states(samples)
    command = (
        f"ulimit -f 100; {sys.executable} -m em_impute fill long.csv -c gender --in-place --backup .bak --no-report"
    )
    result = subprocess.run(["bash", "-c", command], cwd=samples, capture_output=True, check=False)

    assert 5 == result.returncode
    assert before == states(samples)


KILLED = """
import os, pathlib, signal, sys
left = int(sys.argv.pop(1))

def counted(real):
    def call(*arguments, **more):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **more)
    return call

os.link, os.fsync, os.fchmod = counted(os.link), counted(os.fsync), counted(os.fchmod)
pathlib.Path.replace, pathlib.Path.unlink = counted(pathlib.Path.replace), counted(pathlib.Path.unlink)
from em_impute.cli import main
main()
"""


def test_killed_at_any_moment_nothing_is_lost(tmp_path):
    """The process kills itself before the first call that makes, changes or secures a name, the second, and so on."""
    command = ["fill", "a.csv", "-c", "g", "-q", "--in-place", "--backup", ".bak", "--no-report"]
    ends = []
    for stop in range(1, 30):
        folder = tmp_path / str(stop)
        folder.mkdir()
        (folder / "a.csv").write_bytes(PLAIN)
        process = subprocess.run(
            [sys.executable, "-c", KILLED, str(stop), *command], cwd=folder, capture_output=True, check=False
        )
        backup = folder / "a.csv.bak"
        ends.append(((folder / "a.csv").read_bytes(), backup.read_bytes() if backup.exists() else None))
        if process.returncode == 0:
            break
        assert -9 == process.returncode, process.stderr
    nothing, kept, done = (PLAIN, None), (PLAIN, PLAIN), (FILLED, PLAIN)

    assert [nothing, kept, done] == list(dict.fromkeys(ends))  # in this order, and never anything else
