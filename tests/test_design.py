"""Which columns become predictors, and in which units."""

from collections import Counter

import numpy as np
import pytest
from builders import csv_of, design_of

from em_impute.engine.blocks import Rows
from em_impute.errors import DesignError, FitError
from em_impute.merging import Values, merge_equal_rows, merge_rows

G = ["a", "b", None, "a", "b"]
X = [1.5, 2.5, 3.0, 4.5, 9.0]


@pytest.mark.parametrize(
    ("name", "cells", "reason"),
    [
        ("t", ["u", "v", "u", "v", "w"], "text"),
        ("c", [7, 7, 7, 7, None], "constant"),
        ("e", [None, "NA", "", "?", "nan"], "no value at all"),
        ("zip", ["02116", "10001", "60601", "94103", "33101"], "zero-padded code (line 2)"),
        ("n", [1, 2, 3, 4, 5], "identifier"),
        ("n", [11, 12, 13, 14, 15], "identifier"),
        ("record_id", [5, 3, 9, 3, 1], "identifier"),
        ("index", [5, 3, 9, 3, 1], "identifier"),
        ("userId", [5, 3, 9, 3, 1], "identifier"),
        ("Unnamed: 0", [5, 3, 9, 3, 1], "identifier"),
        ("Sample Number", [5, 3, 9, 3, 1], "identifier"),
        ("zip code", [5, 3, 9, 4, 1], "identifier"),
        ("long", ["10551438040000064", "10551438040000065", "10551438040000069", "1", "2"], "identifier"),
        ("p", ["5%", 1, 2, 3, 4], "not all cells are numbers: line 2"),
        ("hex", ["0x1F", "0x2F", "0x3F", 3, 4], "text"),
        ("grouped", [1, 2, 3, 4, "1_000"], "not all cells are numbers: line 6"),
    ],
)
def test_a_column_that_does_not_serve_is_named_with_its_reason(tmp_path, name, cells, reason):
    design = design_of(tmp_path, csv_of(f"g,x,{name}", G, X, cells))

    assert [feature.name for feature in design.features] == ["x"]
    assert [(one.name, one.reason[: len(reason)]) for one in design.rejected] == [(name, reason)]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("centroid-row", [5, 3, 9, 3, 1]),  # values repeat
        ("paid", [5, 3, 9, 3, 1]),  # ends in "id", but as part of a word
        ("humid", [5, 3, 9, 3, 1]),
        ("year", [2007, 2009, 2008, 2007, 2009]),
        ("mass", [3750, 3800, 3250, 3450, 3650]),
        ("id", [5.5, 3.25, 9, 3, 1]),  # no whole numbers
        ("t", ["  5 ", "+3", "-9e1", ".5", "1."]),
        ("q", ['"5"', '"3"', '"9"', "NA", "NULL"]),
        ("z", ["0", "0.5", "-0.5", "0", "0"]),
    ],
)
def test_a_measurement_serves(tmp_path, name, cells):
    design = design_of(tmp_path, csv_of(f"g,x,{name}", G, X, cells))

    assert [feature.name for feature in design.features] == ["x", name]


def test_what_the_user_names_serves_even_if_it_looks_like_an_identifier(tmp_path):
    design = design_of(tmp_path, csv_of("g,x,record_id", G, X, [1, 2, 3, 4, 5]), features=("record_id",))

    assert [feature.name for feature in design.features] == ["record_id"]


def test_text_among_numbers_that_the_user_names_is_an_error_with_count_and_examples(tmp_path):
    with pytest.raises(DesignError) as caught:
        design_of(tmp_path, csv_of("g,x", G, ["one", 2, 3, 4, "five"]), features=("x",))

    assert caught.value.message == "column 'x' has 2 cells that are not numbers: 'one' (line 2), 'five' (line 6)"


def test_infinite_cells_are_an_error_with_their_line(tmp_path):
    with pytest.raises(DesignError, match="'1e400' on line 3"):
        design_of(tmp_path, csv_of("g,x", G, [1, "1e400", 3, 4, 5.5]))


def test_a_file_without_a_numeric_column_says_why_each_does_not_serve(tmp_path):
    with pytest.raises(FitError) as caught:
        design_of(tmp_path, csv_of("g,t,c", G, list("uvwuv"), [1] * 5))

    assert "'t': text" in caught.value.message
    assert "'c': constant" in caught.value.message


