"""Which labels are drawn by themselves, how each looks, how cells were filled, and the legends of charts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from em_impute.report.charts.palette import MARKERS, N_LABELS, label_dash, label_marker
from em_impute.report.charts.svg import Floats
from em_impute.report.model.fit import FitReport, Label

DASHED = (6.0, 3.0)
"""Dashes of what is compared with a solid line."""


class Group(NamedTuple):
    """One label, or the less common ones together; `k` is its place in the palette."""

    name: str
    labels: tuple[str, ...]
    k: int
    colour: str
    marker: str
    dash: tuple[float, ...]

    @property
    def is_one(self) -> bool:
        """A label by itself."""
        return self.k < N_LABELS


class Key(NamedTuple):
    """One entry of a legend: one of `SAMPLES`, and the label of a group or a text of ours."""

    kind: str
    text: str
    group: Group | None = None

    def sample(self) -> str:
        """Draw a small sample of what is explained, an element for a page."""
        group = self.group or Group("", (), 0, "ink", "o", ())
        dash = " ".join(map(str, group.dash)) or "none"
        drawn = SAMPLES[self.kind].format(colour=group.colour, marker=MARKERS[group.marker], dash=dash)
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="26" height="14" aria-hidden="true">{drawn}</svg>'


SAMPLES = {
    "line": '<path d="M1 7h24" stroke-width="2.4" stroke-dasharray="{dash}" class="s-{colour}"/>',
    "dashed": '<path d="M1 7h24" stroke-width="2.4" stroke-dasharray="6 3" class="s-{colour}"/>',
    "solid": '<path d="M2 2h22v10H2z" fill-opacity="0.4" class="f-{colour} s-{colour}"/>',
    "hatched": '<path d="M2 2h22v10H2zM2 11l7-8M8 12l8-10M16 12l7-9" fill="none" class="s-{colour}"/>',
    "area": '<path d="M2 2h22v10H2z" class="f-known s-muted"/>',
    "band": '<path d="M2 2h22v10H2z" class="f-band s-grid"/>',
    "filled": '<path d="M13 7{marker}" class="f-{colour}"/>',
    "hollow": '<path d="M13 7{marker}" fill="none" stroke-width="1.5" class="s-{colour}"/>',
    "cross": '<path d="M10 4l6 6m0-6l-6 6" stroke-width="1.5" class="s-muted"/>',
}
SAMPLES["both"] = '<path d="M7 7{marker}" class="f-{colour}"/>' + SAMPLES["hollow"].replace("M13", "M19")

EM_KEYS = Key("line", "fitted by EM to all rows"), Key("dashed", "fitted to labelled rows alone")
"""Legend of bell curves and ellipses."""


class Chart(NamedTuple):
    """A drawing and what is needed to read it."""

    name: str
    svg: str
    caption: str = ""
    keys: tuple[Key, ...] = ()
    is_wide: bool = False


class Filling(NamedTuple):
    """How cells were filled: by their most probable labels, or by draws, in so many files; 0 where one was written."""

    is_drawn: bool
    files: int

    @property
    def participle(self) -> str:
        """Say what a cell was: filled in, or drawn."""
        return "drawn" if self.is_drawn else "filled in"

    def looks(self, of: str) -> str:
        """Say what solid and hatched or hollow marks are: `of` names the three."""
        solid, other, marks = of.split()
        how = "were filled in"
        if self.is_drawn:
            which = f", those of the first of {self.files:,} files" if self.files > 1 else ""
            how = f"had their label drawn by its probability{which}"
        return f"{solid.capitalize()} {marks} are rows whose label was known; {other} {marks} {how}."


def filling_of(report: FitReport) -> Filling:
    """Tell how cells were filled; where none was, the command and its files tell how they would have been."""
    if report.filled is not None:
        return Filling(report.filled.method == "draw", report.filled.imputations)
    files = len(report.output.files) if report.output is not None and report.parts is None else 0
    return Filling(files > 0 or "draw" in report.command.replace("=", " ").split(), files)


def group_of(name: str, labels: tuple[str, ...], k: int) -> Group:
    """Give some labels the look at a place of the palette."""
    return Group(name, labels, k, f"label-{k}", label_marker(k), label_dash(k))


def labels_in_groups(labels: Sequence[Label]) -> tuple[Group, ...]:
    """Give each label its look, in the order of the report; of more than eight the less common ones share one."""
    names = [one.label for one in labels]
    rows, few = [-(one.known + one.filled) for one in labels], len(names) <= N_LABELS
    common = {*(range(len(names)) if few else np.argsort(rows, kind="stable")[: N_LABELS - 1].tolist())}
    others = tuple(name for i, name in enumerate(names) if i not in common)
    groups = [group_of(names[i], (names[i],), k) for k, i in enumerate(sorted(common))]
    return (*groups, group_of(f"{len(others)} further labels", others, N_LABELS)) if others else tuple(groups)


def summed(labels: Sequence[str], by_label: Mapping[str, Sequence[float]], n: int) -> Floats:
    """Add up what there is of some labels: (n,), zeros where there is nothing."""
    found = [by_label[label] for label in labels if label in by_label]
    return np.asarray(np.array([[0.0] * n, *found], np.float64).sum(axis=0))
