"""The problem of placement: the packets between cores and the routers that they may sit on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.flows import Flows
from neurodeploy.compiler.mesh import Mesh
from neurodeploy.compiler.placing.curve import curve_order
from neurodeploy.precision import IntArray

#: What a link between chips counts in links of a chip: it has about a thirtieth of their bandwidth (Davies 2021).
CROSSING = 30


@dataclass(frozen=True, eq=False)
class Grid:
    """The routers of the chips that are used, in the order of the curve.

    Attributes:
        first: physical core on each that has the least number, (routers,).
        room: cores on each, (routers,).
        chip: whose it is; chip follows chip, (routers,).
        column, row: where each lies in the grid of all chips, (routers,).
        across, along: cost of links between two columns and two rows, (columns, columns) and (rows, rows).
    """

    first: IntArray
    room: IntArray
    chip: IntArray
    column: IntArray
    row: IntArray
    across: IntArray
    along: IntArray

    @classmethod
    def of(cls, mesh: Mesh, chips: int) -> Grid:
        """The grid of the first `chips` chips."""
        cores = curve_order(mesh, chips)
        router = cores // mesh.cores_per_chip * mesh.cores_per_chip + mesh.router(cores)
        begin = np.flatnonzero(np.diff(router, prepend=-1))
        column, row = mesh.coordinates(cores[begin])
        room = np.diff(np.append(begin, len(cores)))
        across, along = (_links(count, size) for count, size in zip(mesh.shape, mesh.routers, strict=True))
        chip = cores[begin] // mesh.cores_per_chip
        return cls(cores[begin], room, chip, column, row, across, along)

    def distances(self) -> IntArray:
        """Cost of the links between all routers, (routers, routers)."""
        result: IntArray = self.across[np.ix_(self.column, self.column)] + self.along[np.ix_(self.row, self.row)]
        return result


def _links(count: int, size: int) -> IntArray:
    """Cost of the links between `count` columns (or rows), of which a chip has `size`."""
    line = np.arange(count)
    chips = np.abs(np.subtract.outer(line // size, line // size))
    result: IntArray = np.abs(np.subtract.outer(line, line)) + (CROSSING - 1) * chips
    return result


@dataclass(frozen=True, eq=False)
class Graph:
    """Packets between each core and every other, both ways together: those of core i are rows start[i] …
    start[i + 1] − 1, (cores + 1,) and (rows,) twice.
    """

    start: IntArray
    other: IntArray
    packets: IntArray

    @classmethod
    def of(cls, flows: Flows) -> Graph:
        """The graph of flows; what a core sends to itself travels nowhere and is left out."""
        used = (flows.source != flows.destination) & (flows.packets > 0)
        source, destination = flows.source[used], flows.destination[used]
        key = np.concatenate([source * flows.cores + destination, destination * flows.cores + source])
        pair, which = np.unique(key, return_inverse=True)
        packets = np.zeros(len(pair), np.int64)
        np.add.at(packets, which.reshape(-1), np.tile(flows.packets[used], 2))
        source, other = np.divmod(pair, flows.cores)
        return cls(np.searchsorted(source, np.arange(flows.cores + 1)), other, packets)

    @property
    def source(self) -> IntArray:
        """The core of each row, (rows,)."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def between(self, core: int, others: IntArray) -> IntArray:
        """Packets between a core and each of some others, (others,)."""
        first, last = int(self.start[core]), int(self.start[core + 1])
        if first == last:
            return np.zeros(len(others), np.int64)
        row = np.minimum(first + np.searchsorted(self.other[first:last], others), last - 1)
        result: IntArray = np.where(self.other[row] == others, self.packets[row], 0)
        return result

    def cost(self, grid: Grid, router: IntArray) -> int:
        """Packets × links of a placement."""
        here, there = router[self.source], router[self.other]
        links = grid.across[grid.column[here], grid.column[there]] + grid.along[grid.row[here], grid.row[there]]
        return int((links * self.packets).sum()) // 2
