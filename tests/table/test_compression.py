"""Compressed bytes are read whole or refused, and written so that any program reads them."""

import errno
import hashlib
import io
import struct
import sys
import zlib
from contextlib import ExitStack

import numpy as np
import pytest
from compressing import FORMATS, skippable_frame
from hypothesis import given
from hypothesis import strategies as st

from em_impute.errors import TableError, UsageError
from em_impute.table.compression import (
    DATA_BYTES,
    compressed,
    compression_of,
    decompressed,
    refuse_unwritable,
    split_name,
)
from em_impute.table.output import check_output, write_atomically
from em_impute.table.patch import splice
from em_impute.table.source import open_source, source_of

ZSTD_MODULE = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"

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
    for bit in np.random.default_rng(0).choice(8 * len(packed), 400, replace=False).tolist():
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        if compression_of(bytes(flipped)) is None:
            continue
        try:
            assert unpacked(bytes(flipped)) == TABLE
        except TableError:
            n_noticed += 1

    assert n_noticed > 300


@every_format
def test_zeros_at_the_end_are_padding_and_anything_else_is_an_error(form):
    packed = form.compress(TABLE)

    assert unpacked(packed + bytes(1000), 7) == TABLE
    with pytest.raises(TableError, match=f"something else follows its {form.name} data") as caught:
        unpacked(packed + b"more text, that is no member")
    assert caught.value.hint


def test_frames_to_be_skipped_are_skipped_wherever_they_stand():
    halves = [FORMATS["zstd"].compress(half) for half in (TABLE[:99], TABLE[99:])]
    packed = skippable_frame(b"first") + halves[0] + skippable_frame(b"") + halves[1] + skippable_frame(bytes(9), 15)

    assert unpacked(packed, 3) == TABLE


def bgzf_block(content):
    """A member as bgzip writes it, with its own size in an extra field (SAM specification, section 4.1)."""
    deflate = zlib.compressobj(wbits=-15)
    packed = deflate.compress(content) + deflate.flush()
    header = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff\x06\x00BC\x02\x00" + struct.pack("<H", len(packed) + 25)
    return header + packed + struct.pack("<II", zlib.crc32(content), len(content))


def test_the_blocks_of_bgzip_are_read_to_its_empty_last_one():
    packed = b"".join(bgzf_block(TABLE[start : start + 100]) for start in range(0, len(TABLE), 100)) + bgzf_block(b"")

    assert unpacked(packed, 50) == unpacked(packed) == TABLE


@pytest.mark.parametrize("name", ["gzip", "bz2", "xz", "zstd"])
def test_few_bytes_that_hold_many_are_given_in_blocks(name):
    zeros = bytes(48 << 20)
    form = FORMATS[name]
    sizes = [len(block) for block in decompressed([form.compress(zeros)], compression_of(form.compress(b"")), "x")]

    assert sum(sizes) == len(zeros)
    assert max(sizes) <= DATA_BYTES


def test_no_more_is_read_once_there_is_enough():
    data = np.random.default_rng(0).bytes(1 << 20)
    packed = FORMATS["gzip"].compress(data)
    blocks = iter([packed[start : start + 1000] for start in range(0, len(packed), 1000)])
    first = b"".join(decompressed(blocks, compression_of(packed), "x", enough=5000))

    assert 5000 <= len(first) < 50_000
    assert data.startswith(first)
    assert len(list(blocks)) > 900


def test_gzip_is_written_without_time_and_name():
    packed = packed_by_us(TABLE, FORMATS["gzip"])

    assert packed[:8] == b"\x1f\x8b\x08\x00" + bytes(4)


@every_format
def test_the_same_data_give_the_same_bytes_however_they_are_cut(form):
    assert len({packed_by_us(TABLE, form, n) for n in (1, 10, 1 << 16)}) == 1


