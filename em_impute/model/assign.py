"""From probabilities to labels."""

from collections.abc import Sequence

import numpy as np

from em_impute.em.blocks import Floats, Integers, slices
from em_impute.errors import DesignError, UsageError, option
from em_impute.table.text import listed

TINY = 1e-300
"""Stands for 0 where a logarithm is taken."""

MAX_NAMED = 12
"""Labels that an error lists."""


def most_probable(probability: Floats, min_probability: float) -> tuple[Integers, Floats]:
    """Choose each row's most probable label, −1 where its probability is below `min_probability`.

    `probability` is (n_rows, n_labels).  Of labels that are equally probable the first is taken: the alphabetical
    order of the labels decides, not chance.
    """
    code = probability.argmax(axis=1)
    best = probability[np.arange(code.size), code]
    return np.where(best >= min_probability, code, -1), best


def draw_labels(probability: Floats, uniform: Floats) -> Integers:
    """Draw each row's label by its probabilities: (n_rows,) codes.

    `probability` is (n_rows, n_labels), `uniform` (n_rows,) holds numbers from 0 up to but not including 1: the label
    drawn is where the cumulated probabilities, in the order of the labels, rise above that number.  A label of
    probability 0 is never drawn.
    """
    cumulated = probability.cumsum(axis=1)
    code = np.count_nonzero(cumulated <= uniform[:, None] * cumulated[:, -1:], axis=1)
    # The product may be rounded up to the sum of all.
    last = probability.shape[1] - 1 - (probability[:, ::-1] > 0).argmax(axis=1)
    return np.asarray(np.minimum(code, last), np.intp)


def total_entropy(probability: Floats, weight: Integers | Floats) -> float:
    """Sum the entropies, in nats, of (n_rows, n_labels) probabilities, each as often as its weight (n_rows,) says."""
    return sum(
        -float(weight[some] @ (probability[some] * np.log(np.maximum(probability[some], TINY))).sum(axis=1))
        for some in slices(weight.size)
    )


def over_labels(probability: Floats, place: Sequence[int], n_labels: int) -> Floats:
    """Give labels of which nothing was learnt the probability 0: (…, n_known), at `place`, to (…, n_labels)."""
    if [*place] == [*range(n_labels)]:
        return probability
    spread = np.zeros((*probability.shape[:-1], n_labels))
    spread[..., place] = probability
    return spread


def shift_log_odds(probability: Floats, delta: Floats) -> Floats:
    """Shift the log-odds of labels: p·exp(δ) with rows normalised again, (…, n_labels).

    `probability` is (…, n_labels), `delta` (n_labels,).  A δ for one label, with 0 for the others, means that at
    equal predictors its odds against the rest are exp(δ) times as high in rows where the label is missing as in rows
    where it is known; so does every δ with any constant added to all.  A label of probability 0 keeps it.
    """
    if not np.ptp(delta):
        return probability
    with np.errstate(divide="ignore"):
        log_joint = np.log(probability) + delta
    log_joint -= log_joint.max(axis=-1, keepdims=True)  # no row may vanish, however large δ
    shifted: Floats = np.exp(log_joint)
    shifted /= shifted.sum(axis=-1, keepdims=True)
    return shifted


def deltas_of(labels: Sequence[str], pairs: Sequence[tuple[str, float]]) -> Floats:
    """Turn shifts of some labels, (label, δ), into those of all, (n_labels,): 0 where nothing was said.

    Raises DesignError for a label that the column does not hold, UsageError for one that is named twice.
    """
    delta = np.zeros(len(labels))
    named: set[str] = set()
    for label, value in pairs:
        if label in named:
            raise UsageError(
                f"the log-odds of {label!r} are shifted twice", f"name each label once with {option('deltas')}"
            )
        if label not in labels:
            known = listed([repr(one) for one in labels], MAX_NAMED)
            raise DesignError(
                f"{option('deltas')} names {label!r}, which is not a label of the column", f"its labels are {known}"
            )
        named.add(label)
        delta[labels.index(label)] = value
    return delta
