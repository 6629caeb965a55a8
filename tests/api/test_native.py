"""Frames of other libraries: what comes in comes out, in the same library, filled as the frame of pandas is."""

import pandas as pd
import pytest

import em_impute

COLUMNS = {
    "height": [160.0, 158.5, None, 181.0, 179.0, 184.0, 182.0, 161.0],
    "shoe": [38, 37, None, 43, 44, 45, 43, 38],
    "sex": ["f", "f", "f", "m", "m", "m", None, None],
    "code": ["x", None, "y", "x", "y", "y", "x", "y"],
}


@pytest.fixture(params=["polars", "pyarrow"])
def frame(request):
    """The same table in each library."""
    library = pytest.importorskip(request.param)
    return library.DataFrame(COLUMNS) if request.param == "polars" else library.table(COLUMNS)


def columns_of(frame):
    return frame.to_dict(as_series=False) if hasattr(frame, "with_columns") else frame.to_pydict()


def test_the_completed_frame_is_of_the_same_library(frame):
    filled, report = em_impute.fill(frame, "sex", covariance="tied", indicator=True, probability=True)
    expected = em_impute.fill(pd.DataFrame(COLUMNS), "sex", covariance="tied", probability=True).frame

    assert type(filled) is type(frame)
    found = columns_of(filled)
    assert {name: found[name] for name in ("height", "shoe", "code")} == {
        name: COLUMNS[name] for name in ("height", "shoe", "code")
    }
    assert found["sex"] == expected["sex"].tolist()
    assert found["sex_imputed"] == [0, 0, 0, 0, 0, 0, 1, 1]
    assert found["sex_probability"] == pytest.approx(expected["sex_probability"].tolist())
    assert report.missing.filled == 2


def test_a_model_fills_and_answers_too(frame):
    model = em_impute.fit_model(frame, "sex", covariance="tied")

    assert type(model.fill(frame).frame) is type(frame)
    assert model.predict_proba(frame).shape == (8, 2)
    assert em_impute.why(frame, "sex", 6, covariance="tied").rows[0].label == "m"


def test_the_estimator_knows_the_names_of_the_columns(frame):
    pytest.importorskip("sklearn")
    imputer = em_impute.GaussianMixtureImputer(column="sex", covariance="tied").fit(frame)

    assert imputer.feature_names_in_.tolist() == list(COLUMNS)
    assert imputer.transform(frame)[-2:, 2].tolist() == ["m", "f"]
    assert imputer.set_output(transform="polars").transform(frame)["sex"].to_list()[-2:] == ["m", "f"]


def test_coded_labels_stay_whole_numbers():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"x": [1.0, 1.2, 0.9, 7.0, 7.1, 6.8, 7.2], "g": [1, 1, 1, 2, 2, 2, None]})
    filled = em_impute.fill(frame, "g", covariance="tied").frame

    assert filled["g"].to_list() == [1, 1, 1, 2, 2, 2, 2]
    assert filled.schema == frame.schema


@pytest.mark.parametrize("kind", ["Categorical", "Enum"])
def test_categories_stay_what_they_are(kind):
    pl = pytest.importorskip("polars")
    dtype = pl.Enum(["f", "m"]) if kind == "Enum" else pl.Categorical
    frame = pl.DataFrame(COLUMNS).with_columns(pl.col("sex").cast(dtype))

    assert em_impute.fill(frame, "sex", covariance="tied").frame.schema == frame.schema
