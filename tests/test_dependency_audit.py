"""The audit of the dependencies: what it asks about, and what it makes of the answer."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci/audit.py"


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(*dependencies):
    return {"dependencies": list(dependencies), "fixes": []}


SOUND = {"name": "numpy", "version": "2.3.0", "vulns": []}
MENDED = {"name": "jinja2", "version": "3.1.2", "vulns": [{"id": "CVE-1", "fix_versions": ["3.1.3"]}]}
OPEN = {"name": "rich", "version": "14.0", "vulns": [{"id": "CVE-2", "fix_versions": []}]}
UNKNOWN = {"name": "ours", "skip_reason": "not found"}


def test_everything_a_user_installs_is_asked_about_and_no_tool_of_developers(audit):
    found = audit.installed()

    assert {"numpy", "pandas", "scipy", "typer", "rich", "jinja2", "matplotlib", "dask"} <= set(found)
    assert {"markupsafe", "pygments", "python-dateutil"} <= set(found)  # what those need
    assert not {"pytest", "ruff", "mypy", "hypothesis"} & set(found)


def test_only_what_a_newer_version_has_mended_closes_the_gate(audit):
    for said, is_open, words in (
        (None, True, "not audited"),
        (answer(UNKNOWN), True, "not audited"),
        (answer(SOUND, UNKNOWN), True, "not in the database: ours"),
        (answer(SOUND, OPEN), True, "rich 14.0: CVE-2, no remedy yet"),
        (answer(SOUND, MENDED), False, "jinja2 3.1.2: CVE-1, mended in 3.1.3"),
        (answer(MENDED, OPEN), False, "CVE-2"),
    ):
        lines, opened = audit.judge(said)

        assert opened == is_open
        assert words in "\n".join(lines)


def test_without_a_network_the_gate_is_open_and_says_that_nothing_was_audited():
    nowhere = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    result = subprocess.run([sys.executable, SCRIPT], env=nowhere, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Dependencies not audited")
