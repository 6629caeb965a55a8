"""A saved model as values: what fills, what it was learnt from, and what new rows are compared with."""

from dataclasses import dataclass

from em_impute.em.parameters import Parameters
from em_impute.model.predict import Model
from em_impute.saved_model.drift import Summary

__all__ = ["Reading", "SavedColumn", "SavedModel", "Score", "Source", "Training"]


@dataclass(frozen=True)
class Reading:
    """How cells were read, and will be unless the user says otherwise."""

    decimal: str
    null_values: tuple[str, ...]
    keep_values: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A table that was learnt from."""

    name: str
    sha256: str
    rows: int
    learnt: str | None
    """when, as UTC; None where the time is dictated but empty"""


@dataclass(frozen=True)
class Score:
    """How right fits were about labels that they had not been shown."""

    rows: int
    accuracy: float
    log_loss: float
    """mean −log probability of the true label, in nats"""
    baseline_accuracy: float
    """of always saying the commonest label"""
    baseline_log_loss: float
    """of the labels' shares alone"""


@dataclass(frozen=True)
class Training:
    """What the rows were like that were learnt from."""

    rows: int
    summary: Summary
    """of their predictors and known labels"""
    typical: Parameters
    """the mixture, in standard units, that says how usual a row is: the leading one of a stack"""
    held_out: Score | None
    """None where no label could be held out"""


@dataclass(frozen=True)
class SavedColumn:
    """What fills one column."""

    column: str
    free_shares: bool
    """The rows to be filled had label shares of their own, which those of another file need not have."""
    weights: str | None
    """the column that said how much each row counts"""
    tokens: tuple[str, ...]
    """what was counted as missing"""
    model: Model
    training: Training


@dataclass(frozen=True)
class SavedModel:
    """A fit that is applied to other tables."""

    version: str
    """of em-impute"""
    seed: int
    reading: Reading
    sources: tuple[Source, ...]
    """the last ones, oldest first"""
    columns: tuple[SavedColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it fills."""
        return tuple(one.column for one in self.columns)

    @property
    def weights(self) -> str | None:
        """The column that said how much each row counts, the same for all that it fills."""
        return next((one.weights for one in self.columns if one.weights), None)
