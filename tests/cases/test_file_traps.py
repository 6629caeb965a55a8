"""The ways in which a CSV file is usually damaged or misread, each on a small file, compared byte by byte.

What is refused stands in test_refused_files.py.
"""

import json

import pytest
from patched import after, assert_filled, before

TEMPLATE = b"g,x\na,1\nb,9\n{>a},1\n"
PLAIN, FILLED = before(TEMPLATE), after(TEMPLATE)

KEPT = {
    # trap -> the file, with {old>new} where a cell of column g is filled; options
    "leading zeros": (b"zip,g,x\n02116,a,1\n00501,b,9\n02116,{>a},1\n",),
    "whole numbers with a gap": (b"n,g,x\n1,a,1\n,b,9\n3,{>b},9\n7,a,1\n5,b,9\n",),
    "the spelling of numbers": (b"n,g,x\n0.10,a,1\n1e5,b,9\n18292498239.824,{>a},1.0\n+1.50,b,9.\n",),
    "long identifiers": (b"id,g,x\n10551438040000064,a,1\n10551438040000065,b,9\n10551438040000077,{>a},1\n",),
    "NA as a value of another column": (b"country,g,x\nNA,a,1\nDE,b,9\nNA,{>a},1\n",),
    "people who are called Null": (b"name,g,x\nNull,a,1\nNone,b,9\nnan,{>a},1\nNaN,b,9\n#N/A,a,1\n",),
    "everything in quotes": (b'"n","g","x"\n"a","a","1"\n"b","b","9"\n"c","{>a}","1"\n',),
    "quoted empty cells of a column in quotes": (b'n,g,x\n"","a",1\n,"b",9\n"",{"">"a"},1\n,{>"b"},9\n',),
    "a line end in a cell": (b'n,g,x\n"a\n,z",a,1\n"a\r\n\r\n""q""",b,9\n"\n",{>a},1\n',),
    "a label with a CR gets quotes": (b'n,g,x\nz,a\ra,1\nz,b,9\nz,{>"a\ra"},1\n',),
    "CRLF": (b"g,x\r\na,1\r\nb,9\r\n{>a},1\r\n",),
    "no final line end": (b"x,g\n1,a\n9,b\n1,{>a}",),
    "a byte order mark before the column": (b"\xef\xbb\xbfg,x\na,1\nb,9\n{>a},1\n",),
    "Latin-1 when it is named": (b"g,n,x\n\xe9,Jos\xe9,1\nb,z,9\n{>\xe9},Jos\xe9,1\n", "-e", "latin-1"),
    "Shift JIS, of which a byte is a backslash": ("g,n,x\na,ソ,1\nb,ソ,9\n{>a},ソ,1\n".encode("shift_jis"), "-e", "shift_jis"),
    "NUL in another column": (b"g,n,x\na,a\x00b,1\nb,\x00,9\n{>a},z,1\n",),
    "commas in quotes outnumber the delimiter": (b'l;g;x\n"1,2,3,4";a;1\n"5,6,7,8";b;9\n"9,0,1,2";{>a};1\n',),
    "the line sep= of Excel": (b"sep=;\r\ng;x\r\na;1\r\nb;9\r\n{>a};1\r\n",),
    "the line sep= after a byte order mark": (b"\xef\xbb\xbfsep=|\ng|x\na|1\nb|9\n{>a}|1\n",),
    "title lines that are skipped": (b"Report; 2024\n\ng,x\na,1\nb,9\n{>a},1\n", "--skip-lines", "2"),
    "feet and inches": (b"h,g,x\n5'10\",a,1\n6'1\",b,9\n5'10\",{>a},1\n",),
    "a quoted cell of a megabyte": (b'n,g,x\n"' + b"y,\n" * 350_000 + b'",a,1\nz,b,9\nz,{>a},1\n', "-x", "x"),
    "the decimal comma": (b"g;x\na;1,5\nb;9,25\n{>a};1,75\n",),
    "labels that differ by case and space": (b"g,x\nF,1\nM,9\nf,1.5\n F ,20\n{> F },20\n{>M},9\n",),
    "a label that is a formula": (b"g,x\n=cmd(),1\n+1,9\n{>=cmd()},1\n",),
    "quoted marks are marks": (b'g,x\nm,1\nf,9\n{"NA">m},1\n{NA>f},9\n',),
    "every other cell quoted in every way": (
        b'n,g,x\n"a,b",a,1\n"a\r\nb",b,9\n"say ""hi""",{>a},1\n"""",{>b},9\n"",a,1\n" ",b,9\n',),
    "CRLF with line ends of both kinds in cells": (b'n,g,x\r\n"a\nb",a,1\r\n"a\r\nb",b,9\r\nz,{>a},1\r\n',),
    "a delimiter that is named": (b"g:x\na:1\nb:9\n{>a}:1\n", "-d", ":"),
    "a named delimiter silences the detection": (b"g,x;y;z\na,1\nb,9\n{>a},1\n", "-d", ","),
    "a named delimiter silences sep=": (b"sep=;\ng,x\na,1\nb,9\n{>a},1\n", "-d", ","),
    "sep= in capitals, the delimiter a tab": (b"SEP=\t\r\ng\tx\r\na\t1\r\nb\t9\r\n{>a}\t1\r\n",),
    "sep= below a title": (b"Title\nsep=;\ng;x\na;1\nb;9\n{>a};1\n", "--skip-lines", "1"),
    "a column whose name begins with sep=": (b"sep=,g\n1,a\n9,b\n1,{>a}\n",),
    "two delimiters between two cells": (b"g||x\na||1\nb||9\n{>a}||1\n",),
    "spaces before the quotes of another column": (b'g, "n",x\na, "z y",1\nb, "z",9\n{>a}, "z",1\n',),
    "a line of delimiters at the end": (b'g,x,n\na,1,\nb,9,\n{>a},1,\n,,\n, ,""\n',),
    "a label with the delimiter": (b'g,x\n"a,z",1\nb,9\n{>"a,z"},1\n',),
    "a label with quotes": (b'g,x\n"a ""z""",1\nb,9\n{>"a ""z"""},1\n',),
    "a label with a bare quote": (b"g,x\n5'10\",1\nb,9\n{>\"5'10\"\"\"},1\n",),
    "a label of two lines in a file of CRLF": (b'g,x\r\n"a\r\nz",1\r\nb,9\r\n{>"a\r\nz"},1\r\n',),
    "columns": (
        b",".join(b"c%d" % i for i in range(4998)) + b",g,x\n" + b"q," * 4998 + b"a,1\n" + b"r," * 4998 + b"b,9\n" + b"q," * 4998 + b"{>a},1\n",
        "-x", "x"),
    "blank cells of every kind": (b'g,x\na,1\nb,9\n{>a},1\n{"">b},9\n{ >a},1\n{\t>b},9\n{" ">a},1\n{"\t ">b},9\n',),
    "marks unlike the labels": (b"g,x\nm,1\nf,9\n{NA>m},1\n{#N/A>f},9\n{\\N>m},1\n{?>f},9\n{->m},1\n{unknown>f},9\n{NULL>m},1\n",),
    "marks in any case with spaces around them": (b"g,x\nm,1\nf,9\n{ Na >m},1\n{nUlL>f},9\n",),
    "a mark that is named missing": (b"g,x\nUS,1\nDE,9\n{NA>US},1\n{NA>DE},9\n{>US},1\n", "--null-value", "NA"),
    "a mark that is named a label": (b"g,x\nUS,1\nDE,9\nNA,25\nNA,25\n{>NA},25\n", "--keep-value", "NA"),
    "a word that is named missing": (b"g,x\na,1\nb,9\n{not stated>a},1\n{ not stated >b},9\n", "--null-value", "not stated"),
    "marks in the predictors": (b"g,x,y\na,1,NA\nb,9,9\n{>a},1,?\n{>b},null,9\na,1,1\nb,-,9\na,,\n",),
}  # fmt: skip

