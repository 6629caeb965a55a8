"""The fit report for people who read it in an editor, a mail or a pull request."""

from collections.abc import Iterable, Sequence

from em_impute.em.families import FAMILIES
from em_impute.report.applied_words import applied_markdown
from em_impute.report.audit import audit_markdown
from em_impute.report.filled import filled_markdown
from em_impute.report.fit_report import FitReport, Section
from em_impute.report.marked import marked_markdown
from em_impute.report.missing_rows import sensitivity_markdown, who_markdown
from em_impute.report.tables import cell, table
from em_impute.report.uncertainty import totals_markdown, wrong_markdown
from em_impute.report.words import number, percent
from em_impute.table.text import plural

__all__ = ["to_markdown"]

MAX_MEMBERS = 12
MAX_STEPS = 100
"""Steps of EM whose log-likelihood is written out."""


def to_markdown(*reports: FitReport) -> str:
    """Write one report after the other."""
    return "\n".join("\n".join(_sections(report)) for report in reports)


def _sections(report: FitReport) -> Iterable[str]:
    yield f"# Fit report: column {cell(report.column)} of {cell(report.input['path'])}\n"
    yield from _what_was_missing(report)
    yield from who_markdown(report.missingness)
    yield from totals_markdown(report.totals)
    yield from sensitivity_markdown(report.sensitivity)
    if report.model is not None:
        yield from _predictors(report)
        yield from _model(report)
        yield from _choice(report)
        yield from _groups(report)
        yield from _accuracy(report)
    if report.applied is not None:
        yield from applied_markdown(report.applied, report.missing["filled"])
    yield from filled_markdown(report.filled)
    if report.marked is not None:
        yield from marked_markdown(report.marked)
    yield from audit_markdown({"audit": report.audit, "suspect_labels": report.suspect_labels})
    yield from _warnings_and_log(report)
    yield from _reproduction(report)


def _what_was_missing(report: FitReport) -> Iterable[str]:
    missing = report.missing
    yield "## What was missing\n"
    tokens = ", ".join(f"{cell(token) if token else 'empty'}: {n:,}" for token, n in missing["tokens"].items())
    yield (
        f"{plural(missing['cells'], 'cell')} of {plural(report.input['rows'], 'row')}"
        + (f" ({tokens})" if tokens else "")
        + "."
    )
    yield f"{missing['filled']:,} filled."
    for reason, n in missing["left_empty"].items():
        yield f"{n:,} left as they were: {reason.replace('_', ' ')}."
    yield ""
    rows = [
        [one["label"], one["known"], one["filled"], percent(one["share_known"]), percent(one["share_expected"])]
        for one in report.labels
    ]
    yield from table(["label", "known", "filled", "share among known", "share expected of all"], rows)


def _predictors(report: FitReport) -> Iterable[str]:
    yield "## Predictors\n"
    used = report.features["used"]
    numbers = [one for one in used if one["type"] == "numeric"]
    if numbers:
        rows = [[one["name"], one["missing"], number(one["mean"]), number(one["sd"])] for one in numbers]
        yield from table(["column", "missing", "mean", "standard deviation"], rows)
    categories = [[one["name"], one["missing"], ", ".join(one["levels"])] for one in used if one not in numbers]
    if categories:
        yield from table(["column", "missing", "categories"], categories)
    if report.features["rejected"]:
        yield from table(["not used", "because"], [[one["name"], one["reason"]] for one in report.features["rejected"]])


def _model(report: FitReport) -> Iterable[str]:
    model, fit = report.model or {}, report.fit or {}
    names = list(model["parameters"][0]["mean"])
    yield "## Model\n"
    yield from _kind(model, report.selection or {})
    rows = [
        [one["label"], one["component"], number(one["weight"]), *(number(one["mean"][name]) for name in names)]
        for one in model["parameters"]
    ]
    yield from table(["label", "component", "weight", *(f"mean of {name}" for name in names)], rows)
    yield from _covariances(model, names)
    state = "converged" if fit["converged"] else "stopped before it converged"
    if fit["stop"] == "held-out labels":
        state = "stopped, as held-out labels prefer,"
    yield f"EM {state} after {plural(fit['n_iterations'], 'iteration')}: log-likelihood {fit['log_likelihood']:,.4f}"
    yield f"(BIC {fit['bic']:,.2f}, AIC {fit['aic']:,.2f}, ICL {fit['icl']:,.2f}).\n"
    shown = [f"{value:,.4f}" for value in fit["path"][:MAX_STEPS]]
    yield f"Log-likelihood from step to step: {'; '.join(shown)}{' …' if len(fit['path']) > MAX_STEPS else ''}"
    yield "(with a prior it may fall by a little; what EM never lowers is its sum with the log prior).\n"


def _kind(model: Section, selection: Section) -> Iterable[str]:
    size = f"A mixture of {len(model['parameters'])} Gaussians, covariance `{model['covariance']}`,"
    if "share_of_stack" not in model:
        yield size
        yield f"{plural(model['n_parameters'], 'free parameter')}, prior strength {number(model['prior_strength'])}.\n"
        return
    weighed = len(selection["members"])
    if weighed > 1:
        yield f"The cells are filled from {weighed} mixtures, each by its weight. Of those in the data's own units this"
        yield f"one leads, with {percent(model['share_of_stack'])} of the weight:\n"
    yield f"{size} {plural(model['n_parameters'], 'free parameter')}; what it says of a row is tempered by"
    yield f"{number(model['temperature'])}.\n"


