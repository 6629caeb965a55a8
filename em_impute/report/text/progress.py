"""One line on a terminal that says what is going on, for work that takes longer than a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
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

STAGE_WIDTH = 9
"""Columns of the longest name of a stage, so that the bar stays where it is."""

BAR_WIDTHS = (40, 20, 10, 5)
"""The bar takes the widest of these that leaves room for the detail, which tells more."""


@contextmanager
def progress_bar(console: "Console | None", *, wanted: bool = True) -> Iterator[Progress]:
    """Show one bar on a terminal for work that takes longer than a moment; without a console show nothing.

    The stage "" takes the bar away at once, for somebody else is going to write to the terminal.
    """
    if console is None or not wanted or not console.is_terminal or console.is_dumb_terminal:
        yield _ignore
        return
    bar = _Bar(console)
    # Waited for in a thread: a stage may take long without saying anything, and the bar shall appear nevertheless.
    patience = Timer(PATIENCE, bar.show)
    patience.daemon = True
    patience.start()

    def watch(stage: str, share: float | None, detail: str) -> None:
        if stage:
            bar.said = stage, share, detail
        else:
            end()

    def end() -> None:
        patience.cancel()
        patience.join()
        bar.hide()

    try:
        yield watch
    finally:
        end()


def _ignore(_stage: str, _share: float | None, _detail: str) -> None:
    """Show nothing."""


class _Bar:
    """What was last said, drawn some times a second by a thread of rich."""

    def __init__(self, console: "Console") -> None:
        self.said: tuple[str, float | None, str] = "opening", None, ""
        self._console = console
        self._began = monotonic()
        self._live: Live | None = None

    def show(self) -> None:
        from rich.live import Live

        self._live = Live(
            get_renderable=self._line,
            console=self._console,
            transient=True,
            refresh_per_second=FRAMES_A_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def hide(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _line(self) -> "Table":
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        stage, share, detail = self.said
        words = [f"{stage:<{STAGE_WIDTH}}", _clock(monotonic() - self._began), printable(detail)]
        texts = [text for text in words if text]
        room = self._console.width - sum(len(text) + 1 for text in texts)
        parts: list[Text | ProgressBar] = [Text(text, no_wrap=True, overflow="ellipsis") for text in texts]
        for width in [width for width in BAR_WIDTHS if width <= room][:1]:
            parts.insert(1, ProgressBar(1.0, share or 0.0, width=width, pulse=share is None))
        line = Table.grid(padding=(0, 1))
        line.add_row(*parts)
        return line


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