NAMED = {
    # trap -> the same, the column, options
    "a mark that is read as Latin-1": (b"\xef\xbb\xbfg,x\n\xe9,1\nb,9\n{>\xe9},1\n", "g", "-e", "latin-1"),
    "a name composed by the user, not by the file": ("e\u0301,x\na,1\nb,9\n{>a},1\n".encode(), "\u00e9"),
    "a name composed by the file, not by the user": ("\u00e9,x\na,1\nb,9\n{>a},1\n".encode(), "e\u0301"),
    "a predictor composed by the file": ("g,\u00e9\na,1\nb,9\n{>a},1\n".encode(), "g", "-x", "e\u0301"),
    "two names of which one is composed": ("\u00e9,e\u0301,x\nq,a,1\nr,b,9\n,{>a},1\n".encode(), "e\u0301"),
    "no-break spaces": ("g,x\na,1\nb,9\n{\u00a0>a},1\n{\u00a0\u00a0>b},9\n".encode(), "g"),
    "names that stand twice, are empty or blank elsewhere": (b"g,n,n,, ,x\na,1,1,,q,1\nb,2,2,,q,9\n{>a},1,1,,q,1\n", "g"),
    "a name that stands twice, by number": (b"g,x,g\nq,1,a\nr,9,b\nq,1,{>a}\n", "3"),
    "an empty name": (b",x\na,1\nb,9\n{>a},1\n", ""),
    "a name with quotes": (b'"a ""q""",x\na,1\nb,9\n{>a},1\n', 'a "q"'),
    "a name that is a number goes before the number": (b"2,1\na,1\nb,9\n{>a},1\n", "2"),
    "a name that begins with a dash": (b"-x,y\na,1\nb,9\n{>a},1\n", "-x"),
    "a number, without a header": (b"1,q,a\n9,r,b\n1,q,{>a}\n", "3", "-n"),
}  # fmt: skip

