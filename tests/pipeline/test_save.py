"""Numbers that were standardised and brought back, against those that were read."""

import numpy as np
from sampling import crossed

from em_impute.pipeline.save import rounded


@crossed(7, seed=range(5), scale=[1e-4, 1.0, 1e6])
def test_numbers_come_back_as_they_were_read_also_where_they_are_small_beside_the_mean(scale, seed):
    numbers = np.round(np.random.default_rng(seed).exponential(size=200), 3)
    read = np.array([float(f"{number * scale:.8g}") for number in (*numbers, *[0.0] * 50)])
    mean, deviation = read.mean(), read.std()

    found = rounded((read - mean) / deviation * deviation + mean, mean)

    np.testing.assert_array_equal(found, read)
