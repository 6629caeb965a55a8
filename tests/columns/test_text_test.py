"""The global test of texts: what it lets pass, beside the fits that it spares."""

import numpy as np
import pytest

from em_impute.columns.text_features import NamedTexts
from em_impute.columns.text_test import may_tell

SYLLABLES = ["ba", "do", "ri", "ka", "lu", "me", "to", "an", "el", "is"]


def texts_and_labels(seed, n_rows, ending):
    """Names of random syllables; those of one label end in `ending` where it is given."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n_rows)
    names = ["".join(rng.choice(SYLLABLES, 3)) for _ in range(n_rows)]
    if ending:
        names = [name + ending if one and rng.random() < 0.5 else name for name, one in zip(names, label, strict=True)]
    distinct = sorted(set(names))
    code = np.array([distinct.index(name) for name in names])
    label[rng.random(n_rows) < 0.3] = -1
    return NamedTexts("name", code, distinct), label


def tells(seed, n_rows, ending=""):
    texts, label = texts_and_labels(seed, n_rows, ending)
    return may_tell([texts], label, np.ones(n_rows), 2, seed)


def test_noise_passes_once_in_twenty_times():
    passed = sum(tells(seed, 400) for seed in range(200))
    assert 2 <= passed <= 21  # 10 expected; 99.8 % of Binomial(200, 1/20)


def test_an_ending_that_half_the_names_of_a_label_have_always_passes():
    assert all(tells(seed, 400, "ina") for seed in range(20))


def test_a_column_of_noise_does_not_hide_one_that_tells():
    telling, label = texts_and_labels(0, 400, "ina")
    noise = [texts_and_labels(seed, 400, "")[0] for seed in range(1, 6)]
    assert may_tell([*noise, telling], label, np.ones(400), 2, 0)


@pytest.mark.parametrize("n_rows", [100, 4000])
def test_the_regression_decides_where_labels_are_few_or_many(n_rows):
    assert all(tells(seed, n_rows) for seed in range(5))


def test_gaps_that_go_with_a_label_pass():
    texts, label = texts_and_labels(3, 400, "")
    code = texts.code.copy()
    code[(label == 1) & (np.arange(400) % 3 == 0)] = -1
    assert may_tell([texts._replace(code=code)], label, np.ones(400), 2, 0)
