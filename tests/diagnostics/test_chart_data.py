"""What pictures are drawn from, beside loops over the cells of the table."""

import json
import math

import numpy as np
import pytest
from builders import opened_table, silent
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from em_impute.diagnostics.baseline_em import drift_of
from em_impute.diagnostics.chart_data import by_separation, lay_out
from em_impute.em.parameters import Parameters
from em_impute.pipeline.complete import complete_all
from em_impute.report.build.fit import build_report

SIZES = st.integers(-300, 299).map(lambda power: 10.0**power)


def report_of(folder, text, **options):
    """The JSON report on column g, and the labels that were filled in, by row."""
    with opened_table(folder, text, examined=True, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        report = build_report(opened, completion, request, "em-impute fill", None)
        filled = {
            int(row): completion.labels.labels[code] if code >= 0 else None
            for row, code in zip(completion.fills.row, completion.fills.code, strict=True)
        }
    return json.loads(report.to_json()), filled


def world(n_rows=240, n_features=2, seed=3, labels="ab", decimals=1):
    """A table: text, cells of the labels ("" is missing), numbers (None is missing)."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, len(labels), n_rows)
    x = np.round(rng.normal(size=(n_rows, n_features)) + 1.5 * code[:, None] * np.arange(1, n_features + 1), decimals)
    cells = ["" if rng.random() < 0.3 else labels[k] for k in code]
    values = [[None if rng.random() < 0.05 else value for value in row] for row in x.tolist()]
    names = [f"x{j}" for j in range(n_features)]
    body = "\n".join(
        ",".join([cell, *("" if value is None else repr(value) for value in row)])
        for cell, row in zip(cells, values, strict=True)
    )
    return f"{','.join(['g', *names])}\n{body}\n", cells, values


@pytest.mark.parametrize(("options", "decimals"), [({"min_probability": 0.8}, 1), ({"method": "draw"}, 12)])
def test_every_row_is_counted_in_its_bin_by_its_label(tmp_path, options, decimals):
    text, cells, values = world(decimals=decimals)
    report, filled = report_of(tmp_path, text, covariance="tied", **options)

    for one in report["pictures"]["histograms"]:
        column = int(one["feature"][1:])
        expected = {"known": {}, "filled": {}, "left_empty": {}}
        for i, cell in enumerate(cells):
            value = values[i][column]
            if value is None:
                continue
            at = sum(value > edge for edge in one["edges"][1:-1])
            kind = "known" if cell else "left_empty" if filled[i] is None else "filled"
            key = (cell or filled[i], at)
            expected[kind][key] = expected[kind].get(key, 0) + 1
        for kind in ("known", "filled"):
            found = {(label, at): n for label, bins in one[kind].items() for at, n in enumerate(bins) if n}
            assert found == expected[kind]
        assert {(None, at): n for at, n in enumerate(one["left_empty"]) if n} == expected["left_empty"]
        assert one["beyond"] == [0, 0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50), SIZES)
def test_bins_are_few_equally_wide_and_hold_all_but_the_tails(values, size):
    values = np.array(values) * size
    edges = lay_out(values, values.size)

    if edges is None:
        assert not np.all(np.abs(values) < 1e300) or values.max() - values.min() < 1e-290
        return
    assert 1 <= edges.size - 1 <= 43
    width = edges[1] - edges[0]
    assert np.diff(edges) == pytest.approx(width, rel=1e-6)
    inside = (values >= edges[0] - 1e-9 * width) & (values <= edges[-1] + 1e-9 * width)
    low, high = np.quantile(values, [0.001, 0.999])
    assert inside[(values > low) & (values < high)].all()


def test_the_most_telling_features_come_first_as_an_analysis_of_variance_finds():
    rng = np.random.default_rng(1)
    mean, sd, label = rng.normal(size=(3, 4)), rng.uniform(0.5, 2.0, (3, 4)), np.repeat([0, 1, 2], 4000)
    mixture = Parameters(np.full(3, 1 / 3), mean, np.array([np.diag(one) for one in sd**2]))
    values = rng.normal(mean[label], sd[label])
    statistic = [stats.f_oneway(*(values[label == k, j] for k in range(3))).statistic for j in range(4)]

    assert by_separation(mixture).tolist() == np.argsort(statistic)[::-1].tolist()


def test_the_drift_is_counted_in_standard_deviations():
    before = Parameters(np.array([0.5, 0.5]), np.zeros((2, 2)), np.array([np.diag([4.0, 9.0]), np.eye(2)]))
    after = before._replace(mean=np.array([[2.0, 3.0], [0.0, 0.0]]))

    assert drift_of(before, after) == pytest.approx([math.sqrt(2.0), 0.0])


def test_the_plane_of_two_measurements_is_theirs(tmp_path):
    text, cells, values = world(n_rows=120)
    report, filled = report_of(tmp_path, text)
    plane = report["pictures"]["plane"]

    assert [axis["name"] for axis in plane["axes"]] == ["x0", "x1"]
    whole = [i for i, row in enumerate(values) if None not in row]
    assert sorted(map(tuple, plane["known"]["a"])) == sorted(tuple(values[i]) for i in whole if cells[i] == "a")
    shown = {tuple(point[:2]) for point in plane["filled"]["b"]}
    assert shown == {tuple(values[i]) for i in whole if not cells[i] and filled[i] == "b"}
    for one, ellipse in zip(report["plain_em"]["parameters"], plane["em"], strict=True):
        assert ellipse["mean"] == pytest.approx(list(one["mean"].values()))
        assert np.array(ellipse["covariance"]) == pytest.approx(np.array(one["covariance"]))


def test_the_first_axis_of_many_measurements_tells_the_labels_apart_best(tmp_path):
    text, cells, values = world(n_rows=300, n_features=4, labels="abc")
    report, _ = report_of(tmp_path, text, covariance="tied")
    plain, plane = report["plain_em"], report["pictures"]["plane"]
    weight = np.array([one["weight"] for one in plain["parameters"]])
    mean = np.array([list(one["mean"].values()) for one in plain["parameters"]])
    covariance = np.array([one["covariance"] for one in plain["parameters"]])

    def told(direction):
        means = mean @ direction
        between = weight @ (means - weight @ means) ** 2
        return between / (weight @ [direction @ one @ direction for one in covariance])

    first, second = (np.array(list(axis["coefficients"].values())) for axis in plane["axes"])
    rng = np.random.default_rng(0)
    assert told(first) >= max(told(rng.normal(size=4)) for _ in range(2000))
    assert told(first) > told(second)
    whole = next(i for i, row in enumerate(values) if None not in row and cells[i] == "c")
    place = np.array(values[whole]) @ np.array([first, second]).T
    assert min(math.dist(place, point) for point in plane["known"]["c"]) < 1e-4 * np.abs(place).max()


def test_the_ellipses_of_the_plane_are_those_of_rows_seen_in_it(tmp_path):
    text, _, _ = world(n_rows=200, n_features=3)
    report, _ = report_of(tmp_path, text, covariance="tied")
    plane, rng = report["pictures"]["plane"], np.random.default_rng(5)
    axes = np.array([list(axis["coefficients"].values()) for axis in plane["axes"]])
    for one, ellipse in zip(report["plain_em"]["labels_only"], plane["labels_only"], strict=True):
        drawn = rng.multivariate_normal(list(one["mean"].values()), one["covariance"], 200_000) @ axes.T
        assert drawn.mean(axis=0) == pytest.approx(ellipse["mean"], abs=0.02)
        assert np.cov(drawn.T) == pytest.approx(np.array(ellipse["covariance"]), rel=0.05, abs=0.02)
