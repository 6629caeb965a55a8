"""What each predictor is worth: labels held out are predicted again without it.

Nothing is fitted again.  A mixture leaves a predictor out exactly, by marginalising it, as it does where a cell is
missing; a fit to the other predictors alone could make more of them, so what is found is what the model loses.
"""

from collections.abc import Sequence

import numpy as np

from em_impute.diagnostics.values import Importance
from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.cross_validation import LEAST_CHANCE
from em_impute.ensemble.ensemble import Ensemble, predict
from em_impute.ensemble.fit import EnsembleFit
from em_impute.model.column import FittedColumn
from em_impute.table.text import listed

Columns = tuple[list[int], list[int]]
"""What is made of a column of the table: columns of the numbers, and of the categories."""

MAX_PREDICTIONS = 4000
"""Predictions of labels held out, for all columns together: of few columns some percent of a run."""


def examine_importance(found: FittedColumn) -> tuple[Importance, ...] | None:
    """Measure what each column is worth, the one that is worth most first.

    None where no label was held out from an ensemble, or where its fits to the folds were too large to keep.
    """
    ensemble, columns = found.ensemble, _columns_of(found)
    if ensemble is None or not ensemble.comparison.fits:
        return None
    comparison = ensemble.comparison
    n_rows = min(max(1, MAX_PREDICTIONS // len(columns)), comparison.fold.size)
    rows = np.linspace(0, comparison.fold.size - 1, n_rows).astype(np.intp)
    share = comparison.weight[rows] / comparison.weight[rows].sum()
    surprise = _surprise(ensemble, rows, list(columns.values()))
    gain = surprise[1:] - surprise[0]  # (n_columns, n_rows)
    mean = gain @ share
    error = np.linalg.norm(share * (gain - mean[:, None]), axis=1)
    order = np.argsort(-mean, kind="stable")
    return tuple(Importance(list(columns)[i], float(mean[i]), float(error[i])) for i in order)


def _columns_of(found: FittedColumn) -> dict[str, Columns]:
    """Say what is made of each column of the table; texts that are scored together are left out together."""
    design, texts = found.design, found.texts
    source = {name: one.column for one in found.readings for name in one.names}
    if texts is not None:
        source |= dict.fromkeys(texts.names, listed([*texts.n_missing] or [*texts.columns]))
    columns: dict[str, Columns] = {}
    for j, feature in enumerate(design.features):
        name = feature.name if feature.category is None else feature.category
        columns.setdefault(source.get(name, name), ([], []))[0].append(j)
    for k, category in enumerate(design.categories):
        columns.setdefault(category.name, ([], []))[1].append(k)
    return columns


def _surprise(ensemble: EnsembleFit, rows: Integers, columns: Sequence[Columns]) -> Floats:
    """Give −log probability of `rows` of the comparison, (1 + n_columns, n_rows): with all columns, without each."""
    comparison = ensemble.comparison
    surprise = np.empty((1 + len(columns), rows.size))
    for fold, submodels in enumerate(comparison.fits):
        mine = np.flatnonzero(comparison.fold[rows] == fold)
        if not mine.size:
            continue
        at = rows[mine]
        copies = comparison.held.predictors.take(np.tile(at, len(surprise)))
        for i, (x, codes) in enumerate(columns, 1):
            copy = slice(i * at.size, (i + 1) * at.size)
            copies.x[copy, x], copies.codes[copy, codes] = np.nan, -1
        shares = comparison.shares[at[0]]
        forest = ensemble.forest_of_folds[fold] if ensemble.forest_of_folds else None
        without = Ensemble(ensemble.n_labels, submodels, ensemble.model_weight, shares, ensemble.sharpness, forest)
        probability = predict(without, copies).reshape(len(surprise), at.size, -1)
        chance = probability[:, np.arange(at.size), comparison.held.label[at]]
        surprise[:, mine] = -np.log(np.maximum(chance, LEAST_CHANCE))
    return surprise
