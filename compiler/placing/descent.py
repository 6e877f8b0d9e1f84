"""Placement of up to a chip's cores: iterated steepest descent over every swap and move."""

from __future__ import annotations

import numpy as np

from neurodeploy.compiler.placing.problem import Graph, Grid
from neurodeploy.precision import IntArray

#: Descents, each from a shaken placement: so many that this many pairs of cores are looked at, within the bounds.
PAIRS = 250_000
LEAST_ROUNDS, MOST_ROUNDS = 20, 300
#: Cores that change places between two descents, least and most.
SHAKEN = (3, 12)
#: Most steps of one descent for each core: some hundred times what any was seen to take. Each gains at least one packet
#: and link, so that descents end without it, but only after as many steps as the cost is high.
MOST_STEPS = 100


def descend(graph: Graph, grid: Grid, router: IntArray, random: np.random.Generator) -> IntArray:
    """The best placement found from one that is given, (cores,): routers by their number in the grid."""
    state = _State(graph, grid, router)
    state.descend()
    best, least = state.router.copy(), state.cost
    cores = len(router)
    for _ in range(min(max(PAIRS // cores**2, LEAST_ROUNDS), MOST_ROUNDS)):
        count = min(int(random.integers(SHAKEN[0], SHAKEN[1] + 1)), cores)
        state.shake(random.permutation(cores)[:count])
        state.descend()
        if state.cost <= least:
            best, least = state.router.copy(), state.cost
        else:
            state.reset(best)
    return best


class _State:
    """A placement while it is improved.

    Attributes:
        router: of each core, (cores,).
        cost: packets × links of all cores.
    """

    def __init__(self, graph: Graph, grid: Grid, router: IntArray) -> None:
        cores = len(router)
        self._flow = np.zeros((cores, cores), np.int64)
        self._flow[graph.source, graph.other] = graph.packets
        self._distance = grid.distances()
        self._room = grid.room
        self._me = np.arange(cores)
        self.reset(router)

    def reset(self, router: IntArray) -> None:
        """Begin at another placement."""
        self.router = router.copy()
        self._free = self._room - np.bincount(router, minlength=len(self._room))
        # cost of each core's packets if it sat on a router and all others where they are, (cores, routers)
        self._pull = self._flow @ self._distance[router]
        self.cost = int(self._pull[self._me, router].sum()) // 2

    def shake(self, cores: IntArray) -> None:
        """Let some cores change places in a ring."""
        for core, goal in zip(cores.tolist(), np.roll(self.router[cores], 1).tolist(), strict=True):
            self._put(core, goal)
        self.cost = int(self._pull[self._me, self.router].sum()) // 2

    def descend(self) -> None:
        """Make the best swap or move until none gains, or after `MOST_STEPS` for each core."""
        me, twice = self._me, 2 * self._flow
        for _ in range(MOST_STEPS * len(me)):
            router = self.router
            gain = self._pull - self._pull[me, router][:, None]
            there = gain[:, router]
            swap = there + there.T
            swap += twice * self._distance[router][:, router]
            pair = int(swap.argmin())
            best, move = int(swap.flat[pair]), None
            free = np.flatnonzero(self._free)
            if len(free):
                room = gain[:, free]
                hop = int(room.argmin())
                if room.flat[hop] < best:
                    best, move = int(room.flat[hop]), divmod(hop, len(free))
            if best >= 0:
                return
            self.cost += best
            if move is None:
                first, second = divmod(pair, len(router))
                goals = int(router[second]), int(router[first])
                self._put(first, goals[0])
                self._put(second, goals[1])
            else:
                core, goal = move[0], int(free[move[1]])
                self._free[[goal, router[core]]] += (-1, 1)
                self._put(core, goal)

    def _put(self, core: int, goal: int) -> None:
        """Move a core to a router, whose room is the caller's affair."""
        self._pull += self._flow[:, core, None] * (self._distance[goal] - self._distance[self.router[core]])
        self.router[core] = goal
