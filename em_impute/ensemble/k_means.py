"""Points divided into groups of near ones, to begin with."""

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.em.initialize import choose_far_apart

ROUNDS = 10


def k_means(points: Floats, weight: Floats, k: int, rng: np.random.Generator) -> Integers:
    """Assign points to the nearest of k centres (Lloyd 1982), spread at first by squared distance."""
    if k == 1:
        return np.zeros(points.shape[0], dtype=np.intp)
    centre = points[choose_far_apart(points, weight, k, rng)]
    nearest: Integers = squared_distances(points, centre).argmin(axis=1)
    for _ in range(ROUNDS):
        member = (nearest == np.arange(k)[:, None]) * weight
        held = member.sum(axis=1) > 0
        centre[held] = (member @ points)[held] / member.sum(axis=1)[held, None]
        before, nearest = nearest, squared_distances(points, centre).argmin(axis=1)
        if np.array_equal(before, nearest):
            break
    return nearest


def squared_distances(some: Floats, others: Floats) -> Floats:
    """Compute the squares of all distances between two sets of points, (n_some, n_others)."""
    distance = some @ (-2.0 * others.T)
    distance += (some**2).sum(axis=1)[:, None]
    distance += (others**2).sum(axis=1)
    return np.maximum(distance, 0.0, out=distance)
