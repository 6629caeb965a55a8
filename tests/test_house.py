"""Every file, function and name is as a newcomer may expect; what the linter cannot see of that."""

import ast
import dataclasses
import importlib

from sources import PACKAGE, trees

from em_impute.options import Request

SCREEN = 45
"""Lines of a function between its docstring and its end."""


def modules():
    """Give the syntax of every module, by its name."""
    names = (".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in trees())
    return dict(zip((name.removesuffix(".__init__") for name in names), trees().values(), strict=True))


def public():
    """Give what each module says to be public, where it says something."""
    return {
        name: set(ast.literal_eval(node.value))
        for name, tree in modules().items()
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    }


def length_of(function):
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def test_a_function_fits_a_screen():
    functions = [node for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]

    assert len(functions) > 1000
    assert {one.name for one in functions if length_of(one) > SCREEN} == set()


def test_no_file_is_longer_than_a_reader_bears():
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in trees()}

    assert {name: lines for name, lines in lengths.items() if lines > 350} == {}


def test_a_module_lists_its_functions_and_classes_and_what_is_not_there_it_does_not_list():
    unlisted, missing = {}, {}
    for module, listed in public().items():
        nodes = [one for one in modules()[module].body if isinstance(one, ast.FunctionDef | ast.ClassDef)]
        unlisted[module] = {node.name for node in nodes if not node.name.startswith("_")} - listed
        missing[module] = {name for name in listed if not hasattr(importlib.import_module(module), name)}

    assert len(unlisted) > 200
    assert {module: names for module, names in unlisted.items() if names} == {}
    assert {module: names for module, names in missing.items() if names} == {}


def test_a_module_imports_only_what_another_lists():
    listed, known = public(), modules()
    imported = {
        (node.module, one.name)
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in listed
        for one in node.names
        if one.name != "*" and f"{node.module}.{one.name}" not in known
    }

    assert len(imported) > 400
    assert {(module, name) for module, name in imported if name not in listed[module]} == set()


def test_everything_that_a_user_can_ask_for_is_looked_at():
    beyond = [tree for path, tree in trees().items() if "cli" not in path.relative_to(PACKAGE).parts]
    looked_at = {node.attr for tree in beyond for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert {field.name for field in dataclasses.fields(Request)} <= looked_at
