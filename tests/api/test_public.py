"""What the package itself offers, and what asking for it imports."""

import inspect
import pickle
import subprocess
import sys

import pytest

import em_impute


@pytest.mark.parametrize("name", em_impute.__all__)
def test_every_public_name_is_there_and_listed(name):
    assert getattr(em_impute, name) is not None
    assert name in dir(em_impute)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'fil'"):
        em_impute.fil  # noqa: B018  # asking is the point


def test_importing_the_package_and_listing_it_imports_no_heavy_library():
    program = "import em_impute, sys; dir(em_impute); print({'numpy', 'pandas', 'scipy', 'sklearn'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout

    assert printed == "set()\n"


def test_nothing_imports_scikit_learn_before_scikit_learn_asks():
    program = (
        "import em_impute, sys; imputer = em_impute.GaussianMixtureImputer(covariance='tied');"
        "imputer.fit([[1.0], [1.2], [1.1], [3.0], [3.1], [3.3]], list('aaabbb')).transform([[1.0]]);"
        "print('sklearn' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout

    assert printed == "False\n"


@pytest.mark.parametrize("name", ["ColumnError", "DesignError", "FitError", "TableError", "UsageError"])
def test_errors_that_blame_the_data_or_an_option_are_value_errors(name):
    error = getattr(em_impute, name)("what", "what to do")

    assert isinstance(error, ValueError)
    assert isinstance(error, em_impute.EmImputeError)


def test_errors_can_be_sent_between_processes():
    sent = pickle.loads(pickle.dumps(em_impute.DesignError("what", "what to do")))  # noqa: S301  # our own

    assert (sent.message, sent.hint) == ("what", "what to do")


@pytest.mark.parametrize("name", [name for name in em_impute.__all__ if inspect.isclass(getattr(em_impute, name))])
def test_every_public_class_says_what_it_is(name):
    assert inspect.getdoc(getattr(em_impute, name))
