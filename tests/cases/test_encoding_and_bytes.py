"""Encodings, byte order marks, NUL bytes and characters that nobody sees: kept, or named with their place."""

import os
import subprocess
import sys

import pytest
from patched import after, assert_filled, before, refusal

USAGE, INPUT, FIT = 2, 3, 4
TEXT = "g,n,x\né,😀,1\nb,z,9\n{>é},z,1\n".encode()

ENCODED = {
    # case -> encoding of the file with its byte order mark, options
    "UTF-8": ("utf-8", ""),
    "UTF-8 with a mark": ("utf-8-sig", ""),
    "UTF-8 with a mark, named": ("utf-8-sig", "-e utf-8-sig"),
    "UTF-8 without a mark, named as with one": ("utf-8", "-e utf-8-sig"),
    "UTF-16 LE with a mark": ("\ufeff utf-16-le", ""),
    "UTF-16 BE with a mark": ("\ufeff utf-16-be", ""),
    "UTF-16 LE with a mark, named without order": ("\ufeff utf-16-le", "-e utf-16"),
    "UTF-16 BE with a mark, named without order": ("\ufeff utf-16-be", "-e utf-16"),
    "UTF-16 BE with a mark, named in the other order": ("\ufeff utf-16-be", "-e utf-16-le"),
    "UTF-16 LE without a mark, named": ("utf-16-le", "-e utf-16-le"),
    "UTF-16 BE without a mark, named": ("utf-16-be", "-e utf-16-be"),
    "UTF-16 LE without a mark, named without order": ("utf-16-le", "-e utf-16"),
    "UTF-16 BE without a mark, named without order": ("utf-16-be", "-e utf-16"),
    "UTF-32 LE with a mark": ("\ufeff utf-32-le", ""),
    "UTF-32 BE without a mark, named without order": ("utf-32-be", "-e utf-32"),
    "GB 18030": ("gb18030", "-e gb18030"),
}


@pytest.mark.parametrize(("encoding", "options"), ENCODED.values(), ids=ENCODED)
def test_the_file_keeps_its_encoding_and_its_mark(call, tmp_path, encoding, options):
    mark, _, codec = encoding.rpartition(" ")
    written, expected = ((mark + which(TEXT).decode()).encode(codec) for which in (before, after))
    (tmp_path / "a.csv").write_bytes(written)
    code, _, told = call(*f"fill a.csv -c g -q --no-report {options}".split())

    assert (code, told) == (0, "")
    assert (tmp_path / "a.filled.csv").read_bytes() == expected


ONLY_THE_CELLS_CHANGE = {
    "a mark before a quoted name": (b'\xef\xbb\xbf"g",x\n"a",1\n"b",9\n{>"a"},1\n', "g"),
    "a mark that is read as Latin-1": (b"\xef\xbb\xbfg,x\n\xe9,1\nb,9\n{>\xe9},1\n", "g", "-e", "latin-1"),
    "the euro of Windows": (b"g,x\n\x80,1\nb,9\n{>\x80},1\n", "g", "-e", "cp1252"),
    "a byte that is no ASCII in another column": (b"g,x,n\na,1,\xe9\nb,9,z\n{>a},1,z\n", "g", "-e", "ascii"),
    "NUL in another column": (b"n,g,x\n\x00,a,1\nz\x00z,b,9\n,{>a},1\n", "g"),
    "a name composed by the user, not by the file": ("e\u0301,x\na,1\nb,9\n{>a},1\n".encode(), "\u00e9"),
    "a name composed by the file, not by the user": ("\u00e9,x\na,1\nb,9\n{>a},1\n".encode(), "e\u0301"),
    "a predictor composed by the file": ("g,\u00e9\na,1\nb,9\n{>a},1\n".encode(), "g", "-x", "e\u0301"),
    "two names of which one is composed": ("\u00e9,e\u0301,x\nq,a,1\nr,b,9\n,{>a},1\n".encode(), "e\u0301"),
    "no-break spaces": ("g,x\na,1\nb,9\n{\u00a0>a},1\n{\u00a0\u00a0>b},9\n".encode(), "g"),
    "spaces of East Asia": ("g,x\na,1\nb,9\n{\u3000>a},1\n{\u2003>b},9\n".encode(), "g"),
}  # fmt: skip


@pytest.mark.parametrize("case", ONLY_THE_CELLS_CHANGE.values(), ids=ONLY_THE_CELLS_CHANGE)
def test_only_the_filled_cells_differ(call, tmp_path, case):
    template, column, *options = case

    assert_filled(call, tmp_path, template, *options, column=column)


