"""Placement of thousands of cores: sweeps in which each core goes where it is pulled, if that gains."""

from __future__ import annotations

import numpy as np

from neurodeploy.compiler.placing.problem import Graph, Grid
from neurodeploy.precision import IntArray

#: Most sweeps, and the part of the cost that one must gain for another to follow.
SWEEPS = 12
LEAST_GAIN = 0.005
#: Routers, best first, whose cores are tried as partners of a swap.
GOALS = 12


def sweep(graph: Graph, grid: Grid, router: IntArray, random: np.random.Generator, apart: bool = False) -> IntArray:
    """A placement improved until a sweep gains too little, (cores,): routers by their number in the grid.

    Args:
        graph: who talks to whom.
        grid: where they may sit.
        router: where to begin, (cores,).
        random: gives the order of the cores.
        apart: whether no core may move to another chip.
    """
    state = _State(graph, grid, router, apart)
    before = state.cost()
    for _ in range(SWEEPS):
        for core in random.permutation(len(router)).tolist():
            state.improve(core)
        after = state.cost()
        if before - after < LEAST_GAIN * before:
            break
        before = after
    return state.router


class _State:
    """A placement while it is swept.

    The cost of a core's packets is a sum over columns and one over rows: `_across` (cores, columns) and `_along`
    (cores, rows) hold what it would be in each.
    """

    def __init__(self, graph: Graph, grid: Grid, router: IntArray, apart: bool) -> None:
        self._apart = apart
        self._graph, self._grid = graph, grid
        self.router = router.copy()
        self._column, self._row = grid.column[router], grid.row[router]
        self._across = self._summed(self._column, len(grid.across)) @ grid.across
        self._along = self._summed(self._row, len(grid.along)) @ grid.along
        # who sits on each router, −1 where there is room, −2 where there is none, (routers, room)
        places = np.arange(int(grid.room.max()))
        self._seats = np.where(places < grid.room[:, None], -1, -2)
        order = np.argsort(router, kind="stable")
        self._seat = np.empty(len(router), np.int64)
        self._seat[order] = np.arange(len(router)) - np.searchsorted(router[order], router[order])
        self._seats[router, self._seat] = np.arange(len(router))

    def _summed(self, line: IntArray, count: int) -> IntArray:
        """Packets between each core and those in every column (or row), (cores, count)."""
        total = np.zeros((len(line), count), np.int64)
        np.add.at(total, (self._graph.source, line[self._graph.other]), self._graph.packets)
        return total

    def cost(self) -> int:
        """Packets × links of the placement."""
        me = np.arange(len(self.router))
        return int((self._across[me, self._column] + self._along[me, self._row]).sum()) // 2

    def improve(self, core: int) -> None:
        """Move a core to one of the routers that it is pulled to most, or swap it with a core there, if that gains."""
        graph, grid, home = self._graph, self._grid, int(self.router[core])
        column, row = int(grid.column[home]), int(grid.row[home])
        pull = self._across[core][grid.column] + self._along[core][grid.row]
        pull -= pull[home]
        if self._apart:
            pull[grid.chip != grid.chip[home]] = 0
        goals = np.argpartition(pull, GOALS)[:GOALS] if len(pull) > GOALS else np.arange(len(pull))
        goals = goals[pull[goals] < 0]
        if not len(goals):
            return
        sitting = self._seats[goals]
        other = np.maximum(sitting, 0)
        back = self._across[other, column] + self._along[other, row]
        back -= self._across[other, self._column[other]] + self._along[other, self._row[other]]
        both = 2 * graph.between(core, other.reshape(-1)).reshape(other.shape)
        both *= (grid.across[column, grid.column[goals]] + grid.along[row, grid.row[goals]])[:, None]
        gain = pull[goals, None] + np.where(sitting < 0, 0, back + both)
        gain[sitting == -2] = 0
        best = int(np.argmin(gain))
        if gain.flat[best] >= 0:
            return
        goal, seat = int(goals[best // gain.shape[1]]), best % gain.shape[1]
        partner, mine = int(sitting.flat[best]), int(self._seat[core])
        self._put(core, goal, seat)
        if partner >= 0:
            self._put(partner, home, mine)
        else:
            self._seats[home, mine] = -1

    def _put(self, core: int, goal: int, seat: int) -> None:
        """Sit a core down on a router; whoever sat there is moved by the caller."""
        graph, grid = self._graph, self._grid
        mine = slice(int(graph.start[core]), int(graph.start[core + 1]))
        other, packets = graph.other[mine], graph.packets[mine, None]
        column, row = int(grid.column[goal]), int(grid.row[goal])
        self._across[other] += packets * (grid.across[column] - grid.across[self._column[core]])
        self._along[other] += packets * (grid.along[row] - grid.along[self._row[core]])
        self.router[core], self._column[core], self._row[core] = goal, column, row
        self._seat[core], self._seats[goal, seat] = seat, core
