"""Little memory, few open files, no threads: two lines and an exit code, or a whole result."""

import random
import subprocess
import sys

import pytest
from faulty import PATIENCE, contents, do, rounds, table
from patched import is_two_lines

pytestmark = [
    pytest.mark.faults,
    pytest.mark.exhaustive,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory differently"),
]

MIB = 1 << 20
PYTHON = 64
"""MiB of addresses with which any Python starts; below it is tried."""


def starts(limits):
    """Tell whether Python itself, and what reads the command line, start with such limits."""
    import resource

    def prepare():
        for name, most in limits.items():
            resource.setrlimit(getattr(resource, name), (most, most))

    try:
        tried = subprocess.run(
            [sys.executable, "-c", "import mmap, em_impute.cli.main, em_impute.report.format"],
            capture_output=True, timeout=PATIENCE / 6, preexec_fn=prepare, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0


def fill_within(folder, limits, tally, what):
    """Fill with such limits, and look at the end."""
    before = contents(folder)
    code, output, said = do(folder, "fill", "a.csv", "-c", "g", "-o", "out.csv", "--no-report", "-qq", limits=limits)
    after = contents(folder)
    new = after.pop("out.csv", None)
    (folder / "out.csv").unlink(missing_ok=True)
    tally(what, "done" if code == 0 else f"exit code {code}")

    assert (before, b"") == (after, output), limits
    assert (code == 0) == (new is not None), (limits, code, said)
    assert is_two_lines(said) or (code, said) == (0, b""), (limits, code, said)
    return code, said, new


@pytest.mark.parametrize("name", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_with_any_limit_on_memory_the_result_is_whole_or_the_lack_is_said(tmp_path, tally, name):
    (tmp_path / "a.csv").write_bytes(table(300))
    whole = fill_within(tmp_path, {}, tally, "without a limit")[2]
    chance = random.Random(20290)  # noqa: S311  # to be repeated
    # Below them Python itself may not start, above them everything works.
    first, last = (15, 520) if name == "RLIMIT_AS" else (6, 220)
    for limit in [*sorted(chance.uniform(first, last) for _ in range(rounds(2))), last]:
        limits = {name: int(limit * MIB)}
        if limit < PYTHON and not starts(limits):
            tally(f"{name} at random", "Python did not start")
            continue
        code, said, new = fill_within(tmp_path, limits, tally, f"{name} at random")

        assert (code, new) in {(0, whole), (4, None)}, (limits, said)
        assert code == 0 or b"error: not enough memory" in said, (limits, said)
    assert 0 == code


def test_a_table_for_which_memory_does_not_suffice_is_refused(tmp_path, tally):
    rows = "".join(f"{'ab'[i % 2] if i % 3 else ''},{i % 9}\n" for i in range(600_000))
    (tmp_path / "a.csv").write_text(f"g,x\n{rows}" + f"a,1\nb,{'9' * 150_000_000}\n")
    code, said, _ = fill_within(tmp_path, {"RLIMIT_AS": 430 * MIB}, tally, "a cell of 150 MB in 430 MiB")

    assert 4 == code
    assert said.startswith(b"error: not enough memory\n")


def test_without_threads_the_result_is_the_same(tmp_path):
    (tmp_path / "a.csv").write_bytes(table(300))
    assert 0 == do(tmp_path, "fill", "a.csv", "-c", "g", "-qq")[0]
    code = """
import threading

def start(self):
    raise RuntimeError("can't start new thread")

threading.Thread.start = start
from em_impute.cli.main import main
main()
"""
    before = contents(tmp_path)
    result = subprocess.run(
        [sys.executable, "-c", code, "fill", "a.csv", "-c", "g", "-o", "out.csv", "--no-report", "-qq"],
        cwd=tmp_path, capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    after = contents(tmp_path)

    if result.returncode == 0:
        assert before["a.filled.csv"] == after.pop("out.csv")
    else:
        assert 4 == result.returncode, result.stderr
        assert result.stderr.startswith(b"error: not enough memory")
    assert before == after
