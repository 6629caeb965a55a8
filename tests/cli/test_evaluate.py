"""`em-impute evaluate`: what goes where.  What is refused stands in tests/cases/test_refusals.py."""

import numpy as np
import pytest
from builders import strict

PLAIN = b"g,x\n" + b"".join(b"%c,%d\n" % (97 + i % 2, i) for i in range(12)) + b",3\n"

TIED = ("--covariance", "tied")


@pytest.mark.parametrize(("command", "options"), [("evaluate", ("--repeats", "2")), ("explain", ("--components", "2"))])
def test_the_same_seed_gives_the_same_bytes_of_json_from_a_file_and_a_pipe_but_for_its_name(
    run, tmp_path, command, options
):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    arguments = ("-c", "g", *options, "--seed", "7", "--json", "-qq")
    first, again = (run(command, "a.csv", *arguments, SOURCE_DATE_EPOCH="0") for _ in range(2))
    piped = run(command, "-", *arguments, stdin=PLAIN, SOURCE_DATE_EPOCH="0")
    reports = [strict(result.stdout) for result in (first, piped)]
    for report in reports:
        del report["command"], report["input"]

    assert first.stdout == again.stdout
    assert reports[0] == reports[1]
    assert first.stderr == piped.stderr == b""


def test_reports_are_written_where_they_are_named_and_their_figures_agree(call, samples):
    code, out, _ = call("evaluate", "penguins.csv", "-c", "species", *TIED, "--repeats", "2", "-r", "e.json", "-qq")
    report = strict((samples / "e.json").read_text())
    figures = report["figures"]["em_impute"]
    confusion = np.array([list(row.values()) for row in report["confusion"].values()])
    rows = report["hiding"]["rows"]

    assert (code, out) == (0, "")
    assert confusion.sum() == rows
    assert figures["accuracy"] == pytest.approx(np.trace(confusion) / rows)
    recall = [row[label] / sum(row.values()) for label, row in report["confusion"].items()]
    assert figures["balanced_accuracy"] == pytest.approx(np.mean(recall))
    assert figures["interval"][0] < figures["accuracy"] < figures["interval"][1]
    assert report["weighted_to_missing"] is None
    assert set(report["figures"]) == {"em_impute", "labels_only", "majority"}


def test_a_label_that_holds_an_equals_sign_can_be_named(call, tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN.replace(b"a,", b"a=b,"))
    code, out, _ = call("evaluate", "a.csv", "-c", "g", "--hide-label", "a=b=0.4", *TIED, "--json", "-qq")

    assert code == 0
    assert strict(out)["labels"][0]["share_to_hide"] == 0.4
