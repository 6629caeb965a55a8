"""One frame of the fit moving: for one predictor its densities, for more of them ellipses in a plane."""

import io
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.pipeline.explain import Explanation
from em_impute.report.grid import fitted
from em_impute.report.pictures.palette import (
    GRID,
    INK,
    KNOWN,
    MUTED,
    N_LABELS,
    PAPER,
    label_colour,
    label_dash,
    label_marker,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["Scene", "draw_frame", "make_scene"]

SIZE, DOTS_PER_INCH = (8.0, 6.0), 100

MAX_POINTS = 2000
MAX_BINS = 40
N_CURVE = 300
LABEL_WIDTH, AXIS_WIDTH = 24, 40
MOST_TOLD = (3, 2)
"""Features named on the axes, where these are sums of them: the upright one has less room."""

RADII = (1.1774100225154747, 2.4477468306808161)
"""Of ellipses that hold 50 % and 95 % of a Gaussian in the plane: √(−2 log(1 − share)), in standard deviations."""

LONG_PATH = 60
"""Iterations from which their axis is stretched at its beginning."""

REAL = 1e-9
"""Part of the first discriminant's strength below which another is but rounding."""


class Scene(NamedTuple):
    """What stays the same from frame to frame."""

    explanation: Explanation
    iterations: "Sequence[int]"
    path: Floats  # (n_iterations + 1,) log-likelihood, or with a prior the sum with its logarithm
    height: str  # what that is
    row: Integers  # (n_points,) distinct rows that are drawn
    place: Floats  # (n_points, 1 or 2), in the units of the axes
    onto: Floats  # (n_features, 1 or 2): directions of the axes in the space of standardised features
    origin: Floats  # (1 or 2,): where they cross, in their own units
    unit: Floats  # (1 or 2,): how much of these a step of 1 along each direction is
    names: "Sequence[str]"  # of the axes


def make_scene(explanation: Explanation, iterations: "Sequence[int]") -> Scene:
    """Lay out what all frames have in common."""
    turns, with_prior = explanation.turns, explanation.prior_strength > 0.0
    heights = [turns[0].before, *(turn.after for turn in turns)]
    path = np.array([one.log_likelihood + one.log_prior for one in heights])
    onto, origin, unit, names = _axes(explanation)
    x = explanation.design.distinct.x
    shown = np.flatnonzero(~np.isnan(x).any(axis=1))
    row = shown[np.unique(np.linspace(0, shown.size - 1, min(shown.size, MAX_POINTS)).round().astype(np.intp))]
    if len(names) == 1:  # a histogram takes them all
        row = shown
    return Scene(
        explanation,
        iterations,
        path,
        "log-likelihood + log prior" if with_prior else "log-likelihood",
        row,
        origin + unit * (x[row] @ onto),
        onto,
        origin,
        unit,
        names,
    )


def _axes(explanation: Explanation) -> tuple[Floats, Floats, Floats, list[str]]:
    """Choose the axes: one or two features themselves, else the plane in which the labels lie furthest apart.

    That is Fisher's (1936), of the final fit.  Two labels lie along one line; the other axis is then the one along
    which, in units of the labels' own spread, all rows vary most.
    """
    design = explanation.design
    names = [feature.name for feature in design.features]
    if len(names) <= 2:  # noqa: PLR2004
        return np.eye(len(names)), design.shift, design.scale, names
    weight, mean, covariance = explanation.parameters[explanation.n_iterations]
    within = np.einsum("k,kij->ij", weight, covariance)
    offset = mean - weight @ mean
    between = np.einsum("k,ki,kj->ij", weight, offset, offset)
    whitener = np.linalg.inv(np.linalg.cholesky(within))
    apart = whitener @ between @ whitener.T
    # A trace of the features' own units decides where the labels leave the second axis open.
    _, direction = np.linalg.eigh(apart + REAL * np.trace(apart) * (whitener @ whitener.T))
    onto = whitener.T @ direction[:, :-3:-1]
    onto /= np.linalg.norm(onto, axis=0) * np.sign(onto[np.abs(onto).argmax(axis=0), [0, 1]])
    said = [f"axis {j + 1}: {_sum(onto[:, j], names, most)}" for j, most in enumerate(MOST_TOLD)]
    return onto, np.zeros(2), np.ones(2), said


def _sum(coefficient: Floats, names: "Sequence[str]", number: int) -> str:
    """Write an axis as the sum of the features that count most in it, each in its standard deviations."""
    most = np.argsort(-np.abs(coefficient), kind="stable")[:number]
    parts = [
        f"{'−' if coefficient[j] < 0 else '+'} {abs(coefficient[j]):.2f} {fitted(names[j], LABEL_WIDTH)}" for j in most
    ]
    more = " …" if len(names) > number else ""
    return " ".join(parts).removeprefix("+ ") + more


def draw_frame(scene: Scene, iteration: int) -> bytes:
    """Draw one iteration as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DOTS_PER_INCH, facecolor=PAPER)
    FigureCanvasAgg(figure)
    _headline(figure, scene, iteration)
    if len(scene.names) == 1:
        above, below = figure.add_axes((0.09, 0.47, 0.87, 0.38)), figure.add_axes((0.09, 0.29, 0.87, 0.15))
        _draw_densities(above, below, scene, iteration)
    else:
        _draw_plane(figure.add_axes((0.09, 0.295, 0.87, 0.555)), scene, iteration)
    _draw_path(figure.add_axes((0.09, 0.075, 0.87, 0.11)), scene, iteration)
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _headline(figure: "Figure", scene: Scene, iteration: int) -> None:
    """Write the iteration, how high it stands, and which colour is which label."""
    from matplotlib.lines import Line2D

    title = "Start" if iteration == 0 else f"Iteration {iteration:,}"
    said = f"{scene.height} {_minus(f'{scene.path[iteration]:,.3f}')}"
    figure.text(0.09, 0.95, title, fontsize=15, fontweight="bold", color=INK, va="center")
    figure.text(0.96, 0.95, said, fontsize=12, color=INK, va="center", ha="right")
    labels = scene.explanation.labels.labels
    texts = [fitted(label, LABEL_WIDTH) for label in labels[:N_LABELS]]
    handles = [_key(k) for k in range(len(texts))]
    if len(labels) > N_LABELS:
        texts.append(f"{len(labels) - N_LABELS:,} more")
        handles.append(_key(N_LABELS))
    if (scene.explanation.design.label < 0).any() and any(scene.explanation.labels.known):
        texts.append("no label" if len(scene.names) == 1 else "no label: blended")
        handles.append(Line2D([], [], linestyle="none", marker="o", markersize=6, color=KNOWN, markeredgecolor=MUTED))
    legend = figure.legend(
        handles,
        [""] * len(handles),
        loc="center left",
        bbox_to_anchor=(0.08, 0.895),
        ncols=len(handles),
        frameon=False,
        fontsize=10 if len(handles) <= 4 else 8,  # noqa: PLR2004
        handletextpad=0.2,
        columnspacing=1.2,
        borderpad=0.0,
    )
    for text, said in zip(legend.get_texts(), texts, strict=True):
        text.set_text(said)  # afterwards, since what begins with _ would be no entry
        text.set_color(INK)


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _key(k: int) -> "Line2D":
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="none", marker=label_marker(k), markersize=8, color=label_colour(k))


def _draw_plane(axes: "Axes", scene: Scene, iteration: int) -> None:
    """Draw points, known ones as their label and others in the blend of their responsibilities, and ellipses."""
    explanation = scene.explanation
    rows = explanation.design.distinct
    label = rows.label[scene.row]
    unknown = label < 0
    blend = _blend(explanation, iteration, rows.x[scene.row[unknown]])
    x, y = scene.place.T
    axes.scatter(x[unknown], y[unknown], s=20, c=blend, linewidths=0.3, edgecolors=PAPER, alpha=0.9)
    for k in np.unique(label[~unknown]).tolist():
        mine = label == k
        how: Any = {"marker": label_marker(k), "linewidths": 0.5, "edgecolors": INK, "alpha": 0.7}
        axes.scatter(x[mine], y[mine], s=24, c=label_colour(k), **how)
    for k, code in enumerate(explanation.component_label.tolist()):
        colour = label_colour(code)
        trail = np.array([_mean(scene, at, k) for at in scene.iterations if at <= iteration])
        axes.plot(*trail.T, color=INK, linewidth=2.6, solid_capstyle="round")
        axes.plot(*trail.T, color=colour, linewidth=1.4, solid_capstyle="round")
        many = code >= N_LABELS  # then their ellipses would hide all
        for radius, width in [(RADII[0], 0.6)] if many else zip(RADII, (2.0, 1.2), strict=True):
            axes.plot(*_ellipse(scene, iteration, k, radius), color=colour, linewidth=width)
        if not many:
            axes.plot(*trail[-1], marker="X", markersize=11, color=colour, markeredgecolor=PAPER, markeredgewidth=1.2)
    _limits(axes, scene.place)
    axes.set_xlabel(fitted(scene.names[0], 2 * AXIS_WIDTH), color=INK, fontsize=10)
    axes.set_ylabel(
        fitted(scene.names[1], AXIS_WIDTH), color=INK, fontsize=10 if len(scene.names[1]) < AXIS_WIDTH else 8
    )
    _calm(axes)


def _mean(scene: Scene, iteration: int, k: int) -> Floats:
    """See a component's mean in the plane, (2,)."""
    mean: Floats = scene.origin + scene.unit * (scene.explanation.parameters[iteration].mean[k] @ scene.onto)
    return mean


def _ellipse(scene: Scene, iteration: int, k: int, radius: float) -> Floats:
    """Give points at so many standard deviations from a component's mean in the plane, (2, n_points)."""
    covariance = scene.onto.T @ scene.explanation.parameters[iteration].covariance[k] @ scene.onto
    angle = np.linspace(0.0, 2.0 * np.pi, 181)
    length, axes = np.linalg.eigh(covariance)
    circle = radius * np.array([np.cos(angle), np.sin(angle)])
    points = axes @ (np.sqrt(np.maximum(length, 0.0))[:, None] * circle)
    around: Floats = _mean(scene, iteration, k)[:, None] + scene.unit[:, None] * points
    return around


def _blend(explanation: Explanation, iteration: int, x: Floats) -> Floats:
    """Mix the labels' colours by responsibility, (n_rows, 3)."""
    from matplotlib.colors import to_rgb

    colours = np.array([to_rgb(label_colour(k)) for k in explanation.component_label.tolist()])
    mixed: Floats = np.clip(explanation.shares_of(iteration, x, np.full(len(x), -1)) @ colours, 0.0, 1.0)
    return mixed


def _draw_densities(above: "Axes", below: "Axes", scene: Scene, iteration: int) -> None:
    """Draw the rows as a histogram with the labels' densities over it, and below them the responsibilities."""
    explanation = scene.explanation
    rows = explanation.design.distinct
    value, label, weight = scene.place[:, 0], rows.label[scene.row], rows.weight[scene.row]
    edges = _edges(value, weight)
    groups = [k for k in range(len(explanation.labels.labels)) if (label == k).any()]
    stacks: list[Any] = [*((label == k, _pale(label_colour(k))) for k in groups), (label < 0, KNOWN)]
    above.hist(
        [value[mine] for mine, _ in stacks],
        bins=edges.tolist(),
        weights=[weight[mine] for mine, _ in stacks],
        stacked=True,
        color=[colour for _, colour in stacks],
        linewidth=0,
    )
    grid = np.linspace(edges[0], edges[-1], N_CURVE)
    standard = (grid - scene.origin[0]) / scene.unit[0]
    share, mean, covariance = explanation.parameters[iteration]
    # A density in rows a bin, as the histogram has it.
    rows_a_bin = weight.sum() * (edges[1] - edges[0]) / scene.unit[0]
    distance = (standard - mean) ** 2 / covariance[:, 0]
    density = rows_a_bin * share[:, None] * np.exp(-0.5 * distance) / np.sqrt(2.0 * np.pi * covariance[:, 0])
    shares = explanation.shares_of(iteration, standard[:, None], np.full(N_CURVE, -1))
    above.plot(grid, density.sum(axis=0), color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
    for k, code in enumerate(explanation.component_label.tolist()):
        line: Any = {"color": label_colour(code), "linewidth": 2.0, "linestyle": (0, label_dash(code) or (1, 0))}
        above.plot(grid, density[k], **line)
        below.plot(grid, shares[:, k], **line)
    above.set_ylabel("rows", color=INK, fontsize=10)
    above.tick_params(labelbottom=False)
    below.set_ylim(-0.04, 1.04)
    below.set_ylabel("responsible", color=INK, fontsize=10)
    below.set_xlabel(fitted(scene.names[0], 2 * AXIS_WIDTH), color=INK, fontsize=10)
    for axes in (above, below):
        axes.set_xlim(edges[0], edges[-1])
        _calm(axes)


def _edges(value: Floats, weight: Floats) -> Floats:
    """Lay out bins: as wide as Freedman & Diaconis (1981) have them, none where all values are one."""
    order = np.argsort(value, kind="stable")
    middle = (np.cumsum(weight[order]) - weight[order] / 2.0) / weight.sum()
    low, high = np.interp([0.25, 0.75], middle, value[order])
    width = 2.0 * (high - low) / np.cbrt(weight.sum())
    extent = float(np.ptp(value)) or 1.0
    n_bins = int(np.clip(np.ceil(extent / width) if width > 0.0 else MAX_BINS, 5, MAX_BINS))
    margin = 0.5 * extent / n_bins
    return np.linspace(value.min() - margin, value.max() + margin, n_bins + 2)


def _pale(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    red, green, blue = (0.45 * part + 0.55 for part in to_rgb(colour))
    return red, green, blue


def _draw_path(axes: "Axes", scene: Scene, iteration: int) -> None:
    """Draw how the log-likelihood rises, what is still to come in grey."""
    steps = np.arange(scene.path.size)
    so_far = steps <= iteration
    axes.plot(steps, scene.path, color=KNOWN, linewidth=1.5)
    axes.plot(steps[so_far], scene.path[so_far], color=INK, linewidth=1.8)
    axes.plot(iteration, scene.path[iteration], marker="o", markersize=6, color=INK)
    if scene.path.size > LONG_PATH:
        axes.set_xscale("symlog", linthresh=10.0)
    axes.set_xlim(-0.02 * min(scene.path.size, LONG_PATH), 1.02 * (scene.path.size - 1))
    axes.margins(y=0.15)
    axes.set_xlabel("iteration", color=INK, fontsize=9)
    axes.set_title(scene.height, color=MUTED, fontsize=9, loc="left", pad=3)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value == round(value) else "")
    axes.yaxis.set_major_formatter(lambda value, _: _minus(f"{value:,.7g}"))
    axes.locator_params(axis="y", nbins=3)
    _calm(axes)


def _limits(axes: "Axes", place: Floats) -> None:
    """Show all rows with a margin, in every frame the same."""
    if place.size:
        low, high = place.min(axis=0), place.max(axis=0)
        margin = 0.08 * (high - low) + (high == low)
        axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
        axes.set_ylim(low[1] - margin[1], high[1] + margin[1])


def _calm(axes: "Axes") -> None:
    """Leave away what no eye needs."""
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=8, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(GRID)
