"""The saved models of a run: what contradicts them, and the one that fills."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from em_impute.cli.logging import STDOUT_NAMES
from em_impute.cli.options.groups import FLAGS
from em_impute.cli.options.input import Input
from em_impute.cli.options.model import Model
from em_impute.cli.options.output import SavedModels
from em_impute.errors import UsageError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.saved_model.store import SavedModel

FITTING = {"features", "kinds", "by", "same_within", "weights", "method", "imputations", "long", "all_columns"}
FITTING |= {one.name for one in fields(Model)} - {"deltas", "seed"}
"""Options of a fit; a model that is applied has been fitted already."""


def check_saved(saved: SavedModels, table: Input, *groups: Any) -> None:  # noqa: ANN401  # dataclasses
    """Raise UsageError for options that contradict those of saved models, and where no column is named at all."""
    for option, path in (("--model", saved.model), ("--save-model", saved.save_model)):
        if path is not None and (not path or path in STDOUT_NAMES):
            raise UsageError(f"{option} takes the path of a file, not {path!r}", f"for example {option} model.json")
    if saved.model is None:
        if table.all_columns == bool(table.columns):
            what = "--all contradicts --column" if table.all_columns else "no column is named"
            hint = "name the column to complete with --column, or take --all of them, or a model with --model"
            raise UsageError(what, hint)
        return
    for group in (table, *groups):
        for one in fields(group):
            if one.name in FITTING and getattr(group, one.name) != one.default:
                message = f"{FLAGS[one.name]} contradicts --model: that fit is made already"
                raise UsageError(message, "leave one of them out")
    if saved.save_model is not None:
        raise UsageError("--save-model with --model would save the same model", "copy the file")


def read_saved(saved: SavedModels, table: Input, request: Request) -> "tuple[tuple[SavedModel, str] | None, Request]":
    """Read the model that fills, if one does: it comes with its path, and with the request that it answers.

    Numbers are read as it read them, unless the user said how.
    """
    if saved.model is None:
        return None, request
    from em_impute.saved_model.store import read_model

    model = read_model(saved.model)
    return (model, saved.model), replace(request, decimal=table.decimal or model.reading.decimal)
