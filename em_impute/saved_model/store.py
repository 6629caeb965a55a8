"""A saved model: what fills, what it was fitted to, what new rows are compared with; and how that is a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.ensemble import TEMPERATURES, Submodel
from em_impute.ensemble.terms import has_products
from em_impute.errors import ModelError, option
from em_impute.model.predict import Coding, Expert, Mixed, Model
from em_impute.saved_model.drift import DataProfile
from em_impute.saved_model.values import Recovered
from em_impute.serialize.annotations import Count, Key, OwnAxes, Sha256
from em_impute.serialize.classes import from_json, schema_of, to_json
from em_impute.serialize.json_text import FormatError, parse, render
from em_impute.serialize.values import Schema
from em_impute.table.text import shown_path

MODEL_VERSION = 1
"""Of the form.  One that was once released stays readable."""

MAX_BYTES = 1 << 30

DIALECT = "https://json-schema.org/draft/2020-12/schema"


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
        _check_version(document)
        found = from_json(SavedModel, document, ignores_unknown=True)  # earlier versions kept more
        for number, column in enumerate(found.columns):
            _check_column(column, f"columns[{number}]")
    except (FormatError, ModelError) as error:
        again = f"save it once more with {option('save_model')}, or use it as it was written"
        raise ModelError(f"{name} is not a model of em-impute: {error}", getattr(error, "hint", "") or again) from None
    return found


def dump(model: SavedModel) -> str:
    """Write a model as JSON."""
    return render({"model_version": MODEL_VERSION, **to_json(model)})


def model_schema() -> Schema:
    """Give the JSON Schema of a saved model."""
    schema = schema_of(SavedModel)
    version = {"description": "The version of this form.", "type": "integer", "const": MODEL_VERSION}
    return {
        "$schema": DIALECT,
        "$id": f"urn:em-impute:model:{MODEL_VERSION}",
        "title": "A saved model of em-impute",
        **schema,
        "properties": {"model_version": version, **schema["properties"]},
        "required": ["model_version", *schema["required"]],
    }


def _check_version(document: Any) -> None:  # noqa: ANN401  # whatever the file holds
    version = document.get("model_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise ModelError(
            "it names no model_version", f"name the file that {option('save_model')} wrote; a report is not a model"
        )
    if version != MODEL_VERSION:
        newer = "update em-impute" if version > MODEL_VERSION else f"save it once more with {option('save_model')}"
        raise ModelError(f"its model_version is {version}, this em-impute reads {MODEL_VERSION} and older", newer)


ROUNDING = 1e-6
"""By so much shares may miss 1."""


def _check_column(column: SavedColumn, path: str) -> None:
    """Raise ModelError where parts contradict each other, or numbers are impossible.  Sizes were checked on reading."""
    labels, groups = column.model.labels, column.model.groups
    if not labels or len(set(labels)) < len(labels):
        raise ModelError(f"{path}.model.labels are not different labels")
    _check_expert(column.model.pooled, len(labels), f"{path}.model.everyone")
    for name, own in groups.own.items() if groups else ():
        if own.weight > 1.0:
            raise ModelError(f"{path}.model.groups.own.{name}.weight is above 1")
        _check_expert(own.expert, len(labels), f"{path}.model.groups.own.{name}.expert")
    training, coding, texts = column.training, column.model.pooled.coding, column.model.texts
    scores = set() if texts is None else {*texts.names}
    if {*training.summary.numbers, *training.summary.texts} != {*coding.names} - scores:
        raise ModelError(f"{path}.training does not describe the predictors")
    if any(
        one.counts.size != one.edges.size + 1 or (np.diff(one.edges) <= 0).any()
        for one in training.summary.numbers.values()
    ):
        raise ModelError(f"{path}.training.summary.numbers: there must be a cell more than ascending edges")


def _check_expert(expert: Expert, n_labels: int, path: str) -> None:
    known, mixtures = expert.known_labels, expert.mixtures
    if not known or len(set(known)) < len(known) or max(known) >= n_labels:
        raise ModelError(f"{path} does not fit the labels of the column")
    _check_features(expert.coding, f"{path}.coding")
    if isinstance(mixtures, Mixed):
        _check_places(mixtures.component_label, len(known), f"{path}.speaker.mixture.component_label")
        _check_shares(mixtures.parameters.weight, f"{path}.speaker.mixture.parameters.weight")
        _check_covariances(mixtures.parameters.covariance, 3, f"{path}.speaker.mixture.parameters")
        return
    if mixtures.n_labels != len(known) or not mixtures.submodels or mixtures.model_weight > 1.0:
        raise ModelError(f"{path}.speaker.stack contradicts itself")
    _check_shares(mixtures.shares, f"{path}.speaker.stack.shares")
    for number, submodel in enumerate(mixtures.submodels):
        _check_submodel(submodel, expert, f"{path}.speaker.stack.voices[{number}]")


def _check_features(coding: Coding, path: str) -> None:
    for feature in coding.features:
        texts = () if feature.category is None else coding.texts.get(feature.category, ())
        if feature.category is not None and feature.name.removeprefix(f"{feature.category}=") not in texts:
            raise ModelError(f"{path}.features: {feature.name!r} is no text of a category")
        if not feature.scale > 0.0:
            raise ModelError(f"{path}.features: the scale of {feature.name!r} is not above 0")
    if any(feature.category is None for feature in coding.features[coding.n_numbers :]):
        raise ModelError(f"{path}.features: measurements must come first")
    if not coding.names or len(set(coding.names)) < len(coding.names):
        raise ModelError(f"{path} holds no predictors, or one twice")
    if any(len(set(texts)) < len(texts) for texts in coding.texts.values()):
        raise ModelError(f"{path}.texts: a text stands twice")


def _check_submodel(submodel: Submodel, expert: Expert, path: str) -> None:
    """Hold a submodel to the predictors that its view makes of the columns."""
    view, batch, coding = submodel.view, submodel.batch, expert.coding
    n_gaussian = view.shift.size if view.edges is None else 0
    if view.indicators:
        n_gaussian += len(coding.features) - coding.n_numbers
    bins = () if view.edges is None else tuple(edges.size + 1 for edges in view.edges)
    levels = (*bins, *(coding.levels if view.categories else ()))
    if view.first + view.shift.size > coding.n_numbers or view.levels != levels or batch.mean.shape[-1] != n_gaussian:
        raise ModelError(f"{path}.view is not one of the predictors")
    if batch.log_chance.shape[-1] != sum(levels) or submodel.weight.shape[-1] != len(TEMPERATURES):
        raise ModelError(f"{path} has arrays of the wrong size")
    if (view.scale <= 0.0).any() or (batch.freedom <= 0.0).any() or (submodel.weight < 0.0).any():
        raise ModelError(f"{path} holds a scale, freedom or weight that is not above 0")
    if len({(one.per_label > 1, one.view) for one in submodel.members}) != 1:
        raise ModelError(f"{path}.members are not of one kind")
    _check_places(submodel.component_label, len(expert.known_labels), f"{path}.component_label")
    _check_covariances(batch.covariance, 4, f"{path}.batch")


def _check_places(component_label: Integers, n_labels: int, path: str) -> None:
    if not np.array_equal(np.unique(component_label), np.arange(n_labels)):
        raise ModelError(f"{path} does not give every label a component")


def _check_shares(shares: Floats, path: str) -> None:
    if (shares < 0.0).any() or abs(float(shares.sum()) - 1.0) > ROUNDING:
        raise ModelError(f"{path} does not add up to 1")


def _check_covariances(covariance: Floats, n_axes: int, path: str) -> None:
    """Hold covariances to as many axes as there are with so many columns, and to being those of Gaussians."""
    if covariance.ndim != (n_axes if has_products(covariance.shape[-1]) else n_axes - 1):
        raise ModelError(
            f"{path}.covariance is that of fewer or more columns", f"save it once more with {option('save_model')}"
        )
    try:
        np.linalg.cholesky(covariance if has_products(covariance.shape[-1]) else covariance[..., None, None])
    except np.linalg.LinAlgError:
        raise ModelError(f"{path}.covariance is that of no Gaussian") from None
