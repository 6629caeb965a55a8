"""Columns as people have them, generated here: the filled labels are right about as often as their predictors allow.

Each case hides what decides behind one way of writing it.  The oracle is the rule by which the labels were made: a
column that is not read leaves about half of the labels wrong.
"""

import json

import numpy as np
import pytest
from builders import csv_of
from patched import refusal

N = 400
RNG = np.random.default_rng(20)
Z = RNG.normal(size=N)
"""What decides: labels are its sign, with some noise."""
TRUTH = np.where(Z + RNG.normal(0.0, 0.3, N) > 0, "yes", "no")
HIDDEN = RNG.random(N) < 0.3
NOISE = RNG.normal(size=N).round(2)

DAY = np.datetime64("2020-01-01") + (181 + 60 * Z).astype(int)
MINUTES = (600 + 90 * Z).astype(int)


def days(form):
    return [one.item().strftime(form) for one in DAY]


CASES = {
    "rupees": ([f'"₹{100_000 * (50 + 5 * z):,.0f}"' for z in Z], "amount in ₹"),
    "decimal commas": ([f'"{10 + 2 * z:.2f}"'.replace(".", ",") for z in Z], "number with decimal comma"),
    "narrow spaces": ([f"{10_000 + 2000 * z:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}") for z in Z], "number"),
    "days first": (days("%d/%m/%Y"), "date, day first"),
    "months first": (days("%m/%d/%y"), "date, month first"),
    "months by name": ([f'"{day}"' for day in days("%b %d, %Y")], "date"),
    "half days": ([f"{(m // 60 + 11) % 12 + 1}:{m % 60:02d} {'ap'[int(m >= 720)]}m" for m in MINUTES], "time of day"),
    "feet and inches": ([f"{i // 12}'{i % 12}\"" for i in (68 + 4 * Z).astype(int)], "number in inches"),
    "ages in words": (
        [
            "under 20" if a < 20 else "60 and over" if a > 59 else f"{a} to {a + 9}"
            for a in 10 * (4 + 1.5 * Z).astype(int)
        ],
        "number",
    ),
    "finish times": ([f"{m // 60}:{m % 60:02d}:30" for m in MINUTES], "duration"),
}


@pytest.mark.parametrize(("cells", "kind"), CASES.values(), ids=CASES)
def test_what_decides_is_read_whichever_way_it_is_written(call, tmp_path, cells, kind):
    content = csv_of("what decides,noise,y", cells, NOISE, np.where(HIDDEN, "", TRUTH))
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    code, _, error = call("fill", "a.csv", "-c", "y", "-o", "b.csv", "-r", "r.json", "--covariance", "tied")
    filled = [line.rsplit(",", 1)[1] for line in (tmp_path / "b.csv").read_text(encoding="utf-8").splitlines()[1:]]
    used = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["features"]["used"]
    oracle = np.mean((Z > 0) == (TRUTH == "yes"))

    assert code == 0, error
    assert kind in {one.get("kind") for one in used}
    assert np.mean(np.array(filled)[HIDDEN] == TRUTH[HIDDEN]) > oracle - 0.06


def test_a_question_names_both_readings_and_what_settles_each_works(call, tmp_path):
    cells = [f'"{3 + k % 6},{100 + k}"' for k in range(N)]
    content = csv_of("x,y", cells, np.where(HIDDEN, "", TRUTH)).encode()
    error, hint = refusal(call, tmp_path, content, "fill a.csv -c y", 3)

    assert error.endswith("column 'x' holds '3,100' on line 2: 3100 or 3.1?")
    assert hint == "hint: add --as x=number for 3100, or --decimal ',' for 3.1"
    assert call("check", "a.csv", "-c", "y", "--as", "x=number")[0] == 1
    assert call("check", "a.csv", "-c", "y", "--decimal", ",")[0] == 1


def test_dates_in_either_order_get_a_note_and_the_option_in_it_works(call, tmp_path):
    day = [f"{1 + k % 12}/{1 + k % 11}/2021" for k in range(N)]
    content = csv_of("day,noise,y", day, NOISE, np.where(HIDDEN, "", TRUTH)).encode()
    error, hint = refusal(call, tmp_path, content, "fill a.csv -c y --as day=date", 3)
    told = "Dates in 'day' may have the day or the month first, and are read as texts. --as day=day-first or --as day"
    notes = [one["message"] for one in json.loads(call("fill", "a.csv", "-c", "y", "--json")[1])["warnings"]]

    assert any(one.startswith(told) for one in notes)
    assert told in "".join(call("check", "a.csv", "-c", "y")[1:])
    assert "day: date, month first" in "".join(call("check", "a.csv", "-c", "y", "--as", "day=month-first")[1:])
    assert error.endswith(
        "the day from the month in column 'day': '1/1/2021' (line 2), '2/2/2021' (line 3), '3/3/2021' (line 4)"
    )
    assert hint == "hint: say --as day=day-first or --as day=month-first instead"


def test_numbers_made_of_texts_are_where_a_saved_model_and_why_look_for_them(call, tmp_path):
    """A few whole numbers among them speak as texts too, which must not lose them."""
    children = np.where(TRUTH == "yes", RNG.choice(["0", "3+", "1"], N), RNG.choice(["1", "2", "0"], N))
    content = csv_of("day,children,y", DAY, children, np.where(HIDDEN, "", TRUTH))
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    code, _, error = call("fill", "a.csv", "-c", "y", "-o", "b.csv", "--save-model", "m.json", "--no-report")
    assert code == 0, error
    code, _, error = call("fill", "a.csv", "-c", "y", "-o", "c.csv", "--model", "m.json", "--no-report")
    assert code == 0, error
    code, *streams = call("why", "a.csv", "-c", "y", "--line", "2")
    assert code == 0, streams

    assert "texts for no" in (tmp_path / "m.json").read_text(encoding="utf-8")
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "c.csv").read_bytes()
    assert f"children {children[0]}" in "".join(streams)
