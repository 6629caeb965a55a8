"""The packages as they would be published, and environments of their own in which they are installed.

These tests are marked with `packages` and run by `make packages`, for they install from where pip installs from.
"""

import functools
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent.parent
SITE_PACKAGES = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
PIP_OPTIONS = ["--quiet", "--prefer-binary", "--no-compile", "--disable-pip-version-check"]


class Packages(NamedTuple):
    """What is published."""

    sdist: Path
    wheel: Path


class Environment(NamedTuple):
    """An environment that holds what was asked for and nothing else."""

    folder: Path
    home: Path
    """where its programs run: an empty folder, but for the sample data"""

    def run(self, *command, cwd=None, stdin="", **variables):
        """Run one of its programs, with nothing of the environment of the tests but how pip finds packages."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("PIP_") or name.lower().endswith("_proxy")
        }
        variables = {**kept, "PATH": f"{self.folder}/bin{os.pathsep}{os.defpath}", "HOME": str(self.home), **variables}
        return subprocess.run(
            command, input=stdin, cwd=cwd or self.home, env=variables, capture_output=True, text=True, timeout=120, check=False
        )  # fmt: skip

    def install(self, what):
        """Install a package into it; it needs no pip for that.  As in the Makefile uv does it, or else pip."""
        python, uv = self.folder / "bin/python", Path(sys.executable).parent / "uv"
        quickly = [uv, "pip", "install", "--quiet", "--python", python, what]
        if not uv.exists() or subprocess.run(quickly, check=False).returncode != 0:
            subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *PIP_OPTIONS, what], check=True)


@pytest.fixture(scope="session")
def version():
    """The version as pyproject.toml has it."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """Build both packages of a source tree, without the network."""

    def build(source):
        folder = tmp_path_factory.mktemp("dist")
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source]
        subprocess.run(command, capture_output=True, check=True)
        (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
        return Packages(sdist, wheel)

    return build


@pytest.fixture(scope="session")
def packages(build):
    """The sdist of the checkout, and the wheel that is built from it."""
    return build(ROOT)


@pytest.fixture(scope="session")
def create(tmp_path_factory):
    """Create an environment.  What em-impute needs is linked from that of `like`: a second of work for ten of pip's."""

    def create(name, like=None, *, with_pip=False):
        made = Environment(tmp_path_factory.mktemp(f"{name}-environment"), tmp_path_factory.mktemp(f"{name}-home"))
        venv.create(made.folder, symlinks=True, with_pip=with_pip)
        for path in (ROOT / "sample_data").glob("*.csv"):
            shutil.copy(path, made.home)
        if like is not None:
            ours = shutil.ignore_patterns("em_impute*")
            shutil.copytree(
                like.folder / SITE_PACKAGES, made.folder / SITE_PACKAGES, copy_function=os.link, ignore=ours, dirs_exist_ok=True
            )  # fmt: skip
        return made

    return create


@pytest.fixture(scope="session")
def environment(packages, create):
    """Give the environment `base`, into which the wheel is installed, or that of an extra; `zstd` takes the sdist."""

    @functools.cache
    def environment(name):
        if name == "base":
            made = create(name)
            made.install(packages.wheel)
            made.run("em-impute", "fill", "heights.csv", "-c", "gender", "-q", "--dry-run")  # compiles what all share
        else:
            made = create(name, like=environment("base"))
            made.install(f"{packages.sdist if name == 'zstd' else packages.wheel}[{name}]")
        return made

    return environment
