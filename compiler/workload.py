"""How long the neurons of a population keep a core busy in an average step, and the most that a core may have of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.layout import BLOCK, LaidOut
from neurodeploy.network import Network

#: Longest a synaptic operation and the update of an active neuron take (Davies 2018, table 2).
SYNAPSE_NANOSECONDS = 3.5
NEURON_NANOSECONDS = 8.4


@dataclass(frozen=True, eq=False)
class WorkCap:
    """The most that one core may have to do.

    Attributes:
        nanoseconds: of an average step; a core with a single neuron may take longer.
        before: of all neurons before each position of every population's layout, (neurons + 1,) each.
    """

    nanoseconds: float
    before: tuple[NDArray[np.float64], ...]

    def of(self, population: int, first: int, last: int) -> float:
        """The part of the cap that a stretch takes."""
        before = self.before[population]
        spent = float(before[last] - before[first])
        return min(spent / self.nanoseconds, 1.0) if last - first == 1 else spent / self.nanoseconds


def work_before(network: Network, laid: Sequence[LaidOut], rates: Rates) -> tuple[NDArray[np.float64], ...]:
    """Nanoseconds of an average step for all neurons before each position of every population's layout: synapses that
    spikes read, and the update.
    """
    work = [np.full(p.neurons, NEURON_NANOSECONDS) for p in network.populations]
    work[0][:] = 0.0
    spikes = rates.by_population(network)
    for part in laid:
        fired = spikes[network.index(part.projection.source)] * (SYNAPSE_NANOSECONDS / rates.steps)
        mine = work[network.index(part.projection.target)]
        for first in range(0, len(mine), BLOCK):
            piece = part.cut(first, min(first + BLOCK, len(mine)))
            heard = np.repeat(fired[piece.source], np.diff(piece.start))
            stretch = mine[first : first + BLOCK]
            stretch += np.bincount(piece.position, weights=heard, minlength=len(stretch))
    return tuple(np.concatenate([[0.0], np.cumsum(w)]) for w in work)
