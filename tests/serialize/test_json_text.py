"""JSON as text: what any reader reads back, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from em_impute.serialize.json_text import FormatError, parse, render

FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text('ab"\\/\b\n\t\x00\x1f\x7f é€\u2028😀')
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(VALUES)
def test_any_reader_of_json_reads_back_what_was_written(value):
    assert value == json.loads(render(value)) == parse(render(value))


REFUSED = {
    "no JSON": ("{", "it is not JSON: line 1"),
    "NaN": ('{"a": NaN}', "it holds NaN"),
    "a key twice": ('{"a": {"b": 1, "b": 2}}', "the key 'b' stands twice"),
    "too deep": ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "a number of thousands of digits": (f"[{'9' * 10_000}]", "it is not JSON"),
}


def test_what_is_no_strict_json_is_refused():
    for what, (text, said) in REFUSED.items():
        with pytest.raises(FormatError) as caught:
            parse(text)

        assert said in str(caught.value), what
