"""Dialects that people meet, and lines that are no rows: read, filled around, and every other byte kept."""

import json

import pytest
from patched import after, assert_filled, before

ROWS = b"a,1\nb,9\n{>a},1\n"
TEXTS = b'x\tn\tg\n1\t"A" z\ta\n9\t"z\tb\n1\tz"\t{>a}\n'

KEPT = {
    # what it is -> the file, with {old>new} where a cell of column g is filled; options
    "every row ends with a delimiter": (b"g,x\na,1,\nb,9,\n{>a},1,\n",),
    "every row ends with a delimiter, CRLF": (b"x;g\r\n1;a;\r\n9;b;\r\n1;{>a};\r\n",),
    "every row ends with a delimiter, and the file without a line end": (b"x\tg\n1\ta\t\n9\tb\t\n1\t{>a}\t",),
    "a blank line within": (b"g,x\na,1\n\nb,9\n{>a},1\n",),
    "a blank line below every line": (b"g,x\r\n\r\na,1\r\n\r\nb,9\r\n\r\n{>a},1\r\n\r\n",),
    "lines of spaces and tabs": (b"g,x\na,1\n \t\nb,9\n\t\r\n  \n{>a},1\n ",),
    "blank lines above the header": (b"\n\r\n" + b"g,x\n" + ROWS,),
    "a blank line below quoted line ends": (b'n,g,x\n"\n\n",a,1\n\n"z",b,9\n\n"\n",{>a},1\n',),
    "the mark of the end of a file of DOS": (b"g,x\r\na,1\r\nb,9\r\n{>a},1\r\n\x1a",),
    "quotes that are text": (TEXTS,),
    "quotes that are text, said so": (TEXTS, "--quote", "none"),
    "quotes at the end, said to be text": (b'g;x\n"a;1\nb;9\n{>"a};1\n', "--quote", "none"),
    "a space behind a closing quote": (b'n,g,x\n"a,z" ,a,1\n"b"\t,b,9\n"c"  ,{>a},1\n',),
    "a space behind the last closing quote": (b'g,x,n\r\na,1,"z" \r\nb,9,"z"\t\r\n{>a},1,"z" \r\n',),
    "CR alone ends lines": (b"g,x\ra,1\rb,9\r{>a},1\r",),
    "CR alone, and none at the end": (b'n,g,x\r"a\rz",a,1\rz,b,9\rz,{>a},1',),
    "comments": (b"# t\n#\n#g,y\ng,x\n# u,v\na,1\n# it's \"w\" x, \"\n#\"\nb,9\n{>a},1\n# end", "--comment", "#"),
    "comments of two characters": (b"// t\ng,x\na,1\n// ,\nb,9\n/,9\n{>a},1\n", "--comment", "//"),
    "a comment as long as a row": (b"g,x\na,1\n#,2\nb,9\n{>a},1\n", "--comment", "#"),
    "the sign of comments within a quoted cell": (b'n,g,x\n"z\n# ""z""",a,1\n# "\nz,b,9\nz,{>a},1\n', "--comment", "#"),
    "the header again": (b"g,x\na,1\nb,9\ng,x\n{>a},1\n",),
    "the header again and again": (b"g,x\na,1\ng,x\nb,9\ng,x\ng,x\n{>a},1\ng,x",),
    "the header in capitals": (b"g,x\na,1\nG,X\nb,9\nG,x\n{>a},1\n",),
    "units": (b"n,g,x\n,,cm\nz,a,1\nz,b,9\nz,{>a},1\n",),
    "units in brackets": (b"g,x,y\n-,[kg/m\xc2\xb2],(%)\na,1,1\nb,9,2\n{>a},1,1\n",),
    "dashes": (b"n,g,x\n-----,-,---\nz,a,1\nz,b,9\nz,{>a},1\n",),
    "dashes of a table in Markdown": (b"|n|g|x|\n|---|:-:|--:|\n|z|a|1|\n|z|b|9|\n|z|{>a}|1|\n",),
    "two dashes, which mean missing": (b"g,x\n{-->a},1\na,1\nb,9\n{-->a},1\n",),
    "a total": (b"n,g,x\nz,a,1\nz,b,9\nz,{>a},1\nTotal,,11\n",),
    "sum and mean": (b"n,x,y,g\np,1,0.5,a\nq,9,0.25,b\nr,1,,{>a}\nSum:,11,0.75,\nMEAN,3.67,0.38,\n",),
    "a total with thousands marks": (b'n,x,g\nz,"$1,000",a\nz,"$9,000",b\nz,"$1,100",{>a}\nTotal,"$11,100",\n',),
    "subtotals": (b"n,g,x\nz,a,1\nz,b,9\nSubtotal,,10\nz,{>a},1\nz,b,8\nSubtotal,,9\nGrand total,,19\n",),
    "a total that says nothing": (b"n,g,x\nz,a,1\nz,b,9\nz,{>a},1\nTotal,,\n",),
    "footers": (b"n,g,x\nz,a,1\nz,b,9\nz,{>a},1\n,,\nn = 3,,\nSource: z,,\n,,\n",),
    "footers of one cell": (b'g,x\na,1\nb,9\n{>a},1\n\nSource: A, B, and C\nNote: "z"\n(3 rows affected)\n',),
    "footers that fill all cells": (b"g,x\na,1\nb,9\n{>a},1\n\nSource: A, B\nNote: C, and D\n",),
    "prose below a blank line": (b"g,x\na,1\nb,9\n{>a},1\n\nexported by z\n\nthe end\n",),
}  # fmt: skip


