"""Models from Python, beside the command line and beside fits of the same rows."""

import numpy as np
import pandas as pd
import pytest

import em_impute


@pytest.fixture
def heights(samples):
    return pd.read_csv(samples / "heights.csv")


def test_a_model_of_a_frame_fills_it_as_a_fit_does(heights):
    model = em_impute.fit_model(heights, column="gender")
    by_model, _ = model.fill(heights, probability=True)
    by_fit, _ = em_impute.fill(heights, column="gender", probability=True)

    pd.testing.assert_frame_equal(by_fit, by_model)


def test_a_model_of_the_command_line_and_one_of_python_are_the_same(call, samples, heights, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    call("fill", "heights.csv", "-c", "gender", "--save-model", "m.json", "-q", "--no-report")
    em_impute.fill_csv(samples / "heights.csv", samples / "o.csv", column="gender", save_model=samples / "n.json")
    named = (samples / "n.json").read_text().replace(str(samples / "heights.csv"), "heights.csv")

    assert (samples / "m.json").read_text() == named
    assert "FittedModel(columns=('gender',), rows=934)" == repr(em_impute.read_model(samples / "m.json"))


def test_a_saved_model_comes_back_and_fills_files_and_frames_alike(samples, heights):
    em_impute.fit_model(heights, column="gender").save(samples / "m.json")
    model = em_impute.read_model(samples / "m.json")
    (report,) = em_impute.fill_csv(samples / "heights.csv", samples / "o.csv", model=model)
    frame, _ = model.fill(heights)

    pd.testing.assert_frame_equal(pd.read_csv(samples / "o.csv"), frame)
    assert str(samples / "m.json") == report.applied["path"]


def test_probabilities_have_the_index_of_the_frame_whether_labels_are_known_or_not(heights):
    model = em_impute.fit_model(heights, column="gender", covariance="tied")
    some = heights.iloc[5:9].set_index("name")
    expected = em_impute.GaussianMixtureImputer(column="gender", covariance="tied").fit(heights).predict_proba(heights)
    found = model.predict_proba(some)

    assert ["female", "male"] == list(found.columns)
    assert list(some.index) == list(found.index)
    np.testing.assert_allclose(found, expected[5:9], atol=1e-11)
    pd.testing.assert_frame_equal(found, model.predict_proba(some.drop(columns="gender")))


def test_values_keep_the_kind_of_the_column_that_is_filled(heights):
    coded = heights.assign(gender=heights["gender"].map({"female": 0, "male": 1}).astype("Int64"))
    model = em_impute.fit_model(coded, column="gender")
    frame, _ = model.fill(coded.assign(gender=coded["gender"].where(coded.index % 7 > 0)))

    assert "Int64" == str(frame["gender"].dtype)
    assert {0, 1} == set(frame["gender"])
    assert ("0", "1") == model.labels("gender")


def test_an_updated_model_has_learnt_from_both_and_is_another_value(heights):
    model = em_impute.fit_model(heights.iloc[:300], column="gender")
    learnt = model.updated(heights.iloc[300:])

    assert (300, 934) == (model.saved.columns[0].training.rows, learnt.saved.columns[0].training.rows)
    assert repr(learnt) == repr(learnt.updated(heights.iloc[300:]))


def test_a_frame_with_nothing_missing_can_be_learnt_from(heights):
    known = heights.dropna()
    frame, report = em_impute.fit_model(known, column="gender").fill(heights)

    assert not frame["gender"].isna().any()
    assert 280 == report.missing["filled"]


def test_several_columns_are_filled_by_name(samples):
    birds = pd.read_csv(samples / "penguins.csv")
    model = em_impute.fit_model(birds, column=["sex", "island"])
    birds.loc[::5, ["sex", "island"]] = None
    frame, sex, island = model.fill(birds)
    only, _ = model.fill(birds, column="sex")

    assert ("sex", "island") == model.columns == (sex.column, island.column)
    assert not frame[["sex", "island"]].isna().any(axis=None)
    assert only["island"].isna().sum() == birds["island"].isna().sum()


MISTAKES = {
    "a column that it does not fill": (lambda model, frame: model.fill(frame, column="name"), em_impute.ColumnError, "does not fill column 'name'"),
    "labels of no column": (lambda model, frame: model.labels("x"), em_impute.ColumnError, "does not fill column 'x'"),
    "a frame without the column": (lambda model, frame: model.fill(frame[["height"]]), em_impute.ColumnError, "column 'gender' is not in the frame"),
    "no predictor": (lambda model, frame: model.fill(frame[["gender"]]), em_impute.ColumnError, "none of the model's predictors"),
    "another unit": (lambda model, frame: model.fill(frame.assign(height=frame["height"] / 100)), em_impute.DesignError, "100 times smaller"),
    "no frame": (lambda model, frame: model.fill([1.0]), TypeError, "a pandas DataFrame is needed"),
    "an option of a fit": (lambda model, frame: model.fill(frame, covariance="full"), TypeError, "unexpected keyword argument 'covariance'"),
}  # fmt: skip


@pytest.mark.parametrize(("mistake", "kind", "said"), MISTAKES.values(), ids=MISTAKES)
def test_what_cannot_be_done_is_said_in_the_words_of_python(heights, mistake, kind, said):
    model = em_impute.fit_model(heights, column="gender", covariance="tied")

    with pytest.raises(kind, match=said):
        mistake(model, heights)


def test_a_frame_without_rows_stays_one(heights):
    model = em_impute.fit_model(heights, column="gender", covariance="tied")

    assert (0, 3) == model.fill(heights.iloc[:0]).frame.shape
    assert (0, 2) == model.predict_proba(heights.iloc[:0]).shape


def test_a_model_of_free_shares_does_not_learn_further(heights):
    model = em_impute.fit_model(heights, column="gender", free_shares=True)

    with pytest.raises(em_impute.UsageError, match="free_shares"):
        model.updated(heights)


def test_a_fit_is_not_asked_for_where_a_model_is_given(samples, heights):
    model = em_impute.fit_model(heights, column="gender", covariance="tied")

    with pytest.raises(em_impute.UsageError, match="covariance contradicts model"):
        em_impute.fill_csv(samples / "heights.csv", samples / "o.csv", model=model, covariance="full")
    with pytest.raises(em_impute.UsageError, match="column names no column"):
        em_impute.fill_csv(samples / "heights.csv", samples / "o.csv")
