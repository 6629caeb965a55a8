"""The examples in the docstrings of everything public run, in any folder."""

import doctest
import importlib

import pytest

import em_impute

PUBLIC = [name for name in em_impute.__all__ if name in em_impute.LATE]


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of_a_public_name_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    value = getattr(em_impute, name)

    (example,) = doctest.DocTestFinder(recurse=False).find(value, name, importlib.import_module(value.__module__))
    result = doctest.DocTestRunner().run(example)

    assert result.failed == 0
    assert result.attempted > 1
