"""Fixtures that every folder of tests may use."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from em_impute.cli.door import BLAS_THREADS

# Before anything imports numpy: on a busy machine threads of BLAS wait for each other, for products as small as these.
for name in BLAS_THREADS:
    os.environ.setdefault(name, "1")

SAMPLES = Path(__file__).parent.parent / "sample_data"


@pytest.fixture
def samples(tmp_path):
    """A folder of one's own with the sample data in it."""
    for path in SAMPLES.glob("*.csv"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.fixture
def run(tmp_path):
    """Run em-impute as a real process in a folder of one's own: bytes in, bytes out."""

    def run(*arguments, stdin=b"", **environment):
        return subprocess.run(
            [sys.executable, "-m", "em_impute", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, **environment},
            timeout=120,
            check=False,
        )

    return run
