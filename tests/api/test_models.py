"""Models from Python, beside the command line and beside fits of the same rows."""

import numpy as np
import pandas as pd
import pytest

import em_impute


@pytest.fixture
def heights(samples):
    return pd.read_csv(samples / "heights.csv")


def test_a_model_of_the_command_line_and_one_of_python_are_the_same(call, samples, heights, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    call("fill", "heights.csv", "-c", "gender", "--save-model", "m.json", "-qq", "--no-report")
    monkeypatch.chdir(samples)
    em_impute.fill_csv("heights.csv", "o.csv", column="gender", save_model="n.json")

    assert (samples / "m.json").read_text() == (samples / "n.json").read_text()
    assert "FittedModel(columns=('gender',), rows=934)" == repr(em_impute.read_model(samples / "m.json"))


def test_a_saved_model_comes_back_and_fills_files_and_frames_alike_as_a_fit_does(samples, heights):
    em_impute.fit_model(heights, column="gender").save(samples / "m.json")
    model = em_impute.read_model(samples / "m.json")
    (report,) = em_impute.fill_csv(samples / "heights.csv", samples / "o.csv", model=model)
    frame, _ = model.fill(heights)
    by_fit, _ = em_impute.fill(heights, column="gender")

    pd.testing.assert_frame_equal(by_fit, frame)
    pd.testing.assert_frame_equal(pd.read_csv(samples / "o.csv"), frame)
    assert str(samples / "m.json") == report.applied.path


def test_probabilities_have_the_index_of_the_frame_whether_labels_are_known_or_not(heights):
    model = em_impute.fit_model(heights, column="gender", covariance="tied")
    some = heights.iloc[5:9].set_index("name")
    expected = em_impute.GaussianMixtureImputer(column="gender", covariance="tied").fit(heights).predict_proba(heights)
    found = model.predict_proba(some)

    assert ["female", "male"] == list(found.columns)
    assert list(some.index) == list(found.index)
    np.testing.assert_allclose(found, expected[5:9], atol=1e-11)
    pd.testing.assert_frame_equal(found, model.predict_proba(some.drop(columns="gender")))


MISTAKES = {
    "a column that it does not fill": (lambda model, frame: model.fill(frame, column="name"), em_impute.ColumnError, "does not fill column 'name'"),
    "a frame without the column": (lambda model, frame: model.fill(frame[["height"]]), em_impute.ColumnError, "column 'gender' is not in the frame"),
    "another unit": (lambda model, frame: model.fill(frame.assign(height=frame["height"] / 100)), em_impute.DesignError, "100 times smaller"),
    "an option of a fit": (lambda model, frame: model.fill(frame, covariance="full"), TypeError, "unexpected keyword argument 'covariance'"),
}  # fmt: skip


@pytest.mark.parametrize(("mistake", "kind", "said"), MISTAKES.values(), ids=MISTAKES)
def test_what_cannot_be_done_is_said_in_the_words_of_python(heights, mistake, kind, said):
    model = em_impute.fit_model(heights, column="gender", covariance="tied")

    with pytest.raises(kind, match=said):
        mistake(model, heights)


def test_a_name_that_is_a_number_means_no_other_column():
    frame = pd.DataFrame({"x": [1, 2, 1, 8, 9, 8], 1: [*"aaabbb"]})
    model = em_impute.fit_model(frame, column=1, covariance="tied")

    assert [*"ab"] == model.fill(pd.DataFrame({"x": [2, 9], 1: None})).frame[1].tolist()
    with pytest.raises(em_impute.ColumnError, match="column '1' is not in the frame"):
        model.fill(frame[["x"]])


def test_a_frame_without_rows_stays_one(heights):
    model = em_impute.fit_model(heights, column="gender", covariance="tied")

    assert (0, 3) == model.fill(heights.iloc[:0]).frame.shape
    assert (0, 2) == model.predict_proba(heights.iloc[:0]).shape


def test_a_fit_is_not_asked_for_where_a_model_is_given(samples, heights):
    model = em_impute.fit_model(heights, column="gender", covariance="tied")

    with pytest.raises(em_impute.UsageError, match="covariance contradicts model"):
        em_impute.fill_csv(samples / "heights.csv", samples / "o.csv", model=model, covariance="full")
    with pytest.raises(em_impute.UsageError, match="column names no column"):
        em_impute.fill_csv(samples / "heights.csv", samples / "o.csv")
