"""How the model was chosen, in the report and in Markdown."""

import json

import numpy as np
import pytest
from builders import opened_table, silent

from em_impute.impute import complete_all
from em_impute.report.build import build_report
from em_impute.report.fit_report import to_json
from em_impute.report.markdown import MAX_MEMBERS, to_markdown
from em_impute.report.words import number, percent

ODD_LABELS = ("<b>x|y</b>", "[z](u)")
ODD_COLUMN = "*w*|`v`"


def report_of(folder, *, n_rows=120, **options):
    """A stack over a number and a text, whose names and labels would act as Markdown."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, n_rows)
    x, y = rng.normal(truth, 1.0).tolist(), rng.normal(truth, 2.0).tolist()
    colour = np.where(rng.random(n_rows) < 0.7, truth, 1 - truth)
    text = f"g,{ODD_COLUMN},y,colour\n" + "".join(
        f"{ODD_LABELS[k] if i % 3 else ''},{x[i]!r},{y[i]!r},{('<i>red</i>', 'blue')[colour[i]]}\n"
        for i, k in enumerate(truth)
    )
    with opened_table(folder, text, "g", examined=True, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return completion, build_report(opened, completion, request, "em-impute fill", None)


def table_rows(text, head):
    """Cells of the Markdown table that begins with so many words."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.fixture(scope="module")
def stacked(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("stacked"))


def test_members_are_those_of_the_stack_with_the_heaviest_first(stacked):
    completion, report = stacked
    stack = completion.choice.stack
    listed = report.selection["members"]

    total = stack.weight.sum(axis=1)
    assert report.selection["considered"] == total.size == len(stack.comparison.members)
    assert [one["weight"] for one in listed] == pytest.approx(sorted(total[total > 0], reverse=True))
    assert sum(one["weight"] for one in listed) == pytest.approx(1, abs=1e-9)
    for one in listed:
        (i,) = (
            i
            for i, member in enumerate(stack.comparison.members)
            if total[i] == one["weight"]
            and (one["view"], one["components"], one["em_steps"]) == (member.view, member.per_label, member.steps)
            and one["covariance"] == member.shrinkage.family
            and one["shrinkage"]["diagonal"] == member.shrinkage.diagonal
        )
        assert one["log_loss"] == pytest.approx(stack.comparison.log_loss[i].min())


def test_the_share_of_the_leader_is_its_weight_among_the_members(stacked):
    completion, report = stacked
    leader = completion.choice.stack.leader
    weights = [
        one["weight"]
        for one in report.selection["members"]
        if one["view"] == "plain"
        and (one["components"], one["em_steps"], one["covariance"])
        == (leader.per_label, leader.steps, leader.shrinkage.family)
    ]

    assert report.model["share_of_stack"] == pytest.approx(0) or report.model["share_of_stack"] in weights


def test_the_scores_of_a_stack_are_those_of_its_accuracy(stacked):
    _, report = stacked

    assert report.selection["scores"]["stack"] == pytest.approx(report.accuracy["log_loss"])
    assert report.selection["scores"]["majority"] == pytest.approx(report.accuracy["baseline_log_loss"])


def test_infinite_shrinkage_is_null_in_strict_json(stacked):
    _, report = stacked
    read = json.loads(to_json(report), parse_constant=pytest.fail)

    pooled = [one["shrinkage"]["pooled"] for one in read["selection"]["members"]]
    for one, value in zip(report.selection["members"], pooled, strict=True):
        assert value == (None if np.isinf(one["shrinkage"]["pooled"]) else one["shrinkage"]["pooled"])
    assert (read["model"]["shrinkage"]["pooled"] is None) == np.isinf(report.model["shrinkage"]["pooled"])


def test_markdown_of_a_stack_shows_its_members_and_their_weights(stacked):
    _, report = stacked
    text = to_markdown(report)
    members = report.selection["members"]

    expected = [
        [percent(one["weight"]), one["view"], one["covariance"], str(one["components"]), str(one["em_steps"]), number(one["log_loss"])]
        for one in members
    ]  # fmt: skip
    assert table_rows(text, "| weight | predictors |") == expected[:MAX_MEMBERS]
    assert (f"… and {len(members) - MAX_MEMBERS} lighter ones." in text) == (len(members) > MAX_MEMBERS)
    assert f"{report.selection['considered']} mixtures were compared" in text
    assert f"filled from {len(members)} mixtures" in text


def test_markdown_of_a_stack_shows_the_scores_and_what_unlabelled_rows_did(stacked):
    _, report = stacked
    text = to_markdown(report)
    scores = report.selection["scores"]

    assert [row[1] for row in table_rows(text, "|  | log-loss (lower")] == [
        number(scores[key]) for key in ("stack", "single", "labels_only", "plain_em", "majority")
    ]
    assert f"The rows without a label {report.selection['unlabelled_rows']}." in text


def test_markdown_of_a_stack_shows_odd_names_literally(stacked):
    _, report = stacked
    text = to_markdown(report)

    assert "<" not in text.replace("\\<", "")
    assert "\\<b\\>x\\|y\\</b\\>" in text
    assert "\\[z\\](u)" in text
    assert "\\*w\\*\\|\\`v\\`" in text
    assert "\\<i\\>red\\</i\\>, blue" in text or "blue, \\<i\\>red\\</i\\>" in text


def test_markdown_of_a_single_mixture_tells_of_no_others_weights(tmp_path):
    _, report = report_of(tmp_path, single=True)
    text = to_markdown(report)

    assert "filled from" not in text
    (row,) = table_rows(text, "| weight | predictors |")
    assert row[:2] == [percent(1.0), "plain"]
    assert "what it says of a row is tempered by" in text


def test_a_mixture_that_was_named_is_reported_without_a_stack(tmp_path):
    _, report = report_of(tmp_path, covariance="tied")

    assert list(report.selection) == ["criterion", "members", "scores"]
    assert [one["covariance"] for one in report.selection["members"]] == ["tied"]
    assert "mixtures were compared" not in to_markdown(report)
