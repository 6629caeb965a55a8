"""The style sheet and the palette: texts can be read, and labels be told apart, in both schemes."""

import re

import pytest
from reported import ROOT, contrast

from em_impute.report.charts.looks import COLOURS, N_LABELS, Group, label_colour, label_marker

# The palette


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_labels_stand_out_from_the_paper_in_both_schemes(scheme):
    paper = getattr(COLOURS["paper"], scheme)
    seen = {name: contrast(getattr(colour, scheme), paper) for name, colour in COLOURS.items()}

    assert min(seen[f"label-{k}"] for k in range(N_LABELS + 1)) >= 3
    assert min(seen["ink"], seen["muted"]) >= 4.5


def test_each_label_has_its_own_hue_marker_and_dash():
    k = range(N_LABELS + 1)

    assert (
        len({label_colour(i) for i in k})
        == len({label_marker(i) for i in k})
        == len({Group("", (), i).dash for i in k})
        == 9
    )
    assert label_colour(N_LABELS) == label_colour(N_LABELS + 50)


# The style sheet


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_the_style_sheet_can_be_read_on_every_ground(scheme):
    style = (ROOT / "em_impute/report/page/style.css").read_text(encoding="utf-8")
    texts = set(re.findall(r"[;{]color:var\(--([a-z0-9-]+)\)", style))
    grounds = set(re.findall(r"background:var\(--([a-z0-9-]+)\)", style)) - {"grid"}  # grid shows between tiles only

    assert {"ink", "muted", "link"} <= texts
    assert {"paper", "tint"} <= grounds
    for text in texts:
        for ground in grounds:
            assert contrast(*(getattr(COLOURS[one], scheme) for one in (text, ground))) >= 4.5, (text, ground)


def test_the_style_sheet_uses_no_colour_but_those_of_the_palette():
    style = (ROOT / "em_impute/report/page/style.css").read_text(encoding="utf-8")

    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", style)) <= set(COLOURS)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\burl\(|@import|rgb", style)
