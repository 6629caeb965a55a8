"""Columns of texts that are numbers: found in a table, told by the user, or asked about."""

import numpy as np
import pytest
from builders import csv_of, design_of, opened_table

from em_impute.columns.predictors import Known, flat_times
from em_impute.table.columns import NumberColumn

N = 200
LABELS = ["a", "b", None, "a", "b"] * (N // 5)


def quoted(cells):
    """Put cells into quotes where they hold a comma."""
    return [f'"{cell}"' if "," in str(cell) else cell for cell in cells]


def names_of(design):
    return [feature.name for feature in design.features[: design.n_numbers]]


def test_amounts_take_the_place_of_their_texts_and_cells_that_are_none_are_named(tmp_path):
    amounts = [f"${1000 + 7 * k:,}" for k in range(N)]
    amounts[3], amounts[4] = "n/a", "on request"
    content = csv_of("g,income", LABELS, quoted(amounts))
    design = design_of(tmp_path, content)
    with opened_table(tmp_path, content, "g") as (opened, _):
        (reading,) = opened.readings

    assert names_of(design) == ["income"]
    np.testing.assert_allclose(
        design.x_of(np.arange(5))[:, 0] * design.scale[0] + design.shift[0], [1000, 1007, 1014, np.nan, np.nan]
    )
    assert (reading.notation.kind, reading.n_missing, reading.unread, reading.n_unread) == (
        "amount in $", 1, ("line 6",), 1,
    )  # fmt: skip
    assert design.features[0].n_missing == 2


@pytest.mark.parametrize(("n_bad", "is_read"), [(10, True), (11, False)])
def test_nineteen_of_twenty_cells_must_be_numbers(tmp_path, n_bad, is_read):
    cells = [f"{k / 7:.3f} kg" for k in range(N - n_bad)] + [f"about {k}" for k in range(n_bad)]
    with opened_table(tmp_path, csv_of("g,x,w", LABELS, range(0, 2 * N, 2), cells), "g") as (opened, _):
        assert [one.column for one in opened.readings] == ["w"] * is_read


def test_a_mixed_column_of_few_texts_is_a_category_and_a_number(tmp_path):
    children, floor = (["0", "1", "2", "3+"] * (N // 4), ["Ground", "1", "2", "3"] * (N // 4))
    design = design_of(tmp_path, csv_of("g,children,floor", LABELS, children, floor), with_categories=True)

    assert names_of(design) == ["children (number)"]
    assert [one.name for one in design.categories] == ["children", "floor"]


def test_of_a_date_serves_what_tells_labels_apart(tmp_path):
    days = np.arange("2019-01-01", "2020-12-31", dtype="datetime64[D]")
    month = days.astype("datetime64[M]").astype(int) % 12
    labels = np.where(days.astype(int) % 5 == 0, None, np.where((month < 3) | (month > 8), "winter", "summer"))
    design = design_of(tmp_path, csv_of("g,day", labels, days.astype(str)))

    assert names_of(design) == ["day (day of year, sine)", "day (day of year, cosine)"]

    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 500)
    x = {"sine": rng.normal(size=500), "cosine": rng.normal(size=500) + 0.5 * label, "days": rng.normal(size=500)}
    columns = {name: NumberColumn(numbers=values, n_numbers=500) for name, values in x.items()}
    known = Known(times={"d": [("days",), ("sine", "cosine")]})

    assert flat_times(columns, known, label, None, explicit=False) == {"days"}
    assert flat_times(columns, known, label, None, explicit=True) == set()
    assert flat_times(columns, known, np.full(500, -1), None, explicit=False) == {"sine", "cosine"}


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("cells", [["185,9", "70"], ["1.234,50", "2,25"], ["12,5 kg", "13,250 kg"], ["1,234", "0,5"]])
def test_numbers_that_are_some_with_one_decimal_mark_only_are_read_with_it(tmp_path, cells, decimal):
    for marks, kind in ((",.", "comma"), (".,", "")):
        written = quoted([cell.translate(str.maketrans(",.", marks)) for cell in cells * (N // 2)])
        with opened_table(tmp_path, csv_of("g,x", LABELS, written), "g", decimal=decimal) as (opened, _):
            assert all(kind in reading.notation.kind for reading in opened.readings)
            assert names_of(design_of(tmp_path, csv_of("g,x", LABELS, written), decimal=decimal)) == ["x"]


def test_a_limit_far_below_is_found_by_reading_once_more(tmp_path):
    values = np.random.default_rng(0).normal(10.0, 1.0, 30_000).round(6)
    cells = [*map(str, values[:-2]), "<8", "spoilt"]
    with opened_table(tmp_path, csv_of("g,x", LABELS * 150, cells), "g") as (opened, _):
        numbers = opened.table.numbers[1].values
        (reading,) = opened.readings

    np.testing.assert_array_equal(numbers, [*values[:-2], 4.0, np.nan])
    assert reading.told_unread == "1 cell of 'x', such as line 30001"


def test_the_user_says_what_a_column_is(tmp_path):
    codes = [k % 4 for k in range(N)]
    digits = [20190101 + k % 28 for k in range(N)]
    content = csv_of("g,id,code,day,x", LABELS, range(N), codes, digits, [k * k for k in range(N)])

    def predictors(*kinds):
        design = design_of(tmp_path, content, kinds=kinds, with_categories=True)
        return names_of(design) + [f"{one.name}: {', '.join(one.texts)}" for one in design.categories]

    assert predictors() == ["code", "day", "x"]
    assert predictors(("id", "number"), ("x", "ignore")) == ["id", "code", "day"]
    assert predictors(("code", "category")) == ["day", "x", "code: 0, 1, 2, 3"]
    assert predictors(("day", "date")) == ["code", "x", "day (days)"]


AMBIGUOUS = ["1/2/2020", "3/4/2020", "12/2/2021", "5/1/2019"] * (N // 4)


def test_day_and_month_that_nothing_tells_apart_are_told_to_the_user(tmp_path):
    content = csv_of("g,day,x", LABELS, AMBIGUOUS, range(N))
    for kind, first in (("day-first", "2020-02-01"), ("month-first", "2020-01-02")):
        design = design_of(tmp_path, content, kinds=(("day", kind),))
        at = names_of(design).index("day (days)")
        days = design.x_of(np.arange(1))[0, at] * design.scale[at] + design.shift[at]
        assert round(days) == np.datetime64(first).astype(int)


def test_other_cells_settle_which_is_the_day(tmp_path):
    other = [f"{1 + k % 12}/{1 + k % 28}/2020" for k in range(N)]
    months = [f"01/{1 + k % 12:02}/20{k % 20:02}" for k in range(N)]
    with opened_table(tmp_path, csv_of("g,day,other,x", LABELS, AMBIGUOUS, other, range(N)), "g") as (opened, _):
        assert [one.notation.kind for one in opened.readings] == ["date, month first"] * 2
        assert opened.unsettled == ()
    with opened_table(tmp_path, csv_of("g,month,x", LABELS, months, range(N)), "g") as (opened, _):
        assert [one.notation.kind for one in opened.readings] == ["date, day first"]
