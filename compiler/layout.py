"""The synapses of a projection in the order in which its target's neurons are laid out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.memory import EntryFormat, Memory, delay_bits, dense_memory, index_bits
from neurodeploy.network import Network, Population, Projection, connections
from neurodeploy.precision import IntArray, WeightFormat


def compartment_order(population: Population) -> IntArray:
    """Neuron number of each compartment, (neurons,).

    Planes are laid out channel innermost: what a pixel reaches through a kernel row is then one run of
    compartments, and a sequential cut of the population is a tile of rows.
    """
    shape = population.shape or ()
    numbers = np.arange(population.neurons)
    return numbers if len(shape) == 1 else numbers.reshape(shape).transpose(1, 2, 0).reshape(-1)


@dataclass(frozen=True, eq=False)
class Slice:
    """The part of a projection that ends in compartments first … last − 1 of its target, axons without any
    non-zero weight left out.

    Attributes:
        source: source neuron of each axon, ascending, (axons,).
        run_axon: which axon each run of consecutive compartments belongs to, (runs,).
        run_start: first compartment of each run, relative to the slice, (runs,).
        run_length: (runs,).
        weight: (synapses,), run after run.
        delay_bits: width of the delay field of its format.
    """

    source: IntArray
    run_axon: IntArray
    run_start: IntArray
    run_length: IntArray
    weight: NDArray[np.int32]
    delay_bits: int


@dataclass(frozen=True, eq=False)
class LaidOut:
    """A projection sorted by source, then by position of the target in its layout; columns (synapses,)."""

    projection: Projection
    source: NDArray[np.int32]
    position: NDArray[np.int32]
    weight: NDArray[np.int32]
    delays: IntArray

    @classmethod
    def of(cls, network: Network, projection: Projection) -> LaidOut:
        """Lay out one projection of an integer network."""
        source = network.population(projection.source)
        target = network.population(projection.target)
        joined = connections(projection.synapse, source.shape or ())
        place = np.empty(target.neurons, np.int32)
        place[compartment_order(target)] = np.arange(target.neurons, dtype=np.int32)
        position = place[joined.target]
        order = np.argsort(joined.source.astype(np.int64) * target.neurons + position, kind="stable")
        weight = joined.weight[order].astype(np.int32)
        return cls(projection, joined.source[order], position[order], weight, source.delays())

    @property
    def format(self) -> WeightFormat:
        """The weight format quantization chose."""
        assert self.projection.weight_format is not None
        return self.projection.weight_format

    def cut(self, first: int, last: int) -> Slice:
        """The part that ends in compartments first … last − 1."""
        inside = np.flatnonzero((self.position >= first) & (self.position < last))
        source, position, weight = self.source[inside], self.position[inside], self.weight[inside]
        new_axon = np.diff(source, prepend=-1) != 0
        axon = np.cumsum(new_axon) - 1
        alive = np.zeros(int(axon[-1]) + 1 if len(axon) else 0, bool)
        alive[axon[weight != 0]] = True
        if not alive.all():
            kept = alive[axon]
            source, position, weight, new_axon = source[kept], position[kept], weight[kept], new_axon[kept]
            axon = np.cumsum(new_axon) - 1
        runs = np.flatnonzero(new_axon | (np.diff(position, prepend=-2) != 1))
        sources = source[new_axon].astype(np.int64)
        delay = int(self.delays[sources].max(initial=0))
        return Slice(
            source=sources,
            run_axon=axon[runs],
            run_start=position[runs].astype(np.int64) - first,
            run_length=np.diff(runs, append=len(source)),
            weight=weight,
            delay_bits=delay_bits(delay),
        )

    def memory(self, part: Slice, compartments: int) -> Memory:
        """What a slice takes in the synapse memory of a core."""
        form = EntryFormat(self.format.bits, part.delay_bits, index_bits(compartments))
        return dense_memory(part.run_length, part.run_axon, len(part.source), form)
