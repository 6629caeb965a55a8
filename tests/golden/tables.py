"""The small tables that the golden runs read, made anew from fixed numbers."""

import gzip
from functools import cache
from pathlib import Path

import numpy as np
from parted import HEADER, cut, records

SAMPLES = Path(__file__).parents[2] / "sample_data"

NOTHING = ""
"""What an empty cell holds."""


def _table(header, *columns):
    rows = zip(*columns, strict=True)
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def _numbers(values, digits):
    return [f"{value:.{digits}f}" for value in values]


def _people(n=60):
    """Two labels with gaps, a second column to fill, a category, groups and weights."""
    rng = np.random.default_rng(8)
    kind = rng.integers(0, 2, n)
    label = np.where(rng.random(n) < 0.3, NOTHING, np.where(kind, "man", "woman"))
    other = np.where(rng.random(n) < 0.2, "NA", np.where(rng.integers(0, 2, n), "left", "right"))
    x = _numbers(rng.normal(170.0 + 12.0 * kind, 7.0), 2)
    y = np.where(rng.random(n) < 0.1, NOTHING, _numbers(rng.normal(70.0 + 9.0 * kind, 9.0), 1))
    colour = np.where(rng.random(n) < 0.1, NOTHING, np.where(rng.random(n) < 0.3 + 0.4 * kind, "red", "blue"))
    return _table(
        "sex,hand,x,y,colour,site,w", label, other, x, y, colour, rng.integers(1, 4, n), rng.integers(0, 3, n)
    )


def _unlabelled(n=60):
    rng = np.random.default_rng(3)
    x = rng.normal(6.0 * (np.arange(n) % 2), 1.0)
    return _table("g,x,y", [NOTHING] * n, x.round(3), rng.normal(size=n).round(3))


def _lost_by_class(n=600):
    """Labels of one class and of large values are lost more often."""
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 2, n)
    x = rng.normal(4.0 * kind, 1.0)
    lost = rng.random(n) < np.where(kind, 0.7, 0.1)
    return _table("g,x", np.where(lost, NOTHING, np.where(kind, "b", "a")), x.round(3))


def _thresholds(n=300):
    """A threshold of either column decides the label; a third of the labels and some cells lack."""
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0.0, 10.0, (2, n)).round(2)
    label = np.where((a > 3.0) ^ (b > 6.0), "in", "out")
    b = np.where(rng.random(n) < 0.05, NOTHING, _numbers(b, 2))
    return _table("g,a,b", np.where(rng.random(n) < 0.33, NOTHING, label), a, b)


def _odd_rows():
    """Suspects, rows beyond all labels and rows without a predictor."""
    rng = np.random.default_rng(5)
    kind = np.arange(80) % 2
    x = _numbers(rng.normal(9.0 * kind, 1.0), 3)
    label = np.where(kind, "b", "a").tolist()
    label[0], label[1], label[10:20] = "b", "a", [NOTHING] * 10
    x[10], x[11], x[12], x[13] = NOTHING, NOTHING, "80", "4.5"
    colour = ["red", "blue"] * 40
    colour[10], colour[11], colour[14] = NOTHING, NOTHING, "green"
    return _table("g,x,colour", label, x, colour)


def _many_labels():
    rng = np.random.default_rng(2)
    kind = np.arange(160) % 16
    label = [NOTHING if at % 7 == 0 else f"k{one:02}" for at, one in enumerate(kind)]
    return _table("g,x,y", label, (kind + rng.normal(size=160)).round(2), rng.normal(size=160).round(2))


def _apart():
    """Predictors that tell missing from known for sure, and some that only known rows show."""
    number = np.arange(24)
    known, kind = number < 14, number % 2
    label = np.where(known, np.where(kind, "b", "a"), NOTHING)
    shown, colour = np.where(known, number % 4, NOTHING), np.where(known, np.where(kind, "red", "blue"), NOTHING)
    return _table("g,x,y,z,colour", label, np.where(known, 1, 2) + number % 5 / 10, kind + number % 3, shown, colour)


