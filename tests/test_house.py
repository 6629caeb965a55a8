"""Every file, function and name is as a newcomer may expect; what the linter cannot see of that."""

import ast
import dataclasses
import importlib
from pathlib import Path

import pytest

from em_impute.request import Request

PACKAGE = Path(__file__).parent.parent / "em_impute"
PATHS = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PATHS}

SCREEN = 45
"""Lines of a function between its docstring and its end."""

LONGER = {"fill"}
"""The command with the most options, which hands them on one a line."""


def name_of(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): tree for path, tree in TREES.items()}


def public_of(module):
    """Give what a module says to be public; None where it says nothing."""
    for node in MODULES[module].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def length_of(function):
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def test_a_function_fits_a_screen():
    functions = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]

    assert {one.name for one in functions if length_of(one) > SCREEN} == LONGER


@pytest.mark.parametrize("module", [name for name in MODULES if public_of(name) is not None])
def test_a_module_lists_its_functions_and_classes_and_what_is_not_there_it_does_not_list(module):
    nodes = [node for node in MODULES[module].body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    listed = public_of(module)

    assert {node.name for node in nodes if not node.name.startswith("_")} <= listed
    assert [name for name in listed if not hasattr(importlib.import_module(module), name)] == []


def test_a_module_imports_only_what_another_lists():
    imported = [
        (node.module, one.name)
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in MODULES and public_of(node.module) is not None
        for one in node.names
        if one.name != "*" and f"{node.module}.{one.name}" not in MODULES
    ]

    assert len(imported) > 500
    assert {(module, name) for module, name in imported if name not in public_of(module)} == set()


def test_everything_that_a_user_can_ask_for_is_looked_at():
    beyond = [tree for path, tree in TREES.items() if "cli" not in path.parts]
    looked_at = {node.attr for tree in beyond for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert {field.name for field in dataclasses.fields(Request)} <= looked_at
