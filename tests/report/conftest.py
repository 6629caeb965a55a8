"""Reports that many tests look at and none changes."""

import pandas as pd
import pytest
from reported import SAMPLES, applied_to, report_of


@pytest.fixture(scope="session")
def heights(tmp_path_factory):
    """Two labels and one measurement, which decides alone."""
    return report_of(tmp_path_factory.mktemp("heights"), (SAMPLES / "heights.csv").read_bytes(), "gender")


@pytest.fixture(scope="session")
def penguins(tmp_path_factory):
    """Two labels, several measurements and categories, few cells to fill."""
    return report_of(tmp_path_factory.mktemp("penguins"), (SAMPLES / "penguins.csv").read_bytes(), "sex")


@pytest.fixture(scope="session")
def faithful(tmp_path_factory):
    """No label known."""
    folder = tmp_path_factory.mktemp("faithful")
    return report_of(folder, (SAMPLES / "faithful.csv").read_bytes(), "kind", labels=("short", "long"))


@pytest.fixture(scope="session")
def taller():
    """What a saved model says of people who are 12 cm taller than those that it was fitted to."""
    people = pd.read_csv(SAMPLES / "heights.csv")
    return applied_to(people, people.assign(height=people["height"] + 12.0), "gender")[1]


@pytest.fixture(params=["penguins", "faithful", "taller"])
def saved(request):
    """Each of those whose pages differ most."""
    return request.getfixturevalue(request.param)
