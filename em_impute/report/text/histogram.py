"""Where the labels lie along the predictor that tells most: a strip of signs a label, as high as its rows are many."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from em_impute.report.format import number
from em_impute.report.model.fit import FitReport

if TYPE_CHECKING:
    from rich.console import Console

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " .:-=+*#@"

MAX_LABELS = 6

NAME_WIDTH, WIDEST_NAME = 12, 32
"""Of what stands before a line, at least and at most."""

TEXT_WIDTH = 28
"""Left for the counts beside a strip."""


def is_dumb(console: "Console") -> bool:
    """Tell whether blocks of several heights cannot be shown."""
    try:
        BLOCKS.encode(console.encoding)
    except (LookupError, UnicodeEncodeError):
        return True
    return console.is_dumb_terminal


def strips(report: FitReport, width: int, *, plain: bool) -> Iterator[tuple[str, str]]:
    """Yield the lines of the summary that draw the labels, names and texts, within `width` signs; `plain` is ASCII."""
    if report.pictures is None or not report.pictures.histograms:
        return
    shown = report.pictures.histograms[0]
    count = {
        label: [known + filled for known, filled in zip(bins, shown.filled[label], strict=True)]
        for label, bins in shown.known.items()
    }
    most = [label for label, _ in sorted(((one, sum(bins)) for one, bins in count.items()), key=itemgetter(1))]
    kept = set(most[-MAX_LABELS:])
    names = _names([shown.feature, *(f"  {label}" for label in count if label in kept)])
    room = width - len(names[0]) - TEXT_WIDTH
    bins = {label: _fitted(count[label], room) for label in count if label in kept}
    highest = max(max(one) for one in bins.values())
    if not highest:
        return
    edges = shown.edges
    more = f", {len(count) - len(kept):,} rarer labels left out" if len(count) > len(kept) else ""
    yield names[0], f"from {number(edges[0])} to {number(edges[-1])}{more}"
    signs, rows = ASCII if plain else BLOCKS, {one.label: one for one in report.labels}
    for name, (label, heights) in zip(names[1:], bins.items(), strict=True):
        about = rows[label]
        counts = f"{about.known:,} known, {about.filled:,} filled"
        yield name, f"{strip(heights, highest, signs)}  {counts}"


def strip(heights: Sequence[float], highest: float, signs: str = BLOCKS) -> str:
    """Draw heights as signs; what is not nothing is seen."""
    steps = len(signs) - 1
    return "".join(signs[-(-round(1e6 * height / highest * steps) // 1_000_000)] for height in heights)


def _fitted(bins: Sequence[int], width: int) -> list[int]:
    """Join so many neighbouring bins to one that they fit into `width` signs."""
    together = -(-len(bins) // max(1, width))
    return [sum(bins[first : first + together]) for first in range(0, len(bins), together)]


def _names(texts: Sequence[str]) -> list[str]:
    """Give names one width, as much as the longest takes."""
    from rich.cells import cell_len, set_cell_size  # late, since nothing of rich is needed to say nothing

    from em_impute.report.text.table import fitted

    names = [fitted(text, WIDEST_NAME - 1) for text in texts]
    width = max(NAME_WIDTH, 1 + max(map(cell_len, names)))
    return [set_cell_size(name, width) for name in names]
