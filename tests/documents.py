"""Documents that are run: every transcript and every Python session on a page, from its top to its bottom."""

import contextlib
import doctest
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(console|python)\n(.*?)```", re.DOTALL)


def with_blocks_run(text, folder):
    """Put the present output into all transcripts and Python sessions of a document, run in `folder`."""
    for sample in (ROOT / "sample_data").glob("*.csv"):
        shutil.copy(sample, folder)
    session = {"__name__": "__main__"}

    def run(found):
        language, block = found.groups()
        if language == "console":
            return f"```console\n{run_transcript(block, folder)}```"
        return f"```python\n{run_session(block, session, folder)}```" if block.startswith(">>> ") else found[0]

    return BLOCK.sub(run, text)


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


def run_session(block, session, folder):
    """Run the examples of a block in `folder`, with the names that `session` has and gets, and write down what Python would show."""
    shown = []
    for example in doctest.DocTestParser().get_examples(block):
        first, *others = example.source.splitlines()
        printed = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
            exec(compile(example.source, "<document>", "single", dont_inherit=True), session)  # noqa: S102
        shown.append("".join([f">>> {first}\n", *(f"... {line}\n" for line in others), printed.getvalue()]))
    return "".join(shown)
