"""What one spike of each neuron costs a program: stored synapses read, packets sent, hops travelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.memory import Compression
from neurodeploy.compiler.program import Program
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Traffic:
    """Costs per spike; neurons of all populations in network order, each column shape (neurons,).

    Attributes:
        synapses: stored synapses that a spike reads, zeros in dense lists included.
        packets: distinct destination cores (the mesh is unicast: one packet for each; input spikes included).
        hops_east_west, hops_north_south: links of the mesh passed by those packets, those between chips included;
            0 for the input, which the host injects.
        crossings: how many of those links join two chips.
    """

    synapses: IntArray
    packets: IntArray
    hops_east_west: IntArray
    hops_north_south: IntArray
    crossings: IntArray

    @property
    def hops(self) -> IntArray:
        """Links passed in either direction."""
        return self.hops_east_west + self.hops_north_south


def traffic(program: Program) -> Traffic:
    """The costs per spike of a program."""
    routes, axons, cores = program.routes, program.axons, program.cores
    neurons = len(routes.start) - 1
    origin = np.repeat(np.arange(neurons), np.diff(routes.start))
    axon = axons.start[routes.core] + routes.axon
    length = stored_synapses(program)
    pair = np.unique(origin * len(cores) + routes.core)
    sender, destination = pair // max(len(cores), 1), pair % max(len(cores), 1)
    home = home_cores(program)
    on_mesh = home[sender] >= 0
    travelled, path = sender[on_mesh], (home[sender[on_mesh]], destination[on_mesh])
    east_west, north_south = program.placement.hops(*path)
    return Traffic(
        synapses=_sums(origin, length[axon], neurons),
        packets=np.bincount(sender, minlength=neurons),
        hops_east_west=_sums(travelled, east_west, neurons),
        hops_north_south=_sums(travelled, north_south, neurons),
        crossings=_sums(travelled, program.placement.crossings(*path), neurons),
    )


def stored_synapses(program: Program) -> IntArray:
    """Synapses that stand behind each axon, zeros in dense lists included, (axons,)."""
    axons, storage = program.axons, program.storage
    if storage is None:
        length: IntArray = axons.weight_start[axons.entry_start[1:]] - axons.weight_start[axons.entry_start[:-1]]
        return length
    axon = np.repeat(np.arange(len(axons.source)), np.diff(storage.list_start))
    return _sums(axon, synapses_of_lists(program), len(axons.source))


def synapses_of_lists(program: Program) -> IntArray:
    """Synapses that each list of a program with storage holds, zeros in dense lists included, (lists,)."""
    axons, storage = program.axons, program.storage
    assert storage is not None
    core = np.repeat(np.arange(len(program.cores)), np.diff(axons.start))
    axon = np.repeat(np.arange(len(core)), np.diff(storage.list_start))
    dense = storage.formats[storage.format_start[core[axon]] + storage.format, 4] == Compression.DENSE
    if dense.all():
        return np.asarray(storage.span, np.int64)
    return np.where(dense, storage.span, _not_zero(program, axon))


def _not_zero(program: Program, axon: IntArray) -> IntArray:
    """Weights other than zero of its axon that each list covers, (lists,)."""
    axons, storage = program.axons, program.storage
    assert storage is not None
    entry = np.repeat(np.arange(len(axons.compartment)), np.diff(axons.weight_start))
    used = np.flatnonzero(axons.weight)
    owner = np.repeat(np.arange(len(axons.source)), np.diff(axons.entry_start))[entry[used]]
    compartment = axons.compartment[entry[used]] + used - axons.weight_start[entry[used]]
    width = program.target.core.compartments
    key = np.sort(owner * width + compartment)
    first = axon * width + storage.compartment
    result: IntArray = np.searchsorted(key, first + storage.span) - np.searchsorted(key, first)
    return result


def home_cores(program: Program) -> IntArray:
    """The core of every neuron in network order, −1 for the input, (neurons,)."""
    offset = np.concatenate([[0], np.cumsum([p.neurons for p in program.network.populations])])
    home = np.full(int(offset[-1]), -1, np.int64)
    core = np.repeat(np.arange(len(program.cores)), np.diff(program.cores.compartment_start))
    home[offset[program.cores.population] + program.cores.neuron] = core
    return home


def _sums(index: IntArray, value: IntArray, size: int) -> IntArray:
    return np.rint(np.bincount(index, weights=value, minlength=size)).astype(np.int64)
