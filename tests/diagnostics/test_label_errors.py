"""Known labels that look wrong, beside fits that were really made without the label."""

from dataclasses import replace

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from scipy.stats import multivariate_normal

import em_impute.columns.deduplicate
import em_impute.diagnostics.odd_rows
from em_impute.columns.labels import read_labels
from em_impute.diagnostics.odd_rows import audit_labels, judge_labels
from em_impute.em.em import posterior
from em_impute.ensemble.ensemble import predict
from em_impute.model.fit import examples_of
from em_impute.pipeline.complete import fit_column

FULL = {"covariance": "full"}

MIXTURE_AND_STACK = [FULL, pytest.param({}, marks=pytest.mark.exhaustive)]
"""What of the two is the same code need not be seen with both each time."""


def fitted(folder, text, **options):
    with opened_table(folder, text, **options) as (opened, request):
        labels = read_labels("g", opened.table.targets[opened.targets[0]], request)
        return fit_column(opened, opened.targets[0], labels, request, silent)


def as_if_large(found):
    """Forget what was said of labels held out, so that all are judged by the fit of all rows."""
    choice, none = found.fitted.choice, np.empty(0, int)
    said = choice.held_out
    held_out = replace(
        said, row=none, label=none, probability=said.probability[none], baseline=said.baseline[none], weight=None
    )
    return replace(found, fitted=found.fitted._replace(choice=choice._replace(held_out=held_out)))


def two_classes(n, apart=1.6, seed=0, missing=0.2):
    """Rows of two numbers, their labels as they should be, and which of them the table shows."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    return rng.normal(size=(n, 2)) + apart * truth[:, None], truth, rng.random(n) >= missing


def table(x, label, known, names="ab"):
    cells = [names[k] if shown else None for k, shown in zip(label, known, strict=True)]
    return csv_of("g,x,y", cells, *x.T.tolist())


def by_row(found, judged):
    """Bring what was said of the labels into the order of the table; NaN where nothing was said."""
    own = np.full(found.design.distinct.label.size, np.nan)
    own[judged.row] = judged.own
    return own[found.design.distinct_of(np.arange(found.design.label.size))]


def without_row(folder, x, label, known, row, options):
    """What a model fitted to a table without that row says of the row's label."""
    kept = np.arange(label.size) != row
    found = fitted(folder, table(x[kept], label[kept], known[kept]), **options)
    z = (x[[row]] - found.design.shift) / found.design.scale
    if found.fitted.choice.ensemble is None:
        fit = found.mixture
        return posterior(fit.parameters, fit.component_label, z)[0, label[row]]
    one = examples_of(found.design).predictors.take(slice(0, 1))._replace(x=z)
    return predict(found.fitted.choice.ensemble, one)[0, label[row]]


@pytest.mark.parametrize(
    ("options", "n_tried"),
    [pytest.param(FULL, 25, id="mixture"), pytest.param({}, 8, id="stack", marks=pytest.mark.exhaustive)],
)
def test_what_is_said_of_a_label_is_what_a_fit_without_its_row_says(tmp_path, options, n_tried):
    # Oracle: the row is taken out of the file.  A fold leaves out a fifth of the rows, here 19 of 96, which moves
    # probabilities in the middle by some hundredths, and small ones by a factor of about 2.
    x, truth, known = two_classes(120, seed=1)
    found = fitted(tmp_path, table(x, truth, known), **options)

    own = by_row(found, judge_labels(found))
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(own[rows])][:n_tried]  # the oddest first
    left_out = np.array([without_row(tmp_path, x, truth, known, row, options) for row in rows])

    assert np.array_equal(np.isnan(own), ~known)
    assert np.abs(own[rows] - left_out).mean() < 0.06
    small = left_out < 0.15
    assert small.sum() >= 2
    assert np.abs(np.log(own[rows] / left_out))[small].mean() < np.log(2.0)


