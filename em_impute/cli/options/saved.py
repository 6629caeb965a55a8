"""Options of the panel "Saved models"."""

from typing import Annotated, TypeAlias

import typer

from em_impute.cli.options.reading import column_option

__all__ = ["ColumnsOrModel", "ModelPath", "ModelToCheck", "SaveModel", "Update"]

SAVED = "Saved models"

ColumnsOrModel: TypeAlias = Annotated[
    list[str] | None, column_option(" With --model: those of its columns to complete.")
]

SaveModel: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--save-model",
        metavar="PATH",
        rich_help_panel=SAVED,
        show_default=False,
        help="Save the fit as JSON, to be applied to other files by --model; also where no cell is missing.",
    ),
]
ModelPath: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="PATH",
        rich_help_panel=SAVED,
        show_default=False,
        help="Fill by a saved fit, without fitting, and warn where the rows are unlike those that it was fitted to.",
    ),
]
ModelToCheck: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="PATH",
        rich_help_panel=SAVED,
        show_default=False,
        help="Say whether a saved fit knows rows like these, instead of what a fit to them would use.",
    ),
]
Update: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--update",
        rich_help_panel=SAVED,
        help="With --model: fill, then let the model learn from these rows too. It is saved in its place, or to "
        "--save-model.",
    ),
]
