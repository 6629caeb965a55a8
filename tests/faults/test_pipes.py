"""A reader that leaves: 141, and not a word."""

import os

import pytest
from faulty import FILLED, PLAIN, contents, do, table

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ("--help", {}),
        ("fill --help", {}),
        ("--version", {}),
        ("schema", {}),
        ("fill a.csv -c g -o - -r r.json", {}),
        ("fill a.csv -c g --diff", {}),
        ("fill a.csv -c g -r - -q", {"a.filled.csv": FILLED}),
        ("evaluate long.csv -c g -r - -q", {}),
    ],
)
def test_a_reader_that_has_left_ends_every_command_with_141_and_no_words(tmp_path, arguments, written):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "long.csv").write_bytes(table(60))
    before = contents(tmp_path)
    reading, writing = os.pipe()
    os.close(reading)  # as `| true` may do at any time, here before anything is written
    code, _, said = do(tmp_path, *arguments.split(), "-q" if "fill a" in arguments else "--help", stdout=writing)
    os.close(writing)

    assert (141, b"") == (code, said)
    assert {**before, **written} == contents(tmp_path)
