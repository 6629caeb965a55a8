"""A saved model as values: what fills, what it was learnt from, and what new rows are compared with."""

from dataclasses import dataclass
from typing import Annotated

from em_impute.em.parameters import Parameters
from em_impute.model.predict import Model
from em_impute.saved_model.drift import DataProfile
from em_impute.serialize.annotations import Count, Key, OwnAxes, Range, Sha256


@dataclass(frozen=True)
class ReadSettings:
    """How cells were read, and will be unless the user says otherwise."""

    decimal: Annotated[str, "The decimal mark."]
    null_values: Annotated[tuple[str, ...], "What --null-value named."]
    keep_values: Annotated[tuple[str, ...], "What --keep-value named."]


@dataclass(frozen=True)
class TrainingTable:
    """A table that was learnt from."""

    name: Annotated[str, "What it was called."]
    sha256: Annotated[Sha256, "SHA-256 of its bytes."]
    rows: Annotated[Count, "Its rows."]
    fitted_at: Annotated[str, Key("learnt"), "When, in UTC."]


@dataclass(frozen=True)
class Score:
    """How right fits were about labels that they had not been shown."""

    rows: Annotated[Count, "Labels that were hidden."]
    accuracy: Annotated[float, Range(0), "Share that was right."]
    log_loss: Annotated[float, Range(0), "Mean −log probability of the true label, in nats."]
    baseline_accuracy: Annotated[float, Range(0), "Share of the commonest label."]
    baseline_log_loss: Annotated[float, Range(0), "Log-loss of the labels' shares."]


@dataclass(frozen=True)
class Training:
    """What the rows were like that were learnt from."""

    rows: Annotated[Count, "Their number."]
    summary: Annotated[DataProfile, "How their predictors and labels were distributed."]
    typical: Annotated[Parameters, "The mixture that says how usual a row is, in standard units."]
    held_out: Annotated[
        Score | None, "How right fits were about labels that they were not shown; null where none could be hidden."
    ]


@dataclass(frozen=True)
class SavedColumn:
    """What fills one column."""

    column: Annotated[str, "Its name."]
    free_shares: Annotated[bool, "--shares free: the rows to fill had label shares of their own."]
    weights: Annotated[str | None, "The column of --weights; null without it."]
    tokens: Annotated[tuple[str, ...], "What counted as missing in it."]
    training: Annotated[Training, OwnAxes, "What the rows were like that were fitted to."]
    model: Annotated[Model, "What fills the column."]


@dataclass(frozen=True)
class SavedModel:
    """A fit that is applied to other tables."""

    version: Annotated[str, "The version of em-impute that wrote it."]
    seed: Annotated[Count, "The seed of the fit."]
    reading: Annotated[ReadSettings, "How cells were read."]
    sources: Annotated[
        tuple[TrainingTable, ...], "The tables it was fitted to, oldest first; of very many the last ones."
    ]
    columns: Annotated[tuple[SavedColumn, ...], "What fills each column."]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it fills."""
        return tuple(one.column for one in self.columns)

    @property
    def weights(self) -> str | None:
        """The column that said how much each row counts, the same for all that it fills."""
        return next((one.weights for one in self.columns if one.weights), None)
