"""Records and fields: what keeps its bytes, what is found by itself, and what is refused with its line."""

import json

import numpy as np
import pytest
from patched import after, assert_filled, before, refusal

USAGE, INPUT, FIT = 2, 3, 4
PLAIN = b"g,x\na,1\nb,9\n,1\n"

ONLY_THE_CELLS_CHANGE = {
    # more of them in test_file_traps.py
    "every other cell quoted in every way": (
        b'n,g,x\n"a,b",a,1\n"a\r\nb",b,9\n"say ""hi""",{>a},1\n"""",{>b},9\n"",a,1\n" ",b,9\n',),
    "CRLF with line ends of both kinds in cells": (b'n,g,x\r\n"a\nb",a,1\r\n"a\r\nb",b,9\r\nz,{>a},1\r\n',),
    "semicolons": (b"g;x\na;1\nb;9\n{>a};1\n",),
    "tabs": (b"g\tx\na\t1\nb\t9\n{>a}\t1\n",),
    "pipes": (b"g|x\na|1\nb|9\n{>a}|1\n",),
    "a delimiter that is named": (b"g:x\na:1\nb:9\n{>a}:1\n", "-d", ":"),
    "spaces that are named": (b"g x\na 1\nb 9\n{>a} 1\n", "-d", " "),
    "a tab by its name": (b"g\tx,y\na\t1\nb\t9\n{>a}\t1\n", "-d", "tab"),
    "a delimiter of control characters": (b"g\x1fx\na\x1f1\nb\x1f9\n{>a}\x1f1\n", "-d", "\x1f"),
    "a named delimiter silences the detection": (b"g,x;y;z\na,1\nb,9\n{>a},1\n", "-d", ","),
    "a named delimiter silences sep=": (b"sep=;\ng,x\na,1\nb,9\n{>a},1\n", "-d", ","),
    "sep= in quotes": (b'"sep=;"\ng;x\na;1\nb;9\n{>a};1\n',),
    "sep= in capitals, the delimiter a tab": (b"SEP=\t\r\ng\tx\r\na\t1\r\nb\t9\r\n{>a}\t1\r\n",),
    "sep= below a title": (b"Title\nsep=;\ng;x\na;1\nb;9\n{>a};1\n", "--skip-lines", "1"),
    "a column whose name begins with sep=": (b"sep=,g\n1,a\n9,b\n1,{>a}\n",),
    "two delimiters between two cells": (b"g||x\na||1\nb||9\n{>a}||1\n",),
    "cells of quotes only": (b'"g","x"\n"a","1"\n"b","9"\n"{>a}","1"',),
    "spaces before the quotes of another column": (b'g, "n",x\na, "z y",1\nb, "z",9\n{>a}, "z",1\n',),
    "a line of delimiters at the end": (b"g,x,n\na,1,\nb,9,\n{>a},1,\n{>a},,\n",),
    "a label with the delimiter": (b'g,x\n"a,z",1\nb,9\n{>"a,z"},1\n',),
    "a label with quotes": (b'g,x\n"a ""z""",1\nb,9\n{>"a ""z"""},1\n',),
    "a label with a bare quote": (b"g,x\n5'10\",1\nb,9\n{>\"5'10\"\"\"},1\n",),
    "a label of two lines": (b'g,x\n"a\nz",1\nb,9\n{>"a\nz"},1\n',),
    "a label of two lines in a file of CRLF": (b'g,x\r\n"a\r\nz",1\r\nb,9\r\n{>"a\r\nz"},1\r\n',),
    "a label with spaces around it": (b"g,x\n a ,1\nb,9\n{> a },1\n",),
    "a label that is no word": (b"g,x\n-1,1\n0,9\n{>-1},1\n",),
    "labels of other scripts": ("g,x\n女,1\n男,9\n{>女},1\n{>男},9\n".encode(),),
    "a label of a megabyte": (b"g,x\n" + b"a" * 1_000_000 + b",1\nb,9\n{>" + b"a" * 1_000_000 + b"},1\n",),
    "5000 columns": (
        b",".join(b"c%d" % i for i in range(4998)) + b",g,x\n" + b"q," * 4998 + b"a,1\n" + b"r," * 4998 + b"b,9\n" + b"q," * 4998 + b"{>a},1\n",
        "-x", "x"),
}  # fmt: skip


@pytest.mark.parametrize("case", ONLY_THE_CELLS_CHANGE.values(), ids=ONLY_THE_CELLS_CHANGE)
def test_only_the_filled_cells_differ(call, tmp_path, case):
    template, *options = case

    assert_filled(call, tmp_path, template, *options)


ONLY_COLUMN = "column 'g' is not in a.csv"

