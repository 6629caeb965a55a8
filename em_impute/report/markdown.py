"""A document for people who read it in an editor, a mail or a pull request."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from em_impute.report.document.blocks import MAX_LISTED, Details, Document, Figures, Items, Table, written
from em_impute.report.format import printable

TAGS = {"<code>": "`", '<code class="hash">': "`", "</code>": "`"}


def to_markdown(*documents: Document) -> str:
    """Write one document after the other."""
    return "\n".join("\n".join(_document(one)) for one in documents)


def _document(document: Document) -> Iterable[str]:
    yield f"# {_shown(document.title)}\n"
    yield f"{' '.join(map(_shown, document.headline))}\n"
    yield from (f"- {code}: {_shown(message)}" for code, message in document.warnings)
    if document.warnings:
        yield ""
    for section in document.sections:
        yield f"## {section.title}\n"
        yield from _blocks(section.blocks)


def _blocks(blocks: Sequence[Any]) -> Iterable[str]:
    for one in blocks:
        if isinstance(one, Table):
            yield from _table(one)
        elif isinstance(one, Items):
            yield from (f"{number}. {_shown(item)}" for number, item in enumerate(one.items, start=1))
            yield ""
        elif isinstance(one, Details):
            captions = [inner.caption for inner in one.blocks if isinstance(inner, Table)]
            if one.summary not in captions:
                yield f"### {_shown(one.summary)}\n"
            yield from _blocks(one.blocks)
        elif not isinstance(one, Figures):
            yield f"{_shown(one)}\n"


def _table(table: Table) -> Iterable[str]:
    yield f"{_shown(table.caption)}:\n"
    yield f"| {' | '.join(map(_shown, table.head))} |"
    yield f"|{'---|' * len(table.head)}"
    for row in table.rows[:MAX_LISTED]:
        yield f"| {' | '.join(map(_shown, row))} |"
    yield ""
    if len(table.rows) > MAX_LISTED:
        yield f"… and {len(table.rows) - MAX_LISTED:,} more rows\n"


def _shown(value: Any) -> str:  # noqa: ANN401  # whatever a document holds
    return written(value, TAGS, _literal)


def _literal(text: str) -> str:
    """Show a text as it is: nothing that a user wrote may act as Markdown or as HTML."""
    text = re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", text)
    text = text.encode("utf-8", "backslashreplace").decode()  # a path need not be text
    return printable(" ".join(text.replace("&", "&amp;").split()))
