"""From probabilities to labels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.model.assign import draw_labels, most_probable

PROBABILITY = np.array([[0.2, 0.7, 0.1], [0.5, 0.5, 0.0], [0.3, 0.3, 0.4]])


def test_the_most_probable_label_is_taken_of_equals_the_first_and_none_that_is_less_probable_than_asked():
    code, probability = most_probable(PROBABILITY, 0.0)

    np.testing.assert_array_equal(code, [1, 0, 2])
    np.testing.assert_array_equal(probability, [0.7, 0.5, 0.4])
    np.testing.assert_array_equal(most_probable(PROBABILITY, 0.5)[0], [1, 0, -1])


def drawn_one_by_one(probability, uniform):
    """Oracle: walk along the labels of each row until their probabilities exceed the number."""
    for row, number in zip(probability.tolist(), uniform.tolist(), strict=True):
        cumulated = 0.0
        for code, one in enumerate(row):
            cumulated += one
            if number < cumulated:
                yield code
                break


def test_labels_are_drawn_by_the_inverse_of_the_cumulated_probabilities():
    # Multiples of 1/64, so that sums are exact.
    rng = np.random.default_rng(4)
    probability = rng.multinomial(64, [0.1, 0.0, 0.5, 0.2, 0.2], size=500) / 64
    uniform = rng.integers(0, 64, 500) / 64

    np.testing.assert_array_equal(draw_labels(probability, uniform), [*drawn_one_by_one(probability, uniform)])


@settings(deadline=None, derandomize=True, max_examples=30)
@given(data=st.data(), n_labels=st.integers(1, 6))
def test_a_label_of_probability_0_is_never_drawn_even_at_the_ends(data, n_labels):
    weights = st.sampled_from([0.0, 0.0, 1e-300, 1e-17, 0.1, 0.3, 1.0])
    row = np.array(data.draw(st.lists(weights, min_size=n_labels, max_size=n_labels).filter(any)))
    uniform = np.array([0.0, 5e-324, 0.25, 0.5, 1 - 2**-24, np.nextafter(1.0, 0.0)])

    code = draw_labels(np.tile(row / row.sum(), (uniform.size, 1)), uniform)

    assert (row[code] > 0).all()
    assert (np.diff(code) >= 0).all()


def test_probabilities_that_miss_1_by_rounding_are_drawn_from_alike():
    for scale in (1 - 1e-12, 1 + 1e-12):
        probability = np.array([[0.25, 0.75, 0.0]] * 2) * scale

        assert draw_labels(probability, np.array([0.0, np.nextafter(1.0, 0.0)])).tolist() == [0, 1]
    assert draw_labels(np.empty((0, 3)), np.empty(0)).tolist() == []
