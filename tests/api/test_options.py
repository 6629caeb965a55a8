"""Options of calls: the defaults and limits of the command line, in the words of Python."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import em_impute
from em_impute.api.arguments import FileOptions, FrameOptions, in_python, request_of
from em_impute.cli.app import app  # noqa: F401  # defines the flags
from em_impute.cli.options.groups import flag
from em_impute.errors import TableError, UsageError, option, spelled
from em_impute.options import Request


def test_options_that_are_not_given_are_as_the_command_line_has_them():
    assert Request(path=None, columns=("a",)) == request_of(["a"], {})


def test_every_option_of_a_request_is_one_of_a_call_or_none_of_the_users_business():
    fields = {field.name for field in dataclasses.fields(Request)}

    assert (
        fields - {"path", "columns", "all_columns", "examined", "reported", "keeps_model"}
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
    ({"tolerance": float("nan")}, "tolerance takes a finite number, not nan"),
    ({"prior_strength": -1}, "prior_strength takes a number, 0 or more, not -1.0"),
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


UNHIDDEN = [
    ({"hide": 0}, "hide takes"),
    ({"hide": 1}, "hide takes"),
    ({"hide": float("nan")}, "hide takes"),
    ({"repeats": 0}, "repeats takes a whole number"),
    ({"how": "every"}, "how takes one of"),
    ({"how": "random", "hide_label": {"a": 0.5}}, "hide_label contradicts how='random'"),
    ({"hide_label": {"a": 1.0}}, "hide_label takes a share"),
    ({"hide_label": {"a": float("nan")}}, "hide_label takes a share"),
]


@pytest.mark.parametrize(("options", "message"), UNHIDDEN)
def test_labels_that_cannot_be_hidden_so_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        em_impute.evaluate(pd.DataFrame({"x": [1, 2, 3, 4], "g": [*"aabb"]}), "g", **options)


MESSAGES = [
    (f"try {option('skip_lines', 1)}, {option('tolerance')}", "try skip_lines=1, tolerance", "try --skip-lines 1, --tol"),
    ("or " + option("delimiter", "';'"), "or delimiter=';'", "or -d ';'"),
    (f"{option('has_header')} {option('labels', 'A,B')}", "has_header=False labels=['A', 'B']", "--no-headers --labels A,B"),
    ("columns are '--column', '-x', '{tol}'", "columns are '--column', '-x', '{tol}'", "columns are '--column', '-x', '{tol}'"),
]  # fmt: skip


def test_messages_name_options_as_a_call_or_the_command_line_has_them():
    for told, expected, typed in MESSAGES:
        with pytest.raises(TableError) as raised, in_python():
            raise TableError(told, told)

        assert typed == spelled(told, flag)
        assert (expected, [f"hint: {expected}"]) == (str(raised.value), raised.value.__notes__)
