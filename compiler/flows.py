"""How many packets go from core to core: what placement and the choice between partitions are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.program import Program
from neurodeploy.compiler.traffic import home_cores
from neurodeploy.network import Network
from neurodeploy.precision import IntArray

#: Steps in which every neuron is taken to fire once where no recording tells.
UNIFORM_STEPS = 100


@dataclass(frozen=True, eq=False)
class Rates:
    """How often the neurons fire.

    Attributes:
        spikes: of every neuron, populations in network order, (neurons,).
        steps: in which they were counted.
        recordings: how many they were counted on; 0: every neuron is taken to fire once in `UNIFORM_STEPS` steps.
    """

    spikes: IntArray
    steps: int
    recordings: int = 0

    @classmethod
    def uniform(cls, network: Network) -> Rates:
        """What is assumed without recordings."""
        return cls(np.ones(sum(p.neurons for p in network.populations), np.int64), UNIFORM_STEPS)

    def by_population(self, network: Network) -> list[IntArray]:
        """Spikes of every population, (neurons,) each."""
        return np.split(self.spikes, np.cumsum([p.neurons for p in network.populations])[:-1])


@dataclass(frozen=True, eq=False)
class Flows:
    """Packets between the cores of a program, those of the host's input left out; no pair of cores twice.

    Attributes:
        cores: how many there are.
        source, destination: cores, (pairs,); a core may send to itself.
        packets: while the rates were counted, (pairs,).
    """

    cores: int
    source: IntArray
    destination: IntArray
    packets: IntArray

    @classmethod
    def of(cls, program: Program, rates: Rates) -> Flows:
        """One packet per spike and core that its neuron reaches; see `Traffic.packets`."""
        routes, cores = program.routes, len(program.cores)
        origin = np.repeat(np.arange(len(routes.start) - 1), np.diff(routes.start))
        neuron, destination = np.divmod(np.unique(origin * cores + routes.core), cores)
        home = home_cores(program)[neuron]
        used = home >= 0
        return _joined(cores, home[used] * cores + destination[used], rates.spikes[neuron[used]])


def _joined(cores: int, key: IntArray, packets: IntArray) -> Flows:
    pair, which = np.unique(key, return_inverse=True)
    total = np.zeros(len(pair), np.int64)
    np.add.at(total, which.reshape(-1), packets)
    source, destination = np.divmod(pair, cores)
    return Flows(cores, source, destination, total)


def reached(sources: Sequence[tuple[int, IntArray]], rates: Sequence[IntArray]) -> int:
    """Packets that one core receives.

    Args:
        sources: population and neurons of its input axons, one item per projection.
        rates: spikes of every population.
    """
    total = 0
    for population in {p for p, _ in sources}:
        heard = [neurons for p, neurons in sources if p == population]
        total += int(rates[population][heard[0] if len(heard) == 1 else np.unique(np.concatenate(heard))].sum())
    return total
