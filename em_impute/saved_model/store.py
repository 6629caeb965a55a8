"""A saved model: what fills, what it was fitted to, what new rows are compared with; and how that is a file."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from em_impute.errors import ModelError, option
from em_impute.model.predict import Model
from em_impute.saved_model.drift import DataProfile
from em_impute.saved_model.values import Recovered
from em_impute.serialize.annotations import Count, Key, OwnAxes
from em_impute.serialize.classes import from_json, schema_of, to_json
from em_impute.serialize.json_text import FormatError, parse, render
from em_impute.serialize.values import DIALECT, Schema
from em_impute.table.text import shown_path

MODEL_VERSION = 1
"""Of the form.  One that was once released stays readable."""

MAX_BYTES = 1 << 30

BLANK = "0" * 64
"""What the seal is written as while it is computed."""


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
    sha256: Annotated[str, "SHA-256 of its bytes."]
    rows: Annotated[Count, "Its rows."]
    fitted_at: Annotated[str, Key("learnt"), "When, in UTC."]


@dataclass(frozen=True)
class Training:
    """What the rows were like that were learnt from."""

    rows: Annotated[Count, "Their number."]
    summary: Annotated[DataProfile, "How their predictors and labels were distributed."]
    held_out: Annotated[
        Recovered | None, "How right fits were about labels that they were not shown; null where none could be hidden."
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


def read_model(path: str | Path) -> SavedModel:
    """Read a model that `--save-model`, or `FittedModel.save`, has written.

    Raises ModelError where it cannot be read, is none, or is of a version that this one does not know.
    """
    name, hint = shown_path(str(path)), f"name the file that {option('save_model')} wrote"
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise ModelError(f"{name} is larger than 1 GiB: no model is", hint)
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise ModelError(f"cannot read the model {name}: {reason}", hint) from None
    except UnicodeDecodeError:
        raise ModelError(f"{name} is not a model: it is not UTF-8", hint) from None
    return load(text, name)


def load(text: str, name: str) -> SavedModel:
    """Read a model from JSON, as `read_model` does; `name` is what to call it."""
    try:
        document = parse(text)
        version = document.get("model_version") if isinstance(document, dict) else None
        if not isinstance(version, int) or isinstance(version, bool):
            hint = f"name the file that {option('save_model')} wrote; a report is not a model"
            raise ModelError("it names no model_version", hint)
        if version != MODEL_VERSION:
            newer = "update em-impute" if version > MODEL_VERSION else f"save it once more with {option('save_model')}"
            raise ModelError(f"its model_version is {version}, this em-impute reads {MODEL_VERSION} and older", newer)
        seal = document.get("seal", BLANK)  # the first models had none
        if seal != BLANK and (not isinstance(seal, str) or _seal_of(text.replace(seal, BLANK, 1)) != seal):
            raise ModelError("it has been changed since it was saved")  # its parts may contradict each other
        return from_json(SavedModel, document)
    except (FormatError, ModelError) as error:
        again = f"save it once more with {option('save_model')}, or use it as it was written"
        raise ModelError(f"{name} is not a model of em-impute: {error}", getattr(error, "hint", "") or again) from None


def dump(model: SavedModel) -> str:
    """Write a model as JSON."""
    text = render({"model_version": MODEL_VERSION, "seal": BLANK, **to_json(model)})
    return text.replace(BLANK, _seal_of(text), 1)


def model_schema() -> Schema:
    """Give the JSON Schema of a saved model."""
    schema = schema_of(SavedModel)
    version = {"description": "The version of this form.", "type": "integer", "const": MODEL_VERSION}
    what = "SHA-256 of the file with 64 zeros in its place."
    seal = {"description": what, "type": "string", "pattern": "^[0-9a-f]{64}$"}
    return {
        "$schema": DIALECT,
        "$id": f"urn:em-impute:model:{MODEL_VERSION}",
        "title": "A saved model of em-impute",
        **schema,
        "properties": {"model_version": version, "seal": seal, **schema["properties"]},
        "required": ["model_version", *schema["required"]],
    }


def _seal_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()
