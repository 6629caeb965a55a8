"""`check` without a column, and `fill --all`: which columns are filled, and which are left."""

import csv

import pytest
from builders import csv_of, strict


@pytest.fixture
def table(tmp_path):
    """Two categories with gaps, one of them by a mark of its own, a number, a name and a constant with gaps."""
    n = 60
    kind = [i % 2 for i in range(n)]
    x = [None if i % 9 == 4 else 10 * k + i % 5 for i, k in enumerate(kind)]
    sex = [None if i % 4 == 1 else "fm"[k] for i, k in enumerate(kind)]
    eyes = ["-99" if i % 5 == 2 else ("blue", "brown")[k] for i, k in enumerate(kind)]
    name = [None if i == 7 else f"name {i}" for i in range(n)]
    same, none = [None if i % 3 else "yes" for i in range(n)], [None] * n
    said = [f"remark {i // 4}" if i % 3 == 0 and i < 50 else None for i in range(n)]
    columns = (x, sex, eyes, name, same, none, said)
    (tmp_path / "t.csv").write_text(csv_of("x,sex,eyes,name,same,none,said,y", *columns, range(n)))
    return tmp_path


def test_fill_all_fills_the_categories_and_changes_no_other_cell(run, table):
    made = run("fill", "t.csv", "--all", "--null-value", "-99", "-o", "a.csv")
    named = run("fill", "t.csv", "-c", "sex", "-c", "eyes", "--null-value", "-99", "-o", "b.csv", "-q", "--no-report")
    before, after = ([*csv.DictReader((table / name).read_text().splitlines())] for name in ("t.csv", "a.csv"))
    report = strict((table / "a.report.json").read_bytes())

    assert (made.returncode, named.returncode) == (0, 0)
    assert (table / "a.csv").read_bytes() == (table / "b.csv").read_bytes()
    assert {row["sex"] for row in after} == {"f", "m"}
    assert {row["eyes"] for row in after} == {"blue", "brown"}
    assert [{**row, "sex": "", "eyes": ""} for row in before] == [{**row, "sex": "", "eyes": ""} for row in after]
    assert [one["column"] for one in report["reports"]] == ["sex", "eyes"]
    assert [one["code"] for one in report["reports"][0]["warnings"] if one["code"] == "S06"] == ["S06"]
    assert b"Not filled: x (7 missing, but it holds numbers)" in made.stderr


def test_what_all_fills_need_not_be_among_the_predictors_that_are_named(run, table):
    words = ("t.csv", "--null-value", "-99", "-x", "x", "-q", "--no-report")
    made = run("fill", *words, "--all", "-o", "a.csv")
    named = run("fill", *words, "-c", "sex", "-c", "eyes", "-o", "b.csv")

    assert (made.returncode, named.returncode) == (0, 0)
    assert (table / "a.csv").read_bytes() == (table / "b.csv").read_bytes() != (table / "t.csv").read_bytes()


def test_check_lists_every_column_with_gaps(run, table):
    made = run("check", "t.csv", "--null-value", "-99")
    said = made.stderr.decode()

    assert made.returncode == 1
    assert [line for line in said.splitlines() if line.startswith(("column ", "left "))] == [
        "column      sex: 45 known, 15 missing (15 empty)",
        "column      eyes: 48 known, 12 missing (12 -99)",
        "left        x: 7 missing, but it holds numbers",
        "left        name: 1 missing, but it holds more than 50 different texts",
        "left        same: 40 missing, but it holds one text only",
        "left        none: 60 missing, but no label is known",
        "left        said: 43 missing, but its texts hardly repeat",
    ]


def test_times_and_amounts_are_left_however_few_they_are_unless_they_are_called_categories(call, tmp_path):
    rows = range(60)
    sex, day = [None if i % 4 == 1 else "fm"[i % 2] for i in rows], [f"{i % 5 + 13}/{i % 3 + 1}/2024" for i in rows]
    clock, price = ([None if i % 7 == 3 else one.format(i % 6 + 10) for i in rows] for one in ("{}:30", "${}.50"))
    grade, bad = ([None if i % 7 == 5 else f"{i % 3 + 1}{end}" for i in rows] for end in ("st", "/4/2024"))
    (tmp_path / "t.csv").write_text(csv_of("sex,day,clock,price,grade,bad,y", sex, day, clock, price, grade, bad, rows))
    code, _, said = call("check", "t.csv")
    *_, told = call("check", "t.csv", "--as", "clock=category")

    assert code == 1
    assert [line for line in said.splitlines() if line.startswith(("column ", "left "))] == [
        "column      sex: 45 known, 15 missing (15 empty)",
        "column      grade: 52 known, 8 missing (8 empty)",
        "left        clock: 9 missing, but it holds dates or times",
        "left        price: 9 missing, but it holds numbers",
        "left        bad: 8 missing, but it holds dates or times",
    ]
    assert "clock: 6 categories" in said
    assert "not used    clock:" not in said  # though its times are not
    assert "column      clock: 51 known, 9 missing (9 empty)" in told


def test_where_nothing_can_be_filled_the_columns_with_gaps_are_named(call, tmp_path):
    (tmp_path / "t.csv").write_text("g,x\n1,2\n,3\n2,5\n")
    *_, alone = call("fill", "t.csv", "--all", "--dry-run")
    *_, each = call("fill", "--each", "t.csv", "--all", "-o", "out")

    assert alone.endswith("has gaps\nleft        g: 1 missing, but it holds numbers\n")
    assert "t.csv: filled nothing; left g: 1 missing, but it holds numbers; out/t.csv\n" in each


@pytest.mark.parametrize("source", ["t.csv", "-"])
def test_a_table_without_gaps_is_copied(run, tmp_path, source):
    content = b"g,x\na,1\nb,2\n"
    (tmp_path / "t.csv").write_bytes(content)
    made = run("fill", source, "--all", "-o", "-", "-r", "r.json", stdin=content)
    checked = run("check", source, stdin=content)

    assert (made.returncode, made.stdout) == (0, content)
    assert b"no column of categories has gaps" in made.stderr
    assert (checked.returncode, checked.stderr) == (0, b"columns     no column of categories has gaps\n")
