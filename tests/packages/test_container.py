"""The recipe of the container.  There is no engine here: what is tested are its steps."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def stages():
    """Give the instructions of each stage, in order: pairs of a word in capitals and what follows it."""
    text = (ROOT / "docs/Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    starts = [number for number, (word, _) in enumerate(lines) if word == "FROM"]
    return [lines[start:stop] for start, stop in zip(starts, [*starts[1:], None], strict=True)]


BUILD, FINAL = stages()


@pytest.mark.packages
def test_its_steps_give_a_program_that_fills_what_it_reads(environment, create, tmp_path):
    made = create("container", like=environment("base"), with_pip=True)
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    defaults = dict(what.split("=") for word, what in FINAL if word == "ARG")
    for word, what in [*BUILD, *FINAL]:
        if word == "COPY" and "--from" not in what:
            *names, target = what.split()
            for name in names:
                copy(ROOT / name, source / target / Path(name).name if target.endswith("/") else source / target)
        elif word == "RUN":
            step = what.replace("/wheels", str(wheels))
            done = made.run("sh", "-ec", step, cwd=source, **defaults)
            assert done.returncode == 0, done.stderr
    (program,) = json.loads(dict(FINAL)["ENTRYPOINT"])
    rows = (made.home / "heights.csv").read_text(encoding="utf-8")
    said = made.run(program, "fill", "-", "-c", "gender", stdin=rows)

    assert said.returncode == 0
    assert said.stdout.count("\n") == rows.count("\n")
    assert ",," not in said.stdout


def copy(path, target):
    """Copy a file or a folder as the instruction COPY does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(path, target)
