"""The imputer: the model of `fill` for rows old and new, by scikit-learn's conventions."""

import numpy as np
import pandas as pd
import pytest
from people import people
from scipy.stats import multivariate_normal
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError

import em_impute
from em_impute import GaussianMixtureImputer

ONE = {"covariance": "tied"}


def blobs(n_rows=120, seed=0):
    """Rows of three labels that overlap: X (n_rows, 2), y (n_rows,)."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n_rows)
    return np.array([[0.0, 0.0], [2.0, 1.0], [0.0, 3.0]])[y] + rng.normal(size=(n_rows, 2)), y


def discriminant(X, y, new, weight=None):
    """Linear discriminant analysis by its definition: one covariance, that of most likelihood, for all classes."""
    weight = np.ones(len(y)) if weight is None else weight
    classes = sorted(set(y))
    scatter = np.zeros((X.shape[1], X.shape[1]))
    means, shares = [], []
    for one in classes:
        w, rows = weight[y == one], X[y == one]
        means.append(sum(a * row for a, row in zip(w, rows, strict=True)) / sum(w))
        shares.append(sum(w) / sum(weight))
        scatter += sum(a * np.outer(row - means[-1], row - means[-1]) for a, row in zip(w, rows, strict=True))
    joint = np.array(
        [s * multivariate_normal(m, scatter / sum(weight)).pdf(new) for m, s in zip(means, shares, strict=True)]
    )
    return (joint / joint.sum(axis=0)).T


@pytest.mark.parametrize("weight", [None, np.arange(120) % 4 + 0.5], ids=["all alike", "weighed"])
def test_one_covariance_without_a_prior_is_linear_discriminant_analysis(weight):
    X, y = blobs()
    new, _ = blobs(40, seed=1)
    imputer = GaussianMixtureImputer(covariance="tied", prior_strength=0)

    said = imputer.fit(X, y, sample_weight=weight).predict_proba(new)

    # Both are computed in closed form; the engine stops at gains of 1e-6.
    np.testing.assert_allclose(discriminant(X, y, new, weight), said, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{}, {"shares": "free", **ONE}, {"deltas": {"m": 1.0}, "min_probability": 0.99, **ONE}]
)
def test_the_rows_it_was_fitted_to_are_filled_as_fill_fills_them(options):
    frame, _ = people(150, seed=4)
    frame["foot"] = (frame["height"] / 7 + np.random.default_rng(5).normal(0, 1, 150)).round(1)
    frame.loc[::7, "height"] = np.nan
    frame["height"] += np.random.default_rng(6).normal(0, 8, 150).round(1)
    filled = em_impute.fill(frame, "sex", probabilities=True, **options).frame

    imputer = GaussianMixtureImputer(column="sex", **options).fit(frame)
    missing = frame["sex"].isna()

    pd.testing.assert_frame_equal(filled[frame.columns], imputer.transform(frame))
    np.testing.assert_allclose(
        filled.loc[missing, ["sex_p_f", "sex_p_m"]], imputer.predict_proba(frame)[missing], atol=1e-9
    )
    assert imputer.report_.missing.cells == 30


def test_new_rows_are_filled_without_fitting_again_and_known_cells_stay():
    frame, _ = people()
    imputer = GaussianMixtureImputer(column="sex", **ONE).fit(frame)
    new = pd.DataFrame({"height": [181.0, 160.0, 181.0, 161.0], "sex": [None, "NA", "f", "other"]}, index=[9, 9, 3, 1])

    filled = imputer.transform(new)

    pd.testing.assert_frame_equal(new.assign(sex=["m", "f", "f", "other"]), filled)
    saved, _ = imputer.fitted_model_.fill(new)
    pd.testing.assert_frame_equal(filled, saved)


def test_texts_that_are_new_are_missing_however_many_they_are():
    frame, _ = people(100)
    frame["size"] = np.where(frame["height"] > 170, "XL", "S")
    imputer = GaussianMixtureImputer(column="sex").fit(frame)
    new = pd.DataFrame({"height": 175.0, "sex": None, "size": [f"size {k}" for k in range(80)] + ["XL "]})

    said = imputer.predict_proba(new)

    # Rows are told once if equal, and how many are computed together shows in the last digit.
    np.testing.assert_allclose(imputer.predict_proba(new.assign(size=None))[:80], said[:80], rtol=1e-12)
    np.testing.assert_allclose(imputer.predict_proba(new.iloc[80:].assign(size="XL")), said[80:], rtol=1e-12)


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA])
def test_labels_may_be_missing_in_y(missing):
    X, y = blobs()
    known = np.arange(120) % 3 > 0
    labels = pd.Series(np.where(known, y, None)).where(known, missing).astype(object)

    imputer = GaussianMixtureImputer(**ONE).fit(X, labels)

    assert [0, 1, 2] == imputer.classes_.tolist()
    assert imputer.report_.missing.cells == 40
    assert imputer.score(X, labels) == imputer.score(X[known], y[known])


def test_classes_are_in_the_order_of_their_values_and_not_of_their_texts():
    X, y = blobs()
    values = np.array([10, 9, -1])

    imputer = GaussianMixtureImputer(**ONE).fit(X, values[y])
    plain = GaussianMixtureImputer(**ONE).fit(X, y)

    assert [-1, 9, 10] == imputer.classes_.tolist()
    np.testing.assert_allclose(plain.predict_proba(X)[:, [2, 1, 0]], imputer.predict_proba(X), atol=1e-12)
    np.testing.assert_array_equal(values[plain.predict(X)], imputer.predict(X))


@pytest.mark.parametrize(
    ("X", "y", "told"),
    [
        ([[1.0], [2.0]], ["a", "a"], "y holds one class only, 'a'"),
        ([[1.0], [2.0]], ["a", "b", "a"], "inconsistent numbers of samples: \\[2, 3\\]"),
        ([[1.0], [1.0], [1.0], [1.0]], ["a", "a", "b", "b"], r"no column is left to predict from \('x0': constant\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_from_is_a_value_error(X, y, told):
    with pytest.raises(ValueError, match=told):
        GaussianMixtureImputer().fit(X, y)


def test_free_shares_need_rows_without_a_label():
    with pytest.raises(em_impute.FitError, match="shares='free' learns from rows without a label, and there are none"):
        GaussianMixtureImputer(shares="free").fit(*blobs())


def test_nothing_can_be_asked_before_fit():
    for method in ("predict", "predict_proba", "transform", "get_feature_names_out"):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(GaussianMixtureImputer(), method)([[1.0]])


def test_it_fills_a_column_within_a_pipeline():
    frame, truth = people(200, seed=3)
    target = (frame["height"] > 172).astype(int)
    prepare = ColumnTransformer(
        [("sex", GaussianMixtureImputer(column="sex", **ONE), ["height", "sex"])], verbose_feature_names_out=False
    ).set_output(transform="pandas")

    filled = prepare.fit_transform(frame, target)

    assert truth == filled["sex"].tolist()
    assert ["height", "sex"] == prepare.get_feature_names_out().tolist()


def test_probabilities_come_as_a_frame_where_frames_are_asked_for():
    X, y = blobs()
    frame = pd.DataFrame(X, columns=["a", "b"], index=range(5, 125))
    imputer = GaussianMixtureImputer(**ONE).set_output(transform="pandas").fit(frame, np.array([*"xyz"])[y])

    said = imputer.transform(frame)

    assert ["p_x", "p_y", "p_z"] == said.columns.tolist()
    pd.testing.assert_index_equal(frame.index, said.index)
    np.testing.assert_array_equal(imputer.predict_proba(frame), said)


def test_weights_are_routed_through_a_pipeline():
    from sklearn import config_context
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.array([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0], [3.0]]), np.array([*"aaabbb", "b"])
    weight = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    alone = GaussianMixtureImputer(covariance="tied").fit(StandardScaler().fit_transform(x), y, sample_weight=weight)
    with config_context(enable_metadata_routing=True):
        asked = GaussianMixtureImputer(covariance="tied").set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asked).fit(
            x, y, sample_weight=weight
        )

    np.testing.assert_allclose(pipeline.predict_proba(x), alone.predict_proba(StandardScaler().fit_transform(x)))


def test_what_predictors_are_can_be_said():
    X = pd.DataFrame({"code": [1, 2, 3] * 20, "x": [float(i % 7 + 5 * (i % 2)) for i in range(60)]})
    y = [None if i % 5 == 0 else "ab"[i % 2] for i in range(60)]
    fitted = GaussianMixtureImputer(kinds={"code": "category"}).fit(X, y)
    of_array = GaussianMixtureImputer(kinds={0: "category"}).fit(X.to_numpy(), y)

    assert {one.name: one.type for one in fitted.report_.features.used}["code"] == "categorical"
    np.testing.assert_allclose(of_array.predict_proba(X.to_numpy()), fitted.predict_proba(X))
