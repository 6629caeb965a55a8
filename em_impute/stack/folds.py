"""Which labels are held out, and the rows that members are compared on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.engine.blocks import Floats, Integers
from em_impute.stack.views import Predictors

__all__ = ["N_FOLDS", "Examples", "Held", "draw", "held_out"]

N_FOLDS = 5
REPEATS, REPEATS_BELOW = 3, 60
"""With fewer labelled rows than that the folds are drawn three times: one division would be a matter of luck."""

Held = NDArray[np.bool_]


class Examples(NamedTuple):
    """Rows, some of them labelled."""

    predictors: Predictors
    label: Integers  # (n_rows,), −1 where unknown
    weight: Floats  # (n_rows,), rows of the table that each stands for
    merged: bool = False  # weights count equal rows

    def take(self, rows: Integers) -> "Examples":
        """Keep some rows."""
        return self._replace(predictors=self.predictors.take(rows), label=self.label[rows], weight=self.weight[rows])


def held_out(label: Integers, seed: int) -> Held:
    """Deal the labelled rows into stratified folds, repeatedly if they are few: (n_fits, n_rows), the last holds none.

    A label's only row is never held out.
    """
    rng = np.random.default_rng(seed)
    n_labelled = int(np.count_nonzero(label >= 0))
    held = []
    for _ in range(REPEATS if n_labelled < REPEATS_BELOW else 1):
        fold = np.full(label.size, -1)
        dealt = 0
        for value in range(int(label.max()) + 1):
            members = rng.permutation(np.flatnonzero(label == value))
            if members.size > 1:
                fold[members] = (dealt + np.arange(members.size)) % N_FOLDS
                dealt += members.size
        held += [fold == number for number in range(N_FOLDS)]
    return np.array([*held, np.zeros(label.size, dtype=bool)])


def draw(examples: Examples, n_labelled: int, n_unlabelled: int, seed: int, *, apart: bool = False) -> Examples:
    """Draw so many rows of either kind at most, each as likely as it is heavy; all of them where there are no more.

    The weights keep the balance: drawn labelled rows weigh 1 each, as a row held out does, and unlabelled ones so much
    that both kinds weigh against each other as they do in the table.  `apart` parts labelled rows that were merged, so
    that equal ones can be held out one by one.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(examples.label >= 0)
    weight, scale = examples.weight[known], 1.0
    if apart and examples.merged and weight.sum() <= n_labelled:
        known = np.repeat(known, weight.astype(np.intp))
        weight = np.ones(known.size)
    elif (weight.sum() if apart and examples.merged else known.size) > n_labelled:
        scale = weight.sum() / n_labelled
        known = np.sort(rng.choice(known, n_labelled, p=weight / weight.sum()))
        weight = np.ones(n_labelled)
    latent = np.flatnonzero(examples.label < 0)
    latent_weight = examples.weight[latent] / scale
    if latent.size > n_unlabelled:
        total = latent_weight.sum()
        latent = np.sort(rng.choice(latent, n_unlabelled, p=latent_weight / total))
        latent_weight = np.full(n_unlabelled, total / n_unlabelled)
    drawn = examples.take(np.concatenate([known, latent]))
    return drawn._replace(weight=np.concatenate([weight, latent_weight]))
