"""Everything public has an example, which runs in any folder: in its docstring, or in that of its class."""

import doctest
import importlib
import inspect

import em_impute


def public():
    """Give everything that has a docstring of its own, by what users call it; the errors are one family."""
    return {"EmImputeError": em_impute.EmImputeError, **{name: getattr(em_impute, name) for name in em_impute.LATE}}


def members():
    """Give the methods and properties of the public classes, each with the docstrings that may show it."""
    for name, value in public().items():
        if inspect.isclass(value):
            for member, own in vars(value).items():
                if not member.startswith("_") and (callable(own) or isinstance(own, property)):
                    yield name, member, f"{value.__doc__}{own.__doc__}"


def test_the_example_of_every_public_name_runs(tmp_path, monkeypatch):
    failed = []
    for number, (name, value) in enumerate(public().items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        home = inspect.unwrap(value).__module__
        (example,) = doctest.DocTestFinder(recurse=False).find(value, name, importlib.import_module(home))
        result = doctest.DocTestRunner().run(example)
        failed += [name] if result.failed or result.attempted < 2 else []

    assert [] == failed


def test_every_method_is_in_an_example():
    shown = {f"{name}.{member}": f".{member}" in example for name, member, example in members()}

    assert shown["FittedModel.save"]
    assert {name for name, is_shown in shown.items() if not is_shown} == set()
