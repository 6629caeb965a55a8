"""Options of calls: the defaults and limits of the command line, in the words of Python."""

import dataclasses

import numpy as np
import pytest

from em_impute.api.options import FileOptions, FrameOptions, in_python, request_of
from em_impute.errors import TableError, UsageError
from em_impute.options import Request


def test_options_that_are_not_given_are_as_the_command_line_has_them():
    assert Request(path=None, columns=("a",)) == request_of(["a"], {})


def test_every_option_of_a_request_is_one_of_a_call_or_none_of_the_users_business():
    fields = {field.name for field in dataclasses.fields(Request)}

    assert (
        fields - {"path", "columns", "examined", "keeps_model"}
        == FrameOptions.__annotations__.keys() | FileOptions.__annotations__.keys()
    )


VALUES = [
    ({"null_values": -9}, {"null_values": ("-9",)}),
    ({"null_values": {"x": 1}.keys(), "keep_values": ("NA", 1)}, {"null_values": ("x",), "keep_values": ("NA", "1")}),
    ({"deltas": {1: 0.5}}, {"deltas": (("1", 0.5),)}),
    ({"seed": np.int64(3), "min_probability": np.float32(0.5), "max_iter": 7}, {"seed": 3, "min_probability": 0.5, "max_iter": 7}),
    ({"components": None, "unlabelled_weight": None}, {}),
    ({"imputations": 3}, {"imputations": 3, "method": "draw"}),
]  # fmt: skip


def test_values_become_those_of_a_request():
    found = [request_of(["a"], options) for options, _ in VALUES]

    assert [Request(path=None, columns=("a",), **expected) for _, expected in VALUES] == found


REFUSED = [
    ({"components": 0}, "components takes a whole number, 1 or more, not 0"),
    ({"imputations": 1}, "imputations takes a whole number, from 2 to 1000, not 1"),
    ({"tolerance": float("nan")}, "tolerance takes a number, 0 or more, not nan"),
    ({"unlabelled_weight": "1"}, "unlabelled_weight takes a number, from 0 to 1, not '1'"),
    ({"method": "mean"}, "method takes one of 'map', 'draw', not 'mean'"),
    ({"labels": "A"}, "labels takes two or more different names, not 'A'"),
    ({"null_values": 1, "keep_values": "1"}, "the same token is given to null_values and to keep_values"),
    ({"keep_values": " "}, "keep_values is given a blank token: blank cells are always missing"),
    ({"method": "map", "imputations": 2}, "imputations contradicts method='map': the most probable labels are the same in every table"),
]  # fmt: skip


def test_what_can_be_no_value_is_refused_with_the_name_of_the_option():
    for options, message in REFUSED:
        with pytest.raises(UsageError) as raised, in_python():
            request_of(["a"], options)

        assert message == str(raised.value)


MESSAGES = [
    ("try --skip-lines 1, --tol or -d ';'", "try skip_lines 1, tolerance or delimiter ';'"),
    ("give --null-value 'NA' or --no-headers", "give null_values 'NA' or has_header=False"),
    ("columns are '--column', '-x', 'a-b', 'x -- y'", "columns are '--column', '-x', 'a-b', 'x -- y'"),
]


def test_messages_name_parameters_and_leave_what_they_quote():
    for told, expected in MESSAGES:
        with pytest.raises(TableError) as raised, in_python():
            raise TableError(told, told)

        assert (expected, [f"hint: {expected}"]) == (str(raised.value), raised.value.__notes__)
