"""Numbers that hurt EM: a finite answer, or exit 4 with a hint; never NaN in a file, and never a warning of numpy's."""

import csv
import io
import json
from decimal import Decimal, localcontext
from fractions import Fraction
from math import log

import numpy as np
import pytest
from hurting import HURTING, REFUSED, cells, spoilt, table

from em_impute.engine.units import standard_units

ROUNDED = 1.5e-6
"""Probabilities are written with six decimals."""

ONE_MIXTURE = ("--covariance", "tied", "--prior-strength", "0", "--unlabelled-weight", "0")
"""The linear discriminant of the labelled rows, by maximum likelihood."""


@pytest.fixture
def fill(call, tmp_path):
    """Complete a table: its rows, the label of each and the probabilities, (n_rows, n_labels), NaN where it has one."""

    def fill(text, *options, report=False):
        (tmp_path / "in.csv").write_text(text)
        (tmp_path / "out.csv").unlink(missing_ok=True)
        reports = ("-r", "r.json") if report else ("--no-report",)
        code, out, err = call("fill", "in.csv", "-c", "g", "-o", "out.csv", "--probabilities", "-q", *reports, *options)
        assert (code, out, err) == (0, "", "")
        if report:
            json.loads((tmp_path / "r.json").read_text(), parse_constant=pytest.fail)
        return read(tmp_path / "out.csv")

    return fill


def read(path):
    """Read labels and probabilities back, and make sure that they are some."""
    header, *rows = csv.reader(io.StringIO(path.read_text()))
    first = next((i for i, name in enumerate(header) if name.startswith("g_p_")), len(header))
    chance = np.array([[float(cell) if cell else np.nan for cell in row[first:]] for row in rows])
    said = chance[~np.isnan(chance).any(axis=1)]
    assert (said.shape[0] > 0) & np.isfinite(said).all()
    assert ((said >= 0.0) & (said <= 1.0)).all()
    np.testing.assert_allclose(said.sum(axis=1), 1.0, atol=said.shape[1] * ROUNDED)
    assert not {"nan", "inf", "-inf"} & {cell.lower() for row in rows for cell in row}
    return [row[header.index("g")] for row in rows], chance


# Every case of the list


@pytest.mark.parametrize("name", HURTING)
def test_numbers_that_hurt_are_completed(fill, name):
    label, _ = fill(HURTING[name], report=" columns" not in name)

    assert all(label)


