"""Who is missing: differences by loops and by scipy."""

import numpy as np
import pytest
from builders import csv_of
from builders import design_of as read_design
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ttest_ind

from em_impute.columns.deduplicate import merge_equal_rows
from em_impute.columns.design import Category, Design, Feature
from em_impute.em.blocks import Rows
from em_impute.missingness import missingness, regression
from em_impute.missingness.missingness import examine_missingness
from em_impute.missingness.regression import regress_missing


def examined(design, seed):
    """Examine a design by the regression that belongs to it."""
    return examine_missingness(design, seed, regress_missing(design, seed))


def design_of(x, label, weight=None, codes=(), *, merged=False):
    """A design of numbers in their own units, and of categories without indicators."""
    shift, scale = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    features = tuple(Feature(f"x{j}", 0, *pair) for j, pair in enumerate(zip(shift, scale, strict=True)))
    texts = "abcdefgh"
    categories = tuple(Category(f"c{j}", tuple(texts[: code.max() + 1]), 0, code) for j, code in enumerate(codes))
    rows = Rows((x - shift) / scale, np.asarray(label), np.ones(len(x)) if weight is None else weight)
    rows, index = merge_equal_rows(rows) if merged else (rows, None)
    assert merged == (index is not None)
    return Design(("f", "m"), np.asarray(label), features, (), rows, index, categories, weight is not None)


def two_kinds(n_known, n_missing, shift, *, n_features=1, seed=0):
    """Standard normal predictors; the first is `shift` higher where the label is missing."""
    rng = np.random.default_rng(seed)
    label = np.r_[rng.integers(0, 2, n_known), np.full(n_missing, -1)]
    x = rng.normal(size=(label.size, n_features))
    x[label < 0, 0] += shift
    return x, label


# Differences of single predictors


def naive_moments(values):
    seen = [value for value in values if not np.isnan(value)]
    mean = sum(seen) / len(seen)
    return mean, sum((value - mean) ** 2 for value in seen) / len(seen), 1 - len(seen) / len(values)


@pytest.mark.parametrize("decimals", [6, 0], ids=["distinct", "merged"])
def test_a_number_is_compared_in_the_units_of_the_file(tmp_path, decimals):
    rng = np.random.default_rng(1)
    label = [None if hidden else "fm"[k] for hidden, k in zip(rng.random(400) < 0.4, rng.integers(0, 2, 400), strict=True)]  # fmt: skip
    height = np.round(170 + 3 * rng.normal(size=400), decimals)
    height[[one is None for one in label]] += 2
    height[rng.random(400) < 0.1] = np.nan
    design = read_design(tmp_path, csv_of("g,height", label, [None if np.isnan(v) else v for v in height.tolist()]))
    assert (design.index is not None) == (decimals == 0)

    found = examined(design, 0)

    (one,) = found
    lacks = np.array([text is None for text in label])
    (mean, variance, gone), (other_mean, other_variance, other_gone) = map(
        naive_moments, (height[~lacks], height[lacks])
    )
    assert (one.name, one.type) == ("height", "numeric")
    np.testing.assert_allclose(one.known[:3], [gone, mean, np.sqrt(variance)])
    np.testing.assert_allclose(one.missing[:3], [other_gone, other_mean, np.sqrt(other_variance)])
    assert one.smd == pytest.approx((other_mean - mean) / np.sqrt((variance + other_variance) / 2))
    seen = ~np.isnan(height)
    expected = ttest_ind(height[seen & lacks], height[seen & ~lacks]).pvalue
    assert np.log(one.p_value) == pytest.approx(np.log(expected), rel=0.1)


def test_a_category_is_compared_by_its_shares(tmp_path):
    rng = np.random.default_rng(2)
    label = [None if hidden else "f" for hidden in rng.random(300) < 0.5]
    label[:2] = ["m", "m"]
    lacks = np.array([one is None for one in label])
    colour = np.where(rng.random(300) < np.where(lacks, 0.2, 0.5), "red", rng.choice(["blue", "green"], 300))
    cells = [None if hidden else text for hidden, text in zip(rng.random(300) < 0.1, colour, strict=True)]
    design = read_design(tmp_path, csv_of("g,colour", label, cells), with_categories=True)

    (one,) = examined(design, 0)

    table = np.array([[cells[i] == text for text in ("blue", "green", "red")] for i in range(300)])
    count = np.array([table[~lacks].sum(axis=0), table[lacks].sum(axis=0)])
    assert (one.name, one.type) == ("colour", "categorical")
    for side, row, of_kind in zip((one.known, one.missing), count, (~lacks, lacks), strict=True):
        expected = dict(zip(("blue", "green", "red"), row / row.sum(), strict=True))
        assert side.shares == pytest.approx(expected)
        assert side.share_missing == pytest.approx(1 - row.sum() / of_kind.sum())
    assert np.log(one.p_value) == pytest.approx(np.log(chi2_contingency(count, correction=False).pvalue), rel=0.1)
    assert one.smd == pytest.approx(naive_distance(*(count / count.sum(axis=1, keepdims=True))))


def naive_distance(known, missing, left_out=-1):
    """Yang & Dalton's formula, by entries, without one of the texts."""
    kept = [k for k in range(len(known)) if k != left_out % len(known)]
    covariance = np.empty((len(kept), len(kept)))
    for a, k in enumerate(kept):
        for b, j in enumerate(kept):
            covariance[a, b] = sum((p[k] * (1 - p[k]) if k == j else -p[k] * p[j]) / 2 for p in (known, missing))
    difference = np.array([missing[k] - known[k] for k in kept])
    return np.sqrt(difference @ np.linalg.inv(covariance) @ difference)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=2, max_size=6), st.integers(0, 5))