def _huge():
    """Numbers whose squares no number can be."""
    rng = np.random.default_rng(6)
    kind = np.arange(40) % 2
    x, y = ((kind + rng.normal(size=40) / 4.0) * 1e200 for _ in range(2))
    return _table("g,x,y", np.where(np.arange(40) % 4, np.where(kind, "b", "a"), NOTHING), x, y)


def _moved(n=80):
    """People again, taller by more than anybody was, with labels and texts of which they had none."""
    rng = np.random.default_rng(9)
    kind = rng.integers(0, 2, n)
    label = np.where(rng.random(n) < 0.4, NOTHING, np.where(kind, "man", "woman"))
    label[:3] = "child"
    x = _numbers(rng.normal(240.0 + 12.0 * kind, 7.0), 2)
    y = np.where(rng.random(n) < 0.6, NOTHING, _numbers(rng.normal(70.0 + 9.0 * kind, 9.0), 1))
    return _table("sex,x,y,colour", label, x, y, np.where(np.arange(n) < 5, "green", "red"))


def _coded(n=160):
    """A code that nearly gives the label away, and that only rows with a label have."""
    rng = np.random.default_rng(12)
    kind, missing = rng.integers(0, 2, n), rng.random(n) < 0.3
    height = _numbers(rng.normal(164.0 + 12.0 * kind, 13.0), 1)
    code = np.where(missing, NOTHING, np.where(kind ^ (rng.random(n) < 0.1), "1", "2"))
    return _table(
        "height,gender_code,gender", height, code, np.where(missing, NOTHING, np.where(kind, "male", "female"))
    )


def _copies(n=40):
    """Every record four times, all with their label or all without."""
    rng = np.random.default_rng(23)
    kind = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 3)) + kind[:, None] * [2.0, -1.0, 0.0]
    label = np.where(rng.random(n) < 0.3, NOTHING, np.array(["a", "b", "c"])[kind])
    order = rng.permutation(np.repeat(np.arange(n), 4))
    return _table("p,q,r,grp", *(_numbers(column, 3) for column in x[order].T), label[order])


def _customers(n=24):
    """Six rows of each customer, all with their label or all without."""
    rng = np.random.default_rng(29)
    kind, missing = rng.integers(0, 2, n), rng.random(n) < 0.4
    of = rng.permutation(np.repeat(np.arange(n), 6))
    x = (rng.normal(size=(n, 2)) + kind[:, None])[of] + 0.2 * rng.normal(size=(of.size, 2))
    label = np.where(missing, NOTHING, np.array(["a", "b"])[kind])[of]
    key = np.array([f"c{i:02}" for i in range(n)])[of]
    return _table("customer,x,y,kind", key, *(_numbers(column, 3) for column in x.T), label)


def _birds(n=110):
    """Three rows of each bird, some without their label, one with another's, and some whose sex was not seen."""
    rng = np.random.default_rng(31)
    sex, of = rng.choice(["F", "M"], n), np.repeat(np.arange(n), 3)
    wing = rng.normal(np.where(sex == "M", 62.0, 58.0), 2.0)[of] + rng.normal(size=of.size)
    label = np.where(rng.random(of.size) < 0.3, NOTHING, sex[of])
    label[(of == 7) | (of == 11)] = "U"
    label[:3] = ["F", "M", NOTHING]
    return _table(
        "ring,wing,sex", np.array([f"AB{10_007 * i % 971:03}" for i in range(n)])[of], _numbers(wing, 1), label
    )


def _doubtful(n=48):
    """A copy, a column mostly of numbers, a mark among the numbers, labels alike and one that shows nothing."""
    rng = np.random.default_rng(17)
    kind = np.arange(n) % 3
    label = np.array(["oak", "Oak", "elm"])[kind].tolist()
    label[3::5] = [NOTHING] * len(label[3::5])
    label[4] = label[9] = "\u200b"
    label[7] = "-"
    girth, age = rng.normal(80.0 + 25.0 * (kind == 2), 6.0).round(1), rng.normal(40.0, 9.0, n)
    age[[8, 20]] = -999
    spoilt = ["7?" if i % 10 == 9 else str(i * i) for i in range(n)]
    return _table(
        "tree,girth,inches,age,rings", label, _numbers(girth, 1), _numbers(girth * 2, 1), age.round(1), spoilt
    )


