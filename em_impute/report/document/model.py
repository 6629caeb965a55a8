"""Sections about the model: what it is made of, what EM fitted, how it got there; or where a saved one came from."""

import math
from collections.abc import Sequence

from em_impute.em.families import FAMILIES
from em_impute.report.document.blocks import FEW, Block, Details, Name, Section, Table, folded, names, said
from em_impute.report.format import log_likelihood, number, percent
from em_impute.report.model.findings import Convergence, Gaussian, LeadingMixture, Selection
from em_impute.report.model.fit import FitReport
from em_impute.report.sentences import criterion_name, origin
from em_impute.saved_model.values import PredictorDrift
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

SCORED_APART = (
    "Only the ensemble is scored on labels that its choice, of weights, has not seen; one mixture is scored at the "
    "temperature that suits these very labels, and so looks a little better than it is. The log-loss above may differ "
    "a little, since there hidden rows are weighted to be like rows to fill, and here only half as strongly: a choice "
    "should not rest on few rows."
)

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

PSI_MEANING = (
    "PSI, the population stability index, is 0 where a predictor is distributed as it was then. Beyond the limit "
    "it has shifted by more than chance, and enough to matter."
)


def the_model(report: FitReport) -> Section | None:
    """Say in words what the cells are filled by, and show its parameters and why it was chosen."""
    model, selection = report.model, report.selection
    if model is None or selection is None:
        return None
    blocks: list[Block] = [said(BELLS, names(report.features.columns, 4)), *_kind(model, selection)]
    if report.plain_em:
        blocks += _parameters("What plain EM found: one Gaussian per label", report.plain_em.parameters)
    blocks += [*_em(report), *_why(selection)]
    numbers = _parameters("Mixture shown here", model.parameters)
    blocks.append(Details("The mixture shown here in numbers", numbers))
    if report.groups is not None:
        text = "Each cell is filled by the fit to its own group of {} and the fit to all rows, weighted by "
        blocks.append(said(text + "cross-validation.", Name(report.groups.column)))
        groups = report.groups.groups
        rows = [[Name(one.group), one.rows, one.known, one.missing, percent(one.own_weight)] for one in groups]
        blocks += folded("Groups", ["group", "rows", "known", "missing", "weight of its own fit"], rows)
    return Section("model", "The model", blocks)


def _em(report: FitReport) -> list[Block]:
    """Say how EM went, and how far it moved the labels."""
    plain, blocks = report.plain_em, list[Block]()
    if plain:
        state = "converged" if plain.converged else "stopped before it converged"
        steps, height = plural(plain.n_iterations, "step"), log_likelihood(plain.log_likelihood)
        blocks.append(f"{EM_IN_WORDS} it {state} after {steps}, at a log-likelihood of {height} ({HEIGHT_IN_WORDS}).")
    if plain and plain.drift:
        rows = [[Name(label), value] for label, value in plain.drift.items()]
        head = ["label", "moved by, in its standard deviations"]
        blocks += folded("How far rows without a label moved each label’s mean", head, rows, by=1)
    if report.fit is not None and report.selection is not None and not report.selection.stack:
        blocks.append(Details("The mixture’s fit", [_fit(report.fit)]))
    return blocks


def the_saved_model(report: FitReport) -> Section | None:
    """Say where a saved model came from, and whether the rows are still like those it was fitted to."""
    if report.applied is None:
        return None
    drift = report.applied.drift.predictors
    judged, moved = (
        sum(one.psi is not None for one in drift),
        sum(one.psi is not None and one.has_moved for one in drift),
    )
    blocks: list[Block] = [
        f"Nothing was fitted here: a saved model filled the cells, {origin(report.applied)}.",
        f"Drift: {moved:,} of {plural(judged, 'predictor')} shifted." if judged else "Drift: too few rows.",
    ]
    for which, score in report.scores:
        right = f"{percent(score.accuracy)} right (the most common label {percent(score.baseline_accuracy)})"
        losses = f"{number(score.log_loss)} ({number(score.baseline_log_loss)} for the label shares)"
        blocks.append(f"Tested on {score.rows:,} {which}: {right}, log-loss {losses}.")
    furthest = sorted(drift, key=lambda one: (one.psi or 0.0) / (one.psi_limit or 1.0), reverse=True)
    rows = [_then_and_now(one) for one in furthest]
    if rows:
        head = ["predictor", "shifted", "PSI (limit)", "median here (then)", "missing here (then)"]
        blocks += [*folded("Predictors, here and at the fit", head, rows), PSI_MEANING]
    return Section("saved-model", "The saved model", blocks)


