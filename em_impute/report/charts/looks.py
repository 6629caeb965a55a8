"""How labels look, in a light and in a dark scheme, and the legends of charts.

Labels take the hues of Okabe & Ito (2008), which the colour-blind tell apart, darkened or lightened until each stands
out from the paper by 3:1 at least; no meaning rests on a colour alone.  A chart on the page names colours by classes of
the page's style sheet, so that it serves both schemes; the animation takes the light ones.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.report.model.fit import Label


class Colour(NamedTuple):
    """One role, in both schemes."""

    light: str
    dark: str


COLOURS = {
    "paper": Colour("#ffffff", "#14181f"),
    "ink": Colour("#1b222c", "#e8ebf0"),  # texts and what matters most
    "muted": Colour("#5b6472", "#a9b1bd"),  # axes, notes, references
    "grid": Colour("#dfe3e8", "#2f3742"),  # lines that may be overlooked
    "known": Colour("#c3cad4", "#4a5463"),  # areas that stand for rows with a label, whichever it is
    "band": Colour("#e6ebf2", "#262e39"),  # areas of intervals, behind a line
    "tint": Colour("#f3f5f8", "#1d232c"),  # behind code and notes
    "link": Colour("#0b5c99", "#7fc0f0"),
    "label-0": Colour("#0072b2", "#5ab4ec"),  # blue
    "label-1": Colour("#d55e00", "#ff9a4d"),  # vermillion
    "label-2": Colour("#00805a", "#2fc79a"),  # bluish green
    "label-3": Colour("#a64d8c", "#e59acb"),  # reddish purple
    "label-4": Colour("#b07a00", "#e3c04a"),  # ochre
    "label-5": Colour("#3c8dbc", "#9fc9f5"),  # sky blue
    "label-6": Colour("#6b4f3a", "#c9a88b"),  # brown
    "label-7": Colour("#3f3f40", "#d9d9da"),  # nearly black
    "label-8": Colour("#6e6f70", "#a2a3a4"),  # the less common labels together
}
"""Every colour, by the name of its variable and of its two classes."""

N_LABELS = 8
"""So many labels have a hue, a marker and dashes of their own; further ones share the last of each."""

MARKERS = {
    "o": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "s": "m-3.6-3.6h7.2v7.2h-7.2z",
    "^": "m0-4.7l4.6 8h-9.2z",
    "D": "m0-4.9l4.9 4.9-4.9 4.9-4.9-4.9z",
    "v": "m0 4.7l4.6-8h-9.2z",
    "p": "m0-4.5l4.3 3.1-1.6 5.1h-5.4l-1.6-5.1z",
    "h": "m0-4.5l3.9 2.3v4.4l-3.9 2.3-3.9-2.3v-4.4z",
    "P": "m-1.6-4.5h3.2v2.9h2.9v3.2h-2.9v2.9h-3.2v-2.9h-2.9v-3.2h2.9z",
    "*": "m0-5.2l1.3 3.5 3.7.1-2.9 2.3 1 3.6-3.1-2.1-3.1 2.1 1-3.6-2.9-2.3 3.7-.1z",
    "x": "m-3-3l6 6m0-6l-6 6",
}
"""Outlines in SVG from the middle of a marker, by matplotlib's letters: of labels, and of rows without one."""

DASHES = ((), (7, 2.5), (2, 2), (8, 2, 2, 2), (4, 1.5), (1, 1.5), (10, 3), (6, 2, 1, 2), (3, 1))
"""Lengths that are drawn and left out by turns, of the line of each label."""

DASHED = (6.0, 3.0)
"""Dashes of what is compared with a solid line."""


def label_colour(k: int) -> str:
    """Give the light hue of label `k`, from 0."""
    return COLOURS[f"label-{min(k, N_LABELS)}"].light


def label_marker(k: int) -> str:
    """Give the letter of the marker of label `k`."""
    return list(MARKERS)[min(k, N_LABELS)]


def css_colours() -> str:
    """Write the variables of both schemes, and one class for each that fills and one that draws; paper stays light."""
    light = "".join(f"--{name}:{colour.light};" for name, colour in COLOURS.items())
    dark = "".join(f"--{name}:{colour.dark};" for name, colour in COLOURS.items())
    classes = "".join(f".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}\n" for name in COLOURS)
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{classes}"


class Group(NamedTuple):
    """One label, or the less common ones together; `k` is its place in the palette, where the last look is for all."""

    name: str
    labels: tuple[str, ...]
    k: int

    @property
    def colour(self) -> str:
        """Name in `COLOURS`."""
        return f"label-{min(self.k, N_LABELS)}"

    @property
    def marker(self) -> str:
        """Letter in `MARKERS`."""
        return label_marker(self.k)

    @property
    def dash(self) -> tuple[float, ...]:
        """Lengths that are drawn and left out; none for the first label."""
        return DASHES[min(self.k, N_LABELS)]

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
        colour, marker, dash = (
            (self.group.colour, self.group.marker, self.group.dash) if self.group else ("ink", "o", ())
        )
        lengths = " ".join(map(str, dash)) or "none"
        drawn = SAMPLES[self.kind].format(colour=colour, marker=MARKERS[marker], dash=lengths)
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


def labels_in_groups(labels: Sequence[Label]) -> tuple[Group, ...]:
    """Give each label its look, in the order of the report; of more than eight the less common ones share one."""
    names = [one.label for one in labels]
    rows, few = [-(one.known + one.filled) for one in labels], len(names) <= N_LABELS
    common = {*(range(len(names)) if few else np.argsort(rows, kind="stable")[: N_LABELS - 1].tolist())}
    others = tuple(name for i, name in enumerate(names) if i not in common)
    groups = [Group(names[i], (names[i],), k) for k, i in enumerate(sorted(common))]
    return (*groups, Group(f"{len(others)} further labels", others, N_LABELS)) if others else tuple(groups)


def summed(labels: Sequence[str], by_label: Mapping[str, Sequence[float]], n: int) -> Floats:
    """Add up what there is of some labels: (n,), zeros where there is nothing."""
    found = [by_label[label] for label in labels if label in by_label]
    return np.asarray(np.array([[0.0] * n, *found], np.float64).sum(axis=0))
