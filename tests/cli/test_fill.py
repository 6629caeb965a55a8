"""`em-impute fill`: bytes in, bytes out, and what the options promise."""

import json

from builders import cells_of, without_genders


def test_the_main_job_writes_the_completed_file_and_the_report_beside_the_input(run, samples):
    result = run("fill", "heights.csv", "--column", "gender")
    before, after, truth = ((samples / f"heights{kind}.csv").read_bytes() for kind in ("", ".filled", ".truth"))
    report = json.loads((samples / "heights.report.json").read_text())
    columns = zip(*(cells_of(one, "gender") for one in (before, after, truth)), strict=True)
    filled = [new == true for old, new, true in columns if not old]

    assert (result.returncode, result.stdout) == (0, b"")
    assert set(cells_of(after, "gender")) == {"male", "female"}
    assert without_genders(before, after) == before
    assert report["missing"]["filled"] == report["missing"]["cells"] == len(filled) == 280
    assert sum(filled) / len(filled) > 0.8
    assert sorted(path.name for path in samples.glob("heights.*.json")) == ["heights.report.json"]