def _disguised(n=120):
    """Amounts, dates, limits and codes as people write them; one amount is none, and a column is mostly numbers."""
    rng = np.random.default_rng(5)
    kind = rng.integers(0, 2, n)
    label = np.where(rng.random(n) < 0.3, NOTHING, np.where(kind, "shop", "farm"))
    income = [f'"${value:,.0f}"' for value in rng.normal(40_000.0 + 12_000.0 * kind, 9_000.0)]
    income[6] = "unclear"
    opened = (np.datetime64("2021-01-01") + (rng.integers(0, 180, n) + 180 * kind)).astype(str)
    zinc = [f"{value:.2f}" if value > 1.0 else "<1" for value in rng.normal(2.0 + kind, 1.0)]
    rooms = np.array(["1", "2", "3+"])[np.minimum(rng.poisson(0.7 + kind), 2)]
    note = [f"see {i}" if i % 11 == 0 else str(i * i % 97) for i in range(n)]
    return _table("trade,income,opened,zinc,rooms,note", label, income, opened, zinc, rooms, note)


def _unsettled(n=60):
    """Dates of which nothing tells the day from the month, and quotes that surround a part of a cell."""
    rng = np.random.default_rng(8)
    kind = rng.integers(0, 2, n)
    label = np.where(rng.random(n) < 0.3, NOTHING, np.where(kind, "pipe", "rod"))
    day, month = rng.integers(1, 13, (2, n))
    made = [f"{a:02}/{b:02}/2021" for a, b in zip(day, month, strict=True)]
    size = [f'"{value:.1f}" wide' if i % 9 == 0 else f"{value:.1f}" for i, value in enumerate(rng.normal(4 + kind))]
    return _table("part,made,size,length", label, made, size, _numbers(rng.normal(9.0 + kind), 2))


def _noise(n=84):
    """A predictor that says nothing of labels, of which each is a number."""
    rng = np.random.default_rng(31)
    label = [NOTHING if i % 4 == 0 else str(10 * (i % 21)) for i in range(n)]
    return _table("dose,x", label, _numbers(rng.normal(size=n), 2))


def _quoted():
    """Quotes, commas and line breaks in cells, and line ends of both kinds."""
    rows = ['"a, or ""A""",1.5,"two\nlines"', '"b",6.5,one', '"",1.75,x', ',6.25,"y"', 'b,7,"z"', '"a, or ""A""",1,""']
    return "kind,x,note\r\n" + "".join(f"{row}{chr(13) if at % 2 else ''}\n" for at, row in enumerate(rows * 3))


@cache
def _with_lines(people):
    """Put comments, units, blank lines, a second header, a total and a footer among the people."""
    header, *rows = people.splitlines()
    cells = [row.split(",") for row in rows]
    sums = [f"{sum(float(row[column] or 0) for row in cells):.1f}" for column in (2, 3)]
    total = f"Total,,,{','.join(sums)},,,"
    named = [f"P{number},{row}" for number, row in enumerate(rows)]
    header = f"name,{header}"
    lines = ["# station 7", header, ",,,cm,kg,,,", *named[:9], "", *named[9:30], "# moved", header, *named[30:], total]
    return "\n".join([*lines, "", "n = 60", ""])


