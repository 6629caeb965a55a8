"""Where results may go: never over an input, never two to one place, and straight into what is no file."""

import os
import stat
import subprocess
import sys

import pytest

PLAIN = b"g,x\n" + b"".join(b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 7), 9 * (i % 2) + i % 5) for i in range(40))
USAGE, OUTPUT = 2, 5


@pytest.fixture
def folder(tmp_path):
    """The input under several names, and a loop."""
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "symbolic.csv").symlink_to("a.csv")
    (tmp_path / "symbolic.json").symlink_to("a.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "a.csv")
    (tmp_path / "hard.json").hardlink_to(tmp_path / "a.csv")
    (tmp_path / "loop.json").symlink_to("loop.json")
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to("there")
    return tmp_path


def snapshot(folder):
    """What is there, its kind and its bytes."""
    return {
        str(path.relative_to(folder)): (stat.S_IFMT(path.lstat().st_mode), path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


REFUSED = [
    # id, command line, words of the message
    ("output = input by a path through its own folder", "fill a.csv -c g -o there/../a.csv", "is the input"),
    ("output = input by a full path", "fill a.csv -c g -o {}/a.csv", "is the input"),
    ("input by a symbolic link", "fill symbolic.csv -c g -o a.csv", "is the input"),
    ("both by a link", "fill symbolic.csv -c g -o hard.csv", "is the input"),
    ("report = input by a symbolic link", "fill a.csv -c g -r symbolic.json", "is the input"),
    ("report = input by a hard link", "fill a.csv -c g -r hard.json", "is the input"),
    ("evaluation = input by a hard link", "evaluate a.csv -c g -r hard.json", "is the input"),
    ("evaluation = input by a symbolic link", "evaluate a.csv -c g -r symbolic.json", "is the input"),
    ("a part = output by the same path", "fill a.csv -c g --backend serial -o ./a.csv", "is the input"),
    ("a part = output by a symbolic link", "fill a.csv -c g --backend serial -o symbolic.csv", "is the input"),
    ("a part = output by a hard link", "fill a.csv -c g --backend serial -o hard.csv", "is the input"),
    ("parts into their own folder", "fill a.csv hard.csv -c g -o .", "is the input"),
    ("report on parts = a part", "fill a.csv -c g --backend serial -r hard.json", "is the input"),
    ("report = data by ./", "fill a.csv -c g -o b.json -r ./b.json", "same path"),
    ("report = data through a linked folder", "fill a.csv -c g -o there/b.json -r here/b.json", "same path"),
    ("two reports to one path", "fill a.csv -c g -r b.json -r b.json", "same path"),
    ("two reports to one path by ./", "fill a.csv -c g -r b.md -r ./b.md", "same path"),
    ("two reports to one path through a linked folder", "fill a.csv -c g -r there/b.md -r here/b.md", "same path"),
    ("two reports to one loop", "fill a.csv -c g -r loop.json -r ./loop.json", "same path"),
    ("report = backup", "fill a.csv -c g --in-place --backup .json -r a.csv.json", "same path"),
    ("two evaluations to one path", "evaluate a.csv -c g -r b.json -r there/../b.json", "same path"),
    ("two rendered reports to one path", "report a.csv -o b.md -o ./b.md", "same path"),
    ("log = input by a hard link", "fill a.csv -c g --log-file hard.csv", "the log"),
    ("log = output by ./", "fill a.csv -c g -o b.csv --log-file ./b.csv", "the log"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "words"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_an_output_that_is_the_input_or_another_output_is_refused_and_nothing_is_touched(call, folder, command, words):
    before = snapshot(folder)
    code, output, said = call(*command.format(folder).split())

    assert (USAGE, "") == (code, output), said
    assert ["error:", "hint:"] == [line.split(" ")[0] for line in said.splitlines()]
    assert words in said.splitlines()[0]
    assert before == snapshot(folder)


def test_a_link_that_leads_to_itself_is_no_place_to_write_to(call, folder):
    before = snapshot(folder)
    code, _, said = call("fill", "a.csv", "-c", "g", "-o", "loop.json", "--no-report")

    assert OUTPUT == code
    assert "error: cannot write loop.json: " in said
    assert before == snapshot(folder)


@pytest.mark.parametrize(
    ("there", "command"),
    [
        ("a.report.json", "fill a.csv -c g"),
        ("b.md", "fill a.csv -c g -o b.csv -r b.json -r b.md"),
        ("b.json", "fill a.csv -c g --diff -r b.json"),
        ("b.json", "fill a.csv -c g --backend serial -o b.csv -r b.json"),
        ("a.csv.bak", "fill a.csv -c g --in-place --backup .bak --no-report"),
        ("b.2.csv", "fill a.csv -c g --imputations 3 -o b.csv --no-report"),
        ("b.md", "report a.csv -o b.html -o b.md"),
    ],
    ids=["the default report", "one of two reports", "a report beside --diff", "a report on parts", "a backup", "one of three tables", "a rendered report"],
)  # fmt: skip
@pytest.mark.pictures
def test_no_clobber_writes_nothing_at_all_if_one_output_is_there_already(call, folder, there, command):
    (folder / there).write_bytes(b"mine")
    before = snapshot(folder)
    code, output, said = call(*command.split(), "--no-clobber")

    assert (OUTPUT, "") == (code, output)
    assert f"error: {there} exists already\n" in said
    assert before == snapshot(folder)


def test_no_clobber_lets_parts_make_a_folder_whatever_lies_beside_it(call, folder):
    # The names of the parts are taken here, but not there.
    (folder / "b.csv").write_bytes(PLAIN)
    code, _, said = call("fill", "a.csv", "b.csv", "-c", "g", "-o", "new/deep", "--no-clobber", "--no-report", "-q")

    assert (0, "") == (code, said)
    assert ["a.csv", "b.csv"] == sorted(path.name for path in (folder / "new" / "deep").iterdir())


def test_the_null_device_takes_data_and_stays_what_it_is(call, folder):
    before = snapshot(folder)
    code, output, said = call("fill", "a.csv", "-c", "g", "-o", os.devnull, "-q", "--no-clobber")

    assert (0, "", "") == (code, output, said)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)  # noqa: PTH116  # the device itself, no path to be joined
    assert before == snapshot(folder)


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "-"])
def test_every_name_of_standard_output_is_a_stream_and_gets_the_same_bytes(call, folder, path):
    before = snapshot(folder)
    streamed = call("fill", "a.csv", "-c", "g", "-o", path, "-q", "--no-clobber")
    call("fill", "a.csv", "-c", "g", "-o", "b.csv", "-q", "--no-report")

    assert (0, (folder / "b.csv").read_text(), "") == streamed
    assert before.keys() | {"b.csv"} == snapshot(folder).keys()


@pytest.mark.parametrize(
    "arguments", ["fill a.csv -c g --no-report -o pipe.csv", "fill a.csv -c g -o b.csv -r pipe.json"]
)
def test_a_named_pipe_is_written_into_and_not_replaced(folder, arguments):
    name = arguments.rpartition(" ")[2]
    os.mkfifo(folder / name)
    reader = subprocess.Popen(["cat", name], cwd=folder, stdout=subprocess.PIPE)
    result = subprocess.run(
        [sys.executable, "-m", "em_impute", *arguments.split(), "-q"],
        cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    received, _ = reader.communicate(timeout=60)

    assert (0, b"", b"") == (result.returncode, result.stdout, result.stderr)
    assert received.startswith((b"g,x\n", b"{"))
    assert received.endswith((b"\n",))
    assert (folder / name).is_fifo()
