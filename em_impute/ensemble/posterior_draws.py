"""Draws of the ensemble: each a member by its weight, with parameters from their posterior.

A draw's parameters are the same for every row.  So the draws of two rows are wrong together, as the fills of a model
that is a little off are, and numbers of wrong fills, totals and means vary over the draws as much as is not known.
"""

from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers, slices
from em_impute.ensemble.batched_em import (
    TrainingData,
    completed,
    fit_labelled,
    gather,
    label_totals,
    maximize,
    mean_strengths,
    of_labelled,
    shared_out,
)
from em_impute.ensemble.candidates import STEPS, Member
from em_impute.ensemble.ensemble import CHUNK_ROWS, TEMPERATURES, Submodel
from em_impute.ensemble.fit import EnsembleFit
from em_impute.ensemble.folds import N_FOLDS, Examples, count_labels, draw
from em_impute.ensemble.shrinkage import Batch, Strengths, shares_of, strengths_of
from em_impute.ensemble.student_t import gaussian_label_scores, temper
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.terms import has_products, rows_at_once, variances_in
from em_impute.ensemble.transforms import TEXTS, Predictors, View
from em_impute.ensemble.trees import Forest, starts

MAX_LABELLED = 3000
"""Labelled rows up to which unlabelled ones have a part in the posterior."""

MAX_UNLABELLED = 500
"""Unlabelled rows that stand for all of them in data augmentation."""


class Drawn(NamedTuple):
    """The mixtures that were drawn from one submodel."""

    number: Integers  # (n_drawn,) which draws they are
    view: View
    component_label: Integers
    parameters: Batch  # (n_drawn, …)
    temperature: Floats  # (n_drawn,)


class GrownDraws(NamedTuple):
    """The trees that were drawn: those grown without one fold stand for what others labels could have grown."""

    forests: tuple[Forest, ...]
    fold: Integers  # (n_draws,)
    place: Integers  # (n_draws,) start and stage among the weights of a forest, −1 where mixtures speak
    shares: Floats  # (n_labels,)

    def speak(self, chance: Floats, predictors: Predictors, number: Integers) -> None:
        """Let trees speak in their draws, instead of the mixtures' `chance`: (n_chosen, n_rows, n_labels)."""
        drawn = np.column_stack([self.fold, self.place])[number]
        for fold, place in np.unique(drawn[drawn[:, 1] >= 0], axis=0).tolist():
            forest = self.forests[fold]
            start, stage = divmod(place, len(forest.stages))
            added = forest.trees.take([start]).added(predictors, forest.stages[stage : stage + 1])[:, 0, 0]
            for one in np.flatnonzero((drawn == [fold, place]).all(axis=1)):
                chance[one] = temper(starts(chance[one], self.shares)[:, start] + added, 1.0).T


class EnsembleDraws(NamedTuple):
    """Mixtures drawn from an ensemble."""

    n_labels: int
    drawn: tuple[Drawn, ...]
    shares: Floats
    """(n_draws, n_labels), drawn shares of the labels where the class shares speak for the ensemble; else NaN"""
    grown: GrownDraws | None = None

    def predict(self, predictors: Predictors, number: Integers) -> Floats:
        """Compute the probability of each label for each row by some of the draws: (n_chosen, n_rows, n_labels)."""
        n_rows = predictors.x.shape[0]
        shares = self.shares[number]
        chance = np.repeat(shares[:, None], n_rows, axis=1)
        for one in self.drawn:
            _, at, mine = np.intersect1d(number, one.number, assume_unique=True, return_indices=True)
            if not at.size:
                continue
            parameters, temperature = one.parameters.take(mine), one.temperature[mine, None]
            for some in slices(n_rows, rows_at_once(parameters.mean.shape[-1], CHUNK_ROWS)):
                seen = one.view.show(predictors.take(some))
                for group in group_rows(seen, np.arange(seen.x.shape[0])):
                    score = gaussian_label_scores(group, parameters, one.component_label, self.n_labels)
                    score *= temperature
                    chance[at[:, None], some.start + group.rows] = np.moveaxis(temper(score, 1.0), 0, -1)
        if self.grown is not None:
            self.grown.speak(chance, predictors, number)
        return chance


