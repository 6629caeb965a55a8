"""What all texts of a row say of its label, in few numbers: a cross-fitted multinomial ridge logistic regression.

Its log-probabilities, centred, are predictors of the mixtures.  A labelled row's come from fits that have not seen its
label, an unlabelled row's from the mean of the coefficients of all of these, or from one that has not seen those of
rows that it belongs together with.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.text_features import MAX_ROWS, NamedTexts, Vocabulary, learn_vocabulary, text_features
from em_impute.em.blocks import Flags, Floats, Integers, draw_rows, slices
from em_impute.serialize.annotations import Axes, OwnAxes, Range
from em_impute.table.columns import Codes

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RIDGES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Strengths of the ridge that are tried: a squared coefficient costs half as many nats.

Strong ones are for few labels or texts that tell little, weak ones for texts that decide."""

PATIENCE = 2
"""Weaker ridges are no longer tried once so many have not improved on the best."""

CHOOSING_ROWS = 10_000
"""Labelled rows at most by which the ridge is chosen."""

INTERCEPT_RIDGE = 1e-3
"""Keeps the intercept of a label finite that a fit does not see."""

MAX_ITERATIONS, TOLERANCE = 400, 1e-5
"""A fit ends where an iteration gains less than this part of the loss."""

ARMIJO, SHORTEST, REMEMBERED = 1e-4, 1e-10, 10
"""The part of what the slope promises that a step must gain, the shortest step, and how many tell of the curvature."""

MIN_PROBABILITY = 1e-9
"""Below it a log-probability would be an outlier to a normal distribution."""


class TextModel(NamedTuple):
    """A fitted logistic regression on the texts of a row."""

    vocabularies: Annotated[tuple[Vocabulary, ...], OwnAxes, "The features of each column, in this order."]
    coefficients: Annotated[
        NDArray[np.float32], Axes("n_text_features", "n_labels"), "Of each feature, and the intercepts last."
    ]
    shares: Annotated[Floats, Axes("n_labels"), "The labels' shares."]
    ridge: Annotated[float, Range(0), "Strength of the ridge."]
    n_labelled: Annotated[float, Range(0), "Sum of the weights of the rows that each of its fits has seen."]

    def scores(self, columns: Sequence[NamedTexts]) -> Floats:
        """Score rows by the columns that the model was fitted on, in their order: (n_rows, n_labels, or 1 for two)."""
        n_rows, n_labels = columns[0].code.size, self.shares.size
        scores, of_texts = np.empty((n_rows, 1 if n_labels == 2 else n_labels)), self._of_texts(columns)  # noqa: PLR2004
        for some in slices(n_rows):
            log_odds = np.tile(self.coefficients[-1].astype(float), (some.stop - some.start, 1))
            for column, of_text in zip(columns, of_texts, strict=True):
                log_odds += of_text[column.code[some]]  # −1 takes the last row: a missing cell
            scores[some] = self.scores_of(log_odds)
        return scores

    def scores_of(self, log_odds: Floats) -> Floats:
        """Turn log-odds (n_rows, n_labels) into scores: (n_rows, n_labels, or 1 for two)."""
        return centred_logs(_probability(log_odds, self.shares, self.n_labelled))

    def _of_texts(self, columns: Sequence[NamedTexts]) -> list[Floats]:
        """Give what each text of a column adds to log-odds, and at the end a missing cell: (n_texts + 1, n_labels)."""
        start, found = 0, []
        for column, vocabulary in zip(columns, self.vocabularies, strict=True):
            mine = self.coefficients[start : (start := start + vocabulary.size)].astype(float)
            found.append(np.vstack([part @ mine for part in text_features(vocabulary, column.texts)]))
        return found


class TextFit(NamedTuple):
    """A model with what it says of the rows that it was fitted on."""

    model: TextModel
    scores: Floats  # (n_rows, n_labels, or 1 for two)
    gain: float  # by which log probabilities of labels held out are higher than by the shares, on average, in nats


class Examples(NamedTuple):
    """Labelled rows."""

    x: "csr_matrix"  # (n_rows, n_features + 1), ones last
    label: Integers  # (n_rows,)
    weight: Floats  # (n_rows,)
    fold: Codes  # (n_rows,), −1 where never left out
    n_labels: int

    def take(self, rows: Integers | Flags) -> "Examples":
        """Keep some rows."""
        return Examples(self.x[rows], self.label[rows], self.weight[rows], self.fold[rows], self.n_labels)


