"""Every member, fitted with rows held out and scored on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.em.initialize import components_of_labels
from em_impute.ensemble.batched_em import (
    TrainingData,
    fit_divided_labels,
    fit_labels,
    gather,
)
from em_impute.ensemble.candidates import Budget, Member, Plan, plans
from em_impute.ensemble.ensemble import TEMPERATURES, Submodel
from em_impute.ensemble.folds import N_FOLDS, REPEATS, Examples, held_out, like_missing, shares_without_fold
from em_impute.ensemble.shrinkage import Batch
from em_impute.ensemble.student_t import make_scorer, temper
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.transforms import Predictors, View

LEAST_CHANCE = 1e-6
"""Probabilities are held above it: one label that was thought impossible shall not decide everything."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """The members' predictions of labels that they were not shown."""

    members: tuple[Member, ...]
    row: Integers
    """(n_held,) rows of the examples whose label was held out"""
    label: Integers
    """(n_held,)"""
    weight: Floats
    """(n_held,), with mean 1: so that they are like the rows to fill"""
    odds: Floats
    """(n_held,) how much likelier than on average each is to lack its label, by its predictors"""
    own_weight: Floats
    """(n_held,) what the rows weigh by themselves"""
    fold: Integers
    """(n_held,) in the first repeat"""
    score: Floats
    """(n_labels, n_members, n_repeats, n_held), before they are tempered"""
    shares: Floats
    """(n_held, n_labels), of the labels among the rows that the fits did see"""
    origin: Integers
    """(n_held,) what the rows were before the examples were drawn"""

    def of_truth(self, probability: Floats) -> Floats:
        """Look up what (..., n_held, n_labels) says of the true labels, not below LEAST_CHANCE: (..., n_held)."""
        return np.maximum(probability[..., np.arange(self.label.size), self.label], LEAST_CHANCE)

    @cached_property
    def chance(self) -> Floats:
        """Probability of the true label, (n_members, n_temperatures, n_repeats, n_held)."""
        found = [self.of_truth(np.moveaxis(temper(self.score, one), 0, -1)) for one in TEMPERATURES]
        return np.stack(found, axis=1)

    @cached_property
    def surprise(self) -> Floats:
        """−log probability of the true label, in nats, mean over repeats: (n_members, n_temperatures, n_held)."""
        surprise: Floats = -np.log(self.chance).mean(axis=2)
        return surprise

    @cached_property
    def log_loss(self) -> Floats:
        """Mean surprise of each member at each temperature, (n_members, n_temperatures)."""
        loss: Floats = self.surprise @ self.weight / self.label.size
        return loss


def compare(
    examples: Examples,
    views: Sequence[View],
    n_labels: int,
    budget: Budget,
    seed: int,
    progress: Progress,
) -> tuple[Comparison, list[Submodel]]:
    """Fit every member with each fold held out, and once with none; give what they predicted, and the last fits.

    Raises nothing where a label occurs once only: it is then never held out.
    """
    held = held_out(examples, seed, 1 if budget.independent else REPEATS)
    labelled = np.flatnonzero(examples.label >= 0)
    hidden = like_missing(examples, seed)
    data_of_view: dict[str, TrainingData] = {}
    scores, fitted = [], []
    n_columns = examples.predictors.x.shape[1]
    # A label of which no row counts has one Gaussian, that of all rows; there is nothing to divide.
    n_divisible = labelled.size if np.isin(np.arange(n_labels), examples.label).all() else 0
    view_of = {view.name: view for view in views}
    for plan in plans([*view_of], n_columns, n_divisible, n_labels, budget):
        progress(f"trying {plan.per_label} × {plan.view}")
        view = view_of[plan.view]
        if plan.view not in data_of_view:
            data_of_view[plan.view] = gather(view, examples, n_labels)
        component_label, batch = fit_plan(plan, data_of_view[plan.view], held, seed)
        if budget.thrifty:  # then rows take much memory, and no view comes twice
            data_of_view.clear()
        scores.append(_held_scores(component_label, batch, n_labels, view.show(hidden), held, labelled))
        final = np.arange(len(plan.members)) * held.shape[0] + held.shape[0] - 1
        unknown = np.full((final.size, len(TEMPERATURES)), np.nan)
        fitted.append(Submodel(view, tuple(plan.members), component_label, batch.take(final), unknown))

    score = np.concatenate(scores, axis=1)  # (n_labels, n_members, n_repeats, n_labelled)
    tested = np.flatnonzero(~np.isnan(score[0, 0, 0]))
    row = labelled[tested]
    if row.size < labelled.size:
        score = score[..., tested]
    fold = np.where(held[:N_FOLDS].any(axis=0), held[:N_FOLDS].argmax(axis=0), -1)
    own, x = examples.weight[row], examples.predictors.x[row]
    weight = own * examples.scheme.weight(x)
    odds = np.ones(row.size) if examples.scheme.odds is None else examples.scheme.odds(x)
    comparison = Comparison(
        members=tuple(member for submodel in fitted for member in submodel.members),
        row=row,
        label=examples.label[row],
        weight=weight / weight.mean(),
        odds=odds,
        own_weight=own,
        fold=fold[row],
        score=score,
        shares=shares_without_fold(examples, fold, n_labels)[row],
        origin=row if examples.origin is None else examples.origin[row],
    )
    return comparison, fitted


