"""What is kept of each kind of output: all that a reader would miss, in lines that can be read and compared."""

import bz2
import gzip
import hashlib
import json
import lzma
import re
from contextlib import suppress

import numpy as np
from golden.outline import outline

import em_impute

__all__ = ["NUMBER", "Masks", "kept", "reports_in"]

UNPACK = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}

WIDTH = 140
"""Columns of a line of JSON."""

NUMBER_WIDTH = 8
"""Columns that a number counts for where lines are broken, however many digits it has on some machine."""

MOST = 6
"""Numbers of a list that is kept whole; half as many of what is longer."""

FIRST, LAST = 2, 1
"""Items that are kept of a longer list."""

TEXT_MOST = 200
"""Characters of a text in JSON that is kept whole."""

NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")

SEAL = re.compile(rb'(?<="seal": ")[0-9a-f]{64}')

CONTROLS = {number: f"\\x{number:02x}" for number in range(32) if chr(number) != "\n"} | {13: "\\r", 27: "\\e"}
"""What would disturb a reader of what is kept, and git."""


class Masks:
    """Puts one word for what differs from run to run, and from version to version."""

    def __init__(self, folder, files):
        self._folder = str(folder)
        self._names = {}
        for name, content in files.items():
            for one in (content, _unpacked(name, content), SEAL.sub(64 * b"0", content)):
                self._names.setdefault(hashlib.sha256(one).hexdigest(), name)

    def __call__(self, text):
        text = re.sub(r"\b[0-9a-f]{64}\b", self._name_digest, text)
        text = re.sub(r"error: .*(?=\nhint: em-impute.* --help)", "error: <in the words of Typer>", text)
        text = re.sub(r"Traceback \(most recent.*?\n(?=\w)", "Traceback …\n", text, flags=re.DOTALL)
        return text.replace(self._folder, "FOLDER").replace(em_impute.__version__, "VERSION")

    def _name_digest(self, found):
        return f"<sha256 of {self._names[found[0]]}>" if found[0] in self._names else found[0]


def kept(name, content, masks, before):
    """Give a heading and the lines that are kept of an output; `before` has the files that may have been completed."""
    if name.endswith((".gif", ".png")):
        return [f"=== {name} (picture)", _pixels(content)]
    content = _unpacked(name, content)
    with suppress(ValueError):
        document = json.loads(content)
        if isinstance(document, dict):
            return [f"=== {name} (JSON)", *masks("\n".join(_json_lines(document))).split("\n")]
    if name.endswith(".html"):
        return [f"=== {name} (page)", *masks(outline(content.decode())).split("\n")]
    text = _decoded(content)
    changes = _changes(text, before)
    if changes is not None or name.rpartition(".")[2] in {"csv", "gz", "xz"}:
        return [f"=== {name} (table)", *(_shown(text) if changes is None else changes)]
    return [f"=== {name} (text)", *_shown(masks(text))]


def reports_in(lines):
    """Yield the documents among the lines that were kept."""
    at = 0
    while at < len(lines):
        if lines[at].endswith(" (JSON)"):
            end = lines.index("}", at)
            text = re.sub(r"<sha256 of [^>]*>", "0" * 64, "\n".join(lines[at + 1 : end + 1]))
            yield json.loads(text)
            at = end
        at += 1


# Tables


def _unpacked(name, content):
    """Undo a compression that the name, or the beginning of what standard output got, tells of."""
    with suppress(OSError, EOFError, lzma.LZMAError):
        return UNPACK.get(name[name.rfind(".") :], bytes)(content)
    return content


def _decoded(content):
    """Read text, of which no byte gets lost."""
    for encoding in ("utf-16-le",) if content.startswith(b"\xff\xfe") else ("utf-8", "latin-1"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    return repr(content)


def _shown(text):
    """Give the lines of a text, with their ends where these are not the usual ones."""
    lines = text.translate(CONTROLS).split("\n")
    return lines[:-1] if not lines[-1] else [*lines, "(no end of line)"]


def _changes(text, before):
    """Say in which lines a table differs from the one of those before that is most like it; None if none is like it."""
    lines, best = _shown(text), None
    for name, content in before.items():
        others = _shown(_decoded(_unpacked(name, content)))
        if len(others) == len(lines) > 1:
            changed = [at for at, (line, other) in enumerate(zip(lines, others, strict=True)) if line != other]
            if len(changed) * 2 < len(lines) and (best is None or len(changed) < len(best[1])):
                best = name, changed
    if best is None:
        return None
    return [f"{best[0]} but for {len(best[1])} lines", *(f"{at + 1}: {lines[at]}" for at in best[1])]


# JSON


def _json_lines(document):
    sums = []
    thinned = _thinned(document, "", sums)
    return [*_broken(thinned, ""), *sums]


def _thinned(value, at, sums):
    """Leave items of long lists out, and list what they add up to; let times stand still."""
    if isinstance(value, dict):
        if at.endswith("/timings"):
            return dict.fromkeys(value, 0.5)
        return {key: _thinned(one, f"{at}/{key}", sums) for key, one in value.items()}
    if value and isinstance(value, list):
        if len(value) > MOST // (1 + isinstance(value[0], dict | list)):
            sums.append(f"{at}: {len(value)} items{_sum_of(value)}")
            value = [*value[:FIRST], *value[-LAST:]]
        return [_thinned(one, f"{at}/{place}", sums) for place, one in enumerate(value)]
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, str) and len(value) > TEXT_MOST and " " not in value:
        return f"{value[:20]}… {len(value)} characters, {hashlib.sha256(value.encode()).hexdigest()[:16]}"
    return value


def _sum_of(value):
    """Tell numbers from others by how many they are, their mean and their mean by place, in units of the largest."""
    numbers = np.array([one for one in _leaves(value) if not isinstance(one, str)], float)
    texts = [one for one in _leaves(value) if isinstance(one, str)]
    said = ""
    if numbers.size:
        numbers = numbers / max(1.0, float(np.abs(numbers).max()))
        place = np.arange(1, numbers.size + 1) / numbers.size
        said += f", {numbers.size} numbers {numbers.mean():.6f} {(numbers * place).mean():.6f}"
    if texts:
        said += f", {len(texts)} texts {hashlib.sha256(''.join(texts).encode()).hexdigest()[:8]}"
    return said


def _leaves(value):
    if isinstance(value, dict):
        value = [item for pair in value.items() for item in pair]
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield value


def _broken(value, start, end=""):
    """Write JSON with as much on a line as is easily read."""
    whole = f"{start}{json.dumps(value, ensure_ascii=False)}{end}"
    indent = len(start) - len(start.lstrip())
    if not isinstance(value, dict | list) or not value or (indent and _width(whole) <= WIDTH):
        return [whole]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        items = [(f"{inner}{json.dumps(key, ensure_ascii=False)}: ", one) for key, one in value.items()]
    else:
        items = [(inner, one) for one in value]
    lines = [
        line for place, (begin, one) in enumerate(items) for line in _broken(one, begin, "," * (place < len(items) - 1))
    ]
    return [f"{start}{opening}", *lines, f"{' ' * indent}{closing}{end}"]


def _width(line):
    return len(NUMBER.sub("0" * NUMBER_WIDTH, line))


def _pixels(content):
    """Say how large a picture is, and of how many frames."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(content)) as picture:
        frames = getattr(picture, "n_frames", 1)
        return f"{picture.format}, {picture.width} by {picture.height}, frames: {frames}"
