"""`em-impute fill` through real processes: bytes in, bytes out."""

import csv
import io
import json
import re

import pytest


def cells(data, column):
    rows = list(csv.reader(io.StringIO(data.decode())))
    return [row[rows[0].index(column)] for row in rows[1:]]


def without_filled(before, after):
    """Undo the filled cells of the column before the last, line by line."""
    pairs = zip(before.splitlines(keepends=True), after.splitlines(keepends=True), strict=True)
    return b"".join(old if re.sub(rb",(fe)?male,", b",,", new) == old else new for old, new in pairs)


def test_the_main_job_writes_the_completed_file_and_the_report_beside_the_input(run, samples):
    result = run("fill", "heights.csv", "--column", "gender")
    before, after = ((samples / name).read_bytes() for name in ("heights.csv", "heights.filled.csv"))
    report = json.loads((samples / "heights.report.json").read_text())

    assert (result.returncode, result.stdout) == (0, b"")
    assert set(cells(after, "gender")) == {"male", "female"}
    assert without_filled(before, after) == before
    assert report["missing"]["filled"] == report["missing"]["cells"] == 280
    assert sorted(path.name for path in samples.glob("heights.*.json")) == ["heights.report.json"]


def test_most_fills_of_the_heights_are_right(run, samples):
    run("fill", "heights.csv", "-c", "gender")
    before, after, truth = (
        cells((samples / f"heights{kind}.csv").read_bytes(), "gender") for kind in ("", ".filled", ".truth")
    )
    filled = [(new, true) for old, new, true in zip(before, after, truth, strict=True) if not old]
    right = sum(new == true for new, true in filled)

    assert len(filled) == 280
    assert right / len(filled) > 0.8


def test_a_pipe_gives_the_same_bytes_as_a_file(run, samples):
    run("fill", "heights.csv", "-c", "gender", "--no-report")
    piped = run("fill", "-", "-c", "gender", stdin=(samples / "heights.csv").read_bytes())

    assert piped.stdout == (samples / "heights.filled.csv").read_bytes()
    assert not (samples / "heights.report.json").exists()


def test_two_runs_write_the_same_bytes_and_the_same_report(run, samples):
    for name in ("a", "b"):
        run("fill", "heights.csv", "-c", "gender", "-o", f"{name}.csv", "-r", "same.json", SOURCE_DATE_EPOCH="0")
        (samples / "same.json").rename(samples / f"{name}.json")
    first, second = (json.loads((samples / f"{name}.json").read_text()) for name in "ab")
    for report in (first, second):
        del report["command"]
        report["output"].pop("path")

    assert (samples / "a.csv").read_bytes() == (samples / "b.csv").read_bytes()
    assert first == second


def test_missing_marks_as_published_are_filled_and_other_columns_keep_theirs(run, samples):
    result = run("fill", "penguins.csv", "-c", "sex", "-o", "-")
    before, after = (samples / "penguins.csv").read_bytes(), result.stdout

    assert cells(after, "sex").count("NA") == 0
    for column in ("species", "bill_length_mm", "body_mass_g", "year"):
        assert cells(after, column) == cells(before, column)
    assert cells(after, "bill_length_mm").count("NA") == 2


def test_groups_are_found_and_named_when_no_label_is_known(run, samples):
    result = run("fill", "faithful.csv", "-c", "kind", "--labels", "short,long", "-o", "-")
    rows = list(csv.DictReader(io.StringIO(result.stdout.decode())))
    longest_short = max(float(row["eruptions"]) for row in rows if row["kind"] == "short")
    shortest_long = min(float(row["eruptions"]) for row in rows if row["kind"] == "long")

    assert result.returncode == 0
    assert longest_short < shortest_long


@pytest.mark.parametrize(
    ("options", "at_least"),
    [
        (("--labels", "short,long", "--covariance", "full"), -1130.2640),
        (("--labels", "a,b,c", "--covariance", "tied"), -1126.3264),
    ],
    ids=["two full", "three tied"],
)
def test_old_faithful_reaches_the_likelihood_that_mclust_reports(run, samples, options, at_least):
    run("fill", "faithful.csv", "-c", "kind", "--prior-strength", "0", *options)
    report = json.loads((samples / "faithful.report.json").read_text())

    assert report["fit"]["log_likelihood"] >= at_least


