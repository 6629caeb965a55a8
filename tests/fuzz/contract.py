"""What must hold for every run, whatever the file and the options: one function, `check`, that reads like the contract.

What a completed file must be is found without our scanner: by the machine of `table/oracle_csv.py`, which reads one
character at a time.
"""

import hashlib
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

from compressing import FORMATS
from forking import Ended
from fuzz.completed import check_long, check_table
from fuzz.files import MadeUp
from fuzz.options import Asked
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from em_impute.report.model.documents import schema_of_kind

DONE, NEGATIVE = 0, 1

FAILURES = {2, 3, 4, 5}

STDOUT_NAMES = {"-", "/dev/stdout"}

LITTER = re.compile(r"\.tmp$|^\.em-impute")

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029\u202a-\u202e]")

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Run(NamedTuple):
    """A run of em-impute, with the files that there were before and after."""

    made: MadeUp
    asked: Asked
    before: dict[str, bytes]
    after: dict[str, bytes]
    ended: Ended
    litter: list[str]
    """what was left in the folder for temporary files"""

    @property
    def changed(self) -> set[str]:
        """Name the files that were written, changed or removed."""
        return {
            name for name in self.before.keys() | self.after.keys() if self.before.get(name) != self.after.get(name)
        }


def check(run: Run) -> None:
    """Raise `AssertionError` where a run breaks the contract."""
    code, said = run.ended.code, run.ended.stderr.decode()
    assert code in {DONE, NEGATIVE, *FAILURES}, (code, said)
    assert not run.litter
    assert not any(LITTER.search(name) for name in run.after)
    assert "Traceback" not in said + run.ended.stdout.decode("latin-1") or run.asked.has("--debug"), said
    assert not re.search("[a-z]Warning:", said), said  # those of Python
    if not run.asked.has("--debug"):
        assert not CONTROL.search(COLOUR.sub("", said) if run.asked.has("--color") else said), said
    assert not said or said.endswith("\n"), said
    if code in FAILURES:
        check_failure(run, said)
    elif asks_for_help(run.asked):
        assert not run.changed - logs(run.asked)
    elif code == NEGATIVE:
        assert run.asked.command == "check" or run.asked.has("--strict"), said
        assert not run.changed - logs(run.asked)
        assert not run.ended.stdout
    else:
        if run.asked.has("-q") and run.asked.value("--log-file") != "/dev/stderr":
            assert all(line.startswith("warning: ") for line in said.splitlines()), said
        check_success(run)


def check_failure(run: Run, said: str) -> None:
    """Two lines say what is wrong and what to do; nothing was written, and nobody downstream got anything."""
    if run.asked.value("--log-file") != "/dev/stderr" and not run.asked.has("--debug"):
        lines = said.splitlines()
        assert [line.partition(": ")[0] for line in lines] == ["error", "hint"], said
        assert all(line.partition(": ")[2].strip() for line in lines), said
    assert not run.ended.stdout
    assert not run.changed - logs(run.asked), run.changed


def asks_for_help(asked: Asked) -> bool:
    """Tell whether the answer is a page of help, or the version."""
    return asked.has("-h", "--help", "--version")


def logs(asked: Asked) -> set[str]:
    """Name the log, which is written also by a run that fails."""
    return {Path(name).name for name in asked.values("--log-file")}


def check_success(run: Run) -> None:
    """Only what was asked for was written, and every report is strict JSON that agrees with the bytes."""
    if run.asked.command == "fill":
        check_fill(run)
        return
    named = {Path(name).name for name in run.asked.values("-r", "-o") if name not in STDOUT_NAMES}
    default = {Path(run.asked.file).with_suffix(".html").name} if run.asked.command == "report" else set()
    assert run.changed - logs(run.asked) <= named | default
    for name in run.changed:
        if name.endswith(".json"):
            check_json(run.after[name], run.asked.command)
    if run.asked.has("--json") or "-" in run.asked.values("-r"):
        check_json(run.ended.stdout, run.asked.command)


