"""`em-impute report` and the HTML page, as commands: what is written, and that the same page comes."""

import pytest

TIED = ("--covariance", "tied")


@pytest.mark.pictures
def test_a_saved_report_gives_the_page_and_the_markdown_that_fill_wrote(call, samples):
    _, _, said = call("fill", "heights.csv", "-c", "gender", *TIED)
    call(
        "fill", "heights.csv", "-c", "gender", *TIED, "-o", "x.csv", "-r", "a.json", "-r", "a.html", "-r", "a.md", "-qq"
    )
    result = call("report", "a.json", "-o", "b.html", "-o", "b.md")

    assert "Wrote heights.filled.csv, heights.report.json; open heights.report.html.\n" in said
    assert (0, "", "Wrote b.md; open b.html.\n") == result
    assert (samples / "b.html").read_bytes() == (samples / "a.html").read_bytes()
    assert (samples / "b.md").read_bytes() == (samples / "a.md").read_bytes()
    assert (samples / "a.html").read_text().startswith("<!doctype html>")


def test_without_the_extra_one_line_says_how_to_get_pictures(run, samples):
    result = run("fill", "heights.csv", "-c", "gender", *TIED)

    assert result.returncode == 0
    assert [line for line in result.stderr.decode().splitlines() if "[report]" in line] == [
        "A page with pictures comes with: pip install '.[report]' in a checkout of em-impute"
    ]
    assert not (samples / "heights.report.html").exists()
    refused = run("fill", "heights.csv", "-c", "gender", *TIED, "-r", "x.html")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[1] == b"hint: pip install '.[report]' in a checkout of em-impute"
    assert run("report", "heights.report.json", "-o", "x.md").returncode == 0
    assert run("report", "heights.report.json").returncode == 2
