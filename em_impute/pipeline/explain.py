"""The whole story: from a table to a start, to every step of EM, to why it stopped."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from em_impute.columns.design import Design, make_design
from em_impute.columns.labels import Labels, drop_zero_weights, read_labels
from em_impute.em.blocks import Floats, Integers, Rows, sample_rows
from em_impute.em.clustering import far_apart
from em_impute.em.em import (
    Step,
    Stop,
    Stopping,
    expect,
    iterate,
    log_likelihood_of,
    make_problem,
    posterior,
    responsibilities,
)
from em_impute.em.expectation import Moments, hard_moments
from em_impute.em.families import FAMILIES, Family, Prior, default_prior, log_prior
from em_impute.em.mixture import components_of_labels, overall_covariance, weighed
from em_impute.em.parameters import Parameters, rescale, whiten
from em_impute.errors import FitError, option
from em_impute.model.select import ordering_feature
from em_impute.options import Request
from em_impute.pipeline.complete import labels_to_find
from em_impute.pipeline.open import InputTable, Progress, name_of, row_at

EARLY, WIDENING = 40, 1.15
"""For pictures the parameters of the first 40 iterations are kept, beyond those of iterations 40·1.15, 40·1.15², …."""

N_STARTS = 10
START_ROWS = 5000
START_STEPS = 100
"""Without labels so many starts are followed for so many steps, on so many rows at most; the highest one is shown."""

ENOUGH = 2
"""Labelled rows beyond one a label, for each feature, from which their covariance can start the fit."""


class Showing(NamedTuple):
    """What a learner wants to see."""

    n_rows: int = 5
    lines: tuple[int, ...] = ()  # of the file, whose rows are followed; empty chooses `n_rows` telling ones
    steps: int | None = 3  # iterations whose parameters are kept; None keeps those of all
    pictures: bool = False  # keep also those of the iterations that are drawn

    def in_full(self, iteration: int) -> bool:
        """Tell whether an iteration is to be shown in full."""
        return self.steps is None or iteration <= self.steps


class Height(NamedTuple):
    """How high some parameters stand, given the responsibilities at those before the M step.  Natural logarithms."""

    q: float  # Q(·|θ), the expected log density of rows, labels and missing numbers
    log_likelihood: float
    log_prior: float  # up to a constant; 0 for plain maximum likelihood


class Start(NamedTuple):
    """Where EM begins."""

    kind: Literal["labels", "random"]
    pooled: bool  # the covariance is that of the rows about their labels' means, not that of all rows
    n_starts: int


@dataclass(frozen=True)
class Run:
    """One run of EM.  Parameters are those of standardised features, heights in the data's units."""

    parameters: dict[int, Parameters]  # by iteration, the start as 0: those that were kept, and the last
    turns: list[tuple[Height, Height]]  # of every iteration: of θ, where its E step is, and of θ' after its M step
    stop: Stop
    remaining: float  # estimate of the gain still to come; inf if there is none
    start: Start
    prior_strength: float
    collapse: str | None = None  # why plain maximum likelihood was given up; None where it was not


@dataclass(frozen=True, kw_only=True)
class Explanation(Run):
    """Everything that happened.  Parameters are those of standardised features until `own` rescales them."""

    target: str  # the name of the column
    labels: Labels
    design: Design
    component_label: Integers  # (n_components,)
    family: str
    followed: Integers  # (n_followed,), rows of the table
    showing: Showing

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components: that of the label, with a number where labels may have several."""
        names = [self.labels.labels[k] for k in self.component_label]
        if len(set(names)) == len(names):
            return tuple(names)
        place = [int(np.sum(self.component_label[:k] == label)) + 1 for k, label in enumerate(self.component_label)]
        return tuple(f"{name} {number}" for name, number in zip(names, place, strict=True))

    @property
    def n_iterations(self) -> int:
        """Number of M steps."""
        return len(self.turns)

    def own(self, iteration: int) -> Parameters:
        """Give the parameters after some iteration in the data's units."""
        return rescale(self.parameters[iteration], self.design.shift, self.design.scale)

    def shares_of(self, iteration: int, x: Floats, label: Integers) -> Floats:
        """Compute how responsible each component is for rows, (n_rows, n_components), at some iteration."""
        return responsibilities(self.parameters[iteration], self.component_label, x, label)


