"""Typical mistakes on the command line, and what was meant: an error gets the hint that the whole line allows."""

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from em_impute.errors import ColumnError, EmImputeError, TableError, UsageError, option

COMMANDS = {"fill", "check", "evaluate", "explain", "why", "report", "schema"}

MEANT_COMMANDS = {
    **dict.fromkeys(("impute", "complete", "predict", "fit", "train", "run"), "fill"),
    **dict.fromkeys(("cv", "validate", "test", "score"), "evaluate"),
    **dict.fromkeys(("inspect", "info", "describe"), "check"),
    **dict.fromkeys(("help", "version"), "--{}"),
}

MEANT = {
    "--column": "--target --label --class --y --col --columns -t -y",
    "--feature": "--features --predictor --predictors --variables --cols",
    "--min-probability": "--threshold --cutoff --confidence --min-prob --min-confidence -p",
    "--output": "--out --outfile --output-file --outfile --dest",
    "--report": "--format --report-file --html",
    "--delimiter": "--sep --separator --delim -s",
    "--null-value": "--na --na-value --na-values --null --nulls --missing --null-values",
    "--components": "--clusters --k --n-components --n-clusters --groups -k",
    "--seed": "--random-state --random-seed --rng",
    "--by": "--group --group-by --groupby",
    "--weights": "--weight --sample-weight --sample-weights",
    "--workers": "--jobs --n-jobs --threads -j",
    "--imputations": "--multiple --draws -m --m",
    "--no-headers": "--no-header",
    "--skip-lines": "--skip-rows --skiprows --skip",
    "--max-iter": "--iterations --max-iterations --n-iter",
    "--save-model": "--save --dump",
    "--model": "--load --load-model",
    "--probabilities": "--proba --predict-proba",
    "--verbose": "--log-level",
    "--method": "--strategy --mode",
    "--repeats": "--folds --cv --n-splits",
    "--line": "--row --lines -l",
    "--as": "--kind --kinds --type --types --dtype",
    "--as COLUMN=ignore": "--drop --exclude --ignore --skip-column",
    "--same-within": "--id --key --cluster",
}
"""What other programs call an option, by its name here."""

FILE_OPTIONS = {"--file", "--input", "--csv", "--data", "--path", "-f", "-i"}
OVERWRITING = {"--force", "--overwrite", "--clobber", "--replace"}

NUMBER = re.compile(r"\d{1,2}(\.\d+)?|100")

WARNING = re.compile(r"[WS]\d\d")

SHARES = ("--min-probability", "--min-accuracy", "--hide")

DID_YOU_MEAN = re.compile(r"Did you mean '([a-z]+)'")

NO_OPTION, NO_COMMAND, NOT_THERE = "No such option: ", "No such command ", " does not exist"

WHICH_LINE = "say which line of the file is asked about: --line 2 is the first row below a header"


def advised(error: EmImputeError, arguments: Sequence[str]) -> EmImputeError:
    """Give the error with the hint that belongs to a typical mistake; itself where there is none.

    `arguments` are all words of the command line.
    """
    hints = {UsageError: _of_usage, ColumnError: _of_column, TableError: _of_file}.get(type(error))
    hint = None if hints is None else next(hints(error.message, arguments), None)
    return error if hint is None else type(error)(error.message.partition(" (Possible")[0], hint)


def _of_usage(message: str, words: Sequence[str]) -> Iterator[str]:
    if message.startswith(NO_OPTION):
        yield from _of_option(message.removeprefix(NO_OPTION))
    elif message.startswith(NO_COMMAND):
        close = DID_YOU_MEAN.search(message)
        yield f"em-impute {shlex.join([close[1], *words[1:]]) if close else _with_command(words)}"
    elif message.startswith(("no column is named", "Missing option", "Got unexpected extra argument")):
        yield from _without_option(words)
    if re.search(r"\.(json|md|html)' is the name of another format", message):
        yield "reports are written by -r"
    if "'--column'" in message and not _values("-c", words):
        yield "name the column with --column"
    for value in _values("--line", words):
        if "'--line'" in message:
            each = [f"--line {one}" for one in re.findall(r"\d+", value)]
            yield f"name each line by an option of its own: {' '.join(each)}" if each[1:] else WHICH_LINE
    for flag in SHARES:
        if f"'{flag}'" in message or option(flag[2:]) in message:
            per_cent = (value.removesuffix("%") for value in _values(flag, words))
            numbers = [float(value) for value in per_cent if NUMBER.fullmatch(value)]
            yield from (f"{flag} takes a share: {one:g} % is {one / 100.0:g}" for one in numbers if one > 1.0)
            with_comma = (value for value in _values(flag, words) if re.fullmatch(r"[01]?,\d+", value))
            yield from (f"{flag} takes a point: {value.replace(',', '.')}" for value in with_comma)


