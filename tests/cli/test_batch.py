"""What batch use asks for: `--strict`, `--color`, `--no-progress` and the environment variables."""

import json
import re

import pytest
from parted import cut, records

PLAIN = b"g,x\na,1\nb,9\n,1\n"
FILLED = b"g,x\na,1\nb,9\na,1\n"
FAR = b"g,x\n" + b"".join(b"%c,%d\n" % (97 + i % 2, 9 * (i % 2) + i % 5) for i in range(40)) + b",9000\n"
"""One row lies beyond every row with a label: W11."""
CALM = FAR.replace(b"9000", b"3")
ALIKE = FAR.replace(b"9000", b"3") + b"B,9\nB,10\nB,11\nB,12\n"
"""b and B differ only by case: W14, also where a table is read in parts."""

ROWS = b"g,x,y\n" + b"".join(
    b"%s,%d,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 4), i * i, 40 * (i % 2) + i) for i in range(40)
)
FILL = ("fill", "-c", "g", "-o", "out.csv")
ESCAPE, HIDDEN_CURSOR = b"\x1b", b"\x1b[?25l"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def codes_of(report):
    return {one["code"] for one in report["warnings"]}


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-o", "out.csv"],
        ["-o", "-"],
        ["--diff"],
        ["-r", "-", "--no-clobber"],
        ["-r", "r.md"],
        ["--in-place", "--backup", ".bak"],
        ["--dry-run"],
        ["--imputations", "2"],
        ["--backend", "serial"],
        ["--max-memory", "64M"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("quiet", [False, True])
def test_a_strict_run_with_a_warning_writes_nothing_at_all_and_ends_with_1(run, tmp_path, options, quiet):
    (tmp_path / "a.csv").write_bytes(ALIKE)
    result = run("fill", "a.csv", "-c", "g", "--strict", *options, *["-q"] * quiet)
    said = result.stderr.decode().splitlines()
    warned = {line.split()[1].rstrip(":") for line in said if line.startswith("warning ")}
    named = set(re.findall(r"W\d\d", said[-2]))

    assert (1, b"") == (result.returncode, result.stdout)
    assert ["a.csv"] == names(tmp_path)
    assert ALIKE == (tmp_path / "a.csv").read_bytes()
    assert "W14" in named
    assert re.fullmatch(r"error: warnings? W\d\d(, W\d\d)*: with --strict nothing is written", said[-2])
    assert "hint: see to what is warned about, or leave --strict out" == said[-1]
    assert quiet is (len(said) == 2)
    assert quiet or warned == named
    assert not any(line.startswith("wrote") for line in said)


@pytest.mark.parametrize("options", [["-q"], ["--no-report"], []], ids=" ".join)
def test_a_strict_run_without_a_warning_writes_what_any_run_writes(run, tmp_path, options):
    (tmp_path / "a.csv").write_bytes(CALM)
    (tmp_path / "b.csv").write_bytes(CALM)
    strict = run("fill", "a.csv", "-c", "g", "--strict", *options, SOURCE_DATE_EPOCH="0")
    plain = run("fill", "b.csv", "-c", "g", *options, SOURCE_DATE_EPOCH="0")
    reports = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("*.report.json"))]

    assert (0, 0) == (strict.returncode, plain.returncode), strict.stderr
    assert strict.stderr.replace(b"a.", b"b.") == plain.stderr
    assert (tmp_path / "a.filled.csv").read_bytes() == (tmp_path / "b.filled.csv").read_bytes()
    for report in reports:
        for key in ("command", "input", "output"):
            del report[key]
    assert ("--no-report" in options) is (reports == [])
    assert reports == [] or reports[0] == reports[1]


def test_a_note_is_no_warning_and_neither_is_a_cell_left_empty(run, samples):
    result = run("fill", "heights.csv", "-c", "gender", "--strict", "--min-probability", "0.9", "-r", "r.json")
    report = json.loads((samples / "r.json").read_text())

    assert 0 == result.returncode
    assert {"S01"} == codes_of(report)
    assert report["missing"]["left_empty"]["below_min_probability"] > 0
    assert b"note        S01" in result.stderr


