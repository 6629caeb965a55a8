"""Read by Python when it starts: the extra `report` is installed for the tests, and what it brings hidden here."""

import sys
from importlib.machinery import PathFinder


class Hide(PathFinder):
    """Finds neither matplotlib nor Jinja2."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] not in {"matplotlib", "jinja2"}:
            return super().find_spec(name, path, target)
        return None


sys.meta_path[sys.meta_path.index(PathFinder)] = Hide