@pytest.mark.parametrize(
    ("options", "large"),
    [
        pytest.param(FULL, False, id="mixture"),
        pytest.param(FULL, True, id="mixture, by the fit of all rows"),
        pytest.param({"single": True}, True, id="single, by the fit of all rows"),
        *(pytest.param({}, large, marks=pytest.mark.exhaustive) for large in (False, True)),
        pytest.param({"single": True}, False, id="single", marks=pytest.mark.exhaustive),
    ],
)
def test_labels_that_were_swapped_are_found(tmp_path, options, large):
    # Oracle: the densities that the rows were drawn from.  What they make clearly impossible must be listed.  Of labels
    # that are wrong at a rate of 1 in 20 the ensemble learns that they are, and then a wrong one is not improbable.
    n = 5000 if large else 500
    x, truth, known = two_classes(n, apart=3.0, seed=3)
    swapped = np.random.default_rng(0).choice(np.flatnonzero(known), 12, replace=False)
    label = truth.copy()
    label[swapped] = 1 - label[swapped]
    density = np.array([multivariate_normal.pdf(x, [3.0 * k] * 2) for k in (0, 1)]).T
    chance = density[np.arange(n), label] / density.sum(axis=1)
    clear, fine = set(swapped[chance[swapped] < 0.005]), set(np.flatnonzero(known & (chance > 0.2)))

    found = fitted(tmp_path, table(x, label, known), **options)
    audit = audit_labels(as_if_large(found) if large else found)

    listed = {one.row for one in audit.suspects}
    assert len(clear) >= 6
    assert clear <= listed
    assert not listed & fine
    assert audit.found > audit.expected
    assert all("ab".index(one.label) == label[one.row] == 1 - "ab".index(one.likely) for one in audit.suspects)
    assert all(one.probability + one.likely_probability == pytest.approx(1.0) for one in audit.suspects)
    assert audit.examined == known.sum()
    assert [one.probability for one in audit.suspects] == sorted(one.probability for one in audit.suspects)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("options", "n_tables"), [(FULL, 12), pytest.param({}, 6, marks=pytest.mark.exhaustive)], ids=["mixture", "stack"]
)
def test_if_all_labels_are_right_about_as_many_are_listed_as_is_said(tmp_path, options, n_tables, large):
    n_found = expected = 0
    for seed in range(n_tables):
        found = fitted(tmp_path, table(*two_classes(2000 if large else 500, seed=seed)), **options)
        audit = audit_labels(as_if_large(found) if large else found)
        n_found, expected = n_found + audit.found, expected + audit.expected

    assert expected > 10
    assert abs(n_found - expected) < 3.5 * np.sqrt(expected)


def grid(n, seed=0):
    """Rows on a grid so coarse that most are told several times."""
    x, truth, known = two_classes(n, apart=2.0, seed=seed, missing=0.4)
    return np.round(x), truth, known


@pytest.mark.parametrize("options", MIXTURE_AND_STACK, ids=["mixture", "stack"])
def test_equal_rows_told_once_are_judged_like_equal_rows_told_one_by_one(tmp_path, monkeypatch, options):
    # Oracle: the same file, read without merging; the mean over the folds that its equal rows fell into.  Which folds
    # these are differs, which matters where there are few of them.
    x, label, known = grid(900)
    merged = fitted(tmp_path, table(x, label, known), **options)
    monkeypatch.setattr(em_impute.columns.deduplicate, "MAX_DISTINCT_SHARE", 0.0)
    apart = fitted(tmp_path, table(x, label, known), **options)
    assert merged.design.index is not None
    assert apart.design.index is None

    rows = np.flatnonzero(known)
    for change in (lambda found: found, as_if_large):
        own = by_row(merged, judge_labels(change(merged)))[rows]
        single = by_row(apart, judge_labels(change(apart)))[rows]
        cells = [*zip(x[rows, 0], x[rows, 1], label[rows], strict=True)]
        mean = {cell: np.mean([p for p, one in zip(single, cells, strict=True) if one == cell]) for cell in set(cells)}
        several = np.array([cells.count(cell) >= 5 for cell in cells])
        difference = np.abs(own - [mean[cell] for cell in cells])
        assert several.sum() > 400
        assert difference[several].max() < 0.03
        assert difference.mean() < 0.01