def _covariances(model: Section, names: Sequence[str]) -> Iterable[str]:
    shared = FAMILIES[model["covariance"]].shared
    for one in model["parameters"][: 1 if shared else None]:
        of = "of every component" if shared else f"of {cell(one['label'])}, component {one['component']}"
        yield f"Covariance {of}:\n"
        rows = [[name, *map(number, row)] for name, row in zip(names, one["covariance"], strict=True)]
        yield from table(["", *names], rows)


def _choice(report: FitReport) -> Iterable[str]:
    selection = report.selection or {}
    if not selection["members"]:
        return
    yield f"## Choice of the model: {selection['criterion']}\n"
    if "unlabelled_rows" in selection:
        yield from _stack(selection)
        return
    verdict = ["chosen" if one["weight"] else one.get("note", "") for one in selection["members"]]
    members = list(zip(selection["members"], verdict, strict=True))
    if "components" in selection["members"][0]:
        rows = [
            [one["components"], one["covariance"], number(one["bic"]), number(one["icl"]), end] for one, end in members
        ]
        yield from table(["groups", "covariance", "BIC (lower is better)", "ICL", ""], rows)
        return
    rows = [[one["covariance"], number(one.get("log_loss")), end] for one, end in members]
    if "majority" in selection["scores"]:
        rows.append(["class shares alone", number(selection["scores"]["majority"]), ""])
    yield from table(["covariance", "score (lower is better)", ""], rows)


def _stack(selection: Section) -> Iterable[str]:
    names = {
        "stack": "all mixtures by weight",
        "single": "leading mixture alone",
        "labels_only": "leading mixture, labelled rows only",
        "plain_em": "plain EM",
        "majority": "class shares alone",
    }
    yield f"{selection['considered']} mixtures were compared by what they said of labels that they were not shown.\n"
    rows = [[said, number(selection["scores"][key])] for key, said in names.items()]
    yield from table(["", "log-loss (lower is better)"], rows)
    yield f"The rows without a label {selection['unlabelled_rows']}.\n"
    if selection["trust"] < 1.0:
        yield "Held-out labels do not show the mixtures to be clearly better than the class shares, so the mixtures"
        yield f"together weigh {percent(selection['trust'])} and the class shares the rest.\n"
    members = [
        [
            percent(one["weight"]),
            one["view"],
            one["covariance"],
            one["components"],
            one["em_steps"],
            number(one["log_loss"]),
        ]
        for one in selection["members"][:MAX_MEMBERS]
    ]
    yield from table(["weight", "predictors", "covariance", "Gaussians a label", "steps of EM", "log-loss"], members)
    if len(selection["members"]) > MAX_MEMBERS:
        yield f"… and {len(selection['members']) - MAX_MEMBERS} lighter ones.\n"


def _groups(report: FitReport) -> Iterable[str]:
    if report.groups is None:
        return
    yield f"## Groups: {cell(report.groups['column'])}\n"
    yield "Each cell is filled by what its group's own fit and the fit of all rows say, weighed by labels held out.\n"
    rows = [
        [one["group"], one["rows"], one["known"], one["missing"], percent(one["own_weight"])]
        for one in report.groups["groups"]
    ]
    yield from table(["group", "rows", "known", "missing", "weight of its own fit"], rows)


def _accuracy(report: FitReport) -> Iterable[str]:
    if report.accuracy is None:
        return
    found = report.accuracy
    low, high = found["interval"]
    yield "## How well known labels are recovered\n"
    yield f"{found['method']}, {plural(found['rows'], 'row')}.\n"
    rows = [
        [
            "accuracy",
            f"{percent(found['accuracy'])} (95 %: {percent(low)} to {percent(high)})",
            percent(found["baseline_accuracy"]),
        ],
        ["log-loss", number(found["log_loss"]), number(found["baseline_log_loss"])],
        ["Brier score", number(found["brier"]), ""],
        ["calibration error", number(found["ece"]), ""],
    ]
    yield from table(["", "this model", "class shares alone"], rows)
    labels = list(found["confusion"])
    yield from table(
        ["true label", *(f"predicted {name}" for name in labels)],
        [[name, *row.values()] for name, row in found["confusion"].items()],
    )
    bins = [[one["rows"], percent(one["probability"]), percent(one["accuracy"])] for one in found["reliability"]]
    yield from table(["rows", "mean probability stated", "share that was right"], bins)
    yield from wrong_markdown(found["expected_wrong"], report.missing["filled"])


def _warnings_and_log(report: FitReport) -> Iterable[str]:
    if report.warnings:
        yield "## Warnings\n"
        yield from (f"- {one['code']}: {cell(one['message'])}" for one in report.warnings)
        yield ""
    yield "## Decisions\n"
    yield from (f"- {cell(one['action'])}: {cell(one['detail'])}" for one in report.log)
    yield ""


def _reproduction(report: FitReport) -> Iterable[str]:
    yield "## Reproduction\n"
    yield from table(
        ["what", "value"],
        [
            ["command", report.command],
            ["version", f"{report.tool['name']} {report.tool['version']}"],
            ["seed", report.seed],
            ["created", report.created or ""],
            ["input sha256", report.input["sha256"]],
            ["output sha256", report.output["sha256"] if report.output else ""],
        ],
    )
