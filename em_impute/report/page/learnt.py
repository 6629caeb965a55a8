"""Sections about the model: what it is made of, what EM learnt, how it got there."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from em_impute.em.families import FAMILIES
from em_impute.report.page.blocks import Block, Details, Figures, Section, Table, name, names, said
from em_impute.report.page.rows import MAX_SHOWN, common, folded
from em_impute.report.pictures.figures import Pictures
from em_impute.report.words import number, percent
from em_impute.table.text import plural

__all__ = ["how_em_went", "the_model"]

Report = Mapping[str, Any]

MAX_MEMBERS = 12

MAX_FEATURES = 12
"""Columns of a table of means, and rows of one of covariances."""

MAX_STEPS = 100

ROUNDING = 1e-9
"""A correlation closer to 0 is 0."""

SCORES = {
    "stack": "all mixtures by weight (this fills the cells)",
    "single": "leading mixture alone",
    "labels_only": "leading mixture, labelled rows only",
    "plain_em": "plain EM: one Gaussian a label",
    "majority": "always the labels’ shares",
}

UNLABELLED = {
    "helped": "The rows without a label helped to tell the labels apart, judged by held-out labels.",
    "hurt": "The rows without a label would have misled the model, judged by held-out labels: it leaves them out.",
    "made no difference": "The rows without a label made no difference, judged by held-out labels.",
}


def the_model(report: Report, pictures: Pictures, prefix: str) -> Section | None:
    """Say in words what the cells are filled by, and show its parameters and why it was chosen."""
    model, selection = report["model"], report["selection"] or {}
    if model is None:
        return None
    blocks: list[Block] = [_in_words(report), *_kind(model, selection)]
    plain = report.get("plain_em")
    if plain:
        caption = "What EM learnt, in its plainest form: one Gaussian a label"
        blocks += _parameters(caption, [{**one, "component": 1} for one in plain["parameters"]], report)
    if pictures.by_label:
        reading = "The less two labels overlap in a picture, the more that column tells about the label by itself."
        blocks.append(Figures(pictures.by_label, reading))
    blocks += _why(selection)
    inner = _parameters("Leading mixture", model["parameters"], report)
    inner += _covariances(model)
    blocks.append(Details("The leading mixture in numbers", inner))
    if report["groups"] is not None:
        blocks += _groups(report["groups"])
    return Section(f"{prefix}-model", "The model", blocks)


def how_em_went(report: Report, pictures: Pictures, prefix: str) -> Section | None:
    """Show EM's path, how far it moved the labels, and whether they look like Gaussians."""
    fit, plain = report["fit"], report.get("plain_em")
    if fit is None:
        return None
    blocks: list[Block] = []
    if plain:
        state = "converged" if plain["converged"] else "stopped before it converged"
        steps = plural(max(0, len(plain["path"]) - 1), "step")
        blocks.append(
            said(
                "EM (expectation-maximisation) guesses the missing labels, learns each label’s bell curve anew from "
                "all rows, and repeats until hardly anything changes. With one bell curve a label it {} after {}, at "
                "a log-likelihood of {} (how probable the curves make the data; higher is better).",
                state,
                steps,
                _number_of(plain["log_likelihood"]),
            )
        )
    if pictures.path:
        blocks.append(Figures([pictures.path]))
    if plain and plain["drift"]:
        rows = [[name(label), number(value)] for label, value in plain["drift"].items()]
        head = ["label", "moved by, in its standard deviations"]
        caption = "How far rows without a label moved each label’s mean"
        blocks += folded(caption, head, rows, common(report, list(plain["drift"])))
    if plain and plain["shape"]:
        blocks.append(Details("Do the known rows look like Gaussians?", _shapes(plain["shape"])))
    blocks.append(Details("The leading mixture’s fit", _fit(fit)))
    return Section(f"{prefix}-em", "EM, step by step", blocks)


def _number_of(value: float | None) -> str:
    """Write a log-likelihood, whose decimals matter."""
    return number(None) if value is None else f"{value:,.4f}" if abs(value) < 1e12 else f"{value:.6g}"  # noqa: PLR2004


