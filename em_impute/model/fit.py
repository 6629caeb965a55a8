"""From a design to probabilities: by the ensemble of many mixtures, or by the one that the user named."""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design
from em_impute.em.blocks import Floats, make_blocks, slices
from em_impute.em.em import Step, expect, make_problem, posterior
from em_impute.em.expectation import e_step
from em_impute.em.mixture import Mixture, Recipe, fit_mixture, refits
from em_impute.em.parameters import Parameters, clamp
from em_impute.ensemble.ensemble import predict
from em_impute.ensemble.fit import EnsembleFit, fit_ensemble, fit_leader, subsampled
from em_impute.ensemble.folds import Examples
from em_impute.ensemble.posterior_draws import draw_ensemble
from em_impute.ensemble.transforms import Predictors
from em_impute.missingness.how_missing import HeldOut, HowMissing, how_missing
from em_impute.model.assign import Draws, MixtureDraws
from em_impute.model.select import Choice, choose_model

PATH_ROWS = 50_000
"""Different rows up to which the log-likelihood is computed after every step; beyond, at the end."""

FitProgress = Callable[[str, str], None]
"""Told of progress: the stage and a detail."""


class Fitted(NamedTuple):
    """A model, and what it says of the rows without a label."""

    choice: Choice
    lead: Callable[[], Mixture]
    """Gives the mixture: the only one, or the one that leads the ensemble, fitted when somebody asks for it."""
    probability: Floats
    """(n_unlabelled, n_labels), of the distinct rows without a label, as if these were missing at random"""
    draw: Callable[[int, int], Draws]  # the model so many times, from a seed
    how: HowMissing  # how rows without a label differ from those with one


def fit_one(design: Design, covariance: str, recipe: Recipe, by: int, progress: FitProgress) -> Fitted:
    """Fit one mixture of the engine to all rows; its covariance is named or chosen.

    Where no label is known the groups found are put in the order of their means of feature `by`.
    """

    def watch(step: Step) -> None:
        log_likelihood = f"log-likelihood {step.log_likelihood:,.3f}"
        progress("fitting", f"iteration {step.iteration}, {log_likelihood}, gain {step.gain:.2g}")

    how = how_missing(design, recipe.seed)
    choice = choose_model(design, how, covariance, recipe, lambda detail: progress("choosing", detail))
    n_labels = choice.n_groups or len(design.labels)
    mixture = fit_mixture(design.learning, n_labels, choice.recipe, watch)
    if not (design.label >= 0).any():
        order = np.argsort(mixture.parameters.mean[:, by], kind="stable")
        parameters = Parameters(*(values[order] for values in mixture.parameters))
        mixture = mixture._replace(parameters=parameters)
    elif choice.recipe.unlabelled_weight != 1.0:
        # Of the rows as they are, where the fit weighed some of them less.
        problem = make_problem(*design.learning, mixture.component_label, free_shares=mixture.recipe.free_shares)
        mixture = mixture._replace(log_likelihood=expect(problem, mixture.parameters).log_likelihood)
    unlabelled = design.distinct.label < 0
    probability = posterior(mixture.parameters, mixture.component_label, design.distinct.x[unlabelled])

    def draw(n_draws: int, seed: int) -> Draws:
        parameters = refits(design.learning, mixture, n_draws, seed)
        return MixtureDraws(parameters, mixture.component_label)

    return Fitted(choice, lambda: mixture, probability, draw, how)


def fit_with_ensemble(design: Design, recipe: Recipe, progress: FitProgress, *, single: bool, led: bool) -> Fitted:
    """Fit the ensemble, or with `single` the mixture that leads it; `led` says that the leading one will be asked for.

    The ensemble fills without it.
    """
    everything = examples_of(design)
    how = how_missing(design, recipe.seed)
    with_scheme = how.with_scheme(everything)
    learning = with_scheme.take(design.counting) if design.weighed else with_scheme
    examples = subsampled(learning, recipe.seed)
    n_labels, n_to_fill = len(design.labels), int(np.count_nonzero(design.distinct.label < 0))
    ensemble = fit_ensemble(
        examples, n_labels, n_to_fill, recipe.seed, lambda detail: progress("choosing", detail), single=single
    )
    found, held = ensemble.comparison, ensemble.held_probability
    rows, weight = found.held, found.held.weight if design.weighed else np.ones(found.held.label.size)
    asked = found.unlabelled.origin, ensemble.asked_probability
    held_out = HeldOut(rows.label, held, found.shares, rows.numbers, weight, found.odds, unlabelled=asked)
    recipe = recipe._replace(family=ensemble.leader.shrinkage.family, per_label=ensemble.leader.per_label)
    choice = Choice(recipe, ensemble.criterion, (), held_out, None, ensemble)
    lead = cache(lambda: _leading_mixture(ensemble, examples, design, recipe))
    if led:
        progress("fitting", "the leading mixture")
        lead()
    progress("filling", "")
    unlabelled = np.flatnonzero(design.distinct.label < 0)
    probability = predict(ensemble, everything.predictors, unlabelled)

    return Fitted(choice, lead, probability, partial(draw_ensemble, ensemble, learning), how)


def examples_of(design: Design) -> Examples:
    """Give the distinct rows in the form that the ensemble takes."""
    predictors = Predictors(design.distinct.x, design.codes, design.levels, design.n_numbers, design.scores)
    return Examples(predictors, design.distinct.label, design.distinct.weight, design.index is not None)


def _leading_mixture(ensemble: EnsembleFit, examples: Examples, design: Design, recipe: Recipe) -> Mixture:
    """Bring the leading mixture into the engine's form, with the log-likelihood of all rows along its path."""
    component_label, batches = fit_leader(ensemble, examples, recipe.seed)
    rows, log_clamp = design.learning, clamp(component_label)
    looked_at = batches if rows.label.size <= PATH_ROWS else batches[-1:]
    found = [Parameters(np.exp(one.log_share[0]), one.mean[0], one.covariance[0]) for one in looked_at]
    path = np.zeros(len(found))
    for some in slices(rows.label.size):  # no copy of all rows
        for block in make_blocks(rows.x[some], rows.label[some], rows.weight[some], component_label.size):
            path += [np.vdot(block.weight, e_step(block, one, log_clamp).log_evidence) for one in found]
    *_, last = way = path.tolist()
    return Mixture(found[-1], component_label, recipe, last, last, tuple(way), "held-out labels")