def explain(opened: InputTable, request: Request, showing: Showing, progress: Progress) -> Explanation:
    """Follow plain EM on the one column that is asked for.

    It fits by maximum likelihood unless the request has a prior.  Where that collapses, and the user did not insist,
    the default prior helps, and the explanation says so.  Raises what `fill` raises.
    """
    (column,) = opened.targets
    target = opened.names[column]
    read = drop_zero_weights(read_labels(target, opened.table.targets[column], request), target, opened.weight)
    if not (any(read.known) or request.labels or isinstance(request.components, int)):
        hint = f"name the groups to look for, as in {option('labels', 'A,B')}, or say how many there are, as in "
        hint += option("components", 2)
        raise FitError(f"no label is known in column {target!r}", hint)
    labels = labels_to_find(target, read, request)
    progress("preparing", None, "")
    columns, is_named = opened.columns, bool(request.features)
    design = make_design(
        labels, columns, (), explicit=is_named, with_categories=False, known=opened.known, weight=opened.weight
    )
    by = ordering_feature(design, name_of(opened, request.order_by))
    chosen = [row_at(opened, line) for line in showing.lines]
    rows = weighed(design.learning, 1.0 if request.unlabelled_weight is None else request.unlabelled_weight)
    n_components = request.components if isinstance(request.components, int) and any(read.known) else 1
    component_label = components_of_labels(design.label, len(labels.labels), n_components)

    run = partial(_follow, design, rows, component_label, request, showing, progress)
    try:
        done = run(request.prior_strength or 0.0)
    except FitError as error:
        if request.prior_strength is not None:
            raise
        done = replace(run(1.0), collapse=error.message)
    if done.start.kind == "random":  # as `fill` sorts the components, in every iteration alike
        order = np.argsort(done.parameters[max(done.parameters)].mean[:, by], kind="stable")
        sorted_ = {at: Parameters(*(values[order] for values in one)) for at, one in done.parameters.items()}
        done = replace(done, parameters=sorted_)
    place = np.array(chosen or _telling_rows(design, done.parameters[0], component_label, showing.n_rows), np.intp)
    return Explanation(
        **vars(done),
        target=target,
        labels=labels,
        design=design,
        component_label=component_label,
        family=_family(request),
        followed=place,
        showing=showing,
    )


def _family(request: Request) -> str:
    return "full" if request.covariance == "auto" else request.covariance


def _follow(
    design: Design,
    rows: Rows,
    component_label: Integers,
    request: Request,
    showing: Showing,
    watch: Progress,
    strength: float,
) -> Run:
    """Find a start, and take down what happens in the loop: Q is that of the moments which the E step before found.

    Raises FitError where a component collapses.
    """
    family, stopping = FAMILIES[_family(request)], Stopping(request.tolerance, request.max_iter)
    prior = default_prior(overall_covariance(rows), float(rows.weight.sum()), component_label.size, strength)
    begin, start = _find_start(rows, component_label, family, prior, request)
    problem = make_problem(*rows, component_label)
    # Standardising multiplied densities by the scales: of each observed cell for log L, of each completed one for Q.
    observed, completed = design.log_jacobian(rows), float(rows.weight.sum() * np.log(design.scale).sum())

    def height(moments: Moments, step: Step) -> Height:
        q, held = log_likelihood_of(moments, step.parameters), log_prior(step.parameters, family, prior)
        return Height(q - completed, step.log_likelihood - observed, held)

    kept: dict[int, Parameters] = {}
    turns: list[tuple[Height, Height]] = []
    last = None
    for step in iterate(problem, begin, family, prior, stopping):
        if step.stop == "rounding":  # this step was told before
            break
        watch("fitting", None, f"iteration {step.iteration}, log-likelihood {step.log_likelihood:,.3f}")
        if last is not None:
            moments, before = last
            turns.append((before, height(moments, step)))
        if step.stop or _is_kept(step.iteration, showing):
            kept[step.iteration] = step.parameters
        moments = expect(problem, step.parameters)
        last = moments, height(moments, step)
    kept.setdefault(step.iteration, step.parameters)
    return Run(kept, turns, step.stop or "max_iter", step.remaining, start, prior.strength)


def _find_start(
    rows: Rows, component_label: Integers, family: Family, prior: Prior, request: Request
) -> tuple[Parameters, Start]:
    """Find where EM begins: at the labels, or where none is known at the best of some random places.

    All components start with one covariance, within the family, so that no M step can lower the likelihood.
    """
    rng = np.random.default_rng(request.seed)
    if (rows.label >= 0).any():
        return _start_at_labels(rows, component_label, family, prior, rng)
    limit = Stopping(request.tolerance, min(START_STEPS, request.max_iter))
    return _highest_start(rows, component_label, family, prior, limit, rng)


