"""Output slots: one per neuron, destination core and projection. A neuron's are known once its targets are placed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.layout import LaidOut
from neurodeploy.compiler.pieces import Piece
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


class Slots:
    """What the neurons of every population need: forecast until the projection's target is placed, then counted.

    Args:
        network: integer.
        laid: its projections, laid out.
        orders: layout of each population, by position in the network.
        cost: slots of one destination.
    """

    def __init__(self, network: Network, laid: list[LaidOut], orders: list[IntArray], cost: int) -> None:
        self._source = [network.index(p.source) for p in network.projections]
        self._target = [network.index(p.target) for p in network.projections]
        self._orders = orders
        self._cost = cost
        self._reach = [_reach(part) for part in laid]
        self._forecast = [(reach > 0).astype(np.float64) for reach in self._reach]
        self._counted: dict[int, IntArray] = {}

    def guess(self, cores: list[float]) -> None:
        """Forecast from the number of cores that each population may take: a neuron that reaches a part of its
        target reaches as large a part of the cores, and one more.
        """
        for j, reach in enumerate(self._reach):
            self._forecast[j] = np.where(reach > 0, 1 + reach * (max(cores[self._target[j]], 1) - 1), 0) * self._cost

    def learn(self, least: bool = False) -> None:
        """Forecast what was counted last, or where `least` at least that."""
        for j, counted in self._counted.items():
            before = self._forecast[j] if least else 0
            self._forecast[j] = np.maximum(before, counted).astype(np.float64)
        self._counted = {}

    def forget(self) -> None:
        """Begin anew with the forecast as it is."""
        self._counted = {}

    def place(self, population: int, pieces: list[Piece]) -> None:
        """Count what the pieces of a population ask of its sources; they are all of it."""
        for j in (j for j, t in enumerate(self._target) if t == population):
            self._counted[j] = np.zeros(len(self._reach[j]), np.int64)
            for piece in pieces:
                if j in piece.sources:
                    self._counted[j][piece.sources[j]] += self._cost

    def before(self, population: int) -> NDArray[np.float64]:
        """Slots of all neurons before each position of a population's layout, (neurons + 1,)."""
        total = np.zeros(len(self._orders[population]))
        for j in (j for j, s in enumerate(self._source) if s == population):
            total += self._counted.get(j, self._forecast[j])
        return np.concatenate([[0.0], np.cumsum(total[self._orders[population]])])


def _reach(part: LaidOut) -> NDArray[np.float64]:
    """Which part of its target's layout each source neuron reaches, first to last, (source neurons,)."""
    first, last = part.reach()
    part_reached: NDArray[np.float64] = np.maximum(last - first + 1, 0) / max(part.targets, 1)
    return part_reached