def contents():
    """The bytes of every file by its name."""
    people = _people()
    alike = "id,g,x\n" + "".join(f"{i},{'aA'[i % 2]},{i % 2 * 2 + i % 5}\n" for i in range(40))
    texts = {
        "people.csv": people,
        "blank.csv": _unlabelled(),
        "lost.csv": _lost_by_class(),
        "steps.csv": _thresholds(),
        "odd.csv": _odd_rows(),
        "many.csv": _many_labels(),
        "apart.csv": _apart(),
        "huge.csv": _huge(),
        "moved.csv": _moved(),
        "coded.csv": _coded(),
        "copies.csv": _copies(),
        "customers.csv": _customers(),
        "birds.csv": _birds(),
        "doubtful.csv": _doubtful(),
        "disguised.csv": _disguised(),
        "unsettled.csv": _unsettled(),
        "noise.csv": _noise(),
        "quoted.csv": _quoted(),
        "alone.csv": "g,x\n" + "a,1\na,1\nb,1\n" * 4 + "".join(f",{i}\n" for i in range(7)),
        "whole.csv": "g,x\na,1\nb,2\na,3\n",
        "each.csv": "g,x\na,1\nb,2\n,1.25\n",
        "few.csv": "g,x,y\na,1,2\nb,5,4\n,2,3\n,4,3\n,1,2\n,6,3\n,3,3\n",
        "short.csv": "g,x,y,z\na,1,2,5\na,2,1,3\na,3,3,4\nb,7,8,1\nb,8,6,2\nb,6,7,0\n,2,3,1\n,7,7,4\n,5,4,2\n",
        "flat.csv": "g,x\n" + "".join(f",{i * i % 23}\n" for i in range(60)),
        "alike.csv": alike,
        "bare.csv": people.partition("\n")[2],
        "two.csv": "sex,x,y,colour\n,170,,\nman,180,,\n",
        "gaps.csv": "sex,x\n,\n,\n",
        "none.csv": "sex,x,y,colour\n",
        "men.csv": "sex,x,y,colour\n"
        + "".join(f"man,{166 + i % 20},{70 + i % 17},red\n" for i in range(60))
        + ",170,70,blue\n",
        "other.csv": "sex,x,colour\n,tall,red\nchild,172,blue\nman,181,red\n,168,\n",
        "ragged.csv": "g,x\na,1\nb,2,3\n,4\n",
        "empty.csv": "",
        "lines.csv": _with_lines(people),
        "twins.csv": "g,x,x\na,1,2\n,3,4\n",
        "wide.csv": ",".join(["g", *(f"x{j}" for j in range(13))])
        + "\n"
        + "".join(
            f"{['', 'a', 'b'][i % 3]},{','.join(str((i * i + 3 * j * i) % 17) for j in range(13))}\n" for i in range(60)
        ),
        "words.csv": "g,name\na,Ann\nb,Bob\n,Cy\n",
        "single.csv": "g,x\na,1\na,2\n,3\n",
    }
    found = {name: text.encode() for name, text in texts.items()}
    commas = "sep=;\n" + people.replace(",", ";").replace(".", ",")
    found["comma16.csv"] = b"\xff\xfe" + commas.encode("utf-16-le")
    old = people.replace(",", "|").replace("woman", "Fräulein").replace(".", ",")
    found["old.txt"] = f"Messwerte über 60 Leute\n\n{old}".encode("latin-1")
    found["people.csv.gz"] = packed(found["people.csv"])
    return {**found, **{path.name: path.read_bytes() for path in SAMPLES.glob("*.csv")}}


def packed(content):
    """Compress without compressing, which gives the same bytes everywhere."""
    return gzip.compress(content, 0, mtime=0)


def write_files(folder):
    """Write all files, and tables in parts."""
    for name, content in contents().items():
        (folder / name).write_bytes(content)
    rows = list(records(120, seed=3, labels=("female", "male")))
    rows[5] = "5,female,4.5,,green\n"  # which looks wrong
    for number, path in enumerate(cut(folder, rows, [70, 120])):
        (folder / f"part-{number + 2}.csv.gz").write_bytes(packed(path.read_bytes()))
    rng = np.random.default_rng(4)
    blank = [f"{i},,{rng.normal(6.0 * (i % 2)):.2f},{rng.normal():.2f},{'uv'[i % 2]}\n" for i in range(50)]
    (folder / "blank").mkdir()
    (folder / "done").mkdir()
    cut(folder / "blank", blank, [30, 50], HEADER)
