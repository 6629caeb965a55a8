"""Everything that can go wrong for a reason the user can act on.

One family, so that the command line can turn any of them into two lines on standard error and an exit code from the
list.  The core raises these; only the command line prints them.  Those that blame the data or an option are
`ValueError`s too, which is what people who call a Python library expect.

Messages name an option by `option`.  Where they leave the program, `spelled` writes it as the user would: as a flag of
the command line, or as a parameter of Python.
"""

import re
from collections.abc import Callable
from enum import IntEnum

OPTION = re.compile(r"\0(\w+)(?:=([^\0]*))?\0")
"""An option in a message, between characters that no path holds, and no cell or name that a message quotes."""


def option(name: str, value: object = "") -> str:
    """Name an option in a message, by its field of `Request` or its parameter, perhaps with a value."""
    return f"\0{name}={value}\0" if value != "" else f"\0{name}\0"


def spelled(text: str, spell: Callable[[str, str | None], str]) -> str:
    """Write the options that a message names; `spell` is given the name and the value of each, or None."""
    return OPTION.sub(lambda found: spell(found[1], found[2]), text)


class ExitCode(IntEnum):
    """What the process says to the shell when it ends."""

    DONE = 0
    NEGATIVE = 1
    USAGE = 2
    INPUT = 3
    FIT = 4
    OUTPUT = 5
    BUG = 70
    INTERRUPTED = 130
    CLOSED_PIPE = 141
    TERMINATED = 143


class EmImputeError(Exception):
    r"""A failure with its reason and its remedy.

    `message` says what is wrong and where (line, column, value); `hint` says what to do, or is empty.

    >>> import em_impute, pandas
    >>> try:
    ...     em_impute.fill(pandas.DataFrame({"height": [160, 181], "sex": ["f", None]}), column="sec")
    ... except em_impute.EmImputeError as error:
    ...     print(type(error).__name__, error, error.hint, sep="\n")
    ColumnError
    column 'sec' is not in the frame
    columns are 'height', 'sex' — did you mean 'sex'?

    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(EmImputeError, ValueError):
    """The command line, or the options of a call, can never work, whatever the data hold."""

    exit_code = ExitCode.USAGE


class TableError(EmImputeError, ValueError):
    """The input is not a table that can be read."""

    exit_code = ExitCode.INPUT


class ColumnError(EmImputeError, ValueError):
    """A column that was named is not there, or not exactly once."""

    exit_code = ExitCode.INPUT


class DesignError(EmImputeError, ValueError):
    """The cells of a column cannot serve as what they were asked to be."""

    exit_code = ExitCode.INPUT


class FitError(EmImputeError, ValueError):
    """No mixture can be fitted to these rows."""

    exit_code = ExitCode.FIT


class ModelError(EmImputeError, ValueError):
    """A saved model cannot be read, or not by this version."""

    exit_code = ExitCode.INPUT


def how_to_install(extra: str) -> str:
    """Say how an extra is installed: from a checkout, since no index has the package yet."""
    return f"pip install '.[{extra}]' in a checkout of em-impute"


class OutputError(EmImputeError):
    """The result cannot be written."""

    exit_code = ExitCode.OUTPUT
