"""The rooms import downward only."""

import ast
import re
from typing import get_args

from sources import PACKAGE, imported, trees

FLOORS = (
    {"errors"},
    {"environment", "options", "serialize"},
    {"checks", "em", "table"},
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
}


HEAVY = {
    "numpy", "pandas", "scipy", "rich", "em_impute.api", "em_impute.saved_model", "em_impute.pipeline", "em_impute.report",
    "em_impute.table", "em_impute.em",
}  # fmt: skip
"""What may not be imported before a command runs, since help and completion must answer at once."""


VALUES = {
    f"em_impute.{one}"
    for one in ("diagnostics.values", "ensemble.values", "missingness.values", "pipeline.reasons", "saved_model.values")
}
"""What is found and reports hold as it is."""

OPTION = re.compile(r"(?<!tr )(?<!ulimit )(?<![\w'-])(--[a-z][a-z-]+|-[cdeorx])(?![\w-])")
"""An option as our command line spells it, and not that of another command."""


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


def test_no_module_imports_itself_by_way_of_others():
    modules = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in trees()}
    imports = {name: {*imported(path)} & {*modules} - {name} for name, path in modules.items()}
    on_the_way, done = [], set()

    def visit(name):
        assert name not in on_the_way, " → ".join([*on_the_way[on_the_way.index(name) :], name])
        if name not in done:
            on_the_way.append(name)
            for other in sorted(imports[name]):
                visit(other)
            done.add(on_the_way.pop())

    for name in imports:
        visit(name)

    assert len(done) > 150


def test_what_is_made_of_a_report_knows_nothing_of_the_run():
    rooms_used = {
        path.name: {
            name.split(".")[1] for name in imported(path) if name.startswith("em_impute.") and name not in VALUES
        }
        for folder in ("document", "page", "charts")
        for path in sorted((PACKAGE / "report" / folder).glob("*.py"))
        if path.name != "animation.py"  # `explain --animate` draws EM
    }

    assert len(rooms_used) > 10
    assert set().union(*rooms_used.values()) <= {"report", "em", "ensemble", "serialize", "table"}  # words and formulas


def test_no_message_below_the_command_line_spells_an_option():
    """In reports, and in what a schema says of a model, the words of the command line stand for both."""
    below = {path: tree for path, tree in trees().items() if room_of(path) not in {"cli", "report"}}
    spelled = {text for tree in below.values() for text in texts(tree) if OPTION.search(text) and "duckdb" not in text}

    assert len(below) > 100
    assert spelled == set()


def texts(tree):
    """Give the texts in a file but those that say what modules, functions, classes and fields are."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Annotated":
            told |= {id(mark) for mark in ast.walk(node.slice)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in told]
    return [node.value for node in constants if isinstance(node.value, str)]


def test_the_command_line_imports_no_heavy_library_before_a_command_runs():
    first = [path for path in files() if room_of(path) == "cli" and path.name != "fill_table.py"]
    at_top = [name for path in first for name in imported(path, only_at_top=True)]

    assert "em_impute.errors" in at_top
    assert [name for name in at_top if any(f"{name}.".startswith(f"{one}.") for one in HEAVY)] == []


def test_matplotlib_is_imported_by_the_animation_alone_and_scikit_learn_by_its_estimator():
    importing = {(name.split(".")[0], path.name) for path in files() for name in imported(path)}

    assert {one for one in importing if one[0] in {"matplotlib", "sklearn"}} == {
        ("matplotlib", "animation.py"),
        ("sklearn", "imputer.py"),
    }


def test_every_covariance_family_can_be_asked_for():
    from em_impute.em.families import FAMILIES
    from em_impute.options import Covariance

    assert [*get_args(Covariance)] == ["auto", *FAMILIES]
