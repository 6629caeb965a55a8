"""Tables in parts.  Oracle: the same rows in one file, filled in memory."""

import re
from pathlib import Path

import numpy as np
import pytest
from parted import HEADER, cut, filled_in_memory, filled_in_parts, joined, records
from sampling import rarely

from em_impute.errors import FitError, TableError
from em_impute.options import Request
from em_impute.pipeline import parts as reading
from em_impute.pipeline import scan
from em_impute.table.source import HashingFile


@pytest.fixture(name="rows")
def _rows():
    return list(records(900))


@pytest.fixture(name="in_chunks")
def _in_chunks(monkeypatch):
    """Read parts in chunks of some hundred rows instead of millions."""
    monkeypatch.setattr(reading, "CHUNK_BYTES", 4000)
    read_tables = reading.read_tables
    monkeypatch.setattr(
        reading, "read_tables", lambda *rest, **options: read_tables(*rest, **options, block_bytes=2000)
    )


def whole(folder, rows, header=HEADER):
    path = folder / "whole.csv"
    path.write_bytes((header + "".join(rows)).encode())
    return path


@pytest.mark.parametrize(
    "options", [{}, *map(rarely, ({"shares": "free"}, {"covariance": "full"}, {"single": True}))], ids=str
)
def test_parts_are_filled_as_the_whole_file_is(tmp_path, rows, options):
    found = filled_in_parts(cut(tmp_path, rows, (200, 201, 900)), Request(None, ("g",), **options))

    # All rows are drawn, so that the stack is the very same, and EM starts where it ends.
    assert filled_in_memory(whole(tmp_path, rows), **options)[0] == joined(found)


@pytest.mark.parametrize(
    "options", [{}, rarely({"covariance": "full", "features": ("x", "y", "c"), "tolerance": 1e-11})], ids=str
)
@pytest.mark.usefixtures("in_chunks")
def test_chunks_are_filled_as_the_whole_file_is(tmp_path, rows, options):
    added = {"probability": True, "probabilities": True, "indicator": True}

    found = filled_in_parts([whole(tmp_path, rows)], Request(None, ("g",), **options, **added), keep_bytes=0)

    in_memory = filled_in_memory(tmp_path / "whole.csv", **options, **added)[0]
    ours, theirs = (
        [line.split(b",") for line in content.replace(b"\r", b"").splitlines()]
        for content in (joined(found), in_memory)
    )
    # Blocks are cut elsewhere, so sums are rounded otherwise: 6 digits may differ in the last one.
    written = [5, 6, 7]
    assert [[one[i] for i in range(9) if i not in written] for one in theirs] == [
        [one[i] for i in range(9) if i not in written] for one in ours
    ]
    assert np.array([[float(one[i]) for i in written] for one in ours[1:]]) == pytest.approx(
        np.array([[float(one[i]) for i in written] for one in theirs[1:]]), abs=2e-6
    )


@pytest.mark.usefixtures("in_chunks")
def test_what_is_kept_in_memory_changes_no_bit(tmp_path, rows):
    paths = cut(tmp_path, rows, (400, 900))
    paths[0].write_bytes(paths[0].read_bytes() + b"\n\r\n")  # lines that belong to no chunk
    request = Request(None, ("g",), covariance="full", probability=True)

    read_again = filled_in_parts(paths, request, keep_bytes=0)
    again = joined(read_again)
    kept = filled_in_parts(paths, request)

    assert again == joined(kept)
    assert [one.full_fit.mixture.path for one in read_again.columns] == [
        one.full_fit.mixture.path for one in kept.columns
    ]