CASES = {**{trap: (template, "g", *options) for trap, (template, *options) in KEPT.items()}, **NAMED}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_only_the_filled_cells_differ(call, tmp_path, case):
    template, column, *options = case

    assert_filled(call, tmp_path, template, *options, column=column)


ENCODED = {
    # case -> encoding of the file with its byte order mark, options
    "UTF-8 with a mark": ("utf-8-sig", ""),
    "UTF-8 without a mark, named as with one": ("utf-8", "-e utf-8-sig"),
    "UTF-16 LE with a mark": ("\ufeff utf-16-le", ""),
    "UTF-16 BE with a mark": ("\ufeff utf-16-be", ""),
    "UTF-16 BE with a mark, named in the other order": ("\ufeff utf-16-be", "-e utf-16-le"),
    "UTF-16 BE without a mark, named without order": ("utf-16-be", "-e utf-16"),
    "UTF-32 LE with a mark": ("\ufeff utf-32-le", ""),
    "EBCDIC": ("cp037", "-e cp037"),
}


@pytest.mark.parametrize(("encoding", "options"), ENCODED.values(), ids=ENCODED)
def test_the_file_keeps_its_encoding_and_its_mark(call, tmp_path, encoding, options):
    mark, _, codec = encoding.rpartition(" ")
    text = f"g\tn\tx\r\né\t{'ß' if codec == 'cp037' else '😀'}\t1\r\nb\tz\t9\r\n{{>é}}\tz\t1\r\n".encode()
    written, expected = ((mark + which(text).decode()).encode(codec) for which in (before, after))
    (tmp_path / "a.csv").write_bytes(written)
    code, _, told = call(*f"fill a.csv -c g -qq --no-report {options}".split())

    assert (code, told) == (0, "")
    assert (tmp_path / "a.filled.csv").read_bytes() == expected


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    ("header", "column", "added"),
    [
        (b"g,G_Imputed\n", "g", [b",g_imputed", b",0", b",0", b",1"]),
        (b"", "1", [b",0", b",0", b",1"]),
        (b'"g,h",x\n', "g,h", [b',"g,h_imputed"', b",0", b",0", b",1"]),
    ],
    ids=["a name that differs by case from another", "no header", "a quoted name"],
)
def test_a_column_is_added_behind_the_others_of_every_line(call, tmp_path, header, column, added, newline):
    content = (header + b"a,1\nb,9\n{>a},1\n").replace(b"\n", newline)
    lines = after(content).split(newline)[:-1]
    (tmp_path / "a.csv").write_bytes(before(content))
    code, _, told = call(
        "fill", "a.csv", "-c", column, "-qq", "--no-report", "--indicator", *([] if header else ["-n"])
    )

    assert (code, told) == (0, "")
    assert (tmp_path / "a.filled.csv").read_bytes() == b"".join(
        line + cell + newline for line, cell in zip(lines, added, strict=True)
    )


