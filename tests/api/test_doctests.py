"""Everything public has an example in its docstring, which runs in any folder."""

import doctest
import importlib
import inspect

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
assert {f"FittedModel.{name}" for name in ("fill", "updated", "save")} <= PUBLIC.keys()  # methods are among them


def test_the_example_of_every_public_name_runs(tmp_path, monkeypatch):
    failed = []
    for number, (name, value) in enumerate(PUBLIC.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        home = inspect.unwrap(value.fget if isinstance(value, property) else value).__module__
        (example,) = doctest.DocTestFinder(recurse=False).find(value, name, importlib.import_module(home))
        result = doctest.DocTestRunner().run(example)
        failed += [name] if result.failed or result.attempted < 2 else []

    assert [] == failed
