"""The benchmark of updates: how rows are divided and what is compared."""

import numpy as np
import pandas as pd


def test_rows_are_dealt_out_once_and_only_the_third_file_hides_all_labels(load):
    updating = load("updating")
    table = next(one for one in load("accuracy_cases").sample_tables() if one.name == "penguins_species")

    case = updating.divide(table, "90 %", 0, 1500)

    together = pd.concat(case.files)
    known = [(one["species"] != "").sum() for one in case.files]
    assert sorted(together.index) == list(range(344))
    assert max(map(len, case.files)) - min(map(len, case.files)) <= 3  # one a label
    assert known[2] == 0
    assert all(0.08 < n / len(file) < 0.12 for n, file in zip(known[:2], case.files, strict=False))
    assert (case.truth >= 0).all()


def test_a_way_is_worse_where_its_rows_are_by_more_than_a_standard_error(load):
    updating, rng = load("updating"), np.random.default_rng(1)
    base, noise = rng.random(200), rng.normal(size=200)
    cells = {"a": base + 0.5, "b": base - 0.5, "c": base + noise - noise.mean()}
    rows = [
        {"set": name, "seed": 0, "way": way, "loss": loss}
        for name, new in cells.items()
        for way, loss in (("first", base), ("updated", new))
    ]

    assert updating.compare(pd.DataFrame(rows), "updated") == (1, 1)
