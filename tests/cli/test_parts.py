"""Tables in several files, or larger than memory, by real processes."""

import json
import socket
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from typing import get_args

import pytest
from parted import cut, records

from em_impute.cli.options.behaviour import Backend

HAS_DASK = pytest.mark.skipif(not find_spec("distributed"), reason="the extra dask is not installed")

KILLING = """
import multiprocessing, os, signal, sys
from em_impute.options import Request
from em_impute.pipeline.files import Part
from em_impute.pipeline.fill import Room, backend, complete_parts

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


def test_a_file_that_needs_more_than_the_memory_allowed_is_filled_alike(call, tmp_path):
    (path,) = cut(tmp_path, list(records(3000)), (3000,))
    (tmp_path / "copy.csv").write_bytes(path.read_bytes())

    options = ("-c", "g", "--covariance", "full", "--tol", "1e-9", "-q")
    assert (0, "", "") == call("fill", "part-0.csv", *options, "-r", "in-memory.json")
    assert (0, "", "") == call("fill", "copy.csv", *options, "-r", "in-parts.json", "--max-memory", "64M")
    assert (tmp_path / "part-0.filled.csv").read_bytes() == (tmp_path / "copy.filled.csv").read_bytes()
    assert None is not json.loads((tmp_path / "in-parts.json").read_bytes())["parts"]
    assert None is json.loads((tmp_path / "in-memory.json").read_bytes())["parts"]


@pytest.mark.parametrize(
    "backend",
    [pytest.param(one, marks=HAS_DASK if one == "dask" else ()) for one in get_args(Backend) if one != "serial"],
)
def test_every_backend_gives_the_bytes_that_one_process_gives(backend, parts, run, tmp_path):
    urls = [f"file://{path}" for path in parts]
    assert 0 == run("fill", *urls, "-c", "g", "--probability", "-q").returncode
    serial = outputs(tmp_path)
    report = json.loads((tmp_path / "em-impute.report.json").read_bytes())

    with socket.socket() as taken:
        with suppress(OSError):  # another run has the port that Dask asks for first
            taken.bind(("", 8787))
            taken.listen()
        done = run("fill", *urls, "-c", "g", "--probability", "--backend", backend, "--workers", "2", "-q")

    again = json.loads((tmp_path / "em-impute.report.json").read_bytes())
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
    assert serial == outputs(tmp_path)
    for key in ("model", "fit", "labels", "totals", "accuracy"):
        assert report[key] == again[key]


@HAS_DASK
@pytest.mark.exhaustive
@pytest.mark.parametrize("stage", ["fitting", "writing"])
def test_a_worker_that_is_killed_costs_time_and_no_data(parts, run, tmp_path, stage):
    run("fill", *parts, "-c", "g", "--covariance", "full", "--no-report")
    serial = outputs(tmp_path)
    for path in tmp_path.glob("*.filled.csv"):
        path.unlink()

    done = subprocess.run(
        [sys.executable, "-c", KILLING, stage], cwd=tmp_path, capture_output=True, timeout=600, check=False
    )

    assert (0, b"") == (done.returncode, done.stderr)
    assert serial == outputs(tmp_path)
    assert [] == list(tmp_path.glob(".em-impute*"))
