"""The page is strict HTML, has all its parts in order, and shows the numbers of the report."""

import base64
import copy
import hashlib
import json
import re

import numpy as np
from reported import Page

from em_impute.report.missing_rows import labelling_verdict
from em_impute.report.page.blocks import Figures, Table, glued, name, said
from em_impute.report.page.page import to_html
from em_impute.report.page.rows import common, folded
from em_impute.report.pictures.groups import Key, Picture, labels_in_groups

# Strict HTML


def test_every_tag_is_closed_and_every_id_is_unique(saved):
    page = Page(to_html(saved))
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]

    assert len(ids) == len(set(ids))


def test_every_reference_has_its_target(saved):
    text = to_html(saved)
    page = Page(text)
    ids = {attributes["id"] for _, attributes, _ in page.elements if "id" in attributes}
    wanted = [one for attributes in page.all("svg", "section") for one in attributes.get("aria-labelledby", "").split()]
    wanted += [one["href"].removeprefix("#") for one in page.all("a", "use")]
    wanted += re.findall(r"url\(#([^)]*)\)", text)

    assert wanted
    assert set(wanted) <= ids


def test_there_is_no_script_no_style_attribute_and_nothing_from_elsewhere(saved):
    text = to_html(saved)
    page = Page(text)
    keys = {key for _, attributes, _ in page.elements for key in attributes}

    assert not page.all("script", "link", "iframe", "object", "base", "form")
    assert not [key for key in keys if key == "style" or key.startswith("on")]
    assert not page.all("img")
    assert set(re.findall(r"(?:https?:)?//[a-z][^\s\"'<)]*", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_policy_names_the_one_style_sheet(saved):
    text = to_html(saved)
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


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(saved):
    page = Page(to_html(saved))

    around = [page.elements[i - 3 : i] for i, (tag, _, _) in enumerate(page.elements) if tag == "table"]

    assert around
    assert all(one["scope"] in {"row", "col"} for one in page.all("th"))
    for (figure, _, _), (caption, _, _), (_, box, _) in around:
        assert (figure, caption, box["class"], box["role"]) == ("figure", "figcaption", "scroll", "region")
        assert box["aria-label"]


def test_every_picture_has_a_text_alternative(saved):
    page = Page(to_html(saved))
    pictures = [one for one in page.all("svg") if one.get("role") == "img"]

    assert all(len(one["aria-labelledby"].split()) == 2 for one in pictures)
    outermost = [attributes for tag, attributes, within in page.elements if tag == "svg" and "svg" not in within]
    assert all(one.get("aria-hidden") == "true" for one in outermost if one not in pictures)


def test_the_same_report_gives_the_same_bytes(saved):
    assert to_html(saved) == to_html(json.loads(json.dumps(copy.deepcopy(saved))))


def test_a_page_stays_small(penguins):
    assert len(to_html(penguins).encode()) < 400_000


# What it says


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

    assert table.looks == ["short", "n", "short", "n"]


def test_short_texts_of_a_table_stay_on_a_line_and_long_ones_get_room():
    table = Table("", ["a", "b"], [[name("variety 14"), "x" * 30], [name("variety 1"), "y"]])

    assert table.looks == ["short", "text"]


def test_the_first_table_of_many_labels_shows_those_of_the_pictures():
    labels = [{"label": f"l{i:02}", "known": (7 * i) % 30, "filled": 0} for i in range(30)]
    names = [one["label"] for one in labels]
    (table, _) = folded("L", ["label"], [[one] for one in names], common({"labels": labels}, names))

    assert [row[0] for row in table.rows] == [one.name for one in labels_in_groups(labels) if one.is_one]
    assert table.caption == "L: the most common 7 of 30"


def test_numbers_and_their_units_stay_together_but_what_a_user_wrote_stays_as_it_is():
    shown = said("{} of {}, {}", "3.5 %", name("5 % off"), "9 % x")

    assert shown == '3.5\u00a0% of <bdi class="name">5 % off</bdi>, 9 % x'
    assert said("at δ = {} ({} to {})", 1, 2, 3) == "at δ\u00a0=\u00a01 (2\u00a0to\u00a03)"
    assert glued("<b> 95 % (6 to 16)") == "&lt;b&gt; 95\u00a0% (6\u00a0to\u00a016)"


def test_the_style_says_how_high_each_of_two_drawings_is(heights, penguins):
    text = to_html(heights, penguins)

    for which, wide, narrow in (("r1-picture-predictor", "720/", "360/"), ("r2-picture-plane", "720/520", "360/380")):
        first, second = re.findall(rf"#{which}>svg{{aspect-ratio:(\d+/\d+)}}", text)
        assert first.startswith(wide)
        assert second.startswith(narrow)
        assert text.count(f'id="{which}"') == 1


def test_covariances_that_are_rounding_are_0(penguins):
    zeros = [[4.0, -3e-16, 0.5], [-3e-16, 9.0, 0.0], [0.5, 0.0, 1.0]]
    features = list(penguins["model"]["parameters"][0]["mean"])[:3]
    component = {"label": "a", "component": 1, "weight": 1.0, "covariance": zeros}
    component |= {key: dict.fromkeys(features, 1.0) for key in ("mean", "sd")}
    model = {**penguins["model"], "parameters": [component]}

    assert f"{features[0]} 4 0 0.5 {features[1]} 0 9 0" in Page(to_html({**penguins, "model": model})).words()


def test_a_fit_without_a_step_of_em_says_so_and_one_with_a_few_shows_its_path(heights):
    unstepped = {**heights["fit"], "n_iterations": 0, "path": [-9.0], "stop": "held-out labels"}
    stepped = {**unstepped, "n_iterations": 2, "path": [-9.0, -8.0, -7.0]}
    first, second = (Page(to_html({**heights, "fit": one})).words() for one in (unstepped, stepped))

    assert "EM was not run: held-out labels prefer" in first
    assert "from step to step:" not in first
    assert "EM was stopped after 2 steps, as held-out labels prefer." in second
    assert "from step to step: -9.0000; -8.0000; -7.0000." in second


def test_the_verdict_on_missing_labels_is_that_of_the_other_forms(penguins):
    verdict = labelling_verdict(penguins["missingness"]["labelling_test"])

    assert verdict in Page(to_html(penguins)).words()


def test_of_many_shifted_labels_there_is_a_table_instead_of_a_sentence_each(heights):
    (swept,) = heights["sensitivity"]["sweeps"]
    many = {**heights["sensitivity"], "sweeps": [{**swept, "label": f"l{i}"} for i in range(9)]}
    one, nine = (Page(to_html({**heights, "sensitivity": each})).words() for each in (heights["sensitivity"], many))

    assert "The share of female leaves its interval" in one
    assert "Where the share of a label would leave its interval" in nine
    assert "The share of l0" not in nine
