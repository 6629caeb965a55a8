"""`em-impute schema`: what every key of the reports means, for programs."""

import json
from typing import Annotated, Literal, TypeAlias, get_args

import typer

from em_impute.cli.options.behaviour import DEBUG

Kind: TypeAlias = Literal["fit", "evaluation", "explanation", "why", "model"]


def schema(
    *,
    kind: Annotated[
        Kind,
        typer.Option(
            "--of",
            metavar="KIND",
            rich_help_panel="Output",
            help="Report of fill, of evaluate, or of explain or why --json, or a saved model. "
            f"One of {', '.join(get_args(Kind))}.",
        ),
    ] = "fit",
    debug: Annotated[bool, typer.Option("--debug", rich_help_panel="Behaviour", help=DEBUG)] = False,  # noqa: ARG001  # read by `main`
) -> None:
    """Print the JSON Schema of the report, or of a saved model: each key, its type, what it means and when it is null.

    em-impute schema > report.schema.json
    """
    if kind == "model":
        from em_impute.saved_model.store import model_schema

        found = model_schema()
    else:
        from em_impute.report.model.documents import schema_of_kind

        found = schema_of_kind(kind)
    text = json.dumps(found, indent=2, ensure_ascii=False)
    typer.echo(text.encode())  # JSON is UTF-8, whatever the terminal's encoding
