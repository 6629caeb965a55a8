"""Sections about the model: what it is made of, what EM fitted, how it got there; or where a saved one came from."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from em_impute.em.families import FAMILIES
from em_impute.report.document.blocks import FEW, Block, Details, Name, Table, folded, names, said
from em_impute.report.format import log_likelihood, number, percent
from em_impute.report.model.findings import Gaussian, LeadingMixture, Selection
from em_impute.report.model.fit import FitReport
from em_impute.report.sentences import criterion_name, origin
from em_impute.table.text import plural

MAX_MEMBERS, MAX_FEATURES = 12, 12
"""Rows of a table of mixtures, and columns of a table of means."""

SCORES = {
    "stack": "the ensemble",
    "single": "the mixture shown here alone",
    "labels_only": "the mixture shown here, labelled rows only",
    "plain_em": "plain EM: one Gaussian per label",
    "majority": "always the label shares",
}

COMPARED = {
    "covariance": "covariance",
    "view": "predictors",
    "components": "Gaussians",
    "em_steps": "EM steps",
    "log_loss": "log-loss",
    "bic": "BIC",
    "icl": "ICL",
    "weight": "weight",
    "note": "",
}
"""What is told of each mixture that was compared, where any has it."""

UNLABELLED = {
    "helped": "helped to distinguish the labels",
    "hurt": "misled the model: it leaves them out",
    "made no difference": "made no difference",
}

BELLS = (
    "Among rows with the same label, the values of {} are described by Gaussians (bell curves). In a row, a label is "
    "more probable the denser its Gaussians are there and the more common the label is."
)

EM_IN_WORDS = (
    "EM (expectation-maximisation) guesses the missing labels, fits each label’s bell curve to all rows again, and "
    "repeats until hardly anything changes. With one bell curve per label"
)

HEIGHT_IN_WORDS = "how probable the curves make the data; higher is better"


def the_model(report: FitReport) -> Iterator[Block]:
    """Say in words what the cells are filled by, and show its parameters and why it was chosen."""
    model, selection, plain = report.model, report.selection, report.plain_em
    if model is None or selection is None:
        return
    yield said(BELLS, names(report.features.columns, 4))
    yield from _kind(model, selection)
    if plain is not None:
        yield from _parameters("What plain EM found: one Gaussian per label", plain.parameters)
        state = "converged" if plain.converged else "stopped before it converged"
        steps, height = plural(plain.n_iterations, "step"), log_likelihood(plain.log_likelihood)
        yield f"{EM_IN_WORDS} it {state} after {steps}, at a log-likelihood of {height} ({HEIGHT_IN_WORDS})."
        moved = [[Name(label), value] for label, value in (plain.drift or {}).items()]
        head = ["label", "moved by, in its standard deviations"]
        yield from folded("How far rows without a label moved each label’s mean", head, moved, by=1)
    if report.fit is not None and not selection.stack:
        fit, steps = report.fit, plural(report.fit.n_iterations, "step")
        went = f"EM {'converged' if fit.converged else 'stopped before it converged'} after {steps}"
        height, bic, aic, icl = map(log_likelihood, (fit.log_likelihood, fit.bic, fit.aic, fit.icl))
        criteria = f"BIC {bic}, AIC {aic}, ICL {icl}; these three penalise parameters, and lower is better"
        yield Details("The mixture’s fit", [f"{went}. Log-likelihood {height} ({criteria})."])
    yield from _why(selection)
    yield Details("The mixture shown here in numbers", _parameters("Mixture shown here", model.parameters))
    if report.groups is not None:
        text = "Each cell is filled by the fit to its own group of {} and the fit to all rows, weighted by "
        yield said(text + "cross-validation.", Name(report.groups.column))
        groups = report.groups.groups
        rows = [[Name(one.group), one.rows, one.known, one.missing, percent(one.own_weight)] for one in groups]
        yield from folded("Groups", ["group", "rows", "known", "missing", "weight of its own fit"], rows)


def the_saved_model(report: FitReport) -> Iterator[Block]:
    """Say where a saved model came from, and whether the rows are still like those it was fitted to."""
    if report.applied is None:
        return
    yield f"Nothing was fitted here: a saved model filled the cells, {origin(report.applied)}."
    rows: list[list[Any]] = []
    by_psi = sorted(report.applied.drift.predictors, key=lambda one: -(one.psi or 0.0) / (one.psi_limit or 1.0))
    for one in by_psi:
        moved, psi, medians = "too few rows", number(None), ""
        if one.psi is not None:
            moved, psi = "yes" if one.has_moved else "no", f"{one.psi:.2f} ({one.psi_limit:.2f})"
        if one.then is not None:  # a median beyond all rows of then is not known
            here = "beyond" if one.now is not None and one.now.median is None else number(one.now and one.now.median)
            medians = f"{here} ({number(one.then.median)})"
        missing = f"{percent(one.missing.now)} ({percent(one.missing.then)})"
        rows.append([Name(one.name), moved, psi, medians, missing])
    if rows:
        head = ["predictor", "shifted", "PSI (limit)", "median here (then)", "missing here (then)"]
        yield from folded("Predictors, here and at the fit", head, rows)
        yield (
            "PSI, the population stability index, is 0 where a predictor is distributed as it was then. Beyond the "
            "limit it has shifted by more than chance, and enough to matter."
        )


def _kind(model: LeadingMixture, selection: Selection) -> Iterator[Block]:
    """Say what the mixture shown is, what it counts for, and what rows without a label have helped."""
    which, share = "The model", model.share_of_stack
    if share is not None and _fill_together(selection):
        filled_by, among = f"a weighted ensemble of {plural(len(selection.members), 'mixture')} of Gaussians", "; "
        if selection.trees:
            trees = "boosted trees, which find thresholds of several columns together"
            filled_by = f"{trees}, with {percent(selection.trees)} of the weight, and by {filled_by}"
            filled_by, among = f"{filled_by}, from which some of the trees start", ". Among the mixtures "
        plain = f"{percent(share) if share else 'none'} of the weight is that of one that takes the columns as they are"
        yield f"The cells are filled by {filled_by}{among}{plain}."
        which = "The mixture shown here"
    size = f"{plural(len(model.parameters), 'Gaussian')} with {plural(model.n_parameters, 'free parameter')}"
    yield f"{which} has {size}: covariance {model.covariance} ({FAMILIES[model.covariance].description})."
    if share is not None and selection.unlabelled_rows:
        yield f"In cross-validation, the rows without a label {UNLABELLED[selection.unlabelled_rows]}."
    if selection.trust is not None and selection.trust < 1.0:
        beside = "beside the trees" if selection.trees else "together"
        yield (
            "Cross-validation does not show the mixtures to be clearly better than the label shares, so they have "
            f"{percent(selection.trust)} of the weight {beside}, and the label shares the rest."
        )


def _fill_together(selection: Selection) -> bool:
    return len(selection.members) > 1 or selection.trees > 0.0


def _parameters(caption: str, parameters: Sequence[Gaussian]) -> list[Block]:
    """Tabulate the mean of each column for each component."""
    if not parameters:
        return []
    features, rows = list(parameters[0].mean), []
    several = any(getattr(one, "component", 1) > 1 for one in parameters)
    if len(parameters) > FEW and not several:
        parameters = sorted(parameters, key=lambda one: -one.weight)
    for one in parameters:
        name = said("{}{}", Name(one.label), f", {getattr(one, 'component', 1)}" if several else "")
        means = [f"{number(one.mean[key])} ({number(one.sd[key])})" for key in features[:MAX_FEATURES]]
        rows.append([name, percent(one.weight), *means])
    caption += ": mean (SD, the standard deviation)"
    if len(features) > MAX_FEATURES:
        caption += f"; the first {MAX_FEATURES} of {len(features)} columns"
    head = ["label", "share", *map(Name, features[:MAX_FEATURES])]
    return folded(caption, head, rows)


def _why(selection: Selection) -> Iterator[Block]:
    """Tabulate what was compared, the best first; of an ensemble also what it scores beside simpler models."""
    members = sorted(selection.members, key=lambda one: (-one.weight, one.log_loss or one.bic or math.inf))
    columns = [key for key in COMPARED if any(getattr(one, key) not in {None, "", 0} for one in selection.members)]
    head, rows = [COMPARED[key] for key in columns], []
    for one in members[:MAX_MEMBERS]:
        cells = one._asdict() | {"weight": percent(one.weight)}
        rows.append(["" if cells[key] is None else cells[key] for key in columns])
    if not selection.stack:
        yield from folded(f"Chosen by {criterion_name(selection.criterion)} (lower is better)", head, rows)
        return
    fills, losses = "stack" if _fill_together(selection) else "single", selection.scores._asdict()
    scores = [
        [told + (key == fills) * " (this fills the cells)", losses[key]]
        for key, told in SCORES.items()
        if losses[key] is not None
    ]
    yield Table("Which model fills best? Cross-validated log-loss", ["filled by", "log-loss"], scores)
    yield (
        "Only the ensemble is scored on labels that its choice, of weights, has not seen; one mixture is scored at the "
        "temperature that suits these very labels, and so looks a little better than it is. The log-loss above may "
        "differ a little, since there hidden rows are weighted to be like rows to fill, and here only half as "
        "strongly: a choice should not rest on few rows."
    )
    heaviest = Table("Mixtures with weight, the heaviest first", head, rows)
    yield Details(f"{selection.considered:,} mixtures were compared", [heaviest])
