"""Where parts are, and how they are written."""

import pytest

from em_impute.errors import OutputError, TableError, UsageError
from em_impute.pipeline.files import Part, find_parts, is_url, local_path, opened, write


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


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/a.csv", True),
        ("file:///a.csv", False),
        ("C:/a.csv", False),
    ],
)
def test_an_address_is_told_from_a_path(path, expected):
    assert expected == is_url(path)
    assert "/with space/a.csv" == str(local_path("file:///with%20space/a.csv"))


def broken():
    """Fail after a half."""
    yield b"half"
    raise ZeroDivisionError


def test_a_written_part_is_there_whole_and_what_fails_leaves_the_old_one(tmp_path):
    path = tmp_path / "new" / "a.csv"

    write(str(path), [b"x\n", b"1\n"])
    with pytest.raises(ZeroDivisionError):
        write(str(path), broken())

    assert (b"x\n1\n", ["a.csv"]) == (path.read_bytes(), [one.name for one in path.parent.iterdir()])


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match="cannot write"):
        write(str(tmp_path / "file" / "a.csv"), [b"x"])


def test_parts_at_any_address_that_fsspec_knows_are_found_read_and_written():
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for name in ("b", "a"):
        memory.pipe(f"/parts/{name}.csv", f"x\n{name}\n".encode())

    found = find_parts(["memory://parts/*.csv"])
    with opened(Part(0, found[0])) as source:
        content = source.file.read()
    written = write("memory://parts/out/a.csv", [b"x\n", b"2\n"])

    assert ["memory:///parts/a.csv", "memory:///parts/b.csv"] == found
    assert b"x\na\n" == content
    assert (b"x\n2\n", None, 4) == (memory.cat("/parts/out/a.csv"), written.path, written.bytes)
    with pytest.raises(ZeroDivisionError):
        write("memory://parts/out/b.csv", broken())
    assert ["/parts/out/a.csv"] == memory.ls("/parts/out", detail=False)
    memory.rm("/parts", recursive=True)


@pytest.mark.parametrize(
    ("path", "message"),
    [("memory://nowhere.csv", "does not exist"), ("nonsense://a.csv", "cannot be read")],
)
def test_an_address_that_cannot_be_read_is_named(path, message):
    pytest.importorskip("fsspec")

    with pytest.raises((TableError, UsageError), match=message), opened(Part(0, path)):
        pass
