"""What a run of `fill` works on, by the steps that the Python API is made of."""

import shlex
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from em_impute.cli.models import Models
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.api.session import Completed
    from em_impute.pipeline.open import Watch

__all__ = ["command_line", "completed"]


def completed(request: Request, models: Models, watch: "Watch") -> "AbstractContextManager[Completed]":
    """Open a table and complete its columns, by a fit or by the saved model that was named."""
    from em_impute.api.session import filled_by_model, fitted

    if models.applied is None:
        return fitted(request, watch)
    from em_impute.saved_model.store import read_model

    model = read_model(models.applied)
    request = request if models.asks_decimal else replace(request, decimal=model.reading.decimal)
    return filled_by_model(model, request, models.applied, watch, learns=models.update)


def command_line() -> str:
    """Give the command as it was typed."""
    return shlex.join(["em-impute", *sys.argv[1:]])