@pytest.mark.parametrize(("template", "options"), [(one, more) for one, *more in KEPT.values()], ids=KEPT)
def test_only_the_missing_cells_of_rows_change(call, tmp_path, template, options):
    assert_filled(call, tmp_path, template, *options, name="a.csv")


@pytest.mark.parametrize("way", ["stdin", "in place", "parts", "max memory", "a saved model"])
@pytest.mark.parametrize("kind", ["a blank line below every line", "quotes that are text", "comments", "subtotals",
                                  "CR alone ends lines", "every row ends with a delimiter", "footers of one cell"])  # fmt: skip
def test_every_way_of_filling_leaves_them_alone(call, run, tmp_path, kind, way):
    template, *options = KEPT[kind]
    content, expected, file = before(template), after(template), tmp_path / "a.csv"
    file.write_bytes(content)
    fill = ["fill", "-c", "g", "-x", "x", "--covariance", "tied", "-q", "--no-report", *options]
    if way == "stdin":
        written = run(*fill, stdin=content).stdout
    elif way == "in place":
        call(*fill, "--in-place", "a.csv")
        written = file.read_bytes()
    elif way == "parts":
        (tmp_path / "b.csv").write_bytes(content)
        call(*fill, "a.csv", "b.csv", "-o", "out/")
        written = (tmp_path / "out" / "b.csv").read_bytes()
    elif way == "max memory":
        call(*fill, "a.csv", "-o", "out.csv", "--max-memory", "500MB")
        written = (tmp_path / "out.csv").read_bytes()
    else:
        call(*fill, "a.csv", "-o", "out.csv", "--save-model", "model.json")
        call("fill", "--model", "model.json", "-q", "--no-report", *options, "a.csv", "-o", "again.csv")
        written = (tmp_path / "again.csv").read_bytes()

    assert written == expected