def test_a_fit_that_has_not_converged_does_not_pass(run, samples):
    options = ("-c", "kind", "--labels", "a,b", "--covariance", "full", "--max-iter", "2")
    loose = run("fill", "faithful.csv", *options, "-o", "loose.csv", "--no-report", "-q")
    strict = run("fill", "faithful.csv", *options, "-o", "strict.csv", "--no-report", "-q", "--strict")

    assert (0, 1) == (loose.returncode, strict.returncode)
    assert b"W15" in strict.stderr
    assert (samples / "loose.csv").exists()
    assert not (samples / "strict.csv").exists()


def test_strict_parts_are_the_bytes_of_other_parts(run, tmp_path):
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        cut(tmp_path / str(number), list(records(600)), (300, 600))
    strict = run("fill", "0/part-?.csv", "-c", "g", "--strict", "-q")
    run("fill", "1/part-?.csv", "-c", "g", "-q")
    outputs = [[path.read_bytes() for path in sorted((tmp_path / n).glob("*.filled.csv"))] for n in "01"]

    assert (0, b"") == (strict.returncode, strict.stderr)
    assert 2 == len(outputs[0])
    assert outputs[0] == outputs[1]


def test_a_strict_evaluation_with_a_warning_writes_nothing(run, tmp_path):
    (tmp_path / "a.csv").write_bytes(ALIKE)
    loose = run("evaluate", "a.csv", "-c", "g", "--repeats", "1", "-r", "loose.json", "-q")
    strict = run("evaluate", "a.csv", "-c", "g", "--repeats", "1", "-r", "strict.json", "--json", "-q", "--strict")

    assert (0, 1, b"") == (loose.returncode, strict.returncode, strict.stdout)
    assert b"error: warning W14: with --strict nothing is written\n" in strict.stderr
    assert ["a.csv", "loose.json"] == names(tmp_path)


