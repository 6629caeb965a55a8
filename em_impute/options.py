"""Everything the user asked for, in one frozen value, and what of it can never work."""

import difflib
import math
import re
from dataclasses import dataclass, fields
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

from em_impute.errors import UsageError, option

Covariance = Literal[
    "auto", "full", "tied", "diag", "tied-diag", "eii", "vii", "vei", "evi", "vee", "evv", "eev", "vev"
]
"""The families of covariances that can be asked for, or the choice among them."""

Method = Literal["map", "draw"]
"""Whether a cell gets its most probable label, or one that is drawn by its probability."""

Shares = Literal["auto", "common", "free"]
"""Whether rows to fill have the label shares of known rows, or their own."""

LIMITS: dict[str, tuple[type, float, float]] = {
    "unlabelled_weight": (float, 0, 1),
    "prior_strength": (float, 0, math.inf),
    "tolerance": (float, 0, math.inf),
    "min_probability": (float, 0, 1),
    "components": (int, 1, math.inf),
    "max_iter": (int, 1, math.inf),
    "seed": (int, 0, math.inf),
    "skip_lines": (int, 0, math.inf),
    "imputations": (int, 2, 1000),
}
"""Options that take a number: of which kind, the least and the largest."""

CHOICES: dict[str, tuple[str, ...]] = {
    "covariance": get_args(Covariance),
    "method": get_args(Method),
    "shares": get_args(Shares),
    "quote": ('"', "none"),
}

OTHER_FORMATS = re.compile(
    r"\.(parquet|feather|arrow|orc|avro|xls[xmb]?|ods|numbers|sav|por|dta|sas7bdat|xpt|rds|rda|rdata|jsonl?|ndjson|html?|md"
    r"|pdf|xml|sqlite|h5|hdf5|pkl|pickle|zip|7z|tar|tgz)",
    re.IGNORECASE,
)
"""Suffixes by which other programs would take a completed table for something else than CSV."""

KINDS = ("number", "date", "day-first", "month-first", "category", "text", "ignore")
"""What a column may be said to be."""

TEXTS = ("columns", "features", "null_values", "keep_values", "labels")
"""Options that hold several texts."""


@dataclass(frozen=True)
class Request:
    """What to fill, from which file, and how.  Defaults are those of the command line."""

    path: Path | None = None  # the input; None reads standard input
    columns: tuple[str, ...] = ()  # the columns to fill, which are predictors of each other: names or 1-based numbers
    all_columns: bool = False  # fill every category with gaps, none of which is named
    features: tuple[str, ...] = ()  # the predictors; empty lets every suitable numeric column serve
    delimiter: str | None = None
    encoding: str | None = None
    has_header: bool = True
    decimal: str = "."
    skip_lines: int = 0
    quote: str | None = None  # what surrounds cells that hold a delimiter: a quote, or "none"; None finds out
    comment: str | None = None  # how a line begins that is no row
    all_lines: bool = False  # rows that look like totals, units, footers or a header again are rows
    null_values: tuple[str, ...] = ()
    """Tokens of the column that count as missing, beside blank cells and the standard marks."""
    keep_values: tuple[str, ...] = ()  # tokens that look like a missing mark but are labels
    labels: tuple[str, ...] = ()  # names for the groups when no label is known
    by: str | None = None  # the column whose texts name groups of rows that may differ
    same_within: str | None = None
    """The column of which rows with one value have one label; None finds it, if known labels show it."""
    weights: str | None = None  # the column of numbers that says how much each row counts; None counts all alike
    kinds: tuple[tuple[str, str], ...] = ()
    """Columns, by name or number, and what each is; of the others that is found out."""
    order_by: str | None = None  # the predictor whose mean orders unnamed components; None takes the first
    components: int | Literal["auto"] | None = None
    """Components a label (with labels known) or groups in all (with none known).  "auto" is one a label, and as many
    groups as BIC finds; None is one a label, and an error where neither a label nor a number says how many groups."""
    covariance: str = "auto"
    single: bool = False  # fill from the leading mixture alone, not from all that are stacked
    unlabelled_weight: float | None = None
    """Weight of a row without a label beside one that has it; None leaves it to the choice."""
    shares: Shares = "auto"
    """Whether rows to fill have the label shares of known ones ("common"), shares of their own ("free"), or as the
    evidence of why labels are missing has it."""
    prior_strength: float | None = None  # of the one mixture that is named by an option; None is 1
    max_iter: int = 5000
    tolerance: float = 1e-6
    seed: int = 0
    min_probability: float = 0.0
    method: Method | None = None
    """Fill in the most probable label, or one drawn by its probability; None becomes what the imputations need."""
    imputations: int = 0  # completed tables to draw, each with labels of its own; 0 completes one
    deltas: tuple[tuple[str, float], ...] = ()
    """Labels, and by how much the log-odds of each are higher in the rows without a label than their predictors say."""
    examined: bool = True  # somebody will be warned of what can be said beyond the fills
    reported: bool = True  # somebody will read more of that than its warnings
    keeps_model: bool = False  # the fit will be saved, so that there is one even if no cell is missing
    probability: bool = False  # add a column with the probability of the label in each row
    probabilities: bool = False  # add a column a label with its probability in each row
    indicator: bool = False  # add a column that says which cells were filled

    def __post_init__(self) -> None:
        """Make numbers Python's own, and read what arrived as bytes, since the locale has no such letters, as UTF-8."""
        for one in fields(self):
            value, (kind, _, _) = getattr(self, one.name), LIMITS.get(one.name, (None, 0, 0))
            value = kind(value) if kind is not None and _is_number(value, kind) else _decoded(value)
            object.__setattr__(self, one.name, value)
        if self.method is None:
            object.__setattr__(self, "method", "draw" if self.imputations else "map")

    @property
    def adds_columns(self) -> bool:
        """The completed table has columns that the input lacks."""
        return self.probability or self.probabilities or self.indicator

    @property
    def names_one_mixture(self) -> bool:
        """An option says which mixture is wanted: then no others are fitted beside it."""
        chosen = self.covariance == "auto" and self.components in {None, "auto"}
        return not chosen or self.unlabelled_weight is not None or self.prior_strength is not None


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
    if not all(token.strip() for token in keep):
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
    if not (_is_number(value, kind) and least <= value <= most):
        what = "a whole number" if kind is int else "a number"
        among = f"{least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise UsageError(f"{option(name)} takes {what}, {among}, not {value!r}", hint)


def _is_number(value: Any, kind: type) -> bool:  # noqa: ANN401  # as above
    return isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)


def _decoded(value: Any) -> Any:  # noqa: ANN401  # as above
    """Decode texts, also those in sequences, which Python kept as escaped bytes (PEP 383), if they are UTF-8."""
    if isinstance(value, list | tuple):
        return tuple(map(_decoded, value))
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8") if isinstance(value, str) else value
    except UnicodeError:
        return value
