"""Rows that count more than others: as if they were there more often."""

import numpy as np
import pytest
from builders import csv_of, opened_table, silent

from em_impute import clusters, select
from em_impute.engine.blocks import Rows
from em_impute.errors import DesignError, FitError
from em_impute.impute import complete_all, patched
from em_impute.metrics import accuracy, brier, effective_rows, log_loss
from em_impute.report.build import build_report
from em_impute.stack.batch import fit_labels, gather
from em_impute.stack.folds import Examples, draw
from em_impute.stack.shrinkage import Shrinkage
from em_impute.stack.views import Predictors, fit_views


def three_classes(n=150, seed=0):
    """Labels, some of them unknown, two predictors with holes, a category, and whole numbers as weights."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    x, y = rng.normal(2.5 * truth), rng.normal(-truth)
    y[rng.random(n) < 0.1] = np.nan
    cells = [None if hidden else "abc"[k] for k, hidden in zip(truth, rng.random(n) < 0.4, strict=True)]
    return cells, x.tolist(), y.tolist(), rng.choice(["u", "v"], n).tolist(), rng.integers(0, 4, n)


def table(cells, x, y, t, weight=None, rows=None):
    """Write the columns g, x, y, t and w (if given), of some rows only."""
    rows = range(len(cells)) if rows is None else rows
    columns = [cells, x, ["" if np.isnan(value) else value for value in y], t]
    if weight is not None:
        columns.append(list(weight))
    header = "g,x,y,t,w" if weight is not None else "g,x,y,t"
    return csv_of(header, *([column[i] for i in rows] for column in columns))


def completed(folder, text, **options):
    with opened_table(folder, text, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return completion, b"".join(patched(opened, [completion], request))


@pytest.mark.parametrize("components", [1, 2])
def test_whole_weights_are_repeated_rows_to_one_mixture(tmp_path, components):
    # Oracle: the table with each row written out as often as it weighs.  Without a prior nothing depends on the weights'
    # scale; both fits run until EM cannot gain any more.
    *columns, weight = three_classes()
    repeated = np.repeat(np.arange(weight.size), weight)
    options = {"covariance": "full", "prior_strength": 0.0, "tolerance": 0.0, "max_iter": 400, "features": ("x", "y")}
    if components > 1:
        options |= {"unlabelled_weight": 0.5}
    found, _ = completed(tmp_path, table(*columns, weight), weights="w", **options)
    expected, _ = completed(tmp_path, table(*columns, rows=repeated), **options)

    for values, of_repeated in zip(found.mixture.fit.parameters, expected.mixture.fit.parameters, strict=True):
        np.testing.assert_allclose(values, of_repeated, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.design.shift, expected.design.shift, rtol=1e-12)
    np.testing.assert_allclose(found.design.scale, expected.design.scale, rtol=1e-12)


@pytest.mark.parametrize("steps", [0, 3])
def test_whole_weights_are_repeated_rows_to_the_mixtures_of_the_stack(steps):
    rng = np.random.default_rng(1)
    n = 60
    label = np.where(rng.random(n) < 0.6, rng.integers(0, 2, n), -1)
    x = rng.normal(size=(n, 2)) + label[:, None]
    x[rng.random((n, 2)) < 0.15] = np.nan
    weight = rng.integers(1, 4, n)
    examples = Examples(Predictors(x, rng.integers(0, 3, (n, 1)), (3,), 2), label, weight.astype(float))
    repeated = examples.take(np.repeat(np.arange(n), weight))._replace(weight=np.ones(weight.sum()))
    settings = [(Shrinkage(1.0, 0.5), True), (Shrinkage(np.inf, 0.1), False)]

    for view in fit_views(examples.predictors):
        found, expected = (
            fit_labels(gather(view, some, 2), np.zeros((1, some.label.size), dtype=bool), settings, (steps,))
            for some in (examples, repeated)
        )
        for values, of_repeated in zip(found[steps], expected[steps], strict=True):
            np.testing.assert_allclose(values, of_repeated, rtol=1e-9, atol=1e-9)


def test_whole_weights_fill_like_repeated_rows_where_the_classes_are_clear(tmp_path):
    rng = np.random.default_rng(2)
    truth = np.arange(90) % 3
    x = rng.normal(8.0 * truth)
    cells = [None if i % 2 else "abc"[k] for i, k in enumerate(truth)]
    weight = rng.integers(1, 4, 90)
    _, output = completed(tmp_path, csv_of("g,x,w", cells, x.tolist(), weight.tolist()), weights="w")
    filled = [line.split(",")[0] for line in output.decode().splitlines()[1:]]

    assert filled == ["abc"[k] for k in truth]


@pytest.mark.parametrize(
    "options", [{}, {"covariance": "full"}, {"components": 2}, {"free_shares": True}, {"single": True}]
)
def test_a_row_of_weight_0_teaches_nothing(tmp_path, options):
    # Oracles: the table without the labels of these rows, and without those of these rows that need not be filled.
    cells, x, y, t, weight = three_classes(seed=3)
    blank = [cell if counts else None for cell, counts in zip(cells, weight, strict=True)]
    kept = [i for i, counts in enumerate(weight) if counts or cells[i] is None]
    found, _ = completed(tmp_path, table(cells, x, y, t, weight), weights="w", probabilities=True, **options)
    unlabelled, _ = completed(tmp_path, table(blank, x, y, t, weight), weights="w", probabilities=True, **options)
    left_out, _ = completed(tmp_path, table(cells, x, y, t, weight, kept), weights="w", probabilities=True, **options)
    same_rows = np.isin(unlabelled.fills.row, found.fills.row)

    np.testing.assert_allclose(found.probability, unlabelled.probability[same_rows], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.probability, left_out.probability, rtol=0, atol=1e-9)
    assert found.labels.known == tuple(cells.count(label) for label in "abc")
    assert found.fills.expected.sum() == pytest.approx(cells.count(None))


@pytest.mark.parametrize("weight", [1, 0.3, 7e300])
def test_equal_weights_change_no_byte(tmp_path, weight):
    cells, x, y, t, _ = three_classes()
    _, plain = completed(tmp_path, table(cells, x, y, t))
    _, weighed = completed(tmp_path, table(cells, x, y, t, [weight] * len(cells)), weights="w")

    assert [line.rpartition(b",")[0] for line in weighed.splitlines()] == plain.splitlines()


@pytest.mark.parametrize("labels", [(), ("a", "b")])
def test_the_scale_of_weights_does_not_matter(tmp_path, labels):
    cells, x, y, t, weight = three_classes()
    cells = [None] * len(cells) if labels else cells
    found = [
        completed(tmp_path, table(cells, x, y, t, factor * weight), weights="w", labels=labels, probability=True)[0]
        for factor in (1, 1024)
    ]

    assert found[0].labels.known == found[1].labels.known
    np.testing.assert_array_equal(found[0].fills.probability, found[1].fills.probability)


def test_the_weights_are_no_predictor(tmp_path):
    *columns, weight = three_classes()
    weighed, _ = completed(tmp_path, table(*columns, weight), weights="w", covariance="full")

    assert [feature.name for feature in weighed.design.features] == ["x", "y"]


def test_a_label_that_only_rows_of_weight_0_hold_is_kept_and_never_filled_in(tmp_path):
    cells, x, y, t, weight = three_classes()
    weight[cells.index("a")] = 0
    cells[cells.index("a")] = "z"
    with opened_table(tmp_path, table(cells, x, y, t, weight), weights="w", probabilities=True) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        report = build_report(opened, completion, request, "", None)

    assert completion.labels.labels == ("a", "b", "c", "z")
    assert completion.fills.expected[3] == 0 == completion.probability[:, 3].max()
    assert report.totals["most_probable"]["z"] == report.totals["known"]["z"] == 1
    assert list(report.accuracy["confusion"]) == ["a", "b", "c"]


def test_a_predictor_that_is_constant_among_the_rows_that_count_is_none(tmp_path):
    cells, x, _, _, weight = three_classes()
    weight[:5] = 0
    constant = [i if i < 5 else 7 for i in range(len(cells))]
    text = csv_of("g,x,k,c,w", cells, x, constant, [f"c{k}" for k in constant], weight.tolist())
    completion, _ = completed(tmp_path, text, weights="w")

    assert [feature.name for feature in completion.design.features] == ["x"]
    assert [(one.name, one.reason) for one in completion.design.rejected] == [("k", "constant"), ("c", "constant")]


def test_the_report_says_which_column_weighs(tmp_path):
    *columns, weight = three_classes()
    with opened_table(tmp_path, table(*columns, weight), examined=True, weights="w") as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        report = build_report(opened, completion, request, "", None)
    counts = report.missing["cells"], sum(one["known"] for one in report.labels)

    assert {
        "step": "read",
        "action": "rows weighed",
        "detail": "column 'w' says how much each row counts",
    } in report.log
    assert counts == (columns[0].count(None), len(weight) - columns[0].count(None))
    assert completion.findings.labelling is None


def test_known_labels_count_by_weight_in_the_held_out_scores():
    # Oracle: every row as often as it weighs.
    rng = np.random.default_rng(4)
    probability, label, weight = rng.dirichlet([1, 1, 1], 40), rng.integers(0, 3, 40), rng.integers(1, 5, 40)
    repeated = np.repeat(np.arange(40), weight)

    for score in (accuracy, brier, log_loss):
        assert score(probability, label, weight) == pytest.approx(score(probability[repeated], label[repeated]))
    assert effective_rows(np.full(40, 0.3)) == pytest.approx(40)


def test_rows_drawn_from_many_keep_their_weights_and_the_balance():
    rng = np.random.default_rng(5)
    weight = rng.uniform(0.5, 1.5, 900)
    label = np.where(np.arange(900) < 600, np.arange(900) % 2, -1)
    examples = Examples(Predictors(rng.normal(size=(900, 1)), np.zeros((900, 0), int), (), 1), label, weight)
    apart, drawn = draw(examples, 100, 50, 0, apart=True), draw(examples, 100, 50, 0)
    known = drawn.label >= 0

    assert np.unique(drawn.origin[known]).size == known.sum() == 100
    np.testing.assert_array_equal(apart.weight[known], weight[drawn.origin[known]])
    for k in (0, 1):  # labels weigh against each other as they do in the table
        of_label = drawn.label == k
        factor = drawn.weight[of_label] / weight[drawn.origin[of_label]]
        assert np.ptp(factor) < 1e-12
        share = weight[label == k].sum() / weight[label >= 0].sum()
        assert drawn.weight[of_label].sum() / drawn.weight[known].sum() == pytest.approx(share)
    assert drawn.weight[~known].sum() / drawn.weight[known].sum() == pytest.approx(
        weight[600:].sum() / weight[:600].sum()
    )


def test_a_weighed_sample_of_rows_to_cluster_has_the_mean_weight_1():
    rng = np.random.default_rng(6)
    rows = Rows(np.arange(300.0)[:, None], np.full(300, -1), rng.uniform(0.1, 1.9, 300))
    sample = clusters._sample(rows, 100, 0, weighed=True)

    assert np.unique(sample.x).size == 100
    assert sample.weight.mean() == pytest.approx(1)
    assert clusters._sample(rows, 300, 0, weighed=True) is rows


def test_rows_of_weight_0_are_not_among_those_that_models_are_compared_on(tmp_path):
    *columns, weight = three_classes()
    completion, _ = completed(tmp_path, table(*columns, weight), weights="w", covariance="full")
    order, rows = select._comparison_rows(completion.design, seed=0)

    assert set(order) == set(np.flatnonzero(weight))
    np.testing.assert_allclose(rows.weight, weight[order] / weight[weight > 0].mean())


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "has no number on line 4"),
        ("NA", "has no number on line 4"),
        ("much", "holds 'much' on line 4"),
        ("-0.5", "holds -0.5 on line 4"),
        ("inf", "holds 'inf' on line 4"),
    ],
)
def test_a_cell_that_is_no_weight_is_an_error_with_its_line(tmp_path, cell, message):
    text = csv_of("g,x,w", ["a", "b", None, "a"], [1, 9, 2, 3], [1, 2, cell, 4])

    with pytest.raises(DesignError) as caught, opened_table(tmp_path, text, weights="w"):
        pass
    assert caught.value.message.startswith(f"column 'w' {message}")


@pytest.mark.parametrize("weights", [[0, 0, 0, 0], [0, 0, 1, 0]])
def test_no_weight_at_all_is_an_error(tmp_path, weights):
    text = csv_of("g,x,w", ["a", "b", None, "a"], [1, 9, 2, 3], weights)

    with pytest.raises(FitError, match="weight"):
        completed(tmp_path, text, weights="w")