def fit_text_model(
    columns: Sequence[NamedTexts],
    shown: Sequence[NamedTexts],
    label: Codes,
    weight: Floats,
    fold: Codes,
    n_labels: int,
    seed: int,
) -> TextFit:
    """Fit the regression to the labelled rows, each fold of them left out once.

    Rows are scored by what is `shown` of the columns, which may be less than they were fitted by.

    `label`, `weight` and `fold` are (n_rows,).  A label is −1 where unknown; a row whose fold is −1 is never left out,
    and scored by all fits.  One without a label that has a fold is scored as labelled rows of this are.
    """
    rng = np.random.default_rng(seed)
    labelled = (label >= 0) & (weight > 0.0)
    vocabularies = tuple(learn_vocabulary(column, labelled, seed) for column in columns)
    rows = draw_rows(labelled, MAX_ROWS, rng)
    x = design_matrix(columns, vocabularies, rows)
    examples = Examples(x, label[rows].astype(np.intp), weight[rows], fold[rows].astype(np.intp), n_labels)
    ridge, fits = choose_ridge(examples.take(draw_rows(rows >= 0, CHOOSING_ROWS, rng)))
    if rows.size > CHOOSING_ROWS:
        fits = _fit_folds(examples, ridge, [None] * len(fits))
    fits = [_with_typical_cells(one, examples, vocabularies) for one in fits]
    coefficients = np.mean(fits, axis=0).astype(np.float32)
    aligned = _aligned(fits, examples)
    seen = float(examples.weight.sum()) * (1.0 - 1.0 / len(fits))  # as many as by each fit, so that scores are alike
    model = TextModel(vocabularies, coefficients, _shares(examples), ridge, seen)
    scores = model.scores(shown)
    for number, one in enumerate(aligned):
        if (mine := np.flatnonzero((fold == number) & (label < 0))).size:
            some = [column._replace(code=column.code[mine]) for column in shown]
            scores[mine] = model._replace(coefficients=one.astype(np.float32)).scores(some)
    if shown is not columns:
        examples = examples._replace(x=design_matrix(shown, vocabularies, rows))
    known = examples.fold >= 0
    probability, shares = (one[known] for one in _held_out(examples, fits))
    for number, one in enumerate(aligned):
        out = examples.fold == number
        scores[rows[out]] = model.scores_of(examples.x[out] @ one)
    gain = _log_loss(shares, examples.label[known], examples.weight[known])
    return TextFit(model, scores, gain - _log_loss(probability, examples.label[known], examples.weight[known]))


def _with_typical_cells(coefficients: Floats, examples: Examples, vocabularies: Sequence[Vocabulary]) -> Floats:
    """Let a missing cell of a column that had none say what its cells say on average, (n_features + 1, n_labels)."""
    found, start = coefficients.copy(), 0
    share = examples.weight / examples.weight.sum()
    for vocabulary in vocabularies:
        stop = start + vocabulary.size
        if not vocabulary.has_gaps:
            found[stop - 1] = (share @ examples.x[:, start:stop]) @ coefficients[start:stop]
        start = stop
    return found


def _aligned(fits: Sequence[Floats], examples: Examples) -> list[Floats]:
    """Shift the intercepts of fits, so that all say the same of the labelled rows on average.

    How often a label is among those that a fit has seen says which it has not: the scores of a fold would tell of its
    labels what no row to fill tells, above all of labels that are known in few rows.
    """
    typical = examples.weight @ examples.x / examples.weight.sum()  # (n_features + 1,)
    said = np.array([typical @ one for one in fits])  # (n_fits, n_labels)
    shift = said.mean(axis=0) - said
    return [np.vstack([one[:-1], one[-1] + by]) for one, by in zip(fits, shift, strict=True)]


def centred_logs(probability: Floats) -> Floats:
    """Take logarithms that add up to 0 in a row: (n_rows, n_labels), or (n_rows, 1) for two labels."""
    logs = np.log(np.maximum(probability, MIN_PROBABILITY))
    logs -= logs.mean(axis=1, keepdims=True)
    return logs[:, :1] if logs.shape[1] == 2 else logs  # noqa: PLR2004  the second is the first with a minus


def design_matrix(columns: Sequence[NamedTexts], vocabularies: Sequence[Vocabulary], rows: Integers) -> "csr_matrix":
    """Give the features of rows, a constant 1 last: (n_rows, n_features + 1)."""
    from scipy.sparse import csr_matrix, hstack, vstack

    parts = []
    for column, vocabulary in zip(columns, vocabularies, strict=True):
        used, place = np.unique(column.code[rows], return_inverse=True)
        *features, missing = text_features(vocabulary, [column.texts[k] for k in used[used >= 0]])
        of_text = vstack([missing, *features] if used[0] < 0 else features, format="csr")
        parts.append(of_text[place])
    x: csr_matrix = hstack([*parts, csr_matrix(np.ones((rows.size, 1)))], format="csr")
    return x


def choose_ridge(examples: Examples) -> tuple[float, list[Floats]]:
    """Try ridges from strong to weak: the best by cross-validation, and the coefficients without each fold."""
    known = examples.fold >= 0
    label, weight = examples.label[known], examples.weight[known]
    fits: Sequence[Floats | None] = [None] * (max(0, int(examples.fold.max())) + 1)
    best, chosen, kept = np.inf, 0, list[Floats]()
    for number, ridge in enumerate(RIDGES):
        fits = found = _fit_folds(examples, ridge, fits)
        loss = _log_loss(_held_out(examples, found)[0][known], label, weight)
        if loss < best:
            best, chosen, kept = loss, number, found
        elif number - chosen == PATIENCE:
            break
    return RIDGES[chosen], kept


