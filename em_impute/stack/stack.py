"""The stack: predictors in several views -> mixtures fitted with rows held out -> weights -> probabilities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.engine.blocks import Floats, Integers
from em_impute.stack.batch import Held, Material, divide_labels, fit_divided_labels, fit_labels, gather
from em_impute.stack.members import Member, Plan, plans
from em_impute.stack.predictive import label_scores, temper
from em_impute.stack.shrinkage import Batch
from em_impute.stack.terms import group_rows
from em_impute.stack.views import Predictors, View, fit_views
from em_impute.stack.weights import cross_fitted, stack_weights

__all__ = ["Scored", "Stack", "fit_stack", "predict"]

N_FOLDS = 5
REPEATS, REPEATS_BELOW = 3, 60
"""With fewer labelled rows than that the folds are drawn three times: one division would be a matter of luck."""

TEMPERATURES = (0.2, 0.4, 0.7, 1.0)
"""A density that is wrong in its tails is too sure; which temperature suits a member is for the weights to say."""

LEAST_CHANCE = 1e-6
CHUNK_ROWS = 1 << 13

Tell = Callable[[str], None]


class Scored(NamedTuple):
    """A member and how it fared."""

    member: Member
    weight: float  # in the stack, over all temperatures
    temperature: float  # at which it predicts best alone
    log_loss: float  # of held-out labels, at that temperature


class Fitted(NamedTuple):
    """Mixtures of one plan, as the stack uses them."""

    view: View
    component_label: Integers  # (n_components,)
    batch: Batch
    weight: Floats  # (n_mixtures, n_temperatures)


@dataclass(frozen=True)
class Stack:
    """Mixtures and their weights."""

    n_labels: int
    fitted: tuple[Fitted, ...]
    scored: tuple[Scored, ...]
    """Every member that was considered, heaviest first."""
    held_rows: Integers
    """(n_held,) labelled rows of the comparison that were held out"""
    held_probability: Floats
    """(n_held, n_labels), by weights that did not see the row either"""


def fit_stack(
    predictors: Predictors, label: Integers, weight: Floats, n_labels: int, seed: int, tell: Tell = lambda _: None
) -> Stack:
    """Fit and weigh every member on rows of which some are labelled.

    `label` is (n_rows,) with −1 where unknown, `weight` (n_rows,).
    """
    views = {view.name: view for view in fit_views(predictors)}
    labelled = np.flatnonzero(label >= 0)
    held = _held_out(label, seed)
    planned = list(plans(list(views), labelled.size, n_labels, thrifty=False))
    materials: dict[str, Material] = {}
    results = []
    for plan in planned:
        tell(f"trying {plan.per_label} × {plan.view}")
        view = views[plan.view]
        if plan.view not in materials:
            materials[plan.view] = gather(view, view.show(predictors), label, weight, n_labels)
        results.append(_fit_plan(plan, materials[plan.view], held, seed))

    members = [member for plan in planned for member in plan.members]
    scores = np.concatenate([_held_scores(result, materials[plan.view], held, labelled) for plan, result in zip(planned, results, strict=True)])
    return _weigh(members, scores, planned, results, views, held, label, weight, labelled, n_labels)


def predict(stack: Stack, predictors: Predictors) -> Floats:
    """Compute the probability of each label for each row: (n_rows, n_labels), rows sum to 1."""
    n_rows = predictors.x.shape[0]
    probability = np.zeros((n_rows, stack.n_labels))
    for first in range(0, n_rows, CHUNK_ROWS):
        chunk = slice(first, first + CHUNK_ROWS)
        part = predictors.take(chunk)
        for name in dict.fromkeys(one.view.name for one in stack.fitted):
            chosen = [one for one in stack.fitted if one.view.name == name]
            view = chosen[0].view
            for group in group_rows(view.show(part), view, np.arange(part.x.shape[0])):
                for one in chosen:
                    score = label_scores(group, one.batch, one.component_label, stack.n_labels)
                    probability[first + group.rows] += _mix(score, one.weight)
    return probability / probability.sum(axis=1, keepdims=True)


def _mix(score: Floats, weight: Floats) -> Floats:
    """Average tempered scores (n_rows, n_mixtures, n_labels) by weight (n_mixtures, n_temperatures)."""
    total = np.zeros((score.shape[0], score.shape[2]))
    for t, temperature in enumerate(TEMPERATURES):
        used = np.flatnonzero(weight[:, t])
        if used.size:
            total += np.einsum("nmk,m->nk", temper(score[:, used], temperature), weight[used, t])
    return total


class _Result(NamedTuple):
    component_label: Integers
    batch: Batch  # member-major: (n_members · n_fits, …)


def _fit_plan(plan: Plan, material: Material, held: Held, seed: int) -> _Result:
    if plan.per_label == 1:
        found = fit_labels(material, held, plan.settings, plan.steps)
        last = found[max(found)]
        batches = [found.get(step, last) for step in plan.steps]
        joined = Batch(*(np.concatenate(parts) for parts in zip(*batches, strict=True)))
        return _Result(np.arange(material.n_labels), joined)
    count = np.bincount(material.label[material.label >= 0], minlength=material.n_labels)
    component_label = divide_labels(count, plan.per_label)
    shrinkages = [shrinkage for shrinkage, _ in plan.settings]
    return _Result(component_label, fit_divided_labels(material, held, shrinkages, component_label, seed))


def _held_scores(result: _Result, material: Material, held: Held, labelled: Integers) -> Floats:
    """Score each labelled row by the fits that did not see it: (n_members, n_repeats, n_labelled, n_labels)."""
    n_fits = held.shape[0]
    n_members = result.batch.weight.shape[0] // n_fits
    n_repeats = max(1, (n_fits - 1) // N_FOLDS)
    place = np.full(material.label.size, -1)
    place[labelled] = np.arange(labelled.size)
    scores = np.full((n_members, n_repeats, labelled.size, material.n_labels), np.nan)
    for fit in range(n_fits - 1):
        batch = result.batch.take(np.arange(n_members) * n_fits + fit)
        for group in material.labelled:
            out = held[fit, group.rows]
            if out.any():
                part = group._replace(rows=group.rows[out], terms=group.terms[out])
                score = label_scores(part, batch, result.component_label, material.n_labels)
                scores[:, fit // N_FOLDS, place[part.rows]] = np.moveaxis(score, 0, 1)
    return scores


def _held_out(label: Integers, seed: int) -> NDArray[np.bool_]:
    """Deal the labelled rows into stratified folds, repeatedly if they are few: (n_fits, n_rows), the last holds none.

    A label's only row is never held out.
    """
    rng = np.random.default_rng(seed)
    n_labelled = int(np.count_nonzero(label >= 0))
    fits = []
    for _ in range(REPEATS if n_labelled < REPEATS_BELOW else 1):
        fold = np.full(label.size, -1)
        dealt = 0
        for value in range(int(label.max()) + 1):
            members = rng.permutation(np.flatnonzero(label == value))
            if members.size > 1:
                fold[members] = (dealt + np.arange(members.size)) % N_FOLDS
                dealt += members.size
        fits += [fold == number for number in range(N_FOLDS)]
    return np.array([*fits, np.zeros(label.size, dtype=bool)])


def _weigh(members, scores, planned, results, views, held, label, weight, labelled, n_labels) -> Stack:  # type: ignore[no-untyped-def]
    n_fits = held.shape[0]
    tested = np.flatnonzero(~np.isnan(scores[0, 0, :, 0]))
    truth = label[labelled[tested]]
    scores = scores[:, :, tested]
    tempered = np.stack([temper(scores, temperature) for temperature in TEMPERATURES], axis=1)  # member, t, r, n, k
    chance = np.take_along_axis(tempered, truth[None, None, None, :, None], axis=-1)[..., 0]
    columns = np.maximum(chance, LEAST_CHANCE).reshape(-1, *chance.shape[2:])
    row_weight = weight[labelled[tested]]
    row_weight = row_weight / row_weight.mean()
    weights = stack_weights(columns, row_weight)
    fold = held[:N_FOLDS, labelled[tested]].argmax(axis=0)
    probability = np.empty((tested.size, n_labels))
    flat = tempered.reshape(-1, *tempered.shape[2:])
    for rows, w in cross_fitted(columns, row_weight, fold):
        used = np.flatnonzero(w)
        probability[rows] = np.einsum("c,crnk->nk", w[used], flat[used][:, :, rows]) / flat.shape[1]
    by_member = weights.reshape(len(members), len(TEMPERATURES))
    losses = -(np.log(columns).mean(axis=1) @ row_weight / tested.size).reshape(by_member.shape)
    fitted, at = [], 0
    for plan, result in zip(planned, results, strict=True):
        n = len(plan.members)
        part = by_member[at : at + n]
        at += n
        used = np.flatnonzero(part.any(axis=1))
        if used.size:
            fitted.append(Fitted(views[plan.view], result.component_label, result.batch.take(used * n_fits + n_fits - 1), part[used]))
    scored = [
        Scored(member, float(by_member[i].sum()), TEMPERATURES[int(losses[i].argmin())], float(losses[i].min()))
        for i, member in enumerate(members)
    ]
    scored.sort(key=lambda one: -one.weight)
    return Stack(n_labels, tuple(fitted), tuple(scored), labelled[tested], probability)
