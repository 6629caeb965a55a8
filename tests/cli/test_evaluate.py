"""`em-impute evaluate`: what goes where, and what is refused."""

import re
import subprocess
import sys

import numpy as np
import pytest
from builders import csv_of, strict
from rich.cells import cell_len

PLAIN = b"g,x\n" + b"".join(b"%c,%d\n" % (97 + i % 2, i) for i in range(12)) + b",3\n"

USAGE, INPUT, FIT, OUTPUT = 2, 3, 4, 5

KEYS = [
    "schema_version", "tool", "command", "created", "seed", "timings", "input", "column", "labels", "missing", "features", "hiding",
    "figures", "weighted_to_missing", "repeats", "filled", "reliability", "confusion", "warnings",
]  # fmt: skip


def test_a_table_for_people_goes_to_standard_error_and_nothing_is_written(run, samples):
    before = sorted(path.name for path in samples.iterdir())
    result = run("evaluate", "heights.csv", "--column", "gender")
    said = result.stderr.decode()

    assert (result.returncode, result.stdout) == (0, b"")
    assert sorted(path.name for path in samples.iterdir()) == before
    assert re.search(r"^ +em-impute  labels only     majority$", said, re.MULTILINE)
    assert re.search(r"^accuracy +8\d\.\d % +8\d\.\d % +50\.5 %$", said, re.MULTILINE)
    assert re.search(r"^log-loss +0\.3\d{3} +0\.3\d{3} +0\.693\d$", said, re.MULTILINE)
    assert "131 of 654 known labels, 5 times, stratified: 654 in all" in said
    assert max(map(len, said.splitlines())) <= 80
    assert b"\x1b" not in result.stderr


def test_the_same_seed_gives_the_same_bytes_of_json_from_a_file_and_from_a_pipe_but_for_its_name(run, samples):
    arguments = ("-c", "gender", "--repeats", "2", "--seed", "7", "--json", "-q")
    first, again = (run("evaluate", "heights.csv", *arguments, SOURCE_DATE_EPOCH="0") for _ in range(2))
    piped = run("evaluate", "-", *arguments, stdin=(samples / "heights.csv").read_bytes(), SOURCE_DATE_EPOCH="0")
    reports = [strict(result.stdout) for result in (first, piped)]
    for report in reports:
        del report["command"], report["input"]

    assert first.stdout == again.stdout
    assert reports[0] == reports[1]
    assert first.stderr == piped.stderr == b""


def test_reports_are_written_where_they_are_named_and_their_figures_agree(call, samples):
    code, out, _ = call(
        "evaluate", "penguins.csv", "-c", "species", "--repeats", "2", "-r", "e.json", "-r", "e.md", "-q"
    )
    report, text = strict((samples / "e.json").read_text()), (samples / "e.md").read_text()
    figures = report["figures"]["em_impute"]
    confusion = np.array([list(row.values()) for row in report["confusion"].values()])
    rows = report["hiding"]["rows"]

    assert (code, out) == (0, "")
    assert list(report) == KEYS
    assert confusion.sum() == sum(one["rows"] for one in report["repeats"]["each"]) == rows
    assert figures["accuracy"] == pytest.approx(np.trace(confusion) / rows)
    assert figures["balanced_accuracy"] == pytest.approx(np.mean([one["recall"] for one in report["labels"]]))
    assert figures["interval"][0] < figures["accuracy"] < figures["interval"][1]
    assert report["filled"]["curve"][-1]["accuracy"] == pytest.approx(figures["accuracy"])
    assert sum(one["rows"] for one in report["reliability"]) == rows
    assert report["weighted_to_missing"] is None
    assert set(report["figures"]) == {"em_impute", "labels_only", "majority"}
    assert f"| accuracy | {100 * figures['accuracy']:.1f} % |" in text
    assert "| Adelie |" in text


def test_several_columns_are_listed_in_one_report(call, samples):
    _, out, _ = call("evaluate", "penguins.csv", "-c", "sex", "-c", "species", "--repeats", "1", "-r", "-", "-q")
    both = strict(out)

    assert both["schema_version"] == 1
    assert [one["column"] for one in both["reports"]] == ["sex", "species"]
    assert [one["missing"]["cells"] for one in both["reports"]] == [11, 0]
    assert both["reports"][0]["weighted_to_missing"]["missing"] == 11
    assert both["reports"][0]["repeats"]["accuracy_sd"] is None


def test_a_label_that_is_named_is_hidden_by_class(call, samples):
    arguments = ("--hide-label", "male=0.5", "--hide-label", "female=0", "--json", "-q")
    _, out, _ = call("evaluate", "heights.csv", "-c", "gender", "--repeats", "1", *arguments)
    report = strict(out)

    assert report["hiding"]["how"] == "by-class"
    assert [(one["label"], one["share_to_hide"]) for one in report["labels"]] == [("female", 0.0), ("male", 0.5)]
    assert [one["hidden"] for one in report["labels"]] == [0, pytest.approx(165, abs=1)]
    assert report["labels"][0]["recall"] is None


def test_a_label_that_holds_an_equals_sign_can_be_named(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN.replace(b"a,", b"a=b,"))
    code, out, _ = call("evaluate", "a.csv", "-c", "g", "--hide-label", "a=b=0.4", "--json", "-q")

    assert code == 0
    assert strict(out)["labels"][0]["share_to_hide"] == 0.4


