"""Every member, fitted with rows held out and scored on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.em.mixture import components_of_labels
from em_impute.ensemble.batched_em import TrainingData, fit_divided_labels, fit_labels, gather
from em_impute.ensemble.candidates import Budget, Member, Plan, plans
from em_impute.ensemble.ensemble import TEMPERATURES, Submodel
from em_impute.ensemble.folds import N_FOLDS, REPEATS, Examples, dealt_like, held_out, like_missing, shares_of_folds
from em_impute.ensemble.shrinkage import Batch, mixture_of_scores, shares_of
from em_impute.ensemble.student_t import make_scorer, temper
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.transforms import TEXTS, Predictors, View

LEAST_CHANCE = 1e-6
"""Probabilities are held above it: one label that was thought impossible shall not decide everything."""

MAX_KEPT = 1 << 13
"""Covariances of a mixture of one Gaussian per label up to which the fits of the folds are kept, in 50 MB."""

Progress = Callable[[str], None]


class Unlabelled(NamedTuple):
    """Rows without a label, predicted as labelled rows are: each by the fits that lack the labels of one fold."""

    fold: Integers  # (n_asked,) in the first repeat
    score: Floats  # (n_labels, n_members, n_repeats, n_asked), before they are tempered
    shares: Floats  # (n_asked, n_labels), of the labels among the rows that the fits did see
    origin: Integers  # (n_asked,) what the rows were before they were drawn


@dataclass(frozen=True)
class Comparison:
    """The members' predictions of labels that they were not shown."""

    members: tuple[Member, ...]
    held: Examples  # (n_held,) rows whose label was held out, as they were shown
    weight: Floats  # (n_held,), with mean 1: so that they are like the rows to fill
    odds: Floats  # (n_held,) how much likelier than on average each is to lack its label, by its predictors
    fold: Integers  # (n_held,) in the first repeat
    score: Floats  # (n_labels, n_members, n_repeats, n_held), before they are tempered
    chance: Floats  # (n_members, n_temperatures, n_repeats, n_held), probability of the true label
    single: Integers
    """(n_single,) labels known once, which are never held out: nothing shows that they would be recognised"""
    chance_of_single: Floats  # (n_members, n_temperatures, n_repeats, n_single), what each has in the rows held out
    shares: Floats  # (n_held, n_labels), of the labels among the rows that the fits did see
    unlabelled: Unlabelled
    fits: tuple[tuple[Submodel, ...], ...] = ()
    """Of each fold of the first repeat the members fitted without it; none where these are large"""

    def of_truth(self, probability: Floats) -> Floats:
        """Look up what (..., n_held, n_labels) says of the true labels, not below LEAST_CHANCE: (..., n_held)."""
        return _of_truth(probability, self.held.label)

    @property
    def chance_of_all(self) -> Floats:
        """Of rows held out, then of labels known once: (n_members, n_temperatures, n_repeats, n_held + n_single)."""
        return np.concatenate([self.chance, self.chance_of_single], axis=-1)

    @property
    def weight_of_all(self) -> Floats:
        """How much each of them counts, (n_held + n_single,)."""
        return np.append(self.weight, np.ones(self.single.size))

    def released(self) -> "Comparison":
        """Release the scores, which take much memory where there are many labels."""
        nothing = np.empty(0)
        return replace(self, score=nothing, unlabelled=self.unlabelled._replace(score=nothing))

    @cached_property
    def surprise(self) -> Floats:
        """−log probability of the true label, in nats, mean over repeats: (n_members, n_temperatures, n_held)."""
        surprise: Floats = -np.log(self.chance).mean(axis=2)
        return surprise

    @cached_property
    def log_loss(self) -> Floats:
        """Mean surprise of each member at each temperature, (n_members, n_temperatures)."""
        loss: Floats = self.surprise @ self.weight / self.held.label.size
        return loss


