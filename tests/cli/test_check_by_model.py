"""`em-impute check --model`: whether a saved model fits a file, without a byte being written."""

import pytest


@pytest.fixture
def saved(call, samples):
    """A folder with heights.csv, the same people all known, and 12 cm taller; and a model of the first."""
    call("fill", "heights.csv", "-c", "gender", "--save-model", "m.json", "--no-report", "-q", "-o", "done.csv")
    header, *rows = (samples / "heights.truth.csv").read_text().splitlines()
    taller = [f"{row.rpartition(',')[0]},{float(row.rpartition(',')[2]) + 12:.1f}" for row in rows]
    (samples / "taller.csv").write_text("\n".join([header, *taller, ""]))
    return samples


def test_a_file_that_is_whole_and_like_the_training_ends_with_0(call, saved):
    code, out, said = call("check", "heights.truth.csv", "--model", "m.json")

    assert (0, "") == (code, out)
    assert "column      gender: 934 known, 0 missing\n" in said
    assert "drift       0 of 1 predictor moved" in said
    assert "warning" not in said


def test_missing_cells_and_rows_that_have_moved_end_with_1(call, saved):
    missing = call("check", "heights.csv", "--model", "m.json")
    moved = call("check", "taller.csv", "--model", "m.json")

    assert (1, 1) == (missing[0], moved[0])
    assert "654 known, 280 missing (280 empty)" in missing[2]
    assert "warning" not in missing[2]
    assert "warning     W26: Distributed otherwise than in training: 'height'" in moved[2]


def test_nothing_is_written_and_nothing_said_where_that_is_asked_for(call, saved):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}

    assert (1, "", "") == call("check", "taller.csv", "--model", "m.json", "-q")
    assert before == {path.name: path.read_bytes() for path in saved.iterdir()}


def test_a_file_that_a_model_cannot_fill_is_refused_as_fill_refuses_it(call, saved):
    rows = (saved / "heights.csv").read_text().splitlines()
    metres = [f"{row.rpartition(',')[0]},{float(row.rpartition(',')[2]) / 100:.3f}" for row in rows[1:]]
    (saved / "metres.csv").write_text("\n".join([rows[0], *metres, ""]))
    checked, filled = (call(command, "metres.csv", "--model", "m.json", "-q") for command in ("check", "fill"))

    assert 3 == checked[0]
    assert checked == filled


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "no column is named"),
        (("--model", "m.json", "-x", "height"), 2, "-x contradicts --model"),
        (("--model", "m.json", "-c", "height"), 3, "does not fill column 'height'"),
        (("--model", "no.json"), 3, "cannot read the model no.json"),
        (("--model", "m.json", "--log-file", "m.json"), 2, "m.json"),
    ],
)
def test_what_contradicts_the_model_is_refused(call, saved, options, code, said):
    before = (saved / "m.json").read_bytes()
    result = call("check", "heights.csv", *options)

    assert code == result[0]
    assert said in result[2]
    assert before == (saved / "m.json").read_bytes()
