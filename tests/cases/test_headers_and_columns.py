"""How columns are named, found, refused and added."""

import pytest
from patched import assert_filled, before, refusal

USAGE, INPUT, FIT = 2, 3, 4
PLAIN = b"g,x\na,1\nb,9\n,1\n"
TABLE = b"id,gender,height\n1,m,180\n2,f,160\n3,,181\n"

FOUND = {
    # case -> file with its filled cells, --column, options
    "names that stand twice, are empty or blank elsewhere": (b"g,n,n,, ,x\na,1,1,,q,1\nb,2,2,,q,9\n{>a},1,1,,q,1\n", "g"),
    "a name that stands twice, by number": (b"g,x,g\nq,1,a\nr,9,b\nq,1,{>a}\n", "3"),
    "an empty name": (b",x\na,1\nb,9\n{>a},1\n", ""),
    "an empty name, by number": (b",x\na,1\nb,9\n{>a},1\n", "1"),
    "a name of two lines": (b'"g\n(m/f)",x\na,1\nb,9\n{>a},1\n', "g\n(m/f)"),
    "a name with quotes": (b'"a ""q""",x\na,1\nb,9\n{>a},1\n', 'a "q"'),
    "a name with the delimiter": (b'"g,h",x\na,1\nb,9\n{>a},1\n', "g,h"),
    "a name with spaces around it": (b"  g ,x\na,1\nb,9\n{>a},1\n", "  g "),
    "a name that is a number goes before the number": (b"2,1\na,1\nb,9\n{>a},1\n", "2"),
    "a name that begins with a dash": (b"-x,y\na,1\nb,9\n{>a},1\n", "-x"),
    "a name that is an option": (b"--strict,y\na,1\nb,9\n{>a},1\n", "--strict"),
    "a name of ten thousand characters": (b"g" * 10_000 + b",x\na,1\nb,9\n{>a},1\n", "g" * 10_000),
    "a number, without a header": (b"1,q,a\n9,r,b\n1,q,{>a}\n", "3", "-n"),
    "a number, without a header but with a byte order mark": (b"\xef\xbb\xbfa,1\nb,9\n{>a},1\n", "1", "-n"),
    "a predictor by name and number": (b"g,x\na,1\nb,9\n{>a},1\n", "g", "-x", "x", "-x", "2"),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND.values(), ids=FOUND)
def test_a_column_is_found_and_only_its_cells_change(call, tmp_path, case):
    template, column, *options = case

    assert_filled(call, tmp_path, template, *options, column=column)


