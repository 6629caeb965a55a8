"""Points divided into groups of near ones, to begin with."""

import numpy as np

from em_impute.em.blocks import Floats, Integers

ROUNDS = 10


def k_means(points: Floats, weight: Floats, k: int, rng: np.random.Generator) -> Integers:
    """Assign points to the nearest of k centres that begin far apart (k-means++): (n_points,)."""
    if k == 1:
        return np.zeros(points.shape[0], dtype=np.intp)
    return settle(points, weight, points[choose_far_apart(points, weight, k, rng)], ROUNDS)


def choose_far_apart(points: Floats, weight: Floats, number: int, rng: np.random.Generator) -> Integers:
    """Choose so many of some points, (number,), each by its squared distance to those before.

    That is how k-means++ begins (Arthur & Vassilvitskii 2007).  `weight` is (n_points,).
    """
    chosen, chance, distance = np.empty(number, np.intp), weight, np.full(weight.size, np.inf)
    for k in range(number):
        total = chance.sum()
        chosen[k] = rng.choice(weight.size, p=chance / total if total > 0.0 else None)
        distance = np.minimum(distance, ((points - points[chosen[k]]) ** 2).sum(axis=1))
        chance = weight * distance
    return chosen


def settle(points: Floats, weight: Floats, centre: Floats, rounds: int) -> Integers:
    """Assign points to the nearest of some centres, which move to the middles of theirs (Lloyd 1982): (n_points,)."""
    nearest: Integers = squared_distances(points, centre).argmin(axis=1)
    for _ in range(rounds):
        count = np.bincount(nearest, weight, len(centre))
        held = count > 0
        for j, column in enumerate(points.T):
            centre[held, j] = np.bincount(nearest, weight * column, len(centre))[held] / count[held]
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
