"""The model: the leading mixture, how EM fitted it, how it was chosen, and EM in its plainest form."""

import numpy as np

from em_impute.columns.design import Design
from em_impute.diagnostics import baseline_em
from em_impute.em.families import FAMILIES, n_parameters
from em_impute.em.parameters import Parameters
from em_impute.ensemble.fit import EnsembleFit
from em_impute.ensemble.scores import score
from em_impute.ensemble.values import HeldOutLosses
from em_impute.model.column import FittedColumn
from em_impute.model.select import Choice, information_criteria
from em_impute.pipeline.fit_parts import FullFit
from em_impute.report.build.shared import by_name, gaussians_of
from em_impute.report.model import findings as sections

MAX_COVARIANCES = 2000
"""Entries of covariances that are listed, all labels together: beyond, the report would hold little else."""


def mixture_of(found: FittedColumn) -> sections.LeadingMixture:
    """Describe the leading mixture."""
    design, mixture, stack = found.design, found.mixture, found.ensemble
    family, names = mixture.recipe.family, [one.name for one in design.features]
    of_label = [design.labels[k] for k in mixture.component_label]
    gaussians = gaussians_of(mixture.parameters, design.shift, design.scale, names, of_label)
    return sections.LeadingMixture(
        covariance=family,
        components={label: of_label.count(label) for label in design.labels},
        n_parameters=n_parameters(FAMILIES[family], len(of_label), len(names)),
        share_of_stack=float(stack.weight[stack.leading].sum()) if stack else None,
        parameters=[
            sections.MixtureComponent(**one, component=of_label[: i + 1].count(of_label[i]))
            for i, one in enumerate(gaussians)
        ],
    )


def convergence_of(found: FittedColumn, entropy: float, full_fit: FullFit | None = None) -> sections.Convergence:
    """Say how EM fitted the leading mixture, to all rows if there is a `full_fit`; `entropy` is that of the fills."""
    design, mixture, stack = found.design, found.mixture, found.ensemble
    jacobian, rows = design.log_jacobian(design.distinct), float(design.distinct.weight.sum())
    if full_fit is not None:
        jacobian, rows = full_fit.log_jacobian, full_fit.weight
    log_likelihood = mixture.log_likelihood - jacobian
    return sections.Convergence(
        log_likelihood=log_likelihood,
        n_iterations=len(mixture.path) - 1 if stack is None or stack.leader.is_baseline else stack.leader.steps,
        stop=mixture.stop,
        converged=mixture.stop in {"converged", "rounding"},
        n_starts=mixture.n_starts,
        path=[value - jacobian for value in mixture.path],
        **information_criteria(mixture, log_likelihood, rows, entropy),
    )


def selection_of(choice: Choice) -> sections.Selection:
    """List what was considered, with its score and what it counts for."""
    if choice.ensemble is not None:
        return _stacked(choice.ensemble, choice.criterion)
    chosen, losses = (choice.recipe.family, choice.n_groups), HeldOutLosses()
    if choice.held_out is not None:
        losses = HeldOutLosses(single=choice.held_out.log_loss, majority=choice.held_out.baseline_log_loss)
    members = [
        sections.Considered(
            covariance=one.covariance,
            components=one.components or 0,
            log_loss=one.score if one.components is None else None,
            bic=one.score if one.components is not None else None,
            icl=one.icl,
            weight=float((one.covariance, one.components) == chosen),
            note=one.note,
        )
        for one in choice.candidates
    ]
    return sections.Selection(criterion=choice.criterion, members=members, scores=losses)


def _stacked(stack: EnsembleFit, criterion: str) -> sections.Selection:
    (losses, unlabelled_rows), weight, comparison = score(stack), stack.weight.sum(axis=1), stack.comparison
    members = [
        sections.Considered(
            view=one.view,
            covariance=one.shrinkage.family,
            components=one.per_label,
            em_steps=one.steps,
            log_loss=float(comparison.log_loss[i].min()),
            weight=float(weight[i]),
        )
        for i in np.argsort(-weight, kind="stable").tolist()
        if weight[i] and (one := comparison.members[i])
    ]
    return sections.Selection(
        criterion=criterion,
        considered=weight.size,
        trust=stack.model_weight,
        trees=stack.forest.total if stack.forest else 0.0,
        members=members,
        scores=losses,
        unlabelled_rows=unlabelled_rows,
    )


def baseline_of(plain: baseline_em.BaselineEm | None, design: Design) -> sections.BaselineEm | None:
    """Describe EM in its plainest form."""
    if plain is None:
        return None
    fit, of_label = plain.em, [design.labels[k] for k in plain.em.component_label]
    names, own = [one.name for one in design.features[: design.n_numbers]], slice(design.n_numbers)

    def gaussians(standardised: Parameters) -> list[sections.Gaussian]:
        hidden = {"covariance": None} if standardised.covariance.size > MAX_COVARIANCES else {}
        made = gaussians_of(standardised, design.shift[own], design.scale[own], names, of_label)
        return [sections.Gaussian(**one | hidden) for one in made]

    return sections.BaselineEm(
        covariance=plain.em.recipe.family,
        parameters=gaussians(fit.parameters),
        labels_only=None if plain.labels_only is None else gaussians(plain.labels_only),
        drift=None if plain.drift is None else by_name(of_label, plain.drift),
        log_likelihood=fit.log_likelihood - plain.log_jacobian,
        converged=fit.stop in {"converged", "rounding"},
        n_iterations=len(fit.path) - 1,
    )
