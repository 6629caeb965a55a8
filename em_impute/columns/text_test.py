"""Whether texts may tell of labels at all, before a regression on them is fitted.

The global test of Goeman et al. (2004, Bioinformatics 20), which is the score test of a ridge regression: the squared
gradient of the likelihood where nothing tells, beside those for labels that are shuffled.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from em_impute.columns.text_features import MIN_ROWS, NamedTexts, fold, is_seldom_repeated, ngrams
from em_impute.em.blocks import Floats, Integers, draw_rows
from em_impute.table.columns import Codes

FEW_ROWS, MANY_ROWS = 200, 2_000
"""Labelled rows between which the test decides: by fewer it finds too little, and by more the regression finds more."""

N_SHUFFLES = 19
"""Texts may tell if the gradient is larger than for every set of shuffled labels: noise passes once in 20 times."""


PLAINLY, FEW_CODES, LONGEST_BEGINNING = 6.0, 50, 4
"""Standard deviations above the mean of shuffled labels at which codes tell for certain, labelled rows below which none
do, and characters."""


def may_tell(columns: Sequence[NamedTexts], label: Codes, weight: Floats, n_labels: int, seed: int) -> bool:
    """Tell whether some column may say something of `label` (n_rows,), −1 where it is missing."""
    rows = np.flatnonzero((label >= 0) & (weight > 0.0))
    if not FEW_ROWS <= rows.size <= MANY_ROWS:
        return True
    squared = _gradients_and_shuffled(columns, rows, label, weight, n_labels, seed)
    size = squared - squared.mean(axis=1, keepdims=True)
    size /= np.maximum(size.std(axis=1, keepdims=True), np.finfo(float).tiny)
    largest = size.max(axis=0)  # over columns
    return bool(largest[0] > largest[1:].max())


def beginnings_tell(column: NamedTexts, label: Codes, weight: Floats, n_labels: int, seed: int) -> bool:
    """Tell whether what codes begin with, such as a site or a kind, plainly says something of `label`."""
    rows = draw_rows((label >= 0) & (weight > 0.0), MANY_ROWS, np.random.default_rng(seed))
    if rows.size < FEW_CODES:
        return False
    beginnings = [*_beginnings(column, rows)]
    squared = _gradients_and_shuffled(beginnings, np.arange(rows.size), label[rows], weight[rows], n_labels, seed)
    own, shuffled = squared[:, 0], squared[:, 1:]
    return bool((own > shuffled.mean(axis=1) + PLAINLY * shuffled.std(axis=1)).any())


def _beginnings(column: NamedTexts, rows: Integers) -> Iterator[NamedTexts]:
    """Cut the codes of some rows behind one to four characters."""
    used, place = np.unique(column.code[rows], return_inverse=True)  # of millions of codes few are looked at
    for length in range(1, LONGEST_BEGINNING + 1):
        number: dict[str, int] = {}
        code = [-1 if k < 0 else number.setdefault(column.texts[k][:length], len(number)) for k in used.tolist()]
        yield NamedTexts(column.name, np.array(code)[place], [*number])


def _gradients_and_shuffled(
    columns: Sequence[NamedTexts], rows: Integers, label: Codes, weight: Floats, n_labels: int, seed: int
) -> Floats:
    """Square the gradients of whole texts and of n-grams: of labels as they are, and shuffled, (n, 1 + N_SHUFFLES)."""
    known, rng = weight[rows], np.random.default_rng(seed)
    is_label = label[rows, None] == np.arange(n_labels)
    residual = known[:, None] * (is_label - known @ is_label / known.sum())
    shuffled = [residual, *(rng.permutation(residual) for _ in range(N_SHUFFLES))]
    squared = [
        one.reshape(len(shuffled), n_labels).sum(axis=1)
        for column in columns
        for one in _squared_gradients(column, rows, np.hstack(shuffled))
    ]
    return np.array(squared)


def _squared_gradients(column: NamedTexts, rows: Integers, residual: Floats) -> Iterator[Floats]:
    """Yield the squared gradient of whole texts, and of n-grams where texts seldom repeat, (n_residuals,) each."""
    used, place, count = np.unique(column.code[rows], return_inverse=True, return_counts=True)
    of_text = _sums(residual, place)
    yield (of_text**2).sum(axis=0)
    if is_seldom_repeated(count[used >= 0]):
        text, bucket = ngrams(fold([column.texts[k] for k in used[used >= 0]]))
        _, ngram, frequency = np.unique(bucket, return_inverse=True, return_counts=True)
        often, length = frequency[ngram] >= MIN_ROWS, np.bincount(text)
        shown, found = text[often].astype(np.intp), of_text[int(used[0] < 0) :]  # without missing cells
        yield (_sums(found[shown] / length[shown, None], ngram[often]) ** 2).sum(axis=0)


def _sums(values: Floats, group: Integers) -> Floats:
    """Add up the rows of each group: (n_groups, ...) of those that have any."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    start = np.flatnonzero(np.diff(ordered, prepend=-1))
    sums: Floats = np.add.reduceat(values[order], start) if start.size else values[:0]
    return sums
