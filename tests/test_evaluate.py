"""Evaluations against `fill` itself, closed forms, loops, and simulations whose truth is known."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from scipy.stats import multivariate_normal, norm

from em_impute import metrics
from em_impute.errors import DesignError, FitError
from em_impute.evaluate import (
    KEPT,
    LABELS_ONLY,
    MAJORITY,
    MODEL,
    Hiding,
    evaluate_all,
    hide,
    shares_to_hide,
    without,
)
from em_impute.findings import missingness
from em_impute.impute import complete_all, open_table
from em_impute.labels import Labels


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
        yield evaluate_all(opened, request, hiding or Hiding(), silent)[0], opened, request


# Which rows are hidden


def test_stratified_hiding_takes_the_same_share_of_each_label_over_the_repeats():
    labels = labels_with(100, 37, 8)
    rows = np.concatenate(hidden_rows(labels, Hiding(share=0.3, repeats=10)))
    hidden = np.bincount(labels.label[rows])

    assert np.abs(hidden - 10 * 0.3 * np.array([100, 37, 8])).max() < 1.0


def test_no_row_is_hidden_twice_before_every_other_of_its_label_was():
    labels = labels_with(50, 31, 7)
    times = np.zeros(88, dtype=int)
    for rows in hidden_rows(labels, Hiding(share=0.4, repeats=17)):
        assert np.unique(rows).size == rows.size
        times[rows] += 1
        for k in range(3):
            assert np.ptp(times[labels.label == k]) <= 1


@pytest.mark.parametrize("how", ["random", "stratified", "by-class"])
def test_two_rows_of_each_label_stay_known_and_none_of_a_label_that_has_no_more(how):
    labels = labels_with(30, 3, 2, 1, missing=5)
    for rows in hidden_rows(labels, Hiding(how, share=0.95, repeats=40)):
        left = without(labels, rows)

        assert all(kept >= min(known, KEPT) for kept, known in zip(left.known, labels.known, strict=True))
        assert left.known == tuple(np.count_nonzero(left.label == k) for k in range(4))
        assert np.count_nonzero(left.label < 0) == 5 + rows.size
        np.testing.assert_array_equal(left.label[left.label >= 0], labels.label[left.label >= 0])


def test_random_hiding_takes_each_row_as_often_whatever_its_label():
    # With 200 seeds a row's share has a standard error of 0.035; the label's, of 90 and 30 rows, far less.
    labels = labels_with(90, 30)
    times = np.zeros(120)
    numbers = set()
    for seed in range(200):
        (rows,) = hidden_rows(labels, Hiding("random", share=0.4, repeats=1), seed)
        times[rows] += 1 / 200
        numbers.add((rows.size, int(np.count_nonzero(rows >= 90))))

    assert {size for size, _ in numbers} == {48}
    assert len(numbers) > 5  # the labels' numbers are left to chance
    assert np.abs(times - 0.4).max() < 5 * 0.035
    assert times[:90].mean() == pytest.approx(0.4, abs=0.01)


def test_by_class_the_odds_of_being_hidden_grow_fourfold_from_the_first_label_to_the_last():
    share = shares_to_hide(labels_with(10, 10, 10), Hiding("by-class", share=0.2))
    odds = share / (1 - share)

    np.testing.assert_allclose(odds, [0.125, 0.25, 0.5])


def test_shares_that_are_named_are_hidden_and_of_other_labels_the_common_one():
    labels = labels_with(100, 100, 100)
    hiding = Hiding("by-class", share=0.2, of_label=(("c", 0.5), ("a", 0.0)), repeats=1)
    (rows,) = hidden_rows(labels, hiding)

    np.testing.assert_array_equal(np.bincount(labels.label[rows], minlength=3), [0, 20, 50])


def test_rows_of_weight_0_are_never_hidden_and_keep_no_label_known():
    labels, weight = labels_with(10, 10), np.tile([0.0, 2.0], 10)
    for rows in hidden_rows(labels, Hiding(share=0.9, repeats=3), weight=weight):
        assert (weight[rows] > 0.0).all()
        assert rows.size == 2 * (5 - KEPT)


def test_a_small_share_of_few_labels_hides_one():
    for rows in hidden_rows(labels_with(4, 3), Hiding(share=0.01, repeats=9)):
        assert rows.size == 1


def test_the_seed_decides_which_rows_are_hidden():
    labels = labels_with(40, 40)
    first, again, other = (hidden_rows(labels, Hiding(), seed) for seed in (0, 0, 1))

    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("labels", "hiding", "words"),
    [
        (labels_with(0, 0, missing=4), Hiding(), "no label is known"),
        (labels_with(2, 2, 1), Hiding(), "too few to hide any"),
        (labels_with(2, 9), Hiding("by-class", of_label=(("b", 0.0),)), "too few to hide any"),
        (labels_with(9, 9), Hiding("by-class", of_label=(("a", 0.0), ("b", 0.0))), "a share is to be hidden"),
    ],
)
def test_what_cannot_be_hidden_is_refused_with_a_remedy(labels, hiding, words):
    with pytest.raises(FitError, match=words) as caught:
        hidden_rows(labels, hiding)

    assert caught.value.hint


def test_a_share_of_a_label_that_no_row_holds_is_refused(tmp_path):
    content = csv_of("g,h,x", ["a", "b"] * 10, ["u", "v"] * 10, range(20))
    with opened_table(tmp_path, content) as (opened, request), pytest.raises(DesignError, match="'c'"):
        evaluate_all(opened, request, Hiding("by-class", of_label=(("c", 0.1),)), silent)


# What is said of them


@pytest.mark.parametrize("options", [{}, {"covariance": "full"}, {"free_shares": True}, {"by": "s"}, {"weights": "w"}])
def test_hidden_labels_are_filled_as_fill_fills_a_file_that_lacks_them(tmp_path, options):
    shown, x, _ = two_gaussians(0, 150, 2.0)
    rest = (x, np.random.default_rng(1).normal(size=150), ["uv"[k % 2] for k in range(150)], np.tile([1, 0, 3], 50))
    with evaluated(tmp_path, csv_of("g,x,y,s,w", shown, *rest), Hiding(repeats=2), **options) as (found, _, request):
        for repeat in range(2):
            mine = found.repeat == repeat
            rows = found.row[mine]
            blanked = [None if k in rows else text for k, text in enumerate(shown)]
            (tmp_path / "blanked.csv").write_text(csv_of("g,x,y,s,w", blanked, *rest))
            asked = replace(request, path=tmp_path / "blanked.csv", probabilities=True)
            with open_table(asked, silent) as opened:
                completion = complete_all(opened, asked, silent)[0]
            expected = completion.probability[np.searchsorted(completion.fills.row, rows)]

            np.testing.assert_array_equal(found.probability[MODEL][mine], expected)
            assert [shown[row] for row in rows] == [found.labels.labels[k] for k in found.label[mine]]


@pytest.mark.parametrize("weighed", [False, True])
def test_labels_only_is_the_discriminant_of_the_rows_that_are_left_labelled(tmp_path, weighed):
    shown, x, _ = two_gaussians(0, 200, 2.0)
    y = x + np.random.default_rng(1).normal(size=200)
    weight = np.tile([1.0, 2.0, 0.5, 4.0], 50) if weighed else np.ones(200)
    options = {"covariance": "full", "prior_strength": 0.0, "features": ("x", "y")}
    content = csv_of("g,x,y,w", shown, x, y, weight)
    with evaluated(tmp_path, content, Hiding(repeats=1), weights="w" if weighed else None, **options) as (found, *_):
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
    with evaluated(tmp_path, csv_of("g,x", shown, np.random.default_rng(0).normal(size=54))) as (found, *_):
        for row, repeat, said in zip(found.row, found.repeat, found.probability[MAJORITY], strict=True):
            known = [text for k, text in enumerate(shown) if text and k not in found.row[found.repeat == repeat]]

            assert row not in range(50, 54)
            assert said == pytest.approx([known.count("a") / len(known), known.count("b") / len(known)])


def test_a_model_that_labelled_rows_alone_do_not_support_leaves_its_column_empty(tmp_path):
    # The number varies among the rows without a label only.
    content = csv_of("g,x", ["a", "b"] * 5 + [None] * 10, [1] * 10 + list(range(10)))
    with evaluated(tmp_path, content, covariance="tied") as (found, *_):
        assert set(found.probability) == {MODEL, MAJORITY}


def test_nothing_need_be_missing_and_then_no_figure_is_weighted(tmp_path):
    shown, x, truth = two_gaussians(0, 60, 3.0, blank=0.0)
    with evaluated(tmp_path, csv_of("g,x", shown, x)) as (found, *_):
        assert found.like_missing is None
        np.testing.assert_array_equal(found.label, truth[found.row])


def test_several_columns_are_evaluated_as_each_alone(tmp_path):
    shown, x, truth = two_gaussians(0, 80, 2.0)
    content = csv_of("g,h,x", shown, ["uv"[k] for k in truth], x)
    with opened_table(tmp_path, content, "g", covariance="tied") as (opened, request):
        alone = evaluate_all(opened, request, Hiding(), silent)[0]
    both = replace(request, columns=("g", "h"), features=("x",))
    with open_table(both, silent) as opened:
        together = evaluate_all(opened, both, Hiding("by-class", of_label=(("u", 0.5),)), silent)

    assert [one.target for one in together] == ["g", "h"]
    np.testing.assert_array_equal(together[1].share, [0.5, 0.2])
    np.testing.assert_array_equal(np.unique(alone.row), np.unique(together[0].row))


# What the figures promise


def test_more_repeats_narrow_no_interval(tmp_path):
    shown, x, _ = two_gaussians(0, 200, 2.0)
    width = []
    for repeats in (5, 40):
        with evaluated(tmp_path, csv_of("g,x", shown, x), Hiding(repeats=repeats), covariance="tied") as (found, *_):
            low, high = found.interval(MODEL, None)
            width.append(high - low)
            n_known = sum(found.labels.known)

            assert found.row.size == pytest.approx(0.2 * repeats * n_known, abs=repeats)
            assert found.rows(None) == pytest.approx(n_known, rel=0.02)

    assert width[1] == pytest.approx(width[0], rel=0.05)


def test_rows_hidden_once_have_the_interval_of_so_many_rows_and_weights_that_of_fewer(tmp_path):
    shown, x, _ = two_gaussians(0, 200, 2.0)
    with evaluated(tmp_path, csv_of("g,x", shown, x), Hiding(repeats=2), covariance="tied") as (found, *_):
        right = metrics.accuracy(found.probability[MODEL], found.label)
        weight = np.where(np.arange(found.row.size) % 2, 3.0, 1.0)

        assert found.interval(MODEL, None) == metrics.wilson_interval(right, found.row.size)
        assert found.rows(weight) == pytest.approx(metrics.effective_rows(weight))


def test_fits_that_differ_widen_the_interval_to_the_spread_of_their_mean(tmp_path):
    # Fits that are right in 90 % and 50 % of the rows by turns: the mean of their accuracies varies by SD/√repeats.
    shown, x, _ = two_gaussians(0, 2000, 2.0, blank=0.0)
    with evaluated(tmp_path, csv_of("g,x", shown, x), Hiding(repeats=20), covariance="tied") as (found, *_):
        rng = np.random.default_rng(0)
        right = rng.random(found.row.size) < np.where(found.repeat % 2, 0.9, 0.5)
        said = np.eye(2)[np.where(right, found.label, 1 - found.label)]
        low, high = replace(found, probability={MODEL: said}).interval(MODEL, None)
    each = [right[found.repeat == repeat].mean() for repeat in range(20)]
    by_chance = right.mean() * (1 - right.mean()) / 2000
    expected = 2 * 1.96 * np.sqrt(by_chance + np.var(each, ddof=1) / 20)

    assert high - low == pytest.approx(expected, rel=0.05)


def test_the_interval_holds_the_accuracy_of_fresh_rows_as_often_as_it_says(tmp_path):
    # The best rule is right with probability Φ(d/2), and with some 60 known rows of two labels a fit is all but that.
    # Of 40 intervals of 95 % fewer than 34 hold it once in a thousand times.
    held = 0
    for seed in range(40):
        shown, x, _ = two_gaussians(seed, 80, 2.0, blank=0.25)
        with evaluated(tmp_path, csv_of("g,x", shown, x), covariance="tied") as (found, *_):
            low, high = found.interval(MODEL, None)
            held += low < norm.cdf(1.0) < high

    assert held >= 34


def test_the_accuracy_that_is_promised_is_that_of_the_fills(tmp_path):
    # Both vary by chance in rows: four standard errors of their difference.
    shown, x, truth = two_gaussians(3, 3000, 2.0)
    with evaluated(tmp_path, csv_of("g,x", shown, x)) as (found, opened, request):
        promised = metrics.accuracy(found.probability[MODEL], found.label)
        realised = accuracy_of_fills(opened, request, truth)
    error = np.sqrt(0.84 * 0.16 * (1 / found.row.size + 1 / (3000 - sum(found.labels.known))))

    assert promised == pytest.approx(norm.cdf(1.0), abs=4 * np.sqrt(0.84 * 0.16 / found.row.size))
    assert promised == pytest.approx(realised, abs=4 * error)


def test_labels_missing_by_class_are_evaluated_as_they_would_be_filled(tmp_path):
    # Half of b is hidden and a tenth of a: common shares then favour a, and the accuracy is that of this shifted rule.
    shown, x, _ = two_gaussians(5, 3000, 1.0, blank=0.0)
    hiding = Hiding("by-class", of_label=(("a", 0.1), ("b", 0.5)), repeats=2)
    with evaluated(tmp_path, csv_of("g,x", shown, x), hiding, covariance="tied", unlabelled_weight=0.0) as (found, *_):
        accuracy = metrics.accuracy(found.probability[MODEL], found.label)
    cut = 0.5 + np.log(0.9 / 0.5)  # log-odds of b are x − 1/2 + log(0.5/0.9)
    right = {"a": norm.cdf(cut), "b": norm.sf(cut - 1.0)}
    expected = (0.1 * right["a"] + 0.5 * right["b"]) / 0.6

    assert accuracy == pytest.approx(expected, abs=4 * np.sqrt(0.25 / found.row.size))


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


def test_weighted_figures_do_not_count_a_label_more_because_more_of_it_was_hidden(tmp_path, monkeypatch):
    monkeypatch.setattr(missingness, "missing_odds", lambda _design, rows: np.ones(rows.size))
    shown, x, _ = two_gaussians(0, 400, 2.0)
    with evaluated(tmp_path, csv_of("g,x", shown, x), Hiding("by-class", share=0.3), covariance="tied") as (found, *_):
        weight = np.bincount(found.label, found.like_missing)

    assert not np.allclose(np.bincount(found.label) / found.labels.known, 1.0, rtol=0.2)
    np.testing.assert_allclose(weight, found.labels.known)


def test_missing_rows_of_weight_0_are_none_to_weigh_figures_to(tmp_path):
    shown, x, _ = two_gaussians(0, 100, 2.0)
    weight = [0 if text is None else 1 for text in shown]
    with evaluated(tmp_path, csv_of("g,x,w", shown, x, weight), weights="w", covariance="tied") as (found, *_):
        assert found.like_missing is None