def _in_words(report: Report) -> Markup:
    used = names([one["name"] for one in report["features"]["used"]], 4)
    return said(
        "Rows with the same label are taken to form heaps in the values of {}, each with the shape of a Gaussian (a "
        "bell curve). A cell’s label is as probable as its heap is dense there, times how common the label is.",
        used,
    )


def _kind(model: Report, selection: Report) -> list[Block]:
    size = f"{plural(len(model['parameters']), 'Gaussian')} with {plural(model['n_parameters'], 'free parameter')}"
    shape = (
        f"covariance {model['covariance']} ({FAMILIES[model['covariance']].description})"
        if model["covariance"] in FAMILIES
        else model["covariance"]
    )
    if "share_of_stack" not in model:
        return [said("The model has {}: {}.", size, shape)]
    n_members = len(selection["members"])
    text = said("The leading mixture has {}: {}.", size, shape)
    if n_members > 1:
        text = said(
            "The cells are filled by {} such models together (mixtures of Gaussians), each by its weight. The leading "
            "one, with {} of the weight, has {}: {}.",
            f"{n_members:,}",
            percent(model["share_of_stack"]),
            size,
            shape,
        )
    told = UNLABELLED.get(selection.get("unlabelled_rows", ""))
    blocks: list[Block] = [text]
    if told:
        blocks.append(said("{}", told))
    if selection.get("trust", 1.0) < 1.0:
        blocks.append(
            said(
                "Held-out labels do not show the mixtures to be clearly better than the labels’ shares, so together "
                "they weigh {} and the shares the rest.",
                percent(selection["trust"]),
            )
        )
    return blocks


def _parameters(caption: str, parameters: Sequence[Report], report: Report) -> list[Block]:
    """Tabulate the mean of each column for each component, with its standard error where that is known."""
    if not parameters:
        return []
    features = list(parameters[0]["mean"])
    several = any(one["component"] > 1 for one in parameters)
    rows = [
        [
            said("{}{}", name(one["label"]), f", {one['component']}" if several else ""),
            percent(one["weight"]),
            *(_mean(one, key) for key in features[:MAX_FEATURES]),
        ]
        for one in parameters
    ]
    error = " ± its standard error" if any(one.get("standard_error") for one in parameters) else ""
    more = f"; the first {MAX_FEATURES} of {len(features)} columns" if len(features) > MAX_FEATURES else ""
    head = ["label", "share", *(name(key) for key in features[:MAX_FEATURES])]
    shown = common(report, [one["label"] for one in parameters])[:MAX_SHOWN]
    return folded(f"{caption}: mean{error} (SD, the standard deviation){more}", head, rows, [] if several else shown)


def _mean(one: Report, feature: str) -> str:
    error = one.get("standard_error")
    within = f" ± {error['mean'][feature]:.2g}" if error and error["mean"][feature] is not None else ""
    return f"{number(one['mean'][feature])}{within} ({number(one['sd'][feature])})"


def _covariances(model: Report) -> list[Block]:
    features = list(model["parameters"][0]["mean"])[:MAX_FEATURES]
    shared = model["covariance"] in FAMILIES and FAMILIES[model["covariance"]].shared
    tables: list[Block] = []
    for one in model["parameters"][: 1 if shared else 8]:
        of = "of every component" if shared else f"of {one['label']}, component {one['component']}"
        rows = [
            [name(key), *(number(value) for value in row[: len(features)])]
            for key, row in zip(features, _without_rounding(one["covariance"]), strict=False)
        ]
        tables.append(Table(f"Covariance {of}", ["", *map(name, features)], rows))
    return tables


def _without_rounding(covariance: Sequence[Sequence[float | None]]) -> list[list[float | None]]:
    """Write 0 for covariances that are no more than rounding beside their variances."""
    variance = [abs(row[i] or 0.0) for i, row in enumerate(covariance)]
    return [
        [
            0.0
            if value is not None and abs(value) < ROUNDING * math.sqrt(variance[i]) * math.sqrt(variance[j])
            else value
            for j, value in enumerate(row)
        ]
        for i, row in enumerate(covariance)
    ]


