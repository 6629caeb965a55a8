"""The contract can be broken: each of these ways is noticed."""

import pytest
from fuzz.completed import Unlike
from fuzz.contract import check
from fuzz.files import MadeUp
from fuzz.options import Asked
from table import oracle_csv

pytestmark = pytest.mark.fuzz

TABLE = b'h,"n",g\r\n' + b"".join(
    b'%d.50,"a ""%d"", b\n",%b\r\n' % (160 + i % 12, i, [b"F", b"M", b""][i % 3]) for i in range(30)
)

MADE_UP = MadeUp(TABLE, TABLE, ".csv", ["h", "n", "g"], 2, [0], [], ["F", "M"], [""], ",", "utf-8", ".", True, 0)

ASKED = Asked("fill", (("-c", "g"), ("--indicator", None), ("-q", None)), "table.csv")

OUTPUT, REPORT = "table.filled.csv", "table.report.json"


ALONE = Asked("fill", (*ASKED.options, ("--no-report", None)), "table.csv")

REFUSALS = (AssertionError, ValueError, Unlike, oracle_csv.Rejected)


@pytest.fixture(scope="module")
def good(world):
    return world.run(MADE_UP, ASKED)


@pytest.fixture(scope="module")
def alone(world):
    """A run without a report, which would notice every change by the hash it holds."""
    return world.run(MADE_UP, ALONE)


def with_file(name, change):
    return lambda run: run._replace(after={**run.after, name: change(run.after.get(name, b""))})


def with_end(**changed):
    return lambda run: run._replace(ended=run.ended._replace(**changed))


BROKEN_BYTES = {
    "a number is written otherwise": with_file(OUTPUT, lambda data: data.replace(b"160.50", b"160.5", 1)),
    "a quote is lost": with_file(OUTPUT, lambda data: data.replace(b'"n"', b"n")),
    "a line end is another": with_file(OUTPUT, lambda data: data.replace(b"\r\n", b"\n", 1)),
    "the last line end is lost": with_file(OUTPUT, lambda data: data[:-2]),
    "a known label has changed": with_file(OUTPUT, lambda data: data.replace(b",F,0", b",M,0", 1)),
    "a label is none of the column": with_file(OUTPUT, lambda data: data.replace(b",F,1", b",X,1").replace(b",M,1", b",X,1")),
    "a cell is still missing": with_file(OUTPUT, lambda data: data.replace(b",F,1", b",,1").replace(b",M,1", b",,1")),
    "an indicator is no number": with_file(OUTPUT, lambda data: data.replace(b",0\r", b",no\r", 1)),
    "a column is missing": with_file(OUTPUT, lambda data: data.replace(b",g_imputed", b"").replace(b",0\r", b"\r").replace(b",1\r", b"\r")),
    "a record is lost": with_file(OUTPUT, lambda data: data[: data.index(b"171.50")]),
    "the file is empty": with_file(OUTPUT, lambda _: b""),
}  # fmt: skip

BROKEN = {
    "the completed file is another than the report says": with_file(OUTPUT, lambda data: data.replace(b",F,1", b",M,1", 1)),
    "the input was written to": with_file("table.csv", lambda data: data + b"\n"),
    "a file is left over": with_file(".em-impute-0123.tmp", lambda _: b""),
    "another file was written": with_file("other.csv", lambda _: b"a"),
    "the report holds NaN": with_file(REPORT, lambda text: text.replace(b'"seed": 0', b'"seed": NaN')),
    "the report lacks a key": with_file(REPORT, lambda text: text.replace(b'"seed": 0,', b"")),
    "the report counts wrongly": with_file(REPORT, lambda text: text.replace(b'"cells": 10', b'"cells": 11')),
    "the report is cut off": with_file(REPORT, lambda text: text[:-3]),
    "a temporary file is left": lambda run: run._replace(litter=["x"]),
    "something is said in spite of -q": with_end(stderr=b"filled 10 of 10\n"),
    "a library warns": with_end(stderr=b"x.py:1: RuntimeWarning: overflow\n"),
    "the exit code is that of a bug": with_end(code=70),
    "a signal ended it": with_end(code=-11),
    "an error has no hint": with_end(code=3, stderr=b"error: x\n"),
    "an error comes with files": with_end(code=3, stderr=b"error: x\nhint: y\n"),
    "a traceback is shown": with_end(code=3, stderr=b"Traceback (most recent call last):\nerror: x\nhint: y\n"),
}  # fmt: skip


def test_a_run_as_it_should_be_is_fine(good):
    check(good)

    assert good.ended.code == 0
    assert good.changed == {OUTPUT, REPORT}


@pytest.mark.parametrize("change", BROKEN_BYTES.values(), ids=BROKEN_BYTES)
def test_a_completed_file_that_is_not_as_it_should_be_is_noticed(alone, change):
    check(alone)
    broken = change(alone)

    assert broken != alone
    with pytest.raises(REFUSALS):
        check(broken)


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_broken_contract_is_noticed(good, change):
    broken = change(good)

    assert broken != good
    with pytest.raises(REFUSALS):
        check(broken)
