"""Which columns become predictors, and in which units."""

from collections import Counter

import numpy as np
import pytest
from builders import csv_of, design_of

from em_impute.columns.deduplicate import merge_rows
from em_impute.columns.design import MAX_COVARYING
from em_impute.errors import FitError

G = ["a", "b", None, "a", "b"]
X = [1.5, 2.5, 3.0, 4.5, 9.0]

USELESS = {
    "t": (["u", "v", "u", "v", "w"], "text"),
    "c": ([7, 7, 7, 7, None], "constant"),
    "e": ([None, "NA", "", "?", "nan"], "no value at all"),
    "zip": (["02116", "10001", "60601", "94103", "33101"], "zero-padded code (line 2)"),
    "n": ([11, 12, 13, 14, 15], "identifier"),
    "record_id": ([5, 3, 9, 3, 1], "identifier"),
    "userId": ([5, 3, 9, 3, 1], "identifier"),
    "Unnamed: 0": ([5, 3, 9, 3, 1], "identifier"),
    "Sample Number": ([5, 3, 9, 4, 1], "identifier"),
    "zip code": ([5, 3, 9, 4, 1], "identifier"),
    "long": (["10551438040000064", "10551438040000065", "10551438040000069", "1", "2"], "identifier"),
    "p": (["5%", 1, 2, 3, 4], "20 % of the cells are neither numbers nor missing, such as line 2"),
    "grouped": ([1, 2, 3, 4, "1_000"], "20 % of the cells are neither numbers nor missing, such as line 6"),
}

USEFUL = {
    "centroid-row": [5, 3, 9, 3, 1],  # values repeat
    "Number": [5, 3, 9, 3, 1],  # of what is counted
    "humid": [5, 3, 9, 3, 1],  # ends in "id", but as part of a word
    "year": [2007, 2009, 2008, 2007, 2009],
    "mass": [3750, 3800, 3250, 3450, 3650],
    "id": [5.5, 3.25, 9, 3, 1],  # no whole numbers
    "t": ["  5 ", "+3", "-9e1", ".5", "1."],
    "q": ['"5"', '"3"', '"9"', "NA", "NULL"],
    "z": ["0", "0.5", "-0.5", "0", "0"],
}


def test_a_column_that_does_not_serve_is_named_with_its_reason_and_an_identifier_serves_where_the_user_names_it(
    tmp_path,
):
    columns = [cells for cells, _ in USELESS.values()]
    design = design_of(tmp_path, csv_of(",".join(["g", "x", *USELESS]), G, X, *columns))

    assert [feature.name for feature in design.features] == ["x"]
    assert {one.name: one.reason[: len(USELESS[one.name][1])] for one in design.rejected} == {
        name: reason for name, (_, reason) in USELESS.items()
    }
    named = design_of(tmp_path, csv_of("g,x,record_id", G, X, [1, 2, 3, 4, 5]), features=("record_id",))
    assert [feature.name for feature in named.features] == ["record_id"]


def test_a_measurement_serves(tmp_path):
    design = design_of(tmp_path, csv_of(",".join(["g", "x", *USEFUL]), G, X, *USEFUL.values()))

    assert [feature.name for feature in design.features] == ["x", *USEFUL]


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


TEXTS = {
    "c": (["u", "u", None] * 20, "constant"),
    "belt": (["none", "belted", "none", None] * 15, ""),  # `none` is the other of two answers
    "id": ([f"u{k % 40}" for k in range(60)], "identifier"),
    "species_id": (["u", "v", None] * 20, ""),  # repeats as codes do
    "name": ([f"t{i}" for i in range(46)] + ["t0"] * 4 + [None] * 10, "identifier"),  # 46 of 50 differ
    "code": ([f"t{i}" for i in range(51)] + [None] * 9, "identifier"),  # no words
    "town": (
        [f"town {i}" for i in range(51)] + [None] * 9,
        "its texts tell nothing of the labels",
    ),  # there are no scores here
    "n": ([1, 2, 3, 4, "u"] * 12, None),
    "mostly": ([*range(51), *"uvwxyzabc"], "15 % of the cells are neither numbers nor missing, such as line 53"),
    "thousand": (["1 000", "u"] * 30, None),
    "half": ([1, "u"] * 30, None),
    "bird": ([f"t{i}" for i in range(44)] + ["t0"] * 6 + [None] * 10, None),  # 44 of 50 differ
    "fifty": ([f"t{i % 50}" for i in range(60)], None),
}


def test_a_text_column_serves_or_is_named_with_its_reason(tmp_path):
    columns = [cells for cells, _ in TEXTS.values()]
    content = csv_of(",".join(["g", "x", *TEXTS]), ["a", "b", None] * 20, [k * k for k in range(60)], *columns)
    design = design_of(tmp_path, content, with_categories=True)

    assert [one.name for one in design.categories] == [name for name, (_, reason) in TEXTS.items() if not reason]
    assert {one.name: one.reason[: len(TEXTS[one.name][1])] for one in design.rejected} == {
        name: reason for name, (_, reason) in TEXTS.items() if reason
    }


def test_texts_that_the_user_names_serve(tmp_path):
    texts = {
        "t": list("uvuvw"),
        "id": list("uvwyz"),  # all different, and called an identifier
        "half": [1, 2, "u", "v", None],
        "truth": ["True", "False", "False", "NA", "True"],
        "level": ["low", "inf", "high", "low", "high"],
    }
    content = csv_of(",".join(["g", "x", *texts]), G, X, *texts.values())
    design, without = design_of(tmp_path, content, features=tuple(texts)), design_of(tmp_path, content)

    assert [one.name for one in design.categories] == list(texts)
    assert {feature.category for feature in design.features} <= set(texts)
    assert (without.categories, without.codes.shape, without.codes_of(np.arange(2)).shape) == ((), (5, 0), (2, 0))


@pytest.mark.parametrize("max_table", [1, 30, 1 << 22])  # hashed, partly, from tables
def test_rows_are_merged_in_the_order_in_which_they_first_appear(max_table, monkeypatch):
    monkeypatch.setattr("em_impute.columns.deduplicate.MAX_TABLE", max_table)
    monkeypatch.setattr("em_impute.em.blocks.SLICE", 7)
    rng = np.random.default_rng(0)
    n_rows = 2100
    coded = [rng.integers(-1, n, n_rows).astype(kind) for n, kind in ((3, np.int8), (9, np.int16), (2, np.int32))]
    numbers = rng.choice([0.5, np.nan, 7.0], n_rows)

    merged = merge_rows([*coded, numbers])

    kinds = list(zip(*(code.tolist() for code in coded), np.nan_to_num(numbers, nan=-1.0).tolist(), strict=True))
    distinct = list(dict.fromkeys(kinds))
    assert merged.index.tolist() == [distinct.index(kind) for kind in kinds]
    assert merged.first.tolist() == [kinds.index(kind) for kind in distinct]
    assert merged.count.tolist() == [kinds.count(kind) for kind in distinct]


def test_more_numbers_serve_than_one_mixture_could_take(tmp_path):
    names = [f"x{j}" for j in range(MAX_COVARYING + 1)]
    numbers = np.random.default_rng(0).normal(size=(len(names), 6)).round(3)
    text = csv_of(",".join(["g", *names]), ["a", "b", "a", "b", "a", None], *numbers)

    assert len(design_of(tmp_path, text, with_categories=True).features) == MAX_COVARYING + 1
    with pytest.raises(FitError, match="257 numeric columns are too many"):
        design_of(tmp_path, text)
