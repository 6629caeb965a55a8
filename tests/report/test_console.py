"""Sections on a terminal: tables fit its width without a broken word, and what matters most is shown."""

import io

import pytest
from rich.console import Console

from em_impute.report.document.blocks import FEW, Section, Table, folded
from em_impute.report.document.cells import by_label
from em_impute.report.text.console import print_sections, wrapped

LABELS = ["Agriculture, forestry and fishing", "Manufacturing", "Construction", "Wholesale and retail", "Education"]


def shown(width, *blocks):
    """Print blocks on a terminal of this width; give its lines."""
    console = Console(
        file=io.StringIO(), force_terminal=True, width=width, color_system=None, legacy_windows=False, highlight=False
    )
    print_sections(console, [Section("s", "Title", blocks)])
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [48, 60, 80, 120])
def test_a_table_of_any_width_keeps_its_words_and_its_cells(width):
    cells = [[100 * i + j for j in range(len(LABELS))] for i in range(1, len(LABELS) + 1)]
    rows = [[label, *row] for label, row in zip(LABELS, cells, strict=True)]
    lines = shown(width, Table("Counts", ["label", *LABELS], rows))

    assert max(map(len, lines)) <= width
    words = [word for line in lines for word in line.split()]
    assert {word for label in LABELS for word in label.split()} <= {*words}
    assert sorted(int(word) for word in words if word.isdigit()) == sorted(n for row in cells for n in row)


def test_of_many_rows_those_with_most_come_first():
    rows = [[f"l{i}", i] for i in range(FEW + 2)]
    lines = shown(80, *folded("Rows", ["label", "n"], rows, by=1))

    assert [line.split()[0] for line in lines[3:]] == [f"l{i}" for i in range(FEW + 1, 1, -1)]
    assert folded("Rows", ["label", "n"], rows[:FEW], by=1)[0].rows == rows[:FEW]


def test_of_many_labels_those_found_least_come_first_and_those_never_hidden_last():
    names = [f"l{i}" for i in range(FEW + 2)]
    confusion = {name: dict.fromkeys(names, 0) | {name: i, "l0": 1} for i, name in enumerate(names)}
    confusion["l0"] = dict.fromkeys(names, 0)
    table = by_label(confusion)[-1]

    assert [row[0].text for row in table.rows] == [*names[1:], "l0"]


def test_a_percent_sign_stays_with_its_number():
    assert wrapped("all but 50.5 % of them", 13) == ["all but", "50.5 % of", "them"]
