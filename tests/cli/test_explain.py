"""`em-impute explain`: what goes where, how it looks, and what is refused."""

import re
import subprocess
import sys

import numpy as np
import pytest
from builders import csv_of, strict
from rich.cells import cell_len

from em_impute.report import extra

PLAIN = b"g,x\n" + b"".join(b"%c,%d\n" % (97 + i % 2, i * i % 11) for i in range(12)) + b",3\n"

USAGE, INPUT, FIT, OUTPUT = 2, 3, 4, 5

KEYS = [
    "schema_version", "tool", "command", "created", "seed", "input", "column", "labels", "missing", "features", "covariance",
    "prior_strength", "collapse", "hidden", "start", "steps", "stop", "final", "warnings",
]  # fmt: skip


def test_the_loop_is_told_on_standard_error_and_nothing_is_written(run, samples):
    before = sorted(path.name for path in samples.iterdir())
    result = run("explain", "heights.csv", "--column", "gender")
    said = result.stderr.decode()

    assert (result.returncode, result.stdout) == (0, b"")
    assert sorted(path.name for path in samples.iterdir()) == before
    assert re.search(r"^ +female +\(weight\) +0\.4954$", said, re.MULTILINE)
    assert re.search(r"^ +\d+ +\d+\.?\d* +– +0\.\d{4} +0\.\d{4}$", said, re.MULTILINE)
    assert re.search(r"^ +\d+ +\d+\.?\d* +male +0 +1$", said, re.MULTILINE)
    assert re.search(r"^ +height +162\.88 -> 162\.\d\d +6\.19 -> 5\.\d\d$", said, re.MULTILINE)
    assert [int(step) for step in re.findall(r"(?m)^M step (\d+)", said)] == [1, 2, 3]
    assert said.count("why ") == 1
    assert re.search(r"^stopped +after \d+ iterations: the gain still to come is estimated at", said, re.MULTILINE)
    assert max(map(len, said.splitlines())) <= 80
    assert b"\x1b" not in result.stderr


def test_what_is_told_of_q_and_of_the_log_likelihood_obeys_the_theorem(call, samples):
    _, _, said = call("explain", "faithful.csv", "-c", "kind", "--labels", "short,long", "--steps", "all")
    gains = re.findall(r"Q\(θ\|θ\d+\) .*?([+-][\d.e+-]+)\n +log-likelihood .*?([+-][\d.e+-]+)  no less", said)

    assert len(gains) == said.count("E step ") - 1
    assert all(float(height) >= float(q) - 1e-8 for q, height in gains)


def test_the_same_seed_gives_the_same_bytes_of_json_from_a_file_and_from_a_pipe_but_for_its_name(run, samples):
    arguments = ("-c", "kind", "--labels", "a,b", "--seed", "7", "--json", "-q")
    first, again = (run("explain", "faithful.csv", *arguments, SOURCE_DATE_EPOCH="0") for _ in range(2))
    piped = run("explain", "-", *arguments, stdin=(samples / "faithful.csv").read_bytes(), SOURCE_DATE_EPOCH="0")
    reports = [strict(result.stdout) for result in (first, piped)]
    for report in reports:
        del report["command"], report["input"]

    assert first.stdout == again.stdout
    assert reports[0] == reports[1]
    assert first.stderr == piped.stderr == b""


def test_the_json_has_every_iteration_and_those_that_are_shown_in_full(call, samples):
    code, out, said = call("explain", "penguins.csv", "-c", "sex", "--steps", "2", "--rows", "4", "--json", "-q")
    report = strict(out)
    first, second, *others = report["steps"]

    assert (code, said) == (0, "")
    assert list(report) == KEYS
    assert [step["iteration"] for step in report["steps"]] == list(range(1, report["stop"]["iterations"] + 1))
    assert all(step["e_step"] is step["m_step"] is None for step in others)
    assert first["m_step"]["before"] == report["start"]["parameters"]
    assert first["m_step"]["after"] == second["m_step"]["before"]
    assert len(first["e_step"]["rows"]) == 4
    for row in first["e_step"]["rows"]:
        assert sum(row["responsibility"].values()) == pytest.approx(1.0)
        assert row["known"] is None or row["responsibility"][row["known"]] == 1.0
    assert report["final"]["log_likelihood"] == report["steps"][-1]["log_likelihood"]["after"]
    assert "log_prior" not in first
    assert report["hidden"]["labels"] == 11
    for one in report["final"]["parameters"]:
        deviation = np.sqrt(np.diagonal(one["covariance"]))
        assert list(one["sd"].values()) == pytest.approx(deviation.tolist())
    assert sum(one["weight"] for one in report["final"]["parameters"]) == pytest.approx(1.0)


