"""Which columns serve as predictors, as numbers or as categories, and why the others do not."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.errors import DesignError, option
from em_impute.table.columns import MAX_TEXTS, MOSTLY_DIFFERENT, CategoryColumn, Codes, NumberColumn
from em_impute.table.numbers import parse_number
from em_impute.table.text import shown

LARGEST_EXACT, TWENTY_DIGITS = 2.0**53, 1e20
"""Whole numbers between these are not exact as floating-point numbers: written out, they are long identifiers."""

IDENTIFIER_NAME = re.compile(r"(?i:(^|[\W_])(id|idx|rowid|key)$|^unnamed\b)|[a-z](Id|ID)$")
NUMBER_NAME = re.compile(r"(?i:(^|[\W_])(row|code|index|no|nr|number)$)")
"""Columns of whole numbers called so are identifiers; the second kind only where hardly a value repeats, and texts only
where most are there once or twice: else they are codes, such as those of species."""

WORD, LOOKED_AT = re.compile(r"[^\W\d_]{2}"), 1000
"""What tells words from codes, and the texts of a column that are looked at for it."""

MIN_ROW_NUMBERS = 3
"""Fewer whole numbers in a row are a coincidence."""

LARGEST, LEAST_RANGE = 1e305, 1e-305
"""Numbers of a predictor may be so large and must differ by so much: what is computed from them, such as a sum or a
thousandth of a deviation, is then a number with all its digits too."""

CONSTANT = 1e-15
"""A range below this part of the values is rounding."""

LEAST_READ = 0.95
"""Share of the cells that must be numbers for the others to count as missing."""

NEITHER = "of the cells are neither numbers nor missing"
COLLINEAR = "a sum or copy of other columns"

Column = tuple[str, NumberColumn]
"""A column by name."""

TextColumn = tuple[str, CategoryColumn]
"""A column that is no numbers, by name."""


@dataclass(frozen=True)
class Rejected:
    """A column that does not serve, and why."""

    name: str
    reason: str


class Known(NamedTuple):
    """What is known of columns beside their cells, each by its name."""

    told: Collection[str] = ()  # the user said what they are
    in_scores: Collection[str] = ()  # their texts have numbers that speak for them
    score_names: Sequence[str] = ()  # these numbers
    times: Mapping[str, Sequence[tuple[str, ...]]] = {}  # numbers made of them, which serve where they tell
    are_read: bool = False  # texts of some were read as numbers


NOTHING = Known()


def choose_predictors(
    columns: Sequence[Column],
    categories: Sequence[TextColumn],
    *,
    explicit: bool,
    with_categories: bool,
    known: Known = NOTHING,
    weight: Floats | None = None,
) -> tuple[list[Column], list[TextColumn], list[Rejected]]:
    """Divide columns into those that serve as numbers or as categories and those that do not, with the reason.

    `categories` are those of the columns that hold more than numbers.  They serve if `with_categories` or `explicit`,
    which says that the user named these columns: then a column that cannot serve is an error, and one that only should
    not (an identifier) serves nevertheless, as does one that is `known` to be told.  They are judged by the rows that
    have a `weight` (n_rows,), since what is constant among these teaches nothing.  Columns of many texts or zero-padded
    codes that are in scores are left out: these are among the numbers.  Raises DesignError for cells that no model can
    use.
    """
    texts = dict(categories)
    as_text = texts if explicit or with_categories else {}
    serving, as_categories, rejected = list[Column](), list[TextColumn](), list[Rejected]()
    ignored = np.empty(0, np.intp) if weight is None else np.flatnonzero(~(weight > 0.0))
    for name, numbers in columns:
        category, is_named = as_text.get(name), explicit or name in known.told
        shown_numbers = numbers.without(ignored) if ignored.size else numbers
        shown_texts = category.without(ignored) if category and ignored.size else category
        is_spelled = (numbers.is_code and not is_named) if category is None else category.too_many
        if name in known.in_scores and is_spelled:
            continue
        if category is not None and shown_texts is not None and _is_category(numbers, shown_texts):
            reason = _reason_against_category(name, shown_texts, explicit=is_named, with_scores=with_categories)
            if not reason:
                as_categories.append((name, category))
        else:
            reason = _reason_against_numbers(name, shown_numbers, texts.get(name), explicit=is_named)
            if not reason:
                serving.append((name, numbers))
        speaks = reason == "identifier" or (reason == "constant" and (category or numbers).n_missing)
        if reason and not (speaks and name in known.in_scores):
            rejected.append(Rejected(name, reason))
    return serving, as_categories, rejected


def _is_category(numbers: NumberColumn, category: CategoryColumn) -> bool:
    """Tell a category from numbers gone wrong: texts decide where they were counted, if most are or recur."""
    if category.too_many:
        return numbers.n_numbers <= numbers.n_bad
    counts = zip(category.texts, category.counts.tolist(), strict=True)
    # Whichever the decimal mark is: 1,500 and 2,500 are no categories either.
    others = [n for text, n in counts if n and parse_number(text) is None and parse_number(text, ",") is None]
    n_others, n_cells = sum(others), int(category.counts.sum())
    return bool(2 * n_others >= n_cells or n_others >= 2 * len(others))


def _reason_against_category(name: str, category: CategoryColumn, *, explicit: bool, with_scores: bool) -> str:
    """Say why a column does not serve as a category; empty if it does."""
    if category.too_many:
        if not explicit and are_identifiers(name, category):
            return "identifier"
        reason = f"more than {MAX_TEXTS if category.code is None else category.limit:,} different texts"
        if with_scores and category.code is not None and not explicit:
            return "its texts tell nothing of the labels"
        if explicit:
            line, text = category.example or (0, "")
            message = f"column {shown(name)} holds {reason}, such as {shown(text)} (line {line})"
            raise DesignError(message, f"name columns of numbers or of fewer texts with {option('features')}")
        return reason
    n_texts = int(np.count_nonzero(category.counts))
    if n_texts <= 1:
        return "constant"
    n_cells = int(category.counts.sum())
    names_rows = n_texts >= MOSTLY_DIFFERENT * n_cells or _are_called_identifiers(name, n_texts, n_cells)
    return "identifier" if names_rows and not explicit else ""


def are_identifiers(name: str, category: CategoryColumn) -> bool:
    """Recognise a column of texts by its name, or as codes, without a word, of which hardly two rows share one."""
    if category.code is None:
        return bool(IDENTIFIER_NAME.search(name.strip()))
    n_cells = category.code.size - category.n_missing
    if _are_called_identifiers(name, len(category.texts), n_cells):
        return True
    return len(category.texts) >= MOSTLY_DIFFERENT * n_cells and not any(map(WORD.search, category.texts[:LOOKED_AT]))


def _are_called_identifiers(name: str, n_texts: int, n_cells: int) -> bool:
    """Tell whether a column of texts is one of identifiers by its name, and does not repeat as codes do."""
    called = IDENTIFIER_NAME.search(name.strip()) or NUMBER_NAME.search(name.strip())
    return bool(called) and 2 * n_texts > n_cells


def refuse_unusable(name: str, column: NumberColumn, *, explicit: bool) -> None:
    """Raise DesignError for cells of a column of numbers that no model can use."""
    if column.infinite and column.numbers is not None:
        line, text = column.infinite
        message = f"column {shown(name)} holds {shown(text)} on line {line}: infinite values fit no model"
        raise DesignError(message, f"correct or empty these cells, or name other columns with {option('features')}")
    if explicit and column.n_bad > (1.0 - LEAST_READ) * (column.n_numbers + column.n_bad):
        message = f"column {shown(name)} has {_bad_cells(column, quoted=True)}"
        raise DesignError(message, f"name numeric columns with {option('features')}, or correct these cells")


def _reason_against_numbers(name: str, column: NumberColumn, category: CategoryColumn | None, *, explicit: bool) -> str:
    """Say why a column does not serve as numbers; empty if it does.  `category` is what it is as texts."""
    refuse_unusable(name, column, explicit=explicit)
    if column.numbers is None:
        return _share_of_bad(column, category) or _bad_cells(column, quoted=explicit)
    if column.n_missing + column.n_bad == column.size:
        return "no value at all"
    low, high = float(np.fmin.reduce(column.numbers)), float(np.fmax.reduce(column.numbers))
    if not high / 2 - low / 2 > CONSTANT * max(abs(low), abs(high)):
        return "constant"
    if max(-low, high) > LARGEST or high - low < LEAST_RANGE:
        return "numbers beyond 1e305" if max(-low, high) > LARGEST else "numbers less than 1e-305 apart"
    if column.padded and not explicit:
        return f"zero-padded code (line {column.padded[0]})"
    return "identifier" if not explicit and is_identifier(name, column) else ""


def is_identifier(name: str, column: NumberColumn) -> bool:
    """Recognise whole numbers that are row numbers, too long to be exact, or called an identifier."""
    if column.numbers is None or not column.is_whole:
        return False
    numbers = column.numbers
    seen = numbers[~np.isnan(numbers)]
    whole = column.code is None and seen.size == column.size  # a code is for numbers that repeat
    row_numbers = whole and seen.size >= MIN_ROW_NUMBERS and bool((np.diff(seen) == 1).all())
    long = (np.abs(seen) >= LARGEST_EXACT) & (np.abs(seen) < TWENTY_DIGITS)
    too_long = bool((seen[long] % 1000 != 0).any())  # a measurement of such size ends in zeros
    if row_numbers or too_long or IDENTIFIER_NAME.search(name.strip()):
        return True
    least = MOSTLY_DIFFERENT * (column.size - column.n_missing)
    return bool(NUMBER_NAME.search(name.strip())) and np.unique(seen).size >= least


def _bad_cells(column: NumberColumn, *, quoted: bool) -> str:
    """Say which cells are no numbers.  Those of a column that nobody has named are not quoted: they may be names."""
    first_lines: dict[str, int] = {}
    for line, text in column.bad_examples:
        first_lines.setdefault(text, line)
    examples = ", ".join(f"{shown(text)} (line {line})" for text, line in first_lines.items())
    if not quoted:
        examples = ", ".join(f"line {line}" for line, _ in column.bad_examples)
    if column.numbers is None:
        return f"text, such as {examples}" if quoted else "text"
    cells = "1 cell that is not a number" if column.n_bad == 1 else f"{column.n_bad:,} cells that are not numbers"
    return f"{cells}: {examples}"


def _share_of_bad(column: NumberColumn, category: CategoryColumn | None) -> str:
    """Say how many cells of a column that is mostly numbers are none; empty where that is not known."""
    if category is None or category.code is None or column.n_numbers <= column.n_bad or not column.bad_examples:
        return ""
    is_bad = np.array([parse_number(text) is None for text in category.texts], np.bool_)
    share = is_bad[category.code[category.code >= 0]].mean()
    return f"{100 * share:.2g} % {NEITHER}, such as line {column.bad_examples[0][0]}"


def flat_times(
    columns: Mapping[str, NumberColumn], known: Known, label: Codes, weight: Floats | None, *, explicit: bool
) -> set[str]:
    """Name the numbers made of times that one Gaussian describes better than one a label, by BIC (Schwarz 1978).

    `label` (n_rows,) is −1 where it is missing; rows without a `weight` do not count.  Of a column that the user named
    (`explicit` says that all are) days serve anyway.  Where no label is known, what comes back is left out: it would be
    found as groups of rows.
    """
    counts = np.flatnonzero((label >= 0) if weight is None else (label >= 0) & (weight > 0.0))
    flat: set[str] = set()
    for column, made in known.times.items():
        is_named = explicit or column in known.told or not counts.size
        for names in made[is_named:]:
            if sum(_gain(columns[name].of(counts), label[counts]) for name in names) <= 0.0:
                flat.update(names)
    return flat


def _gain(values: Floats, label: Codes) -> float:
    """By how much a mean for each label lowers BIC, for the values that there are: (n_rows,)."""
    shown = ~np.isnan(values)
    of, x = label[shown].astype(np.intp), values[shown]
    n_of_label = np.bincount(of)
    n_labels = np.count_nonzero(n_of_label)
    total = float(((x - x.mean()) ** 2).sum()) if x.size else 0.0
    if n_labels <= 1 or not total:
        return 0.0
    mean = np.bincount(of, x) / np.maximum(n_of_label, 1)
    within = max(float(((x - mean[of]) ** 2).sum()), total * 1e-9)  # a value of its own for each label
    return x.size * float(np.log(total / within)) - (n_labels - 1) * float(np.log(x.size))