REFUSED = {
    # case -> file, arguments, exit code, message, hint
    "a slip of the pen": (
        TABLE, ["-c", "gendr"], INPUT, "column 'gendr' is not in a.csv",
        "columns are 'id', 'gender', 'height' — did you mean 'gender'?"),
    "another case": (
        TABLE, ["-c", "Gender"], INPUT, "column 'Gender' is not in a.csv",
        "columns are 'id', 'gender', 'height' — did you mean 'gender'?"),
    "outer spaces in the header": (
        b"id,  gender ,height\n1,m,180\n", ["-c", "gender"], INPUT, "column 'gender' is not in a.csv",
        "columns are 'id', '  gender ', 'height' — did you mean '  gender '?"),
    "outer spaces in the option": (
        TABLE, ["-c", " gender "], INPUT, "column ' gender ' is not in a.csv",
        "columns are 'id', 'gender', 'height' — did you mean 'gender'?"),
    "quotes behind a space": (
        b'"x", "g"\n"1", "a"\n', ["-c", "g"], INPUT, "column 'g' is not in a.csv",
        "columns are 'x', ' \"g\"' — did you mean ' \"g\"'?"),
    "a line end in the header": (
        b'"g\n(m/f)",x\na,1\n', ["-c", "g (m/f)"], INPUT, "column 'g (m/f)' is not in a.csv",
        r"columns are 'g\n(m/f)', 'x' — did you mean 'g\n(m/f)'?"),
    "nothing alike": (TABLE, ["-c", "zzzz"], INPUT, "column 'zzzz' is not in a.csv", "columns are 'id', 'gender', 'height'"),
    "an empty name that is not there": (TABLE, ["-c", ""], INPUT, "column '' is not in a.csv", "columns are 'id', 'gender', 'height'"),
    "five thousand names": (
        b",".join(b"c%d" % i for i in range(5000)) + b"\n", ["-c", "c70000x"], INPUT, "column 'c70000x' is not in a.csv",
        "columns are 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', … (5,000 in all) — did you mean 'c700'?"),
    "a name of five thousand characters in the header": (
        b"g" * 5000 + b",x\n1,2\n", ["-c", "h"], INPUT, "column 'h' is not in a.csv", f"columns are '{'g' * 39}…', 'x'"),
    "a name of five thousand characters in the option": (
        PLAIN, ["-c", "h" * 5000], INPUT, f"column '{'h' * 39}…' is not in a.csv", "columns are 'g', 'x'"),
    "control characters in the header": (
        b"\x1b[2Jg,x\n1,2\n", ["-c", "g"], INPUT, "column 'g' is not in a.csv", r"columns are '\x1b[2Jg', 'x'"),
    "control characters in the option": (
        PLAIN, ["-c", "\x1b[2J\n"], INPUT, r"column '\x1b[2J\n' is not in a.csv", "columns are 'g', 'x'"),
    "a name that stands twice": (
        b"g,x,g\na,1,a\n", ["-c", "g"], INPUT, "a.csv has 2 columns named 'g': numbers 1, 3",
        "name the column by its number, for instance 1"),
    "a predictor that stands twice": (
        b"g,x,x\na,1,1\n", ["-c", "g", "-x", "x"], INPUT, "a.csv has 2 columns named 'x': numbers 2, 3",
        "name the column by its number, for instance 2"),
    "an empty name that stands twice": (
        b"g,,\na,1,1\n", ["-c", "g", "-x", ""], INPUT, "a.csv has 2 columns named '': numbers 2, 3",
        "name the column by its number, for instance 2"),
    "a name without headers": (
        PLAIN, ["-n", "-c", "g"], USAGE, "column 'g' cannot be found by name in a file without headers",
        "give its number, 1 to 2, or leave out --no-headers"),
    "number 0": (PLAIN, ["-c", "0"], USAGE, "'0' is no column number: columns count from 1", "give 1 to 2"),
    "number 0 without headers": (PLAIN, ["-n", "-c", "0"], USAGE, "'0' is no column number: columns count from 1", "give 1 to 2"),
    "number 0 as predictor": (PLAIN, ["-c", "1", "-x", "0"], USAGE, "'0' is no column number: columns count from 1", "give 1 to 2"),
    "number -1": (PLAIN, ["-c", "-1"], USAGE, "'-1' is no column number: columns count from 1", "give 1 to 2"),
    "number 99": (PLAIN, ["-c", "99"], INPUT, "column '99' is not in a.csv, which has 2 columns", "columns are 'g', 'x'"),
    "number 99 without headers": (
        PLAIN, ["-n", "-c", "99"], INPUT, "column '99' is not in a.csv, which has 2 columns", "columns are '1', '2'"),
    "number 99 as predictor": (
        PLAIN, ["-c", "g", "-x", "99"], INPUT, "column '99' is not in a.csv, which has 2 columns", "columns are 'g', 'x'"),
    "a number of fifty digits": (
        PLAIN, ["-c", "9" * 50], INPUT, f"column '{'9' * 39}…' is not in a.csv, which has 2 columns", "columns are 'g', 'x'"),
    "a number in other digits": (PLAIN, ["-c", "\u0661"], INPUT, "column '\u0661' is not in a.csv", "columns are 'g', 'x'"),
    "a predictor that is the column": (
        PLAIN, ["-c", "g", "-x", "g"], USAGE, "column 'g' cannot be both filled and a predictor", "leave it out of -x"),
    "a predictor that is the column by number": (
        PLAIN, ["-c", "g", "-x", "1"], USAGE, "column 'g' cannot be both filled and a predictor", "leave it out of -x"),
    "one column by two spellings": (
        "é,x\na,1\n".encode(), ["-c", "é", "-c", "e\u0301"], USAGE, "a column is named twice with --column", "name each column once"),
    "one column by name and number": (PLAIN, ["-c", "g", "-c", "1"], USAGE, "a column is named twice with --column", "name each column once"),
    "a predictor that is not there": (PLAIN, ["-c", "g", "-x", "y"], INPUT, "column 'y' is not in a.csv", "columns are 'g', 'x'"),
    "--indicator twice": (
        b"g,x,g_imputed\na,1,0\nb,9,0\n,1,0\n", ["-c", "g", "--indicator"], INPUT,
        "a column named 'g_imputed' is already in a.csv", "rename it, or leave out the option that would add it again"),
    "--probability twice": (
        b"g,x,g_probability\na,1,0\nb,9,0\n,1,0\n", ["-c", "g", "--probability"], INPUT,
        "a column named 'g_probability' is already in a.csv", "rename it, or leave out the option that would add it again"),
    "--probabilities with one of them there": (
        b"g,x,g_p_b\na,1,0\nb,9,0\n,1,0\n", ["-c", "g", "--probabilities"], INPUT,
        "a column named 'g_p_b' is already in a.csv", "rename it, or leave out the option that would add it again"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "code", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_a_column_that_cannot_serve_is_refused_with_what_there_is(
    call, tmp_path, content, options, code, message, hint
):
    assert refusal(call, tmp_path, content, ["fill", "a.csv", *options], code) == [f"error: {message}", f"hint: {hint}"]


ADDED = {
    # case -> file, --column, options, what is added to each line
    "an indicator": (b"g,x\n", "g", "--indicator", [b",g_imputed", b",0", b",0", b",1"]),
    "an indicator whose name differs by case from another": (b"g,G_Imputed\n", "g", "--indicator", [b",g_imputed", b",0", b",0", b",1"]),
    "an indicator to a file without header": (b"", "1", "--indicator", [b",0", b",0", b",1"]),
    "an indicator to a column of a quoted name": (b'"g,h",x\n', "g,h", "--indicator", [b',"g,h_imputed"', b",0", b",0", b",1"]),
}  # fmt: skip


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("header", "column", "option", "added"), ADDED.values(), ids=ADDED)
def test_a_column_is_added_behind_the_others_of_every_line(call, tmp_path, header, column, option, added, newline):
    content = (header + b"a,1\nb,9\n{>a},1\n").replace(b"\n", newline)
    lines = content.replace(b"{>a}", b"a").split(newline)[:-1]
    (tmp_path / "a.csv").write_bytes(before(content))
    code, _, told = call("fill", "a.csv", "-c", column, "-q", "--no-report", option, *(() if header else ("-n",)))

    assert (code, told) == (0, "")
    assert (tmp_path / "a.filled.csv").read_bytes() == b"".join(
        line + cell + newline for line, cell in zip(lines, added, strict=True)
    )