@pytest.mark.parametrize(("steps", "shown"), [("0", 0), ("2", 2), ("all", None)])
def test_so_many_steps_are_shown_in_full_and_the_others_in_a_line_each_thinned(call, samples, steps, shown):
    _, out, said = call(
        "explain", "faithful.csv", "-c", "kind", "--labels", "a,b", "--steps", steps, "--max-iter", "12", "--json"
    )
    full = [step["iteration"] for step in strict(out)["steps"] if step["m_step"]]
    lines = [int(step) for step in re.findall(r"(?m)^ +(\d+) +[+-]\S+ +-\S+ +[+-]\S+$", said)]

    assert full == list(range(1, (12 if shown is None else shown) + 1))
    assert lines == ([] if shown is None else {0: [1, 2, 5, 10, 12], 2: [3, 4, 5, 10, 12]}[shown])
    assert said.count("E step ") - 1 == len(full)


def test_with_a_prior_its_logarithm_stands_beside_q_and_the_log_likelihood(call, samples):
    _, out, said = call("explain", "heights.csv", "-c", "gender", "--prior-strength", "1", "--json")
    report = strict(out)

    assert report["prior_strength"] == 1.0
    for step in report["steps"]:
        moved = {key: step[key]["after"] - step[key]["before"] for key in ("q", "log_likelihood", "log_prior")}
        assert moved["log_likelihood"] >= moved["q"] - 1e-8
        assert moved["q"] + moved["log_prior"] >= -1e-8
    assert re.search(r"Q \+ log prior +-[\d,.]+ -> +-[\d,.]+ +\+", said)


def test_a_file_too_small_for_maximum_likelihood_says_that_a_prior_helps(call, tmp_path):
    content = csv_of("g,x,y", [*"aaabbb", None, None], [1, 1, 1, 3, 4, 6, 2, 5], [1, 1, 1, 9, 5, 7, 3, 6])
    (tmp_path / "a.csv").write_text(content)
    code, _, said = call("explain", "a.csv", "-c", "g")

    assert code == 0
    assert re.search(r"^warning +maximum likelihood breaks down here", said, re.MULTILINE)
    assert call("explain", "a.csv", "-c", "g", "--prior-strength", "0")[0] == FIT


def test_labels_that_look_alike_are_warned_of(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN.replace(b"b,0\n", b"A,0\n").replace(b"b,1\n", b"A,1\n"))
    _, out, said = call("explain", "a.csv", "-c", "g", "--json")

    assert [one["code"] for one in strict(out)["warnings"]] == ["W14"]
    assert re.search(r"^warning +W14: ", said, re.MULTILINE)


def test_lines_of_the_file_can_be_followed(call, samples):
    _, out, _ = call("explain", "heights.csv", "-c", "gender", "--line", "6", "--line", "2", "--json", "-q")
    rows = strict(out)["final"]["rows"]

    assert [(row["line"], row["known"], row["values"]) for row in rows] == [
        (6, None, {"height": 186.7}),
        (2, "male", {"height": 185.9}),
    ]


def test_all_labels_known_is_said(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN.rpartition(b",3\n")[0])
    code, _, said = call("explain", "a.csv", "-c", "g")

    assert code == 0
    assert "Nothing is hidden" in " ".join(said.split())


@pytest.mark.parametrize(
    "labels", [["x" * 30, "[bold]y\x1b[2J", "日本語日本語日本語"], [f"kind {k}" for k in range(9)]], ids=["odd", "many"]
)
@pytest.mark.parametrize("width", [60, 80, 200])
def test_odd_and_many_labels_fit_the_terminal_and_are_shown_literally(call, tmp_path, monkeypatch, labels, width):
    monkeypatch.setenv("COLUMNS", str(width))
    rng = np.random.default_rng(0)
    code = rng.integers(0, len(labels), 300)
    cells = [labels[k] if rng.random() < 0.7 else None for k in code]
    numbers = [rng.normal(3 * code + j) for j in range(6)]
    header = "g," + ",".join(f"a long name of column {j}<" for j in range(6))
    (tmp_path / "a.csv").write_text(csv_of(header, cells, *numbers), encoding="utf-8")
    ended, _, said = call("explain", "a.csv", "-c", "g", "--covariance", "tied", "--steps", "1")

    assert ended == 0, said
    assert "\x1b" not in said
    assert max(map(cell_len, said.splitlines())) <= min(width, 110)
    assert "2 more predictors" in said
    assert ("3 more Gaussians" in said) == (len(labels) == 9)
    assert ("[bold]y" in said) == (len(labels) == 3)


def test_cells_of_other_columns_are_not_shown(call, samples):
    _, out, said = call("explain", "penguins.csv", "-c", "sex", "-x", "3", "--json")

    assert "Adelie" not in out + said
    assert "Torgersen" not in out + said


def test_a_gif_and_frames_are_written_where_they_are_named(call, samples):
    code, _, said = call(
        "explain", "heights.csv", "-c", "gender", "--max-iter", "3", "--animate", "em.gif", "--frames", "new/frames"
    )

    assert code == 0, said
    assert (samples / "em.gif").read_bytes().startswith(b"GIF89a")
    assert sorted(path.name for path in (samples / "new/frames").iterdir()) == [f"em-{k:03d}.png" for k in range(4)]
    assert "em.gif, new/frames (4 frames)" in said


