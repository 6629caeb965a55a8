"""Rows that belong together, gaps as evidence, codes that are names, and labels that are none: through whole runs."""

import csv
import json
import re

import numpy as np
import pytest
from builders import csv_of


def birds(n_birds=120, seed=1, numbers=False):
    """Birds that are measured three times a piece: columns, and the true sexes."""
    rng = np.random.default_rng(seed)
    bird, sex = np.repeat(np.arange(n_birds), 3), rng.choice(["F", "M"], n_birds)
    wing = (rng.normal(np.where(sex == "M", 62, 58), 3)[bird] + rng.normal(0, 1, bird.size)).round(1)
    ring = rng.permutation(9000)[:n_birds][bird]
    truth = sex[bird]
    told = np.where(rng.random(bird.size) < 0.3, "", truth)
    return [ring + 10_000 if numbers else [f"AB{one}" for one in ring], wing, told], truth


def filled(call, folder, columns, *options, header="ring,wing,sex"):
    """Fill the last column: the completed one, the report, what was said on standard error."""
    (folder / "a.csv").write_text(csv_of(header, *columns))
    code, _, error = call("fill", "a.csv", "-c", header.split(",")[-1], "-o", "b.csv", "-r", "b.json", *options)
    assert code == 0, error
    rows = list(csv.reader((folder / "b.csv").read_text().splitlines()))[1:]
    return np.array([row[-1] for row in rows]), json.loads((folder / "b.json").read_text()), error


@pytest.mark.parametrize("numbers", [False, True], ids=["texts", "numbers"])
def test_a_bird_has_the_sex_of_its_other_rows_and_one_sex_without_them(call, tmp_path, numbers):
    columns, truth = birds(numbers=numbers)
    sex, report, error = filled(call, tmp_path, columns)
    ring, lacks = np.array(columns[0]), columns[2] == ""
    has_sibling = np.isin(ring, ring[~lacks])
    wrong = report["accuracy"]["expected_wrong"]

    assert (sex == truth)[lacks & has_sibling].all()
    assert all(len(set(sex[ring == one])) == 1 for one in set(ring.tolist()))
    assert "Note: Rows with the same 'ring' have the same label, and are filled with it" in error
    assert "ring" in {one["name"] for one in report["features"]["used"]}
    assert wrong["low"] <= (sex != truth).sum() <= wrong["high"]
    assert wrong["high"] < 0.2 * lacks.sum()


def test_known_labels_that_contradict_the_users_word_are_named_and_stay(call, tmp_path):
    columns, _ = birds()
    told = columns[2]
    first = 3 * int((told.reshape(-1, 3) != "").all(axis=1).argmax())  # a bird with three known labels
    told[first] = "F" if told[first] == "M" else "M"
    lines = [first + 2, first + 3, first + 4]
    sex, report, error = filled(call, tmp_path, columns, "--same-within", "ring")
    code = {one["code"]: one["message"] for one in report["warnings"]}

    assert (sex == told)[told != ""].all()
    assert (
        f"1 value of 'ring', which --same-within says they do not: lines {', '.join(map(str, lines))}." in code["W33"]
    )
    assert "S04" not in code
    assert "W33" in error


def test_few_rows_need_the_users_word(call, tmp_path):
    columns, truth = birds(12)
    _, _, found = filled(call, tmp_path, columns)
    sex, _, told = filled(call, tmp_path, columns, "--same-within", "1")
    ring, lacks = np.array(columns[0]), columns[2] == ""

    assert "S04" not in found
    assert "S04" in told
    assert (sex == truth)[lacks & np.isin(ring, ring[~lacks])].all()


def test_what_is_drawn_for_one_bird_is_one_sex(call, tmp_path):
    columns, _ = birds()
    (tmp_path / "a.csv").write_text(csv_of("ring,wing,sex", *columns))
    code, _, error = call("fill", "a.csv", "-c", "sex", "--imputations", "2", "-q", "--no-report")
    ring, lacks = np.array(columns[0]), columns[2] == ""

    assert code == 0, error
    for number in (1, 2):
        sex = np.array(
            [row[-1] for row in csv.reader((tmp_path / f"a.filled.{number}.csv").read_text().splitlines())][1:]
        )
        assert all(len(set(sex[lacks & (ring == one)])) < 2 for one in set(ring.tolist()))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--save-model", "m.json"), "the saved model, which keeps no rows, fills each by itself."),
        (("--backend", "serial"), "in a table read in parts each row is filled by itself."),
        ((), None),
    ],
)
def test_where_siblings_will_not_speak_it_is_told(call, tmp_path, options, told):
    _, report, _ = filled(call, tmp_path, birds()[0], *options)
    said = [one["message"] for one in report["warnings"] if one["code"] == "S09"]

    assert said == ([] if told is None else [f"Rows with the same 'ring' have the same label, but {told}"])


def test_check_names_the_key(call, tmp_path):
    (tmp_path / "a.csv").write_text(csv_of("ring,wing,sex", *birds()[0]))
    _, _, error = call("check", "a.csv", "-c", "sex")

    assert re.search(r"key +ring: rows with one value have one label", error)


