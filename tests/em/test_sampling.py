"""Rows drawn from among many."""

import numpy as np

from em_impute.em.blocks import draw_rows


def test_rows_are_different_ones_of_those_chosen_in_ascending_order():
    chosen = np.random.default_rng(0).random(500) < 0.5

    drawn = draw_rows(chosen, 100, np.random.default_rng(1))

    assert drawn.size == 100
    assert chosen[drawn].all()
    assert (np.diff(drawn) > 0).all()


def test_nothing_is_drawn_where_all_rows_are_taken():
    rng = np.random.default_rng(3)

    draw_rows(np.ones(20, dtype=bool), 20, rng)

    assert rng.random() == np.random.default_rng(3).random()
