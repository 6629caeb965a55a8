"""Sparse features of texts: the whole text, the 2- to 4-grams of its words, and whether the cell is missing."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.em.blocks import Flags, Integers, draw_rows
from em_impute.serialize.annotations import Axes

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Hashes = NDArray[np.int32]
Singles = NDArray[np.float32]

HASH_BITS = 16
"""An n-gram is known by a hash of so many bits.  More are no more accurate: of two that collide, one is mostly rare."""

MAX_NGRAMS, MIN_ROWS = 8_000, 3
"""A column keeps the most frequent n-grams, and none of fewer rows."""

MAX_ROWS = 50_000
"""Rows from which frequencies are counted, and from which a model is fitted: more hardly change either."""

UNSEEN = 0.2
"""Where a new row's text is in no labelled row with a probability above this, its n-grams must speak for it."""

BLOCK = 1 << 20
"""Characters whose n-grams are counted at a time: their keys then fit the processor's cache."""

BLANK, MULTIPLIER, MIXER = np.uint32(32), np.uint32(0x01000193), np.uint32(0x9E3779B1)


class NamedTexts(NamedTuple):
    """The cells of a column as texts."""

    name: str
    code: Integers  # (n_rows,), index into `texts`, −1 where missing
    texts: Sequence[str]  # distinct


class Vocabulary(NamedTuple):
    """The features of a column, in this order: whole texts, n-grams, and that the cell is missing."""

    name: Annotated[str, "The column."]
    texts: Annotated[tuple[str, ...], "Whole texts, in lower case."]
    buckets: Annotated[Hashes, Axes("n_ngrams"), "Hashes of n-grams, ascending."]
    idf: Annotated[Singles, Axes("n_ngrams"), "Inverse document frequencies."]
    has_gaps: Annotated[bool, "Some cells were missing, so that this tells something too."]

    @property
    def size(self) -> int:
        """Count the features."""
        return len(self.texts) + self.buckets.size + 1


def fold(texts: Sequence[str]) -> list[str]:
    """Ignore case, and how many blanks part two words."""
    return [" ".join(text.split()) for text in map(str.casefold, texts)]


def learn_vocabulary(column: NamedTexts, labelled: Flags, seed: int) -> Vocabulary:
    """Choose the features of a column, from all its rows and from those that are `labelled`, (n_rows,).

    A whole text is one where it is in two rows or more and in a labelled one.  N-grams are features where texts
    seldom repeat.
    """
    folded = fold(column.texts)
    number = {text: k for k, text in enumerate(dict.fromkeys(folded))}
    merged = np.array([*(number[text] for text in folded), -1])[column.code]  # (n_rows,), −1 where missing
    n_rows, n_labelled = (np.bincount(code + 1, minlength=len(number) + 1)[1:] for code in (merged, merged[labelled]))
    is_feature = (n_rows > 1) & (n_labelled > 0)
    texts = list(number)
    whole = tuple(texts[k] for k in np.flatnonzero(is_feature))
    buckets: Hashes = np.empty(0, np.int32)
    idf: Singles = np.empty(0, np.float32)
    if is_seldom_repeated(n_labelled):
        shown = draw_rows(merged >= 0, MAX_ROWS, np.random.default_rng(seed))
        used, count = np.unique(merged[shown], return_counts=True)
        buckets, idf = _frequent_ngrams([texts[k] for k in used], count)
    is_missing = column.code < 0
    return Vocabulary(column.name, whole, buckets, idf, bool(is_missing.any() and not is_missing.all()))


def is_seldom_repeated(n_rows: Integers) -> bool:
    """Tell by the rows of each text, (n_texts,), whether a new row's text is often in none of them.

    The probability is about the share of the rows whose text is in no other (Good 1953, Biometrika 40).
    """
    return bool(np.count_nonzero(n_rows == 1) > UNSEEN * n_rows.sum())


