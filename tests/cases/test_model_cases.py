"""Odd things to learn from: what is dropped, what is warned about, what is refused, and that a run can be repeated."""

import csv
import io
import json

import pytest
from builders import csv_of, strict

N = 60
LABELS = ["ab"[i % 2] if i % 7 else None for i in range(N)]
NUMBERS = [9 * (i % 2) + i % 5 for i in range(N)]
NEGATIVE, INPUT, FIT = 1, 3, 4


@pytest.fixture
def fill(call, tmp_path):
    """Fill column g of a table, with options; give the exit code, the cells of the column, the report, what is said."""

    def fill(content, *options):
        (tmp_path / "a.csv").write_text(content)
        for name in ("b.csv", "r.json"):
            (tmp_path / name).unlink(missing_ok=True)
        code, _, said = call("fill", "a.csv", "-c", "g", "-o", "b.csv", "-r", "r.json", *options)
        if not (tmp_path / "b.csv").exists():
            assert not (tmp_path / "r.json").exists()
            return code, None, None, said
        rows = list(csv.DictReader(io.StringIO((tmp_path / "b.csv").read_text())))
        return code, [row["g"] for row in rows], strict((tmp_path / "r.json").read_text()), said

    return fill


def codes(report):
    return [one["code"] for one in report["warnings"]]


def test_a_constant_predictor_is_dropped_said_and_changes_nothing(fill):
    _, expected, _, _ = fill(csv_of("g,x", LABELS, NUMBERS))
    code, cells, report, said = fill(csv_of("g,x,c", LABELS, NUMBERS, [7] * N))

    assert (0, expected) == (code, cells)
    assert "not used    c (constant)\n" in said
    assert [{"name": "c", "reason": "constant"}] == report["features"]["rejected"]


@pytest.mark.parametrize(
    ("more", "dropped"),
    [
        ([[2 * number for number in NUMBERS]], ["y"]),
        ([[i % 11 for i in range(N)], [number + i % 11 for i, number in enumerate(NUMBERS)]], ["z"]),
    ],
    ids=["a multiple", "a sum of two"],
)
def test_predictors_that_are_sums_of_others_are_dropped_with_a_warning(fill, more, dropped):
    header = ",".join(["g", "x", "y", "z"][: 2 + len(more)])
    _, expected, _, _ = fill(csv_of(header[:-2], LABELS, NUMBERS, *more[:-1]))
    code, cells, report, said = fill(csv_of(header, LABELS, NUMBERS, *more))

    assert (0, expected) == (code, cells)
    assert dropped == [one["name"] for one in report["features"]["rejected"]]
    assert ["W17"] == codes(report)
    assert "warning     W17: " in said


def test_a_row_without_any_predictor_is_filled_by_the_shares_counted_and_warned_about(fill):
    blind = [None if i == 14 else number for i, number in enumerate(NUMBERS)]  # its label is missing as well
    labels = ["b" if one == "a" and i % 3 else one for i, one in enumerate(LABELS)]  # b is the commonest
    code, cells, report, said = fill(csv_of("g,x", labels, blind))

    assert 0 == code
    assert "b" == cells[14]
    assert "W16" in codes(report)
    assert "warning     W16: 1 missing cell is in rows without any predictor" in said
    assert (NEGATIVE, None, None) == fill(csv_of("g,x", labels, blind), "--strict")[:3]


def test_text_in_a_predictor_that_was_named_is_counted_and_three_cells_are_shown(fill):
    spoilt = [f"bad{i}" if 30 <= i < 35 else number for i, number in enumerate(NUMBERS)]
    code, cells, _, said = fill(csv_of("g,x", LABELS, spoilt), "-x", "x")

    assert (INPUT, None) == (code, cells)
    assert "'x' has 5 cells that are not numbers: 'bad30' (line 32), 'bad31' (line 33), 'bad32' (line 34)\n" in said


def test_text_in_a_predictor_that_nobody_named_is_told_by_its_lines(fill):
    spoilt = [f"bad{i}" if 30 <= i < 35 else number for i, number in enumerate(NUMBERS)]
    code, _, report, said = fill(csv_of("g,x,y", LABELS, NUMBERS, spoilt))

    assert 0 == code
    assert ["W18"] == codes(report)
    assert "'y' (not all cells are numbers: line 32, line 33, line 34)" in said
    assert "bad" not in said


def test_a_fit_that_has_not_converged_is_written_with_a_warning_but_not_where_warnings_are_refused(fill):
    table = csv_of("g,x", LABELS, NUMBERS)
    options = ("--covariance", "full", "--max-iter", "1")
    code, cells, report, said = fill(table, *options)

    assert 0 == code
    assert {"a", "b"} == set(cells)
    assert (False, 1) == (report["fit"]["converged"], report["fit"]["n_iterations"])
    assert "max_iter" == report["fit"]["stop"]
    assert "W15" in codes(report)
    assert "warning     W15: EM stopped at --max-iter" in said
    assert (NEGATIVE, None, None) == fill(table, *options, "--strict")[:3]