def _of_option(said: str) -> Iterator[str]:
    """Say what an option of another program is called here."""
    name, _, possible = said.partition(" (Possible options: ")
    if name in FILE_OPTIONS:
        yield "name the file without an option, as in em-impute fill heights.csv -c gender"
    if name in OVERWRITING:
        yield "leave it out: outputs are replaced, unless --no-clobber is given"
    yield from (f"it is {here} here" for here, elsewhere in MEANT.items() if name in elsewhere.split())
    others = [one for one in possible.removesuffix(")").split(", ") if one]
    if others:
        yield f"did you mean {' or '.join([', '.join(others[:-1]), others[-1]]) if others[1:] else others[0]}?"


def _with_command(words: Sequence[str]) -> str:
    """Write the command line with the command that was meant: one by another name, or the one that is not there."""
    rest = [word for word in words if word not in COMMANDS]
    named = [word for word in words if word in COMMANDS]
    first = next(word for word in rest if not word.startswith("-"))
    meant = MEANT_COMMANDS.get(first, named[0] if named else "fill")
    if meant.startswith("-"):
        return meant.format(first)
    if first in MEANT_COMMANDS or (not Path(first).is_file() and any(Path(word).is_file() for word in rest)):
        rest.remove(first)
    return shlex.join([meant, *rest])


def _without_option(words: Sequence[str]) -> Iterator[str]:
    """Tell file, column and line apart where some of them are there without an option."""
    taken = [*_values("-c", words), *_values("--line", words)]
    command, *rest = [word for word in words if not word.startswith("-") and word not in taken] or [""]
    files = [word for word in rest if Path(word).is_file()]
    lines = [word for word in rest if word.isdecimal()] if command == "why" else []
    columns = [word for word in rest if word not in {*files, *lines}]
    asked = [word for one in _values("--line", words) + lines for word in ("--line", one)]
    named = columns or _values("-c", words)
    if command in COMMANDS and len(files) == len(named) == 1 and (columns or lines):
        yield f"em-impute {shlex.join([command, files[0], '-c', named[0], *asked])}"
    elif command == "why" and not asked:
        yield WHICH_LINE


def _of_column(message: str, words: Sequence[str]) -> Iterator[str]:
    if " is not in " not in message:
        return
    if any(word.startswith("-column") for word in words):
        yield "a long option has two hyphens: --column"
    for flag, names in (("-c", _values("-c", words)), ("-x", _values("-x", words))):
        for name in names:
            if "," in name and repr(name) in message:
                each = " ".join(f"{flag} {shlex.quote(one.strip())}" for one in name.split(","))
                yield f"name each column by an option of its own: {each}"


def _of_file(message: str, words: Sequence[str]) -> Iterator[str]:
    file = message.removesuffix(NOT_THERE)
    columns = _values("-c", words)
    if message.endswith(NOT_THERE) and len(columns) == 1 and Path(columns[0]).is_file():
        yield f"the file comes first: em-impute {shlex.join([words[0], columns[0], '-c', file])}"
    if WARNING.fullmatch(file) and "--fail-on" in words:
        yield f"repeat the option: --fail-on {file}"


def _values(option: str, words: Sequence[str]) -> list[str]:
    """Give the values of an option, whose long name may stand for the short one."""
    names = {"-c": {"-c", "--column"}, "-x": {"-x", "--feature"}}.get(option, {option})
    after = [following for word, following in pairwise(words) if word in names]
    return after + [word.partition("=")[2] for word in words if word.partition("=")[0] in names and "=" in word]
