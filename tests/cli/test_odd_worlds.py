"""What once went wrong: closed streams, odd paths, odd names, numbers beyond their range."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest

PLAIN = b"g,x\na,1\nb,9\n,1\n"
FILLED = b"g,x\na,1\nb,9\na,1\n"


def shell(folder, command, **environment):
    tool = f"{sys.executable} -m em_impute"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command.replace('EM', tool)}"],
        cwd=folder, capture_output=True, env={**os.environ, **environment}, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("EM fill a.csv -c g -q >&-", 0),
        ("EM fill a.csv -c g 2>&-", 0),
        ("EM fill a.csv -c g -q 2>/dev/full", 0),
        ("EM fill a.csv -c g 2>/dev/full", 0),
        ("EM fill a.csv -c nope 2>/dev/full", 3),
        ("EM fill a.csv -c nope 2>&-", 3),
        ("EM fill -c g <&-", 3),
        ("EM fill a.csv -c g -o - >&-", 5),
        ("EM check a.csv -c g >&-", 1),
        ("EM --help >/dev/full", 5),
    ],
)
def test_closed_and_full_streams_end_with_the_right_code(folder, command, code):
    result = shell(folder, command)

    assert result.returncode == code, result.stderr
    assert b"Traceback" not in result.stderr


def test_a_reader_of_standard_error_that_leaves_is_a_closed_pipe(folder):
    assert shell(folder, "EM fill a.csv -c g 2>&1 >/dev/null | true").returncode in {0, 141}
    assert (folder / "a.filled.csv").read_bytes() == FILLED


def test_the_device_of_standard_output_is_written_on_and_not_replaced(folder):
    (folder / "log").write_text("prior\n")
    appended = shell(folder, "EM fill a.csv -c g -o /dev/stdout -q >> log")
    piped = shell(folder, "EM fill a.csv -c g -o /dev/stdout -q | cat")
    substituted = shell(folder, "EM fill a.csv -c g -q -o >(cat >&2)")

    assert (appended.returncode, (folder / "log").read_bytes()) == (0, b"prior\n" + FILLED)
    assert (piped.returncode, piped.stdout) == (0, FILLED)
    assert (substituted.returncode, substituted.stderr) == (0, FILLED)
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "log"]


def test_no_report_is_put_beside_a_device(folder):
    result = shell(folder, "EM fill a.csv -c g -o /dev/null")

    assert result.returncode == 0
    assert not os.path.lexists("/dev/null.report.json")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("EM fill a.csv -c g -o ''", 2),
        ("EM fill '' -c g", 2),
        (f"EM fill {'x' * 300}.csv -c g", 3),
        (f"EM fill a.csv -c g -o {'x' * 300}.csv", 5),
        ("EM fill a.csv -c g -e punycode", 2),
        ("EM fill a.csv -c g --prior-strength inf", 2),
        ("EM fill a.csv -c g --tol nan", 2),
        ("EM fill b.csv -c g --components 99999999999999999999999", 2),
        ("ulimit -f 1; cat big.csv | EM fill - -c g", 5),
        ("ulimit -f 1; EM fill big16.csv -c g", 5),
        ("ulimit -f 1; EM fill big.csv -c g -o out.csv", 5),
    ],
)
def test_what_once_was_a_bug_report_is_two_lines(folder, command, code):
    (folder / "b.csv").write_text("g,x\n,1\n,9\n,1\n")
    (folder / "big.csv").write_text("g,x\na,1\nb,9\n" + ",1\n" * 2000)
    (folder / "big16.csv").write_text("g,x\na,1\nb,9\n" + ",1\n" * 2000, encoding="utf-16")
    names = sorted(path.name for path in folder.iterdir())
    result = shell(folder, command)

    assert result.returncode == code, result.stderr
    assert [line.split(b":")[0] for line in result.stderr.splitlines()] == [b"error", b"hint"]
    assert sorted(path.name for path in folder.iterdir()) == names


def test_a_file_name_that_is_no_text_is_served_and_reported(folder):
    name = os.fsdecode(b"\xff.csv")
    (folder / "a.csv").rename(folder / name)
    result = subprocess.run(
        [sys.executable, "-m", "em_impute", "fill", name, "-c", "g", "-r", "r.json", "-r", "r.md"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip

    assert result.returncode == 0, result.stderr
    assert json.loads((folder / "r.json").read_text(encoding="utf-8"))["input"]["path"] == "\\udcff.csv"
    assert (folder / "r.md").read_text(encoding="utf-8")


def test_columns_of_the_same_name_are_filled_by_their_numbers(run):
    data = b"a,x,a,x\nu,1,v,2\nw,9,z,8\n,1,,2\nu,1.5,v,2.5\nw,8.5,z,7.5\n"
    result = run("fill", "-c", "1", "-c", "3", "-r", "r.json", stdin=data)

    assert result.stdout == data.replace(b"\n,1,,2\n", b"\nu,1,v,2\n")


def test_predictors_of_the_same_name_keep_their_own_parameters(run, tmp_path):
    data = b"g,x,x,\na,1,20,3\nb,9,10,4\n,2,19,1\na,1.5,21,5\nb,8,11,9\n"
    run("fill", "-c", "g", "-r", "r.json", stdin=data)
    report = json.loads((tmp_path / "r.json").read_text())
    names = ["x (column 2)", "x (column 3)"]

    assert [one["name"] for one in report["features"]["used"]] == names
    for one in report["model"]["parameters"]:
        assert list(one["mean"]) == list(one["sd"]) == names
    assert report["output"]["path"] is None


def test_a_comma_before_three_digits_may_be_thousands_and_stops_nobody(run):
    data = b'g,x,pop\na,1.5,"1,100"\nb,9.5,"2,107"\n,1.25,"3,200"\n'
    result = run("fill", "-c", "g", stdin=data)

    assert (result.returncode, result.stdout) == (0, data.replace(b"\n,1.25", b"\na,1.25"))


def test_magic_numbers_of_other_formats_may_stand_in_a_header(run):
    for header in (b"PAR1", b"BZh", b"{h}", b"%PDF"):
        data = PLAIN.replace(b"x", header)
        assert run("fill", "-c", "g", stdin=data).stdout == FILLED.replace(b"x", header)


@pytest.mark.parametrize("size", ["e200", "e-200", "e300", "e-300"])
def test_any_magnitude_gives_finite_deviations_and_no_warning(run, tmp_path, size):
    rows = "".join(f"{'ab'[i % 2] if i % 3 else ''},{1 + i % 7 + 3 * (i % 2)}{size}\n" for i in range(40))
    result = run("fill", "-c", "g", "-r", "r.json", "-q", stdin=f"g,x\n{rows}".encode())
    report = json.loads((tmp_path / "r.json").read_text(), parse_constant=pytest.fail)

    assert (result.returncode, result.stderr) == (0, b"")
    assert all(one["sd"]["x"] > 0 for one in report["model"]["parameters"])


def test_a_column_that_quotes_everything_gets_quoted_labels_even_if_none_is_known(run):
    rows = "".join(f'"{i % 2 * 9 + i / 50}",""\n' for i in range(30))
    result = run("fill", "-c", "kind", "--labels", "s,l", stdin=f'"x","kind"\n{rows}'.encode())

    assert {line.split(b",")[1] for line in result.stdout.splitlines()[1:]} == {b'"s"', b'"l"'}


def test_order_by_takes_a_number_as_the_other_options_do(run):
    rows = "".join(f"{i % 2 * 9 + i / 50},{90 - i % 2 * 50 - i / 50},\n" for i in range(40))
    result = run("fill", "-c", "kind", "--labels", "A,B", "--order-by", "2", stdin=f"up,down,kind\n{rows}".encode())

    assert [row["kind"] for row in csv.DictReader(io.StringIO(result.stdout.decode()))][:2] == ["B", "A"]


def test_check_names_the_predictors_that_fill_uses(run, tmp_path):
    rows = "".join(f"{'ab'[i % 2] if i % 3 else ''},{i % 7},{i % 7}\n" for i in range(40))
    data = f"g,h,k\n{rows}".encode()
    checked = run("check", "-c", "g", stdin=data).stderr.decode()
    run("fill", "-c", "g", "-r", "r.json", stdin=data)
    used = [one["name"] for one in json.loads((tmp_path / "r.json").read_text())["features"]["used"]]

    assert used == ["h"]
    assert "predictors  h\n" in checked


def test_iterations_never_exceed_what_was_asked_for(run, samples):
    for most in ("1", "5", "12"):
        run("fill", "faithful.csv", "-c", "kind", "--labels", "a,b", "--max-iter", most, "--tol", "0", "-r", "r.json")
        fit = json.loads((samples / "r.json").read_text())["fit"]

        assert fit["n_iterations"] == int(most)
        assert not fit["converged"]


def test_the_baseline_is_the_share_of_the_commonest_label(run, tmp_path):
    rows = "".join(f"{'ab'[i % 2]},{i * 7 % 13}\n" for i in range(16)) + ",3\n"
    run("fill", "-c", "g", "-r", "r.json", stdin=f"g,x\n{rows}".encode())

    assert json.loads((tmp_path / "r.json").read_text())["accuracy"]["baseline_accuracy"] == 0.5