def _start_at_labels(
    rows: Rows, component_label: Integers, family: Family, prior: Prior, rng: np.random.Generator
) -> tuple[Parameters, Start]:
    """Begin at the labels' means, with the covariance of labelled rows about them, or of all if they are too few."""
    known = rows.label >= 0
    x, label, weight = rows.x[known], rows.label[known], rows.weight[known]
    n_labels = int(component_label.max()) + 1
    moments = hard_moments(x, label, weight, n_labels)
    n_components = np.bincount(component_label)
    share = (moments.weight / moments.weight.sum() / n_components)[component_label]
    mean = moments.mean[component_label]
    for value in np.flatnonzero(n_components > 1):
        own = label == value
        mean[component_label == value] = far_apart(x[own], weight[own], int(n_components[value]), rng)
    enough = weight.sum() - n_labels >= ENOUGH * x.shape[1]
    within = Rows(x - moments.mean[label], label, weight)
    for candidates in [within, rows] if enough else [rows]:
        covariance = _covariance_of(candidates, family, prior)
        with suppress(FitError):
            whiten(covariance)
            break
    start = Parameters(share, mean, np.tile(covariance, (share.size, 1, 1)))
    return start, Start("labels", candidates is within, 1)


def _highest_start(
    rows: Rows, component_label: Integers, family: Family, prior: Prior, limit: Stopping, rng: np.random.Generator
) -> tuple[Parameters, Start]:
    """Find the start, of means at rows that are far apart and equal shares, from which EM comes highest."""
    n_components = component_label.size
    few = sample_rows(rows, START_ROWS, int(rng.integers(1 << 32)))
    problem = make_problem(*few, component_label)
    covariance = np.tile(_covariance_of(rows, family, prior), (n_components, 1, 1))
    share = np.full(n_components, 1.0 / n_components)
    best, highest, failure = None, -np.inf, FitError("EM found no start", f"raise {option('prior_strength')}")
    n_starts = N_STARTS if n_components > 1 else 1
    for _ in range(n_starts):
        start = Parameters(share, far_apart(few.x, few.weight, n_components, rng), covariance)
        try:
            *_, final = iterate(problem, start, family, prior, limit)
            on_a_handful = final.parameters.weight * few.weight.sum() < few.x.shape[1] + 1
            if prior.strength == 0.0 and on_a_handful.any():  # whose likelihood is as high as one likes
                message = "every start of EM ended with a component on a handful of rows"
                raise FitError(message, "ask for fewer components")
        except FitError as error:
            failure = error
            continue
        if round(final.objective, 4) > highest:  # of those that reached the same optimum the first
            best, highest = start, round(final.objective, 4)
    if best is None:
        raise failure
    return best, Start("random", pooled=False, n_starts=n_starts)


def _covariance_of(rows: Rows, family: Family, prior: Prior) -> Floats:
    """Compute the covariance of rows about 0, restricted to the family; with a prior, kept invertible as its scale."""
    covariance = overall_covariance(rows)
    if prior.strength > 0.0:
        covariance = default_prior(covariance, float(rows.weight.sum()), 1, prior.strength).scale
    return family.restrict(covariance)


def _is_kept(iteration: int, showing: Showing) -> bool:
    """Tell whether the parameters of an iteration will be shown or drawn: of thousands, only some."""
    if showing.in_full(iteration):
        return True
    if not showing.pictures or iteration <= EARLY:
        return showing.pictures
    power = np.log(iteration / EARLY) / np.log(WIDENING)
    return bool(round(EARLY * WIDENING ** round(power)) == iteration)


def _telling_rows(design: Design, start: Parameters, component_label: Integers, number: int) -> list[int]:
    """Choose rows without a label, from doubtful to certain at the start, and one whose label is least likely there."""
    distinct = design.distinct
    shows = ~np.isnan(distinct.x).all(axis=1)
    unknown, known = (np.flatnonzero(is_it & shows) for is_it in (distinct.label < 0, distinct.label >= 0))
    n_unknown = min(unknown.size, number - (1 if known.size and number > 1 else 0))
    chances, own = (posterior(start, component_label, distinct.x[rows]) for rows in (unknown, known))
    chosen = [
        *_quantiles(unknown, chances.max(axis=1, initial=0.0), n_unknown),
        *_quantiles(known, own[np.arange(known.size), distinct.label[known]], number - n_unknown),
    ]
    if design.index is None:
        return sorted(chosen)
    return sorted(int(np.argmax(design.index == one)) for one in chosen)


def _quantiles(rows: Integers, value: Floats, number: int) -> Iterator[int]:
    """Yield rows with the lowest value, the highest, and values between, so many different ones if there are."""
    order = rows[np.argsort(value, kind="stable")]
    if order.size and number > 0:
        places: Sequence[float] = np.linspace(0, order.size - 1, min(number, order.size)).tolist()
        yield from (int(order[round(place)]) for place in places)
