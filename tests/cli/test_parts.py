"""Tables in several files, or larger than memory, by real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import pytest
from parted import cut, records

from em_impute.cli.options.scaled import BackendName

HAS_DASK = pytest.mark.skipif(not find_spec("distributed"), reason="the extra dask is not installed")
psutil = pytest.importorskip("psutil") if find_spec("distributed") else None  # which Dask brings

KILLING = """
import multiprocessing, os, signal, sys
from em_impute.request import Request
from em_impute.scaled.parts import Part
from em_impute.scaled.run import Room, backend, complete_parts

killed = []

def watch(stage, share, detail):
    if stage == sys.argv[1] and "step 0" not in detail and not killed and (share or detail.startswith("all rows")):
        killed.append(multiprocessing.active_children()[0].pid)
        os.kill(killed[0], signal.SIGKILL)

if __name__ == "__main__":
    parts = [Part(n, f"part-{n}.csv", f"part-{n}.filled.csv") for n in range(4)]
    request = Request(None, ("g",), covariance="full")
    complete_parts(request, parts, "run", backend("dask", None, 2), Room(1 << 28), watch)
    assert killed
"""


@pytest.fixture(name="parts")
def _parts(tmp_path):
    return cut(tmp_path, list(records(800)), (200, 400, 600, 800))


def outputs(folder, suffix=".filled.csv"):
    return [path.read_bytes() for path in sorted(folder.glob(f"part-?{suffix}"))]


def test_several_files_are_filled_beside_themselves_with_one_report(parts, run, tmp_path):
    done = run("fill", *parts, "-c", "g")

    report = json.loads((tmp_path / "em-impute.report.json").read_bytes())
    assert (0, b"") == (done.returncode, done.stdout)
    assert 4 == len(outputs(tmp_path))
    assert (800, 4) == (report["input"]["rows"], report["parts"]["number"])
    assert [200] * 4 == [one["rows"] for one in report["parts"]["files"]]
    assert sum(one["filled"] for one in report["labels"]) == report["missing"]["cells"]
    assert [str(tmp_path / f"part-{n}.filled.csv") for n in range(4)] == [
        one["path"] for one in report["output"]["files"]
    ]


def test_the_report_says_of_all_rows_what_one_file_would(parts, run, tmp_path):
    whole = tmp_path / "whole.csv"
    whole.write_bytes(parts[0].read_bytes() + b"".join(part.read_bytes().split(b"\n", 1)[1] for part in parts[1:]))
    run("fill", "whole.csv", "-c", "g", SOURCE_DATE_EPOCH="0")
    run("fill", "part-?.csv", "-c", "g", SOURCE_DATE_EPOCH="0")

    one, several = (json.loads((tmp_path / f"{name}.report.json").read_bytes()) for name in ("whole", "em-impute"))
    for ours, theirs in zip(several["labels"], one["labels"], strict=True):
        assert theirs.pop("share_expected") == pytest.approx(ours.pop("share_expected"), rel=1e-12)
        assert theirs == ours
    for key in ("model", "fit", "selection", "missingness", "audit"):
        assert one[key] == several[key]
    assert one["filled"]["by_band"] == several["filled"]["by_band"]
    assert one["missing"].pop("lowest_probability") == pytest.approx(several["missing"].pop("lowest_probability"))
    assert one["missing"] == several["missing"]
    used = [
        [(f["missing"], f.get("mean", 0.0), f.get("sd", 0.0)) for f in r["features"]["used"]] for r in (one, several)
    ]
    assert np.array(used[0]) == pytest.approx(np.array(used[1]), rel=1e-12)
    assert one["accuracy"]["expected_wrong"]["estimate"] == pytest.approx(
        several["accuracy"]["expected_wrong"]["estimate"], rel=1e-6
    )
    assert [s["line"] for s in one["suspect_labels"]] == [
        s["line"] + 200 * int(s["part"][-5]) for s in several["suspect_labels"]
    ]


def test_a_pattern_is_filled_into_a_folder_that_is_made(parts, run, tmp_path):
    before = [path.read_bytes() for path in parts]
    done = run("fill", "part-*.csv", "-c", "g", "-o", "new/folder", "-q")

    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
    made = sorted((tmp_path / "new" / "folder").iterdir())
    assert ["em-impute.report.json", *(path.name for path in parts)] == [path.name for path in made]
    assert before == [path.read_bytes() for path in parts]
    assert all(
        b",," not in line[: line.index(b",", line.index(b",") + 1) + 1]
        for path in made[1:]
        for line in path.read_bytes().splitlines()[1:]
    )


def test_a_file_that_needs_more_than_the_memory_allowed_is_filled_alike(run, tmp_path):
    (path,) = cut(tmp_path, list(records(3000)), (3000,))
    (tmp_path / "copy.csv").write_bytes(path.read_bytes())

    in_memory = run("fill", "part-0.csv", "-c", "g", "--covariance", "full", "--tol", "1e-9")
    in_parts = run("fill", "copy.csv", "-c", "g", "--covariance", "full", "--tol", "1e-9", "--max-memory", "64M")

    assert (0, 0) == (in_memory.returncode, in_parts.returncode)
    assert (tmp_path / "part-0.filled.csv").read_bytes() == (tmp_path / "copy.filled.csv").read_bytes()
    assert None is not json.loads((tmp_path / "copy.report.json").read_bytes())["parts"]
    assert None is json.loads((tmp_path / "part-0.report.json").read_bytes())["parts"]


def test_columns_can_be_added_to_parts(parts, run, tmp_path):
    run("fill", *parts, "-c", "g", "--probability", "--indicator", "--no-report")

    for before, after in zip([path.read_bytes() for path in parts], outputs(tmp_path), strict=True):
        lines = list(zip(before.splitlines(), after.splitlines(), strict=True))
        assert lines[0][0] + b",g_probability,g_imputed" == lines[0][1]
        assert all(old.split(b",")[2:] == new.split(b",")[2:-2] for old, new in lines)
        assert [b"" == old.split(b",")[1] for old, _ in lines[1:]] == [new.endswith(b",1") for _, new in lines[1:]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["part-0.csv", "-", "-c", "g"], 2, b"standard input is no part"),
        (["-", "-c", "g", "--backend", "serial"], 2, b"standard input is no part"),
        (["part-?.csv", "-c", "g", "-o", "-"], 2, b"-o - needs a table"),
        (["part-?.csv", "-c", "g", "--diff"], 2, b"--diff needs a table"),
        (["part-?.csv", "-c", "g", "--imputations", "3"], 2, b"--imputations needs a table"),
        (["part-?.csv", "-c", "g", "--method", "draw"], 2, b"--method draw needs a table"),
        (["part-?.csv", "-c", "g", "--by", "c"], 2, b"--by needs a table"),
        (["part-?.csv", "-c", "g", "--weights", "y"], 2, b"--weights needs a table"),
        (["part-?.csv", "-c", "g", "--scheduler", "a:1", "--backend", "serial"], 2, b"contradicts"),
        (["part-?.csv", "-c", "g", "--workers", "2"], 2, b"is for --backend dask"),
        (["part-0.csv", "-c", "g", "--max-memory", "many"], 2, b"takes a size"),
        (["none-?.csv", "-c", "g"], 3, b"no file is called none-?.csv"),
        (["part-0.csv", "part-9.csv", "-c", "g"], 3, b"part-9.csv does not exist"),
        (["part-?.csv", "-c", "nothing"], 3, b"is not in part-0.csv"),
        (["part-?.csv", "-c", "g", "-o", "."], 2, b"is the input"),
        (["part-0.csv", "other/part-0.csv", "-c", "g", "-o", "out"], 2, b"two parts would be written"),
        (["part-?.csv", "other/part-0.csv", "-c", "g"], 3, b"does not look like part-0.csv: it has 2 columns, not 5"),
    ],
)
@pytest.mark.usefixtures("parts")
def test_what_cannot_be_done_is_said_in_two_lines(arguments, code, said, run, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "part-0.csv").write_text("g,x\nf,1\n")

    done = run("fill", *arguments)

    assert (code, b"") == (done.returncode, done.stdout)
    assert said in done.stderr
    assert 2 == len(done.stderr.splitlines())
    assert [] == outputs(tmp_path)


@pytest.mark.parametrize(
    "backend", [pytest.param(one, marks=HAS_DASK if one == "dask" else ()) for one in BackendName if one != "serial"]
)
def test_every_backend_gives_the_bytes_that_one_process_gives(backend, parts, run, tmp_path):
    urls = [f"file://{path}" for path in parts]
    assert 0 == run("fill", *urls, "-c", "g", "--probability", "-q").returncode
    serial = outputs(tmp_path)
    report = json.loads((tmp_path / "em-impute.report.json").read_bytes())

    done = run("fill", *urls, "-c", "g", "--probability", "--backend", backend, "--workers", "2", "-q")

    again = json.loads((tmp_path / "em-impute.report.json").read_bytes())
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
    assert serial == outputs(tmp_path)
    for key in ("model", "fit", "labels", "totals", "accuracy"):
        assert report[key] == again[key]


@HAS_DASK
def test_runs_at_the_same_time_do_not_meet_over_the_port_of_dask(parts, run):
    with socket.socket() as taken:
        with suppress(OSError):  # another run has it
            taken.bind(("", 8787))
            taken.listen()
        done = run("fill", *parts, "-c", "g", "--covariance", "full", "--backend", "dask", "--workers", "1", "-q")

    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


@HAS_DASK
@pytest.mark.parametrize("stage", ["fitting", "writing"])
def test_a_worker_that_is_killed_costs_time_and_no_data(parts, run, tmp_path, stage):
    run("fill", *parts, "-c", "g", "--covariance", "full", "--no-report")
    serial = outputs(tmp_path)
    for path in tmp_path.glob("*.filled.csv"):
        path.unlink()

    done = subprocess.run(
        [sys.executable, "-c", KILLING, stage], cwd=tmp_path, capture_output=True, timeout=120, check=False
    )

    assert (0, b"") == (done.returncode, done.stderr)
    assert serial == outputs(tmp_path)
    assert [] == list(tmp_path.glob(".em-impute*"))


@HAS_DASK
def test_a_scheduler_that_does_not_answer_is_named(parts, run):
    done = run("fill", *parts, "-c", "g", "--scheduler", "tcp://127.0.0.1:9")

    assert 2 == done.returncode
    assert b"error: no Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr
    assert 2 == len(done.stderr.splitlines())


@HAS_DASK
@pytest.mark.usefixtures("parts")
def test_an_interrupt_ends_the_workers_too_and_says_nothing(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "em_impute", "fill", "part-?.csv", "-c", "g", "--backend", "dask", "--workers", "2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads here
    )
    while len(psutil.Process(process.pid).children(recursive=True)) < 2:  # the workers are about to start
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to everyone

    output, said = process.communicate(timeout=60)

    assert (130, b"", b"") == (process.returncode, output, said)
    assert [] == _living(process.pid)


def _living(group):
    """List the processes of a group that have not ended, once they have had time to."""
    for _ in range(100):
        alive = []
        for pid in psutil.pids():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                if os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                    alive.append(pid)
        if not alive:
            break
        time.sleep(0.1)
    return alive


def test_without_dask_the_extra_is_named(parts, tmp_path):
    hidden = "import sys; sys.modules['distributed'] = None; from em_impute.cli import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", hidden, "fill", *map(str, parts), "-c", "g", "--backend", "dask"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert (2, b"error: Dask is not installed\nhint: pip install 'em-impute[dask]'\n") == (done.returncode, done.stderr)
