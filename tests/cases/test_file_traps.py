"""The forty ways in which a CSV file is usually damaged or misread, each on a small file, compared byte by byte."""

import gzip
import json

import pytest
from patched import after, assert_filled, before, refusal

USAGE, INPUT, FIT = 2, 3, 4

ONLY_THE_CELLS_CHANGE = {
    # trap -> the file, with {old>new} where a cell is filled; options
    "1 leading zeros": (b"zip,g,x\n02116,a,1\n00501,b,9\n02116,{>a},1\n",),
    "2 whole numbers with a gap": (b"n,g,x\n1,a,1\n,b,9\n3,{>b},9\n7,a,1\n5,b,9\n",),
    "3 the spelling of numbers": (b"n,g,x\n0.10,a,1\n1e5,b,9\n18292498239.824,{>a},1.0\n+1.50,b,9.\n",),
    "4 long identifiers": (b"id,g,x\n10551438040000064,a,1\n10551438040000065,b,9\n10551438040000077,{>a},1\n",),
    "5 NA as a value of another column": (b"country,g,x\nNA,a,1\nDE,b,9\nNA,{>a},1\n",),
    "6 people who are called Null": (b"name,g,x\nNull,a,1\nNone,b,9\nnan,{>a},1\nNaN,b,9\n#N/A,a,1\n",),
    "7 digits that are a text": (b"code,g,x\n0150,a,1\n0151,b,9\n0150,{>a},1\n",),
    "8 everything in quotes": (b'"n","g","x"\n"a","a","1"\n"b","b","9"\n"c","{>a}","1"\n',),
    "8 quotes around the other columns only": (b'"n",g,"x"\n"a",a,"1"\n"b",b,"9"\n"c",{>a},"1"\n',),
    "9 quoted and bare empty cells": (b'n,g,x\n"",a,1\n,b,9\n"",{"">a},1\n,{>b},9\n',),
    "9 quoted empty cells of a column in quotes": (b'n,g,x\n"","a",1\n,"b",9\n"",{"">"a"},1\n,{>"b"},9\n',),
    "10 a line end in a cell": (b'n,g,x\n"a\n,z",a,1\n"a\r\n\r\n""q""",b,9\n"\n",{>a},1\n',),
    "11 a bare CR in a cell": (b"n,g,x\nfoo\rbar,a,1\nz,b,9\nfoo\rbar,{>a},1\n",),
    "11 a label with a CR gets quotes": (b'n,g,x\nz,a\ra,1\nz,b,9\nz,{>"a\ra"},1\n',),
    "12 CRLF": (b"g,x\r\na,1\r\nb,9\r\n{>a},1\r\n",),
    "12 CRLF, the column last": (b"x,g\r\n1,a\r\n9,b\r\n1,{>a}\r\n9,{>b}\r\n",),
    "13 mixed line ends": (b"x,g\r\n1,a\n9,b\r\n1,{>a}\n9,{>b}\r\n",),
    "14 no final line end": (b"x,g\n1,a\n9,b\n1,{>a}",),
    "14 no final line end after CRLF": (b"g,x\r\na,1\r\nb,9\r\n{>a},1",),
    "15 a byte order mark before the column": (b"\xef\xbb\xbfg,x\na,1\nb,9\n{>a},1\n",),
    "15 a byte order mark before a quoted name": (b'\xef\xbb\xbf"g",x\na,1\nb,9\n{>a},1\n',),
    "17 Latin-1 when it is named": (b"g,n,x\n\xe9,Jos\xe9,1\nb,z,9\n{>\xe9},Jos\xe9,1\n", "-e", "latin-1"),
    "18 bytes that are no text in other columns": (b"g,n,x\na,Jos\xe9,1\nb,\xff\xfe,9\n{>a},\xc0\x80,1\n",),
    "19 NUL in another column": (b"g,n,x\na,a\x00b,1\nb,\x00,9\n{>a},z,1\n",),
    "20 commas outnumber the delimiter": (b"g;x;l\na;1;['112', '112']\nb;9;['1', '2', '3']\n{>a};1;['1', '2']\n",),
    "20 commas in quotes outnumber the delimiter": (b'l;g;x\n"1,2,3,4";a;1\n"5,6,7,8";b;9\n"9,0,1,2";{>a};1\n',),
    "22 the line sep= of Excel": (b"sep=;\r\ng;x\r\na;1\r\nb;9\r\n{>a};1\r\n",),
    "22 the line sep= after a byte order mark": (b"\xef\xbb\xbfsep=|\ng|x\na|1\nb|9\n{>a}|1\n",),
    "23 title lines that are skipped": (b"Report; 2024\n\ng,x\na,1\nb,9\n{>a},1\n", "--skip-lines", "2"),
    "26 a delimiter at the end of every row": (b"g,x,\na,1,\nb,9,\n{>a},1,\n",),
    "27 other names that stand twice": (b"g,x,n,n\na,1,u,u\nb,9,v,v\n{>a},1,w,w\n",),
    "28 a name that is empty": (b",g,x\n1,a,1\n2,b,9\n4,{>a},1\n",),
    "29 blank lines at the end": (b"g,x\na,1\nb,9\n{>a},1\n\n\r\n\n",),
    "30 feet and inches": (b"h,g,x\n5'10\",a,1\n6'1\",b,9\n5'10\",{>a},1\n",),
    "31 a cell of a megabyte": (b"n,g,x\n" + b"y" * 1_000_000 + b",a,1\nz,b,9\nz,{>a},1\n", "-x", "x"),
    "31 a quoted cell of a megabyte": (b'n,g,x\n"' + b"y,\n" * 350_000 + b'",a,1\nz,b,9\nz,{>a},1\n', "-x", "x"),
    "33 the decimal comma when it is named": (b"g;x\na;1,5\nb;9,25\n{>a};1,75\n", "--decimal", ","),
    "37 labels that differ by case and space": (b"g,x\nF,1\nM,9\nf,1.5\n F ,20\n{> F },20\n{>M},9\n",),
    "38 a label that is a formula": (b"g,x\n=cmd(),1\n+1,9\n{>=cmd()},1\n",),
    "39 quoted marks are marks": (b'g,x\nm,1\nf,9\n{"NA">m},1\n{NA>f},9\n',),
}  # fmt: skip


