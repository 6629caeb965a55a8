"""Three readers, one truth: our scanner, Python's csv module (strict and not) and pandas see the same cells.

Where they do not, the last test holds an example of what each of them says.
"""

import csv
import io

import pandas as pd
import pytest
from fuzz.files import made_up_files
from fuzz.settings import N_EXAMPLES, SETTINGS
from hypothesis import given, settings
from hypothesis import strategies as st
from table import oracle_csv
from table.tables import scanned

from em_impute.errors import TableError
from em_impute.options import Request
from em_impute.table.first_record import first_record
from em_impute.table.quotes import QuoteError
from em_impute.table.text import unquoted

pytestmark = pytest.mark.fuzz


def by_us(data, delimiter=","):
    """Give the texts of all cells; None for what we refuse."""
    try:
        first = first_record(data, [delimiter], Request(quote='"'), "latin-1", whole=True)
        spans = scanned(data, len(first.fields), delimiter=delimiter) if first else []
    except (QuoteError, TableError):
        return None
    return [[unquoted(data[start:stop]).decode("latin-1") for start, stop in record] for record in spans]


def by_csv(data, delimiter=",", *, strict=True):
    """Give what the csv module reads; None for what it refuses."""
    try:
        return list(csv.reader(io.StringIO(data.decode("latin-1"), newline=""), delimiter=delimiter, strict=strict))
    except csv.Error:
        return None


def by_pandas(data, delimiter=","):
    """Give what pandas reads, told to leave every text as it is; None for what it refuses."""
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            sep=delimiter,
            encoding="latin-1",
            header=None,
            index_col=False,
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        return None
    return frame.to_numpy().tolist()


def is_read_alike(data, delimiter=","):
    """Tell whether readers agree by what they are: no CR or space stands outside quotes, no line is blank."""
    try:
        records = oracle_csv.read(data, delimiter.encode())
    except oracle_csv.Rejected:
        return True
    cells = [data[start:stop] for record in records for start, stop in record]
    return not any(b"\r" in cell if cell[:1] != b'"' else cell[-1:] != b'"' for cell in cells) and not any(
        len(record) == 1 and not data[slice(*record[0])].strip(oracle_csv.BLANKS) for record in records
    )


def check_alike(data, delimiter=","):
    """What we accept all others read the same; what we refuse is ragged, or broken for the strict csv module too."""
    if not is_read_alike(data, delimiter):
        return
    ours, strictly = by_us(data, delimiter), by_csv(data, delimiter)
    if ours is None:
        assert strictly is None or len({len(record) for record in strictly}) > 1 or b"\r" in data
    elif ours:
        assert ours == strictly
        assert ours == by_csv(data, delimiter, strict=False)
        assert ours == by_pandas(data, delimiter)


@settings(max_examples=max(1, N_EXAMPLES // 2), **SETTINGS)
@given(made=made_up_files())
def test_whole_files_have_the_same_cells_for_all_readers(made):
    transcoded = made.encoding.startswith("utf-16")
    data = made.content.decode(made.encoding, "replace").encode() if transcoded else made.content

    check_alike(data.removeprefix(b"\xef\xbb\xbf"), made.delimiter)


@settings(max_examples=2 * N_EXAMPLES, **SETTINGS)
@given(characters=st.lists(st.sampled_from(b'",\n\ra \0'), min_size=1, max_size=24))
def test_any_characters_that_matter_have_the_same_cells_for_all_readers(characters):
    check_alike(bytes(characters))


LONG = "x" * (csv.field_size_limit() + 1)

REFUSED = None

DIFFERENCES = {
    "a CR alone is text to us, a line end to the others": ("a,b\n1\r2,3\n",
        [["a", "b"], ["1\r2", "3"]], [["a", "b"], ["1"], ["2", "3"]], [["a", "b"], ["1"], ["2", "3"]], [["a", "b"], ["1", ""], ["2", "3"]]),
    "CR CR LF ends a line once to us, twice to the others": ("a,b\n1,2\r\r\n",
        [["a", "b"], ["1", "2\r"]], [["a", "b"], ["1", "2"], []], [["a", "b"], ["1", "2"], []], [["a", "b"], ["1", "2"], ["", ""]]),
    "a CR after a closing quote is text to us, which must not be there": ('a,b\n1,"2"\r',
        REFUSED, [["a", "b"], ["1", "2"]], [["a", "b"], ["1", "2"]], [["a", "b"], ["1", "2"]]),
    "a blank line among several columns is no record of ours, an empty one to the others": ("a,b\n1,2\n\n3,4\n",
        [["a", "b"], ["1", "2"], ["3", "4"]], [["a", "b"], ["1", "2"], [], ["3", "4"]], [["a", "b"], ["1", "2"], [], ["3", "4"]], [["a", "b"], ["1", "2"], ["", ""], ["3", "4"]]),
    "blank lines at the end are no records to us": ("a,b\n1,2\n\n",
        [["a", "b"], ["1", "2"]], [["a", "b"], ["1", "2"], []], [["a", "b"], ["1", "2"], []], [["a", "b"], ["1", "2"], ["", ""]]),
    "a blank line of a single column is an empty cell to us and pandas": ("a\n\nb\n",
        [["a"], [""], ["b"]], [["a"], [], ["b"]], [["a"], [], ["b"]], [["a"], [""], ["b"]]),
    "text after a closing quote is joined to it where nobody is strict": ('a,b\n"x"y,2\n',
        REFUSED, REFUSED, [["a", "b"], ["xy", "2"]], [["a", "b"], ["xy", "2"]]),
    "a space after a closing quote is such text to them alone": ('a,b\n"x" ,2\n',
        [["a", "b"], ["x ", "2"]], REFUSED, [["a", "b"], ["x ", "2"]], [["a", "b"], ["x ", "2"]]),
    "a quote that is never closed swallows the rest where csv is not strict": ('a,b\n"1,2\n3,4\n',
        REFUSED, REFUSED, [["a", "b"], ["1,2\n3,4\n"]], REFUSED),
    "a short record is filled up by pandas": ("a,b\n1\n",
        REFUSED, [["a", "b"], ["1"]], [["a", "b"], ["1"]], [["a", "b"], ["1", ""]]),
    "a long record is a list like any other to csv": ("a,b\n1,2,3\n",
        REFUSED, [["a", "b"], ["1", "2", "3"]], [["a", "b"], ["1", "2", "3"]], REFUSED),
    "a cell of more than 128 KiB is too long for csv": (f"a,b\n{LONG},2\n",
        [["a", "b"], [LONG, "2"]], REFUSED, REFUSED, [["a", "b"], [LONG, "2"]]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "ours", "strict", "lax", "pandas"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_readers_differ_as_it_is_documented(text, ours, strict, lax, pandas):
    data = text.encode()

    assert by_us(data) == ours
    assert by_csv(data) == strict
    assert by_csv(data, strict=False) == lax
    assert by_pandas(data) == pandas
