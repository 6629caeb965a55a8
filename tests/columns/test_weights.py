"""Rows that count more than others: as if they were there more often."""

import numpy as np
import pytest
from builders import completed, csv_of, opened_table, silent

from em_impute.ensemble.batched_em import fit_labels, gather
from em_impute.ensemble.folds import Examples
from em_impute.ensemble.shrinkage import Shrinkage
from em_impute.ensemble.transforms import Predictors, fit_views
from em_impute.pipeline.complete import complete_all
from em_impute.report.build.fit import build_report


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


@pytest.mark.parametrize("components", [1, 2])
def test_whole_weights_are_repeated_rows_to_one_mixture(tmp_path, components):
    # Oracle: the table with each row written out as often as it weighs.  Without a prior nothing depends on the weights'
    # scale; both fits run until EM cannot gain any more.
    *columns, weight = three_classes(90)
    repeated = np.repeat(np.arange(weight.size), weight)
    options = {"covariance": "full", "prior_strength": 0.0, "tolerance": 0.0, "max_iter": 200, "features": ("x", "y")}
    if components > 1:
        options |= {"unlabelled_weight": 0.5}
    found, _ = completed(tmp_path, table(*columns, weight), weights="w", **options)
    expected, _ = completed(tmp_path, table(*columns, rows=repeated), **options)

    for values, of_repeated in zip(found.fitted.mixture.parameters, expected.fitted.mixture.parameters, strict=True):
        np.testing.assert_allclose(values, of_repeated, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.fitted.design.shift, expected.fitted.design.shift, rtol=1e-12)
    np.testing.assert_allclose(found.fitted.design.scale, expected.fitted.design.scale, rtol=1e-12)


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


@pytest.mark.parametrize("options", [{}, {"components": 2}, {"shares": "free"}])
def test_a_row_of_weight_0_teaches_nothing(tmp_path, options):
    # Oracles: the table without the labels of these rows, and without those of these rows that need not be filled.
    cells, x, y, t, weight = three_classes(90, seed=3)
    blank = [cell if counts else None for cell, counts in zip(cells, weight, strict=True)]
    kept = [i for i, counts in enumerate(weight) if counts or cells[i] is None]
    found, _ = completed(tmp_path, table(cells, x, y, t, weight), weights="w", probabilities=True, **options)
    unlabelled, _ = completed(tmp_path, table(blank, x, y, t, weight), weights="w", probabilities=True, **options)
    left_out, _ = completed(tmp_path, table(cells, x, y, t, weight, kept), weights="w", probabilities=True, **options)
    same_rows = np.isin(unlabelled.fills.row, found.fills.row)

    np.testing.assert_allclose(found.fills.probabilities, unlabelled.fills.probabilities[same_rows], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.fills.probabilities, left_out.fills.probabilities, rtol=0, atol=1e-9)
    assert found.labels.known == tuple(cells.count(label) for label in "abc")
    assert found.fills.expected.sum() == pytest.approx(cells.count(None))


@pytest.mark.parametrize(("weight", "options"), [(0.3, {}), (7e300, {"covariance": "full"})])
def test_equal_weights_change_no_byte(tmp_path, weight, options):
    cells, x, y, t, _ = three_classes(90)
    _, plain = completed(tmp_path, table(cells, x, y, t), **options)
    _, weighed = completed(tmp_path, table(cells, x, y, t, [weight] * len(cells)), weights="w", **options)

    assert [line.rpartition(b",")[0] for line in weighed.splitlines()] == plain.splitlines()


def test_a_label_that_only_rows_of_weight_0_hold_is_kept_and_never_filled_in(tmp_path):
    cells, x, y, t, weight = three_classes()
    weight[cells.index("a")] = 0
    cells[cells.index("a")] = "z"
    with opened_table(tmp_path, table(cells, x, y, t, weight), weights="w", probabilities=True) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        report = build_report(opened, completion, request, "", None)

    assert completion.labels.labels == ("a", "b", "c", "z")
    assert completion.fills.expected[3] == 0 == completion.fills.probabilities[:, 3].max()
    assert report.totals.most_probable["z"] == report.totals.known["z"] == 1
    assert list(report.accuracy.confusion) == ["a", "b", "c"]
