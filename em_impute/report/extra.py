"""What the extra `report` installs, and may be missing: a page takes Jinja2, an animation matplotlib."""

from importlib.util import find_spec

from em_impute.errors import UsageError, how_to_install

INSTALL_HINT = how_to_install("report")

PAGE, ANIMATION = ("Jinja2", "jinja2"), ("matplotlib", "matplotlib")
"""What they take: its name, and how it is imported."""


def can_write_pages() -> bool:
    """Tell whether a page can be written, without the time that importing what it takes would take."""
    return find_spec(PAGE[1]) is not None


def refuse_without(library: tuple[str, str], what: str) -> None:
    """Raise UsageError where `what` was asked for and the library that it takes is missing."""
    name, module = library
    if find_spec(module) is None:
        raise UsageError(f"{what} needs {name}, which is not installed", INSTALL_HINT)
