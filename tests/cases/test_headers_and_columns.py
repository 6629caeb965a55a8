"""How a column that cannot be found or cannot serve is refused: with what there is."""

import pytest
from patched import refusal

USAGE, INPUT = 2, 3
PLAIN = b"g,x\na,1\nb,9\n,1\n"
TABLE = b"id,gender,height\n1,m,180\n2,f,160\n3,,181\n"

REFUSED = {
    # case -> file, arguments, exit code, message, hint
    "a slip of the pen": (
        TABLE, ["-c", "gendr"], INPUT, "column 'gendr' is not in a.csv",
        "columns are 'id', 'gender', 'height' — did you mean 'gender'?"),
    "case and outer spaces in the header": (
        b"id,  Gender ,height\n1,m,180\n", ["-c", "gender"], INPUT, "column 'gender' is not in a.csv",
        "columns are 'id', '  Gender ', 'height' — did you mean '  Gender '?"),
    "a space behind each comma": (
        b"id, gender, height\n1, m, 180\n2, f, 160\n", ["-c", "gender"], INPUT, "column 'gender' is not in a.csv",
        "columns are 'id', ' gender', ' height' — did you mean ' gender'?"),
    "a name of five thousand characters in the header": (
        b"g" * 5000 + b",x\n1,2\n", ["-c", "h"], INPUT, "column 'h' is not in a.csv", f"columns are '{'g' * 39}…', 'x'"),
    "a name that stands twice": (
        b"g,x,g\na,1,a\n", ["-c", "g"], INPUT, "a.csv has 2 columns named 'g': numbers 1, 3",
        "name the column by its number, for instance 1"),
    "a name without headers": (
        PLAIN, ["-n", "-c", "g"], USAGE, "column 'g' cannot be found by name in a file without headers",
        "give its number, 1 to 2, or leave out --no-headers"),
    "number 0": (PLAIN, ["-c", "0"], USAGE, "'0' is not a column number: columns count from 1", "give 1 to 2"),
    "number 99": (PLAIN, ["-c", "99"], INPUT, "column '99' is not in a.csv, which has 2 columns", "columns are 'g', 'x'"),
    "a number in other digits": (PLAIN, ["-c", "\u0661"], INPUT, "column '\u0661' is not in a.csv", "columns are 'g', 'x'"),
    "a predictor that is the column": (
        PLAIN, ["-c", "g", "-x", "g"], USAGE, "column 'g' cannot be both filled and a predictor", "leave it out of -x"),
    "one column by name and number": (PLAIN, ["-c", "g", "-c", "1"], USAGE, "a column is named twice with -c", "name each column once"),
    "--indicator twice": (
        b"g,x,g_imputed\na,1,0\nb,9,0\n,1,0\n", ["-c", "g", "--indicator"], INPUT,
        "a column named 'g_imputed' is already in a.csv", "rename it, or leave out the option that would add it again"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "code", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_a_column_that_cannot_serve_is_refused_with_what_there_is(
    call, tmp_path, content, options, code, message, hint
):
    assert refusal(call, tmp_path, content, ["fill", "a.csv", *options], code) == [f"error: {message}", f"hint: {hint}"]
