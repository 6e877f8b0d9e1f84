"""A space-filling curve over the cores of a board: what is numbered in sequence lies side by side."""

from __future__ import annotations

import numpy as np

from neurodeploy.compiler.mesh import Mesh
from neurodeploy.precision import IntArray


def curve_order(mesh: Mesh, chips: int) -> IntArray:
    """Physical cores of the first `chips` chips along the curve: chip by chip, router by router, (cores,)."""
    chip = np.array([c for c in _hilbert_order(mesh.chips).tolist() if c < chips])
    slots = np.arange(mesh.cores_per_chip)
    place = np.empty(mesh.routers[0] * mesh.routers[1], np.int64)
    place[_hilbert_order(mesh.routers)] = np.arange(len(place))
    slots = slots[np.argsort(place[slots // mesh.cores_per_router], kind="stable")]
    return (chip[:, None] * mesh.cores_per_chip + slots).reshape(-1)


def _hilbert_order(grid: tuple[int, int]) -> IntArray:
    """The cells column · rows + row of a grid (columns, rows) in the order of Hilbert's curve through the square
    around it, whose first half lies along the longer side.
    """
    columns, rows = grid
    column, row = np.divmod(np.arange(columns * rows), rows)
    along, across = (row, column) if columns >= rows else (column, row)
    side = 1 << max(int(max(grid)) - 1, 0).bit_length()
    return np.argsort(_hilbert_index(along, across, side), kind="stable")


def _hilbert_index(x: IntArray, y: IntArray, side: int) -> IntArray:
    """Position of cells along Hilbert's curve through a square of 2^k cells a side; its first half lies left."""
    x, y = x.copy(), y.copy()
    index = np.zeros_like(x)
    half = side // 2
    while half:
        right, up = (x & half) > 0, (y & half) > 0
        index += half * half * ((3 * right) ^ up)
        flip = ~up & right
        x, y = (
            np.where(flip, half - 1 - (x & (half - 1)), x & (half - 1)),
            np.where(flip, half - 1 - (y & (half - 1)), y & (half - 1)),
        )
        x, y = np.where(up, x, y), np.where(up, y, x)
        half //= 2
    return index
