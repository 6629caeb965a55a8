"""How cells were filled: by their most probable labels, or by labels drawn by their probabilities."""

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Filling", "filling_of"]

Report = Mapping[str, Any]

IN_WORDS = ("", "once", "twice", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

ONCE, TWICE = 1, 2


class Filling(NamedTuple):
    """What was done to the cells that were filled."""

    is_drawn: bool
    files: int
    """Completed files, each of which holds draws of its own; 0 where one was written."""

    @property
    def participle(self) -> str:
        """Say what a cell was: filled in, or drawn."""
        return "drawn" if self.is_drawn else "filled in"

    @property
    def told(self) -> str:
        """Say in words what was done to the cells that a picture shows as filled."""
        if not self.is_drawn:
            return "were filled in"
        which = f": these are the ones of the first of {self.files:,} files" if self.files > 1 else ""
        return f"had their label drawn by its probability{which}"

    @property
    def times(self) -> str:
        """Say in words how often labels were drawn."""
        said = IN_WORDS[self.files] if self.files < len(IN_WORDS) else f"{self.files:,}"
        return said if self.files in {ONCE, TWICE} else f"{said} times"


def filling_of(report: Report) -> Filling:
    """Read how cells were filled.

    Reports from before that was written down tell it by their command and their files.
    """
    filled = report.get("filled") or {}
    if "method" in filled:
        return Filling(filled["method"] == "draw", filled.get("imputations") or 0)
    files = 0 if report.get("parts") else len((report.get("output") or {}).get("files", ()))
    return Filling(files > 0 or "draw" in report.get("command", "").replace("=", " ").split(), files)
