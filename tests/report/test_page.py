"""The page is strict HTML, shows every text literally, and says what the report says."""

import base64
import copy
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from builders import opened_table, silent

from em_impute.impute import complete_all
from em_impute.report.build import build_report
from em_impute.report.fit_report import to_json
from em_impute.report.page.blocks import Figures, Table, name, names, said
from em_impute.report.page.methods import methods
from em_impute.report.page.page import to_html
from em_impute.report.page.top import headline, tiles
from em_impute.report.pictures.groups import Key, Picture
from em_impute.report.pictures.palette import COLOURS

ROOT = Path(__file__).parents[2]

SAMPLES = ROOT / "sample_data"

VOID = {"meta", "br", "img", "hr", "link"}

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "end of script": "</script></style>",
    "rich": "[bold]red[/bold]|",
    "mathematics": "$x^2_a$",
    "template": "{{ 7 * 7 }}{% raw %}",
    "pictograph": "\U0001f469\u200d\U0001f680",
    "right to left": "\u05d0\u05d1\u05d2",
    "entity": "&lt;b&gt;",
    "quotes": "\" onload='x'",
    "formula": "=cmd()",
    "braces": "{0}{name}%s",
}

ESCAPED = {"bell": ("a\x07b", "a\\x07b"), "surrogate": ("a\udc80", "a\\udc80"), "override": ("\u202eabc", "\\u202eabc")}


