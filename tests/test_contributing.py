"""CONTRIBUTING.md tells the truth: its examples are made in a copy of the package and work, its rooms and targets exist.

`python tests/test_contributing.py` writes the present output into the transcripts of the examples.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from documents import FENCED, ROOT, run_transcript, text_of

PAGE = "CONTRIBUTING.md"
BIN = Path(sys.executable).parent
COPIED = ["em_impute", "tests", "sample_data", "docs", "benchmarks", "pyproject.toml", "Makefile", "README.md"]

INTRODUCED = re.compile(r"`([\w/]+\.py)`\n\n\Z")
"""What stands directly before a block that changes a file or is one."""


def examples():
    """Give the worked examples: the title of each and its text."""
    (chapter,) = re.findall(r"^## Three worked examples\n(.*?)^## ", text_of(PAGE), re.DOTALL | re.MULTILINE)
    parts = re.split(r"^### (.*)\n", chapter, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def changed(text, hunk):
    """Make one change of a file: what a hunk shows and takes away stands there once."""
    lines = [line or " " for line in hunk.splitlines()]
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"stands there {text.count(before)} times:\n{before}"
    return text.replace(before, after)


def make(example, folder):
    """Copy the package into `folder` and make all changes of an example; give the files that it touches."""
    for name in COPIED:
        copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copied(ROOT / name, folder / name)
    (folder / "tests/base_install/em_impute").symlink_to(folder / "em_impute")  # for the processes of tests
    touched = []
    for found in FENCED.finditer(example):
        _, language, block = found.groups()
        if language not in {"diff", "python"}:
            continue
        path = folder / INTRODUCED.search(example[: found.start()])[1]
        if language == "python":
            assert not path.exists()
            path.write_text(block, encoding="utf-8")
        for hunk in block.split("@@\n") if language == "diff" else ():
            path.write_text(changed(path.read_text(encoding="utf-8"), hunk), encoding="utf-8")
        touched.append(str(path))
    return touched


def environment(folder):
    """Let Python find the copy and not what is installed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**own, "PYTHONPATH": str(folder), "PATH": f"{BIN}{os.pathsep}{own['PATH']}"}


def with_transcripts(example, folder):
    """Put the present output into the transcripts of an example that was made in `folder`."""
    scratch = folder / "scratch"
    shutil.copytree(folder / "sample_data", scratch)
    return re.sub(
        r"```console\n(.*?)```",
        lambda found: f"```console\n{run_transcript(found[1], scratch, PYTHONPATH=str(folder))}```",
        example,
        flags=re.DOTALL,
    )


@pytest.fixture
def copy():
    """A folder for a copy; not `tmp_path`, whose reports are compared with the schema as it is without the example."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.pictures
@pytest.mark.parametrize("title", examples())
def test_a_worked_example_can_be_made_is_clean_and_does_what_it_shows(title, copy):
    example = examples()[title]
    touched = make(example, copy)
    commands = [block for _, language, block in FENCED.findall(example) if language == "sh"]

    assert len(touched) > 3
    for command in ["ruff check $0", "ruff format --check $0", *commands]:
        script = command.replace("$0", " ".join(touched))
        done = subprocess.run(
            ["sh", "-c", script], cwd=copy, env=environment(copy), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    assert len(commands) == 1
    assert example == with_transcripts(example, copy)


def test_the_table_of_rooms_names_every_room_and_no_other():
    cells = re.findall(r"^\| ([^|]*) \|", text_of(PAGE).partition("| Room |")[2].partition("\n\n")[0], re.MULTILINE)
    named = {name.rstrip("/") for cell in cells for name in re.findall(r"`([\w/.]+)`", cell)}
    package = ROOT / "em_impute"
    rooms = {path.name for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert {name for name in named if not (package / name).exists()} == set()
    assert rooms - {"__init__.py", "__main__.py"} - named == set()


def test_every_target_of_make_is_told():
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert [name for name in targets if name != "help" and f"`make {name}`" not in text_of(PAGE)] == []


if __name__ == "__main__":
    page = text_of(PAGE)
    for written in examples().values():
        with tempfile.TemporaryDirectory() as made_in:
            make(written, Path(made_in))
            page = page.replace(written, with_transcripts(written, Path(made_in)))
    (ROOT / PAGE).write_text(page, encoding="utf-8")
