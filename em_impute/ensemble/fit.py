"""The ensemble: predictors in several views -> mixtures compared on labels held out -> weights -> probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers, find_patterns
from em_impute.ensemble.batched_em import DIVIDED_STEPS, fit_labels, gather
from em_impute.ensemble.candidates import (
    MAX_REFIT,
    SHRINKAGES,
    STEPS,
    Budget,
    Member,
    Plan,
    affordable_members,
    budget_for,
    most_refit,
    refit_rows,
)
from em_impute.ensemble.cross_validation import Comparison, Progress, compare, fit_plan, on_average, refit
from em_impute.ensemble.ensemble import TEMPERATURES, Ensemble, Submodel, predict, sharpened, sharpness_of, weighted
from em_impute.ensemble.folds import (
    N_FOLDS,
    REPEATS,
    REPEATS_BELOW,
    Examples,
    count_labels,
    draw,
    draw_unlabelled,
    like_missing,
)
from em_impute.ensemble.forest import grow_forest, n_affordable, regrow
from em_impute.ensemble.shrinkage import Batch, shares_of
from em_impute.ensemble.stacking_weights import cross_fitted, estimate_model_weight, stack_weights
from em_impute.ensemble.student_t import temper
from em_impute.ensemble.transforms import PLAIN, Predictors, fit_views, plain_view
from em_impute.ensemble.trees import Forest

VIEW_ROWS, FEW_VIEW_ROWS, VIEW_CELLS = 10_000, 500, 1 << 20
"""Rows to which powers and bins are fitted, and of very many columns: each number is looked at in 33 powers."""

AS_FITTED = TEMPERATURES.index(1.0)
"""The temperature of a mixture as EM fitted it."""

WHOLE = 1.0 - 1e-9
"""Part of the weight from which on it is all of it: in another order it may add up to a little less."""

MAX_ASKED, MAX_ASKED_SCORES = 3000, 1 << 17
"""Rows without a label that are predicted beside the labels held out; times labels, so that their scores need less
memory than the fits."""

ENOUGH_LABELS = 100
"""Labels of each class held out from which on they can tell whether one mixture predicts as well as the ensemble."""

ALIKE = 0.5
"""Part of the heaviest member's weight from which on another one could as well lead."""


@dataclass(frozen=True, kw_only=True)
class EnsembleFit(Ensemble):
    """An ensemble, and how its weights were found."""

    comparison: Comparison
    weight: Floats  # (n_members, n_temperatures), sums to 1
    leading: int  # The heaviest member in the data's own units.
    criterion: str
    """"stacked by held-out log-loss", or of one mixture "held-out log-loss" or "as good as the ensemble"."""
    stacked_log_loss: float
    """Mean −log probability of the labels held out, in nats, by the ensemble of many, whether it fills or not."""
    held_probability: Floats
    """(n_held, n_labels) for the rows of the comparison, by weights that did not see the row either"""
    asked_probability: Floats
    """(n_asked, n_labels) for its rows without a label, by the fits and the weights that lack one fold's labels"""
    forest_of_folds: tuple[Forest, ...] = ()
    """The trees grown and weighed without each fold's labels, where trees have a say"""

    @property
    def leader(self) -> Member:
        """The leading mixture."""
        return self.comparison.members[self.leading]


class _Weighed(NamedTuple):
    """What fills: the weight of every member, and what they say together; the fields are those of EnsembleFit."""

    weight: Floats
    leading: int
    model_weight: float
    sharpness: float
    held_probability: Floats
    asked_probability: Floats
    criterion: str
    forest: Forest | None = None
    forest_of_folds: tuple[Forest, ...] = ()


def subsampled(examples: Examples, seed: int) -> Examples:
    """Draw the rows that are learnt from, if there are millions of different ones.

    Everything else is then drawn from these.
    """
    n_labelled = int(np.count_nonzero(examples.label >= 0))
    most = most_refit(examples.predictors.x.shape[1])
    if examples.merged or max(n_labelled, examples.label.size - n_labelled) <= MAX_REFIT:
        return examples
    return draw(examples, most, most, seed)


