"""The synapses of a projection in the order in which its target's neurons are laid out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.entries import Entries, entries
from neurodeploy.compiler.memory import Lists, SynapseFormat
from neurodeploy.compiler.strips import strip_pixels
from neurodeploy.compiler.viterbi import Costs, Ragged, best_lists
from neurodeploy.network import Dense, Population, Projection
from neurodeploy.precision import IntArray

#: Positions that are looked at together where a whole projection is gone through.
BLOCK = 1024


def compartment_order(
    population: Population, incoming: Sequence[Projection] = (), strip: int | None = None
) -> IntArray:
    """Neuron number of each position of the layout, (neurons,).

    Planes are laid out channel innermost: what a pixel reaches through a kernel row is then one run of
    compartments, and a stretch of the layout is a tile of rows, or of a strip of them. A layer of dense synapses is
    dealt by the spread of its neurons' weights: neurons with narrow weights share cores, where their synapses take
    few bits; before that by the projections that reach them, so that a core hears as few of those as it can.

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
    if len(incoming) == 1:
        return np.argsort(spread, kind="stable")
    reached = np.stack([np.any(p.synapse.weight != 0, axis=1) for p in incoming])
    return np.lexsort((spread, np.unique(reached, axis=1, return_inverse=True)[1].reshape(-1)))


def values(projection: Projection) -> NDArray[np.int32]:
    """weight · 2^exponent in the synapse's own shape: whole numbers, since a quantized weight with a negative
    exponent is a multiple of its inverse.
    """
    exponent, weight = projection.weight_exponent, projection.synapse.weight.astype(np.int32)
    return weight << exponent if exponent >= 0 else weight >> -exponent


class Part(Protocol):
    """The part of a projection that ends in a stretch of its target's layout; zero weights are left out."""

    @property
    def source(self) -> IntArray:
        """Source neuron of each axon, ascending, (axons,)."""

    def lists(self, formats: tuple[SynapseFormat, ...], costs: Costs, one_per_axon: bool) -> Lists:
        """How its axons are stored; see `best_lists`."""

    def entries(self) -> Entries:
        """Its weights by axon."""


@dataclass(frozen=True, eq=False)
class Slice:
    """A `Part`, synapse by synapse.

    Attributes:
        source: see `Part`.
        start: first synapse of each axon, (axons + 1,).
        position: position of each synapse in the stretch, ascending within an axon, (synapses,).
        weight: as the network has it, (synapses,).
        exponent: of the weights.
    """

    source: IntArray
    start: IntArray
    position: IntArray
    weight: NDArray[np.integer[Any]]
    exponent: int

    @property
    def values(self) -> IntArray:
        """weight · 2^exponent of every synapse, (synapses,)."""
        return scaled(self.weight, self.exponent)

    def lists(self, formats: tuple[SynapseFormat, ...], costs: Costs, one_per_axon: bool) -> Lists:
        """See `Part`."""
        return best_lists(Ragged(self.start, self.position), self.values, formats, costs, one_per_axon)

    def entries(self) -> Entries:
        """See `Part`."""
        return entries(self.start, self.position, self.weight)


def scaled(weight: NDArray[np.integer[Any]], exponent: int) -> IntArray:
    """weight · 2^exponent: whole numbers, as `values` says."""
    wide = weight.astype(np.int64)
    return wide << exponent if exponent >= 0 else wide >> -exponent


class LaidOut(ABC):
    """The synapses of a projection that are not zero, in the order in which its target is laid out.

    Attributes:
        projection: whose they are.
        delays: axonal delay of each source neuron, (source neurons,).
        fan_out: synapses of each source neuron, those of weight zero included, (source neurons,).
        weight: every weight that occurs, not zero, as the network has it, (any number,).
        targets: neurons of the target.
    """

    projection: Projection
    delays: IntArray
    fan_out: IntArray
    weight: NDArray[np.integer[Any]]
    targets: int

    @abstractmethod
    def part(self, first: int, last: int) -> Part:
        """The part that ends in positions first … last − 1."""

    @abstractmethod
    def cut(self, first: int, last: int) -> Slice:
        """The same, synapse by synapse."""

    @abstractmethod
    def reach(self) -> tuple[IntArray, IntArray]:
        """First and last position that each source neuron reaches, last before first for none, (source neurons,)."""

    @abstractmethod
    def sums(self, cost: IntArray) -> IntArray:
        """Σ cost[|weight|] over the synapses of each source neuron, (source neurons,)."""