def _why(selection: Report) -> list[Block]:
    members = selection.get("members") or []
    if not members:
        return []
    if "unlabelled_rows" in selection:
        rows = [[told, number(selection["scores"][key])] for key, told in SCORES.items() if key in selection["scores"]]
        table = Table("Which model fills best? Log-loss on held-out labels", ["filled by", "log-loss"], rows)
        told = said(
            "Log-loss is the penalty for every bit of probability that the right label did not get: lower is better, "
            "and 0 would be perfect."
        )
        head = ["weight", "predictors", "covariance", "Gaussians a label", "steps of EM", "log-loss"]
        keys = ("view", "covariance", "components", "em_steps")
        listed = [
            [percent(one["weight"]), *(one[key] for key in keys), number(one["log_loss"])]
            for one in members[:MAX_MEMBERS]
        ]
        inner: list[Block] = [Table(f"The heaviest of {len(members):,} mixtures", head, listed)]
        return [table, told, Details(f"{selection['considered']:,} mixtures were compared", inner)]
    verdict = ["chosen" if one["weight"] else one.get("note", "") for one in members]
    if "components" in members[0]:
        rows = [
            [one["covariance"], one["components"], number(one["bic"]), number(one["icl"]), end]
            for one, end in zip(members, verdict, strict=True)
        ]
        head = ["covariance", "groups", "BIC", "ICL", ""]
    else:
        rows = [
            [one["covariance"], number(one.get("log_loss")), end] for one, end in zip(members, verdict, strict=True)
        ]
        head = ["covariance", "score", ""]
    return folded(f"Chosen by {selection['criterion']} (lower is better)", head, rows)


def _groups(groups: Report) -> list[Block]:
    rows = [
        [
            name(str(one["group"])),
            f"{one['rows']:,}",
            f"{one['known']:,}",
            f"{one['missing']:,}",
            percent(one["own_weight"]),
        ]
        for one in groups["groups"]
    ]
    text = said(
        "Each cell is filled by what its own group’s fit and the fit of all rows say, by {}, weighed by held-out "
        "labels.",
        name(groups["column"]),
    )
    return [text, *folded("Groups", ["group", "rows", "known", "missing", "weight of its own fit"], rows)]


def _shapes(shape: Report) -> list[Block]:
    rows = [
        [said("{}: {}", name(label), name(key)), *(number((one or {}).get(part)) for part in ("skew", "kurtosis"))]
        for label, by_feature in shape.items()
        for key, one in by_feature.items()
    ]
    text = said(
        "Both are 0 for a Gaussian. A skew beyond 1, or a kurtosis far from 0, says that the bell curve fits badly."
    )
    return [text, *folded("Shape of the known rows", ["label: column", "skew", "excess kurtosis"], rows)]


def _fit(fit: Report) -> list[Block]:
    steps = plural(fit["n_iterations"], "step")
    went = f"EM {'converged' if fit['converged'] else 'stopped before it converged'} after {steps}"
    if fit["stop"] == "held-out labels":
        went = f"EM was stopped after {steps}, as held-out labels prefer"
        if not fit["n_iterations"]:
            went = "EM was not run: held-out labels prefer what the labelled rows alone say"
    criteria = ", ".join(f"{key.upper()} {_number_of(fit[key])}" for key in ("bic", "aic", "icl") if key in fit)
    text = said(
        "{}. Log-likelihood {} ({}; the latter count parameters as a cost, and lower is better).",
        went,
        _number_of(fit["log_likelihood"]),
        criteria,
    )
    if len(fit["path"]) <= 1:
        return [text]
    path = "; ".join(_number_of(value) for value in fit["path"][:MAX_STEPS])
    more = " …" if len(fit["path"]) > MAX_STEPS else ""
    return [text, said("Log-likelihood from step to step: {}{}.", path, more)]
