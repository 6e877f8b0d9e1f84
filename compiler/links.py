"""Congestion: how many packets pass each link of the mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.flows import Flows
from neurodeploy.compiler.mesh import Placement
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Links:
    """Packets on every directed link under dimension-order routing: first along the row to the destination's column,
    then along that column (the order of the axes is not public; east-west first is assumed).

    Attributes:
        east, west: between columns c and c + 1 of each row, (columns − 1, rows).
        north, south: between rows r and r + 1 of each column, towards lower and higher rows, (columns, rows − 1).
    """

    east: IntArray
    west: IntArray
    north: IntArray
    south: IntArray

    @classmethod
    def of(cls, flows: Flows, placement: Placement) -> Links:
        """The links of all chips, those between two chips included."""
        column, row = placement.coordinates
        x, y, goal_x, goal_y = (
            column[flows.source],
            row[flows.source],
            column[flows.destination],
            row[flows.destination],
        )
        columns, rows = placement.mesh.shape
        east, west = _lines(y, x, goal_x, flows.packets, rows, columns)
        south, north = _lines(goal_x, y, goal_y, flows.packets, columns, rows)
        return cls(east.T, west.T, north, south)

    @property
    def packets(self) -> IntArray:
        """All links in one column, the busiest first, (links,)."""
        every = np.concatenate([side.reshape(-1) for side in (self.east, self.west, self.north, self.south)])
        result: IntArray = np.sort(every)[::-1]
        return result


def _lines(
    line: IntArray, first: IntArray, last: IntArray, packets: IntArray, lines: int, length: int
) -> tuple[IntArray, IntArray]:
    """Packets between neighbours on lines of routers, upwards and downwards, (lines, length − 1) each."""
    both = []
    for begin, end in ((first, last), (last, first)):
        change = np.zeros((lines, length), np.int64)
        ahead = begin < end
        np.add.at(change, (line[ahead], begin[ahead]), packets[ahead])
        np.subtract.at(change, (line[ahead], end[ahead]), packets[ahead])
        both.append(np.cumsum(change, axis=1)[:, :-1])
    return both[0], both[1]
