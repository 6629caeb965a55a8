"""What `fill` says by itself: the verdict first, whole words within the width, and what pipelines get of it."""

import json
import re

import numpy as np
import pytest

WIDE = "a column with a long name that takes more than its part of the line"


def csv(folder, name="t.csv", *, separation=4.0, labels=("cat", "dog"), n_rows=200, n_columns=2):
    """Write rows whose labels lie so many standard deviations apart; every fifth is missing."""
    rng = np.random.default_rng(3)
    label = rng.integers(0, len(labels), n_rows)
    x = rng.normal(size=(n_rows, n_columns)) + separation * label[:, None]
    lines = [",".join(["kind", "id", WIDE, *(f"x{i}" for i in range(1, n_columns))])]
    for i in range(n_rows):
        cell = "" if i % 5 == 0 else labels[label[i]]
        lines.append(",".join([cell, f"{i:04d}", *(f"{value:.4f}" for value in x[i])]))
    (folder / name).write_text("\n".join(lines) + "\n")


def summary(call, *options):
    code, _, said = call("fill", "t.csv", "-c", "kind", *options)
    assert code == 0, said
    return said.splitlines()


@pytest.mark.parametrize("width", [80, 100, 120])
def test_on_a_terminal_lines_end_between_words_and_further_ones_are_indented(on_terminal, call, tmp_path, width):
    csv(tmp_path, labels=("a label that is long", "a label that is longer still", "another"), n_columns=5)
    for more in ((), ("-v",)):
        options = ("-c", "kind", "-o", "b.csv", "--no-report", "--color", "never", "--covariance", "tied", *more)
        _, _, shown = on_terminal("fill", *options, stdin=(tmp_path / "t.csv").read_bytes(), width=width, patience=60)
        lines = shown.decode().replace("\r", "").splitlines()
        whole = call("fill", "t.csv", *options)[2].replace("t.csv", "standard input")

        assert max(map(len, lines)) <= width
        assert more or len(lines) <= 8
        if not more:
            assert re.sub(r"\n  ", " ", "\n".join(lines)) == whole.rstrip("\n")
            assert not any(line.endswith(" ") for line in lines)


def test_a_shift_under_a_saved_model_is_told_to_cron(call, tmp_path):
    csv(tmp_path)
    assert 0 == call("fill", "t.csv", "-c", "kind", "--save-model", "m.json", "-qq", "--no-report")[0]
    text = (tmp_path / "t.csv").read_text()
    (tmp_path / "t.csv").write_text(re.sub(r",(-?\d+\.\d+)", lambda one: f",{float(one[1]) + 15.0:.4f}", text))
    code, _, said = call("fill", "t.csv", "--model", "m.json", "-q", "--no-report")
    stopped = call("fill", "t.csv", "--model", "m.json", "-qq", "--no-report", "--fail-on", "w08,W26", "-o", "no.csv")

    assert code == 0
    assert "warning: kind: W26: Distributions have shifted since training:" in said
    assert stopped[0] == 1
    assert "error: warning W26: with --fail-on nothing is written\n" in stopped[2]
    assert not (tmp_path / "no.csv").exists()


HIDDEN, BEFORE = "hidden known labels", "labels hidden when the model was fitted"


@pytest.mark.parametrize(
    ("told", "arguments"),
    [
        (HIDDEN, ("fill", "-o", "b.csv")),
        (HIDDEN, ("fill", "--backend", "serial", "-o", "b.csv")),
        (BEFORE, ("fill", "--model", "m.json", "-o", "b.csv")),
        ("hidden labels", ("evaluate", "--repeats", "2")),
    ],
)
def test_too_few_right_labels_stop_a_run_only_below_what_is_asked(call, tmp_path, told, arguments):
    command, *more = arguments
    csv(tmp_path, separation=1.0)
    if told is BEFORE:
        call("fill", "t.csv", "-c", "kind", "-qq", "--no-report", "--save-model", "m.json")
    stopped, passed = (
        call(command, "t.csv", "-c", "kind", *more, "-qq", "--min-accuracy", least) for least in ("0.99", "0.5")
    )

    assert (1, "") == stopped[:2]
    assert re.fullmatch(
        rf"error: 0\.\d{{3}} of {told} are right in column 'kind': with --min-accuracy 0.99 nothing is written\n"
        r"hint: .*\n", stopped[2],
    )  # fmt: skip
    assert (0, "", "") == passed


def test_notes_are_no_reason_to_stop(call, tmp_path):
    csv(tmp_path)
    text = (tmp_path / "t.csv").read_text().splitlines()
    (tmp_path / "t.csv").write_text("\n".join([f"{text[0]},copy", *(f"{one},{one.split(',')[2]}" for one in text[1:])]))
    code, _, said = call("fill", "t.csv", "-c", "kind", "--strict", "-v")

    assert code == 0
    assert "note        W17: " in said
    assert "1 note; -v shows it." in summary(call)


def test_json_is_the_report_on_standard_output_and_takes_the_place_of_files(call, tmp_path):
    csv(tmp_path)
    code, report, _ = call("fill", "t.csv", "-c", "kind", "--json")
    dry = call("fill", "t.csv", "-c", "kind", "--json", "--dry-run", "-o", "no.csv")

    assert (code, dry[0]) == (0, 0)
    assert json.loads(report)["missing"]["filled"] == json.loads(dry[1])["missing"]["filled"] == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.filled.csv"]
