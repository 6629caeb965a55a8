"""What the cells of the target column say: which are labels, which are missing."""

import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.errors import DesignError, FitError, option
from em_impute.options import Request, column_of
from em_impute.table.columns import Codes, TargetColumn, least_type
from em_impute.table.numbers import is_mark, is_shaped_like, parse_number
from em_impute.table.text import listed, plural, shown

FILLERS = "\u034f\u115f\u1160\u2800\u3164\uffa0"
"""Characters that show nothing although Unicode counts them among letters, marks and symbols."""

MAX_LABELS = 1000
"""More distinct values than this are no categories."""

NO_LABELS = frozenset(
    {f"un{word}" for word in ("specified", "determined", "defined", "identified", "known", "recorded", "k")}
    | {"indeterminate", "indet"}
    | {f"not {word}" for word in ("recorded", "specified", "stated", "known", "determined", "given", "reported")}
    | {f"not {word}" for word in ("available", "applicable", "asked", "answered", "disclosed", "identified", "sure")}
    | {"refused", "refusal", "declined", "declined to answer", "prefer not to say", "prefer not to answer", "no answer"}
    | {"don't know", "dont know", "don\u2019t know", "do not know", "no data", "n.d", "n/d", "nd", "n/k", "u/k", "dk"}
)
"""Casefolded and without a full stop at the end, what people write where they have no label."""

UNKNOWN, BESIDE = "u", ({"f", "m"}, {"y", "n"})
"""What stands for unknown beside these letters."""

NINES = re.compile(r"-9+|99+")
"""Numbers that stand for no answer, unless another label has as many digits."""

MIN_ROWS_PER_LABEL = 2
MANY_NUMBERS, MOSTLY = 20, 0.9
"""So many different labels of which so many are numbers look like a measurement."""

MAX_NAMED = 3
"""Labels for which an option is written out."""

MANY_LABELS = 30
"""With this many labels and fewer than two known rows each, the column looks like an identifier."""


@dataclass(frozen=True)
class Labels:
    """The target column, understood."""

    labels: tuple[str, ...]  # The categories, in alphabetical order (or as `--labels` names them).
    label: Codes  # (n_rows,) index into `labels`, −1 where missing.
    known: tuple[int, ...]  # Rows that hold each label.
    tokens: Mapping[str, int]  # What was counted as missing, and in how many cells; the empty cell is ''.
    warnings: tuple[tuple[str, str], ...]  # (code, message)

    @property
    def n_missing(self) -> int:
        """Cells without a label."""
        return sum(self.tokens.values())


@dataclass(frozen=True)
class Kinds:
    """The distinct texts of a column by what they are, each with the number of cells that hold it."""

    labels: Mapping[str, int]
    missing: Mapping[str, int]  # Blank cells, the user's tokens, and standard marks.
    ambiguous: Mapping[str, int]  # Standard marks that are shaped like the labels beside them: only the user can know.


def classify_texts(column: TargetColumn, request: Request) -> Kinds:
    """Tell labels from missing marks.

    Blank cells are always missing, and so are the user's tokens.  A standard mark is missing unless it is shaped like
    the labels beside it, as `NA` is among two-letter codes and `None` between `Low` and `High`.
    """
    null, kept = frozenset(request.null_values), frozenset(request.keep_values)
    labels, missing, marks, ambiguous = (dict[str, int]() for _ in range(4))
    for text, n in zip(column.texts, column.counts, strict=True):
        spellings = {text, text.strip()}
        is_missing = not text.strip() or spellings & null
        kind = missing if is_missing else labels if spellings & kept or not is_mark(text) else marks
        kind[text] = int(n)
    for text, n in marks.items():
        kind = ambiguous if is_shaped_like(text, list(labels)) else missing
        kind[text] = n
    return Kinds(labels, missing, ambiguous)


def unused_tokens(texts: Collection[str], request: Request) -> tuple[str, ...]:
    """Spell the options that name a token which is none of the texts of the columns to fill."""
    held = {*texts, *(text.strip() for text in texts)}
    given = [(field, token) for field in ("null_values", "keep_values") for token in getattr(request, field)]
    unused = [(field, token) for field, token in given if token.strip() and not held & {token, token.strip()}]
    return tuple(option(field, shlex.quote(token)) for field, token in unused if not column_of(token)[0])


def resolve_marks(name: str, column: TargetColumn, request: Request, labels: Sequence[str] = ()) -> Kinds:
    """Tell labels from missing marks where nothing is left to ask.

    Raises DesignError where a mark may be a label, naming both options; `labels` are what it is said to be like, those
    of the column itself where none are given.
    """
    kinds = classify_texts(column, request)
    for text, n in kinds.ambiguous.items():
        raise DesignError(ambiguity(name, text, n, labels or list(kinds.labels)), remedy(text))
    return kinds


def number_labels(
    name: str, column: TargetColumn, kinds: Kinds, labels: tuple[str, ...], kept: Sequence[str]
) -> Labels:
    """Give the labels of a column their places in `labels`, which holds them all."""
    place = {text: number for number, text in enumerate(labels)}
    code = np.array([-1 if text in kinds.missing else place[text] for text in column.texts], least_type(len(labels)))
    known = tuple(kinds.labels.get(text, 0) for text in labels)
    return Labels(labels, code[column.code], known, kinds.missing, tuple(odd_labels(name, kinds.labels, kept)))