def test_predictors_are_standardised_and_can_be_brought_back(tmp_path):
    design = design_of(tmp_path, csv_of("g,x", G, X))
    x = design.x_of(np.arange(5))[:, 0]

    np.testing.assert_allclose(x.mean(), 0, atol=1e-15)
    np.testing.assert_allclose(x.std(), 1)
    np.testing.assert_allclose(x * design.scale + design.shift, X)


@pytest.mark.parametrize("size", [1e-300, 1e-10, 1e9, 1e300])
def test_any_magnitude_is_standardised_alike(tmp_path, size):
    plain = design_of(tmp_path, csv_of("g,x", G, X)).distinct.x
    scaled = design_of(tmp_path, csv_of("g,x", G, [repr(value * size) for value in X])).distinct.x

    np.testing.assert_allclose(scaled, plain, rtol=1e-12)


def test_a_large_offset_keeps_the_digits_of_the_spread(tmp_path):
    plain = design_of(tmp_path, csv_of("g,x", G, X)).distinct.x
    shifted = design_of(tmp_path, csv_of("g,x", G, [value + 1e9 for value in X])).distinct.x

    np.testing.assert_allclose(shifted, plain, rtol=1e-6)


def test_missing_predictors_are_left_out_of_the_mean(tmp_path):
    design = design_of(tmp_path, csv_of("g,x", G, [1, None, 3, "NA", 5]))
    x = design.x_of(np.arange(5))[:, 0]

    assert (design.features[0].shift, design.features[0].n_missing) == (3.0, 2)
    np.testing.assert_array_equal(np.isnan(x), [False, True, False, True, False])


def test_a_decimal_comma_is_read_when_asked_for_and_named_when_not(tmp_path):
    text = "g;x\na;1,5\nb;2,5\n;3\n"

    assert design_of(tmp_path, text, decimal=",").features[0].shift == pytest.approx(7 / 3)
    with pytest.raises(DesignError) as caught:
        design_of(tmp_path, text)
    assert caught.value.hint == "add --decimal ',' or name other columns with -x"


def test_equal_rows_are_merged_with_their_counts():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (400, 2)).astype(float)
    x[rng.random(x.shape) < 0.2] = np.nan
    label = rng.integers(-1, 2, 400)
    weight = rng.random(400)
    rows, index = merge_equal_rows(Rows(x, label, weight))

    np.testing.assert_array_equal(rows.x[index], x)
    np.testing.assert_array_equal(rows.label[index], label)
    seen = {(tuple(np.nan_to_num(row, nan=-9)), int(one)) for row, one in zip(x, label, strict=True)}
    assert len(rows.label) == len(seen)
    for k in range(len(rows.label)):
        assert rows.weight[k] == pytest.approx(weight[index == k].sum())


def test_rows_that_are_nearly_all_different_are_left_alone():
    x = np.arange(100.0)[:, None]
    rows = Rows(x, np.zeros(100, dtype=int), np.ones(100))

    assert merge_equal_rows(rows) == (rows, None)


def test_copies_and_sums_of_other_columns_are_left_out_with_their_reason(tmp_path):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50)).round(3)
    g = ["a", "b", None, "a", "b"] * 10
    design = design_of(
        tmp_path, csv_of("g,a,b,copy,sum,own", g, a, b, (a / 2.54).tolist(), (3 * a - b).round(9), rng.normal(size=50))
    )

    assert [feature.name for feature in design.features] == ["a", "b", "own"]
    assert [(one.name, one.reason) for one in design.rejected] == [
        ("copy", "a sum or copy of other columns"),
        ("sum", "a sum or copy of other columns"),
    ]
    assert design.distinct.x.shape == (50, 3)


def test_where_rows_are_few_no_column_is_taken_for_a_sum_of_others(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 5)).round(3).tolist()
    design = design_of(tmp_path, csv_of("g," + ",".join("abcdef"), list("uvuvu"), *x))

    assert len(design.features) == 6


