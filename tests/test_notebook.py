"""The notebook in docs/ runs, and what its cells end with can be shown."""

import ast
import json
import xml.dom.minidom

import pytest
from documents import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def shown_by(source, names):
    """Run a cell, and give the value that a notebook would show; None where it ends with a statement."""
    *body, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        body, last = [*body, last], None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)  # noqa: S102  # our own
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307  # our own


@pytest.mark.pictures
def test_every_cell_runs_and_shows_what_it_should(samples, monkeypatch, capsys):
    pytest.importorskip("polars")
    pytest.importorskip("jinja2")
    monkeypatch.chdir(samples)
    cells, names = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"], {}
    report, plot, said, counts, probability = (
        shown_by("".join(cell["source"]), names) for cell in cells if cell["cell_type"] == "code"
    )

    assert report._repr_html_().startswith("<iframe srcdoc=")
    assert "&lt;h1" in report._repr_html_()
    assert xml.dom.minidom.parseString(plot._repr_html_()).documentElement.tagName == "svg"  # noqa: S318  # our own
    assert ' style="background:var(--paper)">' in plot._repr_html_().partition("<style>")[0]
    assert said is None
    assert capsys.readouterr().out.startswith("line 16     gender is missing: filled with female")
    assert counts["sex"].null_count() == 0
    assert probability.shape == (934, 2)
