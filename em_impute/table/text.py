"""How bytes and values of a file are shown to people, and how a cell's bytes become its text."""

import difflib
import unicodedata
from collections.abc import Collection, Sequence

from em_impute.errors import option

LONGEST_SHOWN = 40
LONGEST_PATH = 200


def shown(text: str) -> str:
    """Quote a value for a message: control characters escaped, at most `LONGEST_SHOWN` characters of it."""
    return repr(text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…")


def shown_path(path: str) -> str:
    """Show a path as it is, or escaped and quoted if it holds anything unprintable; of a very long one the end."""
    text = path if len(path) <= LONGEST_PATH else "…" + path[1 - LONGEST_PATH :]
    return text if text.isprintable() else repr(text)


def plural(count: int, noun: str) -> str:
    """`1 field`, `1,204 fields`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(texts: Sequence[str], limit: int = 5, separator: str = ", ") -> str:
    """Name the first few of many and count the rest: `a, b and 3 more`."""
    more = f" and {len(texts) - limit:,} more" if len(texts) > limit else ""
    return separator.join(texts[:limit]) + more


def unquoted(raw: bytes) -> bytes:
    """Give the content of one field: without its quotes and with `""` as `"` if it is quoted, as it is otherwise."""
    if raw[:1] != b'"':
        return raw
    closing = raw.rindex(b'"')
    return raw[1:closing].replace(b'""', b'"') + raw[closing + 1 :]


def decoded(content: bytes, codec: str, encoding: str) -> tuple[str, str, str]:
    """Decode a cell, and say what is wrong with it, if anything is, and what to do; `encoding` is that of the file."""
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        wrong = f"byte 0x{content[error.start]:02X} is not {encoding}"
        return content.decode(codec, "backslashreplace"), wrong, decoding_hint(encoding, content)
    hint = f"repair the cell; or is the file UTF-16? then {option('encoding', 'utf-16-le')}"
    return text, "the cell holds a NUL byte" if "\0" in text else "", hint


def decoding_hint(encoding: str, content: bytes) -> str:
    """Say what to do about bytes that are not text in `encoding`: name the usual ones in which these are."""
    usual = {"utf-8": "", "cp1252": " (Windows)", "latin-1": ""}
    others = [name for name in usual if name != encoding and content.decode(name, "ignore").encode(name) == content]
    read = [f"{option('encoding', name)}{usual[name]}" for name in others]
    return f"name the file's encoding: {' or '.join(read)}" if read else f"try another {option('encoding')}"


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are equal, be their accents composed or not."""
    return one == other or unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def lacking(wanted: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether a name that is wanted, and is no number, is none of these."""
    return not all(name.isdecimal() or any(same_name(name, one) for one in names) for name in wanted)


def closest(names: Sequence[str], wanted: str) -> str | None:
    """Find the name most like the one wanted; case, quotes, spaces and composition of accents do not count."""

    def folded(name: str) -> str:
        return "".join(unicodedata.normalize("NFC", name).casefold().replace('"', "").split())

    by_folded = {folded(name): name for name in reversed(names)}
    close = difflib.get_close_matches(folded(wanted), by_folded, n=1)
    return by_folded[close[0]] if close and close[0] else None


def unused_name(name: str, names: Collection[str], mark: str = "_") -> str:
    """Lengthen a name by marks until none of the others is the same."""
    return name if name not in names else unused_name(f"{name}{mark}", names, mark)
