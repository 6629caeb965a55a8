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
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    *sorted(str(one.relative_to(ROOT)) for folder in ("docs", "sample_data") for one in (ROOT / folder).rglob("*.md")),
]
"""Every document of the project."""

BLOCK = re.compile(r"```(console|python)\n(.*?)```", re.DOTALL)
FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page):
    """Give the fenced blocks of a page: the language of each and its text."""
    return [(language, block) for _, language, block in FENCED.findall(text_of(page))]


def is_run(language, block):
    """Tell whether `with_blocks_run` runs a block."""
    return language == "console" or (language == "python" and block.startswith(">>> "))


def anchors_of(page):
    """Give the places of a page that a link may name: its headings, as GitHub calls them."""
    taken = {}
    for title in re.findall(r"^#+ (.*)$", FENCED.sub("", text_of(page)), re.MULTILINE):
        bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", bare.lower()).replace(" ", "-")
        taken[slug] = taken.get(slug, -1) + 1
    return {f"{slug}-{i}" if i else slug for slug, times in taken.items() for i in range(times + 1)}


def links_of(page):
    """Give the targets of the links of a page that lead within the project: (path, anchor)."""
    targets = re.findall(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)", FENCED.sub("", text_of(page)))
    return [(Path(page).parent / path if path else Path(page), anchor) for path, anchor in targets]


def with_blocks_run(text, folder, tool=None):
    """Put the present output into all transcripts and Python sessions of a document, run in `folder`.

    The folder `tool` may hold an `em-impute` that is quicker than the real one.
    """
    for sample in (ROOT / "sample_data").glob("*.csv"):
        shutil.copy(sample, folder)
    session = {"__name__": "__main__"}

    def run(found):
        language, block = found.groups()
        if language == "console":
            return f"```console\n{run_transcript(block, folder, tool)}```"
        return f"```python\n{run_session(block, session, folder)}```" if is_run(language, block) else found[0]

    return BLOCK.sub(run, text)


def run_transcript(transcript, folder, tool=None, **environment):
    """Run every command of a transcript in `folder` and write down what a terminal would show."""
    path = os.pathsep.join(
        [*([] if tool is None else [str(tool)]), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    shown = []
    for line in transcript.splitlines():
        if not line.startswith("$ "):
            continue
        done = subprocess.run(
            ["bash", "-c", line[2:]],
            cwd=folder,
            env={**os.environ, "PATH": path, **environment},
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
