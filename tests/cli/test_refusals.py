"""Bad input: two lines on standard error, the right exit code, nothing on standard output, nothing written."""

import subprocess
import sys

import pytest
from patched import refusal

PLAIN = b"g,x\na,1\nb,9\n,1\n"

USAGE, INPUT, FIT, OUTPUT = 2, 3, 4, 5

CASES = [
    # id, content of a.csv, arguments, exit code, words of the message
    ("no label known", b"g,x\n,1\n,9\n,1\n", "fill a.csv -c g", FIT, "--labels"),
    ("one label known", b"g,x\na,1\na,9\n,1\n", "fill a.csv -c g", FIT, "'a'"),
    ("label that no row holds", PLAIN, "fill a.csv -c g --labels a,c", INPUT, "'c'"),
    ("one name in --labels", PLAIN, "fill a.csv -c g --labels a", USAGE, "--labels"),
    ("an identifier as the column", b"g,x\n" + b"".join(b"k%d,%d\n" % (i, i % 7) for i in range(90)) + b",1\n", "fill a.csv -c g", FIT, "identifier"),
    ("no predictor", b"g,t\na,u\nb,v\n,w\n", "fill a.csv -c g", FIT, "'t'"),
    ("constant predictor", b"g,x\na,1\nb,1\n,1\n", "fill a.csv -c g", FIT, "constant"),
    ("text as predictor", b"g,t\na,1\nb,two\n,3\n", "fill a.csv -c g -x t", INPUT, "'two'"),
    ("prose as predictor", b"g,t\n" + b"".join(b"%c,word %d\n" % (97 + i % 2, i) for i in range(60)) + b",\n", "fill a.csv -c g -x t", INPUT, "more than 50 different texts, such as 'word 0' (line 2)"),
    ("constant text as predictor", b"g,t\na,u\nb,u\n,u\n", "fill a.csv -c g -x t", FIT, "constant"),
    ("too large a number", b"g,x\na,1\nb,1e400\n,3\n", "fill a.csv -c g", INPUT, "line 3"),
    ("weights with a blank", b"g,x,w\na,1,1\nb,9,\n,1,1\n", "fill a.csv -c g --weights w", INPUT, "line 3"),
    ("weights of text", b"g,x,w\na,1,1\nb,9,heavy\n,1,1\n", "fill a.csv -c g --weights w", INPUT, "'heavy' on line 3"),
    ("negative weights", b"g,x,w\na,1,1\nb,9,1\n,1,-2\n", "fill a.csv -c g --weights w", INPUT, "-2 on line 4"),
    ("infinite weights", b"g,x,w\na,1,1\nb,9,inf\n,1,1\n", "fill a.csv -c g --weights w", INPUT, "'inf' on line 3"),
    ("all weights 0", b"g,x,w\na,1,0\nb,9,0\n,1,0\n", "fill a.csv -c g --weights w", FIT, "'w'"),
    ("weights of no column", PLAIN, "fill a.csv -c g --weights w", INPUT, "'w'"),
    ("weights are the column", PLAIN, "fill a.csv -c g --weights g", USAGE, "--weights"),
    ("weights are a predictor", PLAIN, "fill a.csv -c g --weights x -x x", USAGE, "--weights"),
    ("groups of no column", PLAIN, "fill a.csv -c g --by site", INPUT, "'site'"),
    ("groups are the column", PLAIN, "fill a.csv -c g --by g", USAGE, "--by"),
    ("groups are a predictor", PLAIN, "fill a.csv -c g --by x -x x", USAGE, "--by"),
    ("groups without names", b"g,x,s\na,1,\nb,9,\n,1,\n", "fill a.csv -c g --by s", INPUT, "'s'"),
    ("too small a group", b"g,x,s\n,1,u\n,9,u\n,2,u\n,1,v\n", "fill a.csv -c g --by s --labels a,b", FIT, "group 'v' of column 's'"),
    ("order by no predictor", b"g,x\n,1\n,9\n,1\n", "fill a.csv -c g --labels a,b --order-by y", INPUT, "'y'"),
    ("probability above 1", PLAIN, "fill a.csv -c g --min-probability 1.5", USAGE, "--min-probability"),
    ("seed no number", PLAIN, "fill a.csv -c g --seed x", USAGE, "--seed"),
    ("no iterations", PLAIN, "fill a.csv -c g --max-iter 0", USAGE, "--max-iter"),
    ("components no number", PLAIN, "fill a.csv -c g --components many", USAGE, "'many'"),
    ("unknown covariance", PLAIN, "fill a.csv -c g --covariance round", USAGE, "round"),
    ("unknown option", PLAIN, "fill a.csv -c g --lables a,b", USAGE, "--lables"),
    ("column not named", PLAIN, "fill a.csv", USAGE, "--column"),
    ("unknown command", PLAIN, "fil a.csv", USAGE, "fil"),
    ("report of unknown kind", PLAIN, "fill a.csv -c g -r a.txt", USAGE, "a.txt"),
    ("report and no report", PLAIN, "fill a.csv -c g -r a.json --no-report", USAGE, "--no-report"),
    ("output is the input", PLAIN, "fill a.csv -c g -o a.csv", USAGE, "input"),
    ("output is the input, other spelling", PLAIN, "fill a.csv -c g -o ./a.csv", USAGE, "input"),
    ("report is the output", PLAIN, "fill a.csv -c g -o b.json -r b.json", USAGE, "same path"),
    ("two things to standard output", PLAIN, "fill a.csv -c g -o - -r -", USAGE, "standard output"),
    ("difference and CSV to standard output", PLAIN, "fill a.csv -c g -o - --diff", USAGE, "standard output"),
    ("output in no folder", PLAIN, "fill a.csv -c g -o nowhere/b.csv", OUTPUT, "nowhere"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "arguments", "code", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_bad_input_gets_two_lines_and_its_exit_code(call, tmp_path, content, arguments, code, words):
    # Files, encodings, records, names and missing marks that are refused stand in tests/cases.
    assert words in " ".join(refusal(call, tmp_path, content, arguments, code))


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_the_output_must_not_be_the_input_by_another_name(run, tmp_path, link):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    getattr(tmp_path / "b.csv", link)(tmp_path / "a.csv")
    result = run("fill", "a.csv", "-c", "g", "-o", "b.csv")

    assert result.returncode == USAGE
    assert (tmp_path / "a.csv").read_bytes() == PLAIN


def test_no_clobber_writes_nothing_when_only_the_report_is_there(run, tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "a.report.json").write_bytes(b"mine")
    result = run("fill", "a.csv", "-c", "g", "--no-clobber")

    assert result.returncode == OUTPUT
    assert not (tmp_path / "a.filled.csv").exists()
    assert (tmp_path / "a.report.json").read_bytes() == b"mine"


def test_a_label_that_looks_like_markup_or_moves_the_cursor_is_shown_literally(run):
    result = run("fill", "-c", "g", "-o", "-", stdin=b"g,x\n[bold]a,1\n\x1b[2Jb,9\n,1\n")

    assert result.returncode == 0
    assert b"[bold]a" in result.stderr
    assert b"\x1b" not in result.stderr


def test_no_arguments_show_the_help_and_fail(run):
    result = run()

    assert result.returncode == USAGE
    assert b"fill" in result.stderr
    assert result.stdout == b""


@pytest.mark.parametrize("arguments", [["--help"], ["fill", "-h"], ["check", "--help"], ["--version"]])
def test_help_needs_neither_numpy_nor_pandas_nor_scipy(tmp_path, arguments):
    blocked = "import sys; sys.modules.update(dict.fromkeys(['numpy', 'pandas', 'scipy']))\n"
    code = f"{blocked}from em_impute.cli import main; main({arguments!r})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=False)

    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout
