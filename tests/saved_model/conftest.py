"""Saved models for the tests of this folder, each fitted once."""

from pathlib import Path

import pytest
from builders import silent

from em_impute.options import Request
from em_impute.pipeline.complete import complete_all
from em_impute.pipeline.open import open_table
from em_impute.pipeline.save import make_model

SAMPLES = Path(__file__).parents[2] / "sample_data"


def model_of(path, column, **options):
    """Fit a column of a file, and keep the model."""
    request = Request(path=path, columns=(column,), keeps_model=True, examined=False, **options)
    with open_table(request, silent) as opened:
        completions = complete_all(opened, request, silent)
        return make_model(opened, completions, request, "2026-11-28T00:00:00Z")


@pytest.fixture(scope="session")
def of_penguins():
    """One mixture of three numbers with gaps."""
    features = ("bill_length_mm", "flipper_length_mm", "body_mass_g")
    return model_of(SAMPLES / "penguins.csv", "species", features=features, covariance="full")


@pytest.fixture(scope="session")
def of_categories():
    """The leading mixture of a stack, with categories."""
    return model_of(SAMPLES / "penguins.csv", "species", single=True)


@pytest.fixture(scope="session")
def of_groups():
    """A fit of all rows and some of groups."""
    features = ("bill_length_mm", "body_mass_g")
    return model_of(SAMPLES / "penguins.csv", "sex", features=features, by="species", covariance="tied")
