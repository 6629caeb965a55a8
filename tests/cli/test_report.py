"""`em-impute report` and the HTML page, as commands: what is written, what is refused, and that the same page comes."""

import json
import re

import pytest


@pytest.mark.pictures
def test_fill_writes_a_page_beside_the_report(run, samples):
    result = run("fill", "heights.csv", "-c", "gender")

    assert result.returncode == 0, result.stderr
    assert b"wrote       heights.filled.csv, heights.report.json, heights.report.html" in result.stderr
    page = (samples / "heights.report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "280 of 934" in page


@pytest.mark.pictures
def test_a_saved_report_gives_the_page_and_the_markdown_that_fill_wrote(run, samples):
    run("fill", "penguins.csv", "-c", "sex", "-o", "x.csv", "-r", "a.json", "-r", "a.html", "-r", "a.md", "-q")
    result = run("report", "a.json", "-o", "b.html", "-o", "b.md")

    assert result.returncode == 0, result.stderr
    assert (samples / "b.html").read_bytes() == (samples / "a.html").read_bytes()
    assert (samples / "b.md").read_bytes() == (samples / "a.md").read_bytes()
    assert result.stderr == b"wrote       b.html, b.md\n"
    assert result.stdout == b""


@pytest.mark.pictures
def test_the_report_of_a_saved_model_gives_the_same_page_and_markdown_again(run, samples):
    run("fill", "penguins.csv", "-c", "sex", "-c", "island", "--save-model", "m.json", "--single", "--no-report", "-q")
    rows = (samples / "penguins.csv").read_text().splitlines()
    (samples / "new.csv").write_text("\n".join([rows[0], *rows[150:]]))
    applied = run("fill", "new.csv", "--model", "m.json", "-r", "a.json", "-r", "a.html", "-r", "a.md", "-q")
    result = run("report", "a.json", "-o", "b.html", "-o", "b.md")

    assert (applied.returncode, result.returncode) == (0, 0), result.stderr
    assert (samples / "b.html").read_bytes() == (samples / "a.html").read_bytes()
    assert (samples / "b.md").read_bytes() == (samples / "a.md").read_bytes()
    assert "rows the model learnt from" in (samples / "a.html").read_text()


@pytest.mark.pictures
def test_the_page_lies_beside_the_report_where_nothing_else_is_said(run, samples):
    run("fill", "faithful.csv", "-c", "kind", "--labels", "a,b", "-r", "f.json", "-q")
    result = run("report", "f.json", "-q")

    assert (result.returncode, result.stderr, result.stdout) == (0, b"", b"")
    assert (samples / "f.html").read_text().startswith("<!doctype html>")


@pytest.mark.pictures
def test_a_report_may_come_through_a_pipe(run, samples):
    run("fill", "faithful.csv", "-c", "kind", "--labels", "a,b", "-r", "f.json", "-q")
    result = run("report", "-", "-o", "g.md", stdin=(samples / "f.json").read_bytes())

    assert result.returncode == 0, result.stderr
    assert (samples / "g.md").read_text().startswith("# Fit report")


@pytest.mark.pictures
def test_an_evaluation_is_rendered_again_as_markdown(run, samples):
    run("evaluate", "heights.csv", "-c", "gender", "-r", "e.json", "-r", "e.md", "-q")
    result = run("report", "e.json", "-o", "f.md")

    assert result.returncode == 0, result.stderr
    assert (samples / "f.md").read_bytes() == (samples / "e.md").read_bytes()
    assert run("report", "e.json", "-o", "f.html").returncode == 3


@pytest.mark.pictures
def test_several_columns_share_a_page(run, tmp_path):
    rows = "".join(
        f"{'ab'[i % 2] if i % 5 else ''},{'pq'[i % 3 > 0] if i % 7 else ''},{i % 2 * 3 + i % 4}\n" for i in range(80)
    )
    (tmp_path / "two.csv").write_text("g,h,x\n" + rows)
    result = run("fill", "two.csv", "-c", "g", "-c", "h")
    page = (tmp_path / "two.report.html").read_text()

    assert result.returncode == 0, result.stderr
    assert len(json.loads((tmp_path / "two.report.json").read_text())["reports"]) == 2
    assert len(re.findall(r"<h2[^>]*>", page)) >= 2


@pytest.mark.pictures
def test_parts_of_a_table_have_a_page_too(run, tmp_path):
    for number in range(2):
        rows = "".join(f"{'ab'[i % 2] if i % 5 else ''},{i % 2 * 3 + i % 7}\n" for i in range(90))
        (tmp_path / f"p{number}.csv").write_text("g,x\n" + rows)
    result = run("fill", "p0.csv", "p1.csv", "-c", "g")

    assert result.returncode == 0, result.stderr
    assert (tmp_path / "em-impute.report.html").exists()
    run("report", "em-impute.report.json", "-o", "again.html", "-q")
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "em-impute.report.html").read_bytes()


