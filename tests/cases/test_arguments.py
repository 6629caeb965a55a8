"""The command line: help wherever it is asked for, and words that are no bug whatever they are.

What is no value of an option stands in test_refusals.py.
"""

import pytest

PLAIN = b"g,x\na,1\nb,9\n,1\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "{}",
        "a.csv {}",
        "nothing.csv {} -c x",
        "-qq {}",
        "--lables a {}",
        "{} --lables a",
        "--log-file no/run.log {}",
        "-o {}",
    ],
)
@pytest.mark.parametrize("command", ["fill", "schema"])
def test_who_asks_for_help_gets_it_whatever_else_is_there(call, folder, command, words):
    short, long = (call(command, *words.format(one).split()) for one in ("-h", "--help"))

    assert (0, "") == (short[0], short[2])
    assert f"Usage: em-impute {command} " in short[1]
    assert short == long
    assert ["a.csv"] == [path.name for path in folder.iterdir()]


def test_after_two_hyphens_a_file_may_be_called_as_the_help_is(call, folder):
    (folder / "a.csv").rename(folder / "-h")
    code, output, _ = call("fill", "-c", "g", "-o", "-", "-qq", "--", "-h")

    assert (0, "g,x\na,1\nb,9\na,1\n") == (code, output)
