"""Which labels are drawn by themselves, and the look that each has in every picture."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from em_impute.report.pictures.palette import N_LABELS, label_colour, label_dash, label_marker
from em_impute.report.pictures.scale import Floats

__all__ = [
    "FROM_ALL",
    "FROM_LABELLED",
    "Group",
    "Key",
    "Picture",
    "keys_of",
    "labels_alone",
    "labels_in_groups",
    "summed",
]


FROM_ALL, FROM_LABELLED = "learnt by EM from all rows", "from labelled rows alone"
"""What bell curves and ellipses were learnt from, in legends."""


class Group(NamedTuple):
    """One label, or the less common ones together."""

    name: str
    labels: tuple[str, ...]
    k: int
    """Place in the palette."""

    @property
    def colour(self) -> str:
        """Light hue."""
        return label_colour(self.k)

    @property
    def marker(self) -> str:
        """Shape of points, in matplotlib's letters."""
        return label_marker(self.k)

    @property
    def dash(self) -> tuple[float, ...]:
        """Dashes of lines."""
        return label_dash(self.k)

    @property
    def is_one(self) -> bool:
        """A label by itself."""
        return self.k < N_LABELS


class Key(NamedTuple):
    """One entry of a legend."""

    kind: str
    """solid, hatched, line, dashed, area, band, filled, hollow, both or cross"""
    said: str
    k: int | None = None
    """Place of a label in the palette; None where no label is meant."""
    is_name: bool = False
    """What is said is the name of a label, which is shown literally."""


class Picture(NamedTuple):
    """A drawing and what is needed to read it."""

    name: str
    svg: str
    caption: str
    keys: tuple[Key, ...] = ()
    sizes: tuple[tuple[float, float], ...] = ()
    """(width, height) of what is drawn for wide screens and of what is drawn for narrow ones; nothing where one drawing
    serves all."""


def labels_in_groups(labels: Sequence[Mapping[str, Any]]) -> tuple[Group, ...]:
    """Give each label its look, in the order of the report; of more than eight the less common ones share one."""
    names = [one["label"] for one in labels]
    if len(names) <= N_LABELS:
        return tuple(Group(name, (name,), k) for k, name in enumerate(names))
    rows = [-(one["known"] + one["filled"]) for one in labels]
    common = sorted(np.argsort(rows, kind="stable")[: N_LABELS - 1].tolist())
    single = [Group(names[i], (names[i],), k) for k, i in enumerate(common)]
    others = tuple(name for i, name in enumerate(names) if i not in set(common))
    return (*single, Group(f"{len(others)} further labels", others, N_LABELS))


def labels_alone(labels: Sequence[Mapping[str, Any]]) -> set[str]:
    """Name the labels that are drawn by themselves."""
    return {group.name for group in labels_in_groups(labels) if group.is_one}


def summed(group: Group, by_label: Mapping[str, Sequence[float | None]], n: int) -> Floats:
    """Add up what there is of the labels of a group: (n,), zeros where there is nothing."""
    total = np.zeros(n)
    for label in group.labels:
        if label in by_label:
            total += np.array([value or 0.0 for value in by_label[label]], np.float64)
    return total


def keys_of(groups: Sequence[Group], kind: str) -> tuple[Key, ...]:
    """Write the legend that names the labels."""
    return tuple(Key(kind, group.name, group.k, group.is_one) for group in groups)
