"""Where parts are, and how they are written."""

import pytest

from em_impute.errors import OutputError, UsageError
from em_impute.pipeline.parts import find_parts, write


def test_a_pattern_is_expanded_in_the_order_of_the_names(tmp_path):
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_text("x\n1\n")

    assert [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")] == find_parts([str(tmp_path / "*.csv")])


def test_a_file_whose_name_holds_a_star_is_that_file(tmp_path):
    for name in ("a*.csv", "ab.csv"):
        (tmp_path / name).write_text("x\n1\n")

    assert [str(tmp_path / "a*.csv")] == find_parts([str(tmp_path / "a*.csv")])


def test_a_part_that_is_named_twice_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")

    with pytest.raises(UsageError, match="named twice"):
        find_parts([str(tmp_path / "a.csv"), str(tmp_path / "*.csv")])


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match="cannot write"):
        write(str(tmp_path / "file" / "a.csv"), [b"x"])
