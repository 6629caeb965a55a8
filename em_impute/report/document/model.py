"""Sections about the model: what it is made of, what EM fitted, how it got there."""

from collections.abc import Sequence

import numpy as np

from em_impute.em.families import FAMILIES
from em_impute.report.document.blocks import Block, Details, Figures, Name, Section, Table, names, said
from em_impute.report.document.data import common, folded
from em_impute.report.format import number, percent
from em_impute.report.model.fit import FitReport, Groups
from em_impute.report.model.mixture import (
    BaselineGaussian,
    Considered,
    Convergence,
    LeadingMixture,
    MixtureComponent,
    Selection,
)
from em_impute.report.sentences import LOG_LOSS, criterion_name
from em_impute.table.text import plural

MAX_MEMBERS = 12

MAX_FEATURES = 12
"""Columns of a table of means, and rows of one of covariances."""

ROUNDING = 1e-9
"""A correlation closer to 0 is 0."""

SCORES = {
    "stack": "the ensemble (this fills the cells)",
    "single": "the mixture shown here alone",
    "labels_only": "the mixture shown here, labelled rows only",
    "plain_em": "plain EM: one Gaussian per label",
    "majority": "always the label shares",
}

SCORED_APART = (
    "Only the ensemble is scored on labels that its choice, of weights, has not seen; one mixture is scored at the "
    "temperature that suits these very labels, and so looks a little better than it is."
)

UNLABELLED = {
    "helped": "In cross-validation, the rows without a label helped to distinguish the labels.",
    "hurt": "In cross-validation, the rows without a label misled the model: it leaves them out.",
    "made no difference": "In cross-validation, the rows without a label made no difference.",
}


def the_model(report: FitReport) -> Section | None:
    """Say in words what the cells are filled by, and show its parameters and why it was chosen."""
    model, selection = report.model, report.selection
    if model is None or selection is None:
        return None
    heaps = (
        "Among rows with the same label, the values of {} are described by Gaussians (bell curves). In a row, a label "
        "is more probable the denser its Gaussians are there and the more common the label is."
    )
    used = names(report.features.columns, 4)
    blocks: list[Block] = [said(heaps, used), *_kind(model, selection)]
    if report.plain_em:
        caption = "What plain EM found: one Gaussian per label"
        blocks += _parameters(caption, report.plain_em.parameters, report)
    blocks += _why(selection)
    inner = [*_parameters("Mixture shown here", model.parameters, report), *_covariances(model)]
    blocks.append(Details("The mixture shown here in numbers", inner))
    if report.groups is not None:
        blocks += _groups(report.groups)
    return Section("model", "The model", blocks)


def how_em_went(report: FitReport) -> Section | None:
    """Show EM's path, and how far it moved the labels."""
    fit, plain = report.fit, report.plain_em
    if fit is None:
        return None
    blocks: list[Block] = []
    if plain:
        state = "converged" if plain.converged else "stopped before it converged"
        steps = plural(max(0, len(plain.path) - 1), "step")
        blocks.append(
            "EM (expectation-maximisation) guesses the missing labels, fits each label’s bell curve to all "
            f"rows again, and repeats until hardly anything changes. With one bell curve per label it {state} after "
            f"{steps}, at a log-likelihood of {_number_of(plain.log_likelihood)} (how probable the curves make the "
            "data; higher is better)."
        )
    blocks.append(Figures(["convergence"]))
    if plain and plain.drift:
        rows = [[Name(label), value] for label, value in plain.drift.items()]
        head = ["label", "moved by, in its standard deviations"]
        caption = "How far rows without a label moved each label’s mean"
        blocks += folded(caption, head, rows, common(report, list(plain.drift)))
    if report.selection is None or not report.selection.stack:
        blocks.append(Details("The mixture’s fit", _fit(fit)))
    return Section("em", "EM, step by step", blocks)


def _number_of(value: float | None) -> str:
    """Write a log-likelihood, whose decimals matter."""
    return number(None) if value is None else f"{value:,.4f}" if abs(value) < 1e12 else f"{value:.6g}"  # noqa: PLR2004


def _kind(model: LeadingMixture, selection: Selection) -> list[Block]:
    size = f"{plural(len(model.parameters), 'Gaussian')} with {plural(model.n_parameters, 'free parameter')}"
    shape = f"covariance {model.covariance} ({FAMILIES[model.covariance].description})"
    if model.share_of_stack is None:
        return [f"The model has {size}: {shape}."]
    blocks: list[Block] = [f"The mixture has {size}: {shape}."]
    if len(selection.members) > 1:
        together = f"The cells are filled by a weighted ensemble of {len(selection.members):,} mixtures of Gaussians"
        weight = percent(model.share_of_stack) if model.share_of_stack else "none"
        one = f"{weight} of the weight is that of the mixture shown here, which takes the columns as they are"
        blocks = [f"{together}; {one}: it has {size}, {shape}."]
    if selection.unlabelled_rows:
        blocks.append(UNLABELLED[selection.unlabelled_rows])
    if selection.trust is not None and selection.trust < 1.0:
        blocks.append(
            "Cross-validation does not show the mixtures to be clearly better than the label shares, so they have "
            f"{percent(selection.trust)} of the weight together, and the label shares the rest."
        )
    return blocks