NAMES = ["-x.csv", "[bold]*?$(x).csv", "e\u0301 🙂.csv", "a\nb\x1b[2J.csv", "--help", "-"]


@pytest.mark.parametrize("name", NAMES, ids=map(ascii, NAMES))
def test_a_file_may_have_any_name_which_is_shown_so_that_it_disturbs_nothing(call, tmp_path, name):
    path = f"./{name}" if name == "-" else name  # which means standard input
    escaped = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)
    (tmp_path / name).write_bytes(PLAIN)
    said = call("fill", "-c", "g", "--no-report", "-v", "-o", "./out-", "--", path)
    failed = call("fill", "-c", "h", "--", path)
    replaced = call("fill", "-c", "g", "--no-report", "--in-place", "-qq", "--", path)

    assert said[0] == 0
    assert (tmp_path / "out-").read_bytes() == FILLED
    assert f"  {escaped}: 3 rows" in " ".join(said[2].split("\n"))
    assert failed[0] == 3
    assert escaped in failed[2].splitlines()[0]
    assert "\x1b" not in said[2] + failed[2]
    assert ((0, "", ""), FILLED) == (replaced, (tmp_path / name).read_bytes())


@pytest.mark.parametrize("cell", ['"open', '"a"b'])
def test_quotes_that_are_taken_for_text_are_told_and_which_it_is_can_be_asked(call, tmp_path, cell):
    rows = [f"n{k},{'ab'[k % 2] if k % 5 else ''},{k % 2 + k % 7 / 10}" for k in range(40)]
    whole = "n,g,x\n" + "\n".join(rows) + "\n"
    path = tmp_path / "a.csv"
    codes = []
    for content in (whole, whole.replace("n7,", f"{cell},"), whole.replace("n7", '"n7"')):
        path.write_text(content, encoding="utf-8")
        code, said, _ = call("fill", "a.csv", "-c", "g", "--json")
        codes += [code, "S08" in [one["code"] for one in json.loads(said)["warnings"]]]
    path.write_text(whole.replace("n7,", f"{cell},"), encoding="utf-8")
    code, _, error = call("fill", "a.csv", "-c", "g", "--quote", '"')

    assert codes == [0, False, 0, True, 0, False]
    assert code == 3
    assert error.startswith("error: line 9, column ")
    assert "note        Quotes are read as text" in "".join(call("check", "a.csv", "-c", "g")[1:])


def test_what_was_counted_as_missing_is_printed_with_its_number(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b'g,x\na,1\nb,9\n,1\n"",9\n  ,1\nNA,9\nNA,1\n')
    told = call("fill", "a.csv", "-c", "g", "-r", "r.json", "-v")[2]

    assert "; g: 2 known, 5 missing (2 empty, 1 '  ', 2 NA).\n" in told
    assert {"": 2, "  ": 1, "NA": 2} == json.loads((tmp_path / "r.json").read_text())["missing"]["tokens"]
