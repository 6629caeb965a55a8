"""`em-impute schema`: what every key of the reports means, for programs."""

import json
from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

from em_impute.cli import options as o

__all__ = ["KindName", "schema"]


class KindName(StrEnum):
    """Values of --of."""

    fit = "fit"
    evaluation = "evaluation"
    explanation = "explanation"
    model = "model"


Kind: TypeAlias = Annotated[
    KindName,
    typer.Option(
        "--of",
        metavar="KIND",
        rich_help_panel=o.OUTPUT,
        help="Whose report: of fill, of evaluate, or what explain --json writes; or a saved model. "
        f"One of {', '.join(KindName)}.",
    ),
]


def schema(
    *,
    kind: Kind = KindName.fit,
    debug: o.Debug = False,  # noqa: ARG001  # read at the door, before a command runs
) -> None:
    """Print the JSON Schema of the report, or of a saved model: each key, its type, what it means and when it is null.

    em-impute schema > report.schema.json
    """
    if kind is KindName.model:
        from em_impute.saved_model.store import model_schema

        found = model_schema()
    else:
        from em_impute.report.schema import schema_of

        found = schema_of(kind.value)
    text = json.dumps(found, indent=2, ensure_ascii=False)
    typer.echo(text.encode())  # JSON is UTF-8, whatever the terminal's encoding