@pytest.mark.parametrize("case", ONLY_THE_CELLS_CHANGE.values(), ids=ONLY_THE_CELLS_CHANGE)
def test_only_the_filled_cells_differ(call, tmp_path, case):
    template, *options = case

    assert_filled(call, tmp_path, template, *options)


def test_27_and_28_columns_without_a_name_of_their_own_are_filled_by_number(call, tmp_path):
    assert_filled(call, tmp_path, b"g,x,g\nq,1,a\nr,9,b\ns,1,{>a}\n", column="3")
    (tmp_path / "a.csv").unlink()
    (tmp_path / "a.filled.csv").unlink()
    assert_filled(call, tmp_path, b",x\na,1\nb,9\n{>a},1\n", column="1")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_16_unicode_text_of_excel_is_written_back_as_it_was(call, tmp_path, encoding):
    template = "\ufeffg\tn\tx\r\né\t😀\t1\r\nb\tz\t9\r\n{>é}\tz\t1\r\n".encode()
    (tmp_path / "a.csv").write_bytes(before(template).decode().encode(encoding))
    code, _, _ = call("fill", "a.csv", "-c", "g", "-q", "--no-report")

    assert code == 0
    assert (tmp_path / "a.filled.csv").read_bytes() == after(template).decode().encode(encoding)


