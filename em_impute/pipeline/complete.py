"""The whole story on one page: request -> table -> design -> fit -> fills -> patched bytes and report."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design, make_design
from em_impute.columns.labels import Labels, drop_zero_weights, read_labels, resolve_marks
from em_impute.columns.readings import made_names
from em_impute.columns.text_scores import TextScores, fit_text_scores
from em_impute.diagnostics.diagnose import Diagnostics, examine
from em_impute.em.em import Stopping
from em_impute.em.mixture import Recipe
from em_impute.ensemble.folds import count_labels
from em_impute.errors import FitError, UsageError, option
from em_impute.missingness.how_missing import judged_rows
from em_impute.missingness.reasons import LogOddsShifts, Reasons, weigh_reasons
from em_impute.model.assign import deltas_of, over_labels, seed_of_imputing, total_entropy
from em_impute.model.column import FittedColumn
from em_impute.model.fills import NO_ROWS, Fills, Imputing, fill_rows, no_fills
from em_impute.model.fit import FitProgress, Fitted, examples_of, fit_one, fit_with_ensemble
from em_impute.model.groups import fit_groups
from em_impute.model.predict import Groups, Model, Own, Prediction, expert_of
from em_impute.model.select import can_hold_out, ordering_feature
from em_impute.options import Request
from em_impute.pipeline.open import InputTable, Progress, name_of
from em_impute.table.text import shown


class ColumnResult(NamedTuple):
    """One column, completed."""

    column: int
    target: str  # the name of the column
    labels: Labels
    fills: Fills
    seconds: float = 0.0  # that it took to fit and to fill
    fitted: FittedColumn | None = None  # None when nothing was fitted
    diagnostics: Diagnostics | None = None  # what can be said of fills and labels; None when nothing was missing


def complete_all(
    opened: InputTable, request: Request, progress: Progress, *, release: bool = False
) -> list[ColumnResult]:
    """Complete every column that was asked for, each as it would be alone: the others are predictors with gaps.

    With `release` the predictors as they were read, which take much memory, are released when they are standardised.
    """
    for column in opened.targets:  # before the first fit, which may take long
        resolve_marks(opened.names[column], opened.table.targets[column], request)
    last = [*opened.targets][-1:] if release else []
    return [complete(opened, column, request, progress, release=column in last) for column in opened.targets]


def complete(
    opened: InputTable, column: int, request: Request, progress: Progress, *, release: bool = False
) -> ColumnResult:
    """Complete one column: design, choice of the model, fit, fills."""
    began, target = perf_counter(), opened.names[column]
    labels = read_labels(target, opened.table.targets[column], request)
    if not (labels.n_missing or request.keeps_model):
        return ColumnResult(column, target, labels, no_fills(len(labels.labels)))
    if any(labels.known):  # a label that there is not shall not be found out after the fit
        deltas_of(labels.labels, request.deltas)
    found = fit_column(opened, column, labels, request, progress, release=release)
    found = replace(found, delta=deltas_of(found.labels.labels, request.deltas))
    progress("filling", None, "")
    fills = _fill(found, request)
    diagnostics = None
    if request.examined and labels.n_missing:
        progress("examining", None, "")
        diagnostics = examine(found, fills, request)
    if found.design.weighed:
        weight = found.design.distinct.weight[found.unlabelled]
        fills = fills._replace(entropy=total_entropy(found.distinct_probability, weight))
    seconds = perf_counter() - began
    return ColumnResult(column, target, found.labels, fills, seconds, found.released(), diagnostics)


def fit_column(
    opened: InputTable, column: int, labels: Labels, request: Request, progress: Progress, *, release: bool = False
) -> FittedColumn:
    """Learn from the rows with a label, and those without, what the latter's labels may be.

    `labels` are those of the column, or what is left of them where some known ones are hidden on purpose.
    """
    target, apart = opened.names[column], opened.apart_from(column)
    known = labels_to_find(target, drop_zero_weights(labels, target, apart.weight), request)
    progress("preparing", None, "")
    named = request.names_one_mixture or not any(known.known)
    scored, design, texts = make_design_of(apart, known, request, named=named)
    if release:
        for one in (opened, apart, scored):
            one.table.numbers.clear()
            one.table.categories.clear()
    order_at = ordering_feature(design, name_of(scored, request.order_by))
    order_by = design.features[order_at].name if design.n_numbers else None  # the same one in every group of rows
    recipe = _recipe(known, request)

    def fit(one: Design, tell: FitProgress) -> Fitted:
        if named or not can_hold_out(one):
            order = 0 if any(known.known) else ordering_feature(one, order_by)
            return fit_one(one, request.covariance, recipe, order, tell)
        return fit_with_ensemble(one, recipe, tell, single=request.single, led=request.reported or request.keeps_model)

    fitted = fit(design, lambda stage, detail: progress(stage, None, detail))
    if not any(known.known):
        labels = _with_names(labels, fitted.choice.n_groups or 0, design.labels)
        design = replace(design, labels=labels.labels)
    reasons = _reasons(design, fitted, request)  # by the fit of all rows: small groups tell less of it
    fitted, groups, own = fit_groups(
        design, fitted, labels.label, fit, lambda share, name: progress("groups", share, name)
    )
    shifts = None if reasons is None or named else reasons.shifts()
    predictors = [*(one.name for one in design.features), *(() if texts is None else texts.columns)]
    used = tuple(kept for one in scored.readings if (kept := one.only(predictors)).names)
    delta = np.zeros(len(labels.labels))
    return FittedColumn(labels, design, fitted, groups, delta, own, reasons, shifts, readings=used, texts=texts)


def make_design_of(
    opened: InputTable, labels: Labels, request: Request, *, named: bool
) -> tuple[InputTable, Design, TextScores | None]:
    """Make the design, with what texts say of labels beside the numbers of the table unless one mixture is `named`."""
    keys, same, texts, known = opened.keys, None, None, opened.known
    if any(labels.known):
        same = opened.same_label(labels.label, keys)
    elif opened.same is not None:
        what = f"{option('same_within', opened.same[0])} cannot be used here: no label is known"
        raise FitError(what, "leave it out, or label some rows")
    if not named:
        label, weight, cluster = labels.label, opened.weight, None if same is None else same.code
        found = fit_text_scores(
            opened.table, opened.names, label, labels.labels, weight, request.seed, known=known, cluster=cluster
        )
        if found is not None:
            texts, table = found
            known = known._replace(in_scores=texts.columns, score_names=texts.names)
            opened = replace(opened, table=table, names=[*opened.names, *texts.names])
    design = make_design(
        labels,
        opened.columns,
        opened.categories,
        known=known,
        explicit=bool(request.features),
        with_categories=not named,
        weight=opened.weight,
        groups=opened.groups,
        keys=keys,
        same=same,
    )
    return opened, design, texts


def _reasons(design: Design, fitted: Fitted, request: Request) -> Reasons | None:
    """Weigh why labels are missing; None where that cannot be told, or the user said it."""
    held = fitted.choice.held_out
    if held is None or request.shares == "common" or request.deltas:
        return None
    judged = judged_rows(design, held)
    if judged is None:
        return None
    known = count_labels(examples_of(design), len(design.labels))
    n_missing = float(design.distinct.weight[design.distinct.label < 0].sum())
    return weigh_reasons(judged, known, n_missing, is_class=request.shares == "free")


def labels_to_find(target: str, labels: Labels, request: Request) -> Labels:
    """Give names to the groups when no label is known, none where BIC is to find them; refuse what cannot be learnt."""
    n_known = sum(count > 0 for count in labels.known)
    if n_known > 1:
        return labels
    if n_known == 1:
        only, counting = labels.labels[0], "" if request.weights is None else " that counts"
        every = f"every known cell{counting} of column {shown(target)}"
        raise FitError(
            f"{every} is {shown(only)}: there is no other label to distinguish it from",
            f"label some rows of another kind, or count tokens as missing with {option('null_values')}",
        )
    if request.components == "auto" and not request.labels:
        return labels
    n_groups = len(request.labels) or _number(request) or 0
    if not n_groups:
        raise FitError(
            f"no label is known in column {shown(target)}",
            f"name the groups to look for, as in {option('labels', 'A,B')}, or let {option('components', 'auto')} "
            "count them",
        )
    if _number(request) not in {None, 1, n_groups}:
        raise UsageError(
            f"{option('components', request.components)} does not fit the {n_groups} names of {option('labels')}",
            "without known labels each name is one component",
        )
    if n_groups > labels.n_missing:
        raise FitError(f"{n_groups:,} groups cannot be found in {labels.n_missing:,} rows", "ask for fewer groups")
    return _with_names(labels, n_groups, request.labels)


def _with_names(labels: Labels, n_groups: int, names: Sequence[str] = ()) -> Labels:
    chosen = tuple(names) or tuple(str(k + 1) for k in range(n_groups))
    return Labels(chosen, labels.label, (0,) * len(chosen), labels.tokens, labels.warnings)


def _number(request: Request) -> int | None:
    return None if request.components == "auto" else request.components


def _recipe(labels: Labels, request: Request) -> Recipe:
    """Say how one mixture is to be fitted, but for its family."""
    return Recipe(
        family="",
        per_label=(_number(request) or 1) if any(labels.known) else 1,
        prior_strength=1.0 if request.prior_strength is None else request.prior_strength,
        stopping=Stopping(request.tolerance, request.max_iter),
        seed=request.seed,
        free_shares=request.shares == "free",
        unlabelled_weight=1.0 if request.unlabelled_weight is None else request.unlabelled_weight,
    )


def _fill(found: FittedColumn, request: Request) -> Fills:
    """Choose a label for each row without one, by what the fit says of the distinct ones."""
    row = np.flatnonzero(found.labels.label < 0).astype(np.int32)
    distinct = found.distinct_probability
    said = Prediction(distinct, found.place_of(row), NO_ROWS, lambda: found.coded(found.unlabelled))
    imputing = None
    if request.method == "draw":
        n_draws = max(request.imputations, 1)
        draws = found.draw(n_draws, seed_of_imputing(request.seed))
        imputing = Imputing(draws, range(n_draws), request.seed, deciding=found.deciding_rows)
    return fill_rows([said], row, distinct.shape[1], request, imputing)


def model_of(found: FittedColumn, names: Sequence[str], request: Request) -> Model:
    """Give what fills a column, in a form that travels; `names` are those of all columns of the table."""
    labels, groups, texts = found.labels.labels, None, found.texts
    names = [*names, *made_names(found.readings), *(() if texts is None else texts.names)]
    if texts is not None:
        texts = replace(texts, column={name: names.index(name) for name in texts.columns})
    if found.design.groups is not None:
        own = {
            one.group: Own(one.weight, expert_of(one.design, one.fitted, labels, names, request)) for one in found.own
        }
        groups = Groups(found.design.groups.name, own, names.index(found.design.groups.name))
    pooled = expert_of(found.design, found.fitted, labels, names, request)
    shifts = found.shifts
    if shifts is not None:  # labels of which nothing was learnt are never likely
        of_all = over_labels(shifts.shift, pooled.known_labels, len(labels))
        shifts = None if shifts.is_none else LogOddsShifts(shifts.weight, of_all)
    return Model(labels, pooled, groups, found.delta, shifts, found.readings, texts)
