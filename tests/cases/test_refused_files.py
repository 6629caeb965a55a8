"""What stands where a table or its column was expected, or cannot be read for sure: refused with its place and a remedy."""

import gzip

import pytest
from patched import refusal

USAGE, INPUT, FIT = 2, 3, 4
PLAIN = b"g,x\na,1\nb,9\n,1\n"
ONLY_COLUMN = "column 'g' is not in a.csv"

REFUSED = {
    # what is wrong -> the file, options beside `-c g` or with another column, exit code, the message, words of the hint
    "nothing": (b"", "", INPUT, "a.csv is empty", "header"),
    "a byte order mark and line ends": (b"\xef\xbb\xbf\r\n\r\n", "", INPUT, "a.csv is empty", "header"),
    "a header only": (b"g,x\n", "", FIT, "a.csv has a header but no rows to learn from", "add rows"),
    "Excel": (b"PK\x03\x04\x14\x00\x06\x00", "", INPUT, "a.csv looks like Excel (or another zip file), not CSV", "make it one: duckdb"),
    "Parquet": (b"PAR1\x15\x04\x15\x10", "", INPUT, "a.csv looks like Parquet, not CSV", "make it one: duckdb"),
    "R, compressed as R does": (gzip.compress(b"RDX3\nX\n\x00\x00"), "", INPUT, "a.csv looks like a workspace of R, not CSV", "export"),
    "JSON": (b'{"g": "a", "x": 1}\n', "", INPUT, "a.csv looks like JSON, not CSV", "make it one: duckdb"),
    "no text": (bytes(range(128, 256)) + bytes(range(1, 128)), "", INPUT, "a.csv is not text", "export it as CSV first"),
    "codes whose names stand twice": (
        b"c,g,c\n1,x,5\n2,,6\n3,y,7\n", "", FIT, "'c (column 1)': identifier", "add --as 1=text"),
    "the page of a login": (b"\n<!DOCTYPE html>\n<title>Sign in</title>", "", INPUT, "a.csv looks like a web page, not CSV", "see what it says"),
    "a pointer of Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n", "", INPUT, "a.csv is a pointer of Git LFS", "git lfs pull"),
    "a piece of gzip": (b"\x1f\x8b\x08\x00abc", "", INPUT, "cannot be decompressed", ""),
    "Latin-1 in the column": (
        b"g,x\na,1\n\xe9,9\n,1\n", "", INPUT, "line 3, column 'g': byte 0xE9 is not utf-8",
        "name the file's encoding: -e cp1252 (Windows) or -e latin-1"),
    "Latin-1 in a name": (
        b"g,Gr\xf6\xdfe\na,1\n", "", INPUT, "line 1, name of column 2: byte 0xF6 is not utf-8", "-e cp1252"),
    "NUL in the column": (b"g,x\na,1\nb\x00,9\n", "", INPUT, "line 3, column 'g': the cell holds a NUL byte", "repair"),
    "another delimiter": (
        b"a;g\nx;1\n", "-d ,", INPUT, "column 'g' is not in a.csv",
        "the only column is 'a;g'; it is there with -d ';'"),
    "ten thousand long rows": (
        b"g,x,y\n" + b"a,1,2,3\n" * 10_000, "", INPUT,
        f"line 2 has 4 fields where the header has 3; {', '.join(f'line {i} has 4' for i in range(3, 7))}, … (10,000 such records in all)",
        "in quotes"),
    "no name for the first column, as R leaves it": (
        b"g,x\n1,a,1\n2,b,9\n3,,1\n", "", INPUT, "line 2 has 3 fields where the header has 2; line 3 has 3, line 4 has 3",
        "if the header lacks the name of a column, add it there"),
    "a short row": (
        b"g,x,y,z,w\na,1,2,3,4\nb,9,1\n,1,1,1,1\n", "", INPUT, "line 3 has 3 fields where the header has 5", "cut short"),
    "text behind a closing quote": (
        b'"h",g,x\n1,a,1\n"abc"d,b,9\n', "", INPUT, "line 3, column 'h': 'd' follows a closing quote", "twice"),
    "a quote that swallows the file": (
        b'h,g,x\n1,a,1\n"2,b,9\n' + b"3,a,1\n" * 200_000, "", INPUT, "line 3, column 'h': a quote opens here and is never closed", "try --quote none, or close it"),
    "quotes behind backslashes": (
        b'n,g,x\n"a \\"b\\" c",a,1\n', "", INPUT, "line 2, column 'n': 'b' follows a closing quote",
        r'write a quote inside a quoted cell twice (""), and not \"'),
    "numbers of other grammars": (
        b"g,x\n" + b"a,1\nb,9\n" * 5 + "a,1_000\nb,0x1F\n,١٢\n".encode(), "-x x", INPUT,
        "column 'x' has 3 cells that are not numbers: '1_000' (line 12), '0x1F' (line 13), '١٢' (line 14)", "-x"),
    "an infinite number": (b"g,x\na,1\nb,inf\n,1\n", "", INPUT, "column 'x' holds 'inf' on line 3: infinite values fit no model", "-x"),
    "NA among codes, quoted or not": (
        b'g,x\nUS,1\nDE,9\n"NA",1\nNA,2\n', "", INPUT,
        "column 'g' holds 'NA' in 2 cells: a missing mark, or a label like 'US', 'DE'?",
        "--null-value 'NA' fills these cells, --keep-value 'NA' keeps it as a label"),
    "old Mac, but for the last line end": (
        b"g,x\ra,1\rb,9\r,1\n", "", INPUT,
        "a.csv has a CR in line 1 that no quotes surround: are its lines to end there?", r"tr '\r' '\n'"),
    "old Mac below a header of today": (
        b"g,x\na,1\rb,9\r,1\r", "", INPUT, "line 2 has 4 fields where the header has 2", "in quotes"),
    "CR CR LF": (
        b"g,x\r\r\na,1\r\r\n", "", INPUT,
        "line 1 of a.csv ends with CR CR LF, which a program made of CR LF", r"tr -d '\r'"),
    "a long row below a title": (
        b"T\n\ng,x\na,1\nb,9,9\n", "--skip-lines 2", INPUT, "line 5 has 3 fields where the header has 2", "in quotes"),
    "cells divided by spaces": (
        b"g   x\na   1\n", "", INPUT, ONLY_COLUMN, "the only column is 'g   x'; it is there with -d ' '"),
    "a delimiter of two characters": (
        PLAIN, "-d ab", USAGE, "the delimiter 'ab' is not one ASCII character other than a quote or a line end", "-d tab"),
    "three lines of title": (
        b"Report\nFrom: x; y\n\ng,x\na,1\nb,9\n,1\n", "", INPUT, ONLY_COLUMN,
        "it is there with --skip-lines 3"),
    "more lines to skip than there are": (
        PLAIN, "--skip-lines 99", INPUT, "a.csv has only 4 lines, so 99 cannot be skipped", "smaller --skip-lines"),
    "an encoding that does not exist": (b"g,x\n", "-e nonsense", USAGE, "no text encoding is called 'nonsense'", "utf-8"),
    "a byte that Windows does not have": (
        b"g,x\na,1\n\x81,1\n", "-e cp1252", INPUT, "line 3, column 'g': byte 0x81 is not cp1252", "-e latin-1"),
    "a line end in a name is counted": (
        b'g,"x\ny",\xe9\n', "", INPUT, "line 2, name of column 3: byte 0xE9 is not utf-8", "-e cp1252"),
    "UTF-16 BE without a mark": (
        "g,x\na,1\n".encode("utf-16-be"), "", INPUT, "a.csv is full of NUL bytes: UTF-16 without BOM?", "try -e utf-16-be"),
    "UTF-8 that is called UTF-16": (
        b"g,x\na,1\nb,9\n", "-e utf-16", INPUT,
        "a.csv is not utf-16-le: it holds no NUL byte, so no comma and no line end in it", "leave out -e"),
    "every label is named missing": (
        b"g,x\na,1\nb,9\n,1\n", ["--null-value", "a", "--null-value", "b"], FIT, "no label is known in column 'g'", "--labels"),
    "a mark of databases among labels like it": (
        b"g,x\n\\A,1\n\\B,9\n\\N,1\n\\N,9\n", "", INPUT,
        r"column 'g' holds '\\N' in 2 cells: a missing mark, or a label like '\\A', '\\B'?",
        r"--null-value '\N' fills these cells, --keep-value '\N' keeps it as a label"),
    "one label of many that looks like a mark": (
        b"g,x\n" + b"".join(b"A%c,%d\n" % (65 + i, i) for i in range(26)) * 3 + b"NA,1\n", [], INPUT,
        "column 'g' holds 'NA' in 1 cell: a missing mark, or a label like 'AA', 'AB', 'AC', 'AD', 'AE' and 21 more?", "'NA'"),
    "case and outer spaces in the header": (
        b"id,  Gender ,height\n1,m,180\n", "-c gender", INPUT, "column 'gender' is not in a.csv",
        "columns are 'id', '  Gender ', 'height' — did you mean '  Gender '?"),
    "a space behind each comma": (
        b"id, gender, height\n1, m, 180\n2, f, 160\n", "-c gender", INPUT, "column 'gender' is not in a.csv",
        "columns are 'id', ' gender', ' height' — did you mean ' gender'?"),
    "a name of five thousand characters in the header": (
        b"g" * 5000 + b",x\n1,2\n", "-c h", INPUT, "column 'h' is not in a.csv", f"columns are '{'g' * 39}…', 'x'"),
    "a name that stands twice": (
        b"g,x,g\na,1,a\n", "", INPUT, "a.csv has 2 columns named 'g': numbers 1, 3", "by its number, for instance 1"),
    "a name without headers": (
        PLAIN, "-n", USAGE, "column 'g' cannot be found by name in a file without headers",
        "give its number, 1 to 2, or leave out --no-headers"),
    "a number in other digits": (PLAIN, "-c \u0661", INPUT, "column '\u0661' is not in a.csv", "columns are 'g', 'x'"),
    "one column by name and number": (PLAIN, "-c g -c 1", USAGE, "a column is named twice with -c", "name each column once"),
    "--indicator twice": (
        b"g,x,g_imputed\na,1,0\nb,9,0\n,1,0\n", "--indicator", INPUT,
        "a column named 'g_imputed' is already in a.csv", "rename it, or leave out the option that would add it again"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "code", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_or_cannot_be_read_for_sure_is_refused_with_its_place(
    call, tmp_path, content, options, code, message, hint
):
    options = options.split() if isinstance(options, str) else options
    column = [] if "-c" in options else ["-c", "g"]
    error, advice = refusal(call, tmp_path, content, ["fill", "a.csv", *column, *options], code)

    assert message in error
    assert hint in advice


MISSING = {
    "a similar name is there": ("fill A.cvs -c g", "A.cvs does not exist", "did you mean a.csv?"),
    "no similar name is there": ("fill table.txt -c g", "table.txt does not exist", "check the path"),
    "a folder": ("fill . -c g", ". is a directory", "name the CSV file in it"),
    "a path with an escape": (["fill", "b\x1b\n.csv", "-c", "g"], r"'b\x1b\n.csv' does not exist", ""),
    "a very long path": (["fill", "d/" * 2000 + "x.csv", "-c", "g"], "…", ""),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message", "hint"), MISSING.values(), ids=MISSING)
def test_a_path_where_no_file_can_be_read_is_named(call, tmp_path, arguments, message, hint):
    error, advice = refusal(call, tmp_path, PLAIN, arguments, INPUT)

    assert message in error
    assert len(error) < 300
    assert hint in advice


@pytest.mark.parametrize("options", [(), ("--max-memory", "100M")])
def test_an_empty_standard_input_is_named(run, options):
    result = run("fill", "-c", "g", *options, stdin=b"")

    assert (result.returncode, result.stdout) == (INPUT, b"")
    assert result.stderr.startswith(b"error: standard input is empty\nhint: ")