REFUSED = {
    # case -> file, options, exit code, message, words of the hint
    "old Mac": (
        b"g,x\ra,1\rb,9\r,1\r", "", INPUT, "a.csv ends its lines with CR only, as old Macs did", r"tr '\r' '\n'"),
    "old Mac, but for the last line end": (
        b"g,x\ra,1\rb,9\r,1\n", "", INPUT,
        "a.csv has a CR in line 1 that no quotes surround: are its lines to end there?", r"tr '\r' '\n'"),
    "old Mac below a header of today": (
        b"g,x\na,1\rb,9\r,1\r", "", INPUT, "line 2 has 4 fields where the header has 2", "in quotes"),
    "CR CR LF": (
        b"g,x\r\r\na,1\r\r\n", "", INPUT,
        "line 1 of a.csv ends with CR CR LF, which a program made of CR LF", r"tr -d '\r'"),
    "CR CR LF behind a quote": (
        b'"g","x"\r\r\n"a","1"\r\r\n', "", INPUT, r"line 1: '\r' follows a closing quote", "leave no space"),
    "a blank line within": (b"g,x\na,1\n\r\nb,9\n", "", INPUT, "line 3 has 1 field where the header has 2", "delete it"),
    "a line of spaces at the end": (
        b"g,x\na,1\nb,9\n,1\n  ", "", INPUT, "line 5 has 1 field where the header has 2", "nothing can be seen in that line"),
    "a line of spaces and CRLF at the end": (
        b"g,x\r\na,1\r\n,1\r\n \t\r\n", "", INPUT, "line 4 has 1 field where the header has 2", "nothing can be seen"),
    "the mark that ends a file of DOS": (
        b"g,x\na,1\nb,9\n,1\n\x1a", "", INPUT, "line 5 has 1 field where the header has 2", "nothing can be seen"),
    "many blank lines within": (
        b"g,x\na,1\n" + b"\n" * 9 + b"b,9\n", "", INPUT,
        "line 3 has 1 field where the header has 2; line 4 has 1, line 5 has 1, line 6 has 1, line 7 has 1, …", "delete it"),
    "a short and a long row": (
        b"g,x\na,1,1\nb\n,1\n", "", INPUT,
        "line 2 has 3 fields where the header has 2; line 3 has 1 (2 such records in all)", "in quotes"),
    "a long row below cells of several lines": (
        b'n,g,x\n"a\n\nb",a,1\nz,b,9,9\n', "", INPUT, "line 5 has 4 fields where the header has 3", "in quotes"),
    "a long row below a title": (
        b"T\n\ng,x\na,1\nb,9,9\n", "--skip-lines 2", INPUT, "line 5 has 3 fields where the header has 2", "in quotes"),
    "a long row below a header of two lines": (
        b'g,"x\n(cm)"\na,1\nb,9,9\n', "", INPUT, "line 4 has 3 fields where the header has 2", "in quotes"),
    "the first record is the long one, without a header": (
        b"a,1,2\nb,9\n", "-n", INPUT, "line 2 has 2 fields where the first record has 3", "cut short"),
    "what Git leaves of a conflict": (
        b"g,x\n<<<<<<< HEAD\na,1\n=======\nb,9\n>>>>>>> x\n,1\n", "", INPUT,
        "line 2 has 1 field where the header has 2; line 4 has 1, line 6 has 1 (3 such records in all)", ""),
    "a space behind a closing quote": (
        b'"g" ,"x"\n"a" ,"1"\n', "", INPUT, "line 1: ' ' follows a closing quote", "leave no space"),
    "a quote in the header that is never closed": (
        b'g,"x\na,1\n', "", INPUT, "line 1: a quote opens here and is never closed", "close it"),
    "a quote in the last record that is never closed": (
        b'g,x\na,1\nb,"9\n', "", INPUT, "line 3: a quote opens here and is never closed", "close it"),
    "cells divided by spaces": (
        b"g   x\na   1\n", "", INPUT, ONLY_COLUMN, "the only column is 'g   x'; it holds another delimiter: try -d ' '"),
    "cells divided by colons": (
        b"g:x\na:1\n", "", INPUT, ONLY_COLUMN, "the only column is 'g:x'; it holds another delimiter: try -d ':'"),
    "cells divided as Hive does": (
        b"g\x01x\na\x011\n", "", INPUT, ONLY_COLUMN,
        r"the only column is 'g\x01x'; it holds another delimiter: try -d $'\x01'"),
    "tabs read as commas": (b"g\tx\na\t1\n", "-d ,", INPUT, ONLY_COLUMN, "it holds another delimiter: try -d tab"),
    "a delimiter of two characters": (
        PLAIN, "-d ab", USAGE, "the delimiter 'ab' is not one ASCII character other than a quote or a line end", "-d tab"),
    "no delimiter": (
        PLAIN, ["-d", ""], USAGE, "the delimiter '' is not one ASCII character other than a quote or a line end", "-d ';'"),
    "a quote as delimiter": (
        PLAIN, ["-d", '"'], USAGE, "the delimiter '\"' is not one ASCII character other than a quote or a line end", ""),
    "a line end as delimiter": (
        PLAIN, ["-d", "\n"], USAGE, r"the delimiter '\n' is not one ASCII character other than a quote or a line end", ""),
    "a CR as delimiter": (
        PLAIN, ["-d", "\r"], USAGE, r"the delimiter '\r' is not one ASCII character other than a quote or a line end", ""),
    "a delimiter that is no ASCII": (
        PLAIN, ["-d", "§"], USAGE, "the delimiter '§' is not one ASCII character other than a quote or a line end", ""),
    "three lines of title": (
        b"Report\nFrom: x; y\n\ng,x\na,1\nb,9\n,1\n", "", INPUT, ONLY_COLUMN,
        "the first 3 lines look like a title above the header: try --skip-lines 3"),
    "a comment above the header": (
        b"# made by x\ng,x\na,1\nb,9\n", "", INPUT, ONLY_COLUMN,
        "the first line looks like a title above the header: try --skip-lines 1"),
    "a blank line above the header": (
        b"\ng,x\na,1\nb,9\n,1\n", "", INPUT, ONLY_COLUMN, "try --skip-lines 1"),
    "a title of two lines in quotes": (
        b'"Report\n2024",,\n,,\ng,x,y\na,1,2\nb,9,3\n', "", INPUT, ONLY_COLUMN,
        "the first 3 lines look like a title above the header: try --skip-lines 3"),
    "more lines to skip than there are": (
        PLAIN, "--skip-lines 99", INPUT, "a.csv has only 4 lines, so 99 cannot be skipped", "smaller --skip-lines"),
    "all lines to skip": (PLAIN, "--skip-lines 4", INPUT, "a.csv is empty", "header"),
    "fewer lines to skip than none": (PLAIN, "--skip-lines -1", USAGE, "'--skip-lines'", ""),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "code", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_refused_with_its_line(call, tmp_path, content, options, code, message, hint):
    options = options.split() if isinstance(options, str) else options
    error, advice = refusal(
        call, tmp_path, content, ["fill", "a.csv", "-c", "g" if "-n" not in options else "1", *options], code
    )

    assert message in error
    assert hint in advice


@pytest.mark.parametrize("command", ["fill", "check"])
def test_a_message_quotes_no_cell_of_a_column_that_it_is_not_about(call, tmp_path, command):
    card = "4929-1234"
    faults = {
        "a short row": f"g,card,x\na,{card},1\n{card}\n",
        "a long row": f"g,card,x\na,{card},1\nb,{card},{card},9\n",
        "an open quote": f'g,card,x\na,"{card},1\n',
        "text behind a quote": f'g,card,x\na,"{card}"{card},1\nb,1,9\n',
        "a byte that is no text": f"g,card,x\nÿ,{card},1\n",
        "a column that is not there": f"h,card,x\n{card},{card},1\n",
        "a number that is infinite": f"g,card,x\na,{card},1\nb,{card},inf\n,{card},1\n",
        "a predictor that is constant": f"g,card\na,{card}\nb,{card}\n,{card}\n",
        "predictors that cannot serve": "g,card\n"
        + "".join(f"{'ab'[i % 2]},{card}{i}\n" for i in range(60))
        + f",{card}\n",
        "one label": f"g,card,x\na,{card},1\na,{card},9\n,{card},1\n",
        "a mark among labels": f"g,card,x\nUS,{card},1\nDE,{card},9\nNA,{card},1\n",
    }
    for name, content in faults.items():
        (tmp_path / "a.csv").write_bytes(content.encode("latin-1"))
        code, said, told = call(command, "a.csv", "-c", "g")

        assert code in ({INPUT, FIT} if command == "fill" else {1, INPUT, FIT}), name
        assert card not in said + told, name


def test_a_million_rows_of_one_column_are_counted(call, tmp_path):
    cells = np.random.default_rng(0).choice([b"a\n", b"b\n", b"\n"], 1_000_000)
    (tmp_path / "a.csv").write_bytes(b"g\n" + b"".join(cells.tolist()))
    code, _, told = call("check", "a.csv", "-c", "g")
    known = int(np.count_nonzero(cells != b"\n"))

    assert code == 1
    assert told.startswith(
        f"column      g: {known:,} known, {1_000_000 - known:,} missing ({1_000_000 - known:,} empty)\n"
    )


def test_a_million_rows_are_filled_and_only_their_cells_differ(call, tmp_path):
    # Two heights a label that no other label has, so that every fill is known.
    rows = [b"a,1.5\n", b"b,9.5\n", b"a,2\n", b"b,9\n", b"{>a},1.5\n", b"{>b},9.5\n"]
    template = b"g,x\n" + b"".join(rows) * 170_000
    (tmp_path / "a.csv").write_bytes(before(template))
    code, _, told = call("fill", "a.csv", "-c", "g", "-q", "--no-report")

    assert (code, told) == (0, "")
    assert (tmp_path / "a.filled.csv").read_bytes() == after(template)


def test_what_was_detected_is_said_and_what_was_asked_for_too(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN.replace(b",", b"|"))
    found, asked = (
        (call("fill", "a.csv", "-c", "g", "-r", "r.json", *options)[2], json.loads((tmp_path / "r.json").read_text()))
        for options in ((), ("-d", "|"))
    )

    assert "pipe-separated" in found[0]
    assert found[1]["log"][0]["detail"] == "pipe, detected"
    assert asked[1]["log"][0]["detail"] == "pipe, as asked"
