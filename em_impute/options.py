"""Everything the user asked for, in one frozen value."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from em_impute.errors import UsageError

__all__ = ["Request", "Shares", "refuse_contradictions"]

Shares = Literal["auto", "common", "free"]
"""Whether rows to fill have the label shares of known rows, or their own."""


@dataclass(frozen=True)
class Request:
    """What to fill, from which file, and how.  Defaults are those of the command line."""

    path: Path | None
    """The input; None reads standard input."""
    columns: tuple[str, ...]
    """The columns to fill, each on its own: names or 1-based numbers."""
    features: tuple[str, ...] = ()
    """The predictors; empty lets every suitable numeric column serve."""
    delimiter: str | None = None
    encoding: str | None = None
    has_header: bool = True
    decimal: str = "."
    skip_lines: int = 0
    null_values: tuple[str, ...] = ()
    """Tokens of the column that count as missing, beside blank cells and the standard marks."""
    keep_values: tuple[str, ...] = ()
    """Tokens that look like a missing mark but are labels."""
    labels: tuple[str, ...] = ()
    """Names for the groups when no label is known."""
    by: str | None = None
    """The column whose texts name groups of rows that may differ."""
    weights: str | None = None
    """The column of numbers that says how much each row counts; None counts all alike."""
    order_by: str | None = None
    """The predictor whose mean orders unnamed components; None takes the first."""
    components: int | Literal["auto"] | None = None
    """Components a label (with labels known) or groups in all (with none known).  "auto" is one a label, and as many
    groups as BIC finds; None is one a label, and an error where neither a label nor a number says how many groups."""
    covariance: str = "auto"
    single: bool = False
    """Fill from the leading mixture alone, not from all that are stacked."""
    unlabelled_weight: float | None = None
    """Weight of a row without a label beside one that has it; None leaves it to the choice."""
    shares: Shares = "auto"
    """Whether rows to fill have the label shares of known ones ("common"), shares of their own ("free"), or as the
    evidence of why labels are missing has it."""
    prior_strength: float | None = None
    """Of the one mixture that is named by an option; None is 1."""
    max_iter: int = 5000
    tolerance: float = 1e-6
    seed: int = 0
    min_probability: float = 0.0
    method: Literal["map", "draw"] = "map"
    """Fill in the most probable label, or one drawn by its probability."""
    imputations: int = 0
    """Completed tables to draw, each with labels of its own; 0 completes one."""
    deltas: tuple[tuple[str, float], ...] = ()
    """Labels, and by how much the log-odds of each are higher in the rows without a label than their predictors say."""
    examined: bool = True
    """Somebody will read what can be said beyond the fills."""
    keeps_model: bool = False
    """The fit will be saved, so that there is one even if no cell is missing."""
    probability: bool = False
    """Add a column with the probability of the label in each row."""
    probabilities: bool = False
    """Add a column a label with its probability in each row."""
    indicator: bool = False
    """Add a column that says which cells were filled."""

    def __post_init__(self) -> None:
        """Read names and labels that arrived as bytes, since the locale has no such letters, as UTF-8."""
        for name in ("columns", "features", "null_values", "keep_values", "labels"):
            object.__setattr__(self, name, tuple(_as_text(text) for text in getattr(self, name)))
        for name in ("by", "weights", "order_by"):
            text = getattr(self, name)
            object.__setattr__(self, name, text if text is None else _as_text(text))
        object.__setattr__(self, "deltas", tuple((_as_text(label), delta) for label, delta in self.deltas))

    @property
    def free_shares(self) -> bool:
        """The rows to fill have label shares of their own."""
        return self.shares == "free"

    @property
    def names_one_mixture(self) -> bool:
        """An option says which mixture is wanted: then no others are fitted beside it."""
        chosen = self.covariance == "auto" and self.components in {None, "auto"}
        return not chosen or self.unlabelled_weight is not None or self.prior_strength is not None


def refuse_contradictions(request: Request) -> None:
    """Raise UsageError for options that contradict each other or themselves, and for numbers that are none."""
    if set(request.null_values) & set(request.keep_values):
        raise UsageError("the same token is given to --null-value and to --keep-value", "leave one of them out")
    if not all(token.strip() for token in request.keep_values):
        raise UsageError("--keep-value is given a blank token: blank cells are always missing", "leave it out")
    labels = request.labels
    if labels and (len(set(labels)) < max(2, len(labels)) or not all(label.strip() for label in labels)):
        message = f"--labels takes two or more different names, not {','.join(labels)!r}"
        raise UsageError(message, "for example --labels short,long")
    for option, value in (("--prior-strength", request.prior_strength), ("--tol", request.tolerance)):
        if value is not None and not math.isfinite(value):
            raise UsageError(f"{option} takes a finite number, not {value}", "leave it out for the default")
    if request.method == "draw" and request.min_probability:
        raise UsageError("--min-probability contradicts drawn labels: unlikely ones must be drawn too", "leave it out")


def _as_text(text: str) -> str:
    """Decode what Python kept as escaped bytes (PEP 383), if it is UTF-8."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text
