"""Standard error as people read it: colours where wanted, lines broken between words, a bar for long work."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate, zip_longest
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING, Any

from em_impute.report.document.blocks import FEW, MAX_LISTED, Section, Table, Text, written
from em_impute.report.format import NUMBER, printable

if TYPE_CHECKING:
    from rich.console import Console

    from em_impute.pipeline.open import Progress

NAME_WIDTH = 12
"""Columns of the names that lines of a name and a text begin with."""

INDENT = 2
"""Columns by which the further lines of a sentence are indented."""

LEAST, GAP = 24, 2
"""Columns of what is not broken in a table, numbers, words and what heads a row; and columns between them."""

SPACE = re.compile(" (?!%)")
"""Where a line may be broken: not between a number and its unit."""

ENDLESS = 10_000
"""Columns of a line that nobody breaks, in a log or a pipe."""


def make_console(color: str = "auto") -> "Console":
    """Open standard error for people.

    `color` is always, never, or auto: on a terminal that wants them.  Without colours nothing is emphasised either.
    """
    from rich.console import Console  # late, since nothing of rich is needed to say nothing

    class StandardError(Console):
        """A console whose reader may leave: the door then ends the run as for any closed pipe."""

        def on_broken_pipe(self) -> None:
            """Pass the error on; rich would end the process with 1, as if the answer were no."""
            raise BrokenPipeError

    is_terminal = sys.stderr.isatty()
    coloured = color == "always" or (color == "auto" and is_terminal and _wants_colour(os.environ))
    return StandardError(
        stderr=True,
        force_terminal=is_terminal,
        color_system="standard" if coloured else None,  # every terminal has the colours that are used here
        no_color=not coloured,
        highlight=False,
        emoji=False,
        markup=False,
    )


def _wants_colour(environment: Mapping[str, str]) -> bool:
    """Tell what the user of a terminal has said by the usual variables; the first that says something decides."""
    if environment.get("NO_COLOR"):
        return False
    force = environment.get("FORCE_COLOR") or environment.get("CLICOLOR_FORCE")
    if force:
        return force.lower() not in {"0", "false"}
    return environment.get("CLICOLOR") != "0" and environment.get("TERM", "").lower() not in {"dumb", "unknown"}


def print_lines(console: "Console", lines: Iterable[tuple[str, str]]) -> None:
    """Print lines of a name and what there is to say about it."""
    for name, text in lines:
        style = "bold yellow" if name == "warning" else "bold"
        _print(console, f"{name:<{NAME_WIDTH}}", style, text, NAME_WIDTH)


def print_sentences(console: "Console", sentences: Iterable[str]) -> None:
    """Print sentences; one that begins with the word Warning is emphasised."""
    for sentence in sentences:
        head, colon, rest = sentence.partition(": ")
        if colon and head == "Warning":
            _print(console, f"{head}: ", "bold yellow", rest, INDENT)
        else:
            _print(console, "", "", sentence, INDENT)


def print_sections(console: "Console", sections: Iterable[Section]) -> None:
    """Print what the sections of a document show in the open, without charts; of a long table the first rows."""
    for i, section in enumerate(sections):
        if i:
            _print(console, "", "", "", 0)
        _print(console, section.title, "bold", "", 0)
        for block in section.blocks:
            if isinstance(block, Table):
                most = FEW if block.is_long else MAX_LISTED
                rows = [[plain(cell) for cell in row] for row in (block.head, *block.rows[:most])]
                more = f" (the first {most} of {len(block.rows):,})" if len(block.rows) > most else ""
                _print(console, " " * INDENT, "", f"{block.caption}{more}:", INDENT)
                for line in _grid(rows, (console.width if console.is_terminal else ENDLESS) - 2 * INDENT):
                    _print(console, " " * 2 * INDENT, "", line, 2 * INDENT)
            elif isinstance(block, str | Text):
                _print(console, " " * INDENT, "", plain(block), INDENT)


def _grid(rows: Iterable[Sequence[str]], room: int) -> list[str]:
    """Align a head and the rows below it, numbers to the right; columns beyond `room` stand below."""
    from rich.cells import cell_len, chop_cells

    head, *body = [[printable(cell) for cell in row] for row in rows]
    columns = [*zip(*body, strict=True)] if body else [()] * len(head)
    is_right = [bool(body) and all(NUMBER.match(cell) or not cell for cell in column) for column in columns]
    least, most = [], [max(map(cell_len, column)) for column in zip(head, *body, strict=True)]
    for at, column in enumerate(columns):
        whole = column if is_right[at] or not at else SPACE.split(" ".join(column))
        least.append(min(LEAST, max(map(cell_len, (*whole, *head[at].split(" "))))))
    n_fit = max(2, sum(end <= room + GAP for end in accumulate(one + GAP for one in least)))
    if n_fit < len(head):
        below = [[row[0], *row[n_fit:]] for row in (head, *body)]
        return [*_grid([row[:n_fit] for row in (head, *body)], room), *_grid(below, room)]
    spare = room + GAP - sum(one + GAP for one in least)
    for at in sorted(range(len(head)), key=lambda at: (at > 0, most[at])):
        more = max(0, min(spare, most[at] - least[at]))
        least[at], spare = least[at] + more, spare - more
    lines = []
    for row in (head, *body):
        broken_up = [
            [part for line in wrapped(cell, width) for part in chop_cells(line, width)]
            for cell, width in zip(row, least, strict=True)
        ]
        for parts in zip_longest(*broken_up, fillvalue=""):
            cells = zip(parts, least, is_right, strict=True)
            padded = [(part, " " * (width - cell_len(part)), right) for part, width, right in cells]
            lines.append((" " * GAP).join(pad + part if right else part + pad for part, pad, right in padded).rstrip())
    return lines


def plain(value: Any) -> str:  # noqa: ANN401  # whatever a document holds
    """Write what a document holds as plain text."""
    return written(value, {}, str)


def _print(console: "Console", head: str, style: str, text: str, indent: int) -> None:
    """Print a head and a text.

    On a terminal lines are broken between words, and further ones indented.  Elsewhere, in a log or a pipe, a text
    stays one line, so that whoever searches for a word finds all that was said with it.
    """
    from rich.text import Text as Line

    shown = printable(text)
    if console.is_terminal:
        shown = broken(shown, console.width, indent, console.width - len(head))
    try:
        console.print(Line.assemble((head, style), shown), soft_wrap=True)
    except BrokenPipeError:
        raise
    except OSError:  # a full disk behind standard error is no reason to fail: the work is done
        return


def broken(text: str, width: int, indent: int = INDENT, first: int | None = None) -> str:
    """Break a sentence between words, and indent its further lines; the first may have other room than a line."""
    return f"\n{' ' * indent}".join(wrapped(text, width - indent, width if first is None else first))


def wrapped(text: str, room: int, first: int | None = None) -> list[str]:
    """Break a sentence between words; the first line may have other room than the rest."""
    from rich.cells import cell_len

    lines: list[str] = []
    for word in SPACE.split(text):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and cell_len(longer) <= (first if first and not lines[1:] else room):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


PATIENCE = 1.0
"""Seconds before the bar appears: work that is over sooner needs none."""

LEAST_LEFT = 5.0
"""Seconds from which on it is told how many are left."""

MINUTES = 100.0
"""Seconds from which on they are told in minutes."""

STAGE_WIDTH, BAR_WIDTH = 9, 40
"""Columns of the longest name of a stage, so that the bar stays where it is, and of the bar."""


@contextmanager
def progress_bar(console: "Console | None", *, wanted: bool = True) -> "Iterator[Progress]":
    """Show one bar on a terminal for work that takes longer than a moment; without a console show nothing.

    The stage "" takes the bar away at once, for somebody else is going to write to the terminal.
    """
    if console is None or not wanted or not console.is_terminal or console.is_dumb_terminal:
        yield lambda _stage, _share, _detail: None
        return
    from rich import progress
    from rich.table import Column

    bar = progress.Progress(
        progress.TextColumn(
            "{task.description}", markup=False, table_column=Column(no_wrap=True, min_width=STAGE_WIDTH)
        ),
        progress.BarColumn(BAR_WIDTH),  # the bar alone may shrink, and makes room for the detail, which tells more
        progress.TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=len("0:00:00"))),
        progress.TextColumn("{task.fields[detail]}", markup=False, table_column=Column(no_wrap=True)),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    work, began = bar.add_task("opening", total=None, detail=""), monotonic()

    def tell(stage: str, share: float | None, detail: str) -> None:
        nonlocal began
        task = bar.tasks[work]
        began = began if stage == task.description else monotonic()
        told = with_time_left(detail, share, monotonic() - began)
        task.total = None if share is None else 1.0  # `update` takes None for no change
        bar.update(work, description=stage, completed=share or 0.0, detail=printable(told))

    def end() -> None:
        patience.cancel()
        patience.join()
        bar.stop()

    # Waited for in a thread: a stage may take long without saying anything, and the bar shall appear nevertheless.
    patience = Timer(PATIENCE, bar.start)
    patience.daemon = True
    patience.start()
    try:
        yield lambda stage, share, detail: tell(stage, share, detail) if stage else end()
    finally:
        end()


def with_time_left(detail: str, share: float | None, elapsed: float) -> str:
    """Add to a detail how long the stage will take, of which a `share` took so many seconds."""
    left = elapsed * (1.0 - share) / share if share else 0.0
    if left < LEAST_LEFT:
        return detail
    told = f"about {round(left)} s left" if left < MINUTES else f"about {round(left / 60.0)} min left"
    return f"{detail}, {told}" if detail else told
