"""Numbers that were standardised and brought back, against those that were read."""

import numpy as np
from sampling import crossed

from em_impute.pipeline.save import rounded
from em_impute.saved_model.distributions import count_again, describe_numbers


@crossed(7, seed=range(5), scale=[1e-4, 1.0, 1e6])
def test_numbers_come_back_as_they_were_read_also_where_they_are_small_beside_the_mean(scale, seed):
    numbers = np.round(np.random.default_rng(seed).exponential(size=200), 3)
    read = np.array([float(f"{number * scale:.8g}") for number in (*numbers, *[0.0] * 50)])
    mean, deviation = read.mean(), read.std()

    found = rounded((read - mean) / deviation * deviation + mean, mean)

    np.testing.assert_array_equal(found, read)
    kept = describe_numbers(rounded(read / 3.0, 0.0))
    assert count_again(kept, read / 3.0, None).counts.tolist() == kept.counts.tolist()