def _parameters(
    caption: str, parameters: Sequence[MixtureComponent] | Sequence[BaselineGaussian], report: FitReport
) -> list[Block]:
    """Tabulate the mean of each column for each component, with its standard error where that is known."""
    if not parameters:
        return []
    features, rows, error = list(parameters[0].mean), [], None
    several = any(getattr(one, "component", 1) > 1 for one in parameters)
    for one in parameters:
        error = getattr(one, "standard_error", None)
        name = said("{}{}", Name(one.label), f", {getattr(one, 'component', 1)}" if several else "")
        means = [
            f"{number(one.mean[key])}{f' ± {error.mean[key]:.2g}' if error else ''} ({number(one.sd[key])})"
            for key in features[:MAX_FEATURES]
        ]
        rows.append([name, percent(one.weight), *means])
    caption += f": mean{' ± its standard error' if error else ''} (SD, the standard deviation)"
    if len(features) > MAX_FEATURES:
        caption += f"; the first {MAX_FEATURES} of {len(features)} columns"
    head = ["label", "share", *map(Name, features[:MAX_FEATURES])]
    return folded(caption, head, rows, [] if several else common(report, [one.label for one in parameters]))


def _covariances(model: LeadingMixture) -> list[Block]:
    features = list(model.parameters[0].mean)[:MAX_FEATURES]
    shared = FAMILIES[model.covariance].shared
    tables: list[Block] = []
    for one in model.parameters[: 1 if shared else 8]:
        if one.covariance is None:  # of independent predictors, whose deviations are told already
            break
        of = "of every component" if shared else f"of {one.label}, component {one.component}"
        matrix = np.array(one.covariance, np.float64)[: len(features), : len(features)]
        deviation = np.sqrt(np.diagonal(matrix))
        matrix[np.abs(matrix) < ROUNDING * deviation * deviation[:, None]] = 0.0
        rows = [[Name(key), *row] for key, row in zip(features, matrix.tolist(), strict=True)]
        tables.append(Table(f"Covariance {of}", ["", *map(Name, features)], rows))
    return tables


def _why(selection: Selection) -> list[Block]:
    if not selection.members:
        return []
    if selection.stack:
        losses = selection.scores._asdict()
        rows = [[told, losses[key]] for key, told in SCORES.items() if losses[key] is not None]
        table = Table("Which model fills best? Cross-validated log-loss", ["filled by", "log-loss"], rows)
        head = ["weight", "predictors", "covariance", "Gaussians per label", "EM steps", "log-loss"]
        listed = [
            [percent(one.weight), one.view, one.covariance, one.components, one.em_steps, one.log_loss]
            for one in selection.stack[:MAX_MEMBERS]
        ]
        inner: list[Block] = [Table(f"The heaviest of {len(selection.stack):,} mixtures", head, listed)]
        return [table, f"{LOG_LOSS} {SCORED_APART}", Details(f"{selection.considered:,} mixtures were compared", inner)]
    if selection.numbers_of_groups:
        rows = [
            [one.covariance, one.components, one.bic, one.icl, _verdict(one)] for one in selection.numbers_of_groups
        ]
        head = ["covariance", "groups", "BIC", "ICL", ""]
    else:
        rows = [[one.covariance, one.log_loss, _verdict(one)] for one in selection.families]
        head = ["covariance", "score", ""]
    return folded(f"Chosen by {criterion_name(selection.criterion)} (lower is better)", head, rows)


def _verdict(one: Considered) -> str:
    return "chosen" if one.weight else one.note


def _groups(groups: Groups) -> list[Block]:
    rows = [[Name(one.group), one.rows, one.known, one.missing, percent(one.own_weight)] for one in groups.groups]
    text = said(
        "Each cell is filled by the fit to its own group of {} and the fit to all rows, weighted by cross-validation.",
        Name(groups.column),
    )
    return [text, *folded("Groups", ["group", "rows", "known", "missing", "weight of its own fit"], rows)]


def _fit(fit: Convergence) -> list[Block]:
    steps = plural(fit.n_iterations, "step")
    went = f"EM {'converged' if fit.converged else 'stopped before it converged'} after {steps}"
    if fit.stop == "held-out labels":
        went = f"EM was stopped after {steps}, which was best in cross-validation"
        if not fit.n_iterations:
            went = "EM was not run: in cross-validation the labelled rows alone did best"
    criteria = f"BIC {_number_of(fit.bic)}, AIC {_number_of(fit.aic)}, ICL {_number_of(fit.icl)}"
    height = f"Log-likelihood {_number_of(fit.log_likelihood)}"
    return [f"{went}. {height} ({criteria}; these three penalise parameters, and lower is better)."]
