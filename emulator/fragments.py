"""Synapse entries cut where the C core's order of compartments is not the core's, and named by who drives them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.program import Axons, Cores, Routes
from neurodeploy.emulator import _core
from neurodeploy.emulator.blocks import Compartments
from neurodeploy.emulator.columns import joint_row, owners
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Fragments:
    """Stretches of weights for consecutive compartments, by population, then source, delay and position.

    Attributes:
        population: target population.
        source: neuron, all numbered in network order.
        delay: in steps.
        position: first compartment, as the C core numbers them inside the population; imaginary ones behind all real.
        start, length: in the column of weights.
    """

    population: IntArray
    source: IntArray
    delay: IntArray
    position: IntArray
    start: IntArray
    length: IntArray

    def of(self, population: int) -> Fragments:
        """Those of one target population."""
        low, high = (int(i) for i in np.searchsorted(self.population, (population, population + 1)))
        return self.batch(low, high - low)

    def batch(self, first: int, count: int) -> Fragments:
        """`count` of them, or as many as there are."""
        here = slice(first, first + count)
        return Fragments(
            self.population[here],
            self.source[here],
            self.delay[here],
            self.position[here],
            self.start[here],
            self.length[here],
        )

    def spread(self, first: IntArray) -> IntArray:
        """A number for every weight, counted up from each fragment's `first`, (weights,)."""
        before = np.cumsum(self.length) - self.length
        return np.arange(int(self.length.sum())) - np.repeat(before - first, self.length)

    def synapses(self) -> IntArray:
        """Row of every weight in the column of weights, (weights,)."""
        return self.spread(self.start)


def fragments(cores: Cores, axons: Axons, routes: Routes, cells: Compartments, network: Network) -> Fragments:
    """The entries of a checked program."""
    length = np.diff(axons.weight_start)
    entry = np.flatnonzero(length > 0)
    axon = owners(axons.entry_start)[entry]
    first = cores.compartment_start[owners(axons.start)[axon]] + axons.compartment[entry]
    own = len(cores.population)
    breaks = np.flatnonzero((np.diff(cells.place[:own]) != 1) | (np.diff(cells.population[:own]) != 0))
    inside = np.searchsorted(breaks, [first, first + length[entry] - 1])
    cuts = inside[1] - inside[0] + 1
    owner = np.repeat(np.arange(len(entry)), cuts)
    turn = np.arange(len(owner)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    begin = first[owner]
    later = np.flatnonzero(turn > 0)
    begin[later] = breaks[inside[0][owner[later]] + turn[later] - 1] + 1
    end = np.append(begin[1:], 0)
    last = np.cumsum(cuts) - 1
    end[last] = first + length[entry]
    population = cells.population[begin]
    source = np.empty(len(axons.delay), np.int64)
    source[joint_row(axons.start, np.asarray(routes.core, np.int64), routes.axon)] = owners(routes.start)
    imaginary = np.array([p.imaginary for p in network.projections], bool)[axons.projection[axon]][owner]
    position = cells.place[begin] - cells.group_start[population] * _core.GROUP
    position += np.where(imaginary, np.diff(cells.group_start)[population] * _core.GROUP, 0)
    columns = (
        population,
        source[axon][owner],
        np.asarray(axons.delay, np.int64)[axon][owner],
        position,
        axons.weight_start[entry][owner] + begin - first[owner],
        end - begin,
    )
    order = np.lexsort(columns[3::-1])
    return Fragments(*(column[order] for column in columns))
