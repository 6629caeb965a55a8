"""Rows drawn from among many: beside the draw from a list of all of them."""

from functools import partial

import numpy as np
import pytest

from em_impute.em import blocks as drawing
from em_impute.em.blocks import draw_rows, slices


@pytest.mark.parametrize(("chunk", "share"), [(1, 0.5), (7, 0.02), (1 << 16, 1.0)])
def test_rows_are_those_that_a_list_of_all_would_have_given(monkeypatch, chunk, share):
    monkeypatch.setattr(drawing, "slices", partial(slices, size=chunk))
    chosen = np.random.default_rng(0).random(500) < share
    listed = np.flatnonzero(chosen)
    for most in (1, 3, listed.size - 1, listed.size, 1000):
        few = most < listed.size
        expected = np.sort(np.random.default_rng(1).choice(listed, most, replace=False)) if few else listed

        np.testing.assert_array_equal(draw_rows(chosen, most, np.random.default_rng(1)), expected)


def test_nothing_is_drawn_where_all_rows_are_taken():
    rng = np.random.default_rng(3)

    draw_rows(np.ones(20, dtype=bool), 20, rng)

    assert rng.random() == np.random.default_rng(3).random()