def test_they_are_named_by_line_and_are_rows_when_asked_for(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"n,x,g\n,cm,\np,1,a\nq,9,b\n\nn,x,g\nr,2,\nTotal,12,\n,,\n\nSource: z\n\n")
    asked = ["fill", "a.csv", "-c", "g", "-x", "x", "--covariance", "tied", "-v", "-r", "a.json"]
    code, _, told = call(*asked)
    report = json.loads((tmp_path / "a.json").read_bytes())

    looks = ["line 6 (the header again)", "line 2 (units)", "line 8 (totals or averages)"]
    by_looks = [*looks, "line 11 (footer)", "line 9 (empty)"]
    message = f"Not read as rows, and kept as they are: {'; '.join(by_looks)}."
    assert code == 0
    assert f"note        S03: {message}" in told
    assert [one["message"].split(" Option")[0] for one in report["warnings"] if one["code"] == "S03"] == [message]
    logged = [one["detail"] for one in report["log"] if one["action"] == "no rows"]
    assert logged == ["line 5 (blank)", *by_looks]
    assert report["input"]["rows"] == 3
    (tmp_path / "b.csv").write_bytes(b"n,x,g\np,1,a\nq,9,b\nTotal,10,\n")
    call("fill", "b.csv", "-c", "g", "-q", "--no-report", "--all-lines")
    assert (tmp_path / "b.filled.csv").read_bytes() == b"n,x,g\np,1,a\nq,9,b\nTotal,10,b\n"


def test_totals_are_no_rows_where_no_column_is_named_and_where_a_column_is_read_again(call, tmp_path, monkeypatch):
    monkeypatch.setattr("em_impute.pipeline.open.MAX_TEXTS", 3)
    amounts = [f"z,${k},{'ab'[k % 2]},1\n" for k in range(60)]
    (tmp_path / "a.csv").write_text(f"n,x,g,y\nz,$1,,2\n{''.join(amounts)}Total,$1771,,62\n")

    told = call("check", "a.csv")[2]
    assert "column      g: 60 known, 1 missing (1 empty)" in told
    assert "left" not in told
    assert call("fill", "a.csv", "-c", "g", "-qq", "--no-report", "--covariance", "tied")[0] == 0


ROWS_AFTER_ALL = {
    "a category of that name": b"size,x,g\nsmall,1,a\nAverage,5,a\nlarge,9,b\nAverage,5,{>a}\n",
    "a company of that name": b"firm,x,g\nShell,1,a\nBP,9,b\nTotal,2,{>a}\n",
    "a total that is labelled": b"n,x,g\np,1,a\nq,9,b\nTotal,10,b\nr,1,{>a}\n",
    "a total with a text": b"n,x,t,g\np,1,u,a\nq,9,u,b\nTotal,10,v,{>b}\n",
    "names that begin like a total": b"n,x,g\nTottenham,1,a\nSumatra,9,b\nMeander,1,{>a}\n",
    "a first row of numbers": b"x,y,g\n1,m,a\n9,s,b\n1,m,{>a}\n",
    "a unit that is a label": b"x,u,g\n1,m,{>a}\n1,m,a\n9,s,b\n",
    "a label like the name of its column": b"g,x\nG,1\nb,9\n{>G},1\n",
    "a source among the rows": b"n,x,g\np,1,a\n\nsource: q,9,b\n\np,1,a\nsource: q,1,{>a}\n",
    "a last row with a name alone": b"n,x,g\np,1,a\nq,9,b\nZimbabwe,,{>a}\n",
}  # fmt: skip


@pytest.mark.parametrize("template", ROWS_AFTER_ALL.values(), ids=ROWS_AFTER_ALL)
def test_a_row_that_only_looks_like_one_is_filled(call, tmp_path, template):
    (tmp_path / "a.csv").write_bytes(before(template))
    code, _, told = call("fill", "a.csv", "-c", "g", "-x", "x", "--no-report")

    assert code == 0
    assert "S03" not in told
    assert b"," not in (tmp_path / "a.filled.csv").read_bytes()[-2:]
    assert "Filled the only missing cell" in told


