"""`em-impute explain`: what goes where, and how it looks.  What is refused stands in tests/cases/test_refusals.py."""

import re

from builders import csv_of, strict

PLAIN = b"g,x\n" + b"".join(b"%c,%d\n" % (97 + i % 2, i * i % 11) for i in range(12)) + b",3\n"


def test_what_is_told_of_q_and_of_the_log_likelihood_obeys_the_theorem(call, samples):
    _, _, said = call("explain", "faithful.csv", "-c", "kind", "--labels", "short,long", "--steps", "all")
    gains = re.findall(r"Q\(θ\|θ\d+\) .*? (\+?[\d.e-]+)\n +log-likelihood .*? (\+?[\d.e-]+)\n", said)

    assert len(gains) == len(re.findall(r"^E step ", said, re.MULTILINE)) > 0
    assert all(float(height) >= float(q) - 1e-8 for q, height in gains)


def test_the_same_seed_gives_the_same_bytes_of_json_from_a_file_and_from_a_pipe_but_for_its_name(run, tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    arguments = ("-c", "g", "--components", "2", "--seed", "7", "--json", "-qq")
    first, again = (run("explain", "a.csv", *arguments, SOURCE_DATE_EPOCH="0") for _ in range(2))
    piped = run("explain", "-", *arguments, stdin=PLAIN, SOURCE_DATE_EPOCH="0")
    reports = [strict(result.stdout) for result in (first, piped)]
    for report in reports:
        del report["command"], report["input"]

    assert first.stdout == again.stdout
    assert reports[0] == reports[1]
    assert first.stderr == piped.stderr == b""


def test_with_a_prior_its_logarithm_stands_beside_q_and_the_log_likelihood(call, samples):
    _, out, said = call("explain", "heights.csv", "-c", "gender", "--prior-strength", "1", "--json")
    report = strict(out)

    assert report["prior_strength"] == 1.0
    for step in report["steps"]:
        moved = {key: step[key]["after"] - step[key]["before"] for key in ("q", "log_likelihood", "log_prior")}
        assert moved["log_likelihood"] >= moved["q"] - 1e-8
        assert moved["q"] + moved["log_prior"] >= -1e-8
    assert re.search(r"Q \+ log prior +-[\d,.]+ +-[\d,.]+ +\+", said)


def test_a_file_too_small_for_maximum_likelihood_says_that_a_prior_helps(call, tmp_path):
    content = csv_of("g,x,y", [*"aaabbb", None, None], [1, 1, 1, 3, 4, 6, 2, 5], [1, 1, 1, 9, 5, 7, 3, 6])
    (tmp_path / "a.csv").write_text(content)
    code, _, said = call("explain", "a.csv", "-c", "g")

    assert code == 0
    assert re.search(r"^  Maximum likelihood breaks down here", said, re.MULTILINE)
    assert call("explain", "a.csv", "-c", "g", "--prior-strength", "0")[0] == 4
