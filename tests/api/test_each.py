"""Many files from Python: each as `fill_csv` completes it, and the error of one that fails."""

import pandas as pd
import pytest

import em_impute

ONE = {"column": "g", "covariance": "tied"}
ROWS = "".join(f"{'ab'[i % 2] * (i > 3)},{9 * (i % 2) + i % 5}\n" for i in range(30))


@pytest.fixture
def paths(tmp_path):
    for name, content in {"a": f"g,x\n{ROWS}", "b": "x\n1\n", "c": f"g,x\n{ROWS}a,3\n,4\n"}.items():
        (tmp_path / f"{name}.csv").write_text(content)
    return [tmp_path / f"{name}.csv" for name in "abc"]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_file_is_completed_as_alone_and_one_that_fails_gives_its_error(paths, tmp_path, workers):
    (report,) = em_impute.fill_csv(paths[2], tmp_path / "alone.csv", **ONE)
    first, second, third = em_impute.fill_each(paths, tmp_path / "new" / "out", workers=workers, **ONE)

    assert [first.path, second.path, third.path] == paths
    assert [first.output, second.output] == [tmp_path / "new" / "out" / "a.csv", None]
    assert third.output.read_bytes() == (tmp_path / "alone.csv").read_bytes()
    assert third.reports[0].output.sha256 == report.output.sha256
    assert (first.error, second.reports, third.error) == (None, (), None)
    assert isinstance(second.error, em_impute.ColumnError)
    assert second.error.__notes__ == ["hint: the only column is 'x'"]


def test_a_model_fills_each(paths, tmp_path):
    model = em_impute.fit_model(pd.read_csv(paths[2]), **ONE)
    done = em_impute.fill_each(paths[:1], tmp_path / "out", model=model)

    assert [(None, 4)] == [(one.error, one.reports[0].missing.filled) for one in done]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": 0}, "components takes"),
        ({"column": None}, "column names no column"),
        ({"workers": 0}, "workers takes"),
        ({"paths": ["a.csv", "there/a.csv"]}, "two files would be written to"),
    ],
)
def test_what_suits_no_file_is_refused_before_anything_is_done(paths, tmp_path, change, message):
    with pytest.raises(em_impute.UsageError, match=message):
        em_impute.fill_each(**{"paths": paths, "folder": tmp_path / "out", **ONE, **change})

    assert not (tmp_path / "out").exists()