@pytest.mark.parametrize("name", REFUSED)
def test_from_what_nothing_can_be_learnt_nothing_is_written(call, tmp_path, name):
    text, message = REFUSED[name]
    (tmp_path / "in.csv").write_text(text)
    for command in ("fill", "evaluate", "explain"):
        code, out, err = call(command, "in.csv", "-c", "g")
        assert (code, out) == (4, "")
        assert message in err or command == "evaluate"  # which has too few labels to hide any
        assert err.splitlines()[1].startswith("hint: ")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "1e300 and 1e-300 in one column",
        "a range that overflows",
        "all labelled rows at one point",
        "collinear to 1e-9 with gaps",
        "constant within one label",
        "each label once at one point",
        "log-normal with sigma 100",
        "one labelled outlier at 1e300",
        "seen for one label only",
        "subnormal numbers beside usual ones",
        "three rows",
    ],
)
def test_the_other_commands_say_something_finite_as_well(call, tmp_path, name):
    (tmp_path / "in.csv").write_text(HURTING[name])
    for command, codes in (("check", {1}), ("explain", {0}), ("evaluate", {0, 4})):
        options = ("--json",) if command != "check" else ()
        code, out, err = call(command, "in.csv", "-c", "g", *options)
        assert code in codes
        assert code != 4 or "hint: " in err
        if options and not code:
            json.loads(out, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "options",
    [
        *[("--covariance", name) for name in ("full", "diag", "eii", "vei", "evv", "vev")],
        *[("--covariance", "full", "--prior-strength", strength) for strength in ("0", "1e-300", "1e300")],
        ("--covariance", "auto", "--unlabelled-weight", "0"),
        ("--covariance", "full", "--tol", "0", "--max-iter", "20"),
        ("--covariance", "tied", "--shares", "free"),
        ("--components", "10"),
        ("--single", "--method", "draw"),
        ("--min-probability", "1"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["collinear to 1e-12", "1e300 beside 1e-300", "three rows at one point but one"])
def test_every_option_of_the_model_bears_them_or_says_what_to_do(call, tmp_path, name, options):
    (tmp_path / "in.csv").write_text(HURTING[name])
    code, _, err = call("fill", "in.csv", "-c", "g", "-o", "out.csv", "--probabilities", "-q", "--no-report", *options)

    assert code in {0, 4}
    if code:
        assert [line.split(":")[0] for line in err.splitlines()] == ["error", "hint"]
    else:
        read(tmp_path / "out.csv")


@pytest.mark.parametrize("n_rows", [2, 3, 5, 12])
def test_two_groups_are_found_in_a_handful_of_rows_without_labels(fill, n_rows):
    x = np.r_[np.arange(n_rows - 1) / 7.0, 90.0]

    label, _ = fill(table(g=[""] * n_rows, x=x), "--labels", "low,high")

    assert set(label) == {"low", "high"}


def test_more_groups_than_rows_are_refused(call, tmp_path):
    (tmp_path / "in.csv").write_text("g,x\n,1\n,2\n")
    code, _, err = call("fill", "in.csv", "-c", "g", "--labels", "a,b,c")

    assert (code, err.splitlines()[0]) == (4, "error: 3 groups cannot be found in 2 rows")


def test_groups_of_three_rows_are_completed_each_on_its_own(fill):
    text = spoilt(lambda _g, _l, x, _r: {"x": x[:, 0], "by": [f"k{i // 3}" for i in range(30)]})

    assert all(fill(text, "--by", "by")[0])


def test_the_smallest_of_all_units_leaves_a_group_of_another_as_it_is(fill):
    text = spoilt(
        lambda g, _l, _x, r: {
            "x": (np.where(g == 0, 1.0, 3.0) + r.random(60)) * np.where(np.arange(60) < 30, 1e-300, 1e300),
            "by": ["p" if i < 30 else "q" for i in range(60)],
        },
        n=60,
    )

    assert fill(text, "--by", "by")[0][30:] == [f"L{i % 2}" for i in range(30)]


# What the answer must be


def discriminant(values, label, at):
    """Compute Bayes' rule for two or more labels with one variance in exact fractions, but for the exponential."""
    known = sorted(set(label) - {""})
    of = {k: [Fraction(v) for v, text in zip(values, label, strict=True) if text == k] for k in known}
    mean = {k: sum(some) / len(some) for k, some in of.items()}
    n = sum(map(len, of.values()))
    variance = sum((v - mean[k]) ** 2 for k, some in of.items() for v in some) / n
    with localcontext(prec=60):
        exponent = {k: -((Fraction(at) - mean[k]) ** 2) / (2 * variance) for k in known}
        joint = [
            Decimal(len(of[k])) * (Decimal(exponent[k].numerator) / Decimal(exponent[k].denominator)).exp()
            for k in known
        ]
        return [float(one / sum(joint)) for one in joint]


@pytest.mark.parametrize("unit", [1.0, 2.0**-900, 2.0**900])
@pytest.mark.parametrize("offset", [0.0, 2.0**30, -(2.0**40)])
def test_one_mixture_is_bayes_rule_whatever_the_offset_and_the_unit(fill, offset, unit):
    rng = np.random.default_rng(3)
    x = (np.round(rng.normal(np.arange(14) % 3, 1.0) * 1024) / 1024 + offset) * unit  # exact, also far from 0
    label = [*("abcabcab"), *[""] * 6]  # c is there twice
    _, chance = fill(table(g=label, x=x), *ONE_MIXTURE)

    for row in range(8, 14):
        expected = discriminant(x.tolist(), label, float(x[row]))
        np.testing.assert_allclose(chance[row], expected, atol=1e-6 if offset == 0.0 else 2e-6)


def test_a_label_held_by_one_row_has_its_mean_there(fill):
    x = [0.0, 0.5, 1.0, 1.5, 9.0, 0.75, 8.0, 5.125]
    label = [*"aaaab", "", "", ""]
    _, chance = fill(table(g=label, x=np.array(x)), *ONE_MIXTURE)

    for row in (5, 6, 7):
        np.testing.assert_allclose(chance[row], discriminant(x, label, x[row]), atol=1e-6)


@pytest.mark.parametrize("power", [-900, 900])
def test_a_power_of_two_as_unit_changes_not_one_probability(fill, power):
    def made(unit):
        return spoilt(lambda _g, _l, x, _r: [x[:, 0] * unit, x[:, 1]])

    plain, other = fill(made(1.0)), fill(made(2.0**power))

    assert plain[0] == other[0]
    np.testing.assert_array_equal(plain[1], other[1])


@pytest.mark.parametrize("power", [-1000, -3, 0, 7, 1000])
def test_equal_columns_in_other_powers_of_two_have_the_same_units(power):
    values, weight = np.random.default_rng(1).lognormal(0.0, 3.0, 50), np.random.default_rng(2).uniform(0.5, 2.0, 50)
    shift, scale = standard_units(values, weight)

    assert standard_units(np.ldexp(values, power), weight) == (np.ldexp(shift, power), np.ldexp(scale, power))


def test_each_row_twice_leaves_one_mixture_as_it_was(fill):
    def made(copies):
        return spoilt(lambda _g, t, x, _r: {"g": t * copies, "x": cells(x[:, 0]) * copies})

    once, twice = (
        fill(made(copies), "--covariance", "full", "--prior-strength", "0", "--tol", "1e-12")[1] for copies in (1, 2)
    )

    np.testing.assert_allclose(twice[:30], once, atol=ROUNDED)
    np.testing.assert_allclose(twice[30:], once, atol=ROUNDED)


def test_labels_that_have_nothing_to_do_with_the_numbers_get_their_shares(fill):
    rng = np.random.default_rng(8)
    label = ["a" if one < 0.7 else "b" for one in rng.random(200)] + [""] * 200
    share = label.count("a") / 200
    _, chance = fill(table(g=label, x=rng.normal(size=400)))

    # What the labelled rows seem to say of x is noise: as large as a proportion among 200 rows varies.
    assert chance[200:, 0].mean() == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / 200))


