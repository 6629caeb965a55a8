"""Values to JSON and back: nothing is lost, and nothing is taken that is not just so."""

import json
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from jsonschema import Draft202012Validator

from em_impute import serialize as c
from em_impute.errors import ModelError
from em_impute.serialize import Node


class Thing(NamedTuple):
    name: str
    size: int
    numbers: np.ndarray


THING = c.record(
    Thing,
    "A thing.",
    {"name": c.text("Its name."), "size": c.whole("Its size."), "numbers": c.array("Numbers.", "n_rows", "n_columns")},
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def read(codec, value):
    """Read what JSON would hold."""
    return codec.read(Node(json.loads(json.dumps(value)), "", {}))


@given(
    array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4).flatmap(
        lambda shape: arrays(np.float64, shape, elements=FINITE)
    )
)
def test_every_bit_of_an_array_comes_back(values):
    again = read(c.array("Numbers.", "n_rows", "n_columns"), c.array("Numbers.", "n_rows", "n_columns").write(values))

    assert values.tobytes() == again.tobytes()
    assert values.shape == again.shape or not values.size


@given(st.integers(0, 4), st.integers(1, 3), st.data())
def test_every_bit_of_a_symmetric_matrix_comes_back_from_its_triangle(n, n_matrices, data):
    half = data.draw(arrays(np.float64, (n_matrices, n, n), elements=FINITE))
    values = np.where(np.tri(n, dtype=bool), half, np.swapaxes(half, 1, 2))
    codec = c.triangles("Matrices.", "n_matrices", "n_columns", "n_columns")

    assert values.tobytes() == read(codec, codec.write(values)).tobytes()


def test_a_record_comes_back_and_fits_its_schema():
    thing = Thing("a", 3, np.array([[0.1, 2.0]]))
    written = THING.write(thing)
    again = read(THING, written)

    Draft202012Validator(THING.schema).validate(written)
    assert (thing.name, thing.size) == (again.name, again.size)
    np.testing.assert_array_equal(thing.numbers, again.numbers)


KINDS = {"number": (float, c.number("A number.")), "text": (str, c.text("A text."))}
REFUSED = {
    "true for a number": (c.number("A number."), True, "is not a number"),
    "infinity for a number": (c.number("A number."), float("inf"), "is not a number"),
    "a fraction for a whole number": (c.whole("A count."), 1.0, "is not a whole number"),
    "another word": (c.among("A word.", {"a": "A.", "b": "B."}), "c", "is not one of a, b"),
    "an object for a list": (c.listing("A list.", c.text("A text.")), {}, "is not a list"),
    "numbers too deep": (c.array("Numbers.", "n"), [[1.0]], "is not numbers in lists, 1 deep"),
    "lists of different lengths": (c.array("Numbers.", "n", "m"), [[1.0], [1.0, 2.0]], "is not lists of equal lengths"),
    "a number beyond all": (c.array("Numbers.", "n"), [10**400], "is not lists of equal lengths of numbers"),
    "no triangle": (c.triangles("A matrix.", "n", "n"), [[1.0], [2.0]], "is not lower triangles"),
    "a key that lacks": (THING, {"name": "a", "size": 1}, "is not complete: 'numbers'"),
    "a key too many": (THING, {"name": "a", "size": 1, "numbers": [[1.0]], "x": 1}, "'x' is unknown"),
    "two kinds at once": (c.either("A value.", KINDS), {"number": 1.0, "text": "a"}, "one of the keys number, text"),
}  # fmt: skip


def test_what_is_not_just_so_is_refused():
    for what, (codec, value, said) in REFUSED.items():
        with pytest.raises(ModelError) as caught:
            codec.read(Node(value, "", {}))

        assert said in caught.value.message, what


def test_the_place_of_what_is_wrong_is_named():
    codec = c.by("Things.", c.listing("Things.", THING))

    with pytest.raises(ModelError, match=r"^all\[1\]\.size is not a whole number"):
        read(codec, {"all": [THING.write(Thing("a", 1, np.ones((1, 1)))), {"name": "b", "size": "1", "numbers": []}]})


def test_arrays_that_share_an_axis_must_agree_in_it():
    class Pair(NamedTuple):
        mean: np.ndarray
        covariance: np.ndarray

    keys = {
        "mean": c.array("Means.", "n_columns"),
        "covariance": c.triangles("A covariance.", "n_columns", "n_columns"),
    }
    codec = c.record(Pair, "A Gaussian.", keys)

    assert (2, 2) == read(codec, {"mean": [0.0, 0.0], "covariance": [[1.0], [0.0, 1.0]]}).covariance.shape
    with pytest.raises(ModelError, match="n_columns is 2 elsewhere, here 1"):
        read(codec, {"mean": [0.0, 0.0], "covariance": [[1.0]]})


def test_records_that_stand_apart_have_sizes_of_their_own():
    class Row(NamedTuple):
        values: np.ndarray

    together = c.record(Row, "A row.", {"values": c.array("Values.", "n_columns")})
    apart = c.record(Row, "A row.", {"values": c.array("Values.", "n_columns")}, apart=True)
    rows = [{"values": [1.0]}, {"values": [1.0, 2.0]}]

    assert [1, 2] == [one.values.size for one in read(c.listing("Rows.", apart), rows)]
    with pytest.raises(ModelError, match="n_columns"):
        read(c.listing("Rows.", together), rows)
