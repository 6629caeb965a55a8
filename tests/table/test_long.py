"""Versions of a table below one another: every record keeps its bytes, and two numbers stand in front of it."""

import tracemalloc
from collections import deque
from itertools import chain

import numpy as np
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.table.patch import Edits, in_portions, patch_long
from em_impute.table.read import read_table

from .tables import opened


def long_file(data, folder, fills, block_bytes=1 << 20, **options):
    """The file of versions, in each of which the missing cells of the first column get the texts of one of `fills`."""
    with opened(data, folder, **options) as (source, dialect):
        reading = {"explicit": True, "all_lines": True, "block_bytes": block_bytes}
        table = read_table(source, dialect, targets=[0], features=[], **reading)
        target = table.targets[0]
        versions = (
            Edits(target.start[: len(texts)], target.stop[: len(texts)], np.arange(len(texts)), texts)
            for texts in fills
        )
        portions = (portions_of(table, edits, number, block_bytes) for number, edits in enumerate(versions))
        return b"".join(patch_long(source, dialect, portions, expect_sha256=table.sha256))


def portions_of(table, edits, number, block_bytes):
    """A version of the table: the header with two names more, or nothing in its place, and the records."""
    at, separator = table.dialect.header_start, table.dialect.delimiter.encode()
    names = Edits.of_one(at, at, b".imp" + separator + b".id" + separator)
    above = Edits.of_one(0, table.start, b"") if number else names
    return chain([(table.start, above)], in_portions(edits, table.start, table.stop, block_bytes))


NEWLINES = st.sampled_from([b"\n", b"\r\n"])
CELLS = st.sampled_from(
    [b"M", b"F", b'"a ""b"""', b'"x\ny"', b'"x\r\n,y"', b"007", b"5'10\"", b"\xff", b"a\rb", b'""', b""]
)


@few_and_many(40, 2000)
def test_the_versions_are_the_pieces_of_the_file_put_together(examples, tmp_path):
    # Oracle: the same pieces of bytes, joined by Python for each version.
    @settings(deadline=None, derandomize=True, max_examples=examples)
    @given(
        head=st.sampled_from([b"", b"\xef\xbb\xbf", b"sep=,\n", b"\xef\xbb\xbfsep=,\r\n"]),
        header_end=NEWLINES,
        rows=st.lists(st.tuples(st.sampled_from([None, None, b"M", b'"F"']), CELLS, NEWLINES), min_size=1, max_size=9),
        ends_with_newline=st.booleans(),
        blank_lines=st.sampled_from([b"", b"\n", b"\r\n\n"]),
        n_versions=st.integers(1, 4),
        block_bytes=st.sampled_from([1, 7, 30, 1000]),
    )
    def are_put_together(head, header_end, rows, ends_with_newline, blank_lines, n_versions, block_bytes):
        def records(texts, version=None):
            fills = iter(texts)
            for number, (label, other, end) in enumerate(rows, 1):
                bare_end = number == len(rows) and not ends_with_newline
                last_of_all = version in {None, n_versions - 1}
                yield b"" if version is None else b"%d,%d," % (version, number)
                yield (next(fills) if label is None else label) + b"," + other
                yield (b"" if last_of_all else header_end) if bare_end else end

        n_missing = sum(label is None for label, _, _ in rows)
        tail = blank_lines if ends_with_newline else b""
        data = b"".join([head, b"g,h", header_end, *records([b""] * n_missing), tail])
        fills = [[b"%d-%d" % (version, i) for i in range(n_missing)] for version in range(n_versions)]
        expected = [head, b".imp,.id,g,h", header_end]
        for version, texts in enumerate(fills):
            expected += records(texts, version)

        assert long_file(data, tmp_path, fills, block_bytes=block_bytes) == b"".join([*expected, tail])

    are_put_together()


CASES = {
    "an empty cell at the very end": (b"h\n1\n\n", {}, b".imp,.id,h\n0,1,1\n0,2,A\n1,1,1\n1,2,B\n"),
    "title lines and sep=": (
        b"Title\n\nsep=;\ng;h\n;1\n",
        {"skip_lines": 2},
        b"Title\n\nsep=;\n.imp;.id;g;h\n0;1;A;1\n1;1;B;1\n",
    ),
    "a header over two lines": (b'"g\n!",h\n,1\n', {}, b'.imp,.id,"g\n!",h\n0,1,A,1\n1,1,B,1\n'),
    "a delimiter that is a digit": (b"g1h\n1x\n", {"delimiter": "1"}, b'.imp1.id1g1h\n"0"1"1"1A1x\n"1"1"1"1B1x\n'),
    "UTF-16 with title lines": (
        "\ufeffTitle\ng,h\n,é\n".encode("utf-16-be"),
        {"skip_lines": 1},
        "\ufeffTitle\n.imp,.id,g,h\n0,1,A,é\n1,1,B,é\n".encode("utf-16-be"),
    ),
    "EBCDIC": ("g,h\n,a\n".encode("cp037"), {"encoding": "cp037"}, ".imp,.id,g,h\n0,1,A,a\n1,1,B,a\n".encode("cp037")),
}


def test_two_versions_of_awkward_files(tmp_path):
    made = {case: long_file(data, tmp_path, [[b"A"], [b"B"]], **options) for case, (data, options, _) in CASES.items()}

    assert made == {case: expected for case, (_, _, expected) in CASES.items()}


def test_more_versions_take_no_more_memory(tmp_path):
    data = b"g,h\n" + b",12345\n" * 4000
    with opened(data, tmp_path) as (source, dialect):
        table = read_table(source, dialect, targets=[0], features=[], explicit=True)
        target = table.targets[0]

        def peak(n_versions):
            edits = (
                Edits(target.start.copy(), target.stop.copy(), np.zeros(target.row.size, np.intp), [b"M"])
                for _ in range(n_versions)
            )
            versions = (portions_of(table, one, number, 1 << 12) for number, one in enumerate(edits))
            tracemalloc.start()
            blocks = patch_long(source, dialect, versions, expect_sha256=None)
            deque(blocks, maxlen=0)
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return size

        peak(1)  # what is imported and cached on the way
        assert peak(9) < 1.2 * peak(3)
