"""Evaluations against `fill` itself, closed forms, loops, and simulations whose truth is known."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from scipy.stats import multivariate_normal

from em_impute.columns.labels import Labels
from em_impute.ensemble import metrics
from em_impute.errors import DesignError, FitError
from em_impute.missingness.how_missing import KEPT, HoldOut, hide, shares_to_hide, without
from em_impute.pipeline.complete import complete_all
from em_impute.pipeline.evaluate import LABELS_ONLY, MAJORITY, MODEL, evaluate_all
from em_impute.pipeline.open import open_table


def labels_with(*counts, missing=0):
    """Labels a, b, … so often each, the rows without one at the end."""
    label = np.repeat(np.r_[np.arange(len(counts)), -1], [*counts, missing])
    return Labels(tuple("abcdefgh"[: len(counts)]), label, counts, {"": missing} if missing else {}, ())


def hidden_rows(labels, hiding, seed=0, weight=None):
    return hide("g", labels, weight, hiding, np.random.default_rng(seed))


def two_gaussians(seed, n_rows, distance, blank=0.5):
    """Two labels of one number, a share of them blanked; also gives the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n_rows)
    x = rng.normal(distance * truth, 1.0)
    shown = [None if gone else "ab"[k] for k, gone in zip(truth, rng.random(n_rows) < blank, strict=True)]
    return shown, x, truth


def accuracy_of_fills(opened, request, truth):
    """Fill as `fill` does, and count what is right."""
    fills = complete_all(opened, request, silent)[0].fills
    return float((fills.code == truth[fills.row]).mean())


@contextmanager
def evaluated(folder, content, hiding=None, column="g", **options):
    """Give the evaluation of one column, with the table and the request it was made of."""
    with opened_table(folder, content, column, **options) as (opened, request):
        yield evaluate_all(opened, request, hiding or HoldOut(), silent)[0], opened, request


# Which rows are hidden


def test_the_same_share_of_each_label_is_hidden_and_no_row_twice_before_every_other_was():
    labels = labels_with(50, 31, 7)
    times = np.zeros(88, dtype=int)
    drawn = hidden_rows(labels, HoldOut(share=0.4, repeats=17))
    for rows in drawn:
        assert np.unique(rows).size == rows.size
        times[rows] += 1
        for k in range(3):
            assert np.ptp(times[labels.label == k]) <= 1
    hidden = np.bincount(labels.label[np.concatenate(drawn)])
    assert np.abs(hidden - 17 * 0.4 * np.array([50, 31, 7])).max() < 1.0


@pytest.mark.parametrize("how", ["random", "stratified", "by-class"])
def test_two_rows_of_each_label_stay_known_and_none_of_a_label_that_has_no_more(how):
    labels = labels_with(30, 3, 2, 1, missing=5)
    for rows in hidden_rows(labels, HoldOut(how, share=0.95, repeats=40)):
        left = without(labels, rows)

        assert all(kept >= min(known, KEPT) for kept, known in zip(left.known, labels.known, strict=True))
        assert left.known == tuple(np.count_nonzero(left.label == k) for k in range(4))
        assert np.count_nonzero(left.label < 0) == 5 + rows.size
        np.testing.assert_array_equal(left.label[left.label >= 0], labels.label[left.label >= 0])


def test_by_class_the_odds_of_being_hidden_grow_fourfold_over_the_labels_unless_shares_are_named():
    share = shares_to_hide(labels_with(10, 10, 10), HoldOut("by-class", share=0.2))
    odds = share / (1 - share)

    hiding = HoldOut("by-class", share=0.2, of_label=(("c", 0.5), ("a", 0.0)), repeats=1)
    (rows,) = hidden_rows(labels_with(100, 100, 100), hiding)

    np.testing.assert_allclose(odds, [0.125, 0.25, 0.5])
    np.testing.assert_array_equal(np.bincount(labels_with(100, 100, 100).label[rows], minlength=3), [0, 20, 50])


