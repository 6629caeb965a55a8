"""Compressed bytes are read whole or refused, and written so that any program reads them."""

import numpy as np
import pytest
from compressing import FORMATS, skippable_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.errors import TableError
from em_impute.table.compression import DATA_BYTES, compressed, compression_of, decompressed
from em_impute.table.patch import splice
from em_impute.table.source import open_source

TABLE = b"id,g,x\n" + b"".join(b"%d,%s,%d\n" % (i, b"ab"[i % 2 :][:1], i * i % 97) for i in range(60))

every_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


def unpacked(packed, block_bytes=1 << 16, enough=None):
    """The data of all members, read in blocks of so many bytes."""
    blocks = (packed[start : start + block_bytes] for start in range(0, len(packed), block_bytes))
    return b"".join(decompressed(blocks, compression_of(packed), "x.csv", enough))


def packed_by_us(data, form, block_bytes=1 << 16):
    blocks = (data[start : start + block_bytes] for start in range(0, len(data), block_bytes))
    return b"".join(compressed(blocks, form.suffix))


@every_format
@settings(max_examples=20)
@given(
    members=st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    padding=st.integers(0, 9),
    block_bytes=st.integers(1, 400),
)
def test_all_members_are_read_one_after_the_other_however_the_bytes_arrive(form, members, padding, block_bytes):
    packed = b"".join(form.compress(member) + bytes(padding) for member in members)

    assert compression_of(packed).name == form.name
    assert unpacked(packed, block_bytes) == b"".join(members)


@every_format
@settings(max_examples=20)
@given(data=st.binary(max_size=2000), block_bytes=st.integers(1, 700))
def test_what_is_written_is_what_the_reference_library_reads(form, data, block_bytes):
    assert form.decompress(packed_by_us(data, form, block_bytes)) == data


@every_format
def test_no_beginning_of_compressed_data_is_taken_for_the_whole(form):
    packed = form.compress(TABLE)
    begins = next(n for n in range(len(packed)) if compression_of(packed[:n]))

    for n_bytes in range(begins, len(packed)):
        with pytest.raises(TableError, match=f"x.csv cannot be decompressed: its {form.name} data end too soon"):
            unpacked(packed[:n_bytes])


@every_format
def test_a_flipped_bit_is_noticed_or_changes_nothing(form):
    packed = packed_by_us(TABLE, form)
    n_noticed = 0
    for bit in np.random.default_rng(0).choice(8 * len(packed), 150, replace=False).tolist():
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        if compression_of(bytes(flipped)) is None:
            continue
        try:
            assert unpacked(bytes(flipped)) == TABLE
        except TableError:
            n_noticed += 1

    assert n_noticed > 110


def test_frames_to_be_skipped_are_skipped_wherever_they_stand():
    halves = [FORMATS["zstd"].compress(half) for half in (TABLE[:99], TABLE[99:])]
    packed = skippable_frame(b"first") + halves[0] + skippable_frame(b"") + halves[1] + skippable_frame(bytes(9), 15)

    assert unpacked(packed, 3) == TABLE


@every_format
def test_few_bytes_that_hold_many_are_given_in_blocks(form):
    zeros = bytes(3 * DATA_BYTES)
    sizes = [len(block) for block in decompressed([form.compress(zeros)], compression_of(form.compress(b"")), "x")]

    assert sum(sizes) == len(zeros)
    assert max(sizes) <= DATA_BYTES


def test_the_same_data_give_the_same_bytes_however_they_are_cut_and_gzip_has_no_time_and_no_name():
    for form in FORMATS.values():
        assert len({packed_by_us(TABLE, form, n) for n in (1, 10, 1 << 16)}) == 1
    assert packed_by_us(TABLE, FORMATS["gzip"])[:8] == b"\x1f\x8b\x08\x00" + bytes(4)


def test_a_compressed_part_that_was_replaced_between_two_passes_is_noticed(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(FORMATS["gzip"].compress(TABLE))
    with open_source(path) as source:
        sha256, _ = source.original
        assert b"".join(splice(source, [], expect_sha256=sha256)) == TABLE
    path.write_bytes(FORMATS["gzip"].compress(TABLE.replace(b"a", b"b")))

    with open_source(path) as source, pytest.raises(TableError, match="changed while it was read"):
        list(splice(source, [], expect_sha256=sha256))
