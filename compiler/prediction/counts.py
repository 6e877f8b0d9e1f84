"""What a mapped network did or is expected to do: events by layer, and the work of every core in every step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.number[Any]]


@dataclass(frozen=True)
class LayerCounts:
    """The events of one population over all steps. A layer has its neurons, what they send, and the synapses into it.

    Attributes:
        name: of the population.
        neurons: on cores; 0 for the input, which the host runs.
        active, idle: neuron updates with and without anything to do.
        spikes: of its neurons.
        synaptic_ops: stored synapses read by spikes that arrive, zeros in dense lists included.
        sparse_ops: how many of those stand in lists that are not dense.
        packets: sent by its neurons, one per spike and destination core; of the input, by the host.
        hops_east_west, hops_north_south: links of the mesh that the packets take, those between chips included.
        crossings: how many of those links join two chips.
    """

    name: str
    neurons: int
    active: float
    idle: float
    spikes: float
    synaptic_ops: float
    sparse_ops: float
    packets: float
    hops_east_west: float
    hops_north_south: float
    crossings: float = 0.0


@dataclass(frozen=True, eq=False)
class CoreCounts:
    """The work of every core. Tables are (rows, cores): one row per step, or a single row for the average step.

    Attributes:
        synaptic_ops, sparse_ops: as in `LayerCounts`.
        words: of synapse memory read.
        packets_in, packets_out: that arrive at the core and that leave it.
        spikes: of the core's neurons.
        neurons: compartments of each core, all updated in every step, (cores,).
        active: part of its updates that has anything to do, 0 … 1, over all steps, (cores,).
    """

    synaptic_ops: Table
    sparse_ops: Table
    words: Table
    packets_in: Table
    packets_out: Table
    spikes: Table
    neurons: Table
    active: Table


@dataclass(frozen=True, eq=False)
class Counts:
    """Everything a prediction is made from.

    Attributes:
        steps: how many were counted; the rows of `cores` stand for equally many of them each.
        layers: every population in network order, the input first.
        cores: the work of every core.
        tiles: most routers of one chip with cores in use, which its barrier spans.
        chips: chips in use.
        chip: name of the target, without its board.
        updates_counted: whether active and idle updates were told apart; if not, all count as active.
    """

    steps: int
    layers: tuple[LayerCounts, ...]
    cores: CoreCounts
    tiles: int
    chips: int
    chip: str
    updates_counted: bool = True
