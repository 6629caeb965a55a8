"""Whether pictures can be drawn: matplotlib and Jinja2 come with the extra `report` and may be missing."""

from importlib.util import find_spec

from em_impute.errors import UsageError

INSTALL_HINT = "pip install 'em-impute[report]'"


def can_draw() -> bool:
    """Tell whether the extra is installed, without the time that importing it takes."""
    return all(find_spec(name) is not None for name in ("matplotlib", "jinja2"))


def refuse_without_extra(what: str) -> None:
    """Raise UsageError where `what` was asked for and the extra is missing."""
    if not can_draw():
        raise UsageError(f"{what} takes matplotlib and Jinja2, which are not installed", INSTALL_HINT)
