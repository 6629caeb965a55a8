"""The audit of known labels: what a fit that was not shown a label says of it, and which labels look wrong.

Labels are never changed.  Up to some thousand labelled rows each was held out when the model was chosen, and what was
said of it then is what counts.  Of larger tables only a sample was.  There the model is fitted once more without each
of five folds, to a sample that keeps rare labels whole, and every label, drawn or not, is judged by the fit that was
not shown it; of very large tables those of a larger such sample.  To leave out only what looks odd at first sight would
be biased: such a fit is too narrow, and finds the odd rows odder still.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design
from em_impute.diagnostics.extrapolation import rows_like
from em_impute.diagnostics.values import Audit, Suspect
from em_impute.em.blocks import Flags, Floats, Integers, Rows
from em_impute.em.em import posterior
from em_impute.em.sampling import draw_by_weight, draw_of_every_label
from em_impute.ensemble.batched_em import DIVIDED_STEPS
from em_impute.ensemble.cross_validation import refit
from em_impute.ensemble.ensemble import predict, weighted
from em_impute.ensemble.fit import EnsembleFit
from em_impute.ensemble.folds import N_FOLDS, Examples, count_labels
from em_impute.ensemble.shrinkage import shares_of
from em_impute.ensemble.stacking_weights import stack_weights
from em_impute.ensemble.terms import count_terms
from em_impute.errors import FitError
from em_impute.missingness.how_missing import HeldOut
from em_impute.model.column import FittedColumn
from em_impute.model.fit import examples_of
from em_impute.model.select import Choice, fit_without

SUSPICIOUS = 0.05
"""A label less probable than that is listed: one in twenty, the usual mark of what should not happen by chance."""

LIKELIER = 10.0
"""… if some other label is at least so many times as probable.  With thirty labels and weak predictors every label is
improbable, and none suspicious."""

MAX_LISTED = 1000

LABELLED_ROWS, UNLABELLED_ROWS = 20_000, 1_000
"""Rows on which the folds of a large table are fitted: what more of them would say is far below `SUSPICIOUS`."""

JUDGED_ROWS = 50_000
"""Different rows that are judged where labels were not held out before: drawn like those that folds are fitted to."""

WORK = 5e8
"""Multiplications that fitting the folds and predicting the known labels may take: a quarter of a second."""

TERMS = 8_000_000
"""Numbers in the matrix of terms: with many predictors fewer rows, but never fewer than members were compared on."""

CHUNK_ELEMENTS = 1 << 22
"""Probabilities that are held at a time: a million rows of a thousand labels would fill the memory."""


Answer = Callable[[int, Integers], Floats]
"""What the fit without a fold says of some distinct rows: the fold, (n_chosen,) -> (n_chosen, n_labels)."""


class Judged(NamedTuple):
    """What fits that were not shown some known labels say of them."""

    row: Integers  # (n_judged,) distinct rows of the design
    copies: Integers  # (n_judged,) rows of the table that each stands for
    own: Floats  # (n_judged,) probability of the label that the row has
    likely: Integers  # (n_judged,) the most probable label, a code of the design
    likely_probability: Floats  # (n_judged,)
    expected: Floats  # (n_judged,) probability that the right label would be a suspect


def audit_labels(found: FittedColumn) -> Audit | None:
    """List the known labels that look wrong, each judged by a fit that was not shown it.

    A row of weight 0, and the only row of its label, is not judged.  Equal rows with the same label are all suspects or
    none, a line each.  None where nothing could be held out.
    """
    judged, design = judge_labels(found), found.design
    if judged is None:
        return None
    suspicious = np.flatnonzero(_is_suspect(judged.own, judged.own, judged.likely_probability))
    suspicious = suspicious[np.argsort(judged.own[suspicious], kind="stable")]
    up_to_here = np.cumsum(judged.copies[suspicious])
    listed = suspicious[: int(np.searchsorted(up_to_here, MAX_LISTED)) + 1]
    row, at = rows_like(design, judged.row[listed], np.arange(design.label.size))
    at = listed[at]
    first = np.lexsort((row, judged.own[at]))[:MAX_LISTED]
    at, row = at[first], row[first]
    name = np.array(design.labels, dtype=object)
    columns = (row, name[design.label[row]], judged.own[at], name[judged.likely[at]], judged.likely_probability[at])
    n_judged, n_known = int(judged.copies.sum()), sum(found.labels.known)
    drawn_from = n_known if judged.row.size < np.count_nonzero(design.distinct.label >= 0) > JUDGED_ROWS else None
    return Audit(
        examined=n_judged,
        threshold=SUSPICIOUS,
        found=int(up_to_here[-1:].sum()),
        expected=float(judged.copies @ judged.expected),
        drawn_from=drawn_from,
        suspects=tuple(Suspect(*cells) for cells in zip(*(column.tolist() for column in columns), strict=True)),
    )


def judge_labels(found: FittedColumn) -> Judged | None:
    """Judge every known label by a fit that was not shown it; None where nothing could be held out.

    Of groups with fits of their own only those rows are judged that were held out when these were weighed.
    """
    design, choice = found.design, found.fitted.choice
    if choice.held_out is None:
        return None
    rng = np.random.default_rng(choice.recipe.seed)
    label = design.distinct.label
    known = np.flatnonzero((label >= 0) & (design.distinct.weight > 0.0))
    count = np.bincount(label[known], None if design.index is None else design.distinct.weight[known])
    if known.size > JUDGED_ROWS:
        drawn = known[draw_of_every_label(label[known], JUDGED_ROWS, N_FOLDS, rng)]
        known = np.union1d(drawn, choice.held_out.row)
    copies = _copies(design, known)
    can_be_held = count[label[known]] > 1
    refittable = can_be_held & _without_own_fit(found, known)
    times = np.bincount(choice.held_out.row, minlength=label.size)[known]
    when_held_out = can_be_held & (times > 0)
    judged = []
    if not (times >= copies)[refittable].all():
        with suppress(FitError):  # without a fold a component may collapse that did not with all rows
            judged.append(_judged_by_refits(design, choice, known, refittable, rng))
            when_held_out &= ~refittable
    judged.append(_judged_when_held_out(design, choice.held_out, known[when_held_out]))
    return Judged(*(np.concatenate(values) for values in zip(*judged, strict=True)))


def _is_suspect(probability: Floats, own: Floats, likely: Floats) -> Flags:
    """Say whether a label of some `probability` is one, where the most probable label has the probability `likely`."""
    return (probability < SUSPICIOUS) & (likely >= LIKELIER * own)


def _copies(design: Design, row: Integers) -> Integers:
    """Count the rows of the table that each of some distinct rows stands for."""
    return np.ones(row.size, np.intp) if design.index is None else design.distinct.weight[row].astype(np.intp)


def _without_own_fit(found: FittedColumn, row: Integers) -> Flags:
    """Say which distinct rows belong to no group with a fit of its own, (n_chosen,)."""
    groups = found.design.groups
    if groups is None or found.groups is None:
        return np.ones(row.size, dtype=bool)
    own = np.array([group.own_weight > 0.0 for group in found.groups] + [False])  # the last one is that of −1
    return ~own[groups.code[row]]


def _judged_when_held_out(design: Design, held: HeldOut, row: Integers) -> Judged:
    """Average the predictions of each of the distinct rows `row`, which may have been held out several times."""
    place = np.full(design.distinct.label.size, -1)
    place[row] = np.arange(row.size)
    chosen = np.flatnonzero(place[held.row] >= 0)
    probability = np.zeros((row.size, len(design.labels)))
    np.add.at(probability, place[held.row[chosen]], held.probability[chosen])
    return _judged(design, row, probability / probability.sum(axis=1, keepdims=True))


def _judged(design: Design, row: Integers, probability: Floats) -> Judged:
    own = probability[np.arange(row.size), design.distinct.label[row]]
    likely = probability.argmax(axis=1)
    most = probability[np.arange(row.size), likely]
    expected = np.where(_is_suspect(probability, probability, most[:, None]), probability, 0.0).sum(axis=1)
    return Judged(row, _copies(design, row), own, likely, most, expected)


# Large tables: what fits to five folds say


class Parts(NamedTuple):
    """Known rows, dealt into folds; equal rows that were merged are parted, since only one of them is judged."""

    place: Integers  # (n_parts,) which of the known rows
    fold: Integers  # (n_parts,), −1 where never held out
    copies: Integers  # (n_parts,) rows of the table


def _judged_by_refits(
    design: Design, choice: Choice, known: Integers, wanted: Flags, rng: np.random.Generator
) -> Judged:
    """Judge those of the distinct rows `known` that are `wanted`, each by fits to the other folds."""
    parts = _deal_copies(design.distinct.label[known], _copies(design, known), rng)
    predict_rows = _refit(design, choice, known, parts, rng)
    row, size = known[wanted], max(1, CHUNK_ELEMENTS // len(design.labels))
    parts = Parts(*(values[wanted[parts.place]] for values in parts))
    place = (np.cumsum(wanted) - 1)[parts.place]  # ascending
    share = parts.copies / _copies(design, row)[place]
    pieces = []
    for first in range(0, row.size, size):
        mine = row[first : first + size]
        some = slice(*np.searchsorted(place, [first, first + mine.size]))
        at, probability = place[some] - first, np.zeros((mine.size, len(design.labels)))
        for number in range(N_FOLDS):
            out = parts.fold[some] == number  # a row has one part in a fold at most
            if out.any():
                probability[at[out]] += share[some][out, None] * predict_rows(number, mine[at[out]])
        pieces.append(_judged(design, mine, probability))
    return Judged(*(np.concatenate(values) for values in zip(*pieces, strict=True)))


def _deal_copies(label: Integers, copies: Integers, rng: np.random.Generator) -> Parts:
    """Deal the copies of rows (n_rows,) of each label in turn into the folds, as one deals unmerged rows."""
    order = rng.permutation(label.size)
    order = order[np.argsort(label[order], kind="stable")]
    first = np.empty_like(copies)  # number of a row's first copy
    first[order] = np.cumsum(copies[order]) - copies[order]
    n_parts = np.minimum(copies, N_FOLDS)
    place = np.repeat(np.arange(label.size), n_parts)
    part = np.arange(place.size) - np.repeat(np.cumsum(n_parts) - n_parts, n_parts)
    fold = (first[place] + part) % N_FOLDS
    fold[(np.bincount(label, copies) == 1)[label[place]]] = -1
    return Parts(place, fold, (copies[place] - part + N_FOLDS - 1) // N_FOLDS)


def _refit(design: Design, choice: Choice, known: Integers, parts: Parts, rng: np.random.Generator) -> Answer:
    """Fit the model once without each fold, to a sample of the labelled and unlabelled rows."""
    rows, ensemble = design.distinct, choice.ensemble
    label = rows.label[known][parts.place]
    weight = rows.weight[known][parts.place] / np.bincount(parts.place, parts.copies)[parts.place] * parts.copies
    n_labelled, n_latent = LABELLED_ROWS, LABELLED_ROWS if ensemble is None else UNLABELLED_ROWS
    if ensemble is not None:
        n_labelled = min(n_labelled, max(ensemble.comparison.label.size, TERMS // count_terms(rows.x.shape[1])))
    drawn = draw_of_every_label(label, n_labelled, N_FOLDS, rng)
    total = count_labels(examples_of(design), len(design.labels))  # whether they are judged or not
    bears = total / np.maximum(np.bincount(label[drawn], weight[drawn], total.size), np.finfo(float).tiny)
    latent = np.flatnonzero((rows.label < 0) & (rows.weight > 0.0))
    drawn_latent, latent_weight = draw_by_weight(rows.weight[latent], n_latent, rng)
    latent = latent[drawn_latent]
    row = np.concatenate([known[parts.place[drawn]], latent])
    weight = np.concatenate([weight[drawn] * bears[label[drawn]], latent_weight])
    fold = np.concatenate([parts.fold[drawn], np.full(latent.size, -1)])
    if ensemble is None:
        sample = Rows(rows.x[row], rows.label[row], weight)
        fits = [fit_without(sample, fold == number, total.size, choice.recipe) for number in range(N_FOLDS)]
        return lambda number, some: posterior(fits[number].parameters, fits[number].component_label, rows.x[some])
    everything = examples_of(design)
    examples = everything.take(row)._replace(weight=weight, merged=False)
    ensembles = _refit_ensemble(_affordable(ensemble, known.size, examples), examples, fold, choice.recipe.seed)
    return lambda number, some: predict(ensembles[number], everything.predictors.take(some))


def _refit_ensemble(ensemble: EnsembleFit, examples: Examples, fold: Integers, seed: int) -> list[EnsembleFit]:
    """Fit the members of an ensemble once without each fold, (n_rows,); their weights stay."""
    held = fold == np.arange(N_FOLDS)[:, None]  # (N_FOLDS, n_rows)
    ensembles = []
    for out, of_fold in zip(held, refit(ensemble.submodels, examples, ensemble.n_labels, held, seed), strict=True):
        shares = shares_of(count_labels(examples.take(np.flatnonzero(~out)), ensemble.n_labels))
        ensembles.append(replace(ensemble, submodels=of_fold, shares=shares))
    return ensembles


def _affordable(ensemble: EnsembleFit, n_to_judge: int, examples: Examples) -> EnsembleFit:
    """Keep the heaviest members that `WORK` allows to refit and to ask for `n_to_judge` rows; weigh them anew."""
    n_latent = int(np.count_nonzero(examples.label < 0))
    # Of a divided label's components only those are asked that are the row's own.
    divided_passes = (examples.label.size - n_latent) * DIVIDED_STEPS // ensemble.n_labels
    costs = []
    for submodel in ensemble.submodels:
        for member in submodel.members:
            passes = divided_passes if submodel.is_divided else n_latent * member.steps
            costs.append(submodel.row_cost * (n_to_judge + N_FOLDS * passes))
    used = np.flatnonzero(ensemble.weight.any(axis=1))  # in the order of the submodels and their members
    heaviest = np.argsort(-ensemble.weight[used].sum(axis=1), kind="stable")
    n_members = max(1, int(np.searchsorted(np.cumsum(np.array(costs)[heaviest]), WORK)))
    if n_members >= used.size:
        return ensemble
    kept = np.sort(heaviest[:n_members])
    chance = ensemble.comparison.chance[used[kept]]  # (n_kept, n_temperatures, …)
    weight = np.zeros((used.size, chance.shape[1]))
    columns = chance.reshape(-1, *chance.shape[2:])
    weight[kept] = stack_weights(columns, ensemble.comparison.weight).reshape(-1, chance.shape[1])
    return replace(ensemble, submodels=weighted(ensemble.submodels, weight))
