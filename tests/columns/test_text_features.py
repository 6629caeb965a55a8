"""Texts become the features that a loop over characters gives."""

from collections import Counter

import numpy as np
import pytest

from em_impute.columns.text_features import MAX_NGRAMS, MIN_ROWS, NamedTexts, fold, learn_vocabulary, text_features

WORDS = ["anna", "ann", "a", "bo", "bob", "bobobob", "Łódź", "d'arc", "mr.", "x\x07y", "😀", "née"]


def column_of(cells):
    """Code cells, some of them None, by their distinct texts in the order of their first rows."""
    texts = list(dict.fromkeys(cell for cell in cells if cell is not None))
    return NamedTexts("c", np.array([-1 if cell is None else texts.index(cell) for cell in cells]), texts)


def names(n, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(0, 5))) for _ in range(n)]


def ngrams(text):
    """Count the 2- to 4-grams of words with a blank at either end, one by one."""
    words = [f" {word} " for word in text.split()]
    return Counter(word[i : i + n] for word in words for n in (2, 3, 4) for i in range(len(word) - n + 1))


def naive(cells, queries):
    """TF-IDF of queries, (n_queries, n_ngrams), by the frequencies of cells."""
    counted = [ngrams(text.casefold()) for text in cells if text is not None]
    n_rows = Counter(ngram for one in counted for ngram in one)
    kept = [ngram for ngram, n in n_rows.items() if n >= MIN_ROWS]
    idf = {ngram: np.log((1 + len(counted)) / (1 + n_rows[ngram])) + 1 for ngram in kept}
    rows = []
    for query in queries:
        count = ngrams(query.casefold())
        row = np.array([(1 + np.log(count[ngram])) * idf[ngram] if count[ngram] else 0.0 for ngram in kept])
        rows.append(row / max(np.linalg.norm(row), 1e-300))
    return np.array(rows)


def features_of(vocabulary, texts):
    return np.vstack([part.toarray() for part in text_features(vocabulary, texts)])


def test_ngrams_are_those_of_a_loop_over_characters(monkeypatch):
    monkeypatch.setattr("em_impute.columns.text_features.BLOCK", 64)  # so that texts come in many blocks
    cells = [*names(200), None]
    column = column_of(cells)
    vocabulary = learn_vocabulary(column, np.ones(len(cells), bool), 0)
    queries = [*names(50, seed=1), "", "unheard of", "Bob  BOB\tbob"]
    n_whole = len(vocabulary.texts)
    found = features_of(vocabulary, queries)[:-1, n_whole:-1]
    expected = naive(cells, queries)

    # Hashes know no order: the n-grams are the same if all inner products of texts are.
    assert found.shape == expected.shape
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-6)
    np.testing.assert_allclose(np.sort(found.sum(axis=0)), np.sort(expected.sum(axis=0)), atol=1e-5)


def test_whole_texts_count_where_they_are_in_two_rows_and_a_labelled_one():
    cells = ["Rome", "rome ", "Oslo", "Oslo", "Bern", "Bern", "Bonn", None]
    labelled = np.array([1, 0, 0, 0, 1, 1, 1, 1], bool)
    vocabulary = learn_vocabulary(column_of(cells), labelled, 0)

    assert vocabulary.texts == ("rome", "bern")
    assert vocabulary.has_gaps
    found = features_of(vocabulary, ["ROME", "Bern", "Bonn"])
    np.testing.assert_array_equal(found[:, :2], [[1, 0], [0, 1], [0, 0], [0, 0]])
    np.testing.assert_array_equal(found[:, -1], [0, 0, 0, 1])  # the last row is a missing cell's


@pytest.mark.parametrize(("n_towns", "has_ngrams"), [(10, False), (2000, True)])
def test_ngrams_speak_where_new_rows_hold_new_texts(n_towns, has_ngrams):
    rng = np.random.default_rng(0)
    cells = [f"town {k}" for k in rng.integers(0, n_towns, 300)]
    vocabulary = learn_vocabulary(column_of(cells), np.ones(300, bool), 0)

    assert bool(vocabulary.buckets.size) == has_ngrams
    assert not vocabulary.has_gaps


def test_only_the_most_frequent_ngrams_are_kept(monkeypatch):
    monkeypatch.setattr("em_impute.columns.text_features.MAX_NGRAMS", 5)
    cells = names(200)
    vocabulary = learn_vocabulary(column_of(cells), np.ones(len(cells), bool), 0)
    n_rows = Counter(ngram for cell in cells for ngram in ngrams(cell.casefold()))
    most = sorted(n_rows.values(), reverse=True)[:5]

    assert MAX_NGRAMS > 5
    expected = np.log(201 / (1 + np.array(most))) + 1
    np.testing.assert_allclose(np.sort(vocabulary.idf), np.sort(expected), rtol=1e-6)


def test_nothing_but_missing_cells_gives_no_feature_but_that():
    vocabulary = learn_vocabulary(NamedTexts("c", np.full(4, -1), []), np.ones(4, bool), 0)

    assert vocabulary.size == 1
    assert features_of(vocabulary, ["a"]).tolist() == [[0.0], [1.0]]


def test_case_and_blanks_are_folded():
    assert fold(["  New\u00a0 YORK\n", "Straße", ""]) == ["new york", "strasse", ""]
