"""The rooms import downward only."""

import pytest
from sources import PACKAGE, imported, trees

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
    "stack": {"engine", "limits"},
    "missing": {"design", "engine", "errors", "labels", "metrics", "stack", "table"},
    "select": {"clusters", "design", "engine", "errors", "merging", "metrics", "missing", "stack"},
    "fitting": {"design", "engine", "missing", "ordering", "select", "stack"},
    "grouping": {"design", "engine", "errors", "fitting", "missing", "stack", "table"},
    "learnt": {"choose", "design", "engine", "fitting", "grouping", "labels", "missing", "table"},
    "findings": {"choose", "design", "engine", "errors", "fitting", "learnt", "metrics", "missing", "request", "select", "stack", "table"},
    "model": {"choose", "completion", "design", "engine", "findings", "merging", "missing", "request", "select", "stack", "table"},
    "schema_terms": set(),
    "saved": {
        "choose", "completion", "design", "engine", "errors", "findings", "fitting", "labels", "merging", "missing", "model", "opening", "request", "schema_terms", "select", "stack", "table",
    },
    "completion": {"choose", "design", "engine", "findings", "grouping", "labels", "missing", "select", "table"},
    "edits": {"completion", "engine", "errors", "request", "table"},
    "opening": {"completion", "errors", "grouping", "request", "table", "weighing"},
    "impute": {
        "choose", "completion", "design", "edits", "engine", "errors", "findings", "fitting", "grouping", "labels", "learnt", "missing", "opening", "ordering", "request", "select", "stack", "table",
    },
    "evaluate": {"completion", "design", "engine", "errors", "impute", "labels", "learnt", "metrics", "missing", "request", "table"},
    "explain": {"completion", "design", "engine", "errors", "impute", "labels", "ordering", "request", "table"},
    "scaled": {"backends", "choose", "completion", "edits", "engine", "errors", "findings", "impute", "labels", "merging", "model", "request", "saved", "stack", "table"},
    "report": {"choose", "clusters", "completion", "design", "engine", "errors", "evaluate", "explain", "findings", "impute", "labels", "metrics", "missing", "predictors", "request", "saved", "scaled", "schema_terms", "select", "stack", "table"},
    "api": {"choose", "completion", "edits", "engine", "errors", "impute", "labels", "model", "opening", "predictors", "report", "request", "saved", "table"},
    "cli": {"api", "completion", "missing", "design", "edits", "errors", "evaluate", "explain", "impute", "labels", "limits", "opening", "predictors", "report", "request", "saved", "scaled", "table"},
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


HEAVY = {
    "numpy", "pandas", "scipy", "rich", "em_impute.api", "em_impute.saved", "em_impute.impute", "em_impute.report",
    "em_impute.scaled", "em_impute.backends", "em_impute.table", "em_impute.engine",
}  # fmt: skip
"""What may not be imported before a command runs, since help and completion must answer at once."""


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def files():
    """Give every file that is in a room."""
    return [path for path in trees() if room_of(path) not in {"__init__", "__main__"}]


def rooms_of(path):
    """Give the rooms that a file imports from."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("em_impute.")}


def test_a_room_imports_only_from_rooms_below_it():
    too_high = {
        str(path): found for path in files() if (found := rooms_of(path) - {room_of(path)} - ALLOWED[room_of(path)])
    }

    assert len(files()) > 200
    assert too_high == {}


def test_each_library_is_imported_where_it_belongs():
    libraries = {(name.split(".")[0], room_of(path)) for path in files() for name in imported(path)}

    assert {(one, room) for one, room in libraries if one in ONLY_IN and room not in ONLY_IN[one]} == set()
    assert set(ONLY_IN) - {one for one, _ in libraries} == set()


@pytest.mark.parametrize(
    ("folder", "more"), [("page", set()), ("pictures", {"explain"})]
)  # `explain --animate` draws EM
def test_pages_and_pictures_import_no_fit(folder, more):
    rooms_used = [rooms_of(path) for path in sorted((PACKAGE / "report" / folder).rglob("*.py"))]
    words_and_formulas = {"report", "engine", "metrics", "table", "errors"}  # no values of a run

    assert len(rooms_used) > 8
    assert set().union(*rooms_used) <= words_and_formulas | more


def test_the_rooms_that_may_be_imported_form_no_circle():
    below = {}
    while len(below) < len(ALLOWED):
        ready = [room for room, needs in ALLOWED.items() if room not in below and needs <= set(below)]
        assert ready, "a circle"
        below.update(dict.fromkeys(ready))


def test_the_command_line_imports_no_heavy_library_before_a_command_runs():
    at_top = [name for path in files() if room_of(path) == "cli" for name in imported(path, only_at_top=True)]

    assert "em_impute.errors" in at_top
    assert [name for name in at_top if any(f"{name}.".startswith(f"{one}.") for one in HEAVY)] == []


def test_no_room_imports_scikit_learn_before_it_is_asked_to():
    at_top = [name for path in files() for name in imported(path, only_at_top=True)]

    assert [name for name in at_top if name.split(".")[0] == "sklearn"] == []


def test_every_covariance_family_can_be_asked_for():
    from em_impute.cli.values import CovarianceName
    from em_impute.engine.families import FAMILIES

    assert [name.value for name in CovarianceName] == ["auto", *FAMILIES]