def draw_ensemble(ensemble: EnsembleFit, examples: Examples, n_draws: int, seed: int) -> EnsembleDraws:
    """Draw so many mixtures.  `examples` are the rows that the ensemble was fitted to."""
    rng = np.random.default_rng(seed)
    column = [
        (v, *place)
        for v, submodel in enumerate(ensemble.submodels)
        for place in np.argwhere(submodel.weight > 0.0).tolist()
    ]
    weight = np.array([ensemble.submodels[v].weight[m, t] for v, m, t in column])
    picked = np.array(column)[rng.choice(len(column), n_draws, p=weight / weight.sum())]  # (n_draws, 3)
    count = count_labels(examples, ensemble.n_labels)
    shares = np.full((n_draws, ensemble.n_labels), np.nan)
    from_shares = rng.random(n_draws) >= ensemble.model_weight
    shares[from_shares] = rng.dirichlet(count + SHARE_ROWS, np.count_nonzero(from_shares))

    many = np.count_nonzero(examples.label >= 0) > MAX_LABELLED
    few = examples if many else draw(examples, MAX_LABELLED, MAX_UNLABELLED, seed)
    drawn = []
    for v, submodel in enumerate(ensemble.submodels):
        number = np.flatnonzero((picked[:, 0] == v) & ~from_shares)
        if not number.size:
            continue
        members = picked[number, 1]
        if submodel.view.name == TEXTS:  # rows teach its mixtures nothing
            parameters = submodel.batch.take(members)
        elif many or submodel.is_divided:
            parameters = _around(submodel, members, count, rng)
        else:
            data = gather(submodel.view, few, ensemble.n_labels)
            parameters = _augmented(data, [submodel.members[m] for m in members], rng)
        temperature = ensemble.sharpness * np.array(TEMPERATURES)[picked[number, 2]]
        drawn.append(Drawn(number, submodel.view, submodel.component_label, parameters, temperature))
    return EnsembleDraws(ensemble.n_labels, tuple(drawn), shares, _grown(ensemble, n_draws, rng))


def _grown(ensemble: EnsembleFit, n_draws: int, rng: np.random.Generator) -> GrownDraws | None:
    """Draw which trees speak, by their weights."""
    if ensemble.forest is None:
        return None
    weight = ensemble.forest.weight.ravel()
    place = rng.choice(weight.size + 1, n_draws, p=[1.0 - ensemble.forest.total, *weight]) - 1
    return GrownDraws(ensemble.forest_of_folds, rng.integers(N_FOLDS, size=n_draws), place, ensemble.shares)


def _around(submodel: Submodel, members: Integers, count: Floats, rng: np.random.Generator) -> Batch:
    """Draw parameters around those that the members have, as widely as labelled rows alone leave them open."""
    batch = submodel.batch.take(members)
    of_label = submodel.component_label
    within = np.exp(batch.log_share)
    for label in range(count.size):  # how the components of a label divide its rows
        mine = of_label == label
        within[:, mine] /= within[:, mine].sum(axis=1, keepdims=True)
    rows = within * count[of_label]
    chosen = [submodel.members[m] for m in members]
    strengths = strengths_of([one.shrinkage for one in chosen], np.zeros((len(chosen), batch.mean.shape[-1])))
    fewer = np.minimum(count.sum() / batch.weight.sum(axis=1, keepdims=True), 1.0)
    batch = batch._replace(weight=batch.weight * fewer, freedom=batch.freedom * fewer)
    return draw_parameters(batch, strengths, rows, submodel.view.levels, rng)


def _augmented(data: TrainingData, members: list[Member], rng: np.random.Generator) -> Batch:
    """Draw parameters by data augmentation (Tanner & Wong 1987), as many rounds as a member took steps of EM."""
    totals = label_totals(data)
    drawn_in = mean_strengths(data, totals, [one.draws_means_in for one in members])
    strengths = strengths_of([one.shrinkage for one in members], drawn_in)
    totals = [np.repeat(total, len(members), axis=0) for total in totals]
    count = sum((total[..., 0].sum(axis=-1) for total in totals), np.zeros((1, data.n_labels)))
    log_share = np.log(shares_of(count))
    levels = data.seen.levels
    _, first, like = np.unique([members.index(one) for one in members], return_index=True, return_inverse=True)
    labelled = fit_labelled(data, [total[first] for total in totals], strengths.take(first), log_share[first])
    labelled = labelled.take(like)
    parameters = Batch(*(part.copy() for part in draw_parameters(labelled, strengths, count, levels, rng)))
    steps = np.array([min(one.steps, max(STEPS)) for one in members])
    plain = np.array([one.is_baseline for one in members])
    for step in range(max(steps) if data.unlabelled else 0):
        active = np.flatnonzero(steps > step)
        now = parameters.take(active)
        sums = of_labelled(data, [total[active] for total in totals], now.mean, now.covariance)
        for group in data.unlabelled:
            out, swept = shared_out(group, now)
            for some, _, _ in group.segments:
                out[..., some] = _drawn_labels(out[..., some], data.weight[group.rows[some]], rng)
            sums = sums.plus(completed(out, group, now, swept))
        mine = strengths.take(active)
        rows = np.where(plain[active, None], sums.weight, count[active])
        found = maximize(sums, mine, log_share[active], data)
        found = draw_parameters(found, mine, rows, levels, rng)
        for whole, part in zip(parameters, found, strict=True):
            whole[active] = part
    return parameters


