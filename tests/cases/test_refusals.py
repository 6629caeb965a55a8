"""What is refused: the exit code, two lines on standard error, nothing on standard output, nothing written.

What people type first stands in tests/cli/test_mistakes.py, and more in the whole runs of tests/golden; files that
cannot be read for sure, and columns that cannot be found, in test_refused_files.py; what is no number in the
environment in test_environment.py.
"""

import os
import shlex
import stat

import pytest
from patched import is_two_lines

PLAIN = b"g,x\n" + b"".join(b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 7), 9 * (i % 2) + i % 5) for i in range(40))
PROSE = b"g,t\n" + b"".join(b"%c,word %d\n" % (97 + i % 2, i) for i in range(60)) + b",word\n"

FILES = {
    "a.csv": PLAIN,
    "bad.csv": PLAIN + b"a\n",
    "prose.csv": PROSE,
    "none.csv": b"g,x\n,1\n,9\n,1\n",
    "one.csv": b"g,x\na,1\na,2\na,3\na,5\n,1\n",
    "few.csv": b"g,x\na,1\na,2\nb,9\nb,8\n,1\n",
    "text.csv": b"g,t\n" + b"a,u\n" * 9 + b"b,v\n" * 9 + b",v\n",
    "same.csv": b"g,t\na,u\nb,u\n,u\n",
    "w.csv": b"g,x,blank,heavy,minus,inf,zero\na,1,1,1,1,1,0\nb,9,,heavy,1,inf,0\n,1,1,1,-2,1,0\n",
    "s.csv": b"g,x,s,t\n,1,,u\n,9,,u\n,2,,u\n,1,,v\n",
    "imp.csv": b"g,.imp\na,1\nb,9\n,1\na,2\nb,8\n",
    "narrow.csv": b"x\n1\n",
    "other.csv": PLAIN.replace(b"g,x", b"g,z"),
    "part-0.csv": PLAIN,
    "part-1.csv": PLAIN,
    "em-001.png": PLAIN,
    "a.gif": PLAIN,
    "a.md": b"mine",
    "newer.model": b'{"model_version": 2}',
    "latin.model": b"\xff\xfe{}",
}  # fmt: skip
USAGE, INPUT, FIT, OUTPUT = 2, 3, 4, 5
LONG = "x" * 300

FILL = [
    # options after `fill a.csv -c g`, words of the message; the exit code is 2
    ("--lables a,b", "--lables"),
    ("-c", "-c"),
    ("--tol nan", "--tol"),
    ("--components many", "'many'"),
    (f"--components {'9' * 5000}", "--components"),
    ("--shares fair", "'--shares': 'fair' is not one of 'auto', 'common', 'free'.\nhint: em-impute fill --help\n"),
    ("-e punycode", "'punycode'"),
    ("-o - --diff", "standard output can carry"),
    ("-o b.csv -r - -r /dev/fd/1", "standard output can carry"),
    ("--weights g", "--weights"),
    ("--same-within x --backend serial", "rows of one value may be in parts that are not read together"),
    ("--by g", "--by"),
    ("--as x", "--as takes a column and a kind, not 'x'"),
    ("--as x=numbr", "did you mean --as x=number?"),
    ("--as x=number --as x=text", "--as is given twice for 'x'"),
    ("--as g=category", "column 'g' cannot be both filled and category"),
    ("-x x --as x=ignore", "column 'x' cannot be both a predictor and ignore"),
    ("--imputations 1", "--imputations"),
    ("--imputations 3 -o -", "standard output is one stream and cannot carry 3 files"),
    ("--imputations 3 -o /dev/null", "/dev/null is not a regular file"),
    ("-o b.json", "is the name of another format"),
    ("--in-place -o -", "--in-place contradicts -o"),
    ("--in-place --backup /tmp/x", "--backup"),
    ("--in-place --backup .json -r a.csv.json", "same path"),
    ("-o symbolic.csv", "is the input"),
    ("-o hard.csv", "is the input"),
    ("--backend serial -o hard.csv", "is the input"),
    ("--save-model a.csv", "is the input"),
    ("--save-model x.json -r x.json", "same path"),
    ("--seed x --log-file a.csv", "the log"),
    ("--log-file -", "--log-file takes a file"),
    ("--log-file hard.csv", "the log"),
    ("--log-file a.report.json", "the log"),
    ("--in-place --backup .bak --log-file a.csv.bak", "the log"),
]  # fmt: skip

