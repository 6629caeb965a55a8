"""One golden run: its command lines run within this process, and all that came of them as text."""

import os
import shlex
import sys
import time
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from golden.forms import Masks, kept
from golden.tables import write_files

from em_impute.cli import main
from em_impute.report import extra
from em_impute.report.text import console as terminal

__all__ = ["outcome"]

OURS = ("EM_IMPUTE_", "COLOR", "CLICOLOR", "NO_COLOR", "FORCE_COLOR")
"""How variables begin that would change what a run says."""

WORLD = {"COLUMNS": "80", "LINES": "24", "TERM": "xterm", "LC_ALL": "C.UTF-8"}

NOW = 1_700_000_000
"""Seconds since 1970."""

PROCESS = 4242
"""What logs call this process."""


class Terminal(StringIO):
    """Standard error of somebody who watches."""

    def isatty(self):
        return True


def outcome(run):
    """Give all that came of a run, line by line."""
    with TemporaryDirectory() as path, _world(run, Path(path)):
        folder = Path(path)
        write_files(folder)
        before = _files_of(folder)
        lines = []
        for command in run.commands:
            code, out, err = _call(shlex.split(command), before.get(run.stdin, b""), on_terminal=run.on_terminal)
            lines += ["", f"$ em-impute {command}", f"exit code {code}"]
            masks = Masks(folder, _files_of(folder))
            lines += kept("standard output", out, masks, before) if out else []
            lines += kept("standard error", err, masks, {}) if err else []
        after = _files_of(folder)
        masks = Masks(folder, after)
        for name, content in after.items():
            if content != before.get(name) and name not in run.passed_on:
                lines += ["", *kept(name, content, masks, before)]
        lines += [line for name in before if name not in after for line in ("", f"=== {name} is gone")]
    return [run.name, *lines]


def _files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _world(run, folder):
    """Enter the world of a run."""
    world = ExitStack()
    there = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    there.pop("SOURCE_DATE_EPOCH", None)
    dated = {"SOURCE_DATE_EPOCH": str(NOW)} if run.is_dated else {}
    world.enter_context(patch.dict(os.environ, {**there, **WORLD, **dated, **dict(run.environment)}, clear=True))
    world.enter_context(chdir(folder))
    world.enter_context(patch.object(main, "_prepare", lambda: None))  # the signals are those of who runs this
    world.enter_context(patch.object(os, "getpid", lambda: PROCESS))
    world.enter_context(patch.object(time, "time", lambda: float(NOW)))
    world.enter_context(patch.object(terminal, "PATIENCE", 3600.0))  # else a busy machine would show a bar
    if not run.has_pictures:
        world.enter_context(patch.object(extra, "find_spec", lambda _: None))
    for place, size in run.limits:
        world.enter_context(patch(place, size))
    return world


def _call(arguments, stdin, *, on_terminal):
    """Run em-impute: its exit code, and the bytes of both streams."""
    out, err = BytesIO(), Terminal() if on_terminal else StringIO()
    with (
        patch.object(sys, "argv", ["em-impute", *arguments]),
        patch.object(sys, "stdin", TextIOWrapper(BytesIO(stdin))),
        redirect_stdout(TextIOWrapper(out, "utf-8", write_through=True)),
        redirect_stderr(err),
    ):
        code = main._run(arguments)
        sys.stdout.flush()
        return int(code), out.getvalue(), err.getvalue().encode()
