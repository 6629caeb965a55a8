"""Groups that may differ: each leans on its own fit as far as labels held out say that it should."""

import numpy as np
import pytest
from builders import csv_of, opened_table, silent

from em_impute.api.session import Completed
from em_impute.missingness.how_missing import HowMissing
from em_impute.model.fit import Fitted
from em_impute.model.groups import fit_groups, narrowed
from em_impute.model.select import Choice
from em_impute.pipeline.complete import complete_all


def completed(folder, text, **options):
    with opened_table(folder, text, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return completion, b"".join(next(Completed(opened, [completion], request).contents()))


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
    return -np.log(completion.fills.probabilities[np.arange(truth.size), truth]).mean()


@pytest.mark.parametrize("options", [{}, {"covariance": "full"}])
def test_classes_that_swap_their_places_are_told_apart_group_by_group(tmp_path, options):
    text, truth = sites(300, swapped=[0, 1])
    options |= {"features": ("x", "y")}
    without, _ = completed(tmp_path, text, **options)
    by_site, _ = completed(tmp_path, text, by="site", **options)

    assert (without.fills.code == truth).mean() < 0.6
    assert (by_site.fills.code == truth).mean() > 0.9
    assert by_site.fitted.choice.held_out.log_loss < 0.5 * without.fitted.choice.held_out.log_loss


def test_a_group_with_few_labels_has_no_fit_of_its_own(tmp_path):
    rows = [("a", 0.0, "big"), ("b", 5.0, "big"), (None, 1.0, "big"), (None, 4.0, "big")] * 8
    rows = [(cell, x + i / 10, site) for i, (cell, x, site) in enumerate(rows)]
    rows += [("a", 0.5, "few"), ("b", 5.5, "few"), (None, 0.7, "few"), (None, 0.2, None)]
    text = csv_of("g,x,site", *zip(*rows, strict=True))
    by_site, _ = completed(tmp_path, text, by="site", covariance="tied", probabilities=True)
    without, _ = completed(tmp_path, text, covariance="tied", features=("x",), probabilities=True)

    assert [one[:4] for one in by_site.fitted.groups] == [("big", 32, 16, 16), ("few", 3, 2, 1)]
    assert by_site.fitted.groups[1].own_weight == 0
    np.testing.assert_array_equal(by_site.fills.probabilities[-2:], without.fills.probabilities[-2:])
    assert not np.array_equal(by_site.fills.probabilities[:-2], without.fills.probabilities[:-2])


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
        own = narrowed(completion.fitted.design, np.flatnonzero(site == code))
        mine = site[completion.fills.row] == code

        assert [one.name for one in own.features] == [one.name for one in alone.fitted.design.features]
        np.testing.assert_allclose(own.shift, alone.fitted.design.shift, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(own.scale, alone.fitted.design.scale, rtol=1e-9)
        np.testing.assert_allclose(own.distinct.x, alone.fitted.design.distinct.x, rtol=0, atol=1e-9)
        if not labels:
            np.testing.assert_allclose(
                completion.fills.probabilities[mine], alone.fills.probabilities, rtol=0, atol=1e-6
            )
            assert {one.own_weight for one in completion.fitted.groups} == {1.0}


def design_with_groups(folder):
    """Make a design of three labels, of which the group "t" holds two."""
    rows = [("a", 1, "s"), ("b", 2, "s"), ("c", 3, "s"), (None, 4, "s"), (None, 9, None)] * 6
    rows += [("a", 5, "t"), ("c", 6, "t"), (None, 7, "t")] * 6
    with opened_table(folder, csv_of("g,x,site", *zip(*rows, strict=True)), by="site", covariance="full") as (
        opened,
        request,
    ):
        (completion,) = complete_all(opened, request, silent)
        return completion.fitted.design, completion.labels.label


def said(design, value):
    """Make a fit that says the same of every row without a label."""
    n = np.count_nonzero(design.distinct.label < 0)
    return Fitted(Choice(None, "", (), None), None, np.tile(np.asarray(value, float), (n, 1)), None, HowMissing())


def test_labels_that_a_group_does_not_hold_have_probability_0_by_its_own_fit(tmp_path):
    design, label = design_with_groups(tmp_path)

    def fit(own, _tell):
        return said(own, [0.25, 0.75] if own.labels == ("a", "c") else [0.5, 0.25, 0.25])

    fitted, groups, _ = fit_groups(design, said(design, [0.2, 0.3, 0.5]), label, fit, lambda *_: None)
    unlabelled = np.flatnonzero(design.distinct.label < 0)
    expected = {-1: [0.2, 0.3, 0.5], 0: [0.5, 0.25, 0.25], 1: [0.25, 0.0, 0.75]}

    np.testing.assert_array_equal(fitted.probability, [expected[code] for code in design.groups.code[unlabelled]])
    assert [one.own_weight for one in groups] == [1.0, 1.0]


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

    np.testing.assert_allclose(found.fills.probabilities, expected.fills.probabilities, rtol=0, atol=1e-9)
    assert [one.own_weight for one in found.fitted.groups] == pytest.approx(
        [one.own_weight for one in expected.fitted.groups]
    )
