"""Typical mistakes: what people type first, and the two lines that lead them on."""

import os
import pty
import shlex
import subprocess
import sys

import pytest
from patched import is_two_lines

HEIGHTS = b"name,gender,height\n" + b"".join(
    b"p%d,%s,%d\n" % (i, [b"male", b"female", b""][i % 3], 160 + 15 * (i % 3 == 0) + i % 7) for i in range(60)
)
USAGE, INPUT, OUTPUT = 2, 3, 5

FILES = {
    "heights.csv": HEIGHTS,
    "faithful.csv": b"kind,eruptions\n" + b"".join(b",%d\n" % i for i in range(20)),
    "data.parquet": b"PAR1\x15\x04\x15\x10PAR1",
    "book.xlsx": b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml",
    "rows.json": b'[{"gender": "male", "height": 181}]\n',
    "it's.parquet": b"PAR1\x15\x04\x15\x10PAR1",
}

MISTAKES = [
    # what is typed, the exit code, words of what is wrong, words of what to do
    ("heights.csv -c gender", USAGE, "'heights.csv'", "em-impute fill heights.csv -c gender"),
    ("heights.csv", USAGE, "'heights.csv'", "em-impute fill heights.csv"),
    ("heights.csv fill -c gender", USAGE, "'heights.csv'", "em-impute fill heights.csv -c gender"),
    ("impute heights.csv -c gender", USAGE, "'impute'", "em-impute fill heights.csv -c gender"),
    ("fil heights.csv -c gender", USAGE, "Did you mean 'fill'?", "em-impute fill"),
    ("fill heights.csv gender", USAGE, "no column is named", "em-impute fill heights.csv -c gender"),
    ("fill gender heights.csv", USAGE, "no column is named", "em-impute fill heights.csv -c gender"),
    ("fill heights.csv -c gender -o out.html", USAGE, "the name of another format", "reports are written by -r"),
    ("fill heights.csv", USAGE, "no column is named", "--column"),
    ("explain heights.csv", USAGE, "'-c' / '--column'", "name the column with --column"),
    ("fill heights.csv -c", USAGE, "'-c' requires an argument", "em-impute fill --help"),
    ("fill gender -c heights.csv", INPUT, "gender does not exist", "em-impute fill heights.csv -c gender"),
    ("fill heights.csv -c gender,height", INPUT, "'gender,height'", "-c gender -c height"),
    ("fill heights.csv -c gender -x height,name", INPUT, "'height,name'", "-x height -x name"),
    ("fill heights.csv -c gendre", INPUT, "'gendre'", "did you mean 'gender'?"),
    ("fill heights.csv -column gender", INPUT, "'olumn'", "two hyphens: --column"),
    ("fill heights.csv -c 0", USAGE, "columns count from 1", "1 to 3"),
    ("fill heights.csv -c 9", INPUT, "'9'", "'name', 'gender', 'height'"),
    ("fill heights.csv -c name", 4, "identifier", "name a column of categories"),
    ("fill heights -c gender", INPUT, "heights does not exist", "did you mean heights.csv?"),
    ("fill --file heights.csv -c gender", USAGE, "--file", "name the file without an option"),
    ("fill heights.csv --target gender", USAGE, "--target", "it is --column here"),
    ("fill heights.csv -c gender --features height", USAGE, "--features", "it is --feature here"),
    ("fill heights.csv -c gender --overwrite", USAGE, "--overwrite", "outputs are replaced"),
    ("fill heights.csv -c gender --inplace", USAGE, "--inplace", "did you mean --in-place"),
    ("fill heights.csv -c gender --min-probability 90", USAGE, "--min-probability", "90 % is 0.9"),
    ("fill heights.csv -c gender --min-accuracy 80", USAGE, "--min-accuracy", "80 % is 0.8"),
    ("fill heights.csv -c gender --min-probability 0,9", USAGE, "--min-probability", "takes a point: 0.9"),
    ("evaluate heights.csv -c gender --hide 20", USAGE, "--hide", "20 % is 0.2"),
    ("fill heights.csv -c gender --fail-on S01", USAGE, "'S01'", "--fail-on W08"),
    ("fill heights.csv -c gender -r report.pdf", USAGE, "'report.pdf'", ".json or .md or .html"),
    ("fill heights.csv -c gender -o out/x.csv", OUTPUT, "out does not exist", "create it first"),
    ("fill faithful.csv -c kind --labels short", USAGE, "two or more", "--labels short,long"),
    ("fill data.parquet -c gender", INPUT, "Parquet", """duckdb -c "COPY (FROM 'data.parquet') TO 'data.csv'\""""),
    ("fill book.xlsx -c gender", INPUT, "Excel", """duckdb -c "COPY (FROM 'book.xlsx') TO 'book.csv'\""""),
    ("fill rows.json -c gender", INPUT, "JSON", """duckdb -c "COPY (FROM 'rows.json') TO 'rows.csv'\""""),
    ("""fill "it's.parquet" -c gender""", INPUT, "Parquet", "convert it to CSV first"),
    ("fill heights.csv -c gender --json -o -", USAGE, "standard output can carry", "name a file with -o or -r; --dry-run --json writes"),
    ("fill https://example.org/heights.csv -c gender", INPUT, "not https://example.org/heights.csv", "download it first"),
    ("fill heights.csv -c gender --by height", 4, "'height': it divides the rows", "--as name=text"),
    ("report heights.csv", INPUT, "is not JSON", ".json"),
    ("fit heights.csv -c gender", USAGE, "'fit'", "em-impute fill heights.csv -c gender"),
    ("gender heights.csv -c gender", USAGE, "'gender'", "em-impute fill heights.csv -c gender"),
    ("help", USAGE, "'help'", "em-impute --help"),
    ("version", USAGE, "'version'", "em-impute --version"),
    ("why heights.csv -c gender", USAGE, "'--line'", "--line 2"),
    ("why heights.csv -c gender 16", USAGE, "'--line'", "em-impute why heights.csv -c gender --line 16"),
    ("why heights.csv gender 16", USAGE, "'--line'", "em-impute why heights.csv -c gender --line 16"),
    ("why heights.csv gender --line 16", USAGE, "(gender)", "em-impute why heights.csv -c gender --line 16"),
    ("why heights.csv --line 16", USAGE, "no column is named", "with --column"),
    ("why heights.csv -c gender --line 16,17", USAGE, "'--line'", "--line 16 --line 17"),
    ("why heights.csv -c gender --row 16", USAGE, "--row", "it is --line here"),
    ("why heights.csv -c gender --line 1", INPUT, "line 1", "2 to 61"),
    ("fill heights.csv -c gender --exclude name", USAGE, "--exclude", "--as COLUMN=ignore"),
    ("fill heights.csv -c gender --as height=nummer", USAGE, "'nummer'", "--as height=number"),
    ("fill heights.csv -c gender --as number=height", USAGE, "'height'", "did you mean --as height=number"),
    ("fill heights.csv -c gender --as height", USAGE, "'height'", "--as code=category"),
    ("fill heights.csv -c gender --as name=date", INPUT, "'name'", "leave out --as name=date"),
    ("fill heights.csv -c gender --same-within nam", INPUT, "'nam'", "did you mean 'name'?"),
    ("fill heights.csv -c gender --same-within gender", USAGE, "'gender'", "another column with --same-within"),
    ("fill heights.csv -c gender --quote ;", USAGE, "--quote", "default"),
    ("fill heights.csv -c gender --comment é", USAGE, "--comment", "--comment '#'"),
    ("fill heights.csv -c gender --fail-on W08 W26", INPUT, "W26", "--fail-on W26"),
    ("fill heights.csv -c gender --seed abc", USAGE, "it should be a valid integer", "em-impute fill --help"),
    ("fill heights.csv --all -c gender", USAGE, "--all contradicts --column", "--column"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(("typed", "code", "wrong", "remedy"), MISTAKES, ids=[one[0] for one in MISTAKES])
def test_a_typical_mistake_gets_the_two_lines_that_lead_on(call, folder, typed, code, wrong, remedy):
    before = sorted(folder.rglob("*"))
    ended, output, said = call(*shlex.split(typed))

    assert (code, "") == (ended, output), said
    assert is_two_lines(said)
    error, hint = said.splitlines()
    assert wrong in error
    assert remedy in hint
    assert before == sorted(folder.rglob("*"))


@pytest.mark.parametrize("typed", [one[3] for one in MISTAKES if one[3].startswith("em-impute ") and " -c " in one[3]])
def test_a_command_that_a_hint_gives_works_as_it_stands(call, folder, typed):
    code, _, said = call(*shlex.split(typed)[1:], *(["-qq"] if "fill" in typed else []))

    assert code == (1 if "check" in typed else 0), said


@pytest.mark.parametrize("words", ["fill -c g", "check -c g", "report -o r.md", "fill"])
def test_at_a_terminal_without_a_file_nobody_waits(tmp_path, words):
    ours, theirs = pty.openpty()
    try:
        result = subprocess.run(
            [sys.executable, "-m", "em_impute", *words.split()],
            stdin=theirs, capture_output=True, cwd=tmp_path, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)

    assert (2, b"") == (result.returncode, result.stdout)
    assert is_two_lines(result.stderr)
