"""Documents that cannot lie: every transcript runs, and every option that is named exists.

`python tests/test_docs.py [DOCUMENT]...` writes the present output into the transcripts and Python sessions.
"""

import re
import sys
import tempfile
from pathlib import Path

import pytest
from documents import ROOT, with_blocks_run

DOCUMENTS = ["README.md", "docs/hands-on.md", "docs/cron.md", "docs/faq.md", "docs/install.md"]


@pytest.mark.pictures
@pytest.mark.parametrize("name", DOCUMENTS)
def test_transcripts_show_what_the_commands_print(name, tmp_path):
    text = (ROOT / name).read_text(encoding="utf-8")

    assert text == with_blocks_run(text, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/hands-on.md",
        "docs/how-it-works.md",
        "docs/uncertainty.md",
        "docs/pooling.md",
        "docs/scaling.md",
        "docs/performance.md",
        "docs/faq.md",
        "docs/comparison.md",
        "docs/reliability.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ],
)
def test_every_option_that_a_document_names_exists(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    scripts = [*(ROOT / "em_impute/cli").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    options = (
        "".join(path.read_text(encoding="utf-8") for path in scripts) + '"--help" "--install-completion"'
    )  # Typer's
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))

    assert {option for option in named if f'"{option}"' not in options} == set()


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        *sorted(str(one.relative_to(ROOT)) for one in (ROOT / "docs").rglob("*.md")),
    ],
)
def test_links_within_the_project_lead_somewhere(name):
    path = ROOT / name
    targets = re.findall(r"\]\((?!\w+:)([^)#]+)\)", path.read_text(encoding="utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


if __name__ == "__main__":
    for document in sys.argv[1:] or DOCUMENTS:
        with tempfile.TemporaryDirectory() as scratch:
            file = ROOT / document
            file.write_text(with_blocks_run(file.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8")
