"""Rows drawn by the least of hashed numbers.  Oracle: all keys sorted at once."""

import numpy as np
import pytest
from builders import opened_table

from em_impute.pipeline.scan import ROW, Sample, bounds_of, draw, merge_samples, trimmed

NOBODY = np.empty(0, np.intp)


def record(row):
    return b"%d\n" % row


def sample_of(key, text, texts=("", "f", "m"), may_fill=(True, False, False)):
    key = np.asarray(key, np.uint64)
    n = key.size
    rows = np.zeros(n, ROW)
    rows["key"], rows["row"], rows["line"], rows["text"] = key, np.arange(n), np.arange(n) + 2, text
    rows["n_bytes"] = [len(record(i)) for i in range(n)]
    return Sample(rows, np.frombuffer(b"".join(map(record, range(n))), np.uint8), texts, np.array(may_fill))


@pytest.fixture(name="everyone")
def _everyone():
    rng = np.random.default_rng(0)
    text = rng.choice(3, 5000, p=[0.5, 0.498, 0.002])
    return sample_of(rng.integers(0, 2**63, 5000, dtype=np.uint64), text)


def drawn_by_sorting(sample, most, floor):
    """The least keys of either kind, and of every text: found by sorting everything."""
    kept = set()
    fills = sample.may_fill[sample.rows["text"]]
    groups = [(fills, most), (~fills, most)]
    groups += [(sample.rows["text"] == k, floor) for k in range(len(sample.texts))]
    for group, size in groups:
        rows = np.flatnonzero(group)
        kept |= set(rows[np.argsort(sample.rows["key"][rows])][:size].tolist())
    return kept


def test_the_rows_of_least_keys_are_drawn_of_either_kind_and_of_every_text(everyone):
    size = 300  # of three texts each has a floor of 100

    assert drawn_by_sorting(everyone, size, 100) == set(trimmed(everyone, size).rows["row"].tolist())


def test_drawing_part_by_part_draws_the_same_rows(everyone):
    size = 300
    pieces = [everyone.keep(np.arange(everyone.rows.size) // 750 == k) for k in range(7)]

    gathered = pieces[0]
    for piece in pieces[1:]:
        gathered = trimmed(merge_samples([gathered, trimmed(piece, size)]), size)

    assert set(trimmed(everyone, size).rows["row"].tolist()) == set(gathered.rows["row"].tolist())


def test_rows_beyond_the_bounds_of_other_rows_would_not_have_been_drawn(everyone):
    size = 300
    first, rest = everyone.keep(everyone.rows["row"] < 2000), everyone.keep(everyone.rows["row"] >= 2000)
    bounds = bounds_of(trimmed(first, size), size)
    within = rest.within(bounds)

    known_before = trimmed(merge_samples([first, within]), size)

    assert within.rows.size < rest.rows.size
    assert set(trimmed(everyone, size).rows["row"].tolist()) == set(known_before.rows["row"].tolist())


def test_even_samples_hold_both_kinds_at_one_rate():
    rng = np.random.default_rng(1)
    text = rng.choice(3, 20_000, p=[0.9, 0.05, 0.05])
    sample = sample_of(rng.integers(0, 2**63, text.size, dtype=np.uint64), text)
    size = 1000

    even = trimmed(trimmed(sample, size), size, evenly=True)

    # 1,000 of 18,000 rows without a label, and of each label its floor of 333, which is what its rate would not give
    assert 1000 == np.count_nonzero(even.rows["text"] == 0)
    assert (333, 333) == tuple(np.bincount(even.rows["text"])[1:])


def test_a_witness_is_kept_however_large_its_key(everyone):
    everyone.rows["is_witness"][everyone.rows["key"].argmax()] = True
    kept = trimmed(everyone, 30)

    assert int(everyone.rows["key"].argmax()) in kept.rows["row"].tolist()


def test_texts_are_numbered_anew_where_samples_are_put_together():
    one = sample_of([1, 2], [1, 0], texts=("", "f"), may_fill=(True, False))
    other = sample_of([3, 4], [0, 1], texts=("m", ""), may_fill=(False, True))

    both = merge_samples([one, other])

    assert ("", "f", "m") == both.texts
    assert ["f", "", "m", ""] == [both.texts[k] for k in both.rows["text"]]
    assert [True, False, False] == both.may_fill.tolist()


def test_keys_depend_on_the_row_and_not_on_the_chunk(tmp_path):
    content = "g,x\n" + "".join(f"{'fm'[i % 2] if i % 3 else ''},{i}\n" for i in range(200))
    with opened_table(tmp_path, content) as (opened, _):
        whole = draw(opened.table, 0, 3, 0, NOBODY, 7, {})
        later = draw(opened.table, 0, 3, 150, NOBODY, 7, {})
        elsewhere = draw(opened.table, 0, 4, 0, NOBODY, 7, {})

    assert whole.rows["key"][150:].tolist() == later.rows["key"][:50].tolist()
    assert not set(whole.rows["key"].tolist()) & set(elsewhere.rows["key"].tolist())


def test_records_stay_with_their_rows_however_they_are_kept_and_put_together(everyone):
    drawn = np.random.default_rng(5).random(everyone.rows.size) < 0.6
    parts = [everyone.keep(drawn & (everyone.rows["row"] // 40 % 3 == k)) for k in range(3)]

    both = merge_samples(parts)
    some = both.keep(both.rows["row"] % 3 == 0)

    for sample in (*parts, both, some):
        assert b"".join(map(record, sample.rows["row"].tolist())) == sample.records.tobytes()
    assert set((np.flatnonzero(drawn[::3]) * 3).tolist()) == set(some.rows["row"].tolist())
