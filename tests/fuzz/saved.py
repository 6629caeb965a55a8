"""Saved reports, made up from a real one: as it is, with values exchanged, or with other bytes."""

import json
import random

from fuzz.files import DAMAGES, chance
from fuzz.options import Asked
from hypothesis import strategies as st

VALUES = [
    None, True, 0, -1, 1e308, 5e-324, 10**400, "", "x", "<script>", "\x1b[31m", "\u2028", "|`", "x" * 5000, [], {}, [[]],
    [None], {"a": 1}, [1, 2, 3], [{}], "\ud800",
]  # fmt: skip


@st.composite
def saved_reports(draw, saved: str) -> tuple[bytes, Asked]:
    """Damage a saved report, and render it again."""
    rng = random.Random(draw(st.integers(0, 2**32 - 1)))  # noqa: S311
    content = saved.encode()
    if chance(draw, 70):
        report = json.loads(saved)
        for _ in range(draw(st.integers(1, 3))):
            _exchange(report, rng, draw(st.sampled_from(VALUES)))
        content = json.dumps(report).encode()
    elif chance(draw, 40):
        content = DAMAGES[draw(st.sampled_from(sorted(DAMAGES)))](content, rng)
    elif chance(draw, 30):
        content = draw(
            st.sampled_from([b"[" * 100_000, b"NaN", b"[]", b"{}", b"null", b'{"schema_version": 2}', b'"x"', b"7"])
        )
    options = [one for one in (("-o", "p.html"), ("-q", None), ("--no-clobber", None)) if chance(draw, 8)]
    file = draw(st.sampled_from(["table.json", "-"]))
    return content, Asked("report", (("-o", "p.md"), *options), file)


def _exchange(value: object, rng: random.Random, new: object) -> None:
    """Put another value, or nothing, in a place somewhere in a tree."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.8:
            value = value[key]
            continue
        if new == 0 and isinstance(value, dict):
            del value[key]
        else:
            value[key] = new
        return
