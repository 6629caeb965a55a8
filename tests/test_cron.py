"""docs/cron.md tells the truth: each of its recipes is run, and so is what goes wrong."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from documents import ROOT

PAGE = ROOT / "docs/cron.md"
TEXT = PAGE.read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
QUICK = str(BIN)
SYSTEM_PATH = "/usr/bin:/bin"  # as cron has it
BROKEN = b"name,gender,height\na,female,1,2\n"


def blocks(language):
    """Give the blocks of a language on the page."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def block(language, words=""):
    (found,) = (one for one in blocks(language) if words in one)
    return found


def needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


@pytest.fixture(autouse=True)
def _quick(tool, monkeypatch):
    """Let shells find the `em-impute` that is run by forks."""
    monkeypatch.setattr(sys.modules[__name__], "QUICK", str(tool))


def shell(script, folder, path=None, arguments=(), **environment):
    """Run a script as cron would: by sh, with hardly any environment."""
    path = f"{QUICK}:{SYSTEM_PATH}" if path is None else path
    bare = {"HOME": str(folder), "SHELL": "/bin/sh", "PATH": path, **environment}
    if "PYTHONPATH" in os.environ:
        bare["PYTHONPATH"] = os.environ["PYTHONPATH"]  # by which the tests hide the extra
    return subprocess.run(
        ["sh", "-c", script, "sh", *map(str, arguments)],
        cwd=folder, env=bare, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def survey(samples):
    """A folder `survey` with three files that can be filled; the second of them has spaces in its name."""
    folder = samples / "survey"
    folder.mkdir()
    for name in ("a.csv", "b c.csv", "d.csv"):
        shutil.copy(samples / "heights.csv", folder / name)
    return folder


def names(folder, pattern="*"):
    return sorted(path.name for path in folder.glob(pattern))


def test_every_variable_is_in_the_table_with_its_option():
    table = dict(re.findall(r"^\| `(EM_IMPUTE_\w+)` \| `(-[\w-]+)` \|", TEXT, re.MULTILINE))
    sources = "".join(path.read_text() for path in (ROOT / "em_impute/cli").rglob("*.py"))

    assert set(re.findall(r'"(EM_IMPUTE_\w+)"', sources)) == set(table)
    assert {"EM_IMPUTE_SEED": "--seed", "EM_IMPUTE_LOG_FILE": "--log-file"}.items() <= table.items()


def crontab(folder, words="EM_IMPUTE_LOG_FILE"):
    """Read a crontab as cron does: settings, which are not expanded, and the command; paths lead to `folder`."""
    settings, commands = {}, []
    for line in (
        block("crontab", words).replace("/srv/survey", str(folder)).replace("/opt/em-impute/bin", QUICK).splitlines()
    ):
        if setting := re.fullmatch(r"(\w+)=(.*)", line):
            settings[setting[1]] = setting[2]
        elif line:
            commands.append(line.split(None, 5))
    ((*when, command),) = commands
    assert ["15", "2", "*", "*", "*"] == when
    assert "%" not in command
    assert "$" not in "".join(settings.values())
    assert "@" in settings.pop("MAILTO")
    return settings, command


@pytest.fixture
def nights(samples):
    """A folder with a fit that was saved as the page says, and the command of its crontab."""
    needs("flock")
    lines = (samples / "heights.csv").read_text().splitlines(keepends=True)
    for at, name in enumerate(("labelled", "first", "second"), start=1):  # the tall families stand first
        (samples / f"{name}.csv").write_text("".join([lines[0], *lines[at::3]]))
    once = block("sh", "--save-model model.json")
    done = shell(f"{once.strip()} -q", samples)
    assert (0, b"") == (done.returncode, done.stdout)
    settings, command = crontab(samples, "--model model.json")

    def night(name):
        shutil.copy(samples / name, samples / "today.csv")
        return shell(command, samples, SYSTEM_PATH, **settings)

    return night


def test_the_model_fills_every_night_and_says_nothing(nights, samples):
    for name in ("first.csv", "second.csv"):
        done = nights(name)
        filled = (samples / "done.csv").read_bytes()

        assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
        assert b",," not in filled
        assert (samples / name).read_bytes().count(b"\n") == filled.count(b"\n")


def test_the_line_in_the_crontab_fills_and_says_nothing(samples):
    needs("flock")
    (samples / "heights.csv").rename(samples / "today.csv")
    settings, command = crontab(samples)
    first, second = (shell(command, samples, SYSTEM_PATH, **settings) for _ in range(2))
    log = (samples / "em-impute.log").read_text()

    assert [(0, b"", b"")] * 2 == [(one.returncode, one.stdout, one.stderr) for one in (first, second)]
    assert b"" == b"".join(re.findall(rb",,", (samples / "done.csv").read_bytes()))
    assert [2, 2] == [log.count(words) for words in (" begin em-impute ", " end: exit code 0 after ")]


NIGHTLY = block("sh", "nightly.sh")
ALIKE = b"name,gender,height\n" + b"".join(
    b"%d,%s,%d\n" % (i, [b"female", b"Female", b""][i % 3], 160 + 7 * i % 23) for i in range(40)
)
"""Two labels that differ only by case: a warning."""


@pytest.mark.parametrize(
    ("content", "code", "who", "words"),
    [
        ("heights", 0, "", b""),
        (ALIKE, 1, "owner@example.org", b"error: warning"),
        (BROKEN, 3, "owner@example.org", b"error: line 2 has 4 fields"),
        (None, 3, "owner@example.org", b"does not exist"),
        (b"name,gender,height\na,female,1\nb,female,2\nc,,3\n", 4, "owner@example.org", b"every known cell"),
        ("folder", 5, "admin@example.org", b"error: cannot write "),
    ],
    ids=["done", "warnings", "broken", "absent", "one label", "no output"],
)
def test_the_right_person_is_told(samples, content, code, who, words):
    folder = samples / "the survey"
    folder.mkdir()
    if content is not None:
        data = content if isinstance(content, bytes) else (samples / "heights.csv").read_bytes()
        (folder / "today.csv").write_bytes(data)
    if content == "folder":
        (folder / "done.csv").mkdir()
    (samples / "bin").mkdir()
    (samples / "bin" / "mail").write_text(f'#!/bin/sh\nprintf "%s|" "$@" >{shlex.quote(str(samples))}/mail; cat >>{shlex.quote(str(samples))}/mail\n')  # fmt: skip
    (samples / "bin" / "mail").chmod(0o755)
    result = shell(NIGHTLY, samples, f"{samples}/bin:{QUICK}:{SYSTEM_PATH}", [folder])
    mail = (samples / "mail").read_bytes() if (samples / "mail").exists() else b""

    assert (code, b"", b"") == (result.returncode, result.stdout, result.stderr)
    assert (who != "") is (mail != b"")
    assert mail.startswith(f"-s|em-impute: exit code {code}|{who}|".encode() if who else b"")
    assert words in mail
    assert f"end: exit code {code} " in (folder / "em-impute.log").read_text()
    assert (code == 0) is (folder / "done.csv").is_file()


def units():
    found = {}
    for text in blocks("ini"):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str
        unit.read_string(text)
        found[re.match(r"# (\S+)", text)[1]] = unit
    return found


def test_the_service_fills_and_the_timer_starts_it(samples):
    found = units()
    service, timer = found["survey.service"]["Service"], found["survey.timer"]["Timer"]
    (samples / "heights.csv").rename(samples / "today.csv")
    command = service["ExecStart"].replace("/opt/em-impute/bin", str(BIN))
    name, value = service["Environment"].split("=")
    result = shell(f"exec {command}", samples, SYSTEM_PATH, **{name: value})

    assert ("oneshot", "/srv/survey") == (service["Type"], service["WorkingDirectory"])
    assert re.fullmatch(r"\*-\*-\* \d\d:\d\d:\d\d", timer["OnCalendar"])
    assert "timers.target" == found["survey.timer"]["Install"]["WantedBy"]
    assert (0, b"") == (result.returncode, result.stdout)
    assert result.stderr.splitlines()[0].split(b" ", 2)[2].startswith(b"INFO    begin em-impute ")
    assert b"end: exit code 0 after " in result.stderr.splitlines()[-1]
    assert (samples / "done.csv").is_file()


def make(folder, *arguments):
    return shell(shlex.join(["make", *arguments]), folder)


def test_make_fills_each_file_once_and_again_when_it_has_changed(samples, survey):
    needs("make")
    (samples / "Makefile").write_text(block("make"))
    (survey / "b c.csv").unlink()  # make knows no names with spaces
    first = make(samples)
    times = {path.name: path.stat().st_mtime_ns for path in survey.glob("*.filled.csv")}
    second = make(samples)
    os.utime(survey / "a.csv", (time.time() + 5, time.time() + 5))
    third = make(samples)

    assert [0, 0, 0] == [one.returncode for one in (first, second, third)], first.stderr
    assert ["a.filled.csv", "d.filled.csv"] == sorted(times)
    assert b"Nothing to be done" in second.stdout
    assert 1 == third.stdout.count(b"em-impute fill")
    assert times["d.filled.csv"] == (survey / "d.filled.csv").stat().st_mtime_ns
    assert 3 == (samples / "make.log").read_text().count("end: exit code 0 ")


LOOP = block("sh", "worst=0")
XARGS = block("sh", "xargs")


@pytest.mark.parametrize(("recipe", "worst"), [(LOOP, 4), (XARGS, 123)], ids=["loop", "xargs"])
def test_a_loop_goes_on_after_failures_and_ends_with_a_code_that_says_so(samples, survey, recipe, worst):
    needs("xargs")
    good = shell(recipe, samples)
    for path in survey.glob("*.filled.csv"):
        path.unlink()
    (survey / "a.csv").write_bytes(b"gender,height\nfemale,1\nfemale,2\n,3\n")  # ends with 4
    (survey / "b c.csv").write_bytes(BROKEN)  # ends with 3
    bad = shell(recipe, samples)

    assert (0, b"", b"") == (good.returncode, good.stdout, good.stderr)
    assert (worst, b"") == (bad.returncode, bad.stdout)
    assert 2 == bad.stderr.count(b"error: ")
    assert ["d.filled.csv"] == names(survey, "*.filled.csv")
