"""What the annotation of a field may hold beside its type: its meaning, which is a text, and what it may be."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

ANY = "…"
"""Names an axis whose size is nobody else's."""


class Range(NamedTuple):
    """A number from `least` to `most`."""

    least: float | None = None
    most: float | None = None


class Choices(NamedTuple):
    """One of some texts, each with what it means."""

    meanings: Mapping[str, str]


class Axes:
    """The axes of an array by name: arrays of one object that share an axis agree in its size.

    Of symmetric matrices, on the last two axes, JSON may hold the lower triangle, or the diagonal alone: then the array
    lacks the last axis.
    """

    def __init__(self, *names: str, lower_triangle: bool = False) -> None:
        self.names, self.lower_triangle = names, lower_triangle


class InfiniteAsNull(NamedTuple):
    """A number that is null in JSON where it is this infinite one."""

    value: float


class Kinds:
    """A value of one of several classes: an object with one key, which names the class."""

    def __init__(self, **classes: type) -> None:
        self.classes = classes


class Key(NamedTuple):
    """The key in JSON, where it is not the name of the field."""

    name: str


class OwnAxes:
    """Marks an object whose axes have sizes of their own, as items of lists and mappings have."""


class MayLack:
    """Marks a field that may be lacking in a document: it then has its default, and is not written while it has it.

    So the schema of a field whose default is None does not allow for null.
    """


class NotSaved:
    """Marks a field that no document holds: it has its default when it is read."""


Count = Annotated[int, Range(0)]
Share = Annotated[float, Range(0, 1)]
Positive = Annotated[int, Range(1)]
Ends = Annotated[tuple[Share, Share], "Lower and upper end of a 95 % interval of a share."]
