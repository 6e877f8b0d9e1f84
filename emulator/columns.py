"""Columns of a program's tables: whole numbers of any width, made int64 and checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.compiler.program import Column
from neurodeploy.errors import FormatError
from neurodeploy.precision import IntArray

#: The C core counts rows in 32 bits.
MAX_ROWS = 2**31 - 1


def broken(problem: str) -> FormatError:
    """The error for a program that cannot be executed."""
    return FormatError("program", problem, "compile the network again")


def column(name: str, values: ArrayLike, rows: int | None = None, width: int | None = None) -> IntArray:
    """`values` as int64, shape (rows,) or (rows, width); any number of rows with `rows` None.

    Raises:
        FormatError: another shape, no whole numbers, or more rows than the core can count.
    """
    return whole(name, values, rows, width).astype(np.int64)


def whole(name: str, values: ArrayLike, rows: int | None = None, width: int | None = None) -> NDArray[Any]:
    """`values` as they are, checked as by `column`, which names what is raised."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or array.ndim < 1 or array.shape[1:] != (() if width is None else (width,)):
        raise broken(f"{name} has shape {array.shape} and type {array.dtype}, not {width or 1} whole number(s) a row")
    if rows is not None and len(array) != rows:
        raise broken(f"{name} has {len(array)} rows instead of {rows}")
    if len(array) > MAX_ROWS:
        raise broken(f"{name} has {len(array)} rows, the limit is {MAX_ROWS}")
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise broken(f"{name} reaches {array.max()}, beyond 63 bits")
    return array


def starts(name: str, values: ArrayLike, count: int, rows: int) -> IntArray:
    """A `…_start` column, shape (count + 1,): `count` owners share `rows` rows among them, in order, without a gap.

    Raises:
        FormatError: it does not rise from 0 to `rows`.
    """
    start = column(f"{name} start", values, rows=count + 1)
    if start[0] != 0 or start[-1] != rows or np.any(start[1:] < start[:-1]):
        raise broken(f"{name} start does not rise from 0 to {rows}")
    return start


def within(name: str, values: IntArray, low: int | IntArray, high: int | IntArray, first: int = 0) -> None:
    """Whether each value lies within its own limits, both inclusive; `first` is the row of the first one.

    Raises:
        FormatError: naming the first value that does not.
    """
    bad = (values < low) | (values > high)
    if np.any(bad):
        row = int(np.flatnonzero(bad)[0])
        least, most = (int(np.broadcast_to(limit, values.shape)[row]) for limit in (low, high))
        raise broken(f"{name} {values[row]} in row {first + row} is outside {least} … {most}")


def owners(start: Column) -> IntArray:
    """Owner of each row of a table with the given `…_start` column, shape (rows,)."""
    return np.repeat(np.arange(len(start) - 1), np.diff(start))


def joint_row(start: Column, owner: IntArray, row: Column) -> IntArray:
    """Row, in the table of all owners, of the rows numbered inside each owner; shape of `owner`."""
    result: IntArray = np.asarray(start[owner] + row, np.int64)
    return result