def _then_and_now(one: PredictorDrift) -> list[Name | str]:
    """Say how a predictor is distributed, here and at the fit; a median beyond all of then is not known."""
    moved, psi, medians, missing = "too few rows", number(None), "", one.missing
    if one.psi is not None:
        moved, psi = "yes" if one.has_moved else "no", f"{one.psi:.2f} ({one.psi_limit:.2f})"
    if one.then is not None:
        here = "beyond" if one.now is not None and one.now.median is None else number(one.now and one.now.median)
        medians = f"{here} ({number(one.then.median)})"
    return [Name(one.name), moved, psi, medians, f"{percent(missing.now)} ({percent(missing.then)})"]


ALL = 0.9995
"""Weight of the trees above which it reads 100.0 %."""


def _kind(model: LeadingMixture, selection: Selection) -> list[Block]:
    """Say what the mixture shown is, what it counts for, and what rows without a label have helped."""
    size = f"{plural(len(model.parameters), 'Gaussian')} with {plural(model.n_parameters, 'free parameter')}"
    is_alone = not _fill_together(selection) or model.share_of_stack is None
    which = "The model" if model.share_of_stack is None else "The mixture" if is_alone else "The mixture shown here"
    shape, is_all = FAMILIES[model.covariance].description, selection.trees > ALL
    blocks: list[Block] = [f"{which} has {size}: covariance {model.covariance} ({shape})."]
    if not is_alone:
        mixtures = f"a weighted ensemble of {plural(len(selection.members), 'mixture')} of Gaussians"
        weight = percent(model.share_of_stack) if model.share_of_stack else "none"
        plain = f"{weight} of the weight is that of one that takes the columns as they are"
        blocks.insert(0, f"The cells are filled by {mixtures}; {plain}.")
        if selection.trees:
            weight = f"with {percent(selection.trees)} of the weight"
            share = f", {weight}, and by {mixtures}, from which some of the trees start"
            alone = f"; some of them start from {mixtures}"
            trees = f"boosted trees, which find thresholds of several columns together{alone if is_all else share}"
            blocks[0] = f"The cells are filled by {trees}. Among the mixtures {plain}."
    if model.share_of_stack is not None and selection.unlabelled_rows:
        blocks.append(f"In cross-validation, the rows without a label {UNLABELLED[selection.unlabelled_rows]}.")
    if selection.trust is not None and selection.trust < 1.0 and not is_all:
        which = "beside the trees" if selection.trees else "together"
        blocks.append(
            "Cross-validation does not show the mixtures to be clearly better than the label shares, so they have "
            f"{percent(selection.trust)} of the weight {which}, and the label shares the rest."
        )
    return blocks


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


def _why(selection: Selection) -> list[Block]:
    """Tabulate what was compared, the best first; of an ensemble also what it scores beside simpler models."""
    members = sorted(selection.members, key=lambda one: (-one.weight, one.log_loss or one.bic or math.inf))
    columns = [key for key in COMPARED if any(getattr(one, key) not in {None, "", 0} for one in selection.members)]
    rows = [[_shown(key, getattr(one, key)) for key in columns] for one in members[:MAX_MEMBERS]]
    head = [COMPARED[key] for key in columns]
    if not selection.stack:
        return folded(f"Chosen by {criterion_name(selection.criterion)} (lower is better)", head, rows)
    fills, losses = "stack" if _fill_together(selection) else "single", selection.scores._asdict()
    scores = [
        [told + (key == fills) * " (this fills the cells)", losses[key]]
        for key, told in SCORES.items()
        if losses[key] is not None
    ]
    table = Table("Which model fills best? Cross-validated log-loss", ["filled by", "log-loss"], scores)
    n = len(selection.stack)
    heaviest = Table(f"The heaviest of {n:,} mixtures" if n > 1 else "The mixture that has weight", head, rows)
    return [table, SCORED_APART, Details(f"{selection.considered:,} mixtures were compared", [heaviest])]


def _shown(key: str, value: float | str | None) -> float | str:
    """Write a cell of what was compared; what is not known is empty."""
    return "" if value is None else percent(float(value)) if key == "weight" else value


def _fit(fit: Convergence) -> str:
    """Say how EM went for the mixture shown."""
    steps = plural(fit.n_iterations, "step")
    went = f"EM {'converged' if fit.converged else 'stopped before it converged'} after {steps}"
    if fit.stop == "held-out labels":
        went = f"EM was stopped after {steps}, which was best in cross-validation"
        if not fit.n_iterations:
            went = "EM was not run: in cross-validation the labelled rows alone did best"
    height, bic, aic, icl = map(log_likelihood, (fit.log_likelihood, fit.bic, fit.aic, fit.icl))
    criteria = f"BIC {bic}, AIC {aic}, ICL {icl}; these three penalise parameters, and lower is better"
    return f"{went}. Log-likelihood {height} ({criteria})."
