"""Read by Python when it starts: the extra `report` is installed for the tests, and its matplotlib hidden here."""

import sys
from importlib.machinery import PathFinder


class Hide(PathFinder):
    """Finds no matplotlib."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] != "matplotlib":
            return super().find_spec(name, path, target)
        return None


sys.meta_path[sys.meta_path.index(PathFinder)] = Hide
