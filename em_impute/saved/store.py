"""Saved models as files, by the version of their form."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from em_impute.errors import ModelError
from em_impute.saved import json_text
from em_impute.saved.checks import check_column
from em_impute.saved.codec import Codec, Node
from em_impute.saved.form import FORM
from em_impute.saved.values import SavedModel
from em_impute.schema_terms import Schema, count
from em_impute.table.text import shown_path

__all__ = ["FORMS", "MODEL_VERSION", "dump", "load", "model_schema", "read_model"]

FORMS: Mapping[int, Codec[SavedModel]] = {1: FORM}
"""How each version is read.  A version that was once released keeps its form; the newest is written."""

MODEL_VERSION = max(FORMS)

MAX_BYTES = 1 << 30

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def read_model(path: str | Path) -> SavedModel:
    """Read a model that `--save-model`, or `FittedModel.save`, has written.

    Raises ModelError where it cannot be read, is none, or is of a version that this one does not know.
    """
    name = shown_path(str(path))
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise ModelError(f"{name} is larger than 1 GiB: no model is", "name the file that --save-model wrote")
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise ModelError(f"cannot read the model {name}: {reason}", "name the file that --save-model wrote") from None
    except UnicodeDecodeError:
        raise ModelError(f"{name} is no model: it is not UTF-8", "name the file that --save-model wrote") from None
    return load(text, name)


def load(text: str, name: str) -> SavedModel:
    """Read a model from JSON, as `read_model` does; `name` is what to call it."""
    try:
        document = json_text.parse(text)
        version = _version(document)
        found = FORMS[version].read(Node({key: document[key] for key in document if key != "model_version"}, "", {}))
        for number, column in enumerate(found.columns):
            check_column(column, f"columns[{number}]")
    except ModelError as error:
        hint = error.hint or "save it once more with --save-model, or use it as it was written"
        raise ModelError(f"{name} is no model of em-impute: {error.message}", hint) from None
    return found


def dump(model: SavedModel) -> str:
    """Write a model as JSON."""
    return json_text.render({"model_version": MODEL_VERSION, **FORMS[MODEL_VERSION].write(model)})


def model_schema() -> Schema:
    """Give the JSON Schema of a saved model."""
    schema = FORMS[MODEL_VERSION].schema
    version = {**count("The version of this form.", 1), "const": MODEL_VERSION}
    return {
        "$schema": DIALECT,
        "$id": f"urn:em-impute:model:{MODEL_VERSION}",
        "title": "A saved model of em-impute",
        **schema,
        "properties": {"model_version": version, **schema["properties"]},
        "required": ["model_version", *schema["required"]],
    }


def _version(document: Any) -> int:  # noqa: ANN401  # whatever the file holds
    version = document.get("model_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise ModelError("it names no model_version", "name the file that --save-model wrote; a report is none")
    if version not in FORMS:
        newer = "update em-impute" if version > MODEL_VERSION else "save it once more with --save-model"
        raise ModelError(f"its model_version is {version}, this em-impute reads {MODEL_VERSION} and older", newer)
    return version
