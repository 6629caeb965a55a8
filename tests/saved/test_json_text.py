"""JSON as text: what any reader reads back, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from em_impute.errors import ModelError
from em_impute.saved.json_text import parse, render

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_any_reader_of_json_reads_back_what_was_written(value):
    assert value == json.loads(render(value)) == parse(render(value))


def test_a_key_has_a_line_and_so_has_a_list_of_numbers():
    assert (
        '{\n  "a": 1,\n  "b": [1.5, 2],\n  "c": [\n    [1],\n    {}\n  ],\n  "d": {\n    "e": "ü"\n  }\n}\n'
        == render({"a": 1, "b": [1.5, 2], "c": [[1], {}], "d": {"e": "ü"}})
    )


REFUSED = {
    "no JSON": ("{", "it is no JSON: line 1"),
    "nothing": ("", "it is no JSON: line 1"),
    "more than one": ("{} {}", "Extra data"),
    "NaN": ('{"a": NaN}', "it holds NaN"),
    "infinity": ('{"a": -Infinity}', "it holds -Infinity"),
    "a key twice": ('{"a": {"b": 1, "b": 2}}', "the key 'b' stands twice"),
    "too deep": ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "a number of thousands of digits": (f"[{'9' * 10_000}]", "it is no JSON"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_strict_json_is_refused(text, said):
    with pytest.raises(ModelError) as caught:
        parse(text)

    assert said in caught.value.message
