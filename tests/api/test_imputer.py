"""The imputer: the model of `fill` for rows old and new, by scikit-learn's conventions."""

import pickle

import numpy as np
import pandas as pd
import pytest
from people import people
from scipy.stats import multivariate_normal
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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


def test_whole_weights_without_a_prior_are_repeated_rows():
    X, y = blobs()
    times = np.arange(120) % 3
    imputer = GaussianMixtureImputer(covariance="full", prior_strength=0)

    weighed = imputer.fit(X, y, sample_weight=times).predict_proba(X)
    repeated = imputer.fit(X.repeat(times, axis=0), y.repeat(times)).predict_proba(X)

    np.testing.assert_allclose(repeated, weighed, atol=1e-8)


@pytest.mark.parametrize("options", [{}, ONE, {"free_shares": True}, {"deltas": {"m": 1.0}}, {"min_probability": 0.99}])
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
    assert imputer.report_.missing["cells"] == 30


def test_new_rows_are_filled_without_fitting_again_and_known_cells_stay():
    frame, _ = people()
    imputer = GaussianMixtureImputer(column="sex", **ONE).fit(frame)
    new = pd.DataFrame({"height": [181.0, 160.0, 181.0, 161.0], "sex": [None, "NA", "f", "other"]}, index=[9, 9, 3, 1])

    filled = imputer.transform(new)

    pd.testing.assert_frame_equal(new.assign(sex=["m", "f", "f", "other"]), filled)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda sex: sex.astype("category"), id="category"),
        pytest.param(lambda sex: sex.map({"f": 0.0, "m": 1.0}), id="float"),
        pytest.param(lambda sex: sex.map({"f": False, "m": True}).astype("boolean"), id="boolean"),
    ],
)
def test_new_cells_hold_values_of_the_columns_own_kind(made):
    frame, truth = people()
    frame["sex"] = made(frame["sex"])
    imputer = GaussianMixtureImputer(column="sex", **ONE).fit(frame)
    whole = made(pd.Series(truth)).astype(frame["sex"].dtype)

    part = imputer.transform(frame.iloc[10:20])["sex"]
    all_missing = imputer.transform(frame.iloc[::5])["sex"]

    pd.testing.assert_series_equal(whole.iloc[10:20], part, check_names=False)
    pd.testing.assert_series_equal(whole.iloc[::5], all_missing, check_names=False)


def test_a_mark_in_new_rows_that_is_shaped_like_the_labels_is_asked_about():
    frame, _ = people(values=("US", "DE"))
    imputer = GaussianMixtureImputer(column="sex", **ONE).fit(frame)

    with pytest.raises(em_impute.DesignError, match="holds 'NA' in 1 cell: a missing mark, or a label"):
        imputer.transform(pd.DataFrame({"height": [170.0], "sex": ["NA"]}))


def test_texts_that_are_new_are_missing_however_many_they_are():
    frame, _ = people(100)
    frame["size"] = np.where(frame["height"] > 170, "XL", "S")
    imputer = GaussianMixtureImputer(column="sex").fit(frame)
    new = pd.DataFrame({"height": 175.0, "sex": None, "size": [f"size {k}" for k in range(80)] + ["XL "]})

    said = imputer.predict_proba(new)

    # Rows are told once if equal, and how many are computed together shows in the last digit.
    np.testing.assert_allclose(imputer.predict_proba(new.assign(size=None))[:80], said[:80], rtol=1e-12)
    np.testing.assert_allclose(imputer.predict_proba(new.iloc[80:].assign(size="XL")), said[80:], rtol=1e-12)


def test_predictors_of_one_name_are_told_apart_by_their_places():
    frame, truth = people(100)
    frame["size"] = np.where(frame["height"] > 170, "XL", "S")
    frame = frame.set_axis(["a", "sex", "a"], axis=1)

    filled = GaussianMixtureImputer(column="sex").fit_transform(frame)

    assert truth == filled["sex"].tolist()