@pytest.mark.parametrize(
    ("keep_bytes", "options", "n_passes"),
    [(1 << 28, {}, 2), (0, {}, 2 + 1), (1 << 28, {"covariance": "tied"}, 2), (0, {"covariance": "tied"}, 3 + 1)],
    ids=str,
)
@pytest.mark.usefixtures("in_chunks")
def test_a_part_is_read_once_for_its_sample_once_to_be_filled_and_once_for_em_where_it_is_not_kept(
    tmp_path, rows, monkeypatch, keep_bytes, options, n_passes
):
    paths, n_read = cut(tmp_path, rows, (400, 900)), []

    class Counted(HashingFile):
        def read(self, n_bytes):
            block = super().read(n_bytes)
            n_read.append(len(block) if self._offset > len(HEADER) else 0)  # the header is read apart
            return block

    monkeypatch.setattr("em_impute.table.read.HashingFile", Counted)

    filled_in_parts(paths, Request(None, ("g",), **options), keep_bytes=keep_bytes)

    assert n_passes * sum(path.stat().st_size - len(HEADER) for path in paths) == sum(n_read)


@pytest.mark.parametrize(
    "options", [{"covariance": "tied", "unlabelled_weight": 0.2}, {"covariance": "diag", "shares": "free"}], ids=str
)
def test_em_over_all_parts_ends_where_em_over_the_file_does(tmp_path, options, monkeypatch):
    monkeypatch.setattr(scan, "START_ROWS", 300)  # so that the start is not the end
    rows = list(records(3000, missing=0.5))

    found = filled_in_parts(cut(tmp_path, rows, (700, 3000)), Request(None, ("g",), tolerance=1e-9, **options))

    mixture = found.columns[0].full_fit.mixture
    _, completion = filled_in_memory(whole(tmp_path, rows), tolerance=1e-9, **options)
    assert found.columns[0].sample.rows.size < 1500
    means = [
        design.shift + design.scale * fit.parameters.mean
        for design, fit in (
            (found.columns[0].completion.fitted.design, mixture),
            (completion.fitted.design, completion.fitted.mixture),
        )
    ]
    # Both stop within 1e-9 of log-likelihood of the optimum, where that is quadratic in the parameters.
    assert means[1] == pytest.approx(means[0], rel=1e-5, abs=1e-5)
    if "unlabelled_weight" not in options:
        ours = mixture.log_likelihood - found.columns[0].full_fit.log_jacobian
        design = completion.fitted.design
        theirs = completion.fitted.mixture.log_likelihood - design.log_jacobian(design.distinct)
        assert theirs == pytest.approx(ours, abs=1e-6 * 3000)


def test_a_part_without_rows_and_one_without_labels_are_filled(tmp_path, rows):
    blank = [",".join([row.split(",")[0], "", *row.split(",")[2:]]) for row in rows[:100]]
    rows = rows[100:] + blank

    found = filled_in_parts(cut(tmp_path, rows, (800, 800, 900)), Request(None, ("g",)))

    assert filled_in_memory(whole(tmp_path, rows))[0] == joined(found)
    assert [800, 0, 100] == [part.rows for part in found.summary.parts]


def test_no_rows_at_all_are_an_error(tmp_path):
    with pytest.raises(FitError, match="no rows to learn from"):
        filled_in_parts(cut(tmp_path, [], (0, 0)), Request(None, ("g",)))


def test_a_word_among_numbers_in_the_last_part_is_found_and_told_with_its_line(tmp_path, rows, monkeypatch):
    monkeypatch.setattr(scan, "SAMPLE_CELLS", 500)  # 100 rows of either kind: the word would hardly be drawn
    rows[800] = "800,f,tall,100,red\n"

    found = filled_in_parts(cut(tmp_path, rows, (450, 900)), Request(None, ("g",)))

    (reading,) = found.columns[0].completion.fitted.readings
    assert reading.told_unread == f"cells of 'x', such as line 352 of {tmp_path / 'part-1.csv'}"