@pytest.mark.parametrize("suffix", ["json", "md", pytest.param("html", marks=pytest.mark.pictures)])
@pytest.mark.parametrize("epoch", ["0", "1700000000"])
def test_two_runs_at_different_times_give_the_same_bytes_of_data_and_of_report(
    call, tmp_path, monkeypatch, suffix, epoch
):
    (tmp_path / "a.csv").write_text(csv_of("g,x", LABELS, NUMBERS))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    given = []
    for _ in range(2):
        code, _, _ = call("fill", "a.csv", "-c", "g", "-o", "b.csv", "-r", f"r.{suffix}", "-q")
        given.append((code, *((tmp_path / name).read_bytes() for name in ("b.csv", f"r.{suffix}"))))

    assert 0 == given[0][0]
    assert given[0] == given[1]


@pytest.mark.parametrize("command", [["evaluate", "--repeats", "1", "--json"], ["explain", "--json"]])
def test_two_runs_of_the_other_commands_give_the_same_bytes_too(call, tmp_path, monkeypatch, command):
    (tmp_path / "a.csv").write_text(csv_of("g,x", LABELS, NUMBERS))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    name, *options = command
    first, second = (call(name, "a.csv", "-c", "g", *options) for _ in range(2))

    assert first == second
    assert 0 == first[0]
    assert strict(first[1])


def test_without_a_fixed_time_the_report_says_when_it_was_made_and_how_long_that_took(fill, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    _, _, report, _ = fill(csv_of("g,x", LABELS, NUMBERS))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    _, _, fixed, _ = fill(csv_of("g,x", LABELS, NUMBERS))

    assert report["created"] > "2024"
    assert sum(report["timings"].values()) > 0
    assert fixed["created"].startswith("1970-01-02T00:00:00")
    assert fixed["timings"] is None


@pytest.mark.parametrize("order", [("u", "v"), ("v", "u")], ids=["u first", "v first"])
@pytest.mark.parametrize("options", [(), ("--covariance", "full"), ("--single",)], ids=["stack", "full", "single"])
def test_at_a_tie_the_label_that_sorts_first_is_taken_wherever_it_stands(call, tmp_path, order, options):
    # Mirrored about 0, where the missing one stands: by symmetry both labels have probability 1/2.
    left, right = order
    rows = [(left, -1), (right, 1), (left, -2), (right, 2), (left, -3), (right, 3), (None, 0)]
    (tmp_path / "a.csv").write_text(csv_of("g,x", *zip(*rows, strict=True)))
    code, output, _ = call("fill", "a.csv", "-c", "g", "--diff", *options)

    assert (0, "8,g,,u,0.500000") == (code, output.splitlines()[1])


def test_an_even_chance_is_enough_for_a_threshold_of_a_half(call, tmp_path):
    rows = [("a", -1), ("b", 1), ("a", -2), ("b", 2), (None, 0)]
    (tmp_path / "a.csv").write_text(csv_of("g,x", *zip(*rows, strict=True)))
    at, above = (
        call("fill", "a.csv", "-c", "g", "--diff", "--covariance", "tied", "--min-probability", p)[1] for p in ("0.5", "0.500001")
    )  # fmt: skip

    assert (2, 1) == (at.count("\n"), above.count("\n"))


@pytest.mark.parametrize("command", ["fill", "check", "evaluate", "explain"])
@pytest.mark.parametrize("number", [10_000, 10_001])
def test_ten_thousand_labels_look_like_an_identifier(call, tmp_path, command, number):
    (tmp_path / "a.csv").write_text(csv_of("g,x", [f"k{i}" for i in range(number)] + [None], range(number + 1)))
    code, output, said = call(command, "a.csv", "-c", "g")

    assert "identifier" in said
    assert (FIT, "") == (code, output), said
    assert 2 == len(said.splitlines())


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["F", "f", "F "], "3 labels of 'g' differ only by case, space or accents: 'F', 'F ', 'f'"),
        (["é", "É"], "2 labels of 'g' differ only by case, space or accents: 'É', 'é'"),
    ],
    ids=["case and space", "accents"],
)
def test_labels_that_hardly_differ_are_warned_about_and_kept_as_they_are(fill, call, labels, shown):
    kinds = [*labels, "M"]
    table = csv_of(
        "g,x", [kinds[i % len(kinds)] if i % 7 else None for i in range(N)], [9 * (i % len(kinds)) + i % 5 for i in range(N)]
    )  # fmt: skip
    code, cells, report, said = fill(table, "--covariance", "tied")

    assert 0 == code
    assert set(kinds) == set(cells)
    assert "W14" in codes(report)
    assert shown in said
    assert (NEGATIVE, None, None) == fill(table, "--covariance", "tied", "--strict")[:3]
    checked, _, words = call("check", "a.csv", "-c", "g")
    assert 1 == checked
    assert shown in words


def test_a_predictor_of_minus_999_is_used_and_warned_about_and_never_taken_for_missing(fill):
    far = [*NUMBERS[:-1], -999]
    code, cells, report, said = fill(csv_of("g,x", [*LABELS[:-1], None], far))
    (used,) = report["features"]["used"]

    assert 0 == code
    assert all(cells)
    assert ("x", 0) == (used["name"], used["missing"])
    assert "W11" in codes(report)
    assert f"line {N + 1} (x -999)" in said
    assert json.dumps(report).count("-999") > 0
