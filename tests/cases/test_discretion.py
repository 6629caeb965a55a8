"""Discretion: no cell of a column that nobody named is ever told; names and labels are shown as they are, harmlessly."""

import csv
import io
import json
import re

import pytest

N = 40
LABELS = ["ab"[i % 2] if i > 7 else "" for i in range(N)]
NUMBERS = [f"{9 * (i % 2) + i % 5}" for i in range(N)]
SECRETS = [f"SECRET-{i}" for i in range(N)]


def table(*columns):
    return ("\n".join(",".join(cells) for cells in zip(*columns, strict=True)) + "\n").encode()


G, X, S = ["g", *LABELS], ["x", *NUMBERS], ["s", *SECRETS]
PLAIN = table(G, X, S)
FAR = table([*G, ""], [*X, "99999"], [*S, "SECRET"])
FIRST = table(S, G, X)
"""The secrets stand in the first column, so that whatever goes wrong with a record comes after one."""

WORLDS = {
    "many texts": PLAIN,
    "mostly numbers": table(G, X, ["s", *NUMBERS[:-1], "SECRET"]),
    "padded codes": table(G, X, ["zip", *[f"0987654{i}" for i in range(N)]]),
    "identifiers": table(G, X, ["id", *[f"987654{i}" for i in range(N)]]),
    "a far row": FAR,
    "a long record": PLAIN + b"a,1,SECRET,SECRET\n",
    "a short record": FIRST + b"SECRET\n",
    "a blank line": FIRST + b"\nSECRET,a,1\n",
    "text after a quote": PLAIN + b'a,1,"SECRET"oops\n',
    "broken bytes elsewhere": PLAIN + b"a,1,SECRET\xe9\n",
    "broken bytes in the column": FIRST + b"SECRET,\xe9,1\n",
    "a NUL in the column": FIRST + b"SECRET,a\x00,1\n",
    "no label": table(["g", *[""] * N], X, S),
    "labels that hardly differ": table(["g", "", *["F", "f", "M"] * 13], X, S),
    "a mark that may be a label": table([*G[:-1], "NA"], X, S),
    "an infinite number": table(G, [*X[:-1], "inf"], S),
    "decimal commas": b"g;x;s\n" + b"".join(b"%s;%d,5;SECRET\n" % (label.encode(), i % 7) for i, label in enumerate(LABELS)),
}  # fmt: skip

COMMANDS = [
    "fill a.csv -c g -v --covariance tied -o b.csv -r b.md -r b.json",
    "fill a.csv -c g --covariance tied --indicator --diff --strict",
    "fill a.csv -c g --covariance tied --backend serial -o b.csv --no-report",
    "fill a.csv -c g -x nothing",
    "fill a.csv -c g -e ascii --labels u,v --dry-run",
    "check a.csv -c g",
    "evaluate a.csv -c g --covariance tied --repeats 1",
    "explain a.csv -c g --json",
]


@pytest.mark.parametrize("world", WORLDS)
def test_whatever_goes_wrong_no_stream_and_no_log_tells_a_cell_of_a_column_that_nobody_named(call, tmp_path, world):
    (tmp_path / "a.csv").write_bytes(WORLDS[world])
    ends = set()
    for command in COMMANDS:
        code, output, said = call(*command.split(), "--log-file", "run.log")
        ends.add(int(code))

        assert "SECRET" not in output + said, command
        assert "987654" not in output + said, command
    told = (tmp_path / "run.log").read_text()
    for written in (tmp_path / name for name in ("b.md", "b.json")):
        assert not written.exists() or "SECRET" not in written.read_text()

    assert "SECRET" not in told
    assert "987654" not in told
    assert told.count(" end: exit code ") == len(COMMANDS)
    assert ends <= {0, 1, 2, 3, 4, 5}
    assert ends - {0}  # something is said: at least the predictor that is not there


HOSTILE = {
    "markup of rich": "[bold]red[/bold]",
    "an escape sequence": "\x1b[2J\x1b]0;title\x07",
    "a line end": "two\nlines",
    "a pipe": "p|q",
    "HTML": "<script>alert(1)</script>",
    "a format": "{0} %s %(x)s",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_names_labels_and_paths_are_shown_literally_or_escaped_and_do_nothing(call, tmp_path, kind):
    text = HOSTILE[kind]
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    content = io.StringIO()
    writer = csv.writer(content, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([text, f"x {text}", f"s {text}"])
    writer.writerows(zip([label and f"{label} {text}" for label in LABELS], NUMBERS, SECRETS, strict=True))
    path = f"{text.replace('/', '_')}.csv"
    (tmp_path / path).write_text(content.getvalue(), newline="")
    code, _, said = call(
        "fill", path, "-c", text, "-o", "b.csv", "-r", "r.md", "-r", "r.json", "-v", "--covariance", "tied", "--log-file", "run.log"
    )  # fmt: skip
    report = json.loads((tmp_path / "r.json").read_text())
    markdown = (tmp_path / "r.md").read_text()
    log = (tmp_path / "run.log").read_text()

    assert 0 == code, said
    assert f"; {shown}: 32 known, 8 missing (8 empty).\n" in said
    assert f"a {shown} " in said
    assert (text, path) == (report["column"], report["input"]["path"])
    assert [f"a {text}", f"b {text}"] == [one["label"] for one in report["labels"]]
    assert f" column {shown}: 32 known" in log
    for given in (said, markdown, log):
        assert all(char == "\n" or char.isprintable() for char in given)
    assert not re.search(r"(?<!\\)[<`\[]", markdown.splitlines()[0])
    assert not re.search(r"`[^`\n]*\\[^`\n]*`", markdown)  # in code a backslash would stand for itself
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    for row in rows:  # a pipe in a name would make a cell of its own
        assert re.fullmatch(r"\|(?:[^|\\]|\\.)*(?:\|(?:[^|\\]|\\.)*)*\|", row), row
    assert any("a " in row and row.count("|") - row.count("\\|") > 3 for row in rows)


@pytest.mark.parametrize("kind", HOSTILE)
def test_errors_show_names_and_paths_literally_or_escaped_in_two_lines(call, tmp_path, kind):
    text = HOSTILE[kind]
    (tmp_path / "a.csv").write_bytes(PLAIN)
    name = text.replace("/", "_")
    for arguments in (
        ["fill", "a.csv", "-c", text],
        ["fill", f"{name}.csv", "-c", "g"],
        ["fill", "a.csv", "-c", "g", "-o", f"{name}/b.csv"],
        ["fill", "a.csv", "-c", "g", "--seed", text],
        ["fill", "a.csv", "-c", "g", f"--{text}"],
        ["fill", "a.csv", "-c", "g", "-d", text],
        ["fill", "a.csv", "-c", "g", "-e", text],
        ["evaluate", "a.csv", "-c", "g", "--hide-label", f"{text}=.5"],
        ["report", f"{name}.json", "-o", "r.md"],
        [text],
    ):
        code, output, said = call(*arguments)
        lines = said.splitlines()

        assert code in {2, 3, 5}, (arguments, said)
        assert output == ""
        assert ["error:", "hint:"] == [line.split(" ")[0] for line in lines], (arguments, said)
        assert all(line.isprintable() for line in lines)