def test_row_numbers_are_no_predictor_although_those_drawn_have_gaps(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "SAMPLE_CELLS", 1000)
    rows = [f"{i},{row.split(',', 1)[1]}" for i, row in enumerate(records(900))]
    header = HEADER.replace("id", "when")  # no name that gives it away

    found = filled_in_parts(cut(tmp_path, rows, (450, 900), header), Request(None, ("g",)))

    rejected = {one.name: one.reason for one in found.columns[0].completion.fitted.design.rejected}
    assert "identifier" == rejected["when"]


def test_a_category_of_numbers_is_recognised_where_a_chunk_holds_nothing_else(tmp_path, rows):
    rows = [row.replace("red", "1") for row in rows]
    last = [row for row in rows if row.endswith(",1\n")][:100]

    found = filled_in_parts(cut(tmp_path, [*rows, *last], (900, 1000)), Request(None, ("g",)))

    assert ("1", "blue", "green") == found.columns[0].completion.fitted.design.categories[0].texts
    assert filled_in_memory(whole(tmp_path, [*rows, *last]))[0] == joined(found)


def test_rare_labels_are_all_drawn_and_their_shares_set_right(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "SAMPLE_CELLS", 2000)  # 400 rows of either kind
    monkeypatch.setattr(scan, "FLOOR", 100)
    rng = np.random.default_rng(3)
    kind = rng.random(8000) < 0.02
    x = rng.normal(np.where(kind, 2.5, 0.0), 1.0)
    label = np.where(rng.random(8000) < 0.3, "", np.where(kind, "rare", "common"))
    rows = [f"{i},{g},{v:.1f},1,red\n" for i, (g, v) in enumerate(zip(label.tolist(), x.tolist(), strict=True))]

    found = filled_in_parts(cut(tmp_path, rows, (4000, 8000)), Request(None, ("g",), keeps_model=True))

    column, totals = found.columns[0], found.totals[0]
    drawn = dict(zip(column.labels.labels, np.bincount(column.completion.labels.label + 1)[1:].tolist(), strict=True))
    known = dict(zip(*np.unique(label[label != ""], return_counts=True), strict=True))
    assert drawn["rare"] >= 100
    assert dict(zip(column.labels.labels, column.labels.known, strict=True)) == known
    expected = totals.expected[column.filler.labels.index("rare")]
    truth = int(kind[label == ""].sum())
    # 48 of 2,400; without the shift of log-odds it would be some 300.
    assert abs(expected - truth) < 4.0 * np.sqrt(truth)
    assert column.saved.model.delta.tolist() == column.filler.model.delta.tolist()


def test_every_byte_outside_the_filled_cells_stays(tmp_path):
    rows = [row.replace("\n", "\r\n") for row in records(300, quoted=True)]
    rows[5] = rows[5].replace("red", '"a ""b"", c\r\n"').replace("green", "gr\xe9en").replace("blue", "")
    paths = cut(tmp_path, rows, (150, 300), HEADER.replace("\n", "\r\n"))
    paths[1].write_bytes(b"\xef\xbb\xbf" + paths[1].read_bytes().rstrip())

    found = filled_in_parts(paths, Request(None, ("g",)))

    for path, part in zip(paths, found.parts, strict=True):
        cell = re.escape(path.read_bytes()).replace(b',"",', b',"[fm]",')
        assert re.fullmatch(cell, Path(part.outputs[0]).read_bytes())


@pytest.mark.parametrize("options", [{}, {"covariance": "tied"}])
def test_a_part_that_changes_between_the_passes_is_named_as_changed(tmp_path, options):
    paths = cut(tmp_path, list(records(300)), (150, 300))

    def watch(stage, _share, _detail):
        if stage in {"choosing", "fitting"}:  # read once, and nothing kept of it
            paths[1].write_text(paths[1].read_text().replace(",m,", ",new,"))

    with pytest.raises(TableError, match=r"part-1.csv.*changed while it was read"):
        filled_in_parts(paths, Request(None, ("g",), **options), keep_bytes=0, watch=watch)
    assert not (tmp_path / "part-1.filled.csv").exists()
