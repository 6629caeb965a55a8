"""Colours and markers of every picture, in a light and in a dark scheme.

Labels take the hues of Okabe & Ito (2008), which the colour-blind tell apart, darkened or lightened until each stands
out from the paper by 3:1 at least; no meaning rests on a colour alone.  Pictures are drawn in the light colours, and
the page replaces each by a variable of its style sheet, so that one picture serves both schemes.
"""

from typing import NamedTuple

__all__ = [
    "BAND",
    "COLOURS",
    "GRID",
    "INK",
    "KNOWN",
    "MUTED",
    "N_LABELS",
    "OTHERS",
    "PAPER",
    "Colour",
    "css_colours",
    "label_colour",
    "label_dash",
    "label_marker",
]


class Colour(NamedTuple):
    """One role, in both schemes."""

    light: str
    dark: str


PAPER = "#ffffff"
"""What everything is drawn on."""

INK = "#1b222c"
"""Texts and what matters most."""

MUTED = "#5b6472"
"""Axes, notes, references."""

GRID = "#dfe3e8"
"""Lines that may be overlooked."""

KNOWN = "#c3cad4"
"""Areas that stand for rows with a label, whichever it is; they have an outline in `MUTED`."""

BAND = "#e6ebf2"
"""Areas of intervals, behind a line."""

OTHERS = "#6e6f70"
"""Labels that are shown together."""

LABELS = (
    Colour("#0072b2", "#5ab4ec"),  # blue
    Colour("#d55e00", "#ff9a4d"),  # vermillion
    Colour("#00805a", "#2fc79a"),  # bluish green
    Colour("#a64d8c", "#e59acb"),  # reddish purple
    Colour("#b07a00", "#e3c04a"),  # ochre
    Colour("#3c8dbc", "#9fc9f5"),  # sky blue
    Colour("#6b4f3a", "#c9a88b"),  # brown
    Colour("#3f3f40", "#d9d9da"),  # nearly black
)

MARKERS = ("o", "s", "^", "D", "v", "p", "h", "P")

DASHES = ((), (7.0, 2.5), (2.0, 2.0), (8.0, 2.0, 2.0, 2.0), (4.0, 1.5), (1.0, 1.5), (10.0, 3.0), (6.0, 2.0, 1.0, 2.0))
"""Lengths in points, drawn and left out by turns."""

N_LABELS = len(LABELS)
"""So many labels have a hue of their own."""

COLOURS = {
    "paper": Colour(PAPER, "#14181f"),
    "ink": Colour(INK, "#e8ebf0"),
    "muted": Colour(MUTED, "#a9b1bd"),
    "grid": Colour(GRID, "#2f3742"),
    "known": Colour(KNOWN, "#4a5463"),
    "band": Colour(BAND, "#262e39"),
    "others": Colour(OTHERS, "#a2a3a4"),
    "tint": Colour("#f3f5f8", "#1d232c"),  # behind code and notes
    "link": Colour("#0b5c99", "#7fc0f0"),
    **{f"label-{k}": colour for k, colour in enumerate(LABELS)},
}
"""Every colour a picture may use, by the name of its variable."""


def label_colour(k: int) -> str:
    """Give the light hue of label `k`, from 0; from `N_LABELS` on that of `OTHERS`."""
    return LABELS[k].light if k < N_LABELS else OTHERS


def label_marker(k: int) -> str:
    """Give matplotlib's marker of label `k`."""
    return MARKERS[k] if k < N_LABELS else "*"


def label_dash(k: int) -> tuple[float, ...]:
    """Give the dashes of a line for label `k`: none for the first."""
    return DASHES[k] if k < N_LABELS else (3.0, 1.0)


def css_colours() -> str:
    """Write the variables of both schemes, and one class for each that fills and one that draws; paper stays light."""
    light = "".join(f"--{name}:{colour.light};" for name, colour in COLOURS.items())
    dark = "".join(f"--{name}:{colour.dark};" for name, colour in COLOURS.items())
    classes = "".join(f".f-{name}{{fill:var(--{name})}}.s-{name}{{stroke:var(--{name})}}\n" for name in COLOURS)
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{classes}"