@pytest.mark.parametrize(
    "head", [b"", b"g,x\n", b"BZh9,x\n1,2\n", b"\x1f,x", b"(x,y)", b"PK\x03\x04", b"\xff\xfeg\x00", b"\x04\x22\x4d\x18"]
)
def test_text_and_other_formats_are_not_taken_for_compressed(head):
    assert compression_of(head) is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("heights.csv", ("heights", ".csv")),
        ("heights.csv.gz", ("heights", ".csv.gz")),
        ("a.b.tsv.BZ2", ("a.b", ".tsv.BZ2")),
        ("heights.zst", ("heights", ".zst")),
        ("heights", ("heights", "")),
        (".gz", (".gz", "")),
        (".csv.gz", (".csv", ".gz")),
        ("x.csv.lz4", ("x.csv", ".lz4")),
    ],
)
def test_the_suffix_of_a_compression_goes_with_the_one_before_it(name, parts):
    assert split_name(name) == parts


@every_format
def test_a_source_holds_the_data_and_knows_the_file_they_came_from(form, tmp_path):
    path, other = tmp_path / "x.csv", tmp_path / "y.csv"
    packed = form.compress(TABLE)
    path.write_bytes(packed)
    other.write_bytes(b"other")

    with open_source(path) as source:
        other.replace(path)

        assert source.file.read() == TABLE
        assert (source.size, source.original_size, source.compression) == (len(TABLE), len(packed), form.name)
        assert source.original_sha256 == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.csv is empty"),
        (FORMATS["gzip"].compress(b"g,x\n"), "x.csv is compressed \\(gzip within gzip\\), which is not read"),
        (FORMATS["xz"].compress(b"g,x\n"), "x.csv is compressed \\(xz within gzip\\), which is not read"),
        (b"PK\x03\x04", "looks like Excel"),
        (b"d/".ljust(257, b"\0") + b"ustar", "looks like a tar archive"),
    ],
    ids=["empty", "gzip", "xz", "Excel", "tar"],
)
def test_what_was_compressed_is_looked_at_as_any_file(data, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_bytes(FORMATS["gzip"].compress(data))

    with pytest.raises(TableError, match=message), open_source("x.csv"):
        pass


def test_an_error_of_the_device_is_one_of_the_input():
    class Broken(io.BytesIO):
        def read(self, n_bytes=-1):
            if self.tell() > 100:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(min(n_bytes, 1000))

    packed = FORMATS["bz2"].compress(np.random.default_rng(0).bytes(9000))
    with ExitStack() as resources, pytest.raises(TableError, match=r"x\.csv cannot be read: Input/output error"):
        source_of(Broken(packed), "x.csv", None, resources, is_stream=True)


def test_a_compressed_part_that_was_replaced_between_two_passes_is_noticed(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(FORMATS["gzip"].compress(TABLE))
    with open_source(path) as source:
        sha256 = source.original_sha256
        assert b"".join(splice(source, [], expect_sha256=sha256)) == TABLE
    path.write_bytes(FORMATS["gzip"].compress(TABLE.replace(b"a", b"b")))

    with open_source(path) as source, pytest.raises(TableError, match="changed while it was read"):
        list(splice(source, [], expect_sha256=sha256))


@every_format
def test_a_file_is_compressed_by_its_suffix_or_by_another_one(form, tmp_path):
    path = tmp_path / f"x.csv{form.suffix.upper()}"
    written = write_atomically(path, [TABLE[:50], TABLE[50:]])
    packed = path.read_bytes()
    write_atomically(tmp_path / "x.csv", [TABLE], suffix=form.suffix)
    write_atomically(tmp_path / "plain.gz", [TABLE], suffix="")

    assert form.decompress(packed) == form.decompress((tmp_path / "x.csv").read_bytes()) == TABLE
    assert (written.bytes, written.sha256) == (len(packed), hashlib.sha256(packed).hexdigest())
    assert (tmp_path / "plain.gz").read_bytes() == TABLE


def test_without_zstd_it_is_said_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, ZSTD_MODULE, None)
    path = tmp_path / "x.csv"
    path.write_bytes(FORMATS["zstd"].compress(TABLE))

    with (
        pytest.raises(TableError, match=r"x\.csv cannot be decompressed: zstd is not there") as of_input,
        open_source(path),
    ):
        pass
    with pytest.raises(UsageError, match=r"y\.csv\.zst cannot be written: zstd is not there") as of_output:
        check_output(tmp_path / "y.csv.zst", [], clobber=True)
    assert "pip install 'em-impute[zstd]'" in of_input.value.hint
    assert of_output.value.hint == of_input.value.hint
    refuse_unwritable("y.csv.gz")
