"""Equal stretches of a table found, so that one copy of them is enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray

#: Stretches compared at a time, which bounds the memory needed.
BATCH = 1 << 16


def shared(table: NDArray[np.integer], first: IntArray, size: IntArray) -> tuple[IntArray, IntArray]:
    """Equal stretches of rows.

    Args:
        table: (rows, width).
        first: where each stretch starts, (stretches,).
        size: how many rows it has, (stretches,); stretches do not overlap.

    Returns:
        where each stretch starts in the table of the rows that are kept, (stretches,); the rows kept, (kept,).
    """
    if not len(first):
        return first, first
    key = _keys(table, first, size)
    _, representative, inverse = np.unique(key, return_index=True, return_inverse=True)
    like = representative[inverse.reshape(-1)]
    like = np.where(_equal(table, first, first[like], size) & (size == size[like]), like, np.arange(len(first)))
    keeps = np.flatnonzero(like == np.arange(len(first)))
    place = np.zeros(len(first), np.int64)
    place[keeps] = np.cumsum(size[keeps]) - size[keeps]
    return place[like], _rows(first[keeps], size[keeps])


def _rows(first: IntArray, size: IntArray) -> IntArray:
    """The row numbers of stretches, one after the other."""
    start = np.cumsum(size) - size
    return np.arange(int(size.sum())) - np.repeat(start - first, size)


def _keys(table: NDArray[np.integer], first: IntArray, size: IntArray) -> NDArray[np.uint64]:
    """A number for each stretch that is the same for equal ones, and rarely for others."""
    random = np.random.default_rng(0).integers(0, 2**63, (int(size.max()) + 1, 2), np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    words = np.ascontiguousarray(table).view(np.uint64)
    mixed = np.zeros(len(words), np.uint64)
    for i in range(words.shape[1]):
        mixed = (mixed ^ words[:, i]) * random[0, 0]
        mixed ^= mixed >> np.uint64(29)
    key: NDArray[np.uint64] = size.astype(np.uint64) * random[0, 1]
    for i in range(int(size.max())):
        longer = np.flatnonzero(size > i)
        key[longer] += mixed[first[longer] + i] * random[i + 1, 0]
    return key


def _equal(table: NDArray[np.integer], first: IntArray, other: IntArray, size: IntArray) -> NDArray[np.bool_]:
    """Whether each stretch has the same rows as that which starts at `other`, if it is as long."""
    result = np.ones(len(first), bool)
    for low in range(0, len(first), BATCH):
        here = slice(low, low + BATCH)
        end = np.minimum(other[here] + size[here], len(table))
        fits = end - other[here] == size[here]
        result[here] = fits
        mine, its, sizes = first[here][fits], other[here][fits], size[here][fits]
        same = np.all(table[_rows(mine, sizes)] == table[_rows(its, sizes)], axis=1)
        result[low + np.flatnonzero(fits)] = (
            np.logical_and.reduceat(same, np.cumsum(sizes) - sizes) if len(same) else True
        )
    return result