@pytest.mark.parametrize(
    ("options", "environment", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        ([], {"CLICOLOR": "0"}, False),
        ([], {"CLICOLOR": "1"}, True),
        ([], {"CLICOLOR": "0", "FORCE_COLOR": "1"}, True),
        ([], {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ([], {"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "always"], {"TERM": "dumb"}, True),
        (["--color", "always"], {"CLICOLOR": "0"}, True),
        (["--color", "auto"], {"EM_IMPUTE_COLOR": "never"}, True),
        ([], {"EM_IMPUTE_COLOR": "never"}, False),
        ([], {"EM_IMPUTE_COLOR": "always", "NO_COLOR": "1"}, True),
    ],
)
def test_colours_on_a_terminal_are_as_the_user_wants_them(on_terminal, tmp_path, options, environment, coloured):
    code, output, shown = on_terminal(*FILL, *options, stdin=PLAIN, patience=600, **environment)

    assert (0, b"") == (code, output)
    assert FILLED == (tmp_path / "out.csv").read_bytes()
    assert coloured is (ESCAPE in shown)


@pytest.mark.parametrize(
    "environment", [{}, {"FORCE_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}, {"TERM": "xterm-256color", "COLORTERM": "truecolor"}]
)  # fmt: skip
@pytest.mark.parametrize("command", ["fill", "check", "evaluate", "explain"])
def test_a_pipe_gets_an_escape_byte_only_where_always_says_so(run, environment, command):
    arguments = (command, "-c", "g") + (("--repeats", "1") if command == "evaluate" else ())
    plain, asked = (run(*arguments, *more, stdin=CALM, **environment) for more in ((), ("--color", "always")))

    assert ESCAPE not in plain.stderr
    assert b"\x1b[1m" in asked.stderr
    assert b"\x1b[?" not in asked.stderr  # no cursor is moved
    assert ESCAPE not in plain.stdout + asked.stdout
    assert plain.stdout == asked.stdout


def test_a_warning_is_yellow(run):
    assert b"\x1b[1;33mwarning " in run("fill", "-c", "g", "--color", "always", stdin=FAR).stderr


@pytest.mark.parametrize(("options", "bar"), [([], True), (["--no-progress"], False), (["--color", "never"], True)])
def test_the_bar_and_the_colours_are_two_things(on_terminal, options, bar):
    _, _, shown = on_terminal(*FILL, *options, stdin=ROWS, patience=0, until=b"opening" if bar else b"")

    assert b"wrote" in shown
    assert bar is (HIDDEN_CURSOR in shown)


@pytest.mark.parametrize("command", ["check", "evaluate", "explain"])
def test_the_other_commands_can_do_without_a_bar_too(on_terminal, command):
    _, _, shown = on_terminal(command, "-c", "g", "--no-progress", stdin=ROWS, patience=0)

    assert b"column " in shown
    assert HIDDEN_CURSOR not in shown


def test_variables_say_what_options_say_and_options_beat_them(run):
    data = "g;x\né;1,5\nb;9,5\n;1,75\n".encode("latin-1")
    expected = data.replace(b"\n;1", b"\n\xe9;1")
    said = {"EM_IMPUTE_DELIMITER": ";", "EM_IMPUTE_ENCODING": "latin-1"}
    by_variable = run("fill", "-c", "g", "--decimal", ",", stdin=data, **said)
    wrong = {"EM_IMPUTE_DELIMITER": "|", "EM_IMPUTE_ENCODING": "ascii"}
    beaten = run("fill", "-c", "g", "--decimal", ",", "-d", ";", "-e", "latin-1", stdin=data, **wrong)
    obeyed = run("fill", "-c", "g", "--decimal", ",", stdin=data, **wrong)

    assert expected == by_variable.stdout == beaten.stdout
    assert 3 == obeyed.returncode


def test_the_seed_may_come_from_a_variable(run, samples):
    runs = [
        run("fill", "heights.csv", "-c", "gender", "--method", "draw", "-o", "-", "-q", *options, **environment).stdout
        for options, environment in (
            (["--seed", "7"], {}),
            ([], {"EM_IMPUTE_SEED": "7"}),
            (["--seed", "7"], {"EM_IMPUTE_SEED": "8"}),
            ([], {"EM_IMPUTE_SEED": ""}),
            ([], {}),
        )
    ]

    assert runs[0] == runs[1] == runs[2] != runs[3] == runs[4]


@pytest.mark.parametrize(("value", "quiet"), [("1", True), ("true", True), ("0", False), ("no", False), ("", False)])
def test_quiet_may_come_from_a_variable(run, tmp_path, value, quiet):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    result = run("check", "a.csv", "-c", "g", EM_IMPUTE_QUIET=value)

    assert 1 == result.returncode
    assert quiet is (result.stderr == b"")


@pytest.mark.parametrize("option", [["--seed", "x"], ["-d", "ab"], ["-e", "nonsense"], ["--log-file", "-"]])
def test_a_mistake_in_the_command_line_is_not_blamed_on_a_variable(run, tmp_path, option):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    good = {"EM_IMPUTE_SEED": "1", "EM_IMPUTE_DELIMITER": "ab", "EM_IMPUTE_ENCODING": "nonsense"}
    if option[0] in {"-d", "-e"}:
        good = {key: good[key] for key in ("EM_IMPUTE_SEED", f"EM_IMPUTE_{'DELIMITER' if option[0] == '-d' else 'ENCODING'}")}  # fmt: skip
    else:
        good = {"EM_IMPUTE_SEED": "1"}
    result = run("fill", "a.csv", "-c", "g", *option, **good)

    assert 2 == result.returncode
    assert b"EM_IMPUTE" not in result.stderr


def test_the_help_names_the_variables(run):
    shown = " ".join(run("fill", "--help").stdout.decode().replace("│", " ").split())

    for name in ("DELIMITER", "ENCODING", "COLOR", "QUIET", "SEED", "LOG_FILE"):
        assert f"[env: EM_IMPUTE_{name}]" in shown
