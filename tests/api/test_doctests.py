"""Everything public has an example in its docstring, which runs in any folder."""

import doctest
import importlib
import inspect

import pytest

import em_impute


def public():
    """Give everything that has a docstring of its own, by what users call it; the errors are one family."""
    yield "EmImputeError", em_impute.EmImputeError
    for name in em_impute.LATE:
        value = getattr(em_impute, name)
        yield name, value
        if inspect.isclass(value):
            for member in sorted(dir(value)):
                own = inspect.getattr_static(value, member)
                if not member.startswith("_") and (callable(own) or isinstance(own, property)):
                    yield f"{name}.{member}", own


PUBLIC = dict(public())


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of_a_public_name_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    value = PUBLIC[name]
    home = inspect.unwrap(value.fget if isinstance(value, property) else value).__module__

    (example,) = doctest.DocTestFinder(recurse=False).find(value, name, importlib.import_module(home))
    result = doctest.DocTestRunner().run(example)

    assert result.failed == 0
    assert result.attempted > 1


def test_methods_and_properties_of_the_public_classes_are_among_them():
    names = {name.partition(".")[2] for name in PUBLIC}

    assert {"fit", "transform", "set_output", "frame", "report", "columns", "updated", "to_json"} <= names