REFUSED = {
    # trap -> the file, options, exit code, the message, the hint (or words of it)
    "17 Latin-1 in the column": (
        b"g,x\na,1\n\xe9,9\n,1\n", "", INPUT, "line 3, column 'g': byte 0xE9 is not utf-8",
        "name the file's encoding: -e cp1252 (Windows) or -e latin-1"),
    "17 Latin-1 in a name": (
        b"g,Gr\xf6\xdfe\na,1\n", "", INPUT, "line 1, name of column 2: byte 0xF6 is not utf-8", "-e cp1252"),
    "19 NUL in the column": (b"g,x\na,1\nb\x00,9\n", "", INPUT, "line 3, column 'g': the cell holds a NUL byte", "repair"),
    "19 NUL in a predictor": (b"g,x\na,1\nb,9\x00\n,1\n", "-x x", INPUT, "line 3, column 'x': the cell holds a NUL byte", "repair"),
    "21 another delimiter": (
        b"a;g\nx;1\n", "-d ,", INPUT, "column 'g' is not in a.csv",
        "the only column is 'a;g'; it holds another delimiter: try -d ';'"),
    "23 a title above the header": (
        b"Report 2024\ng,x\na,1\nb,9\n,1\n", "", INPUT, "column 'g' is not in a.csv",
        "the only column is 'Report 2024'; the first line looks like a title above the header: try --skip-lines 1"),
    "23 a title with a delimiter for every column": (
        b"Report 2024,\n,\ng,x\na,1\nb,9\n,1\n", "", INPUT, "column 'g' is not in a.csv",
        "columns are 'Report 2024', ''; the first 2 lines look like a title above the header: try --skip-lines 2"),
    "24 a long row": (b"g,x,y\na,1,2\nb,9,1,5\n,1,1\n", "", INPUT, "line 3 has 4 fields where the header has 3", "in quotes"),
    "24 the first row is the long one": (
        b"g,x,y\na,1,2,3\nb,9,1\n,1,1\n", "", INPUT, "line 2 has 4 fields where the header has 3", "in quotes"),
    "24 ten thousand long rows": (
        b"g,x,y\n" + b"a,1,2,3\n" * 10_000, "", INPUT,
        f"line 2 has 4 fields where the header has 3; {', '.join(f'line {i} has 4' for i in range(3, 7))}, … (10,000 such records in all)",
        "in quotes"),
    "25 a short row": (
        b"g,x,y,z,w\na,1,2,3,4\nb,9,1\n,1,1,1,1\n", "", INPUT, "line 3 has 3 fields where the header has 5", "cut short"),
    "26 a delimiter at the end of the header only": (
        b"g,x,\na,1\nb,9\n", "", INPUT, "line 2 has 2 fields where the header has 3; line 3 has 2 (2 such records in all)", "cut short"),
    "27 the column stands twice": (
        b"g,x,g\na,1,a\n", "", INPUT, "a.csv has 2 columns named 'g': numbers 1, 3", "name the column by its number, for instance 1"),
    "29 a blank line within": (b"g,x\na,1\n\nb,9\n", "", INPUT, "line 3 has 1 field where the header has 2", "delete it"),
    "30 text behind a closing quote": (
        b'h,g,x\n1,a,1\n"abc"d,b,9\n', "", INPUT, "line 3: 'd' follows a closing quote", "a quote is written twice"),
    "30 text behind a quote that opened lines above": (
        b'h,g,x\n1,a,1\n"ab\n\nc"d,b,9\n', "", INPUT, "line 5: 'd' follows a closing quote (the quote opened on line 3)", "twice"),
    "30 and 31 a quote that swallows the file": (
        b'h,g,x\n1,a,1\n"2,b,9\n' + b"3,a,1\n" * 200_000, "", INPUT, "line 3: a quote opens here and is never closed", "close it"),
    "32 quotes behind backslashes": (
        b'n,g,x\n"a \\"b\\" c",a,1\n', "", INPUT, "line 2: 'b' follows a closing quote",
        r'inside a quoted cell a quote is written twice (""), and not \"'),
    "33 the decimal comma": (
        b"g;x\na;1,5\nb;9,25\n;1,75\n", "", INPUT, "column 'x' holds '1,5' on line 2: numbers with a decimal comma", "--decimal ','"),
    "34 thousands, units and percents": (
        b"g,x\n" + b"a,1\nb,9\n" * 5 + b"a,1 234\nb,170cm\n,12%\nb,8 m\n", "-x x", INPUT,
        "column 'x' has 4 cells that are not numbers: '1 234' (line 12), '170cm' (line 13), '12%' (line 14)", "-x"),
    "36 numbers of other grammars": (
        b"g,x\n" + b"a,1\nb,9\n" * 5 + "a,1_000\nb,0x1F\n,١٢\n".encode(), "-x x", INPUT,
        "column 'x' has 3 cells that are not numbers: '1_000' (line 12), '0x1F' (line 13), '١٢' (line 14)", "-x"),
    "36 an infinite number": (b"g,x\na,1\nb,inf\n,1\n", "", INPUT, "column 'x' holds 'inf' on line 3: infinite values fit no model", "-x"),
    "39 NA among codes, quoted or not": (
        b'g,x\nUS,1\nDE,9\n"NA",1\nNA,2\n', "", INPUT,
        "column 'g' holds 'NA' in 2 cells: a missing mark, or a label like 'US', 'DE'?",
        "--null-value 'NA' fills these cells, --keep-value 'NA' keeps it as a label"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "code", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_for_sure_is_refused_with_its_place(call, tmp_path, content, options, code, message, hint):
    error, advice = refusal(call, tmp_path, content, f"fill a.csv -c g {options}", code)

    assert error == f"error: {message}"
    assert hint in advice


def _report(call, folder, content, *options):
    (folder / "a.csv").write_bytes(content)
    code, _, told = call("fill", "a.csv", "-c", "g", "-r", "r.json", *options)

    assert code == 0, told
    return json.loads((folder / "r.json").read_text()), told


def test_9_13_20_and_22_what_was_taken_as_it_is_stands_in_the_report(call, tmp_path):
    content = b'sep=;\ng;x\r\na;1\nb;9\r\n"";1\n;9\n'
    report, _ = _report(call, tmp_path, content)
    said = [(one["action"], one["detail"]) for one in report["log"]]

    assert ("separator line", "a first line sep= was obeyed and kept") in said
    assert ("line ends", "some are LF and some CRLF; each record keeps its own") in said
    assert ("counted as missing", 'both empty cells and quoted ones ("")') in said
    assert report["input"]["delimiter"] == ";"


@pytest.mark.parametrize("content", [b"g;x\na;1\nb;9\n;1\n", b"g;x\r\na;1\r\nb;9\r\n;1", b'g;x\na;1\nb;9\n"";1'])
def test_9_and_13_nothing_is_said_of_files_of_one_kind(call, tmp_path, content):
    report, told = _report(call, tmp_path, content)
    actions = {one["action"]: one["detail"] for one in report["log"]}

    assert actions["delimiter"] == "semicolon, detected"
    assert "semicolon-separated" in told
    assert "line ends" not in actions
    assert actions["counted as missing"] == "'' in 1 cell"


def test_10_the_line_of_a_changed_cell_is_the_physical_one(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b'n,g,x\n"a\nb",a,1\n"c",b,9\n"a\n\nb",,1\nz,,9\n')
    code, said, _ = call("fill", "a.csv", "-c", "g", "-q", "--diff")

    assert (code, [line.split(",")[:4] for line in said.splitlines()[1:]]) == (
        0,
        [["5", "g", "", "a"], ["8", "g", "", "b"]],
    )


def test_4_and_35_identifiers_and_padded_codes_are_no_predictors(call, tmp_path):
    content = b"number,code,g,x\n" + b"".join(
        b"1055143804000%04d,%03d,%s,%d\n"
        % (7 * i % 97, 5 * i % 11, b"ab"[i % 2 : i % 2 + 1] * (i > 3), i % 2 * 9 + i % 5)
        for i in range(40)
    )
    report, _ = _report(call, tmp_path, content)

    assert [one["name"] for one in report["features"]["used"]] == ["x"]
    assert {one["name"]: one["reason"].split(" (")[0] for one in report["features"]["rejected"]} == {
        "number": "identifier",
        "code": "zero-padded code",
    }


def test_36_nan_in_a_predictor_is_a_missing_number(call, tmp_path):
    report, _ = _report(call, tmp_path, b"g,x,y\na,1,1\nb,nan,9\nb,9,9\n,1,1\na,NaN,2\n")

    assert [(one["name"], one["missing"]) for one in report["features"]["used"]] == [("x", 2), ("y", 0)]


def test_37_labels_that_differ_by_case_and_space_are_warned_about(call, tmp_path):
    report, _ = _report(call, tmp_path, b"g,x\nF,1\nM,9\nf,1.5\n F ,20\n,20\n")
    messages = {one["code"]: one["message"] for one in report["warnings"]}

    assert messages["W14"] == "3 labels of 'g' differ only by case, space or accents: ' F ', 'F', 'f'"


def test_29_a_blank_line_of_a_file_of_one_column_is_a_missing_cell(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"g\na\n\nb\n\n")
    code, _, told = call("check", "a.csv", "-c", "g")

    assert code == 1
    assert told.startswith("column      g: 2 known, 2 missing (2 empty)\n")


def test_40_a_compressed_file_is_read_by_its_first_bytes(call, tmp_path):
    # More of it in tests/cli/test_compressed.py.
    template = b"g,x\r\na,1\r\nb,9\r\n{>a},1\r\n"
    (tmp_path / "a.csv").write_bytes(gzip.compress(before(template)))
    code, _, _ = call("fill", "a.csv", "-c", "g", "-q", "--no-report")

    assert (code, (tmp_path / "a.filled.csv").read_bytes()) == (0, after(template))
