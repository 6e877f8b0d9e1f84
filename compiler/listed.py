"""Projections without a pattern, synapse by synapse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.layout import BLOCK, LaidOut, Part, Slice
from neurodeploy.network import Dense, Network, Projection, connections
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Listed(LaidOut):
    """See `LaidOut`; (synapses,) each, sorted by blocks of the target's layout, in a block by source, then by position.

    Attributes:
        source: source neuron.
        position: of the target in its layout.
        block_start: first synapse of each block of `BLOCK` positions, so that cutting a stretch reads little more
            than the stretch; (blocks + 1,).
    """

    projection: Projection
    source: NDArray[np.int32]
    position: NDArray[np.int32]
    weight: NDArray[np.int32]
    block_start: IntArray
    delays: IntArray
    fan_out: IntArray
    targets: int

    @classmethod
    def of(cls, network: Network, projection: Projection, order: IntArray) -> Listed:
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
        return cls(projection, source, position, weight, block_start, origin.delays(), fan_out, len(order))

    def cut(self, first: int, last: int) -> Slice:
        """See `LaidOut`."""
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
        return Slice(
            source=source[begin].astype(np.int64),
            start=np.append(begin, len(source)),
            position=position.astype(np.int64) - first,
            weight=weight,
            exponent=self.projection.weight_exponent,
        )

    def part(self, first: int, last: int) -> Part:
        """See `LaidOut`."""
        return self.cut(first, last)

    def reach(self) -> tuple[IntArray, IntArray]:
        """See `LaidOut`."""
        first = np.full(len(self.delays), self.targets, np.int64)
        last = np.full(len(self.delays), -1, np.int64)
        new = np.diff(self.source, prepend=-1) != 0  # ascending within a source and block
        new[self.block_start[:-1][np.diff(self.block_start) > 0]] = True
        begin = np.flatnonzero(new)
        end = np.append(begin, len(self.source))[1:] - 1
        np.minimum.at(first, self.source[begin], self.position[begin])
        np.maximum.at(last, self.source[begin], self.position[end])
        return first, last

    def sums(self, cost: IntArray) -> IntArray:
        """See `LaidOut`."""
        total = np.bincount(self.source, weights=cost[np.abs(self.weight)], minlength=len(self.delays))
        return total.astype(np.int64)


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
