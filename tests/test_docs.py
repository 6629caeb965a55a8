"""Documents that cannot lie: every block runs or is named here, every option, link and file that is named exists.

`python tests/test_docs.py [DOCUMENT]...` writes the present output into the transcripts and Python sessions.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from documents import PAGES, ROOT, anchors_of, blocks_of, is_run, links_of, text_of, with_blocks_run

EXAMPLES = "CONTRIBUTING.md"
"""Its blocks change a copy of the package and run there: tests/test_contributing.py."""

TRANSCRIPTS = [page for page in PAGES if page != EXAMPLES and any(is_run(*block) for block in blocks_of(page))]

OF_CRON = [
    "MAILTO=survey@example.org", "em-impute fill labelled.csv -c g", "#!/bin/sh", "# survey.service",
    "# survey.timer", "SOURCES := $(filter-out %.filled", "worst=0", "find survey -name '*.csv' ! -name",
]  # fmt: skip
"""What tests/test_cron.py runs."""

OTHERS = {
    ("README.md", 'pip install ".[report]"'): "has a test below",
    ("README.md", "15 2 * * *  cd /srv/survey && em"): "has a test below",
    ("docs/comparison.md", "printf '\\357\\273\\277zip,name,\"ki"): "has a test below",
    ("docs/drift.md", "python benchmarks/drift.py"): "takes minutes; date and versions stand below it",
    ("docs/cron.md", "/srv/survey/em-impute.log {"): "needs logrotate",
    ("docs/install.md", "pip install .               # fi"): "make does it when it creates .venv",
    ("docs/install.md", "pipx install '.[report]'"): "needs pipx and uv",
    ("docs/install.md", "python -m pip install build && p"): "tests/packages does it",
    ("docs/install.md", "em-impute --install-completion  "): "tests/cli/test_completion.py types into real shells",
    ("docs/install.md", 'man -M "$(dirname "$(dirname "$('): "needs an installation; tests/packages looks for the page",
    ("docs/install.md", "docker build -f docs/Containerfi"): "needs docker; tests/packages runs the recipe's steps",
    ("docs/install.md", "docker run --rm -i em-impute fil"): "needs docker",
    ("docs/install.md", 'docker run --rm --user "$(id -u)'): "needs docker",
    ("docs/install.md", "15 2 * * *  docker run --rm --ne"): "needs docker",
    ("docs/pooling.md", "em-impute fill heights.csv --col"): "has a test below",
    ("docs/pooling.md", "import numpy as np"): "tests/test_pooling.py runs it",
    ("docs/pooling.md", "library(mice)"): "needs R; the page says that it is not run",
    ("docs/pooling.md", "import delimited using heights.f"): "needs Stata; the page says that it is not run",
    ("docs/uncertainty.md", "python benchmarks/coverage.py --"): "takes 22 minutes; date and versions stand below it",
    **{("docs/cron.md", line): "tests/test_cron.py runs it" for line in OF_CRON},
}
"""Blocks that are no transcripts, by the beginning of their first line, and what becomes of them."""

MEASURED = [f"docs/{name}.md" for name in ("accuracy", "drift", "performance", "reliability", "scaling", "uncertainty")]
"""Documents with figures that take minutes or hours to find."""

OF_OTHER_PROGRAMS = {
    "CONTRIBUTING.md": {"--no-deps"},  # of pip
    "docs/cron.md": {"--now"},  # of systemctl
    "docs/install.md": {"--build-arg", "--network", "--rm", "--user", "--userns"},  # of docker
}


@pytest.mark.pictures
@pytest.mark.parametrize("page", TRANSCRIPTS)
def test_transcripts_show_what_the_commands_print(page, tmp_path, tool):
    text = text_of(page)

    assert text == with_blocks_run(text, tmp_path, tool)


def test_every_other_block_is_named_with_what_becomes_of_it():
    found = {
        (page, block.split("\n")[0][:32])
        for page in PAGES
        for language, block in blocks_of(page)
        if page != EXAMPLES and not is_run(language, block)
    }

    assert "docs/hands-on.md" in TRANSCRIPTS
    assert found == {(page, line[:32]) for page, line in OTHERS}


@pytest.mark.parametrize("page", MEASURED)
def test_figures_carry_the_command_the_day_and_the_versions(page):
    text = " ".join(text_of(page).split())
    commands = re.findall(r"python (benchmarks/\w+\.py)|make (faults|fuzz)", text)

    assert commands
    assert [script for script, _ in commands if script and not (ROOT / script).is_file()] == []
    assert re.search(r"20\d\d-\d\d-\d\d", text)
    assert re.search(r"Python 3\.\d+", text)
    assert re.search(r"numpy \d+\.\d+", text)


def test_every_option_that_a_document_names_exists():
    scripts = [*(ROOT / "em_impute/cli").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    declared = re.findall(r'"(-[^"]*)"', "".join(path.read_text(encoding="utf-8") for path in scripts))
    options = {one for text in declared for one in re.findall(r"--[a-z][a-z-]+", text)}
    options |= {"--help", "--install-completion", "--show-completion"}
    named = {
        (page, option)
        for page in PAGES
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text_of(page))) - OF_OTHER_PROGRAMS.get(page, set())
    }

    assert {one for one in named if one[1] not in options} == set()


def test_links_within_the_project_lead_to_a_file_and_a_heading_of_it():
    links = [link for page in PAGES for link in links_of(page)]
    nowhere = [str(path) for path, _ in links if not (ROOT / path).exists()]
    lost = [
        f"{path}#{anchor}"
        for path, anchor in links
        if anchor and path.suffix == ".md" and anchor not in anchors_of(os.path.normpath(path))
    ]

    assert (nowhere, lost) == ([], [])


def test_every_file_and_test_that_a_document_names_is_there():
    text = re.sub(r"new file\s+`[^`]*`", "", "".join(map(text_of, PAGES)))  # of a worked example
    paths = set(re.findall(r"`((?:em_impute|tests|benchmarks|sample_data|docs)/[\w./-]*\w)/?`", text))
    tests = set(re.findall(r"`(test_\w+)`", text))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert {path for path in paths if not (ROOT / path).exists()} == set()
    assert {name for name in tests if f"def {name}(" not in code} == set()


def test_every_make_target_that_a_document_names_exists():
    text = "".join(map(text_of, PAGES))
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]+)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert named - targets == set()


def shell(script, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    return subprocess.run(["sh", "-c", script], cwd=folder, env=environment, capture_output=True, check=True)


def block_of(page, beginning):
    (block,) = (block for _, block in blocks_of(page) if block.startswith(beginning))
    return block


def test_the_first_commands_of_the_readme_work_from_a_fresh_clone():
    install, enter, fill = block_of("README.md", "pip install").splitlines()
    folder = ROOT / enter.removeprefix("cd ")

    assert install == 'pip install ".[report]"'  # in double quotes every shell takes it; make does it for .venv
    assert (folder / fill.split()[2]).is_file()
    assert f"$ {fill}\nFilled all " in text_of("README.md")  # so it is run


def test_the_line_for_cron_in_the_readme_fills_and_says_nothing(samples):
    (samples / "heights.csv").rename(samples / "today.csv")
    command = block_of("README.md", "15 2 ").split(None, 5)[5].replace("/srv/survey", shlex.quote(str(samples)))
    done = shell(command, samples)

    assert (done.stdout, done.stderr) == (b"", b"")
    assert b",," not in (samples / "done.csv").read_bytes()


def test_the_small_file_of_the_comparison_changes_by_one_byte(tmp_path):
    shell(block_of("docs/comparison.md", "printf"), tmp_path)
    before = (tmp_path / "t.csv").read_bytes()
    shell("em-impute fill t.csv -c kind -q --no-report", tmp_path)
    (row,) = (line for line in before.split(b"\n") if b",,9e2" in line)

    assert len(before) == 126
    assert (tmp_path / "t.filled.csv").read_bytes() == before.replace(row, row.replace(b",,", b",b,"))


def test_both_ways_to_make_imputations_write_what_their_comments_say(samples):
    apart, long = block_of("docs/pooling.md", "em-impute fill").splitlines()
    shell(apart, samples)
    shell(long, samples)
    expected = {"heights.filled.csv", *(f"heights.filled.{i}.csv" for i in range(1, 21))}

    assert {path.name for path in samples.glob("heights.filled*.csv")} == expected


if __name__ == "__main__":
    for document in sys.argv[1:] or TRANSCRIPTS:
        with tempfile.TemporaryDirectory() as scratch:
            file = ROOT / document
            file.write_text(with_blocks_run(file.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8")