def test_pictures_of_another_run_stay_but_for_those_of_the_same_name(call, samples):
    (samples / "frames").mkdir()
    for name in ("em-000.png", "em-999.png", "notes.txt"):
        (samples / "frames" / name).write_bytes(b"old")
    call("explain", "heights.csv", "-c", "gender", "--max-iter", "1", "--frames", "frames", "-q")

    assert (samples / "frames/em-000.png").read_bytes().startswith(b"\x89PNG")
    assert {(samples / "frames" / name).read_bytes() for name in ("em-999.png", "notes.txt")} == {b"old"}


def test_without_matplotlib_pictures_are_refused_with_how_to_install_it(call, tmp_path, monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    (tmp_path / "a.csv").write_bytes(PLAIN)
    for arguments in (["--animate", "a.gif"], ["--frames", "f"]):
        code, _, said = call("explain", "a.csv", "-c", "g", *arguments)

        assert code == USAGE
        assert "pip install 'em-impute[report]'" in said
    assert call("explain", "a.csv", "-c", "g")[0] == 0


CASES = [
    # id, content of a.csv, arguments, exit code, words of the message
    ("steps no number", PLAIN, "--steps some", USAGE, "'some'"),
    ("steps below 0", PLAIN, "--steps -1", USAGE, "'-1'"),
    ("no rows", PLAIN, "--rows 0", USAGE, "--rows"),
    ("line 0", PLAIN, "--line 0", USAGE, "--line"),
    ("line of the header", PLAIN, "--line 1", INPUT, "line 1"),
    ("line behind the last", PLAIN, "--line 15", INPUT, "line 15"),
    ("line no number", PLAIN, "--line x", USAGE, "--line"),
    ("two columns", PLAIN, "-c x", USAGE, "one column"),
    ("no such column", PLAIN.replace(b"g", b"h"), "", INPUT, "'g'"),
    ("animation of another kind", PLAIN, "--animate a.mp4", USAGE, ".gif"),
    ("animation in no folder", PLAIN, "--animate nowhere/a.gif", OUTPUT, "nowhere"),
    ("frames into a file", PLAIN, "--frames a.csv", OUTPUT, "a.csv"),
    ("frames nowhere", PLAIN, "--frames=", USAGE, "--frames"),
    ("both to one place", PLAIN, "--animate f.gif --frames f.gif", USAGE, "same path"),
    ("no option of fill's", PLAIN, "--in-place", USAGE, "--in-place"),
    ("components no number", PLAIN, "--components 0", USAGE, "--components"),
    ("tolerance no number", PLAIN, "--tol inf", USAGE, "--tol"),
    ("no label", b"g,x\n,1\n,9\n,1\n", "", FIT, "--components 2"),
    ("auto without a label", b"g,x\n,1\n,9\n,1\n", "--components auto", FIT, "--components 2"),
    ("one label", b"g,x\na,1\na,2\na,3\na,5\n,1\n", "", FIT, "'a'"),
    ("more groups than rows", b"g,x\n,1\n,9\n,1\n", "--components 4", FIT, "4 groups"),
    ("no numeric predictor", b"g,t\n" + b"a,u\n" * 9 + b"b,v\n" * 9, "", FIT, "'t'"),
    ("text as predictor", b"g,t\n" + b"a,u\n" * 9 + b"b,v\n" * 9, "-x t", INPUT, "'t'"),
    ("order by no predictor", b"g,x,t\n,1,a\n,9,b\n,1,a\n", "--labels a,b --order-by t", INPUT, "--order-by"),
    ("no rows", b"g,x\n", "", FIT, "no rows"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "arguments", "code", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_bad_input_gets_two_lines_and_its_exit_code(call, tmp_path, content, arguments, code, words):
    (tmp_path / "a.csv").write_bytes(content)
    ended, out, said = call("explain", "a.csv", "-c", "g", *arguments.split())

    assert (ended, out) == (code, ""), said
    assert [line.partition(": ")[0] for line in said.splitlines()] == ["error", "hint"]
    assert words in said
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("how", ["gif", "frame"])
def test_a_picture_must_not_be_the_input(call, tmp_path, how):
    name = {"gif": "a.gif", "frame": "em-001.png"}[how]
    (tmp_path / name).write_bytes(PLAIN)
    arguments = {"gif": ["--animate", "a.gif"], "frame": ["--frames", "."]}[how]
    ended, _, said = call("explain", name, "-c", "g", *arguments)

    assert ended == USAGE
    assert "is the input" in said
    assert (tmp_path / name).read_bytes() == PLAIN


def test_help_names_every_option_and_needs_neither_numpy_nor_pandas_nor_scipy(tmp_path):
    blocked = "import sys; sys.modules.update(dict.fromkeys(['numpy', 'pandas', 'scipy', 'matplotlib']))\n"
    code = f"{blocked}from em_impute.cli import main; main(['explain', '--help'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=False)

    assert (result.returncode, result.stderr) == (0, b"")
    for option in (b"--steps", b"--rows", b"--line", b"--json", b"--animate", b"--frames"):
        assert option in result.stdout