OF_A_MODEL = [
    # options after `fill a.csv --model m.model`, words; the exit code is 2
    *((option, f"{option.split()[0]} contradicts --model") for option in (
        "-x x", "--as x=text", "--same-within x", "--labels a,b", "--order-by x", "--single", "--shares free", "--tol 1", "--imputations 3", "--long",
    )),
    ("--save-model n.json", "would save the same model"),
    ("--log-file m.model", "the log"),
]  # fmt: skip

OF_EACH = [
    # what follows `fill --each part-0.csv part-1.csv -c g`, words; the exit code is 2
    *((option, f"{option.removesuffix(' r.json').removesuffix(' dask').removesuffix(' a:1')} contradicts --each") for option in (
        "--save-model r.json", "--diff", "-o -", "-r r.json", "--backend dask", "--scheduler a:1",
    )),
    ("-", "standard input is not a file"),
    ("there/part-0.csv -o out", "out/part-0.csv, for there/part-0.csv, is also that of another file"),
    ("part-0.filled.csv", "part-0.filled.csv, for part-0.csv, is also"),
    ("--in-place --backup .bak part-0.csv.bak", "part-0.csv.bak, for part-0.csv, is also"),
    ("part-0.csv", "named twice"),
    ("pipe", "pipe is not a regular file"),
    ("-o .", "is the input"),
    ("--long", "--imputations M"),
    ("--log-file part-1.report.json", "the log"),
    ("--workers 0", "--workers"),
]  # fmt: skip

