"""Documents that cannot lie: every transcript runs, and every option that is named exists.

`python tests/test_docs.py` writes the present output into the transcripts.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["README.md"]
TRANSCRIPT = re.compile(r"```console\n(.*?)```", re.DOTALL)


def run_transcript(transcript, folder):
    """Run every command of a transcript in `folder` and write down what a terminal would show."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shown = []
    for line in transcript.splitlines():
        if not line.startswith("$ "):
            continue
        done = subprocess.run(
            ["bash", "-c", line[2:]],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        shown.append(f"{line}\n{done.stdout.decode()}")
    return "".join(shown)


def with_transcripts_run(text, folder):
    """Put the present output into all transcripts of a document."""
    for sample in (ROOT / "sample_data").glob("*.csv"):
        shutil.copy(sample, folder)
    return TRANSCRIPT.sub(lambda found: f"```console\n{run_transcript(found[1], folder)}```", text)


@pytest.mark.pictures
@pytest.mark.parametrize("name", DOCUMENTS)
def test_transcripts_show_what_the_commands_print(name, tmp_path):
    text = (ROOT / name).read_text(encoding="utf-8")

    assert text == with_transcripts_run(text, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/how-it-works.md",
        "docs/uncertainty.md",
        "docs/pooling.md",
        "docs/scaling.md",
        "docs/performance.md",
        "CHANGELOG.md",
    ],
)
def test_every_option_that_a_document_names_exists(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    scripts = [*(ROOT / "em_impute/cli").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    options = "".join(path.read_text(encoding="utf-8") for path in scripts) + '"--help"'
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))

    assert {option for option in named if f'"{option}"' not in options} == set()


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "docs/how-it-works.md", "docs/uncertainty.md", "docs/scaling.md"]
)
def test_links_within_the_project_lead_somewhere(name):
    path = ROOT / name
    targets = re.findall(r"\]\((?!\w+:)([^)#]+)\)", path.read_text(encoding="utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


if __name__ == "__main__":
    for document in DOCUMENTS:
        with tempfile.TemporaryDirectory() as scratch:
            file = ROOT / document
            file.write_text(with_transcripts_run(file.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8")
