"""What the project says of itself is said once, or the same everywhere."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEEDED = [*PROJECT["dependencies"], *EXTRAS["report"], *EXTRAS["zstd"], *EXTRAS["dask"], *EXTRAS["sklearn"]]


def test_the_citation_says_what_the_project_says():
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))

    assert [said[key] for key in ("title", "version", "license")] == [
        PROJECT[key] for key in ("name", "version", "license")
    ]
    assert said["authors"] == PROJECT["authors"]


def test_the_version_is_that_of_the_project_and_no_module_repeats_it(run):
    result = run("--version")
    modules = (ROOT / "em_impute").rglob("*.py")

    assert (result.returncode, result.stdout) == (0, f"em-impute {PROJECT['version']}\n".encode())
    assert [path.name for path in modules if PROJECT["version"] in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("requirement", NEEDED)
def test_every_requirement_has_a_lower_bound_as_the_makefile_reads_it_and_no_upper_one(requirement):
    assert re.fullmatch(r"[\w.-]+>=[\w.]+(; .*)?", requirement)