def test_parts_that_a_saved_model_fills_are_reported_on_as_the_whole(run, samples):
    run("fill", "heights.csv", "-c", "gender", "--save-model", "m.json", "--no-report", "-q")
    header, *rows = (samples / "heights.csv").read_text().splitlines()
    taller = [f"{row.rpartition(',')[0]},{float(row.rpartition(',')[2]) + 12:.1f}" for row in rows]
    for name, some in (("whole", taller), ("p1", taller[:400]), ("p2", taller[400:])):
        (samples / f"{name}.csv").write_text("\n".join([header, *some, ""]))
    run("fill", "whole.csv", "--model", "m.json", "-o", "w.csv", "-r", "whole.json", "-q")
    run("fill", "p1.csv", "p2.csv", "--model", "m.json", "-o", "out/", "-r", "parts.json", "-q")
    whole, parts = (json.loads((samples / f"{name}.json").read_text()) for name in ("whole", "parts"))

    assert parts["applied"]["expected_wrong"] == pytest.approx(whole["applied"]["expected_wrong"])
    assert parts["features"] == whole["features"]
    assert [one["code"] for one in parts["warnings"]] == [one["code"] for one in whole["warnings"]]
    assert "W06" in [one["code"] for one in parts["warnings"]]
    assert parts["parts"]["fitted_to"] == "nothing"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "</script>", "[bold]", "a|b", "$x$", "{{ 7 * 7 }}", "&lt;"]
)
@pytest.mark.pictures
def test_names_from_the_file_are_shown_and_do_nothing(run, tmp_path, name):
    rows = "".join(
        f'"{name if i % 2 else "other"}",{i % 2 * 3 + i % 7}\n' if i % 5 else f",{i % 7}\n" for i in range(90)
    )
    (tmp_path / "h.csv").write_text(f'"{name}","{name} x"\n' + rows)
    result = run("fill", "h.csv", "-c", name)
    page = (tmp_path / "h.report.html").read_text()

    assert result.returncode == 0, result.stderr
    assert "<script" not in page
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert page.count(escaped) > 3


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (["report", "nothing.json"], 3, b"cannot read nothing.json"),
        (["report", "heights.csv", "-o", "x.html"], 3, b"is not JSON"),
        (["report", "a.json", "-o", "x.pdf"], 2, b"must end in .html or .md"),
        (["report", "a.json", "-o", "-"], 2, b"must end in .html or .md"),
        (["report", "-"], 2, b"name a file with -o"),
        (["report", "a.json", "-o", "x.md", "-o", "./x.md"], 2, b"same path"),
        (["report", "a.json", "-o", "no/x.md"], 5, b"does not exist"),
        (["report", "a.json", "-o", "a.json"], 2, b"must end in"),
        (["report", ""], 2, b"empty path"),
    ],
)
@pytest.mark.pictures
def test_what_cannot_be_rendered_is_refused_in_two_lines(run, samples, arguments, code, what):
    (samples / "a.json").write_text("{}")
    result = run(*arguments)

    assert result.returncode == code
    assert what in result.stderr
    assert len(result.stderr.splitlines()) == 2
    assert b"Traceback" not in result.stderr


def test_without_the_extra_one_line_says_how_to_get_pictures(run, samples):
    result = run("fill", "heights.csv", "-c", "gender")

    assert result.returncode == 0
    assert [line for line in result.stderr.decode().splitlines() if "em-impute[report]" in line] == [
        "pictures    pip install 'em-impute[report]' adds a page with pictures"
    ]
    assert not (samples / "heights.report.html").exists()
    refused = run("fill", "heights.csv", "-c", "gender", "-r", "x.html")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[1] == b"hint: pip install 'em-impute[report]'"
    assert run("report", "heights.report.json", "-o", "x.md").returncode == 0
    assert run("report", "heights.report.json").returncode == 2


@pytest.mark.parametrize("width", [60, 80, 120])
def test_strips_fit_the_terminal(on_terminal, samples, width):
    code, _, shown = on_terminal("fill", "faithful.csv", "-c", "kind", "--labels", "short,long", width=width)
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in shown.decode().splitlines()]
    drawn = [line for line in lines if line.startswith("  ")]

    assert code == 0
    assert len(drawn) == 2
    assert all(len(line) <= width and re.search("[▁▂▃▄▅▆▇█]{3}", line) for line in drawn)


def test_a_dumb_terminal_gets_strips_of_ascii_and_no_escape(on_terminal, samples):
    code, _, shown = on_terminal("fill", "faithful.csv", "-c", "kind", "--labels", "a,b", TERM="dumb")

    assert code == 0
    assert shown.isascii()
    assert b"\x1b" not in shown
    assert re.search(rb"(?m)^  a +[.:=+*#@-]{3}", shown)


def test_no_color_leaves_the_strips_as_they_are(on_terminal, samples):
    command = ("fill", "faithful.csv", "-c", "kind", "--labels", "a,b", "-o", "x.csv")
    strips = [
        re.findall(
            rb"[^\n]*known, \d+ filled", re.sub(rb"\x1b\[[0-9;]*m", b"", on_terminal(*command, **environment)[2])
        )
        for environment in ({}, {"NO_COLOR": "1"})
    ]

    assert strips[0] == strips[1]
    assert len(strips[0]) == 2
