"""What the package itself offers, and what asking for it imports."""

import pickle
import subprocess
import sys

import em_impute


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


def test_errors_that_blame_the_data_or_an_option_are_value_errors():
    for name in ("ColumnError", "DesignError", "FitError", "TableError", "UsageError"):
        assert issubclass(getattr(em_impute, name), ValueError)
        assert issubclass(getattr(em_impute, name), em_impute.EmImputeError)


def test_errors_can_be_sent_between_processes():
    sent = pickle.loads(pickle.dumps(em_impute.DesignError("what", "what to do")))  # noqa: S301  # our own

    assert (sent.message, sent.hint) == ("what", "what to do")
