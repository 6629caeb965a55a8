"""Marks that may be labels, and numbers that may be marks; what is filled stands in test_file_traps.py."""

import json

import pytest
from patched import assert_filled, refusal

AMBIGUOUS = {
    # the mark -> labels that look like it, how they are shown
    "NA": ("US", "DE", "'US', 'DE'"),
    r"\N": (r"\A", r"\B", r"'\\A', '\\B'"),
}


@pytest.mark.parametrize(("mark", "labels"), AMBIGUOUS.items(), ids=AMBIGUOUS)
def test_a_mark_that_looks_like_the_labels_stops_and_what_is_advised_works(call, tmp_path, mark, labels):
    one, other, shown = labels
    template = f"g,x\n{one},1\n{other},9\n{{{mark}>{one}}},1\n{{{mark}>{other}}},9\n"
    content = template.replace("{", "").replace(f">{one}}}", "").replace(f">{other}}}", "").encode()
    error, hint = refusal(call, tmp_path, content, "fill a.csv -c g", 3)
    (tmp_path / "a.csv").unlink()

    assert error.endswith(f" in 2 cells: a missing mark, or a label like {shown}?")
    assert hint == f"hint: --null-value '{mark}' fills these cells, --keep-value '{mark}' keeps it as a label"
    assert_filled(call, tmp_path, template.encode(), "--null-value", mark)


def test_what_was_counted_as_missing_is_printed_with_its_number(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(b'g,x\na,1\nb,9\n,1\n"",9\n  ,1\nNA,9\nNA,1\n')
    code, _, told = call("fill", "a.csv", "-c", "g", "-r", "r.json", "-v")
    missing = json.loads((tmp_path / "r.json").read_text())["missing"]

    assert code == 0
    assert "; g: 2 known, 5 missing (2 empty, 1 '  ', 2 NA).\n" in told
    assert missing["tokens"] == {"": 2, "  ": 1, "NA": 2}