def compare(
    examples: Examples,
    asked: Examples,
    views: Sequence[View],
    n_labels: int,
    budget: Budget,
    seed: int,
    progress: Progress,
) -> tuple[Comparison, list[Submodel]]:
    """Fit every member with each fold held out, and once with none; give what they predicted, and the last fits.

    `asked` are rows without a label that are predicted beside those held out, each by the fits of one fold.
    Raises nothing where a label occurs once only: it is then never held out.
    """
    held = held_out(examples, seed, 1 if budget.independent else REPEATS)
    labelled = np.flatnonzero(examples.label >= 0)
    hidden = examples._replace(predictors=like_missing(examples, seed))
    shown = hidden.predictors.take(labelled).beside(asked.predictors)
    without = np.hstack([held[:-1, labelled], _dealt(held[:-1, labelled], asked.label.size, seed)])
    data_of_view: dict[str, TrainingData] = {}
    fitted, of_folds = [], []
    n_columns = examples.predictors.x.shape[1]
    # A label of which no row counts has one Gaussian, that of all rows; there is nothing to divide.
    n_divisible = labelled.size if np.isin(np.arange(n_labels), examples.label).all() else 0
    view_of = {view.name: view for view in views}
    every = [*plans([*view_of], n_columns, n_divisible, n_labels, budget)]
    members = tuple(member for plan in every for member in plan.members)
    score, place = np.empty((n_labels, len(members), len(without) // N_FOLDS, without.shape[1])), 0
    for plan in every:
        progress(f"trying predictors {plan.view}, Gaussians per label {plan.per_label}")
        view = view_of[plan.view]
        if plan.view not in data_of_view:
            data_of_view[plan.view] = gather(view, examples, n_labels)
        component_label, batch = fit_plan(plan, data_of_view[plan.view], held, seed)
        if budget.thrifty:  # then rows take much memory, and no view comes twice
            data_of_view.clear()
        mine = slice(place, place := place + len(plan.members))
        score[:, mine] = _held_scores(component_label, batch, n_labels, view.show(shown), without)
        first = np.arange(len(plan.members)) * len(held)
        unknown = np.full((first.size, len(TEMPERATURES)), np.nan)
        fit = Submodel(view, tuple(plan.members), component_label, batch.take(first + len(held) - 1), unknown)
        fitted.append(fit)
        if n_labels * n_columns**2 <= MAX_KEPT and not budget.thrifty:
            of_folds.append([fit._replace(batch=batch.take(first + fold)) for fold in range(N_FOLDS)])

    return _compared(examples, hidden, asked, members, score, without, tuple(zip(*of_folds, strict=True))), fitted


def _compared(
    examples: Examples,
    hidden: Examples,
    asked: Examples,
    members: tuple[Member, ...],
    score: Floats,
    without: Flags,
    fits: tuple[tuple[Submodel, ...], ...],
) -> Comparison:
    """Gather what was predicted of labels held out and of rows without one; `hidden` are the examples as shown."""
    known, scheme = np.flatnonzero(examples.label >= 0), examples.scheme
    first, others = without[:N_FOLDS], slice(known.size, None)
    fold = np.where(first.any(axis=0), first.argmax(axis=0), -1)  # (n_known + n_asked,)
    of_rows = np.full(examples.label.size, -1)
    of_rows[known] = fold[: known.size]
    shares = shares_of_folds(examples, of_rows, len(score))[fold]
    tested = np.flatnonzero(fold[: known.size] >= 0)
    row = known[tested]
    x = examples.predictors.x[row]
    weight = examples.weight[row] * scheme.weight(x)
    held = score[..., : known.size] if tested.size == known.size else np.take(score, tested, axis=-1)
    label = examples.label[row]
    single = np.setdiff1d(examples.label[known], label)
    chance, of_single = [], []
    for temperature in TEMPERATURES:
        probability = np.moveaxis(temper(held, temperature), 0, -1)  # (n_members, n_repeats, n_held, n_labels)
        chance.append(_of_truth(probability, label))
        of_single.append(on_average(probability[..., single], weight))
    return Comparison(
        members,
        hidden.take(row),
        weight / weight.mean(),
        np.ones(row.size) if scheme.odds is None else scheme.odds(x),
        fold[tested],
        held,
        np.stack(chance, axis=1),
        single,
        np.stack(of_single, axis=1),
        shares[tested],
        Unlabelled(fold[others], score[..., others], shares[others], asked.numbers),
        fits,
    )


def on_average(probability: Floats, weight: Floats) -> Floats:
    """Average what rows, (..., n_held, n_labels), give to labels, not below LEAST_CHANCE: (..., n_labels)."""
    mean: Floats = np.average(probability, axis=-2, weights=weight)
    return np.maximum(mean, LEAST_CHANCE)


def _of_truth(probability: Floats, label: Integers) -> Floats:
    return np.maximum(probability[..., np.arange(label.size), label], LEAST_CHANCE)


def _dealt(held: Flags, n_rows: int, seed: int) -> Flags:
    """Deal other rows into the folds of every repeat of `held`, (n_fits, n_labelled): (n_fits, n_rows)."""
    dealt = []
    for number, repeat in enumerate(held.reshape(-1, N_FOLDS, held.shape[1])):
        fold = dealt_like(repeat.argmax(axis=0)[repeat.any(axis=0)], n_rows, seed + number)
        dealt.append(fold == np.arange(N_FOLDS)[:, None])
    return np.concatenate(dealt)


def fit_plan(plan: Plan, data: TrainingData, held: Flags, seed: int) -> tuple[Integers, Batch]:
    """Fit the members of a plan, each once for every set of held-out rows.

    Returns the label of each component, and (n_members · n_fits, …) mixtures, the fits of a member side by side.
    """
    if plan.view == TEXTS:
        known = data.label >= 0
        count = np.bincount(data.label[known], data.weight[known], data.n_labels).astype(np.float64)
        return np.arange(data.n_labels), mixture_of_scores(shares_of(count), data.n_columns, len(held))
    if plan.per_label == 1:
        found = fit_labels(data, held, plan.settings, plan.steps, to_convergence=plan.members[-1].is_baseline)
        last = found[max(found)]  # without unlabelled rows every number of steps is none
        batches = [found.get(step, last) for step in plan.steps]
        return np.arange(data.n_labels), Batch(*map(np.concatenate, zip(*batches, strict=True)))
    component_label = components_of_labels(data.label, data.n_labels, plan.per_label)
    shrinkages = [shrinkage for shrinkage, _ in plan.settings]
    return component_label, fit_divided_labels(data, held, shrinkages, component_label, seed)


def refit(submodels: Sequence[Submodel], examples: Examples, n_labels: int, seed: int) -> tuple[Submodel, ...]:
    """Fit the members of some submodels anew to all rows; their weights stay."""
    nobody, refitted = np.zeros((1, examples.label.size), dtype=bool), dict(enumerate(submodels))
    for name in dict.fromkeys(submodel.view.name for submodel in submodels):  # one view's rows in memory at a time
        alike = [(place, submodel) for place, submodel in enumerate(submodels) if submodel.view.name == name]
        data = gather(alike[0][1].view, examples, n_labels)
        for place, submodel in alike:
            settings = list(dict.fromkeys((member.shrinkage, member.draws_means_in) for member in submodel.members))
            steps = sorted({member.steps for member in submodel.members})
            plan = Plan(name, submodel.members[0].per_label, settings, steps)
            component_label, batch = fit_plan(plan, data, nobody, seed)
            order = np.array([plan.members.index(member) for member in submodel.members])
            refitted[place] = submodel._replace(component_label=component_label, batch=batch.take(order))
    return tuple(refitted.values())


def _held_scores(component_label: Integers, batch: Batch, n_labels: int, seen: Predictors, without: Flags) -> Floats:
    """Score rows by the fits `without` their labels, (n_fits, n_rows): (n_labels, n_members, n_repeats, n_rows)."""
    n_fits = without.shape[0]
    n_members = batch.weight.shape[0] // (n_fits + 1)
    scores = np.full((n_labels, n_members, n_fits // N_FOLDS, without.shape[1]), np.nan)
    for fit in range(n_fits):
        of_fit = batch.take(np.arange(n_members) * (n_fits + 1) + fit)
        for group in group_rows(seen, np.flatnonzero(without[fit])):
            scorer = make_scorer(group.observed, of_fit, component_label, n_labels)
            scores[:, :, fit // N_FOLDS, group.rows] = scorer.of(group.terms)
    return scores
