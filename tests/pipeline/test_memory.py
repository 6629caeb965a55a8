"""How much memory a table takes, and what is kept in it."""

import numpy as np
import pytest
from parted import cut, records

from em_impute.em.blocks import make_blocks
from em_impute.errors import UsageError, option
from em_impute.options import Request
from em_impute.pipeline.memory import needed_bytes, parse_size
from em_impute.pipeline.parts import CacheWriter, cached, forget


def test_sizes_are_read_and_what_is_none_is_refused():
    sizes = {"300M": 300 << 20, "2G": 2 << 30, "1.5GiB": 3 << 29, "2gb": 2 << 30, "100000000": 100_000_000}

    assert sizes == {text: parse_size(text) for text in sizes}
    for text in ("", "many", "-1G", "10M", "1 000 M", "1E9"):
        with pytest.raises(UsageError, match=option("max_memory")):
            parse_size(text)


def test_the_estimate_grows_with_the_rows(tmp_path):
    (path,) = cut(tmp_path, list(records(4000)), (4000,))
    once = needed_bytes(path, Request(None, ("g",)), 1)
    path.write_bytes(path.read_bytes() + "".join(records(12_000, seed=1)).encode())

    four_times = needed_bytes(path, Request(None, ("g",)), 1)

    base = needed_bytes(cut(tmp_path, list(records(1)), (1,))[0], Request(None, ("g",)), 1)
    assert 3.0 < (four_times - base) / (once - base) < 5.0


def test_blocks_come_back_from_memory_and_from_disk_as_they_were():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    x[::7, 1] = np.nan
    blocks = make_blocks(x, rng.integers(-1, 2, 200), np.ones(200), 2)
    found = []
    for run, room in (("roomy", 1 << 20), ("tight", 100)):
        keeper = CacheWriter((run, 0, "blocks"), room, spills=True)
        for block in blocks:
            keeper.add(block)
        keeper.finish()
        found.append(([list(block) for block in cached((run, 0, "blocks"))], len(list(cached((run, 0, "blocks"))))))
        forget(run)

    for (again, n), run in zip(found, ("roomy", "tight"), strict=True):
        assert len(blocks) == n
        for ours, theirs in zip(again, blocks, strict=True):
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(other, one)
                assert other.dtype == one.dtype
        assert None is cached((run, 0, "blocks"))
