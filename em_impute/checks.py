"""What the user asked for that can never work."""

import difflib
import math
import re
from dataclasses import fields
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any

from em_impute.errors import UsageError, option
from em_impute.options import CHOICES, KINDS, LIMITS, Request, column_of, is_number

OTHER_FORMATS = re.compile(
    r"\.(parquet|feather|arrow|orc|avro|xls[xmb]?|ods|numbers|sav|por|dta|sas7bdat|xpt|rds|rda|rdata|jsonl?|ndjson|html?|md"
    r"|pdf|xml|sqlite|h5|hdf5|pkl|pickle|zip|7z|tar|tgz)",
    re.IGNORECASE,
)
"""Suffixes by which other programs would take a completed table for something else than CSV."""


def check(request: Request) -> None:
    """Raise UsageError for values that an option cannot have, and for options that contradict each other."""
    for field in fields(request):
        if getattr(request, field.name) != field.default:
            _check_value(field.name, getattr(request, field.name))
    deltas: tuple[tuple[str, Any], ...] = request.deltas
    for label, delta in deltas:
        if not (isinstance(delta, Real) and math.isfinite(delta)):
            raise UsageError(f"{option('deltas')} takes a finite number for {label!r}, not {delta!r}")
    _check_kinds(request.kinds)
    null, keep, labels = request.null_values, request.keep_values, request.labels
    if set(null) & set(keep):
        message = f"the same token is given to {option('null_values')} and to {option('keep_values')}"
        raise UsageError(message, "leave one of them out")
    if not all(column_of(token)[1].strip() for token in keep):
        message = f"{option('keep_values')} is given a blank token: blank cells are always missing"
        raise UsageError(message, "leave it out")
    if labels and (len(set(labels)) < max(2, len(labels)) or not all(label.strip() for label in labels)):
        message = f"{option('labels')} takes two or more different names, not {','.join(labels)!r}"
        raise UsageError(message, f"for example {option('labels', 'short,long')}")
    if request.method == "map" and request.imputations:
        named = option("method", "map")
        message = f"{option('imputations')} contradicts {named}: the most probable labels are the same in every table"
        raise UsageError(message, f"leave out {named}")
    if request.method == "draw" and request.min_probability:
        message = f"{option('min_probability')} contradicts drawn labels: unlikely ones must be drawn too"
        raise UsageError(message, "leave it out")


def check_output_name(output: str | PathLike[str]) -> None:
    """Raise UsageError for a completed table whose name says that it is something else than CSV."""
    if OTHER_FORMATS.fullmatch(Path(output).suffix):
        hint = f"name it {str(Path(output).with_suffix('.csv'))!r}, and convert that"
        raise UsageError(f"the completed table is CSV, and {str(output)!r} is the name of another format", hint)


def _check_kinds(kinds: tuple[tuple[str, Any], ...]) -> None:
    named = [column for column, _ in kinds]
    for column, kind in kinds:
        if not column:
            message = f"{option('kinds')} takes a column and a kind, not {kind!r}"
            raise UsageError(message, f"for example {option('kinds', 'code=category')}")
        if kind not in KINDS:
            close = difflib.get_close_matches(str(kind), KINDS, n=1)
            meant = f"{kind}={column}" if column in KINDS else f"{column}={(close or KINDS)[0]}"
            message = f"{option('kinds')} takes one of {', '.join(KINDS)} for {column!r}, not {kind!r}"
            nearest = option("kinds", meant)
            is_likely = close or column in KINDS
            raise UsageError(message, f"did you mean {nearest}?" if is_likely else f"for example {nearest}")
        if named.count(column) > 1:
            raise UsageError(f"{option('kinds')} is given twice for {column!r}", "give one kind per column")


def _check_value(name: str, value: Any) -> None:  # noqa: ANN401  # whatever a caller in Python takes for one
    hint = "leave it out for the default"
    if name == "decimal" and value not in {".", ","}:
        message = f"{option('decimal')} takes . or , and not {value!r}"
        raise UsageError(message, f"for example {option('decimal', ',')}")
    if name == "comment" and not (value.isascii() and value.strip() and value.isprintable() and '"' not in value):
        message = f"{option(name)} takes printable ASCII characters other than quotes, not {value!r}"
        raise UsageError(message, f"for example {option(name, repr('#'))}")
    if name in CHOICES and value not in CHOICES[name]:
        raise UsageError(f"{option(name)} takes one of {', '.join(map(repr, CHOICES[name]))}, not {value!r}", hint)
    if name not in LIMITS or value == "auto":
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{option(name)} takes a finite number, not {value}", hint)
    kind, least, most = LIMITS[name]
    if not (is_number(value, kind) and least <= value <= most):
        what = "a whole number" if kind is int else "a number"
        among = f"{least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise UsageError(f"{option(name)} takes {what}, {among}, not {value!r}", hint)
