"""Whole CSV files, made up: most of them tables that can be filled, some damaged."""

import codecs
import random
from dataclasses import dataclass

from compressing import FORMATS
from fuzz import cells
from hypothesis import strategies as st

DAMAGED = 20
"""Of a hundred files."""

DELIMITERS = {",": 55, ";": 20, "\t": 15, "|": 10}
ENCODINGS = {"utf-8": 55, "utf-8-sig": 12, "latin-1": 8, "cp1252": 8, "utf-16-le": 9, "utf-16-be": 8}
BOMS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
LINE_ENDS = {"\n": 60, "\r\n": 30, "mixed": 10}
QUOTING = {"needed": 60, "all": 15, "some": 20, "texts": 5}
PREAMBLE = ["Report 2024", "made by, somebody", "", "a;b;c;d", 'with a "quote" in it', "# comment", "é ü"]


@dataclass(frozen=True)
class MadeUp:
    """A file and what its maker knows of it."""

    content: bytes
    """as a program that reads CSV sees it"""
    on_disk: bytes
    """the same, or compressed"""
    suffix: str
    """of its name"""
    names: list[str]
    """what columns can be called, `"1"`, `"2"`, … without a header"""
    target: int
    """0-based index of the column to fill"""
    numbers: list[int]
    """of the columns that hold numbers"""
    texts: list[int]
    """of those that hold few different texts"""
    labels: list[str]
    marks: list[str]
    """how a missing cell of the target is written"""
    delimiter: str
    encoding: str
    decimal: str
    has_header: bool
    skip_lines: int
    damage: str = ""


def chance(draw, percent: int) -> bool:
    """Decide; what shrinks becomes False."""
    return draw(st.integers(0, 99)) >= 100 - percent


def one_of(draw, weights: dict):
    """Choose by weights; what shrinks becomes the first."""
    return draw(st.sampled_from([choice for choice, weight in weights.items() for _ in range(weight)]))


@st.composite
def made_up_files(draw) -> MadeUp:
    """Make up a file.  Its structure is drawn, and so shrinks; its cells follow from the structure and a seed."""
    rng = random.Random(draw(st.integers(0, 2**32 - 1)))  # noqa: S311
    delimiter, encoding = one_of(draw, DELIMITERS), one_of(draw, ENCODINGS)
    n_rows = draw(st.one_of(st.integers(8, 30), st.integers(0, 60)))
    kinds = draw(st.lists(st.sampled_from(cells.KINDS), min_size=1 - chance(draw, 3), max_size=7))
    kinds = ["separated"] * (not chance(draw, 15)) + kinds[:6]
    labels = draw(cells.label_sets())
    marks = draw(cells.mark_sets())
    decimal = "," if chance(draw, 30 if delimiter == ";" else 4) else "."
    share = draw(st.sampled_from([0.3, 0.2, 0.5, 0.1, 0.8] * 3 + [0.0, 1.0]))
    target = draw(st.integers(0, len(kinds)))
    member = [rng.randrange(len(labels)) for _ in range(n_rows)]
    known = [rng.random() >= share for _ in member]
    if 2 * len(labels) <= n_rows and share < 1:  # each label stands somewhere
        for row in range(2 * len(labels)):
            member[row], known[row] = row % len(labels), True
    columns = [cells.column(kind, member, rng, decimal) for kind in kinds]
    filled = [labels[k] if there else rng.choice(marks) for k, there in zip(member, known, strict=True)]
    columns.insert(target, filled)
    kinds.insert(target, "target")
    has_header = not chance(draw, 12)
    names = draw(cells.headers(len(columns))) if has_header else [str(i + 1) for i in range(len(columns))]
    writing = _Writing(delimiter, encoding, one_of(draw, QUOTING), one_of(draw, LINE_ENDS), rng)
    rows = [*([names] if has_header else []), *(list(row) for row in zip(*columns, strict=True))]
    skip_lines = draw(st.integers(1, 3)) if chance(draw, 8) else 0
    head = [rng.choice(PREAMBLE) for _ in range(skip_lines)]
    separator = [f"sep={delimiter}"] if chance(draw, 8) else []
    last = draw(st.sampled_from(["end"] * 7 + ["none"] * 2 + ["blank lines"]))
    content = writing.table([*head, *separator], rows, last, {i for i, kind in enumerate(kinds) if kind == "broken"})
    damage = draw(st.sampled_from(sorted(DAMAGES))) if chance(draw, DAMAGED) else ""
    if damage:
        content = DAMAGES[damage](content, rng)
    compression = draw(st.sampled_from(sorted(FORMATS))) if chance(draw, 10) else None
    return MadeUp(
        content=content,
        on_disk=content if compression is None else FORMATS[compression].compress(content),
        suffix=draw(st.sampled_from([".csv", ".csv", ".tsv", ".txt", ""]))
        + (FORMATS[compression].suffix if compression and not chance(draw, 10) else ""),
        names=names,
        target=target,
        numbers=[i for i, kind in enumerate(kinds) if kind in cells.NUMBERS],
        texts=[i for i, kind in enumerate(kinds) if kind == "categories"],
        labels=labels,
        marks=marks,
        delimiter=delimiter,
        encoding=encoding,
        decimal=decimal,
        has_header=has_header,
        skip_lines=skip_lines,
        damage=damage,
    )