def test_codes_are_names_where_neighbours_say_something_else(call, tmp_path):
    rng = np.random.default_rng(0)
    department = rng.integers(1, 13, 700)
    truth = np.where(
        rng.random(700) < 0.92, np.array(list("MFFMFMMFMFFM"))[department - 1], rng.choice(["M", "F"], 700)
    )
    told = np.where(rng.random(700) < 0.3, "", truth)
    sex, report, _ = filled(
        call, tmp_path, [department, rng.normal(4000, 500, 700).astype(int), told], header="department,pay,sex"
    )
    wrong = report["accuracy"]["expected_wrong"]

    assert (sex == truth)[told == ""].mean() > 0.92
    assert wrong["low"] <= (sex != truth).sum() <= wrong["high"]


def test_that_a_cell_is_empty_is_evidence(call, tmp_path):
    rng = np.random.default_rng(1)
    truth = rng.choice(["female", "male"], 500)
    height = rng.normal(np.where(truth == "male", 176, 165), 10).round(1)
    births = np.where((truth == "female") & (rng.random(500) < 0.9), rng.poisson(1.6, 500).astype(str), "")
    told = np.where(rng.random(500) < 0.3, "", truth)
    sex, report, _ = filled(call, tmp_path, [height, births, told], header="height,births,sex")
    wrong = report["accuracy"]["expected_wrong"]

    assert (sex == truth)[told == ""].mean() > 0.92
    assert wrong["low"] <= (sex != truth).sum() <= wrong["high"]


@pytest.mark.parametrize("code_of", [lambda sex, _: np.where(sex == "male", "1", "2"), np.char.add])
def test_a_code_seen_only_beside_labels_promises_nothing(call, tmp_path, code_of):
    rng = np.random.default_rng(2)
    truth = rng.choice(["female", "male"], 500)
    told = np.where(rng.random(500) < 0.3, "", truth)
    height = rng.normal(np.where(truth == "male", 176, 164), 13).round(1)
    code = np.where(told == "", "", code_of(truth, rng.integers(0, 99, 500).astype(str)))
    sex, report, error = filled(call, tmp_path, [height, code, told], header="height,code,sex")
    wrong = report["accuracy"]["expected_wrong"]

    assert wrong["low"] <= (sex != truth).sum() <= wrong["high"]
    assert "Trust the labels" not in error


@pytest.mark.parametrize(
    ("labels", "doubtful"),
    [
        ("F M U", "'U'"), ("yes no refused", "'refused'"), ("red blue Unspecified", "'Unspecified'"),
        ("1 2 3 -99", "'-99'"), ("1 2 3 999", "'999'"), ("adult juv. indet.", "'indet.'"), ("male female n.d.", "'n.d.'"),
        ("A E I O U", None), ("S U", None), ("98 99 100", None), ("low high other", None), ("1 2 9", None),
    ],
)  # fmt: skip
def test_labels_that_may_mean_missing_are_named(call, tmp_path, labels, doubtful):
    cells = labels.split() * 12
    (tmp_path / "a.csv").write_text(csv_of("x,g", [i * 7 % 11 for i in range(len(cells))], cells))
    code, _, error = call("fill", "a.csv", "-c", "g", "--dry-run")
    kept = call("fill", "a.csv", "-c", "g", "--dry-run", "--keep-value", (doubtful or "''")[1:-1] or "x")[2]

    assert code == 0
    assert ("S05" in error) == (doubtful is not None)
    if doubtful is not None:
        assert (
            f"{doubtful} (12 cells) of 'g' may mean missing; if so, --null-value {doubtful[1:-1]} fills them" in error
        )
        assert "S05" not in kept


@pytest.mark.parametrize(("codes", "is_told"), [("0 0", 1), ("-9 -9", 1), ("-999", 1), ("0", 0), (".5 .5", 0)])
def test_numbers_far_from_all_others_may_be_codes(call, tmp_path, codes, is_told):
    cells = [*codes.split(), *(100 + 7 * i % 40 for i in range(57))]
    (tmp_path / "a.csv").write_text(csv_of("x,g", cells, (["a", "b", ""] * 20)[: len(cells)]))

    assert ("W22" in call("fill", "a.csv", "-c", "g", "--dry-run", "--covariance", "tied")[2]) == is_told


def test_a_token_of_a_predictor_is_missing_there_alone(call, tmp_path):
    rng = np.random.default_rng(3)
    sex = rng.choice(["F", "M"], 200)
    age = [f"{value:.0f}" for value in rng.normal(np.where(sex == "F", 30, 50), 4)]
    age[::9], told = ["refused"] * len(age[::9]), np.where(rng.random(200) < 0.3, "", sex)
    tokens = ["--null-value", "age=refused", "--null-value", "u v", "--keep-value", "M", "--keep-value", "NA"]
    _, report, error = filled(call, tmp_path, [age, told], *tokens, header="age,sex")
    wrong = call("fill", "a.csv", "-c", "sex", "--null-value", "sex=U")
    job = ["none" if one == "F" else str(k % 3) for k, one in enumerate(sex)]
    tokens = ["--keep-value", "job=none", "--null-value", "job=2"]
    first, kept, _ = filled(call, tmp_path, [job, told], *tokens, "--save-model", "m.json", header="job,sex")
    again, *_ = filled(call, tmp_path, [job, told], "--model", "m.json", header="job,sex")

    assert [(one["name"], one["type"], one["missing"]) for one in report["features"]["used"]] == [
        ("age", "numeric", 23)
    ]
    assert ["0", "1", "none"] in [one.get("levels") for one in kept["features"]["used"]]
    assert (first == again).all()
    assert "Note: No cell of a column to fill holds what --null-value 'u v', --keep-value NA names (S10)" in error
    assert wrong[0] == 2
    assert "name the token alone, as in --null-value U" in wrong[2]