@pytest.mark.parametrize(("cell", "told"), [("tall", "holds|has 1 cell"), (np.inf, "infinite values fit no model")])
def test_new_cells_that_are_no_numbers_where_numbers_were_learnt_are_refused(cell, told):
    imputer = GaussianMixtureImputer(column="sex", **ONE).fit(people()[0])

    with pytest.raises(em_impute.DesignError, match=told):
        imputer.transform(pd.DataFrame({"height": [170.0, cell], "sex": [None, None]}))


def test_arrays_are_filled_by_the_place_of_the_column():
    frame, truth = people(values=(0.0, 1.0), missing=np.nan)
    array = frame.to_numpy()

    filled = GaussianMixtureImputer(column=1, features=[0], **ONE).fit_transform(array)

    np.testing.assert_array_equal(np.column_stack([frame["height"], truth]), filled)


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA])
def test_labels_may_be_missing_in_y(missing):
    X, y = blobs()
    known = np.arange(120) % 3 > 0
    labels = pd.Series(np.where(known, y, None)).where(known, missing).astype(object)

    imputer = GaussianMixtureImputer(**ONE).fit(X, labels)

    assert [0, 1, 2] == imputer.classes_.tolist()
    assert imputer.report_.missing["cells"] == 40
    assert imputer.score(X, labels) == imputer.score(X[known], y[known])


def test_classes_are_in_the_order_of_their_values_and_not_of_their_texts():
    X, y = blobs()
    values = np.array([10, 9, -1])

    imputer = GaussianMixtureImputer(**ONE).fit(X, values[y])
    plain = GaussianMixtureImputer(**ONE).fit(X, y)

    assert [-1, 9, 10] == imputer.classes_.tolist()
    np.testing.assert_allclose(plain.predict_proba(X)[:, [2, 1, 0]], imputer.predict_proba(X), atol=1e-12)
    np.testing.assert_array_equal(values[plain.predict(X)], imputer.predict(X))


def test_groups_can_be_found_where_no_label_is_known():
    X, y = blobs(300)
    imputer = GaussianMixtureImputer(labels=["low", "mid", "high"], order_by=1).fit(
        X * [1.0, 3.0], np.full(300, np.nan)
    )

    found = imputer.predict(X * [1.0, 3.0])

    # The groups overlap; most rows are found in the one they were drawn from.
    assert ["low", "mid", "high"] == imputer.classes_.tolist()
    assert np.mean(np.array(["low", "mid", "high"])[y] == found) > 0.8


