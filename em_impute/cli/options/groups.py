"""Groups of options: a command takes them as values, Typer sees every option in them; and what their texts mean."""

import inspect
import math
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, dataclass_transform, get_args, get_origin, get_type_hints

import typer

from em_impute.checks import check
from em_impute.errors import UsageError
from em_impute.options import Request

MOST_DIGITS = 18
"""Of a whole number that is given: a longer one counts nothing that there is."""

FLAGS = {"has_header": "--no-headers"}
"""How the command line spells an option, by the name of its field; short where it can."""

VARIABLES: dict[str, tuple[str, ...]] = {}
"""Environment variables, and the options that beat them."""


def option(usage: str, text: str, default: Any = None, *, required: bool = False, **more: Any) -> Any:  # noqa: ANN401  # as `dataclasses.field`
    """Make a field of a group that is an option of the command line.

    `usage` and `text` are what the help says of it, as in `option("-x, --feature NAME|N", "Predictor …")`; what takes
    no value is a flag, and off by default.  `more` is as in `typer.Option`.
    """
    words = usage.split(" ")
    names = [word.removesuffix(",") for word in words if word.startswith("-")]
    metavar = words[-1] if len(words) > len(names) else None
    default = False if metavar is None else default
    if "envvar" in more:
        VARIABLES[more["envvar"]] = tuple(names)
    info = typer.Option(*names, metavar=metavar, help=text, show_envvar=False, **more)
    return field(default=MISSING if required else default, metadata={"option": info})


@dataclass_transform(frozen_default=True)
class Group:
    """Options that commands share, in a `panel` of the help: a frozen dataclass, whose fields are made by `option`.

    It needs no comparison and no text of its own, which would take longer to make than the help takes to write.
    """

    panel: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init_subclass__(cls, panel: str = "") -> None:
        cls.panel = panel or cls.panel
        dataclass(frozen=True, eq=False, repr=False)(cls)


class Without:
    """Options of a group that a command does not have, as in `Annotated[Model, Without("single")]`."""

    def __init__(self, *names: str) -> None:
        self.names = names


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take groups of options; options that it does not have keep defaults."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[Any, list[str]]] = {}
    hints: dict[str, Any] = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        group, *more = get_args(hints[name]) if get_origin(hints[name]) is Annotated else [hints[name]]
        if not is_dataclass(group):
            parameters.append(parameter)
            continue
        left_out = [left for one in more if isinstance(one, Without) for left in one.names]
        options = [_parameter(group, one) for one in fields(group) if one.name not in left_out]
        groups[name] = (group, [one.name for one in options])
        parameters += options

    def run(**given: Any) -> None:  # noqa: ANN401  # values of options
        values = {name: group(**{one: given.pop(one) for one in names}) for name, (group, names) in groups.items()}
        command(**given, **values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _parameter(group: Any, field: "Field[Any]") -> inspect.Parameter:  # noqa: ANN401  # a dataclass
    """Make the parameter that Typer reads: an option is in the panel of its group."""
    info = field.metadata["option"]
    info.rich_help_panel = group.panel
    FLAGS.setdefault(field.name, info.default)  # the first of its names
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    annotation: Any = Annotated[field.type, info]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def flag(name: str, value: str | None) -> str:
    """Write an option, perhaps with a value, as the command line has it."""
    return FLAGS[name] if value is None else f"{FLAGS[name]} {value}"


def read_number(text: str) -> float | str:
    """Read a number, whole or not; what is none stays the text that it is, and is refused as such."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= MOST_DIGITS else text
    try:
        return float(text)
    except ValueError:
        return text


def read_pairs(
    texts: Sequence[str], flag: str, wanted: str, is_allowed: Callable[[float], bool]
) -> tuple[tuple[str, float], ...]:
    """Read every LABEL=NUMBER, where the label may hold `=` itself."""
    found: dict[str, float] = {}
    for text in texts:
        label, _, number = text.rpartition("=")
        value = read_number(number)
        if not label or isinstance(value, str) or not is_allowed(value):
            raise UsageError(f"{flag} takes {wanted}, not {text!r}", f"for example {flag} female=0.5")
        if label in found:
            raise UsageError(f"{flag} is given twice for {label!r}", "give one number per label")
        found[label] = float(value)
    return tuple(found.items())


PARSERS: dict[str, Callable[[Any], Any]] = {
    "components": read_number,
    "deltas": lambda texts: read_pairs(texts, "--delta", "a label and a number", math.isfinite),
    "kinds": lambda texts: tuple((column, kind) for column, _, kind in (text.rpartition("=") for text in texts)),
    "labels": lambda text: tuple(one.strip() for one in text.split(",")),
    "unlabelled_weight": lambda text: None if text == "auto" else read_number(text),
}
"""Options whose texts stand for something else."""


def request_of(path: Path | None, *groups: object, **more: Any) -> Request:  # noqa: ANN401  # values of fields
    """Make the request that groups of options amount to; those that it does not know are none of its business.

    Raises UsageError for what can never work.
    """
    given = {name: value for group in groups for name, value in vars(group).items() if value is not None}
    if "no_headers" in given:
        given["has_header"] = not given["no_headers"]
    known = [one.name for one in fields(Request) if one.name in given]
    values = {name: PARSERS[name](given[name]) if name in PARSERS else given[name] for name in known}
    request = Request(path=path, **values, **more)
    check(request)
    return request


def input_path(file: str | None) -> Path | None:
    """Read FILE: None is standard input, unless a person at a terminal named no file, who would wait for ever."""
    if file == "":
        raise UsageError("FILE is an empty path", "name a file, or - for standard input")
    if file is None and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("no file is named", "name one, or - to type its lines here; em-impute --help has examples")
    return None if file in {None, "-"} else Path(str(file))


def command_line() -> str:
    """Give the command as it was typed."""
    return shlex.join(["em-impute", *sys.argv[1:]])
