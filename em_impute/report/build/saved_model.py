"""Measurements in the same bins, in the training of a saved model and here."""

import numpy as np

from em_impute.diagnostics.histograms import lay_out
from em_impute.em.blocks import Floats
from em_impute.report.model.saved_model import MovedFeature
from em_impute.report.sentences import by_farness
from em_impute.saved_model.distributions import NumberDistribution
from em_impute.saved_model.drift import DataProfile
from em_impute.saved_model.values import Drift

MAX_PICTURES = 6

N_PROBED = 400

FEW_VALUES = 25
"""Up to so many values have a cell each, and in a bin they are nowhere else than where they are."""

DIGITS = 6
"""Decimals of a share that is only drawn."""


def moved_of(then: DataProfile, now: DataProfile, drift: Drift) -> list[MovedFeature]:
    """Give the histograms of the measurements that have moved furthest, the furthest first."""
    moved = [one for one in by_farness(drift) if one.type == "numeric" and one.has_moved]
    pairs = [(one.name, common_bins(then.numbers[one.name], now.numbers[one.name])) for one in moved[:MAX_PICTURES]]
    return [
        MovedFeature(
            feature=name,
            edges=bins[0].tolist(),
            then=bins[1].round(DIGITS).tolist(),
            now=bins[2].round(DIGITS).tolist(),
        )
        for name, bins in pairs
        if bins is not None
    ]


def common_bins(then: NumberDistribution, now: NumberDistribution) -> tuple[Floats, Floats, Floats] | None:
    """Bring two distributions that are counted in the same cells into bins of one width.

    Gives the edges (n_bins + 1,) and the share of the rows in each bin (n_bins,), then and now; None where no bins can
    be laid out.  They reach beyond the training rows by no more than these extend; what lies further out is in the
    outermost bins.
    """
    width = then.highest - then.lowest
    values = np.clip([*_probe(then), *_probe(now)], then.lowest - width, then.highest + width)
    edges = lay_out(values, min(then.total, now.total))
    return None if edges is None else (edges, _shares(then, edges), _shares(now, edges))


def _probe(rows: NumberDistribution) -> Floats:
    """Draw values that are spread as those of the rows, evenly and with the extremes: (n_probed,)."""
    ends = np.array([rows.lowest, *rows.edges[1:], rows.highest])
    at = (np.arange(N_PROBED) + 0.5) / N_PROBED * rows.total
    return np.array([rows.lowest, *ends[np.searchsorted(np.cumsum(rows.counts), at)], rows.highest])


def _shares(rows: NumberDistribution, edges: Floats) -> Floats:
    """Give the share of the rows in each bin, (n_bins,).

    A cell is taken to hold its rows evenly, or where there are few cells all of them at its upper end, but for the two
    outermost, in which no training row is.
    """
    ends = np.array([min(rows.lowest, rows.edges[0]), *rows.edges, max(rows.highest, rows.edges[-1])])
    reached = np.array([0.0, *np.cumsum(rows.counts)]) / rows.total  # (n_cells + 1,)
    below = np.interp(edges, ends, reached)
    if rows.edges.size <= FEW_VALUES:
        inner = (edges > ends[1]) & (edges <= ends[-2])
        below[inner] = reached[np.searchsorted(rows.edges, edges[inner], side="left")]
    below[0], below[-1] = 0.0, 1.0
    return np.diff(below)
