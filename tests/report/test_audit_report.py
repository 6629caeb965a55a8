"""What is said of known labels that look wrong."""

import json

import numpy as np
import pytest

from em_impute.findings.audit import Audit, Suspect
from em_impute.report.audit import audit_line, audit_markdown, suspects_section

LABELS = ("female", "male")


def lines(row):
    """Rows as in a file with a header whose row 5 takes two lines."""
    return np.asarray(row) + 2 + (np.asarray(row) > 5)


def section_of(*suspects, n=None, examined=654, expected=2.14):
    audit = Audit(examined, 0.05, tuple(suspects), len(suspects) if n is None else n, expected)
    return suspects_section(audit, LABELS, lines)


def suspect(row, probability):
    return Suspect(row, 0, probability, 1, 1.0 - probability)


def test_the_section_gives_lines_and_names():
    section = section_of(suspect(74, 0.00001), suspect(3, 0.0125))

    assert section == {
        "suspect_labels": [
            {"line": 77, "label": "female", "probability": 1e-5, "likely": "male", "likely_probability": 1 - 1e-5},
            {"line": 5, "label": "female", "probability": 0.0125, "likely": "male", "likely_probability": 0.9875},
        ],
        "audit": {"examined": 654, "threshold": 0.05, "found": 2, "expected": 2.14, "drawn_from": None},
    }
    assert json.loads(json.dumps(section)) == section


@pytest.mark.parametrize(
    ("section", "line"),
    [
        (
            section_of(suspect(74, 0.001), suspect(9, 0.01), suspect(400, 0.02)),
            "3 of 654 known labels have a probability below 5 % (2.1 expected by chance): lines 12, 77, 403",
        ),
        (
            section_of(suspect(0, 0.001)),
            "1 of 654 known labels has a probability below 5 % (2.1 expected by chance): line 2",
        ),
        (section_of(), "0 of 654 known labels have a probability below 5 % (2.1 expected by chance)"),
        (
            section_of(*(suspect(i, i / 1000) for i in range(10)), n=5200, examined=1_000_000, expected=4843.9),
            (
                "5,200 of 1,000,000 known labels have a probability below 5 % (4,844 expected by chance): "
                "lines 2, 3, 4, 5, 6, 7 and 5,194 more"
            ),
        ),
        (suspects_section(None, LABELS, lines), "no known label could be judged"),
    ],
)
def test_the_line_counts_suspects_and_names_the_least_probable(section, line):
    assert audit_line(section) == line


def test_markdown_lists_the_suspects():
    text = "\n".join(audit_markdown(section_of(suspect(74, 0.00001), suspect(3, 0.0125))))

    assert text == (
        "## Known labels that look wrong\n\n"
        "2 of 654 known labels have a probability below 5 % (2.1 expected by chance), each judged by a fit that was not "
        "shown it.\nIf all labels are right, about as many look wrong as are expected by chance. None was changed.\n\n"
        "| line | label | its probability | more likely | probability |\n|---|---|---|---|---|\n"
        "| 77 | female | \\< 0.01 % | male | 100.0 % |\n"
        "| 5 | female | 1.2 % | male | 98.8 % |\n"
    )


def test_markdown_cuts_a_long_table_and_is_silent_where_nothing_was_judged():
    text = "\n".join(audit_markdown(section_of(*(suspect(i, i / 1000) for i in range(30)), n=2000)))

    assert text.count("female") == 20
    assert "… and 1,980 less improbable ones." in text
    assert list(audit_markdown(suspects_section(None, LABELS, lines))) == []
