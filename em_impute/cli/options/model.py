"""Options of the panel "Model"."""

from dataclasses import dataclass
from typing import ClassVar, get_args

from em_impute.cli.options.groups import option
from em_impute.options import Covariance, Shares

FAMILIES = ", ".join(get_args(Covariance))


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """What is fitted."""

    panel: ClassVar = "Model"

    labels: str | None = option("--labels A,B", "Names of the groups to find when no label is known.")
    order_by: str | None = option(
        "--order-by FEATURE", "Predictor whose mean, ascending, gives unnamed groups their names. Default: the first."
    )
    components: str | None = option(
        "--components N|auto",
        "Gaussians per label (default 1); without known labels, the number of groups, which auto finds by BIC.",
    )
    covariance: Covariance = option(
        "--covariance NAME",
        "Fit one mixture whose Gaussians have this shape; auto combines many (chooses by BIC if no label is known). "
        f"One of {FAMILIES}.",
        default="auto",
    )
    single: bool = option("--single", "Fill from one mixture, that which the report shows, not from the ensemble.")
    unlabelled_weight: str = option(
        "--unlabelled-weight auto|0..1",
        "Weight of a row without a label in the fit of one mixture; 0 fits to labelled rows alone.",
        default="auto",
    )
    shares: Shares = option(
        "--shares auto|common|free",
        "Label shares of the rows to fill: as in known rows (common), their own (free), or what the evidence favours.",
        default="auto",
    )
    deltas: list[str] | None = option(
        "--delta LABEL=LOGODDS",
        "Suppose LABEL's log-odds in the rows to fill are this much higher than predicted; repeatable.",
    )
    prior_strength: float | None = option(
        "--prior-strength S",
        "Weight of one mixture's conjugate prior (default 1); 0 is plain maximum likelihood.",
        min=0.0,
    )
    max_iter: int = option("--max-iter N", "EM iterations at most.", default=5000, min=1)
    tolerance: float = option(
        "--tol T", "Stop when less log-likelihood than this is left to gain.", default=1e-6, min=0.0
    )
    seed: int = option(
        "--seed N", "Seed of folds and starts: same seed, same bytes.", default=0, min=0, envvar="EM_IMPUTE_SEED"
    )


@dataclass(frozen=True, eq=False, repr=False)
class ModelOfEM(Model):
    """The one mixture whose EM is explained."""

    components: str | None = option(
        "--components N", "Gaussians per label (default 1); without known labels, the number of groups."
    )
    covariance: Covariance = option(
        "--covariance NAME",
        f"What the Gaussians' shapes have in common. Default: full, nothing. One of {FAMILIES}.",
        default="auto",
        show_default=False,
    )
    prior_strength: float | None = option(
        "--prior-strength S",
        "Weight of the conjugate prior. Default: 0, plain maximum likelihood, or 1 where that breaks down.",
        min=0.0,
    )
