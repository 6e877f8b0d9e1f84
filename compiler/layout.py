"""The synapses of a projection in the order in which its target's neurons are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.memory import delay_bits
from neurodeploy.compiler.strips import strip_pixels
from neurodeploy.network import Dense, Network, Population, Projection, connections
from neurodeploy.precision import IntArray

#: Positions that are sorted together, so that cutting a stretch reads little more than the stretch.
BLOCK = 1024


def compartment_order(
    population: Population, incoming: Sequence[Projection] = (), strip: int | None = None
) -> IntArray:
    """Neuron number of each position of the layout, (neurons,).

    Planes are laid out channel innermost: what a pixel reaches through a kernel row is then one run of
    compartments, and a stretch of the layout is a tile of rows, or of a strip of them. A layer of dense synapses is
    dealt by the spread of its neurons' weights: neurons with narrow weights share cores, where their synapses take
    few bits.

    Args:
        population: any.
        incoming: the projections into it.
        strip: width of the strips that planes are cut into, each laid out row by row; None: whole rows; 0: planes one
            after the other.
    """
    shape = population.shape or ()
    numbers = np.arange(population.neurons)
    if len(shape) == 3 and population.neurons > max(shape):
        if strip == 0:
            return numbers
        pixels = strip_pixels(shape[1], shape[2], strip or shape[2])
        return numbers.reshape(shape[0], -1).T[pixels].reshape(-1)
    if not incoming or not all(isinstance(p.synapse, Dense) for p in incoming):
        return numbers
    spread = np.zeros(population.neurons)
    for projection in incoming:
        spread += np.mean(np.frexp(np.abs(values(projection)).astype(np.float32))[1], axis=1)
    return np.argsort(spread, kind="stable")


def values(projection: Projection) -> NDArray[np.int32]:
    """weight · 2^exponent in the synapse's own shape: whole numbers, since a quantized weight with a negative
    exponent is a multiple of its inverse.
    """
    exponent, weight = projection.weight_exponent, projection.synapse.weight.astype(np.int32)
    return weight << exponent if exponent >= 0 else weight >> -exponent


@dataclass(frozen=True, eq=False)
class Slice:
    """The part of a projection that ends in a stretch of its target's layout; zero weights are left out.

    Attributes:
        source: source neuron of each axon, ascending, (axons,).
        start: first synapse of each axon, (axons + 1,).
        position: position of each synapse in the stretch, ascending within an axon, (synapses,).
        weight: as the network has it, (synapses,).
        delay_bits: width of the delay field that its axons need.
    """

    source: IntArray
    start: IntArray
    position: IntArray
    weight: NDArray[np.int32]
    delay_bits: int

    @property
    def axon(self) -> IntArray:
        """The axon of each synapse, (synapses,)."""
        return np.repeat(np.arange(len(self.source)), np.diff(self.start))


@dataclass(frozen=True, eq=False)
class LaidOut:
    """The synapses of a projection that are not zero, (synapses,) each, sorted by blocks of the target's layout,
    in a block by source, then by position.

    Attributes:
        projection: whose they are.
        source: source neuron.
        position: of the target in its layout.
        weight: as the network has it.
        block_start: first synapse of each block of `BLOCK` positions, (blocks + 1,).
        delays: axonal delay of each source neuron, (source neurons,).
        fan_out: synapses of each source neuron, those of weight zero included, (source neurons,).
    """

    projection: Projection
    source: NDArray[np.int32]
    position: NDArray[np.int32]
    weight: NDArray[np.int32]
    block_start: IntArray
    delays: IntArray
    fan_out: IntArray

    @classmethod
    def of(cls, network: Network, projection: Projection, order: IntArray) -> LaidOut:
        """Lay out one projection of an integer network; `order` as `compartment_order` gives it."""
        origin = network.population(projection.source)
        if isinstance(projection.synapse, Dense):
            source, position, weight = _dense(projection.synapse, order)
            fan_out = np.full(origin.neurons, len(order))
        else:
            joined = connections(projection.synapse, origin.shape or ())
            fan_out = np.bincount(joined.source, minlength=origin.neurons)
            used = np.flatnonzero(joined.weight)
            place = np.empty(len(order), np.int32)
            place[order] = np.arange(len(order), dtype=np.int32)
            source, position = joined.source[used], place[joined.target[used]]
            key = (position // BLOCK).astype(np.int64) * origin.neurons + source
            sort = np.argsort(key * BLOCK + position % BLOCK)
            source, position, weight = source[sort], position[sort], joined.weight[used][sort].astype(np.int32)
        blocks = -(-len(order) // BLOCK)
        counts = np.bincount(position // BLOCK, minlength=blocks)
        block_start = np.concatenate([[0], np.cumsum(counts)])
        return cls(projection, source, position, weight, block_start, origin.delays(), fan_out)

    def cut(self, first: int, last: int) -> Slice:
        """The part that ends in positions first … last − 1."""
        low, high = first // BLOCK, -(-last // BLOCK)
        near = slice(int(self.block_start[low]), int(self.block_start[high]))
        source, position, weight = self.source[near], self.position[near], self.weight[near]
        if first % BLOCK or last % BLOCK:
            inside = np.flatnonzero((position >= first) & (position < last))
            source, position, weight = source[inside], position[inside], weight[inside]
        if high - low > 1:
            sort = np.argsort(source, kind="stable")  # the blocks are sorted runs, which a stable sort only merges
            source, position, weight = source[sort], position[sort], weight[sort]
        begin = np.flatnonzero(np.diff(source, prepend=-1))
        sources = source[begin].astype(np.int64)
        return Slice(
            source=sources,
            start=np.append(begin, len(source)),
            position=position.astype(np.int64) - first,
            weight=weight,
            delay_bits=delay_bits(int(self.delays[sources].max(initial=0))),
        )

    def values(self, part: Slice) -> IntArray:
        """weight · 2^exponent of the synapses of a slice."""
        exponent, weight = self.projection.weight_exponent, part.weight.astype(np.int64)
        return weight << exponent if exponent >= 0 else weight >> -exponent


def _dense(synapse: Dense, order: IntArray) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Source, position and weight of the synapses of a matrix, block by block."""
    columns = []
    for first in range(0, len(order), BLOCK):
        block = synapse.weight[order[first : first + BLOCK]].T
        source, position = np.nonzero(block)
        weight = block[source, position].astype(np.int32)
        columns.append((source.astype(np.int32), (position + first).astype(np.int32), weight))
    return (
        np.concatenate([source for source, _, _ in columns]),
        np.concatenate([position for _, position, _ in columns]),
        np.concatenate([weight for _, _, weight in columns]),
    )