HINTED = {
    # what is wrong -> the file, options, what the hint must name, and that then works
    "comments above": (b"# t\ng,x\n" + ROWS, [], "--comment '#'"),
    "comments within": (b"g,x\na,1\n# t\nb,9\n{>a},1\n", [], "--comment '#'"),
    "comments below a title that is skipped": (b"T\ng,x\na,1\n# t\nb,9\n{>a},1\n", ["--skip-lines", "1"], "--comment '#'"),
    "comments of C": (b"g,x\na,1\n// t\nb,9\n{>a},1\n", [], "--comment '//'"),
    "comments of TeX": (b"g,x\na,1\n% t\nb,9\n{>a},1\n", [], "--comment '%'"),
    "comments of INI": (b"g,x\na,1\n; t\nb,9\n{>a},1\n", [], "--comment ';'"),
    "a title": (b"Report; 2024\ng,x\n" + ROWS, [], "--skip-lines 1"),
    "another delimiter": (b"g:x\na:1\nb:9\n{>a}:1\n", [], "-d ':'"),
    "quotes that are text, far below": (b"g,x\n" + b"a,1\nb,9\n" * 50_000 + b'"a,9\n{>a},1\n', [], "--quote none"),
}  # fmt: skip


@pytest.mark.parametrize(("template", "options", "hint"), HINTED.values(), ids=HINTED)
def test_what_a_hint_names_was_tried_and_works(call, tmp_path, template, options, hint):
    (tmp_path / "a.csv").write_bytes(before(template))
    asked = ["fill", "a.csv", "-c", "g", "-q", "--no-report", "--covariance", "tied", *options]
    code, _, told = call(*asked)
    name, value = hint.split(" ")

    assert code == 3
    assert hint in told.splitlines()[-1]
    assert call(*asked, name, value.strip("'"))[0] == 0
    assert (tmp_path / "a.filled.csv").read_bytes() == after(template)


def test_no_reading_is_named_that_does_not_help(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"# t\ng;x,y\na;1\n# u\nb;9;2;3\n;1\n")
    _, _, told = call("fill", "a.csv", "-c", "g")

    assert not {"--comment", "--skip-lines", "-d", "--quote"} & set(told.split())


def test_added_columns_keep_every_line_as_long_as_the_header(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"n,g,x\n,,cm\nz,a,1\n\nz,b,9\nn,g,x\r\nz,,1\nTotal,,11\nSource: z\n")
    call("fill", "a.csv", "-c", "g", "-x", "x", "-q", "--no-report", "--indicator", "--covariance", "tied")
    (tmp_path / "b.csv").write_bytes(b"g,x\na,1,\nb,9,\n,1,\n")
    call("fill", "b.csv", "-c", "g", "-x", "x", "-q", "--no-report", "--indicator", "--covariance", "tied")

    assert (tmp_path / "a.filled.csv").read_bytes() == (
        b"n,g,x,g_imputed\n,,cm,\nz,a,1,0\n\nz,b,9,0\nn,g,x,g_imputed\r\nz,a,1,1\nTotal,,11,\nSource: z\n"
    )
    assert (tmp_path / "b.filled.csv").read_bytes() == b"g,x,g_imputed\na,1,0,\nb,9,0,\na,1,1,\n"


def test_imputations_below_one_another_have_none_of_them(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"# t\ng,x\na,1\n# u\na,2\n\nb,9\nb,8\ng,x\n,1\nSource: z\n")
    several = ("--imputations", "2", "--long", "-o", "l.csv")
    code, _, told = call("fill", "a.csv", "-c", "g", "-q", "--no-report", *several, "--comment", "#")
    lines = (tmp_path / "l.csv").read_bytes().splitlines()

    assert (code, told) == (0, "")
    assert lines[:7] == [b"# t", b".imp,.id,g,x", b"0,1,a,1", b"0,2,a,2", b"0,3,b,9", b"0,4,b,8", b"0,5,,1"]
    assert [line.split(b",")[:2] for line in lines[2:]] == [
        [b"%d" % m, b"%d" % i] for m in range(3) for i in range(1, 6)
    ]


@pytest.mark.parametrize("mark", ["#DIV/0!", "#N/A", "#VALUE!", "#REF!", "#NAME?", "#NULL!", "#NUM!"])
def test_what_a_spreadsheet_could_not_compute_is_missing(call, tmp_path, mark):
    template = b"g,x,y\nm,1,1\nf,9,%b\n{%b>m},1,2\n%b\n" % (mark.encode(), mark.encode(), b"f,9,4\n" * 30)
    assert_filled(call, tmp_path, template.replace(b"\n\n", b"\n"))
