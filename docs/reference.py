"""Write the reference of the command line from its own help: docs/cli.md, and the manual page docs/em-impute.1.

python docs/reference.py
"""  # noqa: INP001  # a script, no package

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from typer import Context
from typer.main import get_command

from em_impute.cli.app import Row, app, panels, paragraphs
from em_impute.errors import ExitCode

DOCS = Path(__file__).parent

MEANING = {
    ExitCode.DONE: "done, also where nothing was missing: the output is then a copy, byte for byte",
    ExitCode.NEGATIVE: "the answer is no: `check` found missing cells or something to warn about, `--strict`, "
    "`--fail-on` or `--min-accuracy` stopped the run, or a file of `--each` failed",
    ExitCode.USAGE: "this command line can never work",
    ExitCode.INPUT: "this input cannot be used: absent, unreadable, ragged, or without a column that was named",
    ExitCode.FIT: "no model can be fitted: no label is known, or only one, or no column can predict",
    ExitCode.OUTPUT: "an output cannot be written; what was there is as it was",
    ExitCode.BUG: "a bug in em-impute: run again with `--debug` and report what it prints",
    ExitCode.INTERRUPTED: "interrupted (SIGINT); nothing is left behind",
    ExitCode.CLOSED_PIPE: "whoever read standard output has left (SIGPIPE)",
    ExitCode.TERMINATED: "terminated (SIGTERM); nothing is left behind",
}

INTRODUCTION = (
    "Written from the help by `make docs`; a test compares the two. [hands-on.md](hands-on.md) tells the story, "
    "[cron.md](cron.md) has recipes."
)

STREAMS = (
    "Standard output carries the completed CSV, or the one thing that was asked for there, or nothing. "
    "Everything said to people goes to standard error; a run that succeeds says only its warnings with `-q`, "
    "and nothing with `-qq`. "
    "An error is two lines, `error:` with what is wrong and where, `hint:` with what to do."
)


class Page(NamedTuple):
    """A command as its help shows it."""

    name: str
    usage: str
    text: list[str]
    panels: dict[str, list[Row]]


def pages() -> Iterator[Page]:
    """Give the program itself and every command of it."""
    program = get_command(app)
    whole = Context(program, info_name="em-impute")
    yield _page("em-impute", program, whole)
    for name, command in program.commands.items():
        yield _page(f"em-impute {name}", command, Context(command, info_name=name, parent=whole))


def _page(name: str, command: Any, context: Any) -> Page:  # noqa: ANN401  # Typer keeps these classes to itself
    usage = command.get_usage(context).removeprefix("Usage: ")
    return Page(name, " ".join(usage.split()), list(paragraphs(command.help)), panels(command, context))


def variables(found: list[Page]) -> dict[str, str]:
    """Give every environment variable with the option that it stands for."""
    rows = [row for page in found for panel in page.panels.values() for row in panel]
    named = {re.search(r"\[env: (\w+)\]", row.text): row for row in rows}
    return {match[1]: row.name.split()[-1] for match, row in named.items() if match}


def markdown(found: list[Page]) -> str:
    """Write the reference as Markdown."""
    lines = [
        "# The command line",
        "",
        INTRODUCTION,
        "",
        STREAMS,
        "",
    ]
    told: list[Row] = []
    for page in found:
        lines += [f"## `{page.name}`", "", f"    {page.usage}", ""]
        lines += [line for one in page.text for line in (f"    {one}" if _is_example(one) else _inline(one), "")]
        for title, rows in page.panels.items():
            own = [row for row in rows if row not in told]
            if own:
                lines += [f"**{title}**", "", "| | |", "|---|---|"]
                lines += [f"| {_code(row)} | {_inline(row.text).replace('|', chr(92) + '|')} |" for row in own]
                lines.append("")
        again = [row for rows in page.panels.values() for row in rows if row in told]
        if again:
            lines += [f"As for `em-impute fill`: {', '.join(f'`{row.name.split()[-1]}`' for row in again)}.", ""]
        if page.name == "em-impute fill":
            told = [row for rows in page.panels.values() for row in rows]
    lines += ["## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {code.value} | {meaning} |" for code, meaning in MEANING.items()]
    lines += [
        "",
        "## Environment",
        "",
        "An option on the command line beats its variable.",
        "",
        "| variable | option |",
    ]
    lines += ["|---|---|", *(f"| `{name}` | `{option}` |" for name, option in sorted(variables(found).items()))]
    return "\n".join(lines) + "\n"


def _is_example(paragraph: str) -> bool:
    return paragraph.startswith(("Start with: ", "em-impute ", "cat "))


def _code(row: Row) -> str:
    names = ", ".join(f"`{name.strip()}`" for name in row.name.split(",") if name.strip())
    return f"{names} `{row.value}`".replace("|", "\\|") if row.value else names.replace("|", "\\|")


def _inline(text: str) -> str:
    """Set what begins with a dash, or is written as the name of a file or variable, as code; escape the rest."""
    escaped = re.sub(r"([<>*\[\]])", r"\\\1", text)
    return re.sub(r"(?<![\w`-])(--?[A-Za-z][\w-]*|EM_IMPUTE_\w+)(?![\w`])", r"`\1`", escaped)


def manual(found: list[Page]) -> str:
    """Write the reference as a page of the manual, in the macros of man(7)."""
    whole, *commands = found
    lines = [
        '.\\" Written from the help by docs/reference.py.',
        '.TH EM\\-IMPUTE 1 "" em\\-impute "User Commands"',
        ".SH NAME",
        "em\\-impute \\- fill the missing cells of a categorical CSV column with a Gaussian mixture fitted by EM",
        ".SH SYNOPSIS",
    ]
    lines += [".nf", *(_roff(page.usage) for page in commands), ".fi"]
    lines += [".SH DESCRIPTION", *_spaced(_roff(text.replace("`", "")) for text in [*whole.text, STREAMS])]
    lines += [".SH OPTIONS", *_entries(whole.panels["Options"])]
    for page in commands:
        lines.append(f".SH {_roff(page.name.upper())}")
        lines += _spaced(f"\\fB{_roff(text)}\\fR" if _is_example(text) else _roff(text) for text in page.text)
        for title, rows in page.panels.items():
            lines += [f".SS {_roff(title)}", *_entries(rows)]
    lines.append(".SH EXIT STATUS")
    for code, meaning in MEANING.items():
        lines += [".TP", f"\\fB{code.value}\\fR", _roff(meaning.replace("`", ""))]
    lines.append(".SH ENVIRONMENT")
    for name, option in sorted(variables(found).items()):
        lines += [".TP", f"\\fB{name}\\fR", f"stands for {_roff(option)}, which beats it"]
    return "\n".join(lines) + "\n"


def _spaced(texts: Iterable[str]) -> list[str]:
    """Put the macro for a new paragraph between texts."""
    return "\n.PP\n".join(texts).split("\n")


def _entries(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        value = f" \\fI{_roff(row.value)}\\fR" if row.value else ""
        yield from (".TP", f"\\fB{_roff(row.name.strip())}\\fR{value}", _roff(row.text) or "\\&")


def _roff(text: str) -> str:
    """Escape what roff would take for its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    escaped = "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in escaped)
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def main() -> None:
    """Write both."""
    found = list(pages())
    (DOCS / "cli.md").write_text(markdown(found), encoding="utf-8")
    (DOCS / "em-impute.1").write_text(manual(found), encoding="utf-8")


if __name__ == "__main__":
    main()