def test_the_distance_of_shares_does_not_depend_on_the_text_that_is_left_out(counts, left_out):
    share = np.array(counts, dtype=float).T
    share /= share.sum(axis=1, keepdims=True)

    found = missingness._distance_of_shares(share)

    assert found == pytest.approx(naive_distance(*share, left_out), rel=1e-6, abs=1e-9)


def test_of_what_does_not_overlap_no_distance_is_told_and_what_is_equal_has_none():
    x = np.column_stack([np.r_[np.zeros(10), np.ones(10)], np.tile([0.0, 1.0], 10)])
    label = np.r_[np.tile([0, 1], 5), np.full(10, -1)]
    apart, same = np.r_[np.zeros(10, int), np.ones(10, int)], np.tile([0, 1], 10)

    found = examined(design_of(x, label, codes=(apart, same)), 0)

    assert [one.smd for one in found] == [None, 0.0, None, 0.0]
    assert found[3].p_value == pytest.approx(1.0)


@pytest.mark.parametrize("n_known", [7, 14, 23])
def test_equal_numbers_do_not_vary_whatever_their_mean_is_rounded_to(n_known):
    label = np.r_[np.arange(n_known) % 2, np.full(10, -1)]
    x = np.where(label < 0, 2.0, 1.0)[:, None]

    (found,) = examined(design_of(x, label), 0)

    assert (found.known.sd, found.missing.sd, found.smd) == (0.0, 0.0, None)


def test_a_predictor_that_one_kind_of_row_never_shows_has_no_difference():
    x, label = two_kinds(20, 20, 0.0, n_features=2)
    x[label < 0, 1] = np.nan
    code = np.where(label < 0, -1, np.arange(40) % 2)

    found = examined(design_of(x, label, codes=(code,)), 0)

    number, category = found[1:]
    for one in (number, category):
        assert (one.missing.share_missing, one.smd, one.p_value) == (1.0, None, None)
    assert number.missing.mean is None


def test_a_row_of_weight_two_is_two_rows_and_one_of_weight_0_none():
    rng = np.random.default_rng(3)
    x, label = two_kinds(150, 100, 0.5, n_features=2)
    code, weight = rng.integers(0, 3, 250), rng.integers(0, 4, 250)
    label = np.where(weight > 0, label, -1)  # as labels of weight 0 are forgotten before a design is made
    copies = np.repeat(np.arange(250), weight)

    found = examined(design_of(x, label, weight / weight[weight > 0].mean(), (code,)), 0)
    expected = examined(design_of(x[copies], label[copies], codes=(code[copies],)), 0)

    for one, other in zip(found, expected, strict=True):
        for side, of_copies in ((one.known, other.known), (one.missing, other.missing)):
            if one.type == "categorical":
                assert side.shares == pytest.approx(of_copies.shares)
            else:
                np.testing.assert_allclose(side[:3], of_copies[:3], rtol=1e-9, atol=1e-12)
        assert one.smd == pytest.approx(other.smd)
        assert one.p_value > other.p_value  # copies look like more evidence than there is


def test_unequal_weights_do_not_make_differences_that_are_none():
    # A row counts 0.1 to 20 times: 200 rows vary as about 50 equal ones do, and p-values below 0.05 stay rare.
    small = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, label = two_kinds(200, 200, 0.0, seed=seed)
        weight = rng.lognormal(0.0, 1.2, 400)
        design = design_of(x, label, weight / weight.mean(), (rng.integers(0, 3, 400),))
        small.append([one.p_value < 0.05 for one in examined(design, 0)])

    assert (np.mean(small, axis=0) < 0.15).all()  # nearly half of them by weights taken for rows


# Which rows


def test_merging_equal_rows_changes_nothing():
    rng = np.random.default_rng(6)
    x, label = np.round(rng.normal(size=(1500, 1))), rng.integers(-1, 2, 1500)

    found, expected = (examined(design_of(x, label, merged=merged), 3) for merged in (True, False))

    assert found[0][1:4] == expected[0][1:4]


def test_which_label_a_row_has_does_not_matter():
    x, label = two_kinds(100, 80, 0.6, n_features=2)

    found = examined(design_of(x, label), 1)

    assert found == examined(design_of(x, np.where(label >= 0, 1 - label, -1)), 1)
    assert found == examined(design_of(x, np.minimum(label, 0)), 1)


def test_of_many_rows_some_are_drawn_by_the_seed(monkeypatch):
    x, label = two_kinds(5000, 2000, 0.5)
    monkeypatch.setattr(regression, "MAX_ROWS", 800)

    first, again, other = (examined(design_of(x, label), seed) for seed in (0, 0, 1))

    assert first == again
    assert first != other
    assert first[0].smd == pytest.approx(0.5, abs=0.15)  # three standard errors


@pytest.mark.parametrize("label", [[0, 1, 0, 1], [-1, -1, -1, -1]], ids=["none-missing", "none-known"])
def test_rows_of_one_kind_cannot_be_compared(label):
    design = design_of(np.arange(4.0)[:, None], label)

    assert examined(design, 0) is None


def test_four_rows_of_a_kind_are_compared_but_not_regressed():
    design = design_of(*two_kinds(30, 4, 3.0))

    assert regress_missing(design, 0) is None
    assert examined(design, 0)[0].smd > 1
