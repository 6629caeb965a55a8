"""Rows of one key speak for each other."""

import numpy as np
from scipy.stats import multivariate_normal, norm

from em_impute.missingness.how_missing import HeldOut
from em_impute.model.siblings import Siblings

SHARES = np.array([0.5, 0.3, 0.2])


def some_rows(seed=1, n_keys=6, n_rows=40):
    rng = np.random.default_rng(seed)
    label = np.where(rng.random(n_rows) < 0.4, rng.integers(0, 3, n_rows), -1)
    chance = rng.dirichlet([1.0, 1.0, 1.0], int((label < 0).sum()))
    return rng.integers(0, n_keys, n_rows), label, chance


def test_a_key_is_as_probable_as_bayes_theorem_says():
    # Oracle: a loop over the labels that each key may have, and over the rows.
    code, label, chance = some_rows()
    e, found = 0.1, np.zeros_like(chance)
    unlabelled = np.flatnonzero(label < 0)
    for place, row in enumerate(unlabelled):
        joint = SHARES.copy()
        for z in range(3):
            emits = [(1 - e) * (y == z) + e * SHARES[y] for y in range(3)]
            for other in np.flatnonzero(code == code[row]):
                if label[other] >= 0:
                    joint[z] *= emits[label[other]]
                else:
                    said = chance[np.searchsorted(unlabelled, other)]
                    joint[z] *= sum(emits[y] * said[y] / SHARES[y] for y in range(3))
        joint /= joint.sum()
        found[place] = (1 - e) * joint + e * SHARES
    said = Siblings(code, label, np.ones(label.size), SHARES, e, 0.0).of_unlabelled(chance)

    np.testing.assert_allclose(said.together, found, rtol=1e-9)
    assert all(np.ptp(said.together[said.key == key], axis=0).max() < 1e-12 for key in np.unique(said.key))


def test_correlated_measurements_tell_as_much_as_their_joint_density():
    # Oracle: scipy's joint normal density of three heights that correlate within a person.
    rho, mean = 0.6, np.array([0.0, 1.0])
    x = np.array([0.9, 1.4, -0.2])
    covariance = np.full((3, 3), rho) + (1 - rho) * np.eye(3)
    joint = np.array([multivariate_normal([m] * 3, covariance).pdf(x) for m in mean])
    alone = norm(mean, 1.0).pdf(x[:, None])
    alone /= alone.sum(axis=1, keepdims=True)
    code, label = np.zeros(3, int), np.full(3, -1)
    said = Siblings(code, label, np.ones(3), np.array([0.5, 0.5]), 1e-12, rho).of_unlabelled(alone)

    np.testing.assert_allclose(said.together, np.tile(joint / joint.sum(), (3, 1)), rtol=1e-6)


def test_a_row_alone_in_its_key_says_what_it_said_and_draws_of_a_key_are_one():
    code, label, chance = some_rows()
    alone = np.append(code, 99)
    said = Siblings(
        np.unique(alone, return_inverse=True)[1], np.append(label, -1), np.ones(41), SHARES, 0.01
    ).of_unlabelled(np.vstack([chance, [0.2, 0.5, 0.3]]))
    drawn = said.in_draws(np.random.default_rng(0).dirichlet([2.0, 2.0, 2.0], (5, said.alone.shape[0])))

    np.testing.assert_allclose(said.together[-1], [0.2, 0.5, 0.3])
    assert all(np.ptp(drawn[:, said.key == key], axis=1).max() < 1e-12 for key in np.unique(said.key))
    np.testing.assert_allclose(drawn.sum(axis=-1), 1.0)


def world(seed, correlation, n_keys=400):
    """Draw people measured several times: key, label, and what a measurement alone says, in the exact model."""
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(n_keys), rng.integers(1, 5, n_keys))
    truth = rng.integers(0, 2, n_keys)[code]
    common = rng.normal(0, np.sqrt(correlation), n_keys)[code]
    x = truth + common + rng.normal(0, np.sqrt(1 - correlation), code.size)
    chance = norm([0.0, 1.0], 1.0).pdf(x[:, None])
    return code, truth, chance / chance.sum(axis=1, keepdims=True), rng


def test_the_correlation_is_found():
    for correlation in (0.0, 0.5, 0.9):
        code, truth, chance, _ = world(1, correlation)
        held = HeldOut(truth, chance, chance, np.arange(truth.size), np.ones(truth.size))
        found = Siblings(code, truth, np.ones(truth.size), np.array([0.5, 0.5]), 1e-3).correlated(held)

        assert abs(found.correlation - correlation) < 0.08


def test_what_hidden_labels_promise_is_what_fills_keep():
    # Oracle: the truth, in a world in which half of the keys lack all labels and others lack them row by row.
    promised, kept, wanted = 0.0, 0.0, 0.0
    for seed in range(10):
        code, truth, chance, rng = world(seed, 0.5)
        lacks = np.where((rng.random(int(code.max()) + 1) < 0.4)[code], True, rng.random(code.size) < 0.2)
        label = np.where(lacks, -1, truth)
        n_known = np.bincount(code[~lacks], minlength=int(code.max()) + 1)
        with_sibling = [np.mean(n_known[code[lacks]] > 0), np.mean(n_known[code[~lacks]] > 1)]
        siblings = Siblings(code, label, np.ones(code.size), np.array([0.5, 0.5]), 1e-3, 0.5)
        known = np.flatnonzero(~lacks)
        held = HeldOut(truth[known], chance[known], chance[known], known, np.ones(known.size))
        said = siblings.rehearsed(held, chance[lacks], max(0.0, 1.0 - with_sibling[0] / with_sibling[1]), seed)
        promised += np.mean(said.probability.argmax(axis=1) != held.label) / 10
        together = siblings.of_unlabelled(chance[lacks]).together
        kept += np.mean(together.argmax(axis=1) != truth[lacks]) / 10
        wanted += np.mean(1.0 - together.max(axis=1)) / 10

    assert abs(promised - kept) < 0.03
    assert abs(wanted - kept) < 0.03
