"""`em-impute explain`: what goes where, and how it looks.  What is refused stands in tests/cases/test_refusals.py."""

import re

from builders import csv_of, strict


def test_what_is_told_of_q_and_of_the_log_likelihood_obeys_the_theorem(call, samples):
    _, _, said = call("explain", "faithful.csv", "-c", "kind", "--labels", "short,long", "--steps", "all")
    gains = re.findall(r"Q\(θ\|θ\d+\) .*? (\+?[\d.e-]+)\n +log-likelihood .*? (\+?[\d.e-]+)\n", said)

    assert len(gains) == len(re.findall(r"^E step ", said, re.MULTILINE)) > 0
    assert all(float(height) >= float(q) - 1e-8 for q, height in gains)


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
