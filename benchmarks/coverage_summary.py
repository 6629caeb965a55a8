"""The results of the coverage benchmark in Markdown: a line for every world."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

HEAD = ("runs", "covered", "± SE", "truth below", "truth above", "mean width", "mean error")
HEAD_OF_WRONG = (
    *HEAD[:-2],
    *("mean width", "× binomial", "expected wrong", "truly wrong", "expected / truly"),
    *("promised − realised", "by held-out labels", "accuracy", "log-loss"),
)


def summary(results: pd.DataFrame) -> Iterator[str]:
    """Yield tables in Markdown: every kind of file, and all of them together."""
    for what in ("wrong", "share", "mean", "share delta 0", "share true delta"):
        part = results[results["what"] == what]
        if part.empty:
            continue
        cells_of, head = (figures_of_wrong, HEAD_OF_WRONG) if what == "wrong" else (figures, HEAD)
        yield f"{what}\n"
        kinds = part.groupby("kind", sort=False)
        groups = [
            *part.groupby(["kind", "name"], sort=False),
            *(((kind, "all"), group) for kind, group in kinds if group["name"].nunique() > 1),
        ]
        yield from aligned([["files", "", *head], *([kind, name, *cells_of(group)] for (kind, name), group in groups)])
        yield ""


def aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table whose columns stand below each other: two of words and the others of numbers."""
    head, *rows = lines
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width if j < 2 else f"{'-' * (width - 1)}:" for j, width in enumerate(widths)]
    for line in (head, rule, *rows):
        cells = [f"{cell:{'<' if j < 2 else '>'}{widths[j]}}" for j, cell in enumerate(line)]
        yield f"| {' | '.join(cells)} |"


def figures(group: pd.DataFrame) -> Iterator[str]:
    """Yield the cells of one row."""
    width = group["high"] - group["low"]
    yield from how_often(group)
    yield f"{width.mean():.3g}"
    yield f"{(group['estimate'] - group['truth']).mean():+.3g}"


def how_often(group: pd.DataFrame) -> Iterator[str]:
    """Yield how many intervals there are, and how many of them hold the truth."""
    share = group["covered"].mean()
    yield f"{len(group):,}"
    yield f"{100.0 * share:.1f} %"
    yield f"{100.0 * np.sqrt(max(share * (1.0 - share), 0.25 / len(group)) / len(group)):.1f}"
    yield f"{100.0 * (group['truth'] < group['low']).mean():.1f} %"
    yield f"{100.0 * (group['truth'] > group['high']).mean():.1f} %"


def figures_of_wrong(group: pd.DataFrame) -> Iterator[str]:
    """Yield the cells of one row of numbers of wrong fills; widths are percentages of the fills."""
    width, expected, truth = group["high"] - group["low"], group["estimate"].sum(), group["truth"].sum()
    yield from how_often(group)
    yield f"{(100.0 * width / group['rows']).mean():.1f} %"
    yield f"{width.sum() / group['binomial'].sum():.2f}"
    yield f"{expected:,.0f}"
    yield f"{truth:,.0f}"
    yield f"{expected / truth if truth else np.nan:.2f}"
    yield f"{group['promised'].mean():+.1f}"
    yield f"{group['promised_held_out'].mean():+.1f}"
    yield f"{group['accuracy'].mean():.3f}"
    yield f"{group['log_loss'].mean():.3f}"


def cpu_seconds(results: pd.DataFrame) -> float:
    """Add up what it took to count wrong fills."""
    return float(results["seconds"].sum())
