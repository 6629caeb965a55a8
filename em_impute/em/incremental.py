"""What a mixture remembers of the rows it was fitted to, and how EM goes on with further ones without the first.

The moments of the old rows are as good as rows whose responsibilities never change: what they add to the objective is
E[log p(x, z | θ)] under the responsibilities that they had, and EM over the new rows never lowers it (Neal & Hinton
1998, "A view of the EM algorithm that justifies incremental, sparse, and other variants").
"""

from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Integers, Rows
from em_impute.em.em import DEFAULT_STOPPING, Fit, Stopping, expect, fit, iterate, make_problem
from em_impute.em.families import FAMILIES, Prior, default_prior
from em_impute.em.mixture import Mixture, overall_covariance
from em_impute.em.moments import Moments, merge
from em_impute.em.parameters import Parameters
from em_impute.serialize.annotations import Choices, Range

__all__ = ["MixtureMemory", "learn", "remember"]


class MixtureMemory(NamedTuple):
    """What one mixture remembers."""

    moments: Annotated[Moments, "Of all rows that it was fitted to."]
    family: Annotated[
        str, Choices({name: one.description for name, one in FAMILIES.items()}), "The covariances' family."
    ]
    prior: Annotated[Prior, "The conjugate prior (Fraley & Raftery 2007), in standard units."]
    unlabelled_weight: Annotated[float, Range(0), "What a row without a label counts."]


def remember(rows: Rows, mixture: Mixture, n_labels: int) -> MixtureMemory:
    """Sum up the rows that a mixture was fitted to, by its own parameters: one more E step."""
    component_label, recipe = mixture.fit.component_label, mixture.recipe
    problem = make_problem(*_weighed(rows, recipe.unlabelled_weight), component_label, n_labels)
    prior = default_prior(
        overall_covariance(rows), float(rows.weight.sum()), component_label.size, recipe.prior_strength
    )
    moments = expect(problem, mixture.fit.parameters)
    return MixtureMemory(moments, recipe.family, prior, recipe.unlabelled_weight)


def learn(
    memory: MixtureMemory,
    parameters: Parameters,
    component_label: Integers,
    rows: Rows,
    n_labels: int,
    stopping: Stopping = DEFAULT_STOPPING,
) -> tuple[Fit, MixtureMemory]:
    """Go on from `parameters` with new rows.  Raises FitError where a covariance becomes singular."""
    problem = make_problem(*_weighed(rows, memory.unlabelled_weight), component_label, n_labels)
    problem = problem._replace(fixed=merge(memory.moments, problem.fixed))
    steps = iterate(problem, parameters, FAMILIES[memory.family], memory.prior, stopping)
    found = fit(steps, component_label)
    return found, memory._replace(moments=expect(problem, found.parameters))


def _weighed(rows: Rows, unlabelled_weight: float) -> Rows:
    """Let rows without a label weigh less, whether or not there are others beside them."""
    weight = np.where(rows.label < 0, unlabelled_weight * rows.weight, rows.weight)
    kept = weight > 0.0
    return Rows(rows.x[kept], rows.label[kept], weight[kept])
