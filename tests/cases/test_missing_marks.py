"""What counts as a missing cell: blanks always, marks unless they look like a label, and what the user says."""

import json

import pytest
from patched import assert_filled, refusal

USAGE, INPUT, FIT = 2, 3, 4

FILLED = {
    # case -> file with its filled cells, options
    "blank cells of every kind": (b'g,x\na,1\nb,9\n{>a},1\n{"">b},9\n{ >a},1\n{\t>b},9\n{" ">a},1\n{"\t ">b},9\n',),
    "a cell of a line end in quotes": (b'g,x\na,1\nb,9\n{"\n">a},1\n{"\r\n">b},9\n',),
    "marks unlike the labels": (b"g,x\nm,1\nf,9\n{NA>m},1\n{#N/A>f},9\n{\\N>m},1\n{?>f},9\n{->m},1\n{unknown>f},9\n{NULL>m},1\n",),
    "marks in any case with spaces around them": (b"g,x\nm,1\nf,9\n{ Na >m},1\n{nUlL>f},9\n",),
    "a mark that is named missing": (b"g,x\nUS,1\nDE,9\n{NA>US},1\n{NA>DE},9\n{>US},1\n", "--null-value", "NA"),
    "a mark that is named a label": (b"g,x\nUS,1\nDE,9\nNA,25\nNA,25\n{>NA},25\n", "--keep-value", "NA"),
    "a word that is named missing": (b"g,x\na,1\nb,9\n{not stated>a},1\n{ not stated >b},9\n", "--null-value", "not stated"),
    "several words that are named missing": (b"g,x\na,1\nb,9\n{-999>a},1\n{--x>b},9\n", "--null-value", "-999", "--null-value", "--x"),
    "an empty token changes nothing": (b'g,x\na,1\nb,9\n{>a},1\n{"">b},9\n{ >a},1\n{NA>b},9\n', "--null-value", ""),
    "a token that no cell holds changes nothing": (b"g,x\na,1\nb,9\n{>a},1\n", "--null-value", "zz"),
    "marks in other columns": (b"g,n,x\na,NA,1\nb,Null,9\n{>a},None,1\n{NA>b},nan,9\na,\\N,1\nb,?,9\n",),
    "marks in the predictors": (b"g,x,y\na,1,NA\nb,9,9\n{>a},1,?\n{>b},null,9\na,1,1\nb,-,9\na,,\n",),
    "-999 as a label": (b"g,x\na,1\nb,9\n-999,25\n{>a},1\n{>-999},25\n",),
}  # fmt: skip


@pytest.mark.parametrize("case", FILLED.values(), ids=FILLED)
def test_the_missing_cells_are_filled_and_no_others(call, tmp_path, case):
    template, *options = case

    assert_filled(call, tmp_path, template, *options)


AMBIGUOUS = {
    # the mark -> labels that look like it, how they are shown
    "NA": ("US", "DE", "'US', 'DE'"),
    "#N/A": ("#A/B", "#C/D", "'#A/B', '#C/D'"),
    r"\N": (r"\A", r"\B", r"'\\A', '\\B'"),
    "?": ("!", "+", "'!', '+'"),
    "-": ("+", "*", "'+', '*'"),
    "unknown": ("male", "female", "'male', 'female'"),
    "None": ("Low", "High", "'Low', 'High'"),
}


@pytest.mark.parametrize(("mark", "labels"), AMBIGUOUS.items(), ids=AMBIGUOUS)
def test_a_mark_that_looks_like_the_labels_stops_and_what_is_advised_works(call, tmp_path, mark, labels):
    one, other, shown = labels
    template = f"g,x\n{one},1\n{other},9\n{{{mark}>{one}}},1\n{{{mark}>{other}}},9\n"
    content = template.replace("{", "").replace(f">{one}}}", "").replace(f">{other}}}", "").encode()
    error, hint = refusal(call, tmp_path, content, "fill a.csv -c g", INPUT)
    (tmp_path / "a.csv").unlink()

    assert error.endswith(f" in 2 cells: a missing mark, or a label like {shown}?")
    assert hint == f"hint: --null-value '{mark}' fills these cells, --keep-value '{mark}' keeps it as a label"
    assert_filled(call, tmp_path, template.encode(), "--null-value", mark)