def test_what_cannot_be_hidden_is_refused_with_a_remedy(tmp_path):
    none = HoldOut("by-class", of_label=(("a", 0.0), ("b", 0.0)))
    for labels, hiding, words in (
        (labels_with(0, 0, missing=4), HoldOut(), "no label is known"),
        (labels_with(2, 2, 1), HoldOut(), "too few to hide any"),
        (labels_with(2, 9), HoldOut("by-class", of_label=(("b", 0.0),)), "too few to hide any"),
        (labels_with(9, 9), none, "is to be hidden"),
    ):
        with pytest.raises(FitError, match=words) as caught:
            hidden_rows(labels, hiding)

        assert caught.value.hint
    with opened_table(tmp_path, "g,x\na,1\nb,2\n") as (opened, request), pytest.raises(DesignError, match="'c'"):
        evaluate_all(opened, request, HoldOut("by-class", of_label=(("c", 0.1),)), silent)


# What is said of them


@pytest.mark.parametrize("options", [{}, {"by": "s", "covariance": "full"}, {"shares": "free", "weights": "w"}])
def test_hidden_labels_are_filled_as_fill_fills_a_file_that_lacks_them(tmp_path, options):
    shown, x, _ = two_gaussians(0, 70, 2.0)
    rest = (x, np.random.default_rng(1).normal(size=70), ["uv"[k % 2] for k in range(70)], np.tile([1, 0, 3, 1, 2], 14))
    with evaluated(tmp_path, csv_of("g,x,y,s,w", shown, *rest), HoldOut(repeats=2), **options) as (found, _, request):
        for repeat in range(2):
            mine = found.repeat == repeat
            rows = found.row[mine]
            blanked = [None if k in rows else text for k, text in enumerate(shown)]
            (tmp_path / "blanked.csv").write_text(csv_of("g,x,y,s,w", blanked, *rest))
            asked = replace(request, path=tmp_path / "blanked.csv", probabilities=True)
            with open_table(asked, silent) as opened:
                completion = complete_all(opened, asked, silent)[0]
            expected = completion.fills.probabilities[np.searchsorted(completion.fills.row, rows)]

            np.testing.assert_array_equal(found.probability[MODEL][mine], expected)
            assert [shown[row] for row in rows] == [found.labels.labels[k] for k in found.label[mine]]


def test_labels_only_is_the_discriminant_of_the_rows_that_are_left_labelled(tmp_path):
    shown, x, _ = two_gaussians(0, 200, 2.0)
    y = x + np.random.default_rng(1).normal(size=200)
    weight = np.tile([1.0, 2.0, 0.5, 4.0], 50)
    options = {"covariance": "full", "prior_strength": 0.0, "features": ("x", "y")}
    content = csv_of("g,x,y,w", shown, x, y, weight)
    with evaluated(tmp_path, content, HoldOut(repeats=1), weights="w", **options) as (found, *_):
        left = without(found.labels, found.row).label
    joint = []
    for k in range(2):
        rows, points = left == k, np.column_stack([x, y])
        covariance = np.cov(points[rows], rowvar=False, aweights=weight[rows], ddof=0)
        density = multivariate_normal(np.average(points[rows], axis=0, weights=weight[rows]), covariance)
        joint.append(weight[rows].sum() * density.pdf(points[found.row]))
    expected = np.column_stack(joint) / np.sum(joint, axis=0)[:, None]

    # EM stops within 1e-6 of the maximum of the log-likelihood.
    np.testing.assert_allclose(found.probability[LABELS_ONLY], expected, atol=1e-4)


def test_the_majority_is_the_shares_of_the_labels_that_stayed_known(tmp_path):
    shown = ["a"] * 30 + ["b"] * 20 + [None] * 4
    with evaluated(tmp_path, csv_of("g,x", shown, np.random.default_rng(0).normal(size=54)), covariance="tied") as (
        found,
        *_,
    ):
        for row, repeat, said in zip(found.row, found.repeat, found.probability[MAJORITY], strict=True):
            known = [text for k, text in enumerate(shown) if text and k not in found.row[found.repeat == repeat]]

            assert row not in range(50, 54)
            assert said == pytest.approx([known.count("a") / len(known), known.count("b") / len(known)])


def test_where_nothing_is_missing_that_counts_no_figure_is_weighted(tmp_path):
    shown, x, _ = two_gaussians(0, 60, 2.0)
    weight = [0 if text is None else 1 for text in shown]
    with evaluated(tmp_path, csv_of("g,x,w", shown, x, weight), weights="w", covariance="tied") as (found, *_):
        assert found.like_missing is None


