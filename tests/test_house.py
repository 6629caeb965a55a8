"""Every file, function and name is as a newcomer may expect; what the linter cannot see of that."""

import ast
import dataclasses

from sources import PACKAGE, trees

import em_impute
from em_impute.options import Request

SCREEN = 45
"""Lines of a function between its docstring and its end."""


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


def test_an_underscore_says_that_only_its_own_module_calls_a_function():
    """Attributes count by their names alone: a method, a callback or `module.function` may be meant."""
    functions = {node.name for tree in trees().values() for node in tree.body if isinstance(node, ast.FunctionDef)}
    beside = [path for room in ("tests", "docs", "benchmarks") for path in (PACKAGE.parent / room).rglob("*.py")]
    callers = [*trees().values(), *(ast.parse(path.read_text(encoding="utf-8")) for path in beside)]
    nodes = [node for tree in callers for node in ast.walk(tree)]
    taken = {one.name for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names}
    taken |= {node.attr for node in nodes if isinstance(node, ast.Attribute)} | set(em_impute.__all__)
    within = [node for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in within if node.module and node.module.startswith("em_impute")]

    assert len(functions) > 800
    assert {name for name in functions - taken if not name.startswith("_")} == set()
    assert {one.name for node in ours for one in node.names if one.name.startswith("_")} == set()


def test_everything_that_a_user_can_ask_for_is_looked_at():
    beyond = [tree for path, tree in trees().items() if "cli" not in path.relative_to(PACKAGE).parts]
    looked_at = {node.attr for tree in beyond for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert {field.name for field in dataclasses.fields(Request)} <= looked_at
