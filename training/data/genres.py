"""Closest songs in genre space (Torrie et al., "Dataset"): all songs at once, in blocks of sparse rows.

A song is the set of its genres; the distance of two songs is the number of genres that only one of them
has. Of equally close songs the next in the list, around its end, is taken; or the first of the list, "the
first match" as in the paper, which with many equal songs makes one song the partner of all.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLOCK = 512

_NONE = np.iinfo(np.int64).max


def nearest_songs(
    genres: Sequence[frozenset[str]],
    matches: int,
    apart: Sequence[NDArray[np.int64]] = (),
    first_of_list: bool = False,
) -> NDArray[np.int64]:
    """For N songs the indices [N, matches] of their closest others, closest first, -1 where there is none.

    Songs without a common genre never match, nor do songs that have the same number in one of the
    arrays [N] of `apart` (the same artist, say). Memory grows with a block's candidates, not with N².
    """
    from scipy import sparse

    N = len(genres)
    words = {word: n for n, word in enumerate(sorted(set().union(*genres)))} if N else {}
    sizes = np.array([len(song) for song in genres], dtype=np.int64)
    columns = np.array([words[word] for song in genres for word in sorted(song)], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    rows = sparse.csr_array((np.ones(len(columns), np.int32), columns, starts), shape=(N, len(words)))
    others = rows.T.tocsr()
    found = np.full((N, matches), -1, dtype=np.int64)
    for first in range(0, N, BLOCK):
        common = (rows[first : first + BLOCK] @ others).tocsr()
        song = np.repeat(np.arange(common.shape[0]), np.diff(common.indptr)) + first
        other = common.indices.astype(np.int64)
        distance = sizes[song] + sizes[other] - 2 * common.data
        key = distance * N + (other if first_of_list else (other - song) % N)
        key[other == song] = _NONE
        for group in apart:
            key[group[song] == group[other]] = _NONE
        _pick(key, other, common.indptr, found[first : first + BLOCK])
    return found


def _pick(
    key: NDArray[np.int64], other: NDArray[np.int64], starts: NDArray[np.int64], into: NDArray[np.int64]
) -> None:
    """Write into `into` [rows, matches] the `other` of each row's smallest keys; `key` is used up."""
    filled = np.flatnonzero(np.diff(starts))
    if not len(filled):
        return
    counts = np.diff(starts)[filled]
    for match in range(into.shape[1]):
        best = np.minimum.reduceat(key, starts[filled])
        at = np.flatnonzero(key == np.repeat(best, counts))  # keys of a row differ, unless they are _NONE
        row = np.repeat(filled, counts)[at]
        real = key[at] != _NONE
        into[row[real], match] = other[at[real]]
        key[at] = _NONE