class Page(HTMLParser):
    """Reads a page strictly: every tag is closed by its own end, in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        names = [key for key, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert "svg" in self.open  # in HTML itself a slash closes nothing
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, *tags):
        return [attributes for tag, attributes, _ in self.elements if tag in tags]

    def words(self):
        return " ".join(" ".join(data for tag, data in self.texts if tag not in {"style", "title", "desc"}).split())


def report_of(folder, content, column="g", **options):
    with opened_table(folder, content, column, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return json.loads(to_json(build_report(opened, completion, request, "em-impute fill", None)))


@pytest.fixture(scope="module")
def heights(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("heights"), (SAMPLES / "heights.csv").read_bytes(), "gender")


@pytest.fixture(scope="module")
def penguins(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("penguins"), (SAMPLES / "penguins.csv").read_bytes(), "sex")


@pytest.fixture(scope="module")
def faithful(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faithful")
    return report_of(folder, (SAMPLES / "faithful.csv").read_bytes(), "kind", labels=("short", "long"))


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("complete"), "g,x\na,1\nb,2\na,3\n")


@pytest.fixture(params=["heights", "penguins", "faithful", "complete"])
def report(request):
    return request.getfixturevalue(request.param)


def renamed(value, replacements):
    """Put other texts in the place of some, as keys and as values, at any depth."""
    if isinstance(value, str):
        return replacements.get(value, value)
    if isinstance(value, list):
        return [renamed(one, replacements) for one in value]
    if isinstance(value, dict):
        return {
            replacements.get(key, key) if key in {"female", "male", "height"} else key: renamed(one, replacements)
            for key, one in value.items()
        }
    return value


# Strict HTML


def test_every_tag_is_closed_and_every_id_is_unique(report):
    page = Page(to_html(report))
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]

    assert len(ids) == len(set(ids))


def test_every_reference_has_its_target(report):
    text = to_html(report)
    page = Page(text)
    ids = {attributes["id"] for _, attributes, _ in page.elements if "id" in attributes}
    wanted = [one for attributes in page.all("svg", "section") for one in attributes.get("aria-labelledby", "").split()]
    wanted += [one["href"].removeprefix("#") for one in page.all("a", "use")]
    wanted += re.findall(r"url\(#([^)]*)\)", text)

    assert wanted
    assert set(wanted) <= ids


def test_there_is_no_script_no_style_attribute_and_nothing_from_elsewhere(report):
    text = to_html(report)
    page = Page(text)
    keys = {key for _, attributes, _ in page.elements for key in attributes}

    assert not page.all("script", "link", "iframe", "object", "base", "form")
    assert not [key for key in keys if key == "style" or key.startswith("on")]
    assert not page.all("img")
    assert set(re.findall(r"(?:https?:)?//[a-z][^\s\"'<)]*", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_policy_names_the_one_style_sheet(report):
    text = to_html(report)
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(
        one["content"] for one in Page(text).all("meta") if one.get("http-equiv") == "Content-Security-Policy"
    )

    assert (
        policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert text.startswith("<!doctype html>")


def test_headings_go_down_one_step_at_a_time(heights, penguins):
    for reports in ([heights], [heights, penguins]):
        levels = [int(tag[1]) for tag, _, _ in Page(to_html(*reports)).elements if re.fullmatch("h[1-6]", tag)]

        assert levels[0] == 1
        assert levels.count(1) == 1
        assert max(np.diff(levels)) <= 1


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(report):
    page = Page(to_html(report))

    assert len(page.all("caption")) == len(page.all("table")) > 0
    assert all(one["scope"] in {"row", "col"} for one in page.all("th"))
    assert all("scroll" in outer for outer in _boxes_of_tables(page))


def _boxes_of_tables(page):
    for i, (tag, _, _) in enumerate(page.elements):
        if tag == "table":
            yield page.elements[i - 1][1].get("class", "")


def test_every_picture_has_a_text_alternative(report):
    page = Page(to_html(report))
    pictures = [one for one in page.all("svg") if one.get("role") == "img"]

    assert all(len(one["aria-labelledby"].split()) == 2 for one in pictures)
    assert all(one.get("aria-hidden") == "true" for one in page.all("svg") if one not in pictures)


def test_the_same_report_gives_the_same_bytes(report):
    assert to_html(report) == to_html(json.loads(json.dumps(copy.deepcopy(report))))


def test_a_page_stays_small(penguins):
    assert len(to_html(penguins).encode()) < 400_000


# Literally


@pytest.mark.parametrize("odd", HOSTILE.values(), ids=HOSTILE)
def test_texts_of_the_user_are_shown_literally(heights, odd):
    before = len(Page(to_html(heights)).elements)
    text = to_html(renamed(heights, {"female": odd, "height": f"{odd} 2", "gender": f"{odd} 3"}))
    page = Page(text)
    shown = page.words()

    assert len(page.elements) - before in range(-2, 3)  # nothing acts as a tag
    assert f"{odd} 3 in" in shown
    assert f"{odd} 2" in shown
    assert [data for tag, data in page.texts if tag == "text" and data.startswith(f"{odd}: ")]
    assert [data for tag, data in page.texts if tag == "title" and odd in data]
    assert [data for tag, data in page.texts if tag == "desc" and odd in data]


@pytest.mark.parametrize(("odd", "shown"), ESCAPED.values(), ids=ESCAPED)
def test_what_would_disturb_the_page_is_shown_as_its_escape(heights, odd, shown):
    text = to_html(renamed(heights, {"female": odd, "gender": odd, "height": odd}))

    assert odd not in text
    assert f"{shown} in" in Page(text).words()
    text.encode("utf-8")


def test_a_file_name_that_is_no_text_and_messages_are_literal(heights):
    odd = {
        **heights,
        "warnings": [{"code": "W01", "message": "<b>\udc80</b>"}],
        "log": [{"step": "<i>", "action": "a", "detail": "\x1b[31m"}],
    }
    odd["input"] = {**heights["input"], "path": "/tmp/<x>\udcff.csv"}  # noqa: S108
    odd["command"] = "em-impute fill '</code><script>'"
    page = Page(to_html(odd))

    assert "<b>\\udc80</b>" in page.words()
    assert "\\x1b[31m" in page.words()
    assert "gender in <x>\\udcff.csv" in page.words()
    assert "'</code><script>'" in page.words()
    assert not page.all("script")


def test_names_keep_their_spaces_and_their_direction():
    assert name(" a  b ") == '<bdi class="name"> a  b </bdi>'
    assert name("  ") == '<bdi class="name">&#39;  &#39;</bdi>'
    assert name("x" * 300) == f'<bdi class="name" title="{"x" * 300}">{"x" * 59}…</bdi>'


def test_braces_in_a_name_are_no_place_for_a_value():
    assert said("{} and {}", "{0}", "{}") == "{0} and {}"
    assert names(["{}", "{0}", "c", "d"], 2) == '<bdi class="name">{}</bdi>, <bdi class="name">{0}</bdi> and 2 more'


# What it says


def test_the_top_says_what_happened_in_plain_sentences(heights):
    wrong = heights["accuracy"]["expected_wrong"]
    said = plain(headline(heights))

    assert said == (
        "280 of 934 cells of gender were empty. em-impute filled all 280 by height. About "
        f"{round(wrong['estimate'])} of them are probably wrong ({wrong['low']:.0f} to {wrong['high']:.0f})."
    )


def test_the_large_figures_are_those_of_the_report(heights):
    accuracy = heights["accuracy"]

    assert [(one.figure, one.title) for one in tiles(heights)] == [
        ("280", "filled"),
        ("0", "left empty"),
        (f"{round(accuracy['expected_wrong']['estimate'])}", "probably wrong"),
        (f"{100 * accuracy['accuracy']:.1f} %", "right on hidden labels"),
    ]
    assert f"male</bdi>: {100 * accuracy['baseline_accuracy']:.1f} %" in tiles(heights)[-1].note


def plain(markups):
    return re.sub("<[^>]*>", "", " ".join(markups))


def test_the_top_of_a_column_without_any_label(faithful):
    assert plain(headline(faithful)) == (
        "All 272 cells of kind were empty. Since no label was known, em-impute sorted the rows into 2 groups by eruptions "
        "and waiting: short and long."
    )
    assert [one.title for one in tiles(faithful)] == ["filled", "left empty", "least certain cell"]


def test_the_top_of_a_complete_column(complete):
    assert (
        plain(headline(complete))
        == "No cell of g was missing: there was nothing to fill, and the file was copied as it is."
    )
    assert tiles(complete) == []
    assert not [one for one in Page(to_html(complete)).all("svg") if one.get("role") == "img"]


def test_other_marks_than_empty_cells_are_called_missing(penguins):
    assert plain(headline(penguins)).startswith("11 of 344 cells of sex were missing. em-impute filled all 11 by")


def changed(report, missing, **wrong):
    accuracy = {**report["accuracy"], "expected_wrong": {**report["accuracy"]["expected_wrong"], **wrong}}
    return {**report, "missing": {**report["missing"], **missing}, "accuracy": accuracy}


@pytest.mark.parametrize(
    ("missing", "wrong", "said"),
    [
        (
            {"cells": 1, "filled": 1},
            {"estimate": 0.25},
            "1 of 934 cells of gender was empty. em-impute filled it by height. It is wrong with a probability of about 25.0 %.",
        ),
        (
            {"filled": 200},
            {"estimate": 9.0, "low": 3.0, "high": 12.0},
            "em-impute filled 200 of them by height and left 80 as they were. About 9 of them are probably wrong (3 to 12).",
        ),
        ({"filled": 0}, {}, "280 of 934 cells of gender were empty. em-impute could fill none of them by height."),
        ({}, {"estimate": 0.2, "low": 0.0, "high": 1.0}, "Probably hardly any of them is wrong (0 to 1)."),
        ({}, {"estimate": 1.0, "low": 0.0, "high": 4.0}, "About 1 of them is probably wrong (0 to 4)."),
        (
            {},
            {"agree": False, "estimate": 60.0, "low": 50.0, "high": 70.0},
            "About 60 of them are probably wrong (50 to 70), judged by known labels that were hidden from the model.",
        ),
    ],
    ids=["one cell", "some left", "none filled", "none wrong", "one wrong", "disagreement"],
)
def test_the_top_is_grammatical_whatever_the_numbers(heights, missing, wrong, said):
    report = changed(heights, missing, **wrong)

    assert said in plain(headline(report))
    Page(to_html(report))


def test_several_columns_share_a_page_with_a_table_of_contents(heights, penguins):
    page = Page(to_html(heights, penguins))

    assert [one["id"] for one in page.all("article")] == ["r1", "r2"]
    assert [one["href"] for one in page.all("a")][:2] == ["#r1", "#r2"]
    assert "gender in table.csv" in page.words()
    assert "sex in table.csv" in page.words()


def test_warnings_stand_near_the_top_and_the_note_on_people_after_them(heights):
    notes = [{"code": "S01", "message": "A note."}, {"code": "W07", "message": "Beware."}]
    words = Page(to_html({**heights, "warnings": notes})).words()

    assert words.index("Beware.") < words.index("A note.") < words.index("What was missing Who is missing")


def test_the_sections_stand_in_order(heights):
    page = Page(to_html(heights))
    titles = [one["id"].removeprefix("r1-") for one in page.all("section")]

    assert titles == [
        "missing",
        "who",
        "model",
        "em",
        "accuracy",
        "filled",
        "totals",
        "delta",
        "suspects",
        "use",
        "methods",
        "again",
        "log",
    ]


def test_what_a_report_lacks_is_left_out(heights):
    lacking = ("pictures", "plain_em", "accuracy", "missingness", "sensitivity", "audit", "marked", "filled", "parts")
    old = {**heights, **dict.fromkeys(lacking), "suspect_labels": []}
    page = Page(to_html(old))

    assert not {"r1-who", "r1-accuracy", "r1-delta", "r1-suspects", "r1-picture-predictor"} & {
        one.get("id") for one in page.all("section", "figure")
    }
    assert (
        Page(
            to_html({key: value for key, value in old.items() if key not in {"pictures", "plain_em", "parts"}})
        ).words()
        == page.words()
    )


def test_every_number_of_the_confusion_is_in_its_table(heights):
    words = Page(to_html(heights)).words()
    confusion = heights["accuracy"]["confusion"]

    for label, row in confusion.items():
        assert f"{label} {' '.join(f'{n}' for n in row.values())}" in words
    recall = confusion["male"]["male"] / sum(confusion["male"].values())
    assert f"{100 * recall:.1f} %" in words


def test_means_stand_with_their_standard_errors(heights):
    (one, _) = heights["plain_em"]["parameters"]
    shown = f"{one['mean']['height']:.4g} ± {one['standard_error']['mean']['height']:.2g} ({one['sd']['height']:.4g})"
    without = {**heights["plain_em"], "parameters": [{**one, "standard_error": None}]}

    assert shown in Page(to_html(heights)).words()
    assert (
        f"{one['mean']['height']:.4g} ({one['sd']['height']:.4g})"
        in Page(to_html({**heights, "plain_em": without})).words()
    )


def test_a_legend_that_all_pictures_share_is_written_once():
    one, other = (Picture(which, "", "", (Key("line", "a", 0),)) for which in "xy")

    assert Figures([one, other]).keys == one.keys
    assert Figures([one, other._replace(keys=())]).keys == ()
    assert Figures([one]).keys == ()


def test_columns_of_numbers_are_set_to_the_right_but_never_the_first():
    table = Table("", ["l", "n", "t", "m"], [["1", "1,204", "a", "3.5 %"], ["2", "-7", "8", "–"]])

    assert table.numeric == [False, True, False, True]


# The paragraph for a methods section


def test_the_methods_paragraph_has_what_reviewers_ask_for(heights):
    text = plain([methods(heights)])
    accuracy = heights["accuracy"]

    assert text.startswith(
        "Of 934 rows, 280 (30.0 %) had no value of gender; missing values were imputed with em-impute"
    )
    assert "from height by" in text
    assert "All were filled with their most probable labels." in text
    assert f"{100 * accuracy['accuracy']:.1f} % were recovered" in text
    assert "missing at random given the predictors" in text
    assert not re.search(r"  | \.|,,|\.\.|None", text)


def test_the_methods_paragraph_is_whole_for_every_kind_of_model(tmp_path, faithful, complete):
    rng = np.random.default_rng(0)
    table = "g,s,x,y\n" + "".join(
        f"{'ab'[i] if rng.random() < 0.7 else ''},{'mn'[j]},{rng.normal() + 2 * i},{rng.normal() + i}\n"
        for i, j in rng.integers(0, 2, (200, 2)).tolist()
    )
    single = report_of(tmp_path, table, covariance="tied")
    leading = report_of(tmp_path, table, single=True)
    grouped = report_of(tmp_path, table, by="s")
    drawn = {**single, "command": "em-impute fill x.csv --method draw"}
    several = {**single, "output": {"files": [{"path": "a", "sha256": ""}, {"path": "b", "sha256": ""}]}}
    parts = {**single, "parts": {"number": 4, "rows_drawn": {"known": 1, "missing": 7}, "files": []}}

    for report, phrase in [
        (single, "by a mixture of 2 Gaussians with covariance tied, estimated by expectation-maximisation"),
        (leading, "by a Gaussian mixture ("),
        (grouped, "Models were fitted in each of the 2 groups of s and to all rows"),
        (faithful, "No label was known. Rows were grouped by eruptions and waiting with a mixture of 2 Gaussians"),
        (drawn, "All were filled with labels drawn by their probabilities."),
        (several, "Values were drawn by their probabilities in 2 completed data sets."),
        (parts, "read in 4 parts, and the model was chosen on 1 row with a label and 7 without one"),
        (
            changed(drawn, {"filled": 60}),
            "60 of them were filled with labels drawn by their probabilities, and 1 was left missing.",
        ),
        (changed(single, {"cells": 1, "filled": 1}), "The missing value was filled with its most probable label."),
        (complete, "had no value of g"),
    ]:
        text = plain([methods(report)])

        assert phrase in text
        assert text.endswith(".")
        assert not re.search(r"  | \.|,,|\.\.|None|\b1 \w+s were\b", text)


# The style sheet


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_the_style_sheet_can_be_read_on_every_ground(scheme):
    style = (ROOT / "em_impute/report/page/style.css").read_text(encoding="utf-8")
    texts = set(re.findall(r"[;{]color:var\(--([a-z0-9-]+)\)", style))
    grounds = set(re.findall(r"background:var\(--([a-z0-9-]+)\)", style)) - {"grid"}  # grid shows between tiles only

    assert {"ink", "muted", "link"} <= texts
    assert {"paper", "tint"} <= grounds
    for text in texts:
        for ground in grounds:
            low, high = sorted(luminance(getattr(COLOURS[one], scheme)) for one in (text, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


def test_the_style_sheet_uses_no_colour_but_those_of_the_palette():
    style = (ROOT / "em_impute/report/page/style.css").read_text(encoding="utf-8")

    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", style)) <= set(COLOURS)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\burl\(|@import|rgb", style)
