"""JSON as text: strict where it is read, and laid out so that a person can read it too."""

import json
from collections.abc import Iterator
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
    return "\n".join(_lines(document, "")) + "\n"


def _lines(value: Any, indent: str) -> Iterator[str]:  # noqa: ANN401  # what JSON can hold
    """Yield the lines of a value; the first one is to follow whatever stands before it."""
    if isinstance(value, dict) and value:
        yield "{"
        yield from _items([(f"{_plain(key)}: ", one) for key, one in value.items()], indent)
        yield f"{indent}}}"
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        yield "["
        yield from _items([("", one) for one in value], indent)
        yield f"{indent}]"
    else:
        yield _plain(value)


def _items(items: list[tuple[str, Any]], indent: str) -> Iterator[str]:
    inner = indent + INDENT
    for number, (name, value) in enumerate(items, start=1):
        *head, last = _lines(value, inner)
        prefix = inner + name
        for line in head:
            yield prefix + line
            prefix = ""
        yield prefix + last + ("," if number < len(items) else "")


def _plain(value: Any) -> str:  # noqa: ANN401  # what JSON can hold
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _refuse_constant(name: str) -> None:
    raise FormatError(f"it holds {name}, which is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise FormatError(f"the key {twice!r} stands twice in one object")
    return found
