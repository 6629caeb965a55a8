"""Simulated missingness: known labels are hidden the way labels are missing, wherever a model is tried on them.

What fits say of labels that they have not seen serves the choice of the candidates, their weights, calibration, every
promise, and the audit.  It tells of the rows to fill only if hidden rows are like these: with the same gaps in their
predictors, in the same cluster, and with the same mix of predictors (covariate shift: Shimodaira 2000).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.gaps import Gaps, find_gaps
from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.ensemble.folds import Examples, HoldOutScheme
from em_impute.ensemble.metrics import as_effective, log_loss
from em_impute.missingness.reasons import AT_RANDOM, BY_PREDICTORS, PRIOR, Judged
from em_impute.missingness.regression import Missing, most_rows, regress_missing
from em_impute.missingness.row_clusters import RowClusters, clusters_of_key, find_row_clusters

LARGEST_LOG = 700.0

FAR = 3.0
"""A row to fill whose odds of lacking a label are e³ times those of every labelled row is like none of them."""


@dataclass(frozen=True)
class HowMissing:
    """How rows to fill differ from labelled rows, for the distinct rows of a design."""

    missing: Missing | None = None  # who lacks a label, by the predictors; None with too few rows of a kind
    gaps: Gaps | None = None
    """which predictors rows to fill show; None where labelled rows do not show others more often"""
    clusters: RowClusters | None = None
    """which rows lack their labels together, or are of one key; None where they do so one by one"""
    is_key: bool = False
    """rows of one cluster have one label: the fits must not rely on siblings, since fills ask these themselves"""

    @property
    def by_predictors(self) -> float:
        """Probability that the predictors, rather than chance, say which rows lack a label."""
        if self.missing is None:
            return 0.0
        odds = PRIOR[BY_PREDICTORS] / PRIOR[AT_RANDOM] * np.exp(min(self.missing.log_evidence, LARGEST_LOG))
        return float(odds / (1.0 + odds))

    def with_scheme(self, examples: Examples) -> Examples:
        """Say how the labels of examples are hidden; their origin, if they have one, is the design's distinct rows."""
        kept_whole = 0.0 if self.clusters is None else 1.0 if self.is_key else self.clusters.kept_whole
        scheme = HoldOutScheme(
            None if self.missing is None else self.missing.odds,
            self.by_predictors,
            None if self.gaps is None else self.gaps.hide,
            kept_whole,
        )
        if self.clusters is None:
            return examples._replace(scheme=scheme)
        code = self.clusters.code if examples.origin is None else self.clusters.code[examples.origin]
        return examples._replace(cluster=code, scheme=scheme)

    def beyond(self, design: Design) -> Flags:
        """Say which of the distinct rows without a label are like no labelled row, (n_unlabelled,).

        They show predictors that no labelled row shows together, or lie where next to no row has a label.
        """
        rows = design.distinct
        latent, known = np.flatnonzero(rows.label < 0), np.flatnonzero(rows.label >= 0)
        beyond = np.zeros(latent.size, dtype=bool)
        if self.gaps is not None:
            seen = np.hstack([~np.isnan(rows.x), design.codes >= 0])
            beyond |= self.gaps.beyond(seen[known], seen[latent])
        if self.missing is not None and self.by_predictors > 0.5:  # noqa: PLR2004
            far = [self.missing.log_odds_of(rows.x[kind], with_gaps=False) for kind in (known, latent)]
            beyond |= far[1] > far[0].max() + FAR
        return beyond


def how_missing(design: Design, seed: int) -> HowMissing:
    """Find how rows to fill differ from labelled rows."""
    missing, rows, same = regress_missing(design, seed), design.distinct, design.same
    weight = np.ones(rows.label.size) if design.weighed else np.asarray(rows.weight, np.float64)
    cluster = None if same is None else clusters_of_key(same.name, same.code, rows.label, weight)
    if missing is None:
        return HowMissing(clusters=cluster, is_key=cluster is not None)
    drawn = missing.drawn
    seen = np.hstack([~np.isnan(design.x_of(drawn.row)), design.codes_of(drawn.row) >= 0])
    gaps = find_gaps(seen, drawn.lacks, drawn.weight)
    if cluster is not None:
        return HowMissing(missing, gaps, cluster, is_key=True)

    def log_odds_of(some: slice) -> Floats:
        return missing.log_odds_of(rows.x[some], with_gaps=True)

    cluster = find_row_clusters(rows.x, design.codes, rows.label, weight, design.keys, log_odds_of, seed)
    return HowMissing(missing, gaps, cluster)


class Unlabelled(NamedTuple):
    """Rows without a label, each predicted by a fit that some labels were held out of."""

    row: Integers  # (n_asked,) distinct rows of the design; one that stands for several may be there several times
    probability: Floats  # (n_asked, n_labels)


@dataclass(frozen=True)
class HeldOut:
    """Known labels, and the predictions of a fit that had not seen them."""

    label: Integers  # (n_rows,)
    probability: Floats  # (n_rows, n_labels)
    baseline: Floats  # (n_rows, n_labels), the shares of the labels that the fit had seen
    row: Integers
    """(n_rows,) distinct rows of the design that they are; one that stands for several may be there several times"""
    weight: Floats | None = None  # (n_rows,) how much each counts; None counts all alike
    odds: Floats | None = None
    """(n_rows,) how much likelier than on average each is to lack its label, by its predictors; None: all alike"""
    cluster: Integers | None = None  # (n_rows,) rows that belong together; None: each for itself
    unlabelled: "Unlabelled | None" = None
    """what the same fits say of rows without a label; None where nobody asked them"""

    @property
    def log_loss(self) -> float:
        """Mean −log probability of the true label, in nats."""
        return log_loss(self.probability, self.label, self.weight)

    @property
    def baseline_log_loss(self) -> float:
        """The same for the shares alone."""
        return log_loss(self.baseline, self.label, self.weight)


def judged_rows(design: Design, held: HeldOut) -> Judged | None:
    """Set labels held out beside rows without a label that the same fits predicted; None where one kind is lacking.

    What fits to all labels say would not do: they know more labels, and of a rare one so many more that they differ
    from the fits of the folds on rows that are alike.  A label that is known once never is held out, so that rows like
    it are all on one side: its rate cannot be told, and probabilities are those given that the label is another one.
    """
    asked = held.unlabelled
    if asked is None or not (held.row.size and asked.row.size):
        return None
    probability = np.maximum(np.vstack([held.probability, asked.probability]), np.finfo(float).tiny)
    probability[:, np.bincount(held.label, minlength=probability.shape[1]) == 0] = 0.0
    probability /= probability.sum(axis=1, keepdims=True)
    n_held = np.ones(held.row.size) if held.weight is None else as_effective(held.weight)
    row, weight = np.concatenate([held.row, asked.row]), np.concatenate([n_held, np.ones(asked.row.size)])
    lacks, most = np.arange(row.size) >= held.row.size, most_rows(len(design.features))
    kinds = [np.flatnonzero(kind) for kind in (~lacks, lacks)]  # of many rows some, all along the table
    some = np.concatenate([one[np.linspace(0, one.size - 1, min(one.size, most)).astype(np.intp)] for one in kinds])
    x = np.where(design.observed, design.distinct.x[row[some]], 0.0)  # see regress_missing
    return Judged(x, design.n_numbers, probability[some], lacks[some], weight[some])
