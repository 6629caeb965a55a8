"""Numbers that hurt EM: a finite answer, or exit 4 with a hint; never NaN in a file, and never a warning of numpy's."""

import csv
import io
import json
from decimal import Decimal, localcontext
from fractions import Fraction
from math import log

import numpy as np
import pytest
from hurting import HURTING, REFUSED, spoilt, table
from patched import is_two_lines

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
        code, out, err = call(
            "fill", "in.csv", "-c", "g", "-o", "out.csv", "--probabilities", "-qq", *reports, *options
        )
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


@pytest.mark.parametrize("name", HURTING)
def test_numbers_that_hurt_are_completed(fill, name):
    label, _ = fill(HURTING[name], report=len(HURTING[name]) < 2000)

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
    "options",
    [
        *[("--covariance", name) for name in ("full", "eii", "tied", "diag", "vev")],
        *[("--covariance", "full", "--prior-strength", strength) for strength in ("0", "1e300")],
        ("--covariance", "auto", "--unlabelled-weight", "0"),
        ("--covariance", "tied", "--shares", "free"),
        ("--components", "10"),
        ("--single", "--method", "draw"),
    ],
    ids=" ".join,
)
def test_every_option_of_the_model_bears_them_or_says_what_to_do(call, tmp_path, options):
    for name in ("collinear to 1e-12", "1e300 beside 1e-300", "three rows at one point but one"):
        (tmp_path / "in.csv").write_text(HURTING[name])
        code, _, err = call(
            "fill", "in.csv", "-c", "g", "-o", "out.csv", "--probabilities", "-qq", "--no-report", *options
        )

        is_kept_finite = options[0] == "--covariance" and len(options) == 2  # by the usual prior
        assert code in ({0} if is_kept_finite else {0, 4}), name
        if code:
            assert is_two_lines(err)
        else:
            read(tmp_path / "out.csv")


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


@pytest.mark.parametrize(
    ("offset", "unit"), [(0.0, 1.0), (0.0, 2.0**-900), (0.0, 2.0**900), (2.0**30, 1.0), (-(2.0**40), 2.0**900)]
)
def test_one_mixture_is_bayes_rule_whatever_the_offset_and_the_unit(fill, offset, unit):
    rng = np.random.default_rng(3)
    x = (np.round(rng.normal(np.arange(14) % 3, 1.0) * 1024) / 1024 + offset) * unit  # exact, also far from 0
    label = [*("abcabcab"), *[""] * 6]  # c is there twice
    _, chance = fill(table(g=label, x=x), *ONE_MIXTURE)

    for row in range(8, 14):
        expected = discriminant(x.tolist(), label, float(x[row]))
        np.testing.assert_allclose(chance[row], expected, atol=1e-6 if offset == 0.0 else 2e-6)


@pytest.mark.parametrize("power", [-900, 900])
def test_a_power_of_two_as_unit_changes_not_one_probability(fill, call, power):
    def made(unit):
        return spoilt(lambda _g, _l, x, _r: [x[:, 0] * unit, x[:, 1]])

    plain, other = fill(made(1.0)), fill(made(2.0**power))

    assert plain[0] == other[0]
    np.testing.assert_array_equal(plain[1], other[1])
    assert call("why", "in.csv", "-c", "g", *(f"--line={line}" for line in range(2, 12)), "-qq")[0] == 0


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


@pytest.mark.parametrize("weight", ["5e-324", "1e-17"])
def test_a_weight_that_no_sum_would_notice_is_none(fill, weight):
    def made(least):
        light = [least if i in {4, 9} else str(1 + i % 3) for i in range(30)]
        return spoilt(lambda _g, _l, x, _r: {"x": np.where(np.arange(30) == 9, 1e12, x[:, 0]), "w": light})

    light, none = (fill(made(least), "--weights", "w") for least in (weight, "0"))

    assert light[0] == none[0]
    np.testing.assert_array_equal(light[1], none[1])


@pytest.mark.parametrize("far", [-1e300, 1.7e308])
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
        assert call("fill", "in.csv", "-c", "g", "-o", "out.csv", "-r", "r.json", "-qq", *ONE_MIXTURE)[0] == 0
        report = json.loads((tmp_path / "r.json").read_text())
        found.append(report["fit"]["log_likelihood"] + 30 * power * log(2.0))

    assert found == pytest.approx([found[0]] * 3, rel=1e-9)
