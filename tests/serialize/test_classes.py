"""Values to JSON and back: nothing is lost, nothing is taken that is not just so, and the schema says the same."""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from jsonschema import Draft202012Validator

from em_impute.em.blocks import Floats
from em_impute.serialize.annotations import (
    ANY,
    Axes,
    Choices,
    Count,
    InfiniteAsNull,
    Key,
    Kinds,
    MayLack,
    NotSaved,
    OwnAxes,
    Share,
)
from em_impute.serialize.classes import from_json, schema_of, to_json
from em_impute.serialize.json_text import FormatError


class Inner(NamedTuple):
    """An inner thing."""

    row: Annotated[Floats, Axes("n_columns"), "Numbers."]


class Other(NamedTuple):
    """Another thing."""

    word: Annotated[Literal["one", "two"], "A word."]


class Thing(NamedTuple):
    """A thing."""

    name: Annotated[str, "Its name."]
    size: Annotated[Count, "Its size."]
    share: Annotated[Share, "Its share."]
    most: Annotated[float, InfiniteAsNull(np.inf), "Its limit; null where there is none."]
    colour: Annotated[str, Choices({"red": "Red.", "blue": "Blue."}), "Its colour."]
    table: Annotated[Floats, Axes("n_rows", "n_columns"), "Numbers."]
    matrix: Annotated[Floats, Axes("n_columns", "n_columns", lower_triangle=True), "A symmetric matrix."]
    names: Annotated[tuple[str, ...], Axes("n_rows"), "A name a row."]
    ends: Annotated[tuple[float, float], "Both ends."]
    inner: Annotated[Inner, "What is in it."]
    apart: Annotated[Inner, OwnAxes, "What is beside it."]
    several: Annotated[Mapping[str, tuple[Inner, ...]], "Lists by name."]
    kind: Annotated[Inner | Other | None, Kinds(inner=Inner, other=Other), "One of two; null where it is neither."]
    form: Annotated[float | str, "Either."]
    is_so: Annotated[bool, Key("so"), "Whether it is so."]
    later: Annotated[Count, MayLack, "A key that came later."] = 7
    place: Annotated[int, NotSaved] = -1


ROW = Inner(np.array([1.0, 2.0]))
THING = Thing(
    "a", 3, 0.5, np.inf, "red", np.array([[0.1, 2.0]]), np.eye(2), ("x",), (1.0, 2.0), ROW, Inner(np.ones(5)),
    {"all": (ROW, Inner(np.ones(1)))}, Other("two"), "much", True,
)  # fmt: skip
WRITTEN = to_json(THING)


def read(**changes):
    """Read the thing, but for what is changed in what JSON would hold."""
    return from_json(Thing, json.loads(json.dumps(WRITTEN | changes)))


def test_a_value_comes_back_and_fits_its_schema():
    again = read()

    Draft202012Validator(schema_of(Thing)).validate(WRITTEN)
    assert repr(THING) == repr(again)
    assert [*Thing._fields[:14], "so"] == list(WRITTEN)
    assert (None, {"other": {"word": "two"}}) == (WRITTEN["most"], WRITTEN["kind"])


def test_a_field_that_may_lack_is_written_where_it_is_not_the_default():
    assert 8 == from_json(Thing, to_json(THING._replace(later=8))).later
    assert 8 == to_json(THING._replace(later=8))["later"]


@given(
    array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4).flatmap(
        lambda shape: arrays(np.float64, shape, elements=st.floats(allow_nan=False, allow_infinity=False))
    )
)
def test_every_bit_of_an_array_comes_back(values):
    class Table(NamedTuple):
        """A table."""

        values: Annotated[Floats, Axes(ANY, ANY), "Numbers."]
        squares: Annotated[Floats, Axes("n", "m", "m", lower_triangle=True), "Symmetric matrices."]

    half = np.resize(values, (2, values.shape[1], values.shape[1])) if values.size else np.zeros((2, 0, 0))
    squares = np.where(np.tri(half.shape[1], dtype=bool), half, np.swapaxes(half, 1, 2))
    again = from_json(Table, json.loads(json.dumps(to_json(Table(values, squares)))))

    assert values.tobytes() == again.values.tobytes()
    assert squares.tobytes() == again.squares.tobytes()
    assert values.shape == again.values.shape or not values.size


LACKING = {key: value for key, value in WRITTEN.items() if key != "size"}
REFUSED = {
    "true for a number": ({"share": True}, "share is not a number"),
    "infinity for a number": ({"share": float("inf")}, "share is not a number"),
    "a fraction for a whole number": ({"size": 1.0}, "size is not a whole number"),
    "a number too small": ({"size": -1}, "size is not 0 or more"),
    "a number too large": ({"share": 1.5}, "share is not 1 or less"),
    "null for a number": ({"share": None}, "share is not a number"),
    "another word": ({"colour": "green"}, "colour is not one of red, blue"),
    "an object for a list": ({"names": {}}, "names is not a list"),
    "three ends": ({"ends": [1.0, 2.0, 3.0]}, "ends is not a list of 2"),
    "numbers too deep": ({"table": [[[1.0]]]}, "table is not numbers in lists, 2 deep"),
    "lists of different lengths": ({"table": [[1.0], [1.0, 2.0]]}, "table is not lists of equal lengths"),
    "a number beyond all": ({"table": [[10**400, 1.0]]}, "table is not lists of equal lengths of numbers"),
    "no triangle": ({"matrix": [[1.0], [2.0]]}, "matrix is not lower triangles"),
    "axes that differ": ({"matrix": [[1.0]]}, "n_columns is 2 elsewhere, here 1"),
    "a list as long as no axis": ({"names": []}, "n_rows is 1 elsewhere, here 0"),
    "axes that differ in an object": ({"inner": {"row": [1.0]}}, "inner.row is not of the right size"),
    "two kinds at once": ({"kind": {"inner": {}, "other": {}}}, "one of the keys inner, other"),
    "neither form": ({"form": {"word": "three"}}, "form is not a number"),
    "a key deep inside": ({"several": {"all": [{"row": [1.0]}, {}]}}, "several.all[1] is not complete: 'row'"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_just_so_is_refused(changes, said):
    with pytest.raises(FormatError) as caught:
        read(**changes)

    assert said in str(caught.value)


def test_a_key_that_lacks_is_named():
    with pytest.raises(FormatError, match="the document is not complete: 'size' is not in it"):
        from_json(Thing, LACKING)


def test_what_another_version_wrote_may_have_further_keys():
    wider = json.loads(json.dumps(WRITTEN | {"new": 1}))
    wider["several"]["all"][0]["new"] = {}

    assert repr(THING) == repr(from_json(Thing, wider))


def test_a_share_that_may_be_null_keeps_its_range():
    class Perhaps(NamedTuple):
        """A thing of which a share may not be known."""

        share: Annotated[Share | None, "Its share; null where that is not known."]

    assert None is from_json(Perhaps, {"share": None}).share
    assert (0, 1, ["number", "null"]) == tuple(
        schema_of(Perhaps)["properties"]["share"][key] for key in ("minimum", "maximum", "type")
    )
    with pytest.raises(FormatError, match="1 or less"):
        from_json(Perhaps, {"share": 2.0})


def test_numbers_that_are_none_and_texts_that_are_no_unicode_are_still_written():
    written = to_json(THING._replace(share=np.nan, names=("\udc80",)))

    assert (None, ["\\udc80"]) == (written["share"], written["names"])
