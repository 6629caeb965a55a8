"""How many examples are made up, the program that runs them, and what is said of them at the end."""

import os
import shutil
from functools import cached_property
from pathlib import Path

import pytest
from forking import WARM, Program
from fuzz import tally
from fuzz.contract import Run
from fuzz.files import MadeUp
from fuzz.options import Asked


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Run a command on a file in a folder of its own, and give what came of it."""
    base = tmp_path_factory.mktemp("fuzz")
    program = Program(hurried=True)
    yield _World(program, base)
    program.close()


class _World:
    def __init__(self, program: Program, base: Path) -> None:
        self._program = program
        self._folder, self._temporary = base / "work", base / "temporary"

    def run(self, made: MadeUp, asked: Asked) -> Run:
        """Run one example."""
        for folder in (self._folder, self._temporary):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        is_stdin = asked.file in {None, "-"}
        if not is_stdin:
            (self._folder / asked.file).write_bytes(made.on_disk)
        before = self._files()
        stdin = made.on_disk if is_stdin else None
        environment = {name: text for name, text in os.environ.items() if not name.startswith("EM_IMPUTE_")}
        environment = {**environment, "LC_ALL": "C.UTF-8", "TMPDIR": str(self._temporary)}
        ended = self._program.run(asked.arguments, self._folder, stdin, environment)
        tally.count(asked.command, ended)
        return Run(made, asked, before, self._files(), ended, [path.name for path in self._temporary.iterdir()])

    def render(self, content: bytes, asked: Asked) -> Run:
        """Render a saved report again."""
        return self.run(_made_of(content), asked)

    @cached_property
    def saved(self) -> str:
        """A report as it is saved."""
        asked = Asked("fill", (("-c", "g"), ("-r", "r.json")), "t.csv")
        return self.run(_made_of(WARM.encode()), asked).after["r.json"].decode()

    def _files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self._folder.iterdir()}


def _made_of(content: bytes) -> MadeUp:
    return MadeUp(content, content, "", [], 0, [], [], [], [], "", "", "", has_header=True, skip_lines=0)


def pytest_terminal_summary(terminalreporter):
    """Say how the runs have ended."""
    lines = tally.lines()
    if lines:
        terminalreporter.section("runs that were made up")
    for line in lines:
        terminalreporter.write_line(line)