EVERYTHING = [
    # command line, exit code, words of the message
    *((f"fill a.csv -c g {options}", USAGE, words) for options, words in FILL),
    *((f"fill a.csv --model m.model {options}", USAGE, words) for options, words in OF_A_MODEL),
    *((f"fill --each part-0.csv part-1.csv -c g {options}", USAGE, words) for options, words in OF_EACH),
    ("fill --each part-0.csv --model no.json", INPUT, "cannot read the model no.json"),
    ("fill '' -c g", USAGE, "empty path"),
    ("fill a.csv --model=", USAGE, "--model takes the path of a file"),
    ("fill b.2.csv -c g --imputations 3 -o b.csv", USAGE, "is the input"),
    ("fill - -c g --in-place", USAGE, "standard input"),
    ("fill pipe -c g --in-place", USAGE, "regular file"),
    ("fill part-0.csv - -c g", USAGE, "standard input cannot be one of several"),
    ("fill part-?.csv -c g -o -", USAGE, "-o - cannot be used here: standard output can carry one table"),
    ("fill part-?.csv -c g --imputations 3 --long", USAGE, "--long cannot be used here"),
    ("fill - -c g --backend dask", USAGE, "cannot write to standard output"),
    ("fill - -c g --scheduler tcp://127.0.0.1:1", USAGE, "its workers cannot read standard input"),
    ("fill part-0.csv -c g --backend serial --in-place", USAGE, "--in-place cannot be used here"),
    ("fill part-?.csv -c g --weights nothing", INPUT, "nothing"),
    ("fill a.csv -c g --as y=number", INPUT, "y"),
    ("fill a.csv -c g --as x=date", INPUT, "column 'x' is no date: '0' (line 2)"),
    ("fill part-?.csv -c g -o .", USAGE, "is the input"),
    ("fill part-?.csv -c g --log-file em-impute.report.json", USAGE, "the log"),
    ("fill part-0.csv there/part-0.csv -c g -o out", USAGE, "two parts would be written"),
    ("fill a.csv --all --model m.model", USAGE, "--all contradicts --model"),
    ("fill part-?.csv --all", USAGE, "--all cannot be used here"),
    ("evaluate a.csv -c g --repeats 0", USAGE, "--repeats"),
    ("evaluate a.csv -c g --hide nan", USAGE, "between 0 and 1, not nan"),
    ("evaluate a.csv -c g --hide 0", USAGE, "between 0 and 1, not 0"),
    ("evaluate a.csv -c g --hide 1", USAGE, "between 0 and 1, not 1"),
    ("evaluate a.csv -c g --hide-label a=0.1 --hide-label a=0.2", USAGE, "twice"),
    ("evaluate a.csv -c g --how random --hide-label a=0.1", USAGE, "--how random"),
    ("evaluate a.csv -c g -r e.json --log-file e.json", USAGE, "the log"),
    (f"explain a.csv -c g --steps {'9' * 5000}", USAGE, "--steps"),
    ("explain a.csv -c g -c x", USAGE, "one column"),
    ("explain a.gif -c g --animate a.gif", USAGE, "is the input"),
    ("why a.csv -c g --line 0", USAGE, "--line 2 is the first row"),
    ("why a.csv -c g -c x --line 2", USAGE, "one column"),
    ("why a.csv --model m.model --line 2 --single", USAGE, "--single contradicts --model"),
    ("report r.saved -o x.md --log-file x.md", USAGE, "the log"),
    ("report -", USAGE, "name a file with -o"),
    (f"fill {LONG}.csv -c g", INPUT, "xxx"),
    ("fill bad.csv -c g", INPUT, "line 42 has 1 field"),
    ("fill a.csv -c g --labels a,c", INPUT, "'c'"),
    ("fill prose.csv -c g -x t --covariance full", INPUT, "more than 50 different texts, such as 'word 0' (line 2)"),
    ("fill w.csv -c g --weights blank", INPUT, "line 3"),
    ("fill w.csv -c g --weights minus", INPUT, "-2 on line 4"),
    ("fill imp.csv -c g --imputations 2 --long --dry-run", INPUT, "'.imp'"),
    ("fill none-?.csv -c g", INPUT, "no file is called none-?.csv"),
    ("fill part-?.csv narrow.csv -c g", INPUT, "does not look like part-0.csv: it has 1 column"),
    ("fill part-?.csv other.csv -c g", INPUT, "other.csv does not look like part-0.csv: its column 2 is 'z', not 'x'"),
    ("fill part-?.csv bad.csv -c g", INPUT, "bad.csv: line 42 has 1 field"),
    ("fill a.csv --model newer.model", INPUT, "its model_version is 2, this em-impute reads 1 and older"),
    ("fill a.csv --model latin.model", INPUT, "it is not UTF-8"),
    ("fill a.csv --model m.model -c x", INPUT, "the model m.model does not fill column 'x'"),
    ("fill a.csv --model m.model --delta men=9", INPUT, "'men'"),
    ("why a.csv -c g --line 42", INPUT, "line 42"),
    ("why a.csv -c h --line 2", INPUT, "'h'"),
    ("why one.csv -c g --line 2", FIT, "no other label"),
    ("explain text.csv -c g -x t", INPUT, "'t'"),
    ("explain s.csv -c g --labels a,b --order-by t", INPUT, "--order-by"),
    ("fill same.csv -c g -x t", FIT, "constant"),
    ("fill w.csv -c g --weights zero", FIT, "'zero'"),
    ("fill s.csv -c g --by t --labels a,b", FIT, "group 'v' of column 't'"),
    ("evaluate few.csv -c g", FIT, "too few"),
    ("explain none.csv -c g --components auto", FIT, "--components 2"),
    (f"fill a.csv -c g -o {LONG}.csv", OUTPUT, "xxx"),
    ("fill part-?.csv -c g -o a.csv.bak/x", OUTPUT, "cannot write a.csv.bak/x"),
    ("fill a.csv -c g -o there/loop.csv --no-report", OUTPUT, "cannot write there/loop.csv: "),
    ("fill a.csv -c g -o a.csv.bak --no-report --no-clobber", OUTPUT, "a.csv.bak exists already"),
    ("fill a.csv -c g --in-place --backup .bak --no-report --no-clobber", OUTPUT, "a.csv.bak exists already"),
    ("fill a.csv -c g --imputations 3 -o b.csv --no-report --no-clobber", OUTPUT, "b.2.csv exists already"),
    ("fill a.csv -c g --save-model m.model --no-report --no-clobber", OUTPUT, "m.model exists already"),
    ("fill a.csv -c g --in-place --backup .dir", OUTPUT, "directory"),
    ("fill a.csv -c g --in-place --backup .pipe", OUTPUT, "not a regular file"),
    (f"fill a.csv -c g --in-place --backup {LONG}", OUTPUT, "xxx"),
    ("check a.csv -c g --log-file no/run.log", OUTPUT, "cannot write the log no/run.log"),
    ("check a.csv -c g --log-file pipe", OUTPUT, "cannot write the log pipe: nobody reads this pipe"),
    ("report r.saved -o b.md -o a.md --no-clobber", OUTPUT, "a.md exists already"),
]  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory, program):
    """A report and two models, as `fill` saves them."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "a.csv").write_bytes(PLAIN)
    for words in ("-r r.json --save-model m.model", "--no-report --shares free --save-model free.model"):
        command = ["fill", "a.csv", "-c", "g", "-o", "b.csv", "-qq", *words.split()]
        assert program(False).run(command, folder, None, os.environ).code == 0
    (folder / "r.json").rename(folder / "r.saved")  # not .json, or each test would look into it
    return {name: (folder / name).read_bytes() for name in ("r.saved", "m.model", "free.model")}


@pytest.fixture
def folder(tmp_path, saved):
    """Everything that the commands name, under several names and of several kinds."""
    for name, content in {**FILES, **saved, "a.csv.bak": b"older", "b.2.csv": PLAIN}.items():
        (tmp_path / name).write_bytes(content)
    for suffix in ("csv", "json"):
        (tmp_path / f"symbolic.{suffix}").symlink_to("a.csv")
        (tmp_path / f"hard.{suffix}").hardlink_to(tmp_path / "a.csv")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "there" / "part-0.csv").write_bytes(PLAIN)
    (tmp_path / "here").symlink_to("there")
    (tmp_path / "a.csv.dir").mkdir()
    for name in ("pipe", "a.csv.pipe"):
        os.mkfifo(tmp_path / name)
    return tmp_path


def snapshot(folder):
    """What is there, its kind and its bytes."""
    return {
        str(path.relative_to(folder)): (stat.S_IFMT(path.lstat().st_mode), path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


def wrong(call, folder, before, command, code, words):
    """Say what is not as it should be; nothing where all is."""
    ended, output, said = call(*shlex.split(command.format(folder)))
    if (code, "") != (ended, output) or not is_two_lines(said) or words not in said:
        return f"{command}: {words!r} and {code} were expected, not {ended}: {said}{output}"
    return "" if before == snapshot(folder) else f"{command}: something was written"


def kind(row):
    """Give what tests are divided by: the command and the exit code."""
    command, code, _ = row
    return f"{command.split(maxsplit=1)[0]} ends with {code}"


@pytest.mark.pictures
@pytest.mark.parametrize("which", dict.fromkeys(map(kind, EVERYTHING)))
def test_what_is_refused_gets_two_lines_and_its_exit_code_and_touches_nothing(call, folder, which):
    before = snapshot(folder)
    rows = [row for row in EVERYTHING if kind(row) == which]

    assert [] == [said for row in rows if (said := wrong(call, folder, before, *row))]
