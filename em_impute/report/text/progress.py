"""One line on a terminal that says what is going on, for work that takes longer than a moment."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING

from em_impute.pipeline.open import Progress
from em_impute.report.format import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

PATIENCE = 1.0
"""Seconds before the bar appears: work that is over sooner needs none."""

FRAMES_A_SECOND = 8

LEAST_LEFT = 5.0
"""Seconds from which on it is told how many are left."""

MINUTES = 100.0
"""Seconds from which on they are told in minutes."""

STAGE_WIDTH = 9
"""Columns of the longest name of a stage, so that the bar stays where it is."""


@contextmanager
def progress_bar(console: "Console | None", *, wanted: bool = True) -> Iterator[Progress]:
    """Show one bar on a terminal for work that takes longer than a moment; without a console show nothing.

    The stage "" takes the bar away at once, for somebody else is going to write to the terminal.
    """
    if console is None or not wanted or not console.is_terminal or console.is_dumb_terminal:
        yield lambda _stage, _share, _detail: None
        return
    said: tuple[str, float | None, str] = "opening", None, ""
    began = stage_began = monotonic()
    shown = ExitStack()

    def watch(stage: str, share: float | None, detail: str) -> None:
        nonlocal said, stage_began
        if stage:
            stage_began = stage_began if stage == said[0] else monotonic()
            said = stage, share, with_time_left(detail, share, monotonic() - stage_began)
        else:
            end()

    def end() -> None:
        patience.cancel()
        patience.join()
        shown.close()

    # Waited for in a thread: a stage may take long without saying anything, and the bar shall appear nevertheless.
    patience = Timer(PATIENCE, lambda: shown.enter_context(_live(console, began, lambda: said)))
    patience.daemon = True
    patience.start()
    try:
        yield watch
    finally:
        end()


def with_time_left(detail: str, share: float | None, elapsed: float) -> str:
    """Add to a detail how long the stage will take, of which a `share` took so many seconds."""
    left = elapsed * (1.0 - share) / share if share else 0.0
    if left < LEAST_LEFT:
        return detail
    told = f"about {round(left)} s left" if left < MINUTES else f"about {round(left / 60.0)} min left"
    return f"{detail}, {told}" if detail else told


def _live(console: "Console", began: float, said: Callable[[], tuple[str, float | None, str]]) -> "Live":
    """Draw what was last `said`, a stage, a share of it and a detail, some times a second."""
    from rich.live import Live  # late, since rich.progress takes longer to import than small files to read
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    # The bar alone may wrap, that is shrink: it makes room for the detail, which tells more.
    bar = Progress(
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, min_width=STAGE_WIDTH)),
        BarColumn(),
        TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
        TextColumn("{task.fields[detail]}", markup=False),
    )
    bar.add_task("")
    (task,) = bar.tasks
    task.start_time = began

    def line() -> "Table":
        task.description, share, detail = said()
        task.fields["detail"] = printable(detail)
        task.total, task.completed = None if share is None else 1.0, share or 0.0
        return bar.make_tasks_table([task])

    return Live(
        get_renderable=line,
        console=console,
        transient=True,
        refresh_per_second=FRAMES_A_SECOND,
        redirect_stdout=False,
        redirect_stderr=False,
    )
