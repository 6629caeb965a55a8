"""How much memory a table takes.  Oracle: the arrays of the table itself."""

import numpy as np
import pytest
from parted import cut, records

from em_impute.engine.blocks import make_blocks
from em_impute.errors import UsageError
from em_impute.request import Request
from em_impute.scaled.memory import array_bytes, available_bytes, default_limit, needed_bytes, parse_size, room_to_keep
from em_impute.scaled.shelf import Keeper, forget, kept


@pytest.mark.parametrize(
    ("text", "expected"),
    [("300M", 300 << 20), ("2G", 2 << 30), ("1.5GiB", 3 << 29), ("2gb", 2 << 30), ("100000000", 100_000_000)],
)
def test_sizes_are_read(text, expected):
    assert expected == parse_size(text)


@pytest.mark.parametrize("text", ["", "many", "-1G", "10M", "1 000 M", "1E9"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageError, match="--max-memory"):
        parse_size(text)


def test_half_of_the_memory_is_the_limit():
    assert available_bytes() // 2 == default_limit() > 1 << 26


def test_a_small_file_is_not_even_looked_at(tmp_path):
    assert 0 == needed_bytes(tmp_path / "none.csv", Request(None, ("g",)), 1 << 30)
    (path,) = cut(tmp_path, list(records(10)), (10,))
    assert 0 == needed_bytes(path, Request(None, ("g",)), 1 << 30)


def test_the_estimate_grows_with_the_rows(tmp_path):
    (path,) = cut(tmp_path, list(records(4000)), (4000,))
    once = needed_bytes(path, Request(None, ("g",)), 1)
    path.write_bytes(path.read_bytes() + "".join(records(12_000, seed=1)).encode())

    four_times = needed_bytes(path, Request(None, ("g",)), 1)

    base = needed_bytes(cut(tmp_path, list(records(1)), (1,))[0], Request(None, ("g",)), 1)
    assert 3.0 < (four_times - base) / (once - base) < 5.0


def test_bytes_are_those_of_all_arrays_wherever_they_are():
    blocks = make_blocks(np.zeros((10, 2)), np.zeros(10, np.intp), np.ones(10), 2)

    # x, label, weight and row of ten rows, and which of two features are observed
    assert 10 * (2 + 1 + 1 + 1) * 8 + 2 == array_bytes({"blocks": (blocks,)})


def test_nothing_is_kept_where_there_is_no_room():
    assert (0, 140 << 20) == (room_to_keep(200 << 20, 1), room_to_keep(1 << 30, 2) - (6 << 20))


def test_blocks_come_back_from_memory_and_from_disk_as_they_were():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    x[::7, 1] = np.nan
    blocks = make_blocks(x, rng.integers(-1, 2, 200), np.ones(200), 2)
    found = []
    for run, room in (("roomy", 1 << 20), ("tight", 100)):
        keeper = Keeper((run, 0, "blocks"), room, spills=True)
        for block in blocks:
            keeper.add(block)
        keeper.finish()
        found.append(([list(block) for block in kept((run, 0, "blocks"))], len(list(kept((run, 0, "blocks"))))))
        forget(run)

    for (again, n), run in zip(found, ("roomy", "tight"), strict=True):
        assert len(blocks) == n
        for ours, theirs in zip(again, blocks, strict=True):
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(other, one)
                assert other.dtype == one.dtype
        assert None is kept((run, 0, "blocks"))


def test_tables_that_are_too_much_are_not_kept_at_all():
    keeper = Keeper(("run", 0, "chunks"), 100, spills=False)
    for _ in range(3):
        keeper.add(np.zeros(10))
    keeper.finish()

    assert None is kept(("run", 0, "chunks"))