REFUSED = {
    # case -> file, options, exit code, message, words of the hint
    "an encoding that does not exist": (b"g,x\n", "-e nonsense", USAGE, "no text encoding is called 'nonsense'", "utf-8"),
    "an encoding without a name": (b"g,x\n", ["-e", ""], USAGE, "no text encoding is called ''", "utf-8"),
    "an encoding of something else than text": (b"g,x\n", "-e base64", USAGE, "no text encoding is called 'base64'", "utf-8"),
    "no ASCII in the column": (
        "g,x\né,1\n".encode(), "-e ascii", INPUT, "line 2, column 'g': byte 0xC3 is not ascii", "try another -e"),
    "no ASCII in a predictor": (
        "g,x\na,é\n".encode(), "-e ascii -x x", INPUT, "line 2, column 'x': byte 0xC3 is not ascii", "try another -e"),
    "a byte that Windows does not have": (
        b"g,x\na,1\n\x81,1\n", "-e cp1252", INPUT, "line 3, column 'g': byte 0x81 is not cp1252", "try another -e"),
    "an overlong byte sequence": (b"g,x\n\xc0\x80,1\n", "", INPUT, "line 2, column 'g': byte 0xC0 is not utf-8", "-e cp1252"),
    "half a character at the end": (b"x,g\n1,\xc3", "", INPUT, "line 2, column 'g': byte 0xC3 is not utf-8", "-e cp1252"),
    "a line end in a name is counted": (
        b'g,"x\ny",\xe9\n', "", INPUT, "line 2, name of column 3: byte 0xE9 is not utf-8", "-e cp1252"),
    "NUL in the name of the column": (
        b"g\x00,x\n" + b"a,1\n" * 9, "", INPUT, "line 1: the name of column 1 holds a NUL byte", "repair the header"),
    "NUL in another name": (
        b"g,x\x00\n" + b"a,1\n" * 9, "", INPUT, "line 1: the name of column 2 holds a NUL byte", "repair the header"),
    "NUL in the column, behind a cell of two lines": (
        b'n,g,x\n"\n",a,1\nz,\x00,9\n', "", INPUT, "line 4, column 'g': the cell holds a NUL byte", "utf-16"),
    "UTF-16 LE without a mark": (
        "g,x\na,1\n".encode("utf-16-le"), "", INPUT, "a.csv is full of NUL bytes: UTF-16 without BOM?", "try -e utf-16-le"),
    "UTF-16 BE without a mark": (
        "g,x\na,1\n".encode("utf-16-be"), "", INPUT, "a.csv is full of NUL bytes: UTF-16 without BOM?", "try -e utf-16-be"),
    "UTF-8 that is called UTF-16": (
        b"g,x\na,1\nb,9\n", "-e utf-16", INPUT,
        "a.csv is not utf-16-le: it holds no NUL byte, so no comma and no line end in it", "leave out -e"),
    "UTF-16 that was cut in the middle of a character": (
        "\ufeffg,x\na,1\n".encode("utf-16-le")[:-1], "", INPUT, "line 2: byte 0x0A is not utf-16-le", "try another -e"),
    "two byte order marks": (
        "\ufeff\ufeffg,x\na,1\n".encode(), "", INPUT, "column 'g' is not in a.csv", r"did you mean '\ufeffg'?"),
    "a zero-width space in the name": (
        "g\u200b,x\na,1\n".encode(), "", INPUT, "column 'g' is not in a.csv", r"did you mean 'g\u200b'?"),
    "a no-break space in the name": (
        "g\u00a0,x\na,1\n".encode(), "", INPUT, "column 'g' is not in a.csv", r"did you mean 'g\xa0'?"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "code", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_text_is_refused_with_its_place(call, tmp_path, content, options, code, message, hint):
    options = options.split() if isinstance(options, str) else options
    error, advice = refusal(call, tmp_path, content, ["fill", "a.csv", "-c", "g", *options], code)

    assert error == f"error: {message}"
    assert hint in advice


UNSEEN = ["\ufeff", "\u200b", "\u200d", "\u2060", "\u00ad", "\u2800", "\u3164", "\u200b \u00a0"]


@pytest.mark.parametrize("text", UNSEEN, ids=map(ascii, UNSEEN))
def test_a_label_that_shows_nothing_is_kept_and_warned_about(call, tmp_path, text):
    (tmp_path / "a.csv").write_text(f"g,x\na,1\nb,9\n{text},5\n", encoding="utf-8")
    code, _, told = call("check", "a.csv", "-c", "g")

    assert code == 1
    assert "column      g: 3 known, 0 missing\n" in told
    assert f"warning     Labels of 'g' that show nothing: {text!a}\n" in told


def test_labels_that_differ_by_the_composition_of_their_accents_only_are_warned_about(call, tmp_path):
    (tmp_path / "a.csv").write_text("g,x\n\u00e9,1\nb,9\ne\u0301,5\n", encoding="utf-8")
    code, _, told = call("check", "a.csv", "-c", "g")

    assert code == 1
    assert "2 labels of 'g' differ only by case, space or accents" in told


WORLDS = {
    "the locale C": {"LANG": "C", "LC_ALL": "C"},
    "no UTF-8 mode": {"PYTHONUTF8": "0", "LC_ALL": "C"},
    "ASCII for the streams": {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    "nothing at all": {},
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_environment_changes_no_byte(tmp_path, world):
    template = "größe,名,x\né,\U0001f600,1\nb,z,9\n{>é},z,1\n".encode()
    (tmp_path / "ä.csv").write_bytes(before(template))
    result = subprocess.run(
        [sys.executable, "-m", "em_impute", "fill", os.fsencode("ä.csv"), "-c", "größe".encode(), "-o", "-", "-v"],
        capture_output=True, cwd=tmp_path, env={**world, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}, timeout=60, check=False,
    )  # fmt: skip

    assert (result.returncode, result.stdout) == (0, after(template)), result.stderr
    assert b"Traceback" not in result.stderr
