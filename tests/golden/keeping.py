"""What is kept of every run, and how it is compared with what the run gives now.

Words, structure, exit codes and the bytes of tables must be the same.  Numbers may differ by what another processor or
another version of a library does to their last digits; counts may not.
"""

import difflib
import re
from pathlib import Path

from golden.forms import NUMBER

__all__ = ["KEPT", "accept", "differences", "kept_lines", "path_of"]

KEPT = Path(__file__).parent / "kept"

RELATIVE, ABSOLUTE = 1e-4, 1e-9

PROBABILITY = re.compile(r"(?<![\w.])[01]\.\d{4,}(?![\w.])")
"""The only numbers of tables that em-impute writes itself; those that it copies have fewer digits."""


def path_of(run):
    """Say where what is known of a run is kept."""
    return KEPT / f"{re.sub('[^a-z0-9]+', '-', run.name.lower()).strip('-')}.txt"


def kept_lines(run):
    """Read what is kept of a run."""
    path = path_of(run)
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []


def accept(run, lines):
    """Keep these lines of a run."""
    KEPT.mkdir(exist_ok=True)
    path_of(run).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def differences(kept, found):
    """Give a unified diff; nothing where the lines agree."""
    if kept == found:
        return []
    return list(difflib.unified_diff(kept, _as_kept(kept, found), "kept", "now", lineterm="", n=2))


def _as_kept(kept, found):
    """Put lines that agree into the form in which they are kept, so that only the others are seen to differ."""
    shown, number = [], NUMBER
    matcher = difflib.SequenceMatcher(None, [_words(line) for line in kept], [_words(line) for line in found], False)
    for kind, start, stop, begin, end in matcher.get_opcodes():
        pairs = zip(kept[start:stop], found[begin:end], strict=True) if kind == "equal" else ()
        for one, other in pairs:
            if other.startswith("=== "):
                number = PROBABILITY if other.endswith("(table)") else NUMBER
            shown.append(one if _agree(one, other, number) else other)
        shown += found[begin:end] if kind != "equal" else []
    return shown


def _words(line):
    return NUMBER.sub("0", line)


def _agree(kept, found, number):
    """Tell whether two lines are the same but for the last digits of their numbers."""
    if kept == found:
        return True
    if number.sub("0", kept) != number.sub("0", found):
        return False
    return all(map(_near, number.findall(kept), number.findall(found)))


def _near(kept, found):
    """Compare two numbers as they were written: whole ones exactly, others to within one unit of their last digit."""
    if kept == found:
        return True
    if not {".", "e"} & {*kept, *found}:
        return False
    one, other = (float(text.replace(",", "").replace("−", "-")) for text in (kept, found))
    return abs(one - other) <= max(1.01 * max(_unit(kept), _unit(found)), RELATIVE * abs(one), ABSOLUTE)


def _unit(text):
    """Give one unit of the last digit of a number that is written with a point; of others nothing is given away."""
    mantissa, _, exponent = text.partition("e")
    return 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])) if "." in mantissa else 0.0
