"""The mesh that cores hang on: where each of them sits, and what lies between two of them.

A chip is a grid of routers with a few cores each; its links extend the grid in four directions to other chips (Davies
2018), so that all routers of a board form one large grid. How the chips of a board are arranged is not public: here
they form the grid nearest to a square that their number allows, numbered down the columns as routers are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

import numpy as np

from neurodeploy.compiler.target import Target
from neurodeploy.precision import IntArray


@dataclass(frozen=True)
class Mesh:
    """The grid of routers of all chips.

    Attributes:
        chips: of the board (columns, rows); chip = column · rows + row.
        routers: of a chip (columns, rows); router = column · rows + row.
        cores_per_chip, cores_per_router: core k of a chip hangs on its router k // cores_per_router.
    """

    chips: tuple[int, int]
    routers: tuple[int, int]
    cores_per_chip: int
    cores_per_router: int

    @classmethod
    def of(cls, target: Target) -> Mesh:
        """The mesh of a target."""
        rows = next(n for n in range(isqrt(target.chips), 0, -1) if target.chips % n == 0)
        return cls((target.chips // rows, rows), target.mesh, target.cores_per_chip, target.cores_per_router)

    @property
    def shape(self) -> tuple[int, int]:
        """Columns and rows of routers over all chips."""
        return self.chips[0] * self.routers[0], self.chips[1] * self.routers[1]

    def router(self, core: IntArray) -> IntArray:
        """Router of each core inside its chip; cores are numbered chip · cores_per_chip + slot."""
        return core % self.cores_per_chip // self.cores_per_router

    def coordinates(self, core: IntArray) -> tuple[IntArray, IntArray]:
        """Column and row of each core's router in the grid of all chips."""
        column, row = np.divmod(self.router(core), self.routers[1])
        chip_column, chip_row = np.divmod(core // self.cores_per_chip, self.chips[1])
        return chip_column * self.routers[0] + column, chip_row * self.routers[1] + row


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the cores of a program sit.

    Attributes:
        mesh: of the target.
        core: physical core of each of the program's cores, chip · cores_per_chip + slot, (cores,).
    """

    mesh: Mesh
    core: IntArray

    @property
    def chip(self) -> IntArray:
        """Chip of each core, (cores,)."""
        return self.core // self.mesh.cores_per_chip

    @property
    def router(self) -> IntArray:
        """Router of each core inside its chip, (cores,)."""
        return self.mesh.router(self.core)

    @cached_property
    def coordinates(self) -> tuple[IntArray, IntArray]:
        """Column and row of each core's router in the grid of all chips, (cores,) each."""
        return self.mesh.coordinates(self.core)

    def hops(self, source: IntArray, destination: IntArray) -> tuple[IntArray, IntArray]:
        """Links that packets between cores of the program pass under dimension-order routing: east-west and
        north-south, those between chips included, shape of the arguments each.
        """
        column, row = self.coordinates
        return np.abs(column[source] - column[destination]), np.abs(row[source] - row[destination])

    def crossings(self, source: IntArray, destination: IntArray) -> IntArray:
        """How many of those links join two chips."""
        column, row = np.divmod(self.chip, self.mesh.chips[1])
        result: IntArray = np.abs(column[source] - column[destination]) + np.abs(row[source] - row[destination])
        return result