def test_groups_are_counted_where_that_is_asked_for(run, samples):
    # mclust finds the same three groups, with one covariance for all.
    result = run("fill", "faithful.csv", "-c", "kind", "--components", "auto", "-r", "r.json", "-r", "r.md", "-o", "-")
    report = json.loads((samples / "r.json").read_text())
    members = report["selection"]["members"]
    (chosen,) = (one for one in members if one["weight"])

    assert set(cells(result.stdout, "kind")) == {"1", "2", "3"}
    assert (chosen["covariance"], chosen["components"]) == ("tied", 3)
    assert chosen["bic"] == min(one["bic"] for one in members) == pytest.approx(report["fit"]["bic"])
    assert chosen["icl"] == pytest.approx(report["fit"]["icl"])
    assert [one["label"] for one in report["labels"]] == ["1", "2", "3"]
    assert "3 Gaussians, tied covariance, by BIC: 3 tied" in result.stderr.decode()
    assert "| 3 | tied |" in (samples / "r.md").read_text()


def test_groups_are_not_counted_unless_asked_for(run, samples):
    result = run("fill", "faithful.csv", "-c", "kind")

    assert result.returncode == 4
    assert b"--labels A,B, or let --components auto count them" in result.stderr


def test_one_group_is_refused_and_a_number_asked_for(run, samples):
    (samples / "a.csv").write_text("g,x\n" + "".join(f",{17 * i % 101 + 17 * i % 53}\n" for i in range(100)))
    result = run("fill", "a.csv", "-c", "g", "--components", "auto")

    assert result.returncode == 4
    assert b"one group" in result.stderr
    assert b"--components 2" in result.stderr
    assert run("fill", "a.csv", "-c", "g", "--components", "2").returncode == 0


def test_known_labels_have_one_component_each_by_default(run, samples):
    outputs = [
        run("fill", "heights.csv", "-c", "gender", "-o", "-", *options).stdout
        for options in ((), ("--components", "auto"), ("--components", "1"))
    ]

    assert outputs[0] == outputs[1] == outputs[2] != b""


def test_order_by_gives_the_names_in_the_order_of_another_predictor(run, samples):
    (samples / "two.csv").write_text(
        "up,down,kind\n" + "".join(f"{i % 2 * 9 + i / 50},{90 - i % 2 * 50 - i / 50},\n" for i in range(40))
    )
    by_first = run("fill", "two.csv", "-c", "kind", "--labels", "A,B", "-o", "-")
    by_second = run("fill", "two.csv", "-c", "kind", "--labels", "A,B", "--order-by", "down", "-o", "-")

    assert cells(by_first.stdout, "kind")[:2] == ["A", "B"]
    assert cells(by_second.stdout, "kind")[:2] == ["B", "A"]


def test_nothing_missing_copies_the_file(run, samples):
    result = run("fill", "heights.truth.csv", "-c", "gender")
    report = json.loads((samples / "heights.truth.report.json").read_text())

    assert result.returncode == 0
    assert (samples / "heights.truth.filled.csv").read_bytes() == (samples / "heights.truth.csv").read_bytes()
    assert report["missing"]["cells"] == 0


def test_unsure_cells_stay_as_they_were_and_are_counted(run, samples):
    result = run("fill", "heights.csv", "-c", "gender", "--min-probability", "0.9", "--diff", "-r", "r.json")
    report = json.loads((samples / "r.json").read_text())
    changes = list(csv.DictReader(io.StringIO(result.stdout.decode())))

    assert min(float(change["probability"]) for change in changes) >= 0.9
    assert 0 < len(changes) < 280
    assert report["missing"]["left_empty"] == {"below_min_probability": 280 - len(changes)}


