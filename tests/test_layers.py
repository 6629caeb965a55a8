"""The rooms import downward only."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "em_impute"

ALLOWED = {
    "errors": set(),
    "limits": set(),
    "request": {"errors"},
    "engine": {"errors"},
    "table": {"errors"},
    "metrics": {"engine"},
    "choose": {"engine", "table"},
    "labels": {"engine", "errors", "request", "table"},
    "weighing": {"engine", "errors", "table"},
    "merging": {"engine", "table"},
    "backends": {"errors", "limits"},
    "predictors": {"engine", "errors", "table"},
    "design": {"labels", "merging", "predictors", "engine", "errors", "table"},
    "ordering": {"design", "engine", "errors"},
    "clusters": {"design", "engine", "errors"},
    "stack": {"engine", "errors", "limits"},
    "select": {"clusters", "design", "engine", "errors", "merging", "metrics", "stack"},
    "fitting": {"choose", "design", "engine", "ordering", "select", "stack"},
    "grouping": {"design", "engine", "errors", "fitting", "select", "stack", "table"},
    "learnt": {"choose", "design", "engine", "fitting", "grouping", "labels", "table"},
    "findings": {"choose", "design", "engine", "errors", "fitting", "learnt", "merging", "metrics", "request", "select", "stack", "table"},
    "model": {"choose", "completion", "design", "engine", "findings", "fitting", "merging", "request", "select", "stack", "table"},
    "schema_terms": set(),
    "saved": {
        "choose", "completion", "design", "engine", "errors", "findings", "fitting", "labels", "merging", "metrics", "model", "opening", "request", "schema_terms", "select", "stack", "table",
    },
    "completion": {"choose", "design", "engine", "findings", "grouping", "labels", "learnt", "select", "table"},
    "edits": {"completion", "engine", "errors", "request", "table"},
    "opening": {"completion", "errors", "grouping", "request", "table", "weighing"},
    "impute": {
        "choose", "completion", "design", "edits", "engine", "errors", "findings", "fitting", "grouping", "labels", "learnt", "opening", "ordering", "request", "select", "table",
    },
    "evaluate": {"completion", "design", "engine", "errors", "impute", "findings", "labels", "learnt", "metrics", "request", "table"},
    "explain": {"completion", "design", "engine", "errors", "impute", "labels", "ordering", "request", "table"},
    "scaled": {"backends", "choose", "completion", "design", "edits", "engine", "errors", "findings", "fitting", "impute", "labels", "merging", "model", "request", "saved", "stack", "table"},
    "report": {"choose", "clusters", "completion", "design", "engine", "errors", "evaluate", "explain", "findings", "impute", "labels", "metrics", "predictors", "request", "saved", "scaled", "schema_terms", "select", "stack", "table"},
    "api": {"choose", "completion", "edits", "engine", "errors", "impute", "labels", "model", "opening", "predictors", "report", "request", "saved", "table"},
    "cli": {"api", "completion", "design", "edits", "errors", "evaluate", "explain", "impute", "labels", "limits", "opening", "predictors", "report", "request", "saved", "scaled", "table"},
}  # fmt: skip

ONLY_IN = {
    "typer": {"cli"},
    "rich": {"report"},
    "matplotlib": {"report"},
    "jinja2": {"report"},
    "markupsafe": {"report"},
    "PIL": {"report"},
    "pandas": {"api", "table", "merging"},
    "sklearn": {"api"},
    "dask": {"backends"},
    "distributed": {"backends"},
    "fsspec": {"scaled"},
}


def rooms():
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        room = inside.parts[0].removesuffix(".py")
        if room not in {"__init__", "__main__"}:
            yield room, inside, path


def imported(path, *, only_at_top=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if only_at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize(
    ("room", "inside", "path"), list(rooms()), ids=lambda value: str(value) if isinstance(value, Path) else ""
)
def test_a_room_imports_only_from_rooms_below_it(room, inside, path):
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("em_impute.")}

    assert ours - {room} <= ALLOWED[room]


@pytest.mark.parametrize(
    ("room", "inside", "path"), list(rooms()), ids=lambda value: str(value) if isinstance(value, Path) else ""
)
def test_each_library_is_imported_where_it_belongs(room, inside, path):
    for library, allowed in ONLY_IN.items():
        if room not in allowed:
            assert not [name for name in imported(path) if name.split(".")[0] == library]


@pytest.mark.parametrize(
    ("folder", "more"), [("page", set()), ("pictures", {"explain"})]
)  # `explain --animate` draws EM
def test_pages_and_pictures_import_no_fit(folder, more):
    files = sorted((PACKAGE / "report" / folder).rglob("*.py"))
    rooms_used = {name.split(".")[1] for path in files for name in imported(path) if name.startswith("em_impute.")}

    assert len(files) > 8
    assert (
        rooms_used <= {"report", "engine", "metrics", "table", "errors"} | more
    )  # words and formulas, no values of a run


def test_the_rooms_that_may_be_imported_form_no_circle():
    below = {}
    while len(below) < len(ALLOWED):
        ready = [room for room, needs in ALLOWED.items() if room not in below and needs <= set(below)]
        assert ready, "a circle"
        below.update(dict.fromkeys(ready))


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").rglob("*.py")), ids=lambda path: path.stem)
def test_the_command_line_imports_no_heavy_library_before_a_command_runs(path):
    heavy = {
        "numpy",
        "pandas",
        "scipy",
        "rich",
        "em_impute.api",
        "em_impute.saved",
        "em_impute.impute",
        "em_impute.report",
        "em_impute.scaled",
        "em_impute.backends",
        "em_impute.table",
        "em_impute.engine",
    }
    at_top = set(imported(path, only_at_top=True))

    assert not {name for name in at_top if any(name == one or name.startswith(f"{one}.") for one in heavy)}


def test_no_room_imports_scikit_learn_before_it_is_asked_to():
    at_top = {name for _, _, path in rooms() for name in imported(path, only_at_top=True)}

    assert not {name for name in at_top if name.split(".")[0] == "sklearn"}


def test_every_covariance_family_can_be_asked_for():
    from em_impute.cli.values import CovarianceName
    from em_impute.engine.families import FAMILIES

    assert [name.value for name in CovarianceName] == ["auto", *FAMILIES]


def test_no_file_is_longer_than_a_reader_bears():
    long = {
        path.name: n
        for path in PACKAGE.rglob("*.py")
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }

    assert long == {}
