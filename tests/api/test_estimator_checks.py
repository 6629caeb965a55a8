"""scikit-learn's own checks of an estimator, one test each."""

import warnings
from functools import partial

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from em_impute import GaussianMixtureImputer

CANNOT_HOLD = {
    "check_sample_weight_equivalence_on_dense_data": "weights are relative, with mean 1, so that a prior that is worth "
    "so many rows is worth as many with weights; repeated rows are more rows, in other folds",
}

with warnings.catch_warnings():
    # It cannot inherit from what need not be installed.
    warnings.filterwarnings("ignore", ".*does not inherit from `sklearn.base.BaseEstimator`")
    CHECKS = list(
        estimator_checks_generator(GaussianMixtureImputer(), expected_failed_checks=CANNOT_HOLD, mark="xfail")
    )


def called(check):
    function = check.func if isinstance(check, partial) else check
    given = [f"{name}={value}" for name, value in check.keywords.items()] if isinstance(check, partial) else []
    return " ".join([function.__name__, *(one for one in given if not one.startswith("name="))])


@pytest.mark.parametrize(
    ("estimator", "check"),
    CHECKS,
    ids=lambda value: "imputer" if isinstance(value, GaussianMixtureImputer) else called(value),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_the_imputer_passes_what_scikit_learn_asks_of_estimators(estimator, check):
    check(estimator)
