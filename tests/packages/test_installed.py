"""What is installed works: from the wheel and from the sdist, alone and with each extra."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from em_impute.table.compression import compressed

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENTS = ["base", "report", "sklearn", "dask", "zstd"]

FILL = ["em-impute", "fill", "-c", "gender", "-q"]

ESTIMATOR = """
import sys, pandas, em_impute
try:
    imputer = em_impute.GaussianMixtureImputer(column="gender", covariance="tied")
except em_impute.EmImputeError as error:
    sys.exit(f"error: {error}\\nhint: {error.hint}")
imputer.fit_transform(pandas.read_csv("heights.csv")).to_csv("estimated.csv", index=False)
"""

CAPABILITIES = {
    "report": ([*FILL, "heights.csv", "-r", "page.html"], "page.html", b"<!doctype html>"),
    "sklearn": (["python", "-c", ESTIMATOR], "estimated.csv", b"name,"),
    "dask": ([*FILL, "heights.csv", "--backend", "dask", "--workers", "1", "-o", "out/"], "out/heights.csv", b"name,"),
    "zstd": ([*FILL, "heights.csv.zst"], "heights.filled.csv.zst", b"\x28\xb5\x2f\xfd"),
}  # fmt: skip
"""What takes an extra: a command, a file that it makes, and how that begins."""

pytestmark = pytest.mark.packages


@pytest.fixture(params=["base", "zstd"], ids=["wheel", "sdist"])
def installed(request, environment):
    """One of the environments for each of the packages."""
    return environment(request.param)


def test_all_that_it_needs_is_there_and_agrees(installed):
    command = [sys.executable, "-m", "pip", "--python", installed.folder / "bin/python", "check"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout) == (0, "No broken requirements found.\n")


def test_the_version_is_that_of_the_source_and_the_package_that_of_the_environment(installed, version):
    program = "import em_impute; print(em_impute.__file__, em_impute.__version__)"
    found = installed.run("python", "-c", program)

    for words in (["em-impute"], ["python", "-m", "em_impute"]):
        said = installed.run(*words, "--version")
        assert (said.returncode, said.stdout, said.stderr) == (0, f"em-impute {version}\n", "")
    assert found.stdout.startswith(f"{installed.folder}/lib/")
    assert found.stdout.endswith(f"/em_impute/__init__.py {version}\n")


def test_a_file_is_completed_and_nothing_else_changed(installed):
    before = (installed.home / "heights.csv").read_text()
    said = installed.run(
        "em-impute", "fill", "heights.csv", "--column", "gender", "-q", "-o", "done.csv", "--covariance", "tied"
    )
    pairs = list(zip(before.splitlines(), (installed.home / "done.csv").read_text().splitlines(), strict=True))

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert {after for old, after in pairs if old != after} == {
        after
        for old, after in pairs
        if ",," in old and after in {old.replace(",,", f",{one},") for one in ("female", "male")}
    }
    assert sum(",," in old for old, _ in pairs) == sum(old != after for old, after in pairs) == 280
    assert json.loads((installed.home / "done.report.json").read_bytes())["missing"]["filled"] == 280


def test_the_manual_page_lies_where_man_looks(installed):
    page = installed.folder / "share/man/man1/em-impute.1"

    assert page.read_bytes() == (ROOT / "docs/em-impute.1").read_bytes()
    if shutil.which("man") is not None:
        assert installed.run("man", "-w", "em-impute").stdout == f"{page}\n"


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_extra_makes_possible_what_is_refused_without_it_in_two_lines(environment, name, capability):
    home = environment(name).home
    words, made, beginning = CAPABILITIES[capability]
    (home / "heights.csv.zst").write_bytes(b"".join(compressed([(home / "heights.csv").read_bytes()], ".zst")))
    (home / made).unlink(missing_ok=True)
    said = environment(name).run(*words)
    brought = {"zstd": sys.version_info >= (3, 14), "report": name == "dask"}  # by Python itself; Dask needs Jinja2 too
    is_possible = name == capability or brought.get(capability, False)

    assert (said.returncode == 0) is is_possible
    assert (home / made).exists() is is_possible
    if is_possible:
        assert (said.stdout, said.stderr) == ("", "")
        assert (home / made).read_bytes().startswith(beginning)
    else:
        error, hint = said.stderr.splitlines()
        assert error.startswith("error: ")
        assert hint.startswith(f"hint: pip install '.[{capability}]' in a checkout")
