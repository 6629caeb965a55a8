"""scikit-learn's own checks of an estimator, one test each."""

from functools import partial

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from em_impute import GaussianMixtureImputer

CANNOT_HOLD = {
    "check_sample_weight_equivalence_on_dense_data": "weights are relative, with mean 1, so that a prior that is worth "
    "so many rows is worth as many with weights; repeated rows are more rows, in other folds"
}


def called(value):
    if isinstance(value, GaussianMixtureImputer):
        return "imputer"
    function = value.func if isinstance(value, partial) else value
    given = [f"{name}={value}" for name, value in value.keywords.items()] if isinstance(value, partial) else []
    return " ".join([function.__name__, *(one for one in given if not one.startswith("name="))])


def checks(**options):
    """Parametrize by all checks of an imputer with some options."""
    imputer = GaussianMixtureImputer(**options)
    cases = list(estimator_checks_generator(imputer, expected_failed_checks=CANNOT_HOLD, mark="xfail"))
    return pytest.mark.parametrize(("estimator", "check"), cases, ids=called)


@checks(covariance="tied")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_an_imputer_of_one_mixture_passes_what_scikit_learn_asks_of_estimators(estimator, check):
    check(estimator)
