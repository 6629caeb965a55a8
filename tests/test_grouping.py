"""Groups that may differ: each leans on its own fit as far as labels held out say that it should."""

import json

import numpy as np
import pytest
from builders import csv_of, opened_table, silent

from em_impute.errors import DesignError, FitError, UsageError
from em_impute.fitting import Fitted
from em_impute.grouping import _copies, _rows_of_groups, fit_groups, narrowed
from em_impute.impute import complete_all, patched
from em_impute.report.build import build_report
from em_impute.report.fit_report import to_json
from em_impute.report.markdown import to_markdown
from em_impute.select import Choice, HeldOut


def completed(folder, text, **options):
    with opened_table(folder, text, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return completion, b"".join(patched(opened, [completion], request))


def sites(n, swapped, seed=0, share_known=0.3, sizes=(0.5, 0.5)):
    """Two classes at several sites; at a site that is `swapped` each class looks like the other one elsewhere."""
    rng = np.random.default_rng(seed)
    site = np.searchsorted(np.cumsum(sizes)[:-1], rng.random(n), side="right")
    truth = rng.integers(0, 2, n)
    looks = truth ^ np.array(swapped)[site]
    x = rng.normal(size=(2, n)) + np.array([[3.0], [1.0]]) * looks
    known = rng.random(n) < share_known
    cells = ["ab"[k] if shown else None for k, shown in zip(truth, known, strict=True)]
    return csv_of("g,x,y,site", cells, *x.tolist(), [f"s{k}" for k in site]), truth[~known]


def log_loss(completion, truth):
    return -np.log(completion.probability[np.arange(truth.size), truth]).mean()


@pytest.mark.parametrize("options", [{}, {"single": True}, {"covariance": "full"}])
def test_classes_that_swap_their_places_are_told_apart_group_by_group(tmp_path, options):
    text, truth = sites(500, swapped=[0, 1])
    options |= {"features": ("x", "y")}
    without, _ = completed(tmp_path, text, **options)
    by_site, _ = completed(tmp_path, text, by="site", **options)

    assert (without.fills.code == truth).mean() < 0.6
    assert (by_site.fills.code == truth).mean() > 0.9
    assert by_site.choice.held_out.log_loss < 0.5 * without.choice.held_out.log_loss


def test_groups_that_are_alike_lose_nothing(tmp_path):
    losses = []
    for seed in range(3):
        text, truth = sites(400, swapped=[0, 0, 0, 0], seed=seed, sizes=(0.25,) * 4)
        options = {"features": ("x", "y"), "probabilities": True}
        without, _ = completed(tmp_path, text, **options)
        by_site, _ = completed(tmp_path, text, by="site", **options)
        losses.append([log_loss(by_site, truth), log_loss(without, truth)])

    by_site, without = np.mean(losses, axis=0)
    assert by_site < without + 0.01


def test_a_small_group_like_the_others_leans_on_all_rows_and_a_large_one_that_differs_on_its_own(tmp_path):
    options = {"by": "site", "features": ("x", "y")}
    alike, _ = completed(tmp_path, sites(900, swapped=[0, 0, 0], sizes=(0.5, 0.05, 0.45))[0], **options)
    differs, _ = completed(tmp_path, sites(900, swapped=[0, 0, 1], sizes=(0.5, 0.05, 0.45))[0], **options)

    assert 0 < alike.groups[1].known < 20
    assert alike.groups[1].own_weight < 0.4
    assert differs.groups[2].own_weight > 0.8


def test_a_group_with_few_labels_has_no_fit_of_its_own(tmp_path):
    rows = [("a", 0.0, "big"), ("b", 5.0, "big"), (None, 1.0, "big"), (None, 4.0, "big")] * 8
    rows = [(cell, x + i / 10, site) for i, (cell, x, site) in enumerate(rows)]
    rows += [("a", 0.5, "few"), ("b", 5.5, "few"), (None, 0.7, "few"), (None, 0.2, None)]
    text = csv_of("g,x,site", *zip(*rows, strict=True))
    by_site, _ = completed(tmp_path, text, by="site", covariance="tied", probabilities=True)
    without, _ = completed(tmp_path, text, covariance="tied", features=("x",), probabilities=True)

    assert [one[:4] for one in by_site.groups] == [("big", 32, 16, 16), ("few", 3, 2, 1)]
    assert by_site.groups[1].own_weight == 0
    np.testing.assert_array_equal(by_site.probability[-2:], without.probability[-2:])
    assert not np.array_equal(by_site.probability[:-2], without.probability[:-2])


def test_the_groups_are_a_predictor_of_the_stack_while_they_are_few(tmp_path):
    few, _ = completed(tmp_path, sites(120, swapped=[0, 1])[0], by="site")
    named, _ = completed(tmp_path, sites(120, swapped=[0, 1])[0], by="site", covariance="tied")
    lines = sites(120, swapped=[0, 1])[0].splitlines()
    many_text = "\n".join([lines[0], *(f"{line}{i // 2}" for i, line in enumerate(lines[1:]))]) + "\n"
    many, _ = completed(tmp_path, many_text, by="site")

    assert [one.name for one in few.design.categories] == ["site"]
    assert named.design.categories == many.design.categories == ()
    assert len(many.groups) > 50


@pytest.mark.parametrize("labels", [True, False])
def test_the_fit_of_a_group_is_that_of_a_file_with_its_rows_alone(tmp_path, labels):
    # Oracle: the same options, and only the rows of one group.
    rng = np.random.default_rng(3)
    truth, site = rng.integers(0, 2, 160), rng.integers(0, 2, 160)
    x, y = rng.normal(5.0 * truth * (1 + site), 1.0 + site), rng.normal(size=160)
    y[rng.random(160) < 0.1] = np.nan
    y[site == 1] = 7.0  # constant there
    z = ["" if k == 0 else one for k, one in zip(site, rng.normal(truth, 2.0).tolist(), strict=True)]
    cells = ["ab"[k] if labels and i % 3 else None for i, k in enumerate(truth)]

    def text_of(rows):
        columns = cells, x.tolist(), ["" if np.isnan(one) else one for one in y], z, [f"s{k}" for k in site]
        return csv_of("g,x,y,z,site", *([column[i] for i in rows] for column in columns))

    options = {"covariance": "full", "features": ("x", "y", "z"), "labels": () if labels else ("a", "b")}
    with opened_table(tmp_path, text_of(range(160)), by="site", probabilities=True, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
    for code in (0, 1):
        alone, _ = completed(tmp_path, text_of(np.flatnonzero(site == code)), probabilities=True, **options)
        own = narrowed(completion.design, np.flatnonzero(site == code))
        mine = site[completion.fills.row] == code

        assert [one.name for one in own.features] == [one.name for one in alone.design.features]
        np.testing.assert_allclose(own.shift, alone.design.shift, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(own.scale, alone.design.scale, rtol=1e-9)
        np.testing.assert_allclose(own.distinct.x, alone.design.distinct.x, rtol=0, atol=1e-9)
        if not labels:
            np.testing.assert_allclose(completion.probability[mine], alone.probability, rtol=0, atol=1e-6)
            assert {one.own_weight for one in completion.groups} == {1.0}


def test_without_labels_names_are_in_order_within_each_group(tmp_path):
    rng = np.random.default_rng(4)
    truth, site = np.arange(200) % 2, np.arange(200) // 100
    x = rng.normal(8.0 * truth + 100.0 * site)
    text = csv_of("g,x,site", [None] * 200, x.tolist(), [f"s{k}" for k in site])
    for options in ({"labels": ("low", "high")}, {"components": 2}):
        completion, _ = completed(tmp_path, text, by="site", **options)

        np.testing.assert_array_equal(completion.fills.code, truth)


def test_without_labels_a_group_too_small_is_an_error_that_names_it(tmp_path):
    text = csv_of("g,x,site", [None] * 21, [*range(20), 3], [*(["big"] * 20), "tiny"])

    with pytest.raises(FitError) as caught:
        completed(tmp_path, text, by="site", labels=("a", "b"))
    assert caught.value.message.startswith("group 'tiny' of column 'site'")


def design_with_groups(folder):
    """Make a design of three labels, of which the group "t" holds two."""
    rows = [("a", 1, "s"), ("b", 2, "s"), ("c", 3, "s"), (None, 4, "s"), (None, 9, None)] * 6
    rows += [("a", 5, "t"), ("c", 6, "t"), (None, 7, "t")] * 6
    with opened_table(folder, csv_of("g,x,site", *zip(*rows, strict=True)), by="site", covariance="full") as (
        opened,
        request,
    ):
        (completion,) = complete_all(opened, request, silent)
        return completion.design, completion.labels.label


def said(design, value, *, held=None):
    """Make a fit that says the same of every row without a label."""
    n = np.count_nonzero(design.distinct.label < 0)
    return Fitted(Choice(None, "", (), held), None, np.tile(np.asarray(value, float), (n, 1)), None)


def test_labels_that_a_group_does_not_hold_have_probability_0_by_its_own_fit(tmp_path):
    design, label = design_with_groups(tmp_path)

    def fit(own, _tell):
        return said(own, [0.25, 0.75] if own.labels == ("a", "c") else [0.5, 0.25, 0.25])

    fitted, groups, _ = fit_groups(design, said(design, [0.2, 0.3, 0.5]), label, fit, lambda *_: None)
    unlabelled = np.flatnonzero(design.distinct.label < 0)
    expected = {-1: [0.2, 0.3, 0.5], 0: [0.5, 0.25, 0.25], 1: [0.25, 0.0, 0.75]}

    np.testing.assert_array_equal(fitted.probability, [expected[code] for code in design.groups.code[unlabelled]])
    assert [one.own_weight for one in groups] == [1.0, 1.0]


def test_equal_rows_that_were_merged_are_compared_one_by_one(tmp_path):
    design, label = design_with_groups(tmp_path)
    assert design.index is not None
    known = np.repeat(np.flatnonzero(design.distinct.label >= 0), 25)

    def held(of, rows, chance):
        n = len(of.labels)
        truth = of.distinct.label[rows]
        probability = np.full((rows.size, n), (1 - chance) / (n - 1))
        probability[np.arange(rows.size), truth] = chance
        return HeldOut(truth, probability, np.full((rows.size, n), 1 / n), rows)

    def fit(own, _tell):
        rows = np.repeat(np.flatnonzero(own.distinct.label >= 0), 20)  # not all of them
        good = own.labels == ("a", "c")
        return said(own, np.full(len(own.labels), 1 / len(own.labels)), held=held(own, rows, 0.99 if good else 0.01))

    everyone = said(design, [0.2, 0.3, 0.5], held=held(design, known, 0.4))
    fitted, groups, _ = fit_groups(design, everyone, label, fit, lambda *_: None)
    mixed = fitted.choice.held_out

    assert groups[0].own_weight < 0.1
    assert groups[1].own_weight > 0.7
    assert mixed.label.size == 20 * 5
    of_t = design.groups.code[mixed.row] == 1
    assert (mixed.probability[np.arange(100), mixed.label][of_t] > 0.7).all()
    np.testing.assert_allclose(mixed.probability.sum(axis=1), 1.0)


def test_copies_are_numbered_in_the_order_of_the_rows():
    # Oracle: a loop.
    row = np.random.default_rng(5).integers(0, 6, 50)

    np.testing.assert_array_equal(_copies(row), [list(row[:i]).count(one) for i, one in enumerate(row)])
    assert _copies(np.empty(0, int)).size == 0


def test_every_row_of_a_group_is_found_once(tmp_path):
    design, _ = design_with_groups(tmp_path)
    found = dict(_rows_of_groups(design.groups))

    assert {code: rows.tolist() for code, rows in found.items()} == {
        code: np.flatnonzero(design.groups.code == code).tolist() for code in (0, 1)
    }


def test_equal_runs_change_equal_cells_and_nothing_else(tmp_path):
    text, _ = sites(150, swapped=[0, 1])
    outputs = [completed(tmp_path, text, by="site")[1].decode() for _ in range(2)]
    pairs = list(zip(text.splitlines(), outputs[0].splitlines(), strict=True))

    assert outputs[0] == outputs[1]
    assert all(after == before if before[0] != "," else after[1:] == before for before, after in pairs)
    assert sum(after != before for before, after in pairs) == sum(before[0] == "," for before, _ in pairs)


def test_groups_and_weights_go_together(tmp_path):
    # Oracle: the table without the rows of weight 0, all others weighing the same.
    text, _ = sites(200, swapped=[0, 1])
    lines = text.splitlines()
    weight = np.random.default_rng(6).integers(0, 2, 200) * 3
    weight[-20:] = 3 * (np.arange(20) > 0)
    kept = [i for i in range(200) if weight[i] or lines[1 + i][0] == ","]

    def table(rows):
        return "\n".join([f"{lines[0]},w", *(f"{lines[1 + i]},{weight[i]}" for i in rows)]) + "\n"

    options = {"by": "site", "weights": "w", "covariance": "full", "probabilities": True}
    found, _ = completed(tmp_path, table(range(200)), **options)
    expected, _ = completed(tmp_path, table(kept), **options)

    np.testing.assert_allclose(found.probability, expected.probability, rtol=0, atol=1e-9)
    assert [one.own_weight for one in found.groups] == pytest.approx([one.own_weight for one in expected.groups])


def test_the_reports_list_the_groups(tmp_path):
    text, _ = sites(300, swapped=[0, 1])
    with opened_table(tmp_path, text + "a,1,1,\n", by="site", features=("x", "y")) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        report = build_report(opened, completion, request, "", None)
    section = json.loads(to_json(report))["groups"]
    first = section["groups"][0]

    assert (section["column"], section["number"], section["rows_without_group"]) == ("site", 2, 1)
    assert list(first) == ["group", "rows", "known", "missing", "own_weight"]
    assert (first["group"], first["rows"]) == ("s0", first["known"] + first["missing"])
    assert sum(one["rows"] for one in section["groups"]) == 300
    assert f"| s0 | {first['rows']} | {first['known']} | {first['missing']} |" in to_markdown(report)


def test_a_column_of_too_many_texts_is_an_error(tmp_path):
    text = csv_of("g,x,site", ["a", "b", None] * 3400, range(10200), [f"s{i}" for i in range(10200)])

    with pytest.raises(DesignError) as caught:
        completed(tmp_path, text, by="site")
    assert caught.value.message == "column 'site' holds more than 10,000 different texts, such as 's0' on line 2"


def test_a_column_without_any_text_is_an_error(tmp_path):
    with pytest.raises(DesignError, match="no group"):
        completed(tmp_path, csv_of("g,x,site", ["a", "b", None], [1, 2, 3], [None, "NA", None]), by="site")


@pytest.mark.parametrize("options", [{"by": "g"}, {"by": "x", "features": ("x",)}, {"by": "y", "weights": "y"}])
def test_the_groups_are_no_other_column_of_the_job(tmp_path, options):
    with pytest.raises(UsageError, match="--by"):
        completed(tmp_path, csv_of("g,x,y", ["a", "b", None], [1, 2, 3], [1, 2, 3]), **options)
