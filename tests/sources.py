"""The package as the parser sees it, each file parsed once, and only where a test asks."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "em_impute"


@cache
def trees():
    """Give the syntax of every file of the package."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path, *, only_at_top=False):
    """Yield the modules that a file imports, anywhere or before a function is called."""
    tree = trees()[path]
    for node in tree.body if only_at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