def test_added_columns_agree_with_one_another(run, samples):
    result = run("fill", "heights.csv", "-c", "gender", "--probability", "--probabilities", "--indicator", "-o", "-")
    rows = list(csv.DictReader(io.StringIO(result.stdout.decode())))

    assert list(rows[0])[3:] == ["gender_probability", "gender_p_female", "gender_p_male", "gender_imputed"]
    assert sum(row["gender_imputed"] == "1" for row in rows) == 280
    for row in rows:
        each = {"female": float(row["gender_p_female"]), "male": float(row["gender_p_male"])}
        assert sum(each.values()) == pytest.approx(1, abs=2e-6)
        assert each[row["gender"]] == max(each.values()) == float(row["gender_probability"])
        assert row["gender_imputed"] == "1" or max(each.values()) == 1


def test_the_indicator_marks_only_cells_that_were_filled(run, samples):
    result = run(
        "fill", "heights.csv", "-c", "gender", "--indicator", "--probability", "--min-probability", "0.9", "-o", "-"
    )
    rows = list(csv.DictReader(io.StringIO(result.stdout.decode())))
    before = cells((samples / "heights.csv").read_bytes(), "gender")

    assert any(not row["gender"] for row in rows)
    for row, old in zip(rows, before, strict=True):
        assert (row["gender_imputed"] == "1") == (row["gender"] != old)
        assert bool(row["gender"]) == (float(row["gender_probability"]) >= 0.9)


def test_added_numbers_have_the_decimal_mark_of_the_file(run):
    result = run("fill", "-c", "g", "--decimal", ",", "--probability", stdin=b"g;x\na;1,5\nb;9,5\n;1,75\n")
    added = [line.split(b";")[2] for line in result.stdout.splitlines()[1:]]

    assert added[:2] == [b"1,000000", b"1,000000"]
    assert 0.5 < float(added[2].replace(b",", b".")) <= 1


def test_a_column_of_texts_predicts_where_it_is_named(run, samples):
    # Chinstraps were seen on Dream and gentoos on Biscoe, and nowhere else.
    rows = list(csv.DictReader(io.StringIO((samples / "penguins.csv").read_text())))
    (samples / "a.csv").write_text(
        "island,species\n"
        + "".join(f"{row['island'] if i % 5 else ''},{row['species']}\n" for i, row in enumerate(rows))
    )
    result = run("fill", "a.csv", "-c", "island", "-x", "species", "-r", "r.json", "-o", "-")
    filled = list(zip(cells(result.stdout, "island"), (row["species"] for row in rows), strict=True))
    report = json.loads((samples / "r.json").read_text())

    assert {island for island, species in filled[::5] if species == "Chinstrap"} == {"Dream"}
    assert {island for island, species in filled[::5] if species == "Gentoo"} == {"Biscoe"}
    assert report["features"]["used"] == [
        {"name": "species", "type": "categorical", "missing": 0, "levels": ["Adelie", "Chinstrap", "Gentoo"]}
    ]
    assert "predictors  species\n" in result.stderr.decode()


def test_numbers_and_texts_predict_together(run, samples):
    result = run("fill", "penguins.csv", "-c", "sex", "-x", "species", "-x", "body_mass_g", "-r", "r.json", "-o", "-")
    report = json.loads((samples / "r.json").read_text())
    member = report["model"]["parameters"][0]

    assert cells(result.stdout, "sex").count("NA") == 0
    assert [(one["name"], one["type"]) for one in report["features"]["used"]] == [
        ("body_mass_g", "numeric"),
        ("species", "categorical"),
    ]
    assert list(member["mean"]) == ["body_mass_g", "species=Chinstrap", "species=Gentoo"]
    assert "predictors  body_mass_g, species\n" in result.stderr.decode()


def test_two_columns_are_filled_each_on_its_own(run, samples):
    (samples / "a.csv").write_text("g,h,x\na,u,1\na,,1.5\nb,v,9\n,v,9.5\na,u,1.2\nb,v,8.8\n")
    result = run("fill", "a.csv", "-c", "g", "-c", "h")
    reports = json.loads((samples / "a.report.json").read_text())["reports"]

    assert result.returncode == 0
    assert cells((samples / "a.filled.csv").read_bytes(), "g") == list("aabbab")
    assert cells((samples / "a.filled.csv").read_bytes(), "h") == list("uuvvuv")
    assert [report["column"] for report in reports] == ["g", "h"]