def text_features(vocabulary: Vocabulary, texts: Sequence[str]) -> "Iterator[csr_matrix]":
    """Give the features of texts, some texts at a time and then those of a missing cell: (n_texts + 1, size) in all.

    N-grams count (1 + log n) · idf where a text has n of them, divided by their norm.
    """
    from scipy.sparse import csr_matrix, hstack

    number = {text: k for k, text in enumerate(vocabulary.texts)}
    for part in _blocks(fold(texts)):
        whole = np.fromiter((number.get(text, -1) for text in part), np.int32, len(part))
        start = np.concatenate([[0], np.cumsum(whole >= 0)])
        kept = whole[whole >= 0]
        features = [csr_matrix((np.ones(kept.size), kept, start), shape=(len(part), len(number)))]
        if vocabulary.buckets.size:
            ngrams = _ngram_counts(part)[:, vocabulary.buckets]
            text = np.repeat(np.arange(len(part)), np.diff(ngrams.indptr))
            ngrams.data = (1.0 + np.log(ngrams.data)) * vocabulary.idf[ngrams.indices]
            ngrams.data /= np.sqrt(np.bincount(text, ngrams.data**2, len(part)))[text]
            features.append(ngrams)
        yield hstack([*features, csr_matrix((len(part), 1))], format="csr")
    yield csr_matrix((np.ones(1), [vocabulary.size - 1], [0, 1]), shape=(1, vocabulary.size))


def _frequent_ngrams(texts: Sequence[str], n_rows: Integers) -> tuple[Hashes, Singles]:
    """Choose the n-grams of most rows, with their inverse document frequencies; text k is in n_rows[k] rows."""
    frequency = np.zeros(1 << HASH_BITS)
    start = 0
    for part in _blocks(texts):
        count, rows = _ngram_counts(part), n_rows[start : (start := start + len(part))]
        frequency += np.bincount(count.indices, np.repeat(rows, np.diff(count.indptr)), frequency.size)
    order = np.argsort(-frequency, kind="stable")[:MAX_NGRAMS]
    buckets = np.sort(order[frequency[order] >= MIN_ROWS]).astype(np.int32)
    idf = np.log((1.0 + n_rows.sum()) / (1.0 + frequency[buckets])) + 1.0
    return buckets, idf.astype(np.float32)


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Divide texts where `BLOCK` characters are full."""
    block = np.cumsum(np.fromiter(map(len, texts), np.intp, len(texts))) // BLOCK
    cuts = [0, *(np.flatnonzero(np.diff(block)) + 1), len(texts)]
    for first, stop in pairwise(cuts):
        if first < stop:
            yield texts[first:stop]


def _ngram_counts(texts: Sequence[str]) -> "csr_matrix":
    """Count the n-grams of words with a blank at either end in each text by their hashes: (n_texts, 2^HASH_BITS)."""
    from scipy.sparse import csr_matrix

    characters = np.frombuffer(" ".join(["", *texts, ""]).encode("utf-32-le", "surrogatepass"), np.uint32)
    size = np.fromiter(map(len, texts), np.intp, len(texts)) + 1
    text = np.repeat(np.arange(len(texts), dtype=np.uint32), size)
    two = characters[:-1] * MULTIPLIER + characters[1:]
    three = two[:-1] * MULTIPLIER + characters[2:]
    four = three[:-1] * MULTIPLIER + characters[3:]
    is_letter = characters != BLANK
    inner = is_letter[1:-1]  # a blank inside would join two words
    found, hashes = [], []
    for ngram, valid in ((two, is_letter[:-1] | is_letter[1:]), (three, inner), (four, inner[:-1] & inner[1:])):
        start = np.flatnonzero(valid)
        found.append(text[start])
        hashes.append((ngram[start] * MIXER) >> np.uint32(32 - HASH_BITS))
    places = np.concatenate(found), np.concatenate(hashes)
    return csr_matrix((np.ones(places[0].size), places), shape=(len(texts), 1 << HASH_BITS))