def check_fill(run: Run) -> None:
    """The completed files and the reports are where they belong, and right."""
    places = places_of(run.asked)
    backup = {Path(run.asked.file).name + run.asked.value("--backup")} if run.asked.has("--backup") else set()
    written = run.changed - logs(run.asked) - backup
    in_place = run.asked.has("--in-place") and not run.asked.has("--dry-run")
    may_stay = {places.data[0]} if in_place else set()
    expected = {name for name in (*places.data, *places.reports) if name not in {"-", "null"}}
    assert expected - may_stay <= written <= expected, (written, expected)

    sent = [name for name in (*places.data, *places.reports) if name == "-"] + ["--diff"] * run.asked.has("--diff")
    assert len(sent) <= 1
    assert bool(run.ended.stdout) == bool(sent), sent

    reports = reports_of(run, places)
    tables = [run.ended.stdout if name == "-" else run.after[name] for name in places.data if name != "null"]
    check_outputs(reports, tables, run)
    if in_place and tables[0] == run.before[places.data[0]]:
        assert not backup & run.changed
    for name in backup & run.changed:
        assert run.after[name] == run.before[places.data[0]]
    plain = [decompressed(table) if table != run.made.on_disk else run.made.content for table in tables]
    if run.asked.has("--long"):
        for table in plain:
            check_long(table, run.made.content, run.asked, reports)
    else:
        for number, table in enumerate(plain):
            check_table(table, run.made.content, run.asked, reports, is_first=number == 0)


class Places(NamedTuple):
    """Names of the files that a run of `fill` writes; `-` is standard output."""

    data: list[str]
    reports: list[str]


def places_of(asked: Asked) -> Places:
    """Say where the results go, as the design has it."""
    source = None if asked.file in {None, "-"} else Path(asked.file).name
    output, named = asked.value("-o"), [_name(one) for one in asked.values("-r")]
    if asked.has("--dry-run"):
        return Places([], [])
    if output is not None:
        data = _name(output)
    elif asked.has("--in-place"):
        data = source
    elif asked.has("--diff"):
        data = None
    elif source is None:
        data = "-"
    else:
        stem, suffix = _parted(source)
        data = f"{stem}.filled{suffix}"
    if not named and not asked.has("--no-report") and data not in {None, "-", "null"}:
        named = [_parted(data if output is not None else source)[0] + ".report.json"]
    several = asked.value("--imputations")
    if several is None or asked.has("--long"):
        return Places([data] if data else [], named)
    stem, suffix = _parted(data)
    return Places([f"{stem}.{number}{suffix}" for number in range(1, int(several) + 1)], named)


def _name(path: str) -> str:
    return "-" if path in STDOUT_NAMES else Path(path).name


def _parted(name: str) -> tuple[str, str]:
    """Part the suffix of a table, compressed or not, from what is before it."""
    inner = next((name.removesuffix(one.suffix) for one in FORMATS.values() if name.endswith(one.suffix)), name)
    stem = Path(inner).stem
    return stem, name[len(stem) :]


def decompressed(data: bytes) -> bytes:
    """Undo a compression, which the first bytes tell."""
    magic = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
    name = next((name for start, name in magic.items() if data.startswith(start)), None)
    return data if name is None else FORMATS[name].decompress(data)


def strictly_read(text: bytes) -> dict:
    """Read JSON as its standard has it, without NaN and Infinity."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    def once(pairs):
        assert len(dict(pairs)) == len(pairs), "a key is there twice"
        return dict(pairs)

    return json.loads(text.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)


def check_json(text: bytes, command: str) -> dict:
    """Read a report, which must be strict JSON and as the schema says."""
    report = strictly_read(text)
    wrong = best_match(_validator(command).iter_errors(report))
    assert wrong is None, f"{wrong.json_path}: {wrong.message[:300]}"
    return report


@cache
def _validator(command: str) -> Draft202012Validator:
    return Draft202012Validator(
        schema_of_kind({"fill": "fit", "evaluate": "evaluation", "explain": "explanation"}[command])
    )


def reports_of(run: Run, places: Places) -> list[dict]:
    """Read the saved report: one a column, or none."""
    for name in places.reports:
        if name.endswith(".json") or name == "-":
            whole = check_json(run.ended.stdout if name == "-" else run.after[name], "fill")
            return whole.get("reports", [whole])
    return []


def check_outputs(reports: list[dict], tables: list[bytes], run: Run) -> None:
    """What a report says of the files themselves is so."""
    for report in reports:
        of = report["input"]
        assert (of["bytes"], of["sha256"]) == (len(run.made.on_disk), hashlib.sha256(run.made.on_disk).hexdigest())
        written = report["output"]
        if tables and written is not None:
            listed = written.get("files", [written])
            assert [(one["bytes"], one["sha256"]) for one in listed] == [
                (len(table), hashlib.sha256(table).hexdigest()) for table in tables
            ]
        missing, labels = report["missing"], report["labels"]
        assert sum(missing["tokens"].values()) == missing["cells"]
        assert 0 <= missing["filled"] <= missing["cells"] <= of["rows"]
        assert sum(one["filled"] for one in labels) == missing["filled"]
        left = sum(missing["left_empty"].values())
        assert left in {0, missing["cells"] - missing["filled"]}
        assert not Counter(one["label"] for one in labels).total() - len({one["label"] for one in labels})
