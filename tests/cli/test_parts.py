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

from em_impute.cli.options.panels import Backend

HAS_DASK = pytest.mark.skipif(not find_spec("distributed"), reason="the extra dask is not installed")

KILLING = """
import multiprocessing, os, signal, sys
from em_impute.options import Request
from em_impute.pipeline.parts import Part
from em_impute.pipeline.fill import complete_parts, workers_of

killed = []

def watch(stage, share, detail):
    if stage == sys.argv[1] and "step 0" not in detail and not killed and (share or detail.startswith("all rows")):
        killed.append(multiprocessing.active_children()[0].pid)
        os.kill(killed[0], signal.SIGKILL)

if __name__ == "__main__":
    parts = [Part(n, f"part-{n}.csv", (f"part-{n}.filled.csv",)) for n in range(4)]
    request = Request(None, ("g",), covariance="full")
    complete_parts(request, parts, workers_of("dask", None, 2, None), watch)
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

    options = ("-c", "g", "--covariance", "full", "--tol", "1e-9", "-qq")
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
    assert 0 == run("fill", *parts, "-c", "g", "--probability", "-qq").returncode
    serial = outputs(tmp_path)
    report = json.loads((tmp_path / "em-impute.report.json").read_bytes())

    with socket.socket() as taken:
        with suppress(OSError):  # another run has the port that Dask asks for first
            taken.bind(("", 8787))
            taken.listen()
        done = run("fill", *parts, "-c", "g", "--probability", "--backend", backend, "--workers", "2", "-qq")

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


OPTIONS = {
    "groups": ("--by", "c", "--probability"),
    "groups, one mixture": ("--by", "c", "--covariance", "full", "--tol", "1e-9"),
    "weights": ("--weights", "w"),
    "weights, one mixture": ("--weights", "w", "--covariance", "tied", "--tol", "1e-9"),
    "one draw": ("--method", "draw", "--probability"),
    "draws": ("--imputations", "3", "--indicator", "--probability"),
    "draws of groups with weights": ("--imputations", "2", "--by", "c", "--weights", "w"),
}


def weighed(n_rows=900):
    """Rows with a weight each, 0 of some of them."""
    return [f"{row.rstrip()},{number % 4}\n" for number, row in enumerate(records(n_rows))]


WEIGHED = "id,g,x,y,c,w\n"


def rows_of(paths):
    """Give the records of files that are the parts of one, with its header."""
    contents = [path.read_bytes() for path in paths]
    head, _, _ = contents[0].partition(b"\n")
    return head + b"\n" + b"".join(content.partition(b"\n")[2] for content in contents)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_parts_are_filled_as_the_same_rows_in_one_file_are(options, run, tmp_path):
    rows = weighed()
    (whole,) = cut(tmp_path, rows, (900,), WEIGHED)
    whole.rename(tmp_path / "whole.csv")
    cut(tmp_path, rows, (300, 500, 900), WEIGHED)

    asked = ("-c", "g", "-qq", "--no-report", *options)
    assert 0 == run("fill", "whole.csv", *asked).returncode
    assert 0 == run("fill", "part-*.csv", *asked).returncode

    for filled in tmp_path.glob("whole.filled*.csv"):
        suffix = filled.name.removeprefix("whole")
        assert filled.read_bytes() == rows_of(sorted(tmp_path.glob(f"part-?{suffix}"))), suffix


def test_a_saved_model_of_groups_fills_parts_as_it_fills_one_file(run, tmp_path):
    rows = weighed()
    cut(tmp_path, rows, (300, 900), WEIGHED)
    (tmp_path / "whole.csv").write_bytes(rows_of(sorted(tmp_path.glob("part-?.csv"))))
    other = [f"{row.rstrip()},1\n" for row in records(600, seed=5)]
    cut(tmp_path, other, (600,), WEIGHED)[0].rename(tmp_path / "other.csv")
    cut(tmp_path, rows, (300, 900), WEIGHED)
    fitted = run(
        "fill", "other.csv", "-c", "g", "--by", "c", "--weights", "w", "--save-model", "m.json", "-qq", "--no-report"
    )
    assert fitted.returncode == 0
    for files in (["whole.csv"], ["part-0.csv", "part-1.csv"]):
        assert 0 == run("fill", *files, "--model", "m.json", "-qq", "--no-report").returncode
    filled = rows_of([tmp_path / "part-0.filled.csv", tmp_path / "part-1.filled.csv"])
    assert (tmp_path / "whole.filled.csv").read_bytes() == filled


def test_all_imputations_of_a_table_that_is_read_in_passes_go_into_one_file(run, tmp_path):
    (path,) = cut(tmp_path, weighed(), (900,), WEIGHED)
    asked = ("fill", path, "-c", "g", "-qq", "--no-report", "--imputations", "2", "--long", "--probability")
    assert 0 == run(*asked, "-o", "memory.csv").returncode
    assert 0 == run(*asked, "-o", "passes.csv", "--backend", "serial").returncode
    assert (tmp_path / "memory.csv").read_bytes() == (tmp_path / "passes.csv").read_bytes()


@pytest.mark.parametrize("source", ["-", "/dev/stdin"])
def test_a_stream_is_read_in_passes_too(source, run, tmp_path):
    (path,) = cut(tmp_path, list(records(400)), (400,))
    asked = ("-c", "g", "-qq")
    expected = run("fill", path, *asked, "-o", "-").stdout
    done = run("fill", source, *asked, "--max-memory", "64M", "-o", "-", "-r", "r.json", stdin=path.read_bytes())
    assert (0, expected, b"") == (done.returncode, done.stdout, done.stderr)
    report = json.loads((tmp_path / "r.json").read_bytes())
    assert report["parts"]["files"][0]["path"] == report["input"]["path"]
    assert report["input"]["path"] == ("standard input" if source == "-" else source)


def test_changed_cells_are_told_with_the_part_they_are_in(parts, run, tmp_path):
    whole = tmp_path / "whole.csv"
    whole.write_bytes(rows_of(parts))
    expected = run("fill", whole, "-c", "g", "-qq", "--no-report", "--diff").stdout.decode().splitlines()
    found = run("fill", *parts, "-c", "g", "-qq", "--no-report", "--diff").stdout.decode().splitlines()

    assert found[0] == f"file,{expected[0]}"
    lines = {str(path): 200 * number for number, path in enumerate(parts)}
    named = [line.split(",", 2) for line in found[1:]]
    assert [f"{int(line) + lines[path]},{rest}" for path, line, rest in named] == expected[1:]


def test_every_group_is_counted_in_all_parts(run, tmp_path):
    rows = weighed()
    cut(tmp_path, rows, (300, 900), WEIGHED)
    assert 0 == run("fill", "part-*.csv", "-c", "g", "--by", "c", "-qq", "-r", "r.json").returncode
    expected = {}
    for row in rows:
        label, group = row.split(",")[1], row.split(",")[4]
        counts = expected.setdefault(group, [0, 0])
        counts[not label] += 1
    found = json.loads((tmp_path / "r.json").read_bytes())["groups"]
    assert {one["group"]: [one["known"], one["missing"]] for one in found["groups"]} == expected
    assert found["number"] == len(expected)


def test_a_weight_that_is_none_is_named_with_its_part(run, tmp_path):
    rows = weighed(400)
    rows[300] = rows[300].replace(f",{300 % 4}\n", ",-1\n")
    cut(tmp_path, rows, (200, 400), WEIGHED)
    done = run("fill", "part-*.csv", "-c", "g", "--weights", "w")
    assert done.returncode == 3
    assert done.stderr.startswith(
        b"error: part-1.csv: column 'w' holds -1 on line 102: not a weight (1 negative cell)\n"
    )