def a_table(n_rows, seed=0):
    """Give labels, a number and two columns of texts, some cells of each missing."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(["gull", "tern", "auk", None], n_rows, p=[0.2, 0.5, 0.2, 0.1])
    place = rng.choice(["north", "south", None], n_rows, p=[0.3, 0.6, 0.1])
    return rng.choice(["a", "b", None], n_rows), rng.normal(size=n_rows).round(3), kind, place


def standardised(values):
    """Bring values with NaN to mean 0 and standard deviation 1."""
    return (values - np.nanmean(values)) / np.nanstd(values)


def indicators_of(cells):
    """List the texts that become columns, with those columns: 0 and 1, by a loop over the cells."""
    counts = Counter(cell for cell in cells if cell)
    ((commonest, _),) = counts.most_common(1)
    for text in sorted(counts):
        if text != commonest:
            yield text, np.array([float(cell == text) if cell else np.nan for cell in cells])


def test_texts_become_codes_and_standardised_columns_of_0_and_1(tmp_path):
    g, x, kind, place = a_table(200)
    design = design_of(tmp_path, csv_of("g,kind,x,place", g, kind, x, place), with_categories=True)
    every = np.arange(200)
    indicators = [("kind", text, values) for text, values in indicators_of(kind)]
    indicators += [("place", text, values) for text, values in indicators_of(place)]

    assert [(feature.name, feature.category) for feature in design.features] == [
        ("x", None), ("kind=auk", "kind"), ("kind=gull", "kind"), ("place=north", "place"),
    ]  # fmt: skip
    assert [f"{name}={text}" for name, text, _ in indicators] == [feature.name for feature in design.features[1:]]
    assert (design.n_numbers, design.levels, design.rejected) == (1, (3, 2), ())
    for j, values in enumerate([x, *(values for _, _, values in indicators)]):
        np.testing.assert_allclose(design.x_of(every)[:, j], standardised(values), atol=1e-12)
        np.testing.assert_allclose(design.x_of(every)[:, j] * design.scale[j] + design.shift[j], values, atol=1e-12)
    for j, cells in enumerate([kind, place]):
        category = design.categories[j]
        assert category.n_missing == design.features[1 + 2 * j].n_missing == sum(cell is None for cell in cells)
        assert [None if k < 0 else category.texts[k] for k in design.codes_of(every)[:, j]] == cells.tolist()


def test_the_order_of_the_rows_changes_nothing_but_their_order(tmp_path):
    columns = a_table(200)
    order = np.random.default_rng(1).permutation(200)
    plain, shuffled = (
        design_of(tmp_path, csv_of("g,x,kind,place", *(column[at] for column in columns)), with_categories=True)
        for at in (np.arange(200), order)
    )
    back = np.argsort(order)

    assert [feature.name for feature in plain.features] == [feature.name for feature in shuffled.features]
    assert [category.texts for category in plain.categories] == [category.texts for category in shuffled.categories]
    np.testing.assert_array_equal(shuffled.codes_of(back), plain.codes_of(np.arange(200)))
    # Sums in another order differ by rounding.
    np.testing.assert_allclose(shuffled.x_of(back), plain.x_of(np.arange(200)), atol=1e-12)


def test_rows_are_merged_only_where_numbers_texts_and_label_agree(tmp_path):
    rng = np.random.default_rng(0)
    n_rows = 6000
    g, x = rng.choice(["a", "b", None], n_rows), rng.integers(0, 2, n_rows)
    few, many = (np.array([f"t{k}" for k in rng.integers(0, n, n_rows)], dtype=object) for n in (3, 50))
    many[:20] = None
    design = design_of(tmp_path, csv_of("g,x,few,many", g, x, few, many), with_categories=True)
    every = np.arange(n_rows)
    count = Counter(zip(g, x, few, many, strict=True))
    found = {}
    for k, weight in enumerate(design.distinct.weight):
        texts = [
            None if code < 0 else one.texts[code] for one, code in zip(design.categories, design.codes[k], strict=True)
        ]
        label = None if design.distinct.label[k] < 0 else design.labels[design.distinct.label[k]]
        found[label, round(design.distinct.x[k, 0] * design.scale[0] + design.shift[0]), *texts] = weight

    assert found == count
    assert design.codes.shape == (len(count), 2)
    np.testing.assert_array_equal(design.distinct.label[design.index], design.label)
    np.testing.assert_allclose(design.x_of(every)[:, 0], standardised(x.astype(float)), atol=1e-12)
    np.testing.assert_array_equal(design.codes_of(every), design.codes[design.index])


def test_a_table_without_numbers_is_predicted_from_its_texts(tmp_path):
    g, _, kind, place = a_table(300)
    design = design_of(tmp_path, csv_of("g,kind,place", g, kind, place), with_categories=True)
    rows = set(zip(g, kind, place, strict=True))

    assert design.distinct.x.shape == (len(rows), 3)
    assert (design.n_numbers, design.distinct.weight.sum()) == (0, 300)


def texts_of(n_texts, n_rows):
    return [f"t{i % n_texts:02}" for i in range(n_rows)]


def test_the_categories_of_the_fewest_texts_become_columns_and_the_others_are_codes_only(tmp_path):
    texts = [texts_of(n, 403) for n in (50, 41, 3, 26)]
    design = design_of(
        tmp_path,
        csv_of("g,x,c50,c41,c3,c26", (["a", "b", None] * 135)[:403], range(0, 806, 2), *texts),
        with_categories=True,
    )
    indicators = Counter(feature.category for feature in design.features if feature.category)

    assert indicators == {"c3": 2, "c26": 25}
    assert list(indicators) == ["c3", "c26"]
    assert design.levels == (50, 41, 3, 26)
    assert [f"t{k:02}" for k in design.codes_of(np.arange(403))[:, 0]] == texts[0]


def test_numbers_leave_less_room_for_indicators_and_are_never_too_many_by_them(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(250, 24)).round(3)
    header = ",".join(["g", *(f"x{j}" for j in range(250)), "five", "six"])
    design = design_of(
        tmp_path, csv_of(header, ["a", "b", None] * 8, *numbers, texts_of(5, 24), texts_of(6, 24)), with_categories=True
    )

    assert (design.n_numbers, len(design.features)) == (250, 254)
    assert design.levels == (5, 6)


def test_categories_that_say_the_same_keep_their_codes_and_lose_their_columns(tmp_path):
    g, x, kind, _ = a_table(200)
    other = [cell and cell.upper() for cell in kind]
    design = design_of(tmp_path, csv_of("g,x,kind,other", g, x, kind, other), with_categories=True)

    assert [feature.name for feature in design.features] == ["x", "kind=auk", "kind=gull"]
    assert design.rejected == ()
    assert design.levels == (3, 3)
    np.testing.assert_array_equal(design.codes[:, 0], design.codes[:, 1])


def test_a_number_that_says_the_same_as_a_text_stays(tmp_path):
    g, x, _, place = a_table(200)
    north = [cell and int(cell == "north") for cell in place]
    design = design_of(tmp_path, csv_of("g,place,x,north", g, place, x, north), with_categories=True)

    assert [feature.name for feature in design.features] == ["x", "north"]
    assert [category.name for category in design.categories] == ["place"]
    assert design.rejected == ()


@pytest.mark.parametrize(
    ("name", "cells", "reason"),
    [
        ("c", ["u", "u", None] * 20, "constant"),
        ("id", ["u", "v", None] * 20, "identifier"),
        ("name", [f"t{i}" for i in range(46)] + ["t0"] * 4 + [None] * 10, "identifier"),  # 46 of 50 differ
        ("t", [f"t{i}" for i in range(51)] + [None] * 9, "more than 50 different texts"),
        ("n", [1, 2, 3, 4, "u"] * 12, "not all cells are numbers: line 6"),
        ("thousand", ["1 000", "u"] * 30, None),
        ("half", [1, "u"] * 30, None),
        ("bird", [f"t{i}" for i in range(44)] + ["t0"] * 6 + [None] * 10, None),  # 44 of 50 differ
        ("fifty", [f"t{i % 50}" for i in range(60)], None),
    ],
)
def test_a_text_column_serves_or_is_named_with_its_reason(tmp_path, name, cells, reason):
    content = csv_of(f"g,x,{name}", ["a", "b", None] * 20, [k * k for k in range(60)], cells)
    design = design_of(tmp_path, content, with_categories=True)

    assert [one.name for one in design.categories] == ([] if reason else [name])
    assert [(one.name, one.reason[: len(reason)]) for one in design.rejected] == ([(name, reason)] if reason else [])


def test_texts_do_not_serve_unless_that_is_asked_for(tmp_path):
    design = design_of(tmp_path, csv_of("g,x,t", G, X, list("uvuvw")))

    assert design.categories == ()
    assert design.codes.shape == (5, 0)
    assert design.codes_of(np.arange(2)).shape == (2, 0)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("t", list("uvuvw")),
        ("id", list("uvwyz")),  # all different, and called an identifier
        ("half", [1, 2, "u", "v", None]),
        ("truth", ["True", "False", "False", "NA", "True"]),
        ("level", ["low", "inf", "high", "low", "high"]),
    ],
)
def test_texts_that_the_user_names_serve(tmp_path, name, cells):
    design = design_of(tmp_path, csv_of(f"g,x,{name}", G, X, cells), features=(name,))

    assert [one.name for one in design.categories] == [name]
    assert {feature.category for feature in design.features} == {name}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([f"t{i}" for i in range(60)], "column 't' holds more than 50 different texts, such as 't0' (line 2)"),
        ([*range(58), "u", "v"], "column 't' has 2 cells that are not numbers: 'u' (line 60), 'v' (line 61)"),
        (['"1,5"', '"2,5"', '"3,5"'] * 20, "column 't' holds '1,5' on line 2: numbers with a decimal comma"),
    ],
    ids=["prose", "numbers with a few cells gone wrong", "decimal comma"],
)
def test_texts_that_the_user_names_and_that_cannot_serve_are_an_error(tmp_path, cells, message):
    with pytest.raises(DesignError) as caught:
        design_of(tmp_path, csv_of("g,t", ["a", "b", None] * 20, cells), features=("t",))

    assert caught.value.message == message


def test_the_jacobian_counts_every_observed_cell(tmp_path):
    g, x, kind, place = a_table(100)
    design = design_of(tmp_path, csv_of("g,x,kind,place", g, x, kind, place), with_categories=True)
    logs = [
        np.log(np.nanstd(values)) * np.isfinite(values).sum()
        for values in (x, *(values for cells in (kind, place) for _, values in indicators_of(cells)))
    ]

    assert design.log_jacobian(design.distinct) == pytest.approx(sum(logs))


@pytest.mark.parametrize("max_table", [1, 30, 1 << 22])  # hashed, partly, from tables
@pytest.mark.parametrize("rows_at_once", [7, 1 << 18])
def test_rows_are_merged_in_the_order_in_which_they_first_appear(max_table, rows_at_once, monkeypatch):
    monkeypatch.setattr("em_impute.merging.MAX_TABLE", max_table)
    monkeypatch.setattr("em_impute.engine.blocks.SLICE", rows_at_once)
    rng = np.random.default_rng(0)
    n_rows = 3000
    coded = [rng.integers(-1, n, n_rows).astype(kind) for n, kind in ((3, np.int8), (9, np.int16), (2, np.int32))]
    numbers = rng.choice([0.5, np.nan, 7.0], n_rows)
    columns = [Values(code, n) for code, n in zip(coded, (3, 9, 2), strict=True)]

    merged = merge_rows([*columns, Values(numbers, None)])

    kinds = list(zip(*(code.tolist() for code in coded), np.nan_to_num(numbers, nan=-1.0).tolist(), strict=True))
    distinct = list(dict.fromkeys(kinds))
    assert merged.index.tolist() == [distinct.index(kind) for kind in kinds]
    assert merged.first.tolist() == [kinds.index(kind) for kind in distinct]
    assert merged.count.tolist() == [kinds.count(kind) for kind in distinct]


def test_rows_with_too_many_values_are_not_merged(monkeypatch):
    monkeypatch.setattr("em_impute.merging.MAX_DISTINCT_ROWS", 50)
    label, x = np.zeros(4000, np.int8), np.arange(4000) % 51

    assert merge_rows([Values(label, 1), Values(x.astype(float), None)]) is None
    assert merge_rows([Values(label, 1), Values(x, 51)]) is None
    assert merge_rows([Values(label, 1), Values(x % 50, 50)]) is not None
