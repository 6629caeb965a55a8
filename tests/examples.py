"""How many made-up examples a property is tried on."""

import pytest


def few_and_many(few, many):
    """Run a test with `few` examples, and with `many` where everything is asked for.

    The test makes its property itself, with the `examples` that it is given: a decorator is told before anybody asks.
    """
    return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.exhaustive)])
