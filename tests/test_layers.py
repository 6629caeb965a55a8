"""The rooms import downward only."""

import pytest
from sources import PACKAGE, imported, trees

FLOORS = (
    {"environment", "errors", "serialize"},
    {"options", "schema_terms"},
    {"em", "table"},
    {"ensemble", "columns"},
    {"missingness"},
    {"model"},
    {"diagnostics", "saved_model"},
    {"pipeline"},
    {"report"},
    {"api"},
    {"cli"},
)
"""The rooms from the ground up: a room imports from floors below its own."""

ONLY_IN = {
    "typer": {"cli"},
    "rich": {"report"},
    "matplotlib": {"report"},
    "jinja2": {"report"},
    "markupsafe": {"report"},
    "PIL": {"report"},
    "pandas": {"api", "columns", "table"},
    "sklearn": {"api"},
    "dask": {"pipeline"},
    "distributed": {"pipeline"},
    "fsspec": {"pipeline"},
}


HEAVY = {
    "numpy", "pandas", "scipy", "rich", "em_impute.api", "em_impute.saved_model", "em_impute.pipeline", "em_impute.report",
    "em_impute.table", "em_impute.em",
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


def test_a_room_imports_only_from_floors_below_it():
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    too_high = {
        (str(path), room)
        for path in files()
        for room in rooms_of(path) - {room_of(path)}
        if floor[room] >= floor[room_of(path)]
    }

    assert len(files()) > 150
    assert too_high == set()


def test_each_library_is_imported_where_it_belongs():
    libraries = {(name.split(".")[0], room_of(path)) for path in files() for name in imported(path)}

    assert {(one, room) for one, room in libraries if one in ONLY_IN and room not in ONLY_IN[one]} == set()
    assert set(ONLY_IN) - {one for one, _ in libraries} == set()


@pytest.mark.parametrize(
    ("folder", "more"), [("page", set()), ("pictures", {"pipeline"})]
)  # `explain --animate` draws EM
def test_pages_and_pictures_import_no_fit(folder, more):
    rooms_used = [rooms_of(path) for path in sorted((PACKAGE / "report" / folder).rglob("*.py"))]
    words_and_formulas = {"report", "em", "ensemble", "table", "errors"}  # no values of a run

    assert len(rooms_used) > 8
    assert set().union(*rooms_used) <= words_and_formulas | more


def test_the_command_line_imports_no_heavy_library_before_a_command_runs():
    at_top = [name for path in files() if room_of(path) == "cli" for name in imported(path, only_at_top=True)]

    assert "em_impute.errors" in at_top
    assert [name for name in at_top if any(f"{name}.".startswith(f"{one}.") for one in HEAVY)] == []


def test_scikit_learn_is_imported_by_its_estimator_alone():
    importing = {path.name for path in files() for name in imported(path) if name.split(".")[0] == "sklearn"}

    assert importing == {"imputer.py"}


def test_every_covariance_family_can_be_asked_for():
    from em_impute.cli.values import CovarianceName
    from em_impute.em.families import FAMILIES

    assert [name.value for name in CovarianceName] == ["auto", *FAMILIES]
