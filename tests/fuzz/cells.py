"""What stands in the cells of files that are made up: numbers of every shape, odd texts, labels, names, marks."""

import random
import string
from collections.abc import Sequence

from hypothesis import strategies as st

QUOTED_EMPTY = "\udc00"
"""Stands for an empty cell in quotes, which no text can say."""

ODD_NUMBERS = [
    "007", "1_000", "0x1F", "inf", "-inf", "Infinity", "nan", "NaN", "+.5", ".5", "1.", "-0", "1e5", "1E-5", "1e400",
    "1e-400", "1,234", "1.234,5", "1 234", "1\u202f234", "12%", "170cm", "\u0661\u0662", "\uff11\uff12", "1'000", "--1",
    "1e", "e1", "+", "0" * 400 + "1", "9" * 400, "1." + "3" * 300, "123456789012345678901234567890", "1/2", "\u00bd",
    "TRUE", "5'10\"", "$5", "(5)", "5-", "2024-01-31", "10551438040000064", "0.1e-1", "\u22121", "1e+05", "0.10",
]  # fmt: skip

ODD_TEXTS = [
    "", " ", "a,b", "a;b", "a\tb", "a|b", 'say "hi"', '"', '""', "two\nlines", "two\r\nlines", "a\rb", "NA", "Null",
    "None", "nan", "5'10\"", "=cmd()", "<script>alert(1)</script>", "]]>", "é", "e\u0301", "日本", "😀", "\u200b", "\ufeff",
    "\u00a0", "\x07", "\x1b[31m", "\x7f", "x" * 300, "'", "\\", "\\n", "%s", "{0}", "[red]", "`|`", "-", "?", ",", "\n",
]  # fmt: skip

PLAIN_LABELS = [
    ["F", "M"], ["male", "female"], ["a", "b", "c"], ["0", "1"], ["Low", "Mid", "High"], ["1", "2", "3", "4"],
    ["True", "False"], ["US", "DE", "FR"], ["setosa", "versicolor", "virginica"], ["1.5", "2.5"],
]  # fmt: skip

ODD_LABELS = [
    'x"y', "a,b", "a;b", "a|b", "two\nlines", "a\r\nb", "a\rb", "<b>bold</b>", "</script>", "]]>", "&amp;", "=cmd()",
    "\x07bell", "\x1b[31mred", "x" * 300, "é", "e\u0301", "日本", "😀", " padded ", "F ", "f", "F", "a=b", "`tick`",
    "[red]", "{0}", "%d", "\\", "-1", "\u202eabc", "a\u200bb", "tab\there", '"quoted"', "'", "\x85", "\u2028", "p",
]  # fmt: skip

MARKS = [
    "", "", "", " ", "NA", "?", "-", "null", "\u00a0", "N/A", "None", ".", "nan", QUOTED_EMPTY, "  ", "unknown", "xx",
]  # fmt: skip

NUMBERS = ("separated", "integers", "noise", "tiny", "huge", "wide", "copy", "gaps")

KINDS = [
    *NUMBERS, "integers", "noise", "categories", "constant", "padded", "serial", "odd numbers", "odd texts", "names",
    "empty", "broken",
]  # fmt: skip

ODD_NAMES = [
    "", " ", "g", "g", "1", "2", "-1", "a b", "a,b", 'a "b"', "two\nlines", "é", "e\u0301", "x" * 200, "<b>", "日本", "'",
    "\x1b[1m", "sep=;", "g_imputed", "g_probability", ".imp", ".id", "\u00a0", "0", "NA", "{", "[x]", "a\rb", "-c", "race",
]  # fmt: skip


def label_sets() -> st.SearchStrategy[list[str]]:
    """Two labels to twelve, of which some files have odd ones."""
    some = st.lists(st.sampled_from(ODD_LABELS), min_size=2, max_size=12, unique=True)
    many = st.integers(5, 12).map(lambda n: list(string.ascii_uppercase[:n]))
    return st.sampled_from([0] * 6 + [1, 2, 2]).flatmap(lambda kind: [st.sampled_from(PLAIN_LABELS), many, some][kind])


def mark_sets() -> st.SearchStrategy[list[str]]:
    """How missing cells are written: most often they are empty."""
    return st.one_of(st.just([""]), st.lists(st.sampled_from(MARKS), min_size=1, max_size=3))


def headers(n_columns: int) -> st.SearchStrategy[list[str]]:
    """Names, most often all different."""
    plain = st.just([f"{'ghxyzuvw'[i % 8]}{i // 8 or ''}" for i in range(n_columns)])
    odd = st.lists(st.sampled_from(ODD_NAMES), min_size=n_columns, max_size=n_columns)
    return st.sampled_from([0, 0, 0, 0, 1]).flatmap(lambda kind: odd if kind else plain)


def column(kind: str, member: Sequence[int], rng: random.Random, decimal: str) -> list[str]:
    """Write the cells of a column whose rows are of these groups."""
    texts = _MAKERS[kind](member, rng)
    return [text.replace(".", decimal) for text in texts] if kind in NUMBERS else texts


def _of_size(exponent: int):
    return lambda member, rng: [f"{(rng.gauss(3 * k, 1)):.6g}e{exponent}" for k in member]


def _copy(member: Sequence[int], rng: random.Random) -> list[str]:
    one = rng.randint(1, 9)
    return [str(one * k + i % 5) for i, k in enumerate(member)]


def _gaps(member: Sequence[int], rng: random.Random) -> list[str]:
    return [rng.choice([f"{rng.gauss(2 * k, 1):.2f}"] * 4 + ["", "NA", "?"]) for k in member]


_MAKERS = {
    "separated": lambda member, rng: [f"{rng.gauss(170 + 4 * k, 3):.1f}" for k in member],
    "integers": lambda member, rng: [str(rng.randint(0, 5) + 2 * k) for k in member],
    "noise": lambda member, rng: [repr(rng.gauss(0, 1)) for _ in member],
    "tiny": _of_size(-300),
    "huge": _of_size(300),
    "wide": lambda member, rng: [f"{rng.choice([1, -1])}.5e{rng.randint(-300, 300)}" for _ in member],
    "copy": _copy,
    "gaps": _gaps,
    "categories": lambda member, rng: [rng.choice(["u", "v", "w", "", f"of {k}"]) for k in member],
    "constant": lambda member, rng: ["5.0" for _ in member],
    "padded": lambda member, rng: [f"{rng.randrange(1000):05}" for _ in member],
    "serial": lambda member, rng: [str(i + 1) for i, _ in enumerate(member)],
    "odd numbers": lambda member, rng: [rng.choice([*ODD_NUMBERS, str(rng.random())]) for _ in member],
    "odd texts": lambda member, rng: [rng.choice(ODD_TEXTS) for _ in member],
    "names": lambda member, rng: ["".join(rng.choices(string.ascii_lowercase, k=6)) for _ in member],
    "empty": lambda member, rng: ["" for _ in member],
    "broken": lambda member, rng: [rng.choice(["Jos", "Ren", "a"]) for _ in member],
}
