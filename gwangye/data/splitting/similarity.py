"""Sentences that are nearly the same.

The similarity of two sentences is the Jaccard similarity of their sets of character trigrams. All
pairs above a threshold are found, without hashing and so without a seed: two sets of similarity t
share one of the rarest few members of each (prefix filtering: Bayardo et al. 2007, "Scaling Up All
Pairs Similarity Search"), which a sparse product finds, and the similarity of what it finds is
counted. On the 28,803 sentences of KLUE-RE that takes a second. MinHash (128 permutations) takes as
long in Rust and six seconds in NumPy, and with bands made for the threshold it misses up to a
quarter of the pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gwangye.data.splitting.groups import codes, connected

NGRAM = 3
"""Characters of an n-gram."""

NEARLY_SAME = 0.8
"""Similarity from which sentences count as nearly the same.

The usual threshold (Lee et al. 2022, arXiv 2107.06499). In KLUE-RE 129 pairs of sentences reach it,
and nine of ten of them ask about the same entity pair. Lower ones also take in short sentences that
are built alike: two of 16 characters that differ in the second, a name's, reach 0.75.
"""

BLOCK = 1024  # sentences compared with all at a time: bounds the memory
ROUNDING = 1e-9  # so that 0.7 * 10 is 7


def near_duplicates(
    sentences: Iterable[str], similarity: float = NEARLY_SAME
) -> dict[str, set[str]]:
    """Find the sentences that are nearly, but not exactly, the same as another one.

    They are from a Jaccard similarity of character trigrams on (above 0, up to 1).

    Returns:
        The others that it is nearly the same as, by sentence; sentences without any are left out.

    Example:
        >>> near_duplicates(["나리는 춤춘다.", "나리는 춤춘다", "솔빛은 운다."])
        {'나리는 춤춘다.': {'나리는 춤춘다'}, '나리는 춤춘다': {'나리는 춤춘다.'}}
    """
    distinct = list(dict.fromkeys(sentences))
    near: dict[str, set[str]] = {}
    for first, second in similar_pairs(distinct, similarity).tolist():
        near.setdefault(distinct[first], set()).add(distinct[second])
        near.setdefault(distinct[second], set()).add(distinct[first])
    return near


def sentence_groups(sentences: Sequence[str], similarity: float | None) -> NDArray[np.int64]:
    """Group rows whose sentences are the same or nearly the same, directly or through others.

    Without a similarity (see :func:`near_duplicates`) only equal sentences are together.

    Returns:
        (rows,), int64: the group of each row, numbered from 0 in the order of the rows.
    """
    numbers = codes(sentences)
    if similarity is None:
        return numbers
    distinct = list(dict.fromkeys(sentences))
    pairs = similar_pairs(distinct, similarity)
    return codes(connected(pairs[:, 0], pairs[:, 1], len(distinct))[numbers].tolist())


def similar_pairs(texts: Sequence[str], similarity: float) -> NDArray[np.int64]:
    """Find all pairs of texts of at least a similarity, above 0, up to 1.

    A text of fewer than three characters has no trigram and is in no pair.

    Returns:
        (pairs, 2), int64: positions in ``texts``, the smaller first, sorted.
    """
    trigrams = _trigrams(texts)
    sizes = np.diff(trigrams.indptr)
    prefixes = _prefixes(trigrams, sizes, similarity)
    transposed = prefixes.T.tocsr()
    found = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, len(texts), BLOCK):
        candidates = (prefixes[start : start + BLOCK] @ transposed).tocoo()
        pairs = np.stack([candidates.row + start, candidates.col], axis=1).astype(np.int64)
        smaller, larger = np.sort(sizes[pairs], axis=1).T
        possible = (pairs[:, 0] < pairs[:, 1]) & (smaller >= similarity * larger - ROUNDING)
        pairs = pairs[possible]
        common = np.asarray(
            trigrams[pairs[:, 0]].multiply(trigrams[pairs[:, 1]]).sum(axis=1)
        ).ravel()
        union = sizes[pairs].sum(axis=1) - common
        found.append(pairs[common >= similarity * union - ROUNDING])
    every = np.concatenate(found)
    return every[np.lexsort((every[:, 1], every[:, 0]))]


def _trigrams(texts: Sequence[str]) -> Any:
    """Return which text has which trigram: (texts, trigrams) sparse, the rarest columns first."""
    from scipy.sparse import csr_matrix

    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    text = np.repeat(np.arange(len(texts)), [len(t) for t in texts])
    count = max(len(points) - NGRAM + 1, 0)
    grams = np.zeros(count, dtype=np.int64)
    for i in range(NGRAM):  # a code point has at most 21 bits, so three fit into 63
        grams = (grams << 21) | points[i : i + count]
    inside = text[:count] == text[NGRAM - 1 :][:count]
    gram, distinct = pd.factorize(grams[inside])
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[np.argsort(np.bincount(gram, minlength=len(distinct)), kind="stable")] = np.arange(
        len(distinct)
    )
    columns = max(len(distinct), 1)
    ones = np.ones(len(gram), dtype=np.int32)
    trigrams = csr_matrix((ones, (text[:count][inside], rank[gram])), (len(texts), columns))
    trigrams.data[:] = 1  # one that a text has twice was counted twice
    return trigrams


def _prefixes(trigrams: Any, sizes: NDArray[np.int64], similarity: float) -> Any:
    """Keep of each text the rarest trigrams, one of which every similar text must have.

    Texts of similarity t have at least t times as many trigrams in common as either has; so not
    all of the ``size - ceil(t * size) + 1`` rarest can be outside of what is in common.
    """
    from scipy.sparse import csr_matrix

    kept = sizes - np.ceil(similarity * sizes - ROUNDING).astype(np.int64) + 1
    kept = np.minimum(kept, sizes)
    position = np.arange(trigrams.nnz) - np.repeat(trigrams.indptr[:-1], sizes)
    columns = trigrams.indices[position < np.repeat(kept, sizes)]
    bounds = np.concatenate([[0], np.cumsum(kept)])
    return csr_matrix((np.ones(len(columns), dtype=np.int32), columns, bounds), trigrams.shape)
