"""At a tie, and where a threshold is only just reached, what happens is known."""

import pytest
from builders import csv_of


@pytest.mark.parametrize(
    ("order", "options"),
    [(("u", "v"), ()), (("v", "u"), ()), (("v", "u"), ("--covariance", "full")), (("u", "v"), ("--single",))],
    ids=["u first", "v first", "full", "single"],
)
def test_at_a_tie_the_label_that_sorts_first_is_taken_wherever_it_stands(call, tmp_path, order, options):
    # Mirrored about 0, where the missing one stands: by symmetry both labels have probability 1/2.
    left, right = order
    rows = [(left, -1), (right, 1), (left, -2), (right, 2), (left, -3), (right, 3), (None, 0)]
    (tmp_path / "a.csv").write_text(csv_of("g,x", *zip(*rows, strict=True)))
    code, output, _ = call("fill", "a.csv", "-c", "g", "--diff", *options)

    assert (0, "8,g,,u,0.500000") == (code, output.splitlines()[1])


def test_an_even_chance_is_enough_for_a_threshold_of_a_half(call, tmp_path):
    rows = [("a", -1), ("b", 1), ("a", -2), ("b", 2), (None, 0)]
    (tmp_path / "a.csv").write_text(csv_of("g,x", *zip(*rows, strict=True)))
    at, above = (
        call("fill", "a.csv", "-c", "g", "--diff", "--covariance", "tied", "--min-probability", p)[1] for p in ("0.5", "0.500001")
    )  # fmt: skip

    assert (2, 1) == (at.count("\n"), above.count("\n"))