def fit_ensemble(
    examples: Examples, n_labels: int, n_to_fill: int, seed: int, progress: Progress, *, single: bool
) -> EnsembleFit:
    """Compare every member, weigh them, and fit those that count to all rows.

    `n_to_fill` rows will be asked for: the more, the fewer members have a say.  `single` gives all weight to the
    leading mixture.  Where a mixture fitted by EM predicts as well as the ensemble, it gets all weight unasked.
    """
    views = fit_views(_rows_to_look_at(examples, seed))
    budget = _budget(examples, n_labels)
    compared = draw(examples, budget.n_labelled, budget.n_unlabelled, seed, apart=True)
    most_asked = min(MAX_ASKED, budget.n_labelled, MAX_ASKED_SCORES // n_labels)
    asked = examples.take(draw_unlabelled(examples, most_asked))
    comparison, fitted = compare(compared, asked, views, n_labels, budget, seed, progress)
    costs = np.repeat([one.row_cost for one in fitted], [len(one.members) for one in fitted])
    weight = _weights(comparison, costs, n_to_fill)
    shares = shares_of(count_labels(examples, n_labels))
    stack = _stack(comparison, weight)
    if not single and (grown := grow_forest(comparison, *stack[4:6], asked.predictors, shares, n_to_fill, seed)):
        mixtures = Ensemble(n_labels, weighted(fitted, stack.weight), stack.model_weight, shares, stack.sharpness)
        forest = _regrown(grown.forest, mixtures, comparison, stack.held_probability, _beyond(examples, compared), seed)
        stack = stack._replace(
            forest=forest,
            forest_of_folds=grown.of_folds,
            held_probability=grown.held,
            asked_probability=grown.asked,
        )
    stacked_surprise = -np.log(comparison.of_truth(stack.held_probability))  # (n_held,)
    enough = None if single else _one_is_enough(comparison, stacked_surprise)
    found = stack
    if single:
        found = _alone(comparison, stack.leading, int(comparison.log_loss[stack.leading].argmin()), "held-out log-loss")
    elif enough is not None:
        found = _alone(comparison, enough, AS_FITTED, "as good as the ensemble")
    progress("fitting the members")
    submodels = weighted(fitted, found.weight)
    # Unlabelled rows that were drawn weigh as much as all of them do: of labelled ones the weights tell.
    known, all_known = compared.label >= 0, examples.label >= 0
    lacks_rows = np.count_nonzero(~known) < np.count_nonzero(~all_known)
    if lacks_rows or compared.weight[known].sum() < WHOLE * examples.weight[all_known].sum():
        submodels = _refitted(submodels, examples, n_labels, seed)
    return EnsembleFit(
        n_labels=n_labels,
        submodels=submodels,
        shares=shares,
        comparison=replace(comparison.released(), fits=tuple(weighted(one, found.weight) for one in comparison.fits)),
        stacked_log_loss=float(comparison.weight @ stacked_surprise / comparison.weight.sum()),
        **found._asdict(),
    )


def fit_leader(ensemble: EnsembleFit, examples: Examples, seed: int) -> tuple[Integers, list[Batch]]:
    """Fit the leading mixture alone to all rows.

    Returns the label of each component and, for every number of steps from 0 on, a batch of that one mixture.
    """
    member = ensemble.leader
    view = plain_view(examples.predictors.n_numbers)
    setting = (member.shrinkage, member.draws_means_in)
    few = _rows_to_fit(examples, [member], ensemble.n_labels * member.per_label, seed)
    data, nobody = gather(view, few, ensemble.n_labels), np.zeros((1, few.label.size), dtype=bool)
    steps = tuple(range(member.steps + 1))
    if member.is_baseline:
        found = fit_labels(data, nobody, [setting], steps, to_convergence=True)
        return np.arange(ensemble.n_labels), list(found.values())
    component_label, batch = fit_plan(Plan(member.view, member.per_label, [setting], steps), data, nobody, seed)
    return component_label, [batch.take(slice(step, step + 1)) for step in steps]


def _rows_to_look_at(examples: Examples, seed: int) -> Predictors:
    """Draw rows to fit powers and bins to, as many of either kind; merged ones are told as often as there were."""
    known = examples.label >= 0
    most = int(np.clip(VIEW_CELLS // max(1, examples.predictors.x.shape[1]), FEW_VIEW_ROWS, VIEW_ROWS)) // 2
    parts = [
        # Rows that are all of one kind, as if each had the same label.
        draw(examples.take(rows)._replace(label=np.zeros_like(rows)), most, 0, seed, apart=True).predictors
        for rows in (np.flatnonzero(known), np.flatnonzero(~known))
    ]
    x, codes = (np.concatenate(values) for values in zip(*(part[:2] for part in parts), strict=True))
    return examples.predictors._replace(x=x, codes=codes)


def _budget(examples: Examples, n_labels: int) -> Budget:
    known = examples.label >= 0
    n_labelled = examples.weight[known].sum() if examples.merged else np.count_nonzero(known)
    n_fits = 1 + N_FOLDS * (REPEATS if n_labelled < REPEATS_BELOW else 1)
    x = examples.predictors.x
    n_patterns = len(find_patterns(np.isnan(x[:VIEW_ROWS]))[0])
    return budget_for(x.shape[1], n_patterns, len(SHRINKAGES) * n_fits * n_labels, max(STEPS))


def _weights(comparison: Comparison, costs: Floats, n_to_fill: int) -> Floats:
    """Weigh every member at every temperature; if there are too many to fill the rows with, the heaviest alone."""
    chance, row_weight = comparison.chance_of_all, comparison.weight_of_all
    shape = chance.shape[:2]
    prior = np.repeat([one.prior for one in comparison.members], shape[1])
    weight = stack_weights(chance.reshape(-1, *chance.shape[2:]), row_weight, prior=prior).reshape(shape)
    heaviest = np.argsort(-weight.sum(axis=1), kind="stable")
    heaviest = heaviest[weight[heaviest].any(axis=1)]
    n_members = affordable_members(n_to_fill, costs[heaviest])
    if n_members < heaviest.size:
        kept = np.zeros(shape, dtype=bool)
        kept[heaviest[:n_members]] = True
        weight = np.zeros(shape)
        weight[kept] = stack_weights(chance[kept], row_weight, prior=prior.reshape(shape)[kept])
    return weight


def _stack(comparison: Comparison, weight: Floats) -> _Weighed:
    """Predict by the members as they are weighed, beside the labels' shares."""
    held, asked = _cross_fitted(comparison, weight, single=False)
    predicted, baseline = (
        np.append(comparison.of_truth(one), on_average(one[:, comparison.single], comparison.weight))
        for one in (held, comparison.shares)
    )
    model_weight = estimate_model_weight(predicted, baseline, comparison.weight_of_all)

    sharpness = sharpness_of(weight)

    def as_predicted(probability: Floats, shares: Floats) -> Floats:
        return sharpened(model_weight * probability + (1.0 - model_weight) * shares, sharpness)

    held, asked = as_predicted(held, comparison.shares), as_predicted(asked, comparison.unlabelled.shares)
    # The heaviest in the data's own units leads; of several that weigh much alike, that of fewest components.
    members, total, loss = comparison.members, weight.sum(axis=1), comparison.log_loss.min(axis=1)
    plain = [i for i, member in enumerate(members) if member.view == PLAIN]
    heaviest = min(plain, key=lambda i: (-total[i], loss[i]))
    alike = [i for i in plain if total[i] > ALIKE * total[heaviest]] or [heaviest]
    leading = min(alike, key=lambda i: (members[i].per_label, -total[i], loss[i]))
    return _Weighed(weight, leading, model_weight, sharpness, held, asked, "stacked by held-out log-loss")


def _alone(comparison: Comparison, member: int, temperature: int, criterion: str) -> _Weighed:
    """Predict by one member at one temperature."""
    weight = np.zeros((len(comparison.members), len(TEMPERATURES)))
    weight[member, temperature] = 1.0
    held, asked = _cross_fitted(comparison, weight, single=True)
    return _Weighed(weight, member, 1.0, 1.0, held, asked, criterion)


def _one_is_enough(comparison: Comparison, stacked: Floats) -> int | None:
    """Find the mixture fitted by EM that predicts labels held out as well as `stacked`, the −log probability of all."""
    members, weight = comparison.members, comparison.weight
    usual = [i for i, one in enumerate(members) if one.view == PLAIN and one.per_label == 1 and one.steps >= max(STEPS)]
    if not usual or np.bincount(comparison.held.label, comparison.held.weight).min() < ENOUGH_LABELS:
        return None
    surprise = comparison.surprise[usual, AS_FITTED]  # (n_usual, n_held)
    alone = np.empty(weight.size)  # by the best on the other folds, or the best of several would look too good
    for fold in np.unique(comparison.fold):
        out = comparison.fold == fold
        alone[out] = surprise[(surprise[:, ~out] @ weight[~out]).argmin(), out]
    excess, share = alone - stacked, weight / weight.sum()
    mean = float(share @ excess)
    error = float(np.linalg.norm(share * (excess - mean)))
    return usual[int((surprise @ weight).argmin())] if mean <= error else None


def _cross_fitted(comparison: Comparison, weight: Floats, *, single: bool) -> tuple[Floats, Floats]:
    """Predict rows held out and rows without a label, both by fits and weights that lack the labels of a fold."""
    used = np.flatnonzero(weight.any(axis=1))
    others = comparison.unlabelled

    def mixed(score: Floats, weights: Floats) -> Floats:
        predicted = np.stack([temper(score[:, used], one).mean(axis=2) for one in TEMPERATURES], axis=2)
        predicted = predicted.reshape(len(predicted), weights.size, predicted.shape[-1])
        counts = weights != 0.0  # NaN, too: of a fold that is all there is nothing is known
        result: Floats = weights[counts] @ predicted[:, counts]
        return result.T

    if single:
        alone = weight[used].ravel()
        return mixed(comparison.score, alone), mixed(others.score, alone)
    chance = comparison.chance_of_all[used]
    chance = chance.reshape(-1, *chance.shape[2:])
    fold = np.append(comparison.fold, np.full(comparison.single.size, -1))
    held = np.empty(comparison.shares.shape)
    asked = np.full(others.shares.shape, np.nan)
    prior = np.repeat([comparison.members[i].prior for i in used], weight.shape[1])
    for rows, weights in cross_fitted(chance, comparison.weight_of_all, fold, prior=prior):
        held[rows] = mixed(np.take(comparison.score, rows, axis=-1), weights)
        same = np.flatnonzero(others.fold == comparison.fold[rows[0]])
        asked[same] = mixed(np.take(others.score, same, axis=-1), weights)
    return held, asked


def _beyond(examples: Examples, compared: Examples) -> Examples:
    """Take the labelled rows that were not drawn to be compared; none of merged ones, of which those are copies."""
    rows = np.flatnonzero((examples.label >= 0) & (examples.weight > 0.0))
    return examples.take(rows[:0] if examples.merged else np.setdiff1d(rows, compared.numbers))


def _regrown(
    forest: Forest, mixtures: Ensemble, comparison: Comparison, held: Floats, others: Examples, seed: int
) -> Forest:
    """Grow the trees again from `others` too, of which the `mixtures` have not seen the labels, as there is time for.

    `held` (n_held, n_labels) is what mixtures say of the rows that were compared.
    """
    if not others.label.size:
        return forest
    others = draw(others, n_affordable(others.predictors, forest.stages[-1], mixtures.n_labels), 0, seed)
    others = others._replace(predictors=like_missing(others, seed))
    return regrow(forest, comparison, held, others, predict(mixtures, others.predictors), mixtures.shares, seed)


def _refitted(submodels: Sequence[Submodel], examples: Examples, n_labels: int, seed: int) -> tuple[Submodel, ...]:
    """Fit the members that have a say to all rows, or as many as there is time for."""
    found: tuple[Submodel, ...] = ()
    for _, some in groupby(submodels, lambda one: one.is_divided):  # the divided ones are the last
        alike = list(some)
        n_components = sum(one.batch.weight.size for one in alike)
        rows = _rows_to_fit(examples, [member for one in alike for member in one.members], n_components, seed)
        found += refit(alike, rows, n_labels, seed)
    return found


def _rows_to_fit(examples: Examples, members: Sequence[Member], n_components: int, seed: int) -> Examples:
    """Draw the rows that there is time for: of labelled ones fewer where EM has to go over them too."""
    n_columns = examples.predictors.x.shape[1]
    if members[0].per_label > 1:
        _, n_labelled = refit_rows(n_columns, n_components, DIVIDED_STEPS)
        return draw(examples, n_labelled, 1, seed)
    steps = max(member.steps for member in members)
    return draw(examples, *refit_rows(n_columns, n_components, max(steps, 1)), seed)
