"""Several columns to fill at once: each is a predictor of the others, as it is where one of them alone is filled."""

import csv

import numpy as np
import pytest
from builders import csv_of


@pytest.fixture
def table(tmp_path):
    """A table with two labels that depend on each other, the second of them coded, and gaps in all columns."""
    rng = np.random.default_rng(7)
    kind = rng.integers(0, 3, 150)
    other = np.where(rng.random(150) < 0.85, kind % 2, 1 - kind % 2)
    x = np.where(rng.random(150) < 0.1, "", rng.normal(kind, 1.0).round(3).astype(str))
    first = np.where(rng.random(150) < 0.3, "", np.array(["ash", "elm", "oak"])[kind])
    second = np.where(rng.random(150) < 0.4, "", other.astype(str))
    (tmp_path / "t.csv").write_text(csv_of("x,tree,site", x.tolist(), first.tolist(), second.tolist()))
    return tmp_path


def columns_of(path):
    with path.open(newline="") as file:
        return dict(zip(("x", "tree", "site"), zip(*csv.reader(file), strict=True), strict=True))


def parts(folder):
    lines = (folder / "t.csv").read_text().splitlines(keepends=True)
    for number, some in enumerate((lines[1:75], lines[75:])):
        (folder / f"p{number}.csv").write_text("".join([lines[0], *some]))
    return "p0.csv", "p1.csv"


@pytest.mark.parametrize("is_in_parts", [False, True])
def test_each_is_filled_as_if_it_were_the_only_one(run, table, is_in_parts):
    files = parts(table) if is_in_parts else ("t.csv",)
    for number, named in enumerate((("tree",), ("site",), ("tree", "site"))):
        words = [word for name in named for word in ("-c", name)]
        made = run("fill", *files, *words, "-o", f"{number}{'/' if is_in_parts else '.csv'}", "--no-report", "-qq")
        assert (made.returncode, made.stderr) == (0, b"")
    outputs = [table / str(number) / "p1.csv" if is_in_parts else table / f"{number}.csv" for number in range(3)]
    tree, site, both = map(columns_of, outputs)

    assert both == {**tree, "site": site["site"]}
    assert all(map(all, (both["tree"], both["site"])))


def test_a_saved_model_of_both_fills_as_the_fit_did(run, table):
    made = run(
        "fill", "t.csv", "-c", "tree", "-c", "site", "--save-model", "m.json", "-o", "a.csv", "--no-report", "-qq"
    )
    again = run("fill", "t.csv", "--model", "m.json", "-o", "b.csv", "--no-report", "-qq")

    assert (made.returncode, again.returncode) == (0, 0)
    assert (table / "a.csv").read_bytes() == (table / "b.csv").read_bytes()


def test_a_predictor_that_is_named_may_be_filled_too(run, table):
    made = run("fill", "t.csv", "-c", "tree", "-c", "site", "-x", "x", "-x", "site", "-o", "a.csv", "-qq")
    alone = run("fill", "t.csv", "-c", "tree", "-x", "x", "-x", "site", "-o", "b.csv", "-qq")

    assert (made.returncode, alone.returncode) == (0, 0)
    assert columns_of(table / "a.csv")["tree"] == columns_of(table / "b.csv")["tree"]