# What the figures promise


def test_an_interval_is_that_of_so_many_rows_and_more_repeats_do_not_narrow_it(tmp_path):
    shown, x, _ = two_gaussians(0, 200, 2.0)
    width = []
    for repeats in (5, 20):
        with evaluated(tmp_path, csv_of("g,x", shown, x), HoldOut(repeats=repeats), covariance="tied") as (found, *_):
            low, high = found.interval(MODEL, found.weight)
            width.append(high - low)
            n_known = sum(found.labels.known)

            assert found.row.size == pytest.approx(0.2 * repeats * n_known, abs=repeats)
            assert found.rows(found.weight) == pytest.approx(n_known, rel=0.02)
    with evaluated(tmp_path, csv_of("g,x", shown, x), HoldOut(repeats=2), covariance="tied") as (found, *_):
        right = metrics.accuracy(found.probability[MODEL], found.label)
        weight = np.where(np.arange(found.row.size) % 2, 3.0, 1.0)

        assert found.interval(MODEL, found.weight) == metrics.wilson_interval(right, found.row.size)
        assert found.rows(weight) == pytest.approx(metrics.effective_rows(weight))

    assert width[1] == pytest.approx(width[0], rel=0.05)


def test_fits_that_differ_widen_the_interval_to_the_spread_of_their_mean(tmp_path):
    # Fits that are right in 90 % and 50 % of the rows by turns: the mean of their accuracies varies by SD/√repeats.
    shown, x, _ = two_gaussians(0, 1000, 2.0, blank=0.0)
    with evaluated(tmp_path, csv_of("g,x", shown, x), HoldOut(repeats=20), covariance="tied") as (found, *_):
        rng = np.random.default_rng(0)
        right = rng.random(found.row.size) < np.where(found.repeat % 2, 0.9, 0.5)
        said = np.eye(2)[np.where(right, found.label, 1 - found.label)]
        low, high = found._replace(probability={MODEL: said}).interval(MODEL, found.weight)
    each = [right[found.repeat == repeat].mean() for repeat in range(20)]
    by_chance = right.mean() * (1 - right.mean()) / 1000
    expected = 2 * 1.96 * np.sqrt(by_chance + np.var(each, ddof=1) / 20)

    assert high - low == pytest.approx(expected, rel=0.05)


def test_figures_weighted_to_the_missing_rows_are_those_of_the_missing_rows(tmp_path):
    # Labels are lost where the classes overlap: known rows are easy, missing ones are not.
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 2, 4000)
    x = rng.normal(3.0 * truth, 1.0)
    gone = rng.random(4000) < 1 / (1 + np.exp(0.8 * (x - 1.5) ** 2 - 1.0))
    shown = [None if lost else "ab"[k] for k, lost in zip(truth, gone, strict=True)]
    with evaluated(tmp_path, csv_of("g,x", shown, x), covariance="tied") as (found, opened, request):
        said, label, weight = found.probability[MODEL], found.label, found.like_missing
        realised = accuracy_of_fills(opened, request, truth)
    error = np.sqrt(realised * (1 - realised) * (1 / found.rows(weight) + 1 / np.count_nonzero(gone)))

    assert metrics.accuracy(said, label) > realised + 0.05
    assert metrics.accuracy(said, label, weight) == pytest.approx(realised, abs=4 * error)


def test_hidden_rows_show_no_more_than_rows_to_fill_do(tmp_path):
    """Half the rows to fill show nothing, so that half of the hidden labels are guesses."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 600)
    x = rng.normal(6.0 * truth, 1.0)
    lacks = np.arange(600) < 200
    shown = [
        None if gone and row % 2 else f"{value:.3f}" for row, (gone, value) in enumerate(zip(lacks, x, strict=True))
    ]
    content = csv_of("g,x", [None if gone else "ab"[k] for gone, k in zip(lacks, truth, strict=True)], shown)
    with evaluated(tmp_path, content, HoldOut(share=0.5, repeats=2)) as (found, _, _):
        share = found.n_emptied / found.row.size
        right = metrics.accuracy(found.probability[MODEL], found.label)

    assert share == pytest.approx(0.5, abs=0.08)
    assert right == pytest.approx(0.75, abs=0.08)
