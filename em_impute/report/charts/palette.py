"""Colours, markers and dashes of every chart, in a light and in a dark scheme.

Labels take the hues of Okabe & Ito (2008), which the colour-blind tell apart, darkened or lightened until each stands
out from the paper by 3:1 at least; no meaning rests on a colour alone.  A chart on the page names colours by classes of
the page's style sheet, so that it serves both schemes; the animation takes the light ones.
"""

from typing import NamedTuple


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
"""Lengths that are drawn and left out by turns."""


def label_colour(k: int) -> str:
    """Give the light hue of label `k`, from 0."""
    return COLOURS[f"label-{min(k, N_LABELS)}"].light


def label_marker(k: int) -> str:
    """Give the letter of the marker of label `k`."""
    return list(MARKERS)[min(k, N_LABELS)]


def label_dash(k: int) -> tuple[float, ...]:
    """Give the dashes of a line for label `k`: none for the first."""
    return DASHES[min(k, N_LABELS)]


def css_colours() -> str:
    """Write the variables of both schemes, and one class for each that fills and one that draws; paper stays light."""
    light = "".join(f"--{name}:{colour.light};" for name, colour in COLOURS.items())
    dark = "".join(f"--{name}:{colour.dark};" for name, colour in COLOURS.items())
    classes = "".join(f".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}\n" for name in COLOURS)
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{classes}"