@dataclass
class _Writing:
    """How cells become bytes."""

    delimiter: str
    encoding: str
    quoting: str
    line_end: str
    rng: random.Random

    def table(self, head: list[str], rows: list[list[str]], last: str, broken: set[int]) -> bytes:
        """Write lines above the header, and records; cells of `broken` columns end in a byte that is no text."""
        data = BOMS.get(self.encoding, b"")
        for text in head:
            data += self._bytes(text) + self._end()
        for number, row in enumerate(rows):
            record = []
            for column, text in enumerate(row):
                raw = self._bytes(self._field(text))
                if column in broken and number and self.encoding.startswith("utf-8") and not raw.endswith(b'"'):
                    raw += b"\xe9"
                record.append(raw)
            is_last = number == len(rows) - 1
            data += self._bytes(self.delimiter).join(record) + (b"" if is_last and last == "none" else self._end())
        if last == "blank lines":
            data += self._end() * self.rng.randint(1, 3)
        return data

    def _end(self) -> bytes:
        return self._bytes(self.rng.choice(["\n", "\r\n"]) if self.line_end == "mixed" else self.line_end)

    def _field(self, text: str) -> str:
        if text == cells.QUOTED_EMPTY:
            return '""'
        wanted = {
            "needed": False,
            "all": True,
            "some": self.rng.random() < 0.3,
            "texts": not text[:1].isdigit() and text != "",
        }[self.quoting]
        if wanted or text.startswith('"') or any(one in text for one in (self.delimiter, "\n", "\r")):
            return '"' + text.replace('"', '""') + '"'
        return text

    def _bytes(self, text: str) -> bytes:
        encoding = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        try:
            return text.encode(encoding)
        except UnicodeEncodeError:
            return "".join(one if _is_in(one, encoding) else "x" for one in text).encode(encoding)


def _is_in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _insert(data: bytes, rng: random.Random, *texts: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(texts) + data[at:]


def _in_line(data: bytes, rng: random.Random, change) -> bytes:
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    lines[at] = change(lines[at])
    return b"\n".join(lines)


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data or b"\n")
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _garbage(_: bytes, rng: random.Random) -> bytes:
    return bytes(rng.choice(b'a,";\n\r \t\0|1.\xe9\xff') for _ in range(rng.randint(0, 60)))


DAMAGES = {
    "a long record": lambda data, rng: _in_line(data, rng, lambda line: line + b",x;y\tz|w"),
    "a short record": lambda data, rng: _in_line(data, rng, lambda line: line[: len(line) // 2]),
    "a blank line": lambda data, rng: _in_line(data, rng, lambda line: line + rng.choice([b"\n", b"\r\n", b"\n\n"])),
    "a line twice": lambda data, rng: _in_line(data, rng, lambda line: line + b"\n" + line),
    "a quote": lambda data, rng: _insert(data, rng, b'"', b'""', b'","', b'";"'),
    "text after a quote": lambda data, rng: data.replace(b'"', rng.choice([b'"x', b'x"']), 1),
    "a NUL byte": lambda data, rng: _insert(data, rng, b"\0", b"\0\0"),
    "a control character": lambda data, rng: _insert(
        data, rng, b"\x1b[31m", b"\x07", b"\x0b", b"\x0c", b"\x85", b"\x1c"
    ),
    "a bare CR": lambda data, rng: _insert(data, rng, b"\r", b"\r\r\n"),
    "CR only": lambda data, rng: data.replace(b"\r", b"").replace(b"\n", b"\r"),
    "cut off": lambda data, rng: data[: rng.randint(0, len(data))],
    "broken bytes": _flip,
    "another line end at once": lambda data, rng: data.replace(b"\n", b"\r\n", rng.randint(1, 3)),
    "nothing": lambda data, rng: b"",
    "a mark only": lambda data, rng: rng.choice(list(BOMS.values())),
    "line ends only": lambda data, rng: rng.choice([b"\n", b"\r\n", b"\r"]) * rng.randint(1, 3),
    "the first line only": lambda data, rng: data.split(b"\n")[0],
    "garbage": _garbage,
    "a mark in the middle": lambda data, rng: _insert(data, rng, codecs.BOM_UTF8),
    "no first line": lambda data, rng: data.partition(b"\n")[2],
}