def _drawn_labels(responsibility: Floats, weight: Floats, rng: np.random.Generator) -> Floats:
    """Draw labels, (n_labels, n_mixtures, n_rows), and give the weights that they then have."""
    below = np.cumsum(responsibility[:-1], axis=0) <= rng.random(responsibility.shape[1:])  # (n_labels − 1, …)
    label = below.sum(axis=0)
    drawn = (label == np.arange(responsibility.shape[0])[:, None, None]) - responsibility
    # Of w equal rows labels vary less than if all had the same: mean and variance are those of w separate draws.
    counted: Floats = weight * responsibility + np.minimum(weight, np.sqrt(weight)) * drawn
    return counted


SHARE_ROWS = 0.5
"""Pseudo-rows of each share: Jeffreys' prior."""

LEAST_ROWS = 0.1
"""Rows behind a mean at least; a label of which no row counts has its Gaussian from the prior."""


TINY = np.finfo(float).tiny


def draw_parameters(
    batch: Batch, strengths: Strengths, count: Floats, levels: tuple[int, ...], rng: np.random.Generator
) -> Batch:
    """Draw the parameters of each mixture once, from what would be their posterior had all rows been labelled.

    Σ_k ~ IW(ν_k, ν_k·C_k) and μ_k ~ N(m_k, Σ_k/(n_k + κ)), the conjugate posterior that the M step has the means of
    (Gelman et al. 2013, "Bayesian Data Analysis", section 3.6), one Σ for all components where they share it; shares
    from Dirichlet(`count` + ½), `count` being (n_mixtures, n_components), and so the texts of each category.
    """
    mean, covariance = batch.mean, batch.covariance
    if mean.shape[-1]:
        covariance = draw_covariances(covariance, batch.freedom, strengths.independent, rng)
        tied = np.isinf(strengths.pooled)
        covariance[tied] = covariance[tied][:, :1]
        rows = np.maximum(batch.weight[..., None] + strengths.mean[:, None, :], LEAST_ROWS)
        error = rng.standard_normal((*mean.shape, 1))
        if has_products(mean.shape[-1]):
            error = np.linalg.cholesky(covariance) @ error
        else:
            error *= np.sqrt(covariance)[..., None]
        mean = mean + error[..., 0] / np.sqrt(rows)
    log_chance, first = np.empty_like(batch.log_chance), 0
    for n_levels in levels:
        part = slice(first, first + n_levels)
        log_chance[..., part] = _log_dirichlet(
            np.exp(batch.log_chance[..., part]) * (batch.weight[..., None] + 1.0), rng
        )
        first += n_levels
    return Batch(batch.weight, mean, covariance, batch.freedom, _log_dirichlet(count + SHARE_ROWS, rng), log_chance)


def draw_covariances(covariance: Floats, freedom: Floats, independent: Flags, rng: np.random.Generator) -> Floats:
    """Draw Σ ~ IW(ν, ν·C) for each C of (..., n, n) with ν of (...), by Bartlett's (1933) decomposition.

    Of mixtures that are `independent`, (n_mixtures,), the variances alone, each by its inverse χ²; they are the first
    axis.  ν is raised to n + 1 where it is less: below, no covariance would have a density.
    """
    n = covariance.shape[-1]
    raised = np.maximum(freedom, n + 1.0)
    drawn = np.zeros_like(covariance)
    alone, own = np.zeros_like(covariance[independent]), variances_in(covariance, n)[independent]
    chi_square = rng.chisquare(np.broadcast_to(raised[independent][..., None], own.shape))
    variances_in(alone, n)[...] = own * freedom[independent][..., None] / chi_square
    drawn[independent] = alone
    if independent.all():
        return drawn
    lower = np.linalg.cholesky(covariance[~independent] * freedom[~independent][..., None, None])
    root = np.tril(rng.standard_normal(lower.shape), -1)
    np.einsum("...ii->...i", root)[...] = np.sqrt(rng.chisquare(raised[~independent][..., None] - np.arange(n)))
    # With S = L·Lᵀ and A the root of a standard Wishart, (L⁻ᵀ·A·Aᵀ·L⁻¹)⁻¹ = (A⁻¹·Lᵀ)ᵀ·(A⁻¹·Lᵀ).
    half = np.linalg.solve(root, np.swapaxes(lower, -1, -2))
    drawn[~independent] = np.swapaxes(half, -1, -2) @ half
    return drawn


def _log_dirichlet(count: Floats, rng: np.random.Generator) -> Floats:
    """Draw shares over the last axis and give their logarithms."""
    share = np.maximum(rng.standard_gamma(count), TINY)
    logarithm: Floats = np.log(share / share.sum(axis=-1, keepdims=True))
    return logarithm
