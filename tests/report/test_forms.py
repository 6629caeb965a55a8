"""A saved report is rendered as it would have been at once, and what is none is refused in two lines."""

import json
from itertools import product

import pytest
from builders import opened_table, silent

from em_impute.errors import TableError
from em_impute.pipeline.complete import complete_all
from em_impute.report.build.fit import build_report
from em_impute.report.forms import render, render_saved
from em_impute.report.model.documents import json_of

TEXT = "g,x,y\n" + "".join(f"{'' if i % 5 == 0 else 'ab'[i % 2]},{i % 2 * 3 + i % 7},{i % 11}\n" for i in range(90))


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Two columns' reports: one with everything in it, one where nothing was missing."""
    folder = tmp_path_factory.mktemp("reports")
    with opened_table(folder, TEXT, examined=True) as (opened, request):
        completions = complete_all(opened, request, silent)
        full = build_report(opened, completions[0], request, "em-impute fill a.csv -c g", None)
    with opened_table(folder, "g,x\na,1\nb,2\n", examined=True) as (opened, request):
        completions = complete_all(opened, request, silent)
        return [full, build_report(opened, completions[0], request, "em-impute fill b.csv -c g", None)]


@pytest.mark.parametrize("suffix", [".md", ".html", ".json"])
def test_a_saved_report_gives_the_same_page(reports, suffix):
    for chosen in (reports[:1], reports):
        assert render_saved(json_of(*chosen), suffix, "x.json") == render(chosen, suffix)


def test_keys_of_another_version_are_left_out_and_later_ones_may_lack(reports):
    saved = json.loads(json_of(reports[1]))
    saved["input"]["byte_order_mark"] = False  # as it was once
    del saved["applied"]

    assert render_saved(json.dumps(saved), ".json", "x.json") == json_of(reports[1])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"schema_version": NaN}', "NaN, which is not JSON"),
        ("[]", "not a report"),
        ('{"reports": []}', "not a report"),
        ('{"reports": [5]}', "not a report"),
        ('{"schema_version": 2}', "schema version 2"),
        ('{"schema_version": 1}', "'tool' is not in it"),
    ],
)
def test_what_is_no_report_is_refused_in_two_lines(text, what):
    with pytest.raises(TableError, match=what) as caught:
        render_saved(text, ".md", "x.json")

    assert caught.value.hint


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [5]])
def test_a_report_in_which_any_one_key_is_spoilt_is_rendered_or_refused(reports, value):
    """The page, which takes long to draw, only where nothing is there; the fuzzer spoils more."""
    whole = json.loads(json_of(reports[0]))
    for key, suffix in product(whole, [".md", *([".html"] if value is None else [])]):
        try:
            render_saved(json.dumps({**whole, key: value}), suffix, "x.json")
        except TableError as error:
            assert error.hint  # noqa: PT017
