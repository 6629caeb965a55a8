"""Options of the panel "Model"."""

from typing import Annotated, TypeAlias

import typer

from em_impute.cli.values import CovarianceName, SharesName

__all__ = [
    "MODEL",
    "Components",
    "Covariance",
    "Deltas",
    "LabelNames",
    "MaxIter",
    "OrderBy",
    "PriorStrength",
    "Seed",
    "Shares",
    "Single",
    "Tolerance",
    "UnlabelledWeight",
]

MODEL = "Model"


LabelNames: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="A,B",
        rich_help_panel=MODEL,
        show_default=False,
        help="Names of the groups to find when no label is known.",
    ),
]
OrderBy: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--order-by",
        metavar="FEATURE",
        rich_help_panel=MODEL,
        show_default=False,
        help="Predictor whose mean, ascending, gives unnamed groups their names. Default: the first.",
    ),
]
Components: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--components",
        metavar="N|auto",
        rich_help_panel=MODEL,
        show_default=False,
        help="Gaussians a label (default 1); without known labels the number of groups, which auto finds by BIC.",
    ),
]
Covariance: TypeAlias = Annotated[
    CovarianceName,
    typer.Option(
        "--covariance",
        metavar="NAME",
        rich_help_panel=MODEL,
        help="Name one mixture by the shape of its Gaussians; auto stacks many (by BIC if no label is known). "
        f"One of {', '.join(CovarianceName)}.",
    ),
]
Single: TypeAlias = Annotated[
    bool,
    typer.Option("--single", rich_help_panel=MODEL, help="Fill from the leading mixture alone, not from the stack."),
]
UnlabelledWeight: TypeAlias = Annotated[
    str,
    typer.Option(
        "--unlabelled-weight",
        metavar="auto|0..1",
        rich_help_panel=MODEL,
        help="Weight of a row without a label in the fit of one mixture; 0 learns from labelled rows alone.",
    ),
]
Shares: TypeAlias = Annotated[
    SharesName,
    typer.Option(
        "--shares",
        metavar="auto|common|free",
        rich_help_panel=MODEL,
        help="Label shares of the rows to fill: those of known rows, their own, or (auto) as the evidence has it.",
    ),
]
Deltas: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--delta",
        metavar="LABEL=LOGODDS",
        rich_help_panel=MODEL,
        show_default=False,
        help="Suppose LABEL's log-odds in the rows to fill are so much higher than their predictors say; repeatable.",
    ),
]
PriorStrength: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--prior-strength",
        min=0.0,
        metavar="S",
        rich_help_panel=MODEL,
        show_default=False,
        help="Weight of one mixture's conjugate prior (default 1); 0 is plain maximum likelihood.",
    ),
]
MaxIter: TypeAlias = Annotated[
    int, typer.Option("--max-iter", min=1, metavar="N", rich_help_panel=MODEL, help="EM iterations at most.")
]
Tolerance: TypeAlias = Annotated[
    float,
    typer.Option(
        "--tol", min=0.0, metavar="T", rich_help_panel=MODEL, help="Stop when so little log-likelihood is left to gain."
    ),
]
Seed: TypeAlias = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        metavar="N",
        envvar="EM_IMPUTE_SEED",
        show_envvar=False,
        rich_help_panel=MODEL,
        help="Seed of folds and starts: same seed, same bytes.",
    ),
]