def read_labels(name: str, column: TargetColumn, request: Request) -> Labels:
    """Turn the texts of a column into numbers of labels.

    Raises DesignError where a mark may be a label, naming both options, and FitError when the column holds no
    categories.
    """
    kinds = resolve_marks(name, column, request)
    labels = tuple(sorted(kinds.labels))
    n_known = sum(kinds.labels.values())
    crowded = len(labels) >= MANY_LABELS and n_known < MIN_ROWS_PER_LABEL * len(labels)
    if len(labels) > MAX_LABELS or crowded:
        values = f"{len(labels):,} distinct values in {n_known:,} known rows"
        message = f"column {shown(name)} has {values}: it looks like an identifier"
        raise FitError(message, f"name a column of categories with {option('columns')}")
    if request.labels and kinds.missing:
        unknown = [text for text in request.labels if text not in labels]
        if labels and unknown:
            message = f"{option('labels')} names {shown(unknown[0])}, which no row of column {shown(name)} holds"
            hint = f"labels in the file are {_quoted(labels)}; {option('labels')} is for a column without known labels"
            raise DesignError(message, hint)
        labels = labels or request.labels
    return number_labels(name, column, kinds, labels, request.keep_values)


def drop_zero_weights(labels: Labels, name: str, weight: Floats | None) -> Labels:
    """Forget the labels of rows of weight 0, (n_rows,) `weight`: nothing is to be learnt from them.

    Raises FitError where there are labels, but in such rows only.
    """
    if weight is None or not sum(labels.known):
        return labels
    label = np.where(weight > 0.0, labels.label, np.int8(-1))
    count = np.bincount(label[label >= 0], minlength=len(labels.labels))
    kept = np.flatnonzero(count)
    if not kept.size:
        message = f"the rows with a label in column {shown(name)} have no weight beside the others"
        raise FitError(message, "give a weight above 0 to rows to learn from")
    place = np.full(count.size + 1, -1, labels.label.dtype)  # the last one is that of −1
    place[kept] = np.arange(kept.size)
    names = tuple(labels.labels[k] for k in kept)
    return replace(labels, labels=names, label=place[label], known=tuple(count[kept].tolist()))


def ambiguity(name: str, text: str, n: int, labels: Sequence[str]) -> str:
    """Say that a text may be a missing mark or a label."""
    cells = plural(n, "cell")
    return f"column {shown(name)} holds {shown(text)} in {cells}: a missing mark, or a label like {_quoted(labels)}?"


def remedy(text: str) -> str:
    """Name the options that settle what a mark is, as a shell takes them: no mark holds an apostrophe."""
    token = f"'{text.strip()}'"
    return f"{option('null_values', token)} fills these cells, {option('keep_values', token)} keeps it as a label"


def odd_labels(name: str, known: Mapping[str, int], kept: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Warn of labels that a reader can hardly tell apart or not see at all, and of measurements: (code, message).

    `known` counts each; a note names those that look like no labels, unless the user has `kept` them.
    """
    labels = sorted(known)
    folded = Counter(map(_folded, labels))
    alike = [text for text in labels if folded[_folded(text)] > 1]
    unseen = [text for text in labels if not _folded(text).strip("\"' ")]
    found = []
    if alike:
        found.append(("W14", f"{len(alike)} labels of {shown(name)} differ only in spelling: {_quoted(alike)}."))
    if unseen:
        found.append(("W20", f"Labels of {shown(name)} show nothing to a reader: {', '.join(map(ascii, unseen))}."))
    n_numbers = sum(parse_number(text) is not None for text in labels)
    if len(labels) >= MANY_NUMBERS and n_numbers >= MOSTLY * len(labels):
        what = f"{n_numbers} of the {len(labels)} labels of {shown(name)} are numbers"
        found.append(("W23", f"{what}. em-impute fills categories, not measurements."))
    doubtful = [text for text in labels if _is_no_label(text, labels) and text.strip() not in kept]
    if doubtful:
        cells = listed([f"{shown(text)} ({plural(known[text], 'cell')})" for text in doubtful])
        fills = " ".join(option("null_values", shlex.quote(text.strip())) for text in doubtful[:MAX_NAMED])
        found.append(("S05", f"{cells} of {shown(name)} may mean missing; if so, {fills} fills them."))
    return found


def _is_no_label(text: str, labels: Sequence[str]) -> bool:
    """Tell whether a label, beside others, looks as if it stood for a missing one."""
    said = _folded(text).rstrip(".")
    others = [_folded(other) for other in labels if other != text]
    if said == UNKNOWN:
        return any(letters <= set(others) for letters in BESIDE)
    if NINES.fullmatch(said):
        return bool(others) and not any(
            len(other.lstrip("-")) >= len(said.lstrip("-")) for other in others if parse_number(other) is not None
        )
    return bool(others) and said in NO_LABELS


def _folded(text: str) -> str:
    # What a reader tells apart: no case, no outer or double space, nothing invisible.
    number = parse_number(text)
    if number is not None and np.isfinite(number):
        return f"{number:.15g}"
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(char for char in composed if unicodedata.category(char) != "Cf" and char not in FILLERS)
    return " ".join(visible.split()).casefold()


def _quoted(texts: Sequence[str]) -> str:
    return listed([shown(text) for text in texts])
