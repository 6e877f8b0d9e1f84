"""Columns that grow at their end, and rows of them dealt out to numbered owners."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray

Integers = NDArray[np.integer[Any]]


class Grown:
    """A column that grows at its end, at a cost that does not depend on its length."""

    def __init__(self, kind: type[np.integer[Any]]) -> None:
        self._data: Integers = np.zeros(64, kind)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def values(self) -> Integers:
        """What it holds, (length,); valid until it grows."""
        return self._data[: self._size]

    def add(self, values: Integers) -> None:
        """Put values behind those it holds."""
        size = self._size + len(values)
        if size > len(self._data):
            data = np.zeros(max(size, 2 * len(self._data)), self._data.dtype)
            data[: self._size] = self.values
            self._data = data
        self._data[self._size : size] = values
        self._size = size


class Pool:
    """Rows dealt out to owners 0, 1, 2, …; each owner's are neighbours, in its own order.

    Args:
        kinds: the columns by name, with their types.
    """

    def __init__(self, **kinds: type[np.integer[Any]]) -> None:
        self._columns = {name: Grown(kind) for name, kind in kinds.items()}
        self._length = Grown(np.int32)
        self._start = Grown(np.int64)
        self._rows = 0

    def __len__(self) -> int:
        return len(self._length)

    def __getitem__(self, name: str) -> Integers:
        """A column of all rows."""
        return self._columns[name].values

    @property
    def length(self) -> Integers:
        """How many rows each owner has, (owners,)."""
        return self._length.values

    def add(self, length: Integers, **columns: Integers) -> None:
        """Append owners with so many rows each; `columns` hold the rows of all of them."""
        ends = np.cumsum(length)
        self._start.add(self._rows + ends - length)
        self._length.add(length)
        self._rows += int(ends[-1]) if len(ends) else 0
        for name, column in self._columns.items():
            column.add(columns[name])

    def rows(self, owner: Integers) -> IntArray:
        """The rows of these owners, one owner after the other."""
        length = self.length[owner].astype(np.int64)
        ends = np.cumsum(length)
        rows: IntArray = np.arange(int(ends[-1]) if len(ends) else 0)
        rows += np.repeat(self._start.values[owner] - (ends - length), length)
        return rows
