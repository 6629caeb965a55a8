"""From probabilities to labels."""

import numpy as np

from em_impute.choose import most_probable

PROBABILITY = np.array([[0.2, 0.7, 0.1], [0.5, 0.5, 0.0], [0.3, 0.3, 0.4]])


def test_the_most_probable_label_is_taken_and_of_equals_the_first():
    code, probability = most_probable(PROBABILITY, 0.0)

    np.testing.assert_array_equal(code, [1, 0, 2])
    np.testing.assert_array_equal(probability, [0.7, 0.5, 0.4])


def test_what_is_less_probable_than_asked_is_left():
    code, probability = most_probable(PROBABILITY, 0.5)

    np.testing.assert_array_equal(code, [1, 0, -1])
    np.testing.assert_array_equal(probability, [0.7, 0.5, 0.4])
