"""What the package itself offers, and what asking for it imports."""

import subprocess
import sys

import em_impute


def test_importing_the_package_and_listing_it_imports_no_heavy_library():
    program = "import em_impute, sys; dir(em_impute); print({'numpy', 'pandas', 'scipy', 'sklearn'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout

    assert printed == "set()\n"


WITHOUT = """
import sys
sys.modules["sklearn"] = None
import pandas
from em_impute import *
frame = fill(pandas.DataFrame({"x": [1.0, 1.2, 3.0, 3.1, 3.2], "kind": [*"aabb", None]}), "kind", covariance="tied").frame
print(frame["kind"].iloc[-1])
import em_impute
try:
    em_impute.GaussianMixtureImputer
except em_impute.EmImputeError as error:
    print(error, error.hint, "GaussianMixtureImputer" in dir(em_impute), sep="\\n")
"""


def test_without_scikit_learn_everything_works_but_the_estimator_which_is_refused_with_a_hint():
    printed = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, check=True, text=True).stdout

    assert printed.splitlines() == [
        "b",
        "GaussianMixtureImputer needs scikit-learn 1.6 or newer, which is not installed",
        "pip install '.[sklearn]' in a checkout of em-impute",
        "False",
    ]


def test_errors_that_blame_the_data_or_an_option_are_value_errors():
    for name in ("ColumnError", "DesignError", "FitError", "TableError", "UsageError"):
        assert issubclass(getattr(em_impute, name), ValueError)
        assert issubclass(getattr(em_impute, name), em_impute.EmImputeError)