def fit_plan(plan: Plan, data: TrainingData, held: Flags, seed: int) -> tuple[Integers, Batch]:
    """Fit the members of a plan, each once for every set of held-out rows.

    Returns the label of each component, and (n_members · n_fits, …) mixtures, the fits of a member side by side.
    """
    if plan.per_label == 1:
        found = fit_labels(data, held, plan.settings, plan.steps, to_convergence=plan.is_baseline)
        last = found[max(found)]  # without unlabelled rows every number of steps is none
        batches = [found.get(step, last) for step in plan.steps]
        return np.arange(data.n_labels), Batch(*map(np.concatenate, zip(*batches, strict=True)))
    component_label = components_of_labels(data.label, data.n_labels, plan.per_label)
    shrinkages = [shrinkage for shrinkage, _ in plan.settings]
    return component_label, fit_divided_labels(data, held, shrinkages, component_label, seed)


def refit(
    submodels: Sequence[Submodel], examples: Examples, n_labels: int, held: Flags, seed: int
) -> list[tuple[Submodel, ...]]:
    """Fit the members of some submodels anew, once for every set of held-out rows; their weights stay."""
    refitted: dict[int, list[Submodel]] = {}
    for name in dict.fromkeys(submodel.view.name for submodel in submodels):  # one view's rows in memory at a time
        alike = [(place, submodel) for place, submodel in enumerate(submodels) if submodel.view.name == name]
        data = gather(alike[0][1].view, examples, n_labels)
        for place, submodel in alike:
            settings = list(dict.fromkeys((member.shrinkage, member.draws_means_in) for member in submodel.members))
            steps = sorted({member.steps for member in submodel.members})
            plan = Plan(name, submodel.members[0].per_label, settings, steps)
            component_label, batch = fit_plan(plan, data, held, seed)
            order = np.array([plan.members.index(member) for member in submodel.members]) * len(held)
            batches = [batch.take(order + number) for number in range(len(held))]
            refitted[place] = [submodel._replace(component_label=component_label, batch=one) for one in batches]
    return list(zip(*(refitted[place] for place in range(len(submodels))), strict=True))


def _held_scores(
    component_label: Integers, batch: Batch, n_labels: int, seen: Predictors, held: Flags, labelled: Integers
) -> Floats:
    """Score each labelled row by the fits that did not see it: (n_labels, n_members, n_repeats, n_labelled).

    `seen` are the rows as they are shown while their labels are hidden.
    """
    n_fits = held.shape[0]
    n_members = batch.weight.shape[0] // n_fits
    place = np.full(held.shape[1], -1)
    place[labelled] = np.arange(labelled.size)
    scores = np.full((n_labels, n_members, (n_fits - 1) // N_FOLDS, labelled.size), np.nan)
    for fit in range(n_fits - 1):
        of_fit = batch.take(np.arange(n_members) * n_fits + fit)
        for group in group_rows(seen, np.flatnonzero(held[fit])):
            scorer = make_scorer(group.observed, of_fit, component_label, n_labels)
            scores[:, :, fit // N_FOLDS, place[group.rows]] = scorer.of(group.terms)
    return scores
