"""The model: the leading mixture, how EM fitted it, and how it was chosen."""

import numpy as np

from em_impute.em.families import FAMILIES, n_parameters
from em_impute.ensemble.ensemble import TEMPERATURES
from em_impute.ensemble.fit import EnsembleFit, score
from em_impute.model.bic import Candidate, information_criteria
from em_impute.model.select import Choice
from em_impute.pipeline.types import ColumnResult
from em_impute.report.build.shared import by_predictor, own_units
from em_impute.report.model.mixture import (
    ConsideredFamily,
    ConsideredGroups,
    Convergence,
    EnsembleMember,
    HeldOutLosses,
    LeadingMixture,
    MixtureComponent,
    Selection,
)


def mixture_of(completion: ColumnResult) -> LeadingMixture | None:
    """Describe the leading mixture; None where nothing was fitted."""
    design, mixture, stack = completion.design, completion.mixture, _stack_of(completion)
    if design is None or mixture is None:
        return None
    names = [feature.name for feature in design.features]
    parameters, deviation = own_units(mixture.fit.parameters, design.shift, design.scale)
    of_label = mixture.fit.component_label
    n_components, n_features = parameters.mean.shape
    count = np.bincount(of_label, minlength=len(design.labels))
    return LeadingMixture(
        covariance=mixture.recipe.family,
        components=dict(zip(design.labels, count.tolist(), strict=True)),
        n_parameters=n_parameters(FAMILIES[mixture.recipe.family], n_components, n_features),
        share_of_stack=float(stack.weight[stack.leading].sum()) if stack else None,
        temperature=TEMPERATURES[int(stack.comparison.log_loss[stack.leading].argmin())] if stack else None,
        prior_strength=None if stack else mixture.recipe.prior_strength,
        parameters=[
            MixtureComponent(
                label=design.labels[label],
                component=int(np.count_nonzero(of_label[:k] == label)) + 1,
                weight=float(parameters.weight[k]),
                mean=by_predictor(names, parameters.mean[k]),
                sd=by_predictor(names, deviation[k]),
                covariance=parameters.covariance[k].tolist(),
            )
            for k, label in enumerate(of_label.tolist())
        ],
    )


def convergence_of(completion: ColumnResult) -> Convergence | None:
    """Say how EM fitted the leading mixture; None where nothing was fitted."""
    design, mixture, stack = completion.design, completion.mixture, _stack_of(completion)
    if design is None or mixture is None:
        return None
    jacobian, fit = design.log_jacobian(design.distinct), mixture.fit
    log_likelihood = fit.log_likelihood - jacobian
    rows = float(design.distinct.weight.sum())
    return Convergence(
        log_likelihood=log_likelihood,
        n_iterations=len(fit.path) - 1 if stack is None or stack.leader.is_baseline else stack.leader.steps,
        stop=fit.stop,
        converged=fit.stop in {"converged", "rounding"},
        n_starts=mixture.n_starts,
        path=[value - jacobian for value in fit.path],
        **information_criteria(mixture, log_likelihood, rows, completion.entropy),
    )


def selection_of(choice: Choice | None) -> Selection | None:
    """List what was considered, with its score and what it counts for."""
    if choice is None:
        return None
    if choice.ensemble is not None:
        return _stacked(choice.ensemble, choice.criterion)
    chosen = (choice.recipe.family, choice.n_groups)
    held_out = choice.held_out
    return Selection(
        criterion=choice.criterion,
        members=[_considered(one, is_chosen=(one.covariance, one.components) == chosen) for one in choice.candidates],
        scores=HeldOutLosses(single=held_out.log_loss, majority=held_out.baseline_log_loss)
        if held_out
        else HeldOutLosses(),
    )


def _stack_of(completion: ColumnResult) -> EnsembleFit | None:
    return completion.choice.ensemble if completion.choice else None


def _considered(one: Candidate, *, is_chosen: bool) -> ConsideredFamily | ConsideredGroups:
    weight, note = float(is_chosen), one.note or ""
    if one.components is None:
        return ConsideredFamily(covariance=one.covariance, log_loss=one.score, weight=weight, note=note)
    return ConsideredGroups(
        covariance=one.covariance, components=one.components, bic=one.score, icl=one.icl, weight=weight, note=note
    )


def _stacked(stack: EnsembleFit, criterion: str) -> Selection:
    losses, weight = score(stack)._asdict(), stack.weight.sum(axis=1)
    unlabelled_rows = losses.pop("unlabelled_rows")
    heaviest = [i for i in np.argsort(-weight, kind="stable").tolist() if weight[i]]
    return Selection(
        criterion=criterion,
        considered=weight.size,
        trust=stack.model_weight,
        members=[_member(stack, i, float(weight[i])) for i in heaviest],
        scores=HeldOutLosses(**losses),
        unlabelled_rows=unlabelled_rows,
    )


def _member(stack: EnsembleFit, i: int, weight: float) -> EnsembleMember:
    member = stack.comparison.members[i]
    return EnsembleMember(
        view=member.view,
        covariance=member.shrinkage.family,
        components=member.per_label,
        em_steps=member.steps,
        log_loss=float(stack.comparison.log_loss[i].min()),
        weight=weight,
    )
