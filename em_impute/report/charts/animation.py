"""The fit moving, drawn by matplotlib: for one predictor its densities, for more of them ellipses over two."""

import io
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from em_impute.diagnostics.chart_data import by_separation
from em_impute.em.blocks import Integers
from em_impute.pipeline.explain import Explanation
from em_impute.report.charts.looks import COLOURS, N_LABELS, label_colour, label_marker
from em_impute.report.charts.main import CURVE_POINTS, SHARES, ellipse, gaussian
from em_impute.report.format import printable, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

PAPER, INK, MUTED, GRID, KNOWN = (COLOURS[name].light for name in ("paper", "ink", "muted", "grid", "known"))

PER_FRAME, AT_START, AT_END = 350, 1200, 3500
"""Milliseconds."""

N_COLOURS, N_BINS, MAX_POINTS = 64, (5, 40), 2000

NEAR_WHITE = 250
"""A colour of the palette that is so light is white, the mean of the paper and of what is hardly darker."""

WIDTH = 24
"""Of names, in letters."""


def draw_frames(explanation: Explanation, tell: Callable[[float], None]) -> list["Image"]:
    """Draw the start and the iterations that were kept.  `tell` is told how much of it is done."""
    import matplotlib as mpl

    shown, frames = np.sort(by_separation(explanation.parameters[explanation.n_iterations])[:2]), []
    iterations = sorted(explanation.parameters)
    for place, iteration in enumerate(iterations):
        tell(place / len(iterations))
        # A label is shown as it is: `$x$` is no formula.
        with mpl.rc_context({"text.parse_math": False, "text.usetex": False}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # the font has a box for it
            frames.append(_frame(explanation, iteration, shown))
    return frames


def to_gif(frames: Sequence["Image"]) -> bytes:
    """Join frames to one animation that goes on forever and rests at its end; all have the colours of the last."""
    from PIL.Image import Dither

    palette = frames[-1].quantize(N_COLOURS)
    palette.putpalette([255 if value >= NEAR_WHITE else value for value in palette.getpalette() or ()])
    first, *others = [one.quantize(palette=palette, dither=Dither.NONE) for one in frames]
    durations = [AT_START, *[PER_FRAME] * len(others)]
    durations[-1] = AT_END
    written = io.BytesIO()
    first.save(written, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False)
    return written.getvalue()


def _frame(explanation: Explanation, iteration: int, shown: Integers) -> "Image":
    """Draw one iteration."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL.Image import frombytes

    heights = [explanation.turns[0][0], *(after for _, after in explanation.turns)]
    path = np.array([one.log_likelihood + one.log_prior for one in heights])
    figure = Figure(figsize=(8.0, 6.0), dpi=100, facecolor=PAPER)
    title = "Start" if iteration == 0 else f"Iteration {iteration:,}"
    figure.text(0.09, 0.95, title, fontsize=15, fontweight="bold", color=INK, va="center")
    height = "log-likelihood + log prior" if explanation.prior_strength > 0.0 else "log-likelihood"
    reached = f"{height} {path[iteration]:,.3f}".replace(" -", " −")
    figure.text(0.96, 0.95, reached, fontsize=12, color=INK, va="center", ha="right")
    _legend(figure, explanation)
    draw = _draw_ellipses if shown.size > 1 else _draw_densities
    draw(figure, explanation, iteration, shown)
    below = figure.add_axes((0.09, 0.075, 0.87, 0.13), xlabel="iteration")
    below.plot(path, color=KNOWN, linewidth=1.5)
    below.plot(path[: iteration + 1], color=INK, linewidth=1.8, marker="o", markersize=6, markevery=[-1])
    below.margins(x=0.02, y=0.15)
    below.locator_params(axis="x", integer=True)
    below.locator_params(axis="y", nbins=3)
    below.ticklabel_format(useOffset=False, style="plain")
    for axes in figure.axes:  # without what no eye needs
        axes.grid(visible=True, color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(colors=MUTED, labelsize=8, length=0)
        axes.xaxis.label.set(color=INK, fontsize=9)
        axes.set_title(axes.get_title(loc="left"), loc="left", color=MUTED, fontsize=9, pad=3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[:].set_color(GRID)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba())).convert("RGB")


def _legend(figure: "Figure", explanation: Explanation) -> None:
    """Write which colour and marker is which label."""
    from matplotlib.lines import Line2D

    labels = explanation.labels
    texts = [shortened(printable(label), WIDTH) for label in labels.labels[:N_LABELS]]
    if len(labels.labels) > N_LABELS:
        texts.append(f"{len(labels.labels) - N_LABELS:,} more")
    looks = [(label_marker(k), label_colour(k), label_colour(k)) for k in range(len(texts))]
    if (explanation.design.label < 0).any() and any(labels.known):
        texts.append("no label")
        looks.append(("o", KNOWN, MUTED))
    keys = [
        Line2D([], [], linestyle="none", marker=marker, markersize=7, color=colour, markeredgecolor=edge)
        for marker, colour, edge in looks
    ]
    place: Any = {"loc": "center left", "bbox_to_anchor": (0.08, 0.895), "ncols": len(keys), "frameon": False}
    size = 10 if len(keys) <= 4 else 8  # noqa: PLR2004
    legend = figure.legend(keys, [""] * len(keys), handletextpad=0.2, columnspacing=1.2, fontsize=size, **place)
    for entry, text in zip(legend.get_texts(), texts, strict=True):
        entry.set_text(text)  # afterwards, since what begins with _ would be no entry


def _draw_ellipses(figure: "Figure", explanation: Explanation, iteration: int, shown: Integers) -> None:
    """Draw points, known ones as their label and others in the blend of their responsibilities, and ellipses."""
    from matplotlib.colors import to_rgb

    design = explanation.design
    complete = np.flatnonzero(~np.isnan(design.distinct.x).any(axis=1))
    complete = complete[:: complete.size // MAX_POINTS + 1]
    x, label = design.distinct.x[complete], design.distinct.label[complete]
    place, unknown = (design.shift + design.scale * x)[:, shown], label < 0
    colours = [label_colour(code) for code in explanation.component_label.tolist()]
    shares = explanation.shares_of(iteration, x[unknown], label[unknown])
    blend: Any = np.clip(shares @ np.array([to_rgb(colour) for colour in colours]), 0.0, 1.0)
    across, up = (shortened(printable(design.features[j].name), WIDTH) for j in shown)
    axes = figure.add_axes((0.09, 0.295, 0.87, 0.555), xlabel=across)
    axes.set_title(up, loc="left")
    axes.scatter(place[unknown, 0], place[unknown, 1], s=20, c=blend, linewidths=0.3, edgecolors=PAPER)
    for k in np.unique(label[~unknown]).tolist():
        look: Any = {"c": label_colour(k), "marker": label_marker(k), "linewidths": 0.5, "edgecolors": INK}
        axes.scatter(place[label == k, 0], place[label == k, 1], s=24, alpha=0.7, **look)
    axes.margins(0.08)
    axes.autoscale_view()
    axes.autoscale(enable=False)  # so that all frames show the same part of the plane
    fits = [explanation.own(at) for at in sorted(explanation.parameters) if at <= iteration]
    for k, colour in enumerate(colours):
        trail = np.array([one.mean[k, shown] for one in fits])
        covariance = fits[-1].covariance[k][np.ix_(shown, shown)]
        for share in SHARES[: 1 if len(colours) > N_LABELS else 2]:  # the outer ones of many would hide all
            outline = ellipse(trail[-1], covariance, share)
            if outline is not None:
                axes.plot(*outline.T, color=colour, linewidth=1.5)
        axes.plot(*trail.T, color=colour, linewidth=1.4)
        axes.plot(*trail[-1], marker="X", markersize=10, color=colour, markeredgecolor=PAPER)


def _draw_densities(figure: "Figure", explanation: Explanation, iteration: int, shown: Integers) -> None:
    """Draw the rows as a histogram with the labels' Gaussians over it, and below them the responsibilities."""
    above, below = figure.add_axes((0.09, 0.47, 0.87, 0.38)), figure.add_axes((0.09, 0.29, 0.87, 0.12))
    design, rows = explanation.design, explanation.design.distinct
    value = design.shift[0] + design.scale[0] * rows.x[:, 0]
    codes = [*np.unique(rows.label[rows.label >= 0]).tolist(), -1]
    values, weights = ([one[rows.label == code] for code in codes] for one in (value, rows.weight))
    look: Any = {"color": [KNOWN if code < 0 else label_colour(code) for code in codes], "alpha": 0.45}
    n_bins = int(np.clip(2.0 * np.cbrt(rows.weight.sum()), *N_BINS))  # Rice's rule
    _, edges, _ = above.hist(values, bins=n_bins, weights=weights, stacked=True, linewidth=0, **look)
    weight, mean, covariance = explanation.own(iteration)
    x, total = np.linspace(edges[0], edges[-1], CURVE_POINTS), np.zeros(CURVE_POINTS)
    standard = (x - design.shift[0]) / design.scale[0]
    shares = explanation.shares_of(iteration, standard[:, None], np.full(CURVE_POINTS, -1))
    for k, code in enumerate(explanation.component_label.tolist()):
        curve = gaussian(edges, weight[k], mean[k, 0], np.sqrt(covariance[k, 0, 0]), float(rows.weight.sum()))
        if curve is not None:
            above.plot(*curve, color=label_colour(code), linewidth=2.0)
            total += curve[1]
        below.plot(x, shares[:, k], color=label_colour(code), linewidth=2.0)
    above.plot(x, total, color=INK, linewidth=1.0, linestyle="--")
    for axes, title in ((above, "rows"), (below, "responsibilities")):
        axes.set_xlim(edges[0], edges[-1])
        axes.set_title(title, loc="left")
    above.tick_params(labelbottom=False)
    below.set_xlabel(shortened(printable(design.features[shown[0]].name), WIDTH))