def test_quiet_success_says_nothing_at_all(run, samples):
    result = run("fill", "heights.csv", "-c", "gender", "-q")

    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


def test_the_summary_has_about_a_dozen_lines_and_three_that_draw(run, samples):
    result = run("fill", "heights.csv", "-c", "gender")
    lines = result.stderr.decode().splitlines()

    assert 10 <= len(lines) <= 17
    assert b"\x1b" not in result.stderr


def test_a_dry_run_writes_nothing(run, samples):
    names = sorted(path.name for path in samples.iterdir())
    result = run("fill", "heights.csv", "-c", "gender", "--dry-run")

    assert result.returncode == 0
    assert sorted(path.name for path in samples.iterdir()) == names


def test_the_difference_lists_the_filled_cells_with_their_lines(run, samples):
    result = run("fill", "penguins.csv", "-c", "sex", "--diff")
    changes = list(csv.DictReader(io.StringIO(result.stdout.decode())))
    lines = (samples / "penguins.csv").read_text().splitlines()

    assert len(changes) == 11
    assert all(",NA," in lines[int(change["line"]) - 1] for change in changes)
    assert {change["old"] for change in changes} == {"NA"}
    assert not (samples / "penguins.filled.csv").exists()


def test_markdown_and_json_reports_can_be_asked_for_together(run, samples):
    run("fill", "heights.csv", "-c", "gender", "-r", "a.md", "-r", "a.json")

    assert "# Fit report" in (samples / "a.md").read_text()
    assert json.loads((samples / "a.json").read_text())["schema_version"] == 1
    assert not (samples / "heights.report.json").exists()


def test_the_report_goes_beside_the_output_that_was_named(run, samples):
    (samples / "out").mkdir()
    run("fill", "heights.csv", "-c", "gender", "-o", "out/done.csv")

    assert sorted(path.name for path in (samples / "out").iterdir()) == ["done.csv", "done.report.json"]


def test_the_expected_number_of_wrong_fills_adds_up_their_doubts(run, samples):
    result = run("fill", "heights.csv", "-c", "gender", "--min-probability", "0.7", "--diff", "-r", "r.json")
    doubts = [1 - float(change["probability"]) for change in csv.DictReader(io.StringIO(result.stdout.decode()))]
    report = json.loads((samples / "r.json").read_text())

    found = report["accuracy"]["expected_wrong"]
    assert found["by_probabilities"] == pytest.approx(sum(doubts), abs=1e-4)
    assert found["low"] < found["by_probabilities"] < found["high"]
    assert found["estimate"] == pytest.approx(sum(doubts), rel=0.3)  # held-out labels correct it


def test_groups_and_weights_are_named_in_the_summary_and_no_other_byte_changes(run, samples):
    # Every other bird counts twice, and the islands may differ.
    lines = (samples / "penguins.csv").read_bytes().splitlines()
    before = b"".join(line + (b",weight\n" if i == 0 else b",%d\n" % (1 + i % 2)) for i, line in enumerate(lines))
    (samples / "a.csv").write_bytes(before)
    result = run("fill", "a.csv", "-c", "sex", "--by", "island", "--weights", "weight", "-v", "-r", "r.json", "-o", "-")
    message = result.stderr.decode()
    groups = json.loads((samples / "r.json").read_text())["groups"]["groups"]
    weights = [one["own_weight"] for one in groups]
    pairs = zip(before.splitlines(), result.stdout.splitlines(), strict=True)

    assert [one["group"] for one in groups] == ["Biscoe", "Dream", "Torgersen"]
    assert f"by          island: 3 groups, own fits weigh {min(weights):.2f} to {max(weights):.2f}\n" in message
    assert "rows weighed: column 'weight' says how much each row counts" in message
    assert {re.sub(rb",(fe)?male,", b",NA,", after) for old, after in pairs if after != old} <= set(before.splitlines())
    assert cells(result.stdout, "sex").count("NA") == 0
