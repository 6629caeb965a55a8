"""The drift benchmark: its simulated files are what they say, and it counts what it is told."""

import sys

import numpy as np
import pytest


def figures(line):
    return [float(cell.strip(" %")) for cell in line.split("|")[2:-1]]


def test_a_large_shift_is_always_found_and_files_alike_seldom_are(load, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["drift.py", "--quick", "--runs", "500"])

    load("drift").main()

    first, alarms, files, detection, units = capsys.readouterr().out.split("\n## ")
    assert ", `python drift.py --quick --runs 500`, Python " in first
    assert np.mean([figures(line) for line in alarms.splitlines()[4:-1]]) < 1.0
    assert np.mean([figures(line) for line in files.splitlines()[4:-1]]) < 10.0
    *_, by_index, by_test = detection.strip().splitlines()
    assert (100.0, 100.0) == (figures(by_index)[3], figures(by_test)[3])  # two standard deviations, 10,000 rows
    metres = units.splitlines()[4]
    assert metres.startswith("| heights, cm → m | ")
    assert metres.endswith(" | 100 / 0 |")


def test_simulated_people_are_those_of_the_mixture(load):
    """Standard errors of 40,000 draws are 0.5 % of a deviation; five of them."""
    drift = load("drift")

    x, texts, labels = drift.people(np.random.default_rng(1), 40_000)

    weight, mean, covariance = drift.MIXTURE
    between = np.outer(mean[1] - mean[0], mean[1] - mean[0]) * weight[0] * weight[1]
    assert np.nanmean(x, axis=0) == pytest.approx(weight @ mean, abs=0.03)
    assert np.nanvar(x, axis=0) == pytest.approx(np.diag(covariance[0] + between), abs=0.05)
    assert np.isnan(x).mean() == pytest.approx(0.1, abs=0.01)
    assert labels / labels.sum() == pytest.approx(weight, abs=0.015)
    assert 40_000 == texts.sum()
    assert labels.sum() / 40_000 == pytest.approx(0.7, abs=0.015)
