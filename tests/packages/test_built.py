"""What is in the packages, and that the same source gives the same bytes."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.packages


@pytest.fixture(scope="module")
def unpacked(packages, tmp_path_factory):
    """The source tree that the sdist holds."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(packages.sdist) as archive:
        archive.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    return tree


def test_the_wheel_holds_the_package_the_manual_page_and_the_licence_and_nothing_else(packages, version):
    name = f"em_impute-{version}"
    package = {str(path.relative_to(ROOT)) for path in (ROOT / "em_impute").rglob("*") if path.is_file()}
    package = {path for path in package if "__pycache__" not in path}
    records = {
        f"{name}.dist-info/{file}" for file in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }
    with zipfile.ZipFile(packages.wheel) as wheel:
        held = wheel.namelist()

    assert {"em_impute/py.typed", "em_impute/report/page/page.html.jinja", "em_impute/report/page/style.css"} <= package
    assert sorted(held) == sorted(package | records | {f"{name}.data/data/share/man/man1/em-impute.1"})


def test_the_sdist_holds_every_file_of_the_repository(unpacked):
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    held = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}

    assert held == {*tracked.splitlines(), "PKG-INFO"}


def test_the_sdist_of_another_folder_and_time_gives_the_same_bytes(packages, unpacked, build):
    again = build(unpacked)

    assert again.wheel.read_bytes() == packages.wheel.read_bytes()
    assert again.sdist.read_bytes() == packages.sdist.read_bytes()


def test_the_sdist_can_run_its_tests(unpacked):
    command = [sys.executable, "-m", "pytest", "-n", "0", "tests/test_layers.py", "tests/table/test_patch.py"]
    run = subprocess.run(command, cwd=unpacked, capture_output=True, text=True, check=False)
    program = "import em_impute; print(em_impute.__file__)"
    imported = subprocess.run([sys.executable, "-c", program], cwd=unpacked, capture_output=True, text=True, check=True)

    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert imported.stdout == f"{unpacked}/em_impute/__init__.py\n"
