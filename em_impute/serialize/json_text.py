"""JSON as text: strict where it is read, and laid out so that a person can read it too."""

import json
from typing import Any

INDENT = "  "


class FormatError(ValueError):
    """A document is not what it should be: the message says where, and what was expected there."""


def parse(text: str) -> Any:  # noqa: ANN401  # whatever it holds
    """Read JSON.  Raises FormatError for what is no JSON (RFC 8259), NaN and a key that stands twice among it."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except FormatError:
        raise
    except RecursionError:
        raise FormatError("it is nested too deeply") from None
    except ValueError as error:  # a JSONDecodeError, or a number of thousands of digits
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise FormatError(f"it is not JSON: {where}") from None


def render(document: Any) -> str:  # noqa: ANN401  # what JSON can hold
    """Write JSON with a key a line, and lists of plain values in one."""
    return _laid_out(document, "") + "\n"


def _laid_out(value: Any, indent: str) -> str:  # noqa: ANN401  # what JSON can hold
    inner = indent + INDENT
    if isinstance(value, dict) and value:
        items, ends = [f"{_laid_out(key, '')}: {_laid_out(one, inner)}" for key, one in value.items()], "{}"
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        items, ends = [_laid_out(one, inner) for one in value], "[]"
    else:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    lines = ",\n".join(inner + item for item in items)
    return f"{ends[0]}\n{lines}\n{indent}{ends[1]}"


def _refuse_constant(name: str) -> None:
    raise FormatError(f"it holds {name}, which is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise FormatError(f"the key {twice!r} stands twice in one object")
    return found
