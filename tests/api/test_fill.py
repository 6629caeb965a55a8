"""Data frames, completed: as the command line completes the files they would be, in the column's own kind."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import SAMPLES
from people import people

import em_impute

ONE = {"covariance": "tied"}
"""One mixture is enough where it is not the model that is tested."""


@pytest.mark.parametrize(
    ("name", "column", "options", "arguments"),
    [
        ("penguins", "sex", {"features": ["bill_depth_mm", "species"], "by": "island"}, ["-x", "bill_depth_mm", "-x", "species", "--by", "island"]),
        ("faithful", "kind", {"labels": ["short", "long"], "order_by": "waiting"}, ["--labels", "short, long", "--order-by", "waiting"]),
        ("penguins", "sex", {"probability": True, "indicator": True, "method": "draw", **ONE}, ["--probability", "--indicator", "--method", "draw", "--covariance", "tied"]),
    ],
    ids=["groups", "no label", "columns"],
)  # fmt: skip
def test_a_frame_is_completed_as_the_command_line_completes_the_file_it_would_be(
    name, column, options, arguments, call, tmp_path
):
    frame = pd.read_csv(SAMPLES / f"{name}.csv")
    frame.to_csv(tmp_path / "frame.csv", index=False)
    call("fill", "frame.csv", "-c", column, *arguments, "-o", "done/", "-r", "report.json", "-qq")
    by_file, told = pd.read_csv(tmp_path / "done/frame.csv"), json.loads((tmp_path / "report.json").read_text())

    filled, report = em_impute.fill(frame, column, **options)
    said = json.loads(report.to_json())
    told["log"] = [one for one in told["log"] if one["action"] != "delimiter"]
    for other in ("command", "created", "timings", "input", "output"):
        del said[other], told[other]

    pd.testing.assert_frame_equal(by_file, filled, check_dtype=False, atol=1e-6)
    assert told == said


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda sex: sex, id="texts"),
        pytest.param(lambda sex: pd.Series(pd.Categorical(sex, ["m", "x", "f"], ordered=True)), id="ordered"),
        pytest.param(lambda sex: sex.map({"f": 0.25, "m": 1e-7}), id="fractions"),
        pytest.param(lambda sex: sex.map({"f": 0, "m": 10}).astype("Int64"), id="Int64"),
        pytest.param(lambda sex: sex.map({"f": False, "m": True}).astype("boolean"), id="boolean"),
        pytest.param(lambda sex: pd.to_datetime(sex.map({"f": "2020-01-01", "m": "2021-06-30"})), id="dates"),
        pytest.param(lambda sex: sex.map({"f": "no", "m": 1}), id="mixed"),
    ],
)
def test_cells_are_filled_with_values_of_the_columns_own_kind_and_no_other_cell_changes(made):
    frame, truth = people(seed=1)
    frame["sex"] = made(frame["sex"])
    whole = made(pd.Series(truth))

    filled = em_impute.fill(frame, column="sex", **ONE).frame

    pd.testing.assert_series_equal(whole.astype(frame["sex"].dtype), filled["sex"], check_names=False)
    assert list(map(type, whole)) == list(map(type, filled["sex"]))
    pd.testing.assert_frame_equal(frame[["height"]], filled[["height"]])


def test_whole_numbers_stay_so_where_a_number_stands_for_missing():
    frame, truth = people(values=(0, 1), missing=-9)

    filled, report = em_impute.fill(frame.astype({"sex": "int8"}), column="sex", null_values=-9, **ONE)

    assert truth == filled["sex"].tolist()
    assert filled["sex"].dtype == np.int8
    assert report.missing.tokens == {"-9": 12}
    assert ["0", "1"] == [label.label for label in report.labels]
    assert repr(report) == "<FitReport of column 'sex': 12 of 12 cells filled>"


@pytest.mark.parametrize(
    "index",
    [[7] * 60, pd.MultiIndex.from_product([[1, 2], range(30)], names=["a", "b"]), pd.date_range("2020", periods=60)],
    ids=["all equal", "of two levels", "dates"],
)
def test_the_index_is_kept_the_frame_left_as_it_is_and_nothing_is_printed(index, capfd):
    frame, _ = people()
    frame = frame.set_axis(index)
    before = frame.copy()

    filled = em_impute.fill(frame, column="sex", indicator=True, **ONE).frame

    assert ("", "") == tuple(capfd.readouterr())
    pd.testing.assert_frame_equal(before, frame)
    pd.testing.assert_index_equal(before.index, filled.index)
    assert not filled["sex"].isna().any()


@pytest.mark.parametrize(
    ("names", "column", "options"),
    [
        ([0, 1], 1, {"features": 0}),
        (pd.MultiIndex.from_tuples([("a", "height"), ("a", "sex")]), ("a", "sex"), {"features": ("a", "height"), "indicator": True}),
        (["he,ig\nht", 'se"x'], 'se"x', {"features": ("he,ig\nht",)}),
    ],
    ids=["numbers", "two levels", "odd texts"],
)  # fmt: skip
def test_columns_may_be_called_anything(names, column, options):
    frame, truth = people()

    filled = em_impute.fill(frame.set_axis(names, axis=1), column, **options, **ONE).frame

    assert truth == filled[column].tolist()


def test_two_predictors_of_one_name_are_both_used():
    frame, truth = people()
    double = pd.concat([frame, np.sqrt(frame[["height"]])], axis=1)

    filled, report = em_impute.fill(double, "sex", **ONE)

    assert truth == filled["sex"].tolist()
    assert ["height (column 1)", "height (column 3)"] == [
        *(one.name for one in report.features.used),
        *(one.name for one in report.features.rejected),
    ]


def test_only_the_columns_that_are_asked_for_are_read():
    frame, truth = people()
    frame["secret"] = np.inf

    with pytest.raises(em_impute.DesignError, match="'secret' holds 'inf'"):
        em_impute.fill(frame, "sex", **ONE)
    assert truth == em_impute.fill(frame, "sex", features="height", **ONE).frame["sex"].tolist()


@pytest.mark.parametrize(
    ("column", "dtype"), [(np.nan, object), (None, object), (pd.Categorical([None] * 60, ["B", "A"]), "category")]
)
def test_groups_that_nobody_named_in_the_data_are_called_by_labels(column, dtype):
    frame, truth = people(values=("A", "B"))

    filled = em_impute.fill(frame.assign(sex=column), "sex", labels=["A", "B"]).frame

    assert truth == filled["sex"].tolist()
    assert (dtype == "category") == isinstance(filled["sex"].dtype, pd.CategoricalDtype)


@pytest.mark.parametrize(
    ("change", "options", "kind", "message", "hint"),
    [
        (lambda f: f, {"column": "sexx"}, "ColumnError", "column 'sexx' is not in the frame", "columns are 'height', 'sex' — did you mean 'sex'?"),
        (lambda f: f[["height", "sex", "sex"]], {}, "ColumnError", "2 columns of the frame are called 'sex', which is to be filled", "give each a name of its own"),
        (lambda f: f.iloc[:0], {}, "FitError", "the frame has no rows to learn from", None),
        (lambda f: f.iloc[:2], {}, "FitError", "every known cell of column 'sex' is 'f': there is no other label to distinguish it from", "label some rows of another kind, or count tokens as missing with null_values"),
        (lambda f: f.assign(sex=None), {}, "FitError", "no label is known in column 'sex'", "name the groups to look for, as in labels=['A', 'B'], or let components='auto' count them"),
        (lambda f: f.assign(height=np.nan), {}, "FitError", "no column is left to predict from ('height': no value at all)", "name usable columns with features"),
        (lambda f: f.assign(sex=["1", 1] * 30), {}, "DesignError", "column 'sex' holds '1' as values of different types", "make them one type"),
        (lambda f: f.assign(sex=f["sex"].map({"f": "US", "m": "DE"}).fillna("NA")), {}, "DesignError", "column 'sex' holds 'NA' in 12 cells: a missing mark, or a label like 'US', 'DE'?", "null_values='NA' fills these cells, keep_values='NA' keeps it as a label"),
        (lambda f: f.assign(sex_imputed=1), {"indicator": True}, "DesignError", "a column named 'sex_imputed' is already in the frame", "rename it"),
        (lambda f: f, {"min_probability": 1.5}, "UsageError", "min_probability takes a number, from 0 to 1, not 1.5", "leave it out for the default"),
    ],
)  # fmt: skip
def test_what_cannot_be_filled_says_why_and_what_to_do_in_the_words_of_python(change, options, kind, message, hint):
    frame, _ = people(seed=2)

    with pytest.raises(ValueError, match=r"\w") as raised:
        em_impute.fill(change(frame), **{"column": "sex", **ONE, **options})

    assert (kind, message) == (type(raised.value).__name__, str(raised.value))
    assert getattr(raised.value, "__notes__", []) == ([] if hint is None else [f"hint: {hint}"])


def test_what_is_no_frame_and_an_option_that_there_is_not_are_type_errors_that_say_what_is_there():
    with pytest.raises(TypeError, match=r"frame is a list: a data frame is needed; em_impute\.fill_csv reads"):
        em_impute.fill([1, 2], column="sex")
    with pytest.raises(TypeError, match=r"fill\(\) got an unexpected keyword argument 'min_prob' \(did you mean"):
        em_impute.fill(people()[0], column="sex", min_prob=0.9)


def test_none_fills_every_column_of_categories_with_gaps_as_all_does():
    n = 60
    frame = pd.DataFrame({"x": [float(10 * (i % 2) + i % 5) for i in range(n)], "kind": [*"ab"] * (n // 2)})
    frame["sex"] = ["fm"[i % 2] if i % 4 else None for i in range(n)]
    frame["eyes"] = [("blue", "brown")[i % 2] if i % 5 else None for i in range(n)]
    frame.loc[3, "x"] = np.nan
    every, named = em_impute.fill(frame, None), em_impute.fill(frame, ["sex", "eyes"])
    by_x = em_impute.fill(frame, None, features="x")

    pd.testing.assert_frame_equal(every.frame, named.frame)
    assert [one.column for one in every.reports] == [one.column for one in by_x.reports] == ["sex", "eyes"]
    assert every.frame[["sex", "eyes"]].notna().all(axis=None)
    assert by_x.reports[0].features.columns == ["x"]
    nothing = em_impute.fill(frame[["kind", "x"]], None)
    assert (nothing.frame.shape, nothing.reports) == ((n, 2), ())


@pytest.mark.parametrize("row", [np.int64(6), np.array([6]), range(6, 7)])
def test_rows_are_asked_about_by_whatever_is_a_position(row):
    people = pd.DataFrame({"height": [160, 158, 163, 181, 179, 184, 175], "sex": [*"fffmmm", None]})

    assert [one.line for one in em_impute.why(people, "sex", row, covariance="tied").rows] == [8]
    with pytest.raises(TypeError):
        em_impute.why(people, "sex", "6", covariance="tied")
