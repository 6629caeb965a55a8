"""Everything the user asked for, in one frozen value."""

import math
from dataclasses import dataclass, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, get_args

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
    keep_values: tuple[str, ...] = ()  # tokens that look like a missing mark but are labels, or texts of a predictor
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
            value = kind(value) if kind is not None and is_number(value, kind) else _decoded(value)
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


def column_of(token: str) -> tuple[str, str]:
    """Divide COLUMN=TOKEN, which is of a predictor; of a token alone, of the columns to fill, the column is empty."""
    column, is_pair, rest = token.partition("=")
    return (column, rest) if is_pair and column else ("", token)


def is_number(value: Any, kind: type) -> bool:  # noqa: ANN401  # whatever a caller in Python takes for one
    """Tell whether a value is a number, for int a whole one."""
    return isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)


def _decoded(value: Any) -> Any:  # noqa: ANN401  # as above
    """Decode texts, also those in sequences, which Python kept as escaped bytes (PEP 383), if they are UTF-8."""
    if isinstance(value, list | tuple):
        return tuple(map(_decoded, value))
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8") if isinstance(value, str) else value
    except UnicodeError:
        return value