@pytest.mark.parametrize(
    ("options", "large"),
    [
        (FULL, True),
        ({}, False),
        *(pytest.param(*one, marks=pytest.mark.exhaustive) for one in ((FULL, False), ({}, True))),
    ],
    ids=["mixture, by the fit of all rows", "stack", "mixture", "ensemble, by refits"],
)
def test_rows_of_weight_0_are_as_if_they_were_not_there(tmp_path, options, large):
    # The label that only they have leaves the design, and comes first in the alphabet: the codes must not shift.
    x, truth, known = two_classes(200, seed=4)
    label, counts = truth + 1, np.random.default_rng(1).random(200) < 0.8
    label[~counts & (np.arange(200) % 2 == 0)] = 0
    cells = [" ABC"[k + 1] if shown else "" for k, shown in zip(label, known, strict=True)]
    weight = np.where(counts, 1.0 + np.arange(200) % 2, 0.0)
    rows = [(cell, *numbers, w) for cell, numbers, w in zip(cells, x.tolist(), weight.tolist(), strict=True)]
    here = fitted(tmp_path, csv_of("g,x,y,w", *zip(*rows, strict=True)), weights="w", **options)
    kept = [row for row, one in zip(rows, counts, strict=True) if one]
    alone = fitted(tmp_path, csv_of("g,x,y,w", *zip(*kept, strict=True)), weights="w", **options)
    here, alone = (as_if_large(found) if large else found for found in (here, alone))

    assert (here.labels.labels, alone.labels.labels) == (("A", "B", "C"), ("B", "C"))
    left, right = audit_labels(here), audit_labels(alone)
    assert left.examined == right.examined == np.count_nonzero(known & counts)
    assert left.expected == pytest.approx(right.expected)
    place = np.flatnonzero(counts)
    assert [(one.row, one.label, one.likely) for one in left.suspects] == [
        (place[one.row], one.label, one.likely) for one in right.suspects
    ]
    np.testing.assert_allclose(by_row(here, judge_labels(here))[counts], by_row(alone, judge_labels(alone)), rtol=1e-6)


@pytest.mark.parametrize("large", [False, True])
def test_the_only_row_of_its_label_is_not_judged(tmp_path, large):
    x, truth, known = two_classes(150, seed=6)
    label = truth.copy()
    known[7], label[7] = True, 2
    found = fitted(tmp_path, table(x, label, known, "abc"))

    judged = judge_labels(as_if_large(found) if large else found)

    assert np.setdiff1d(np.flatnonzero(known), judged.row).tolist() == [7]


def test_groups_with_fits_of_their_own_are_judged_by_what_these_said(tmp_path):
    # At one site each class looks like the other one elsewhere: judged by all rows, its labels would look wrong.
    rng = np.random.default_rng(0)
    n = 700
    site, truth = np.repeat([0, 1, 2], [300, 380, 20]), rng.integers(0, 2, n)
    x = rng.normal(size=(n, 2)) + 2.5 * (truth ^ (site == 1))[:, None]
    known = rng.random(n) < 0.7
    known[site == 2] = [True] * 6 + [False] * 14  # too few for a fit of its own
    truth[site == 2] = [0] * 5 + [1] * 15
    cells = [None if not shown else "ab"[k] for k, shown in zip(truth, known, strict=True)]
    text = csv_of("g,x,y,site", cells, *x.T.tolist(), [f"s{k}" for k in site])
    found = fitted(tmp_path, text, by="site", features=("x", "y"), **FULL)
    assert [one.own_weight > 0.5 for one in found.groups] == [True, True, False]

    audit, large = audit_labels(found), judge_labels(as_if_large(found))

    assert audit.examined == known.sum()
    assert audit.found < audit.expected + 3 * np.sqrt(audit.expected) + 1
    assert set(large.row.tolist()) == set(np.flatnonzero(known & (site == 2)).tolist())