@pytest.mark.parametrize(
    ("X", "y", "told"),
    [
        ([[1.0], [2.0]], ["a", "a"], "y holds one class only, 'a'"),
        ([[1.0], [2.0]], ["a", "b", "a"], "inconsistent numbers of samples: X has 2, y has 3"),
        ([[1.0], [2.0]], [0.5, 1.5], "Unknown label type: continuous"),
        ([[1.0], [2.0]], None, "requires y to be passed"),
        ([[1.0], [1.0], [1.0], [1.0]], ["a", "a", "b", "b"], r"no numeric column is left to predict from \('x0': constant\)"),
        ([1.0, 2.0], ["a", "b"], r"Reshape your data"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_from_is_a_value_error(X, y, told):
    with pytest.raises(ValueError, match=told):
        GaussianMixtureImputer().fit(X, y)


def test_free_shares_need_rows_without_a_label():
    with pytest.raises(em_impute.FitError, match="free_shares learns from rows without a label, and there are none"):
        GaussianMixtureImputer(free_shares=True).fit(*blobs())


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform", "get_feature_names_out"])
def test_nothing_can_be_asked_before_fit_and_there_is_a_word_for_it_without_scikit_learn(method, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.exceptions", None)

    with pytest.raises(em_impute.NotFittedError, match="not fitted yet"):
        getattr(GaussianMixtureImputer(), method)([[1.0]])


def test_a_fitted_imputer_can_be_sent_and_says_the_same():
    X, y = blobs()
    imputer = GaussianMixtureImputer().fit(X, y)

    sent = pickle.loads(pickle.dumps(imputer))  # noqa: S301  # our own

    np.testing.assert_array_equal(imputer.predict_proba(X), sent.predict_proba(X))


def test_the_fit_can_be_saved_and_then_fills_new_frames_as_the_imputer_does(tmp_path):
    frame, _ = people()
    new, _ = people(seed=1)
    imputer = GaussianMixtureImputer(column="sex").fit(frame)
    imputer.fitted_model_.save(tmp_path / "m.json")

    filled, _ = em_impute.read_model(tmp_path / "m.json").fill(new)

    pd.testing.assert_frame_equal(imputer.transform(new), filled)


def test_the_fit_of_a_classifier_says_the_same_of_the_columns_by_their_names():
    X, y = blobs()
    labels = pd.Series(y, dtype="Int64").mask(np.arange(len(y)) % 6 == 0)
    imputer = GaussianMixtureImputer().fit(X, labels, sample_weight=np.arange(len(y)) % 4 + 0.5)

    said = imputer.fitted_model_.predict_proba(pd.DataFrame(X, columns=["x0", "x1"]))

    assert ["0", "1", "2"] == list(said.columns)
    np.testing.assert_allclose(imputer.predict_proba(X), said, atol=1e-11)  # twelve digits count


def test_a_clone_has_the_parameters_and_no_fit():
    imputer = GaussianMixtureImputer(column="sex", features=["height"], deltas={"m": 0.5}).fit(people()[0])

    copy = clone(imputer)

    assert imputer.get_params() == copy.get_params()
    assert not hasattr(copy, "model_")
    assert repr(copy) == "GaussianMixtureImputer(column='sex', features=['height'], deltas={'m': 0.5})"


def test_it_fills_a_column_within_a_pipeline():
    frame, truth = people(200, seed=3)
    target = (frame["height"] > 172).astype(int)
    prepare = ColumnTransformer(
        [("sex", GaussianMixtureImputer(column="sex", **ONE), ["height", "sex"])], verbose_feature_names_out=False
    ).set_output(transform="pandas")

    filled = prepare.fit_transform(frame, target)

    assert truth == filled["sex"].tolist()
    assert ["height", "sex"] == prepare.get_feature_names_out().tolist()


def test_as_a_classifier_it_can_be_cross_validated_and_stand_in_a_pipeline():
    X, y = blobs(240)
    pipeline = make_pipeline(StandardScaler(), GaussianMixtureImputer(**ONE))

    scores = cross_val_score(pipeline, X, y, cv=4)
    stacked = make_pipeline(GaussianMixtureImputer(**ONE), LogisticRegression()).fit(X, y)

    # The rule that knows the truth, the nearest mean, is right for 84 % of a million such rows; an SD of 60 is 5 %.
    assert is_classifier(pipeline)
    assert not is_classifier(GaussianMixtureImputer(column="sex"))
    assert scores.min() > 0.7
    assert stacked.score(X, y) > 0.7


def test_probabilities_come_as_a_frame_where_frames_are_asked_for():
    X, y = blobs()
    frame = pd.DataFrame(X, columns=["a", "b"], index=range(5, 125))
    imputer = GaussianMixtureImputer(**ONE).set_output(transform="pandas").fit(frame, np.array([*"xyz"])[y])

    said = imputer.transform(frame)

    assert ["p_x", "p_y", "p_z"] == said.columns.tolist()
    pd.testing.assert_index_equal(frame.index, said.index)
    np.testing.assert_array_equal(imputer.predict_proba(frame), said)


def test_columns_in_another_order_are_refused():
    frame, _ = people()
    imputer = GaussianMixtureImputer(column="sex", **ONE).fit(frame)

    with pytest.raises(em_impute.DesignError, match="must be in the same order as they were in fit"):
        imputer.transform(frame[["sex", "height"]])


def test_a_parameter_that_there_is_not_is_refused():
    with pytest.raises(em_impute.UsageError, match="Invalid parameter 'depth'"):
        GaussianMixtureImputer().set_params(depth=3)