@pytest.mark.parametrize(
    "labels", [["x" * 30, "[bold]y\x1b[2J", "日本語日本語日本語"], [f"kind {k}" for k in range(9)]], ids=["odd", "many"]
)
def test_odd_and_many_labels_fit_into_80_columns(call, tmp_path, labels):
    rng = np.random.default_rng(0)
    code = rng.integers(0, len(labels), 200)
    (tmp_path / "a.csv").write_text(csv_of("g,x", [labels[k] for k in code], rng.normal(2 * code)), encoding="utf-8")
    ended, _, said = call("evaluate", "a.csv", "-c", "g", "--covariance", "tied")

    assert ended == 0
    assert "\x1b" not in said
    table = said[said.index("em-impute ") :]
    assert max(map(cell_len, table.splitlines())) <= 80
    assert ("least found" in table) == (len(labels) == 9)


CASES = [
    # id, content of a.csv, arguments, exit code, words of the message
    ("nothing hidden", PLAIN, "--hide 0", USAGE, "--hide"),
    ("all hidden", PLAIN, "--hide 1", USAGE, "--hide"),
    ("share no number", PLAIN, "--hide abc", USAGE, "'abc'"),
    ("share not a number", PLAIN, "--hide nan", USAGE, "'nan'"),
    ("no repeats", PLAIN, "--repeats 0", USAGE, "--repeats"),
    ("unknown way", PLAIN, "--how often", USAGE, "often"),
    ("label without a share", PLAIN, "--hide-label a", USAGE, "LABEL=SHARE"),
    ("share without a label", PLAIN, "--hide-label =0.5", USAGE, "LABEL=SHARE"),
    ("share of a label no number", PLAIN, "--hide-label a=b", USAGE, "LABEL=SHARE"),
    ("whole label hidden", PLAIN, "--hide-label a=1", USAGE, "LABEL=SHARE"),
    ("label named twice", PLAIN, "--hide-label a=0.1 --hide-label a=0.2", USAGE, "twice"),
    ("label named, but not by class", PLAIN, "--how random --hide-label a=0.1", USAGE, "--how random"),
    ("label that no row holds", PLAIN, "--hide-label c=0.1", INPUT, "'c'"),
    ("two things to standard output", PLAIN, "--json -r -", USAGE, "standard output"),
    ("the same report twice", PLAIN, "-r e.json -r ./e.json", USAGE, "same path"),
    ("report of unknown kind", PLAIN, "-r e.txt", USAGE, "e.txt"),
    ("report in no folder", PLAIN, "-r nowhere/e.json", OUTPUT, "nowhere"),
    ("no option of fill's", PLAIN, "--in-place", USAGE, "em-impute evaluate --help"),
    ("tolerance no number", PLAIN, "--tol inf", USAGE, "--tol"),
    ("token both null and kept", PLAIN, "--null-value a --keep-value a", USAGE, "token"),
    ("too few labels", b"g,x\na,1\na,2\nb,9\nb,8\n,1\n", "", FIT, "too few"),
    ("no label", b"g,x\n,1\n,9\n,1\n", "", FIT, "no label is known"),
    ("one label", b"g,x\na,1\na,2\na,3\na,5\n,1\n", "", FIT, "'a'"),
    ("no predictor", b"g,t\n" + b"a,u\n" * 9 + b"b,u\n" * 9, "", FIT, "'t'"),
    ("no such column", PLAIN, "-c h", INPUT, "'h'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "arguments", "code", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_bad_input_gets_two_lines_and_its_exit_code(call, tmp_path, content, arguments, code, words):
    (tmp_path / "a.csv").write_bytes(content)
    ended, out, said = call("evaluate", "a.csv", "-c", "g", *arguments.split())

    assert (ended, out) == (code, ""), said
    assert [line.partition(": ")[0] for line in said.splitlines()] == ["error", "hint"]
    assert words in said
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_the_report_must_not_be_the_input(call, tmp_path):
    (tmp_path / "a.json").write_bytes(PLAIN)
    ended, _, said = call("evaluate", "a.json", "-c", "g", "-r", "a.json")

    assert ended == USAGE
    assert "input" in said
    assert (tmp_path / "a.json").read_bytes() == PLAIN


def test_help_names_every_option_and_needs_neither_numpy_nor_pandas_nor_scipy(tmp_path):
    blocked = "import sys; sys.modules.update(dict.fromkeys(['numpy', 'pandas', 'scipy']))\n"
    code = f"{blocked}from em_impute.cli import main; main(['evaluate', '--help'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=False)

    assert (result.returncode, result.stderr) == (0, b"")
    for option in (b"--hide", b"--how", b"--hide-label", b"--repeats", b"--json", b"--report"):
        assert option in result.stdout


def test_sixty_labels_are_counted_right(run, tmp_path):
    rows = "".join(f"{'' if i % 6 == 5 else f'v{i % 60}'},{i % 60 + i % 7 / 10}\n" for i in range(900))
    (tmp_path / "many.csv").write_text(f"g,x\n{rows}")
    result = run("evaluate", "many.csv", "-c", "g", "--repeats", "1", "--covariance", "tied", "--json", "-q")

    assert result.returncode == 0, result.stderr
    report = strict(result.stdout)
    counted = [sum(row.values()) for row in report["confusion"].values()]
    assert counted == [one["hidden"] for one in report["labels"]]