def fit_ridge(examples: Examples, ridge: float, start: Floats | None = None) -> Floats:
    """Maximise the likelihood less ridge/2 for each squared coefficient: (n_features + 1, n_labels), intercepts last.

    In units in which the curvature is about 1 for each coefficient, L-BFGS takes a third of the iterations.
    """
    n_labels = examples.n_labels
    penalty = np.full(examples.x.shape[1], ridge)
    penalty[-1] = INTERCEPT_RIDGE
    curvature = examples.x.power(2).T @ examples.weight * (n_labels - 1) / n_labels**2
    scale = 1.0 / np.sqrt(penalty + curvature)[:, None]
    if start is None:
        start = np.zeros((penalty.size, n_labels))
        start[-1] = np.log(_shares(examples))

    def objective(scaled: Floats) -> tuple[float, Floats]:
        loss, gradient = loss_and_gradient(scale * scaled.reshape(start.shape), examples, penalty)
        return loss, (scale * gradient).ravel()

    coefficients: Floats = scale * _minimise(objective, (start / scale).ravel()).reshape(start.shape)
    return coefficients


def _minimise(objective: Callable[[Floats], tuple[float, Floats]], x: Floats) -> Floats:
    """Minimise a convex function, given with its gradient, by L-BFGS (Nocedal & Wright 2006, algorithm 7.5).

    Not scipy.optimize: to import it takes longer than all fits to a small table.
    """
    loss, gradient = objective(x)
    remembered: deque[tuple[Floats, Floats, float]] = deque(maxlen=REMEMBERED)
    for _ in range(MAX_ITERATIONS):
        direction, along = -gradient, []
        for step, change, curvature in reversed(remembered):
            along.append(float(step @ direction) / curvature)
            direction = direction - along[-1] * change
        if remembered:
            direction *= remembered[-1][2] / (remembered[-1][1] @ remembered[-1][1])
        for step, change, curvature in remembered:
            direction += (along.pop() - float(change @ direction) / curvature) * step
        length, slope = 1.0, float(gradient @ direction)
        while (there := objective(x + length * direction))[0] > loss + ARMIJO * length * slope and length > SHORTEST:
            length /= 2.0
        step, change, gain = length * direction, there[1] - gradient, loss - there[0]
        x, (loss, gradient) = x + step, there
        if gain <= TOLERANCE * max(abs(loss), abs(loss + gain), 1.0):
            break
        if (curvature := float(step @ change)) > 0.0:
            remembered.append((step, change, curvature))
    return x


def loss_and_gradient(coefficients: Floats, examples: Examples, penalty: Floats) -> tuple[float, Floats]:
    """Compute −log-likelihood + penalty/2 · coefficients² and its gradient, (n_features + 1, n_labels)."""
    log_odds = examples.x @ coefficients
    log_odds -= log_odds.max(axis=1, keepdims=True)
    probability = np.exp(log_odds)
    total = probability.sum(axis=1)
    row = np.arange(total.size)
    penalised = penalty[:, None] * coefficients
    loss = examples.weight @ (np.log(total) - log_odds[row, examples.label]) + 0.5 * np.sum(penalised * coefficients)
    probability /= total[:, None]
    probability[row, examples.label] -= 1.0
    gradient: Floats = examples.x.T @ (examples.weight[:, None] * probability) + penalised
    return float(loss), gradient


def _fit_folds(examples: Examples, ridge: float, start: Sequence[Floats | None]) -> list[Floats]:
    """Fit without each fold in turn."""
    return [fit_ridge(examples.take(examples.fold != fold), ridge, first) for fold, first in enumerate(start)]


def _held_out(examples: Examples, fits: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Give probabilities and shares, (n_rows, n_labels) each, by fits that have not seen a row; 0 where all have."""
    probability = np.zeros((examples.label.size, examples.n_labels))
    shares = np.zeros_like(probability)
    for fold, coefficients in enumerate(fits):
        mine, others = examples.fold == fold, examples.take(examples.fold != fold)
        shares[mine] = _shares(others)
        probability[mine] = _probability(examples.x[mine] @ coefficients, shares[mine], float(others.weight.sum()))
    return probability, shares


def _shares(examples: Examples) -> Floats:
    """Estimate the labels' shares as if one more row had a part of each: (n_labels,)."""
    count = np.bincount(examples.label, examples.weight, examples.n_labels) + 1.0 / examples.n_labels
    shares: Floats = count / count.sum()
    return shares


def _probability(log_odds: Floats, shares: Floats, n_labelled: float) -> Floats:
    """Turn log-odds, (n_rows, n_labels), into probabilities.

    The labels' shares are mixed in as one more row would: none of n rows shows that a probability is below 1 in n.
    """
    probability: Floats = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    probability *= n_labelled / probability.sum(axis=1, keepdims=True)
    probability += shares
    probability /= n_labelled + 1.0
    return probability


def _log_loss(probability: Floats, label: Integers, weight: Floats) -> float:
    """Mean −log probability of the labels; 0 for no rows."""
    loss: Floats = -np.log(probability[np.arange(label.size), label])
    return float(weight @ loss / max(weight.sum(), MIN_PROBABILITY))
