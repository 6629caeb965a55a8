"""The tables whose reports are looked at: the sample data, and tables that are unkind to a page."""

import random
from pathlib import Path
from typing import NamedTuple

__all__ = ["HOSTILE", "LONG", "PAGES", "TURNED", "Case"]

SAMPLES = Path(__file__).parents[2] / "sample_data"

SCRIPT = "<script>alert(1)</script>"
CLOSING = "</script></style></svg>"
IMAGE = '"><img src=x onerror=alert(1)>'
MARKUP = "[bold]&amp;*_`|"
FORMULA = "$x$ {{ 7*7 }} {% raw %}"
RIGHT_TO_LEFT = "\u05e9\u05dc\u05d5\u05dd (2)"
TURNED = "turned \u202eround"  # a mark after which text runs from right to left, also that of the page
EMOJI = "👩‍🔬"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenträger"
HOSTILE = (SCRIPT, CLOSING, IMAGE, MARKUP, FORMULA, RIGHT_TO_LEFT, EMOJI)


class Case(NamedTuple):
    """A CSV file and the options of `em-impute fill` that complete it."""

    name: str
    content: bytes
    options: tuple[str, ...]
    known: "Case | None" = None
    """the file that a saved model is fitted to, which then fills this one"""

    def write(self, folder):
        """Write the file and give its path."""
        path = folder / self.name
        path.write_bytes(self.content)
        return path


def sample(name, *options):
    """Take a file of sample_data/."""
    return Case(name, (SAMPLES / name).read_bytes(), options)


def table(name, header, rows, *options):
    """Write a table as CSV, every field in quotes."""
    lines = (",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) for row in (header, *rows))
    return Case(name, "".join(f"{line}\n" for line in lines).encode(), options)


def blobs(labels, n_rows, missing, seed=0):
    """Draw (label or "", x, y) around as many centres as there are labels, on a spiral."""
    draw = random.Random(seed)  # noqa: S311  # no secrets here
    for row in range(n_rows):
        n = row % len(labels)
        x, y = 3 * n, 2.0 * (n % 7)
        yield labels[n] if draw.random() > missing else "", draw.gauss(x, 1.5), draw.gauss(y, 1.0)


def two_columns():
    """Blank every seventh island of the penguins, so that two columns have something to fill."""
    header, *rows = (SAMPLES / "penguins.csv").read_text(encoding="utf-8").splitlines()
    cells = [row.split(",") for row in rows]
    for row in cells[::7]:
        row[1] = ""
    return table("penguins.csv", header.split(","), cells, "-c", "sex", "-c", "island")


def hostile():
    """Give every name that a page shows a meaning in some language of the page."""
    labels = (SCRIPT, IMAGE, MARKUP, RIGHT_TO_LEFT, LONG, TURNED)
    draw = random.Random(1)  # noqa: S311
    rows = [(label, x, y, draw.choice((CLOSING, EMOJI, "plain"))) for label, x, y in blobs(labels, 400, 0.2)]
    name = IMAGE + ".csv"
    return table(name, (FORMULA, CLOSING, EMOJI, SCRIPT), rows, "-c", FORMULA)


def thirty_labels():
    """Take so many labels that no palette and no legend has room for them."""
    labels = [f"variety {n + 1}" for n in range(30)]
    return table("thirty.csv", ("variety", "length_mm", "width_mm"), blobs(labels, 900, 0.15), "-c", "variety")


def taller():
    """Let a saved model fill what it was not made for: people 12 cm taller than those it was fitted to."""
    known = sample("heights.csv", "-c", "gender", "--single")
    header, *rows = known.content.decode().splitlines()
    cells = [row.split(",") for row in rows]
    moved = table("taller.csv", header.split(","), [[*one[:-1], f"{float(one[-1]) + 12:.1f}"] for one in cells])
    return moved._replace(known=known)


PAGES = {
    "heights": sample("heights.csv", "-c", "gender"),
    "penguins": sample("penguins.csv", "-c", "sex"),
    "faithful": sample("faithful.csv", "-c", "kind", "--labels", "short,long"),
    "two-columns": two_columns(),
    "hostile": hostile(),
    "thirty-labels": thirty_labels(),
    "saved-model": taller(),
}