REFUSED = {
    # case -> file, options, exit code, message, words of the hint
    "every label is named missing": (
        b"g,x\na,1\nb,9\n,1\n", ["--null-value", "a", "--null-value", "b"], FIT, "no label is known in column 'g'", "--labels"),
    "nothing but marks": (b"g,x\nNA,1\n?,9\n,1\n", [], FIT, "no label is known in column 'g'", "--labels"),
    "one label beside the marks": (
        b"g,x\na,1\nNA,9\n,1\n", [], FIT, "every known cell of column 'g' is 'a': one label cannot be told from others", "--null-value"),
    "one label of a megabyte": (
        b"g,x\n" + b"a" * 1_000_000 + b",1\n,9\n", [], FIT,
        f"every known cell of column 'g' is '{'a' * 39}…': one label cannot be told from others", "--null-value"),
    "a token that is both": (
        b"g,x\na,1\n", ["--null-value", "NA", "--keep-value", "NA"], USAGE,
        "the same token is given to --null-value and to --keep-value", "leave one of them out"),
    "a blank token to be kept": (
        b"g,x\na,1\n", ["--keep-value", " "], USAGE,
        "--keep-value is given a blank token: blank cells are always missing", "leave it out"),
    "one label of many that looks like a mark": (
        b"g,x\n" + b"".join(b"A%c,%d\n" % (65 + i, i) for i in range(26)) * 3 + b"NA,1\n", [], INPUT,
        "column 'g' holds 'NA' in 1 cell: a missing mark, or a label like 'AA', 'AB', 'AC', 'AD', 'AE' and 21 more?", "'NA'"),
    "a mark among long labels that hold an escape": (
        b"g,x\n\x1b-" + b"-" * 5000 + b",1\n!!,9\n?,1\n", [], INPUT,
        f"column 'g' holds '?' in 1 cell: a missing mark, or a label like '\\x1b{'-' * 38}…', '!!'?", "'?'"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "code", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_leaves_nothing_to_learn_or_to_decide_is_refused(call, tmp_path, content, options, code, message, hint):
    error, advice = refusal(call, tmp_path, content, ["fill", "a.csv", "-c", "g", *options], code)

    assert error == f"error: {message}"
    assert hint in advice


def test_labels_of_nothing_but_quotes_are_warned_about(call, tmp_path):
    # A space before a quote makes the quotes text.
    (tmp_path / "a.csv").write_bytes(b'x, "g"\n1, "a"\n9, "b"\n1, ""\n')
    code, _, told = call("check", "a.csv", "-c", "2")

    assert code == 1
    assert """warning     Labels of ' "g"' that show nothing: ' ""'\n""" in told


def test_what_was_counted_as_missing_is_printed_with_its_number(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b'g,x\na,1\nb,9\n,1\n"",9\n  ,1\nNA,9\nNA,1\n')
    code, _, told = call("fill", "a.csv", "-c", "g", "-r", "r.json")
    missing = json.loads((tmp_path / "r.json").read_text())["missing"]

    assert code == 0
    assert "column      g: 2 known, 5 missing (2 empty, 1 '  ', 2 NA)\n" in told
    assert missing["tokens"] == {"": 2, "  ": 1, "NA": 2}


def _heights(sentinel):
    """Write a table of which every seventh height is a sentinel, spelled as it is."""
    genders = [b"fm"[i % 2 : i % 2 + 1] * (i % 5 > 0) for i in range(70)]
    heights = [sentinel if i % 7 == 3 else b"%d.5" % (160 + 12 * (i % 2) + i % 11) for i in range(70)]
    rows = zip(genders, heights, range(70), strict=True)
    return b"g,h,z\n" + b"".join(b"%s,%s,%d\n" % (gender, height, number % 9) for gender, height, number in rows)


@pytest.mark.parametrize("sentinel", [b"-999", b"9999", b"-99.0"])
def test_a_sentinel_in_a_predictor_is_used_and_warned_about_and_never_masked(call, tmp_path, sentinel):
    header, body = _heights(sentinel).split(b"\n", 1)
    content = header + b"\n" + 5 * body
    (tmp_path / "a.csv").write_bytes(content)
    code, _, told = call("fill", "a.csv", "-c", "g", "-r", "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    messages = {one["code"]: one["message"] for one in report["warnings"]}
    lines = zip(content.splitlines(), (tmp_path / "a.filled.csv").read_bytes().splitlines(), strict=True)

    assert code == 0
    assert (
        messages["W22"]
        == f"Far from all other numbers, as missing marks are: 'h' holds {float(sentinel):g} in 50 rows."
    )
    assert "W22" in told
    assert {one["name"]: one["missing"] for one in report["features"]["used"]} == {"h": 0, "z": 0}
    assert all(old.split(b",")[1:] == new.split(b",")[1:] for old, new in lines)


@pytest.mark.parametrize("number", [b"199", b"-150", b"9", b""])
def test_other_numbers_are_no_sentinels(call, tmp_path, number):
    (tmp_path / "a.csv").write_bytes(_heights(number))
    _, _, told = call("fill", "a.csv", "-c", "g", "--no-report")

    assert "W22" not in told
