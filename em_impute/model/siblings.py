"""Rows of one key have one label: what each of them shows, and their known labels, speak for all together.

A key's value has a label z.  A row of it has that label but for an exception of rate ε, and then any, by the labels'
shares π; so the label y of a row is z with probability 1 − e + e·π_z, where e·(1 − Σπ²) = ε, and any other with e·π_y.
By Bayes' theorem

    P(z) ∝ π_z · Π P(known label | z) · (Π of (1 − e)·P(z | what a row shows)/π_z + e over rows without one)^w

Rows of one key also look alike (a large bird is large every year), so that each tells less than the first.  For normal
measurements that correlate by ρ within a key, w = 1/(1 + (n − 1)·ρ) for n rows is exact.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.missingness.how_missing import HeldOut

TINY = 1e-300


class Said(NamedTuple):
    """What rows without a label say together with those of the same key."""

    alone: Floats  # (n_rows, n_labels), what each says for itself
    together: Floats  # (n_rows, n_labels)
    is_known: Flags  # (n_rows,), some row of the key has a label
    key: Integers  # (n_rows,)

    def take(self, rows: Integers) -> "Said":
        """Keep some rows."""
        return Said(self.alone[rows], self.together[rows], self.is_known[rows], self.key[rows])

    def in_draws(self, chance: Floats) -> Floats:
        """Let the rows of draws of a model, (n_draws, n_rows, n_labels), say the same together.

        Known labels of siblings decide whatever the draw; without any, log-odds move as the mean of those of the model.
        """
        shift = np.log(np.maximum(chance, TINY)) - np.log(np.maximum(self.alone, TINY))
        _, place, count = np.unique(self.key, return_inverse=True, return_counts=True)
        total = np.zeros((count.size, chance.shape[0], chance.shape[2]))
        np.add.at(total, place.reshape(-1), shift.transpose(1, 0, 2))
        of_key = (total / count[:, None, None])[place.reshape(-1)].transpose(1, 0, 2)
        log_odds = np.log(np.maximum(self.together, TINY)) + of_key
        drawn: Floats = np.exp(log_odds - log_odds.max(axis=-1, keepdims=True))
        drawn /= drawn.sum(axis=-1, keepdims=True)
        return np.where(self.is_known[:, None], self.together, drawn)


class Siblings(NamedTuple):
    """How rows of one key speak for each other."""

    code: Integers  # (n_rows,) key of each row; one that has none is a key of its own
    label: Integers  # (n_rows,), −1 where unknown
    weight: Floats  # (n_rows,) equal rows that each stands for
    shares: Floats  # (n_labels,)
    exceptions: float  # e above
    correlation: float = 1.0  # ρ above

    def of_unlabelled(self, probability: Floats) -> Said:
        """Let rows without a label, (n_unlabelled, n_labels), say together what they say alone."""
        rows = np.flatnonzero(self.label < 0)
        counts, size = self._counts, np.bincount(self.code, self.weight)
        evidence, n_rows = self._evidence(probability, rows), self._sum(self.weight[rows], rows)
        code = self.code[rows]
        together = self._posterior(evidence[code], n_rows[code], counts[code])
        together[size[code] <= 1.0] = probability[size[code] <= 1.0]
        return Said(probability, together, counts[code].sum(axis=1) > 0.0, code)

    def of_copies(self, row: int, probability: Floats, said: Said) -> Floats:
        """Let a row hear its siblings in each of the forms in which it says (n_copies, n_labels) alone.

        `said` is what `of_unlabelled` gave.  Its own label, if it has one, is not counted.
        """
        code, others = self.code[row], np.flatnonzero(said.key == self.code[row])
        rows, counts = np.flatnonzero(self.label < 0)[others], self._counts[code]
        weight = self.weight[rows] - (rows == row)
        if self.label[row] >= 0:
            counts[self.label[row]] -= 1.0
        if not weight.sum() + counts.sum():
            return probability
        evidence = weight @ self._log_ratio(said.alone[others]) + self._log_ratio(probability)
        return self._posterior(evidence, np.full(len(probability), 1.0 + weight.sum()), counts)

    def rehearsed(self, held: HeldOut, probability: Floats, kept_whole: float, seed: int) -> HeldOut:
        """Let labels held out of fits that knew none of their key be found with the help of siblings, as cells are.

        `probability` (n_unlabelled, n_labels) is what rows without a label say alone; of a share `kept_whole` of the
        keys no label is known, as is so of rows to fill.
        """
        rows = np.flatnonzero(self.label < 0)
        is_hidden = np.random.default_rng([seed, len(rows)]).random(int(self.code.max()) + 1) < kept_whole
        evidence, n_rows = self._evidence(probability, rows), self._sum(self.weight[rows], rows)
        own, code = self._log_ratio(held.probability), self.code[held.row]
        others, n_others = np.zeros_like(evidence), np.zeros_like(n_rows)
        np.add.at(others, code, own)
        np.add.at(n_others, code, 1.0)
        alone = ~is_hidden[code]
        counts = np.where(alone[:, None], self._counts[code], 0.0)
        counts[np.flatnonzero(alone), held.label[alone]] -= 1.0
        evidence = evidence[code] + np.where(alone[:, None], own, others[code])
        n_rows = n_rows[code] + np.where(alone, 1.0, n_others[code])
        said = self._posterior(evidence, n_rows, np.maximum(counts, 0.0))
        is_one = (n_rows <= 1.0) & ~counts.any(axis=1)
        return replace(held, probability=np.where(is_one[:, None], held.probability, said))

    def correlated(self, held: HeldOut) -> "Siblings":
        """Find how alike rows of one key look beyond their label, from labels held out: ρ, 1 where nothing tells."""
        ratio = self._log_ratio(held.probability)
        mean = np.zeros((self.shares.size, self.shares.size))
        np.add.at(mean, held.label, ratio)
        ratio = ratio - (mean / np.maximum(np.bincount(held.label, minlength=len(mean)), 1.0)[:, None])[held.label]
        _, code, size = np.unique(self.code[held.row], return_inverse=True, return_counts=True)
        total = np.zeros((size.size, self.shares.size))
        np.add.at(total, code.reshape(-1), ratio)
        alone, n_pairs = float((ratio**2).sum()), float((size * (size - 1.0)).sum())
        expected = alone / len(ratio) * n_pairs
        found = (float((total**2).sum()) - alone) / expected if expected > 0.0 else 1.0
        return self._replace(correlation=float(np.clip(found, 0.0, 1.0)))

    @property
    def _counts(self) -> Floats:
        """Count the known labels of each key: (n_keys, n_labels)."""
        counts = np.zeros((int(self.code.max()) + 1, self.shares.size))
        known = np.flatnonzero(self.label >= 0)
        np.add.at(counts, (self.code[known], self.label[known]), self.weight[known])
        return counts

    def _log_ratio(self, probability: Floats) -> Floats:
        """Compute log P(what a row shows | z) but for a constant, whose mean over the labels is 0."""
        ratio = np.log((1.0 - self.exceptions) * probability / self.shares + self.exceptions)
        centred: Floats = ratio - ratio.mean(axis=1, keepdims=True)
        return centred

    def _evidence(self, probability: Floats, rows: Integers) -> Floats:
        """Add up what rows without a label show: (n_keys, n_labels)."""
        ratio = self._log_ratio(probability) * self.weight[rows][:, None]
        return np.array([self._sum(column, rows) for column in ratio.T]).T

    def _sum(self, values: Floats, rows: Integers) -> Floats:
        total: Floats = np.bincount(self.code[rows], values, int(self.code.max()) + 1).astype(np.float64, copy=False)
        return total

    def _posterior(self, evidence: Floats, n_rows: Floats, counts: Floats) -> Floats:
        """Give the probability of a row's label, from what is known of its key: (n_chosen, n_labels)."""
        weight = 1.0 / (1.0 + np.maximum(n_rows - 1.0, 0.0) * self.correlation)
        e, shares = self.exceptions, self.shares
        of_known = counts * (np.log(1.0 - e + e * shares) - np.log(e * shares))
        log_key = np.log(shares) + weight[:, None] * evidence + of_known
        key = np.exp(log_key - log_key.max(axis=1, keepdims=True))
        key /= key.sum(axis=1, keepdims=True)
        said: Floats = (1.0 - e) * key + e * shares
        return said


def siblings_of(code: Integers, exception_rate: float, label: Integers, weight: Floats, n_labels: int) -> Siblings:
    """Say how rows of one key speak for each other; `code`, `label` and `weight` are (n_rows,)."""
    count = np.bincount(label[label >= 0], weight[label >= 0], n_labels) + 1.0 / n_labels
    shares = count / count.sum()
    exceptions = min(exception_rate / float(1.0 - (shares**2).sum()), 1.0 - 1e-9)
    return Siblings(np.unique(code, return_inverse=True)[1].reshape(-1), label, weight, shares, exceptions)