def test_two_labels_at_the_same_points_are_as_likely(fill):
    x = np.r_[np.tile([1.0, 2.0, 4.0, 5.0], 2), 1.5, 3.0, 80.0]
    _, chance = fill(table(g=[*"aaaabbbb", "", "", ""], x=x))

    np.testing.assert_allclose(chance[8:], 0.5, atol=1e-6)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(20, 200), (30, 60)])
def test_more_columns_than_rows_still_tell_what_differs_in_all(fill, n_rows, n_columns):
    text = spoilt(lambda g, _l, x, _r: list((x + 1.0 * g[:, None]).T), n=n_rows, n_features=n_columns)

    assert fill(text)[0] == [f"L{i % 2}" for i in range(n_rows)]


@pytest.mark.parametrize(("n_rows", "n_columns"), [(150, 5), (80, 70)])
def test_what_is_left_of_a_row_with_nine_gaps_in_ten_decides(fill, n_rows, n_columns):
    truth, rng = np.arange(n_rows) % 2, np.random.default_rng(4)
    x = np.where(rng.random((n_rows, n_columns)) < 0.9, np.nan, rng.normal(size=(n_rows, n_columns)) + 9 * truth[:, None])  # fmt: skip
    label = ["" if i % 2 == i // 2 % 2 else f"L{truth[i]}" for i in range(n_rows)]
    found, chance = fill(table(g=label, **{f"x{j}": column for j, column in enumerate(x.T)}))
    shown = ~np.isnan(x).all(axis=1)

    assert [one for one, there in zip(found, shown, strict=True) if there] == [f"L{k}" for k in truth[shown]]
    blind = chance[~shown & (np.array(label) == "")]
    share = label.count("L0") / sum(map(bool, label))
    np.testing.assert_allclose(blind[:, 0], share, atol=0.02)


# Weights


@pytest.mark.parametrize("weight", ["1e-300", "5e-324", "1e-17"])
def test_a_weight_that_no_sum_would_notice_is_none(fill, weight):
    def made(least):
        light = [least if i in {4, 9} else str(1 + i % 3) for i in range(30)]
        return spoilt(lambda _g, _l, x, _r: {"x": np.where(np.arange(30) == 9, 1e12, x[:, 0]), "w": light})

    light, none = (fill(made(least), "--weights", "w") for least in (weight, "0"))

    assert light[0] == none[0]
    np.testing.assert_array_equal(light[1], none[1])


def test_equal_weights_of_any_size_are_no_weights(fill):
    plain = fill(spoilt(lambda _g, _l, x, _r: [x[:, 0]]))[1]
    for weight in ("1e-308", "1.7e308"):
        text = spoilt(lambda _g, _l, x, _r, w=weight: {"x0": x[:, 0], "w": [w] * 30})
        np.testing.assert_array_equal(fill(text, "--weights", "w")[1], plain)


def test_a_row_that_weighs_more_than_all_others_can_say_leaves_one_label(call, tmp_path):
    text = spoilt(lambda _g, _l, x, _r: {"x": x[:, 0], "w": ["1e300", *["1"] * 29]})
    (tmp_path / "in.csv").write_text(text)
    code, _, err = call("fill", "in.csv", "-c", "g", "--weights", "w")

    assert code == 4
    assert "every known cell that counts of column 'g' is 'L0'" in err


@pytest.mark.parametrize("far", [1e20, 1e300, -1e300, 1.7e308])
def test_a_row_that_does_not_count_may_lie_anywhere_and_gets_the_label_of_its_side(fill, far):
    x = np.r_[np.arange(16) / 16.0, np.arange(16) / 16.0 + 4.0, far]
    label = [*("a" * 16), *("b" * 16), ""]
    found, _ = fill(table(g=label, x=x, w=np.r_[np.ones(31), 2.0, 0.0]), "--weights", "w", *ONE_MIXTURE)

    assert found[-1] == ("b" if far > 0 else "a")


def test_log_densities_of_any_unit_differ_by_its_logarithm(call, tmp_path):
    found = []
    for power in (0, -900, 900):
        text = spoilt(lambda _g, _l, x, _r, u=2.0**power: [x[:, 0] * u])
        (tmp_path / "in.csv").write_text(text)
        assert call("fill", "in.csv", "-c", "g", "-o", "out.csv", "-r", "r.json", "-q", *ONE_MIXTURE)[0] == 0
        report = json.loads((tmp_path / "r.json").read_text())
        found.append(report["fit"]["log_likelihood"] + 30 * power * log(2.0))

    assert found == pytest.approx([found[0]] * 3, rel=1e-9)
