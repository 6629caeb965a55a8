"""`--save-model`, `--model` and `--update`: the saved model of a run, and what contradicts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from em_impute.cli.destination import Destination, are_distinct
from em_impute.cli.logfile import STDOUT_NAMES
from em_impute.errors import OutputError, UsageError

__all__ = ["Models", "models_of"]

FITTING = {
    "features": "-x",
    "by": "--by",
    "weights": "--weights",
    "labels": "--labels",
    "order_by": "--order-by",
    "components": "--components",
    "covariance": "--covariance",
    "single": "--single",
    "unlabelled_weight": "--unlabelled-weight",
    "shares": "--shares",
    "prior_strength": "--prior-strength",
    "max_iter": "--max-iter",
    "tolerance": "--tol",
    "method": "--method",
    "imputations": "--imputations",
    "long": "--long",
}
"""Options of a fit, by the names of their parameters; a model that is applied has been fitted already."""


@dataclass(frozen=True)
class Models:
    """The saved models of a run."""

    applied: str | None
    """the path of the model to fill by; None fits one"""
    update: bool
    target: Path | None
    """where a model is to be saved"""
    asks_decimal: bool = False
    """The user named the decimal mark, which is else that of the model."""

    @property
    def is_in_place(self) -> bool:
        """Tell whether a model takes the place of the one that is applied."""
        return self.applied is not None and self.target == Path(self.applied)

    @property
    def files(self) -> list[Path]:
        """The paths that are read or written."""
        return [path for path in (self.applied and Path(self.applied), self.target) if path]

    @property
    def names(self) -> list[str]:
        """What to call the model that was saved."""
        return [] if self.target is None else [str(self.target)]

    def check(self, inputs: Sequence[Path], destination: Destination, *, clobber: bool) -> None:
        """Refuse, before any work is done, what cannot or must not be written."""
        from em_impute.table.output import check_output

        if self.target is None:
            return
        if self.is_in_place and not clobber:
            raise OutputError(
                f"{self.target} exists already", "name another model with --save-model, or leave --no-clobber"
            )
        check_output(self.target, inputs, clobber=clobber or self.is_in_place)
        if not are_distinct([self.target, *destination.files]):
            raise UsageError("two outputs have the same path", "give the model its own with --save-model")


def models_of(context: typer.Context, applied: str | None, saved: str | None, *, update: bool, dry_run: bool) -> Models:
    """Read the options.  Raises UsageError for what contradicts them."""
    for option, path in (("--model", applied), ("--save-model", saved)):
        if path is not None and (not path or path in STDOUT_NAMES):
            raise UsageError(f"{option} takes the path of a file, not {path!r}", f"for example {option} model.json")
    if applied is None:
        if update:
            raise UsageError("--update lets a saved model learn, and none is named", "name it with --model")
    else:
        for parameter, option in FITTING.items():
            source = context.get_parameter_source(parameter)
            if source is not None and source.name == "COMMANDLINE":
                raise UsageError(f"{option} contradicts --model: that fit is made already", "leave one of them out")
        if saved is not None and not update:
            raise UsageError("--save-model with --model would save the same model", "add --update, or copy the file")
    target = saved if saved is not None or not update else applied
    decimal = context.get_parameter_source("decimal")
    asks_decimal = decimal is not None and decimal.name == "COMMANDLINE"
    return Models(applied, update, None if target is None or dry_run else Path(target), asks_decimal)
