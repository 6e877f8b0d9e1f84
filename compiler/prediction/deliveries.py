"""What one spike of each neuron sets off: packets, hops, and the synapses read where they arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.compiler.memory import PREFIX_BITS, WORD_BITS, Compression, nxtf_words
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.traffic import home_cores, stored_synapses, synapses_of_lists
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Deliveries:
    """The routes of a program with what they cost; neurons are numbered over all populations in network order.

    Attributes:
        names: of the populations; offset: first neuron of each, (populations + 1,).
        home: core of each neuron, −1 for the input, (neurons,).
        start: first route of each neuron, (neurons + 1,); origin: neuron of each route, (routes,).
        core: destination, (routes,).
        layer: population that the route's synapses lead to, (routes,).
        synapses, sparse, words: synapses that a spike reads there, how many of them in lists that are not dense, and
            words of memory, (routes,).
        packet: 1 for the first route of a neuron to a core, else 0, (routes,).
        hops_east_west, hops_north_south, crossings: of that packet, 0 from the host, (routes,).
        compartments: (cores, populations).
        tiles: most routers in use on one chip; chips: in use; chip: the target's name without its board.
    """

    names: tuple[str, ...]
    offset: IntArray
    home: IntArray
    start: IntArray
    origin: IntArray
    core: IntArray
    layer: IntArray
    synapses: IntArray
    sparse: IntArray
    words: IntArray
    packet: IntArray
    hops_east_west: IntArray
    hops_north_south: IntArray
    crossings: IntArray
    compartments: IntArray
    tiles: int
    chips: int
    chip: str

    @classmethod
    def of(cls, program: Program) -> Deliveries:
        """The routes of a program."""
        network, routes, cores = program.network, program.routes, program.cores
        count = len(cores)
        origin = np.repeat(np.arange(len(routes.start) - 1), np.diff(routes.start))
        axon = np.asarray(program.axons.start, np.int64)[routes.core] + routes.axon
        packet = np.zeros(len(origin), np.int64)
        packet[np.unique(origin * max(count, 1) + routes.core, return_index=True)[1]] = 1
        home = home_cores(program)
        sends = np.flatnonzero((home[origin] >= 0) & (packet == 1))
        path = home[origin[sends]], np.asarray(routes.core[sends], np.int64)
        hops = np.zeros((3, len(origin)), np.int64)
        hops[:, sends] = *program.placement.hops(*path), program.placement.crossings(*path)
        sparse, words = _sparse_and_words(program)
        target = np.array([network.index(p.target) for p in network.projections], np.int64)
        populations = len(network.populations)
        owner = np.repeat(np.arange(count), np.diff(cores.compartment_start)) * populations + cores.population
        chip, router = program.placement.chip, program.placement.router
        tiles = np.unique(np.stack([chip, router]), axis=1)[0]
        return cls(
            names=tuple(p.name for p in network.populations),
            offset=np.cumsum([0, *(p.neurons for p in network.populations)]),
            home=home,
            start=np.asarray(routes.start, np.int64),
            origin=origin,
            core=np.asarray(routes.core, np.int64),
            layer=target[program.axons.projection[axon]] if len(axon) else axon,
            synapses=stored_synapses(program)[axon],
            sparse=sparse[axon],
            words=words[axon],
            packet=packet,
            hops_east_west=hops[0],
            hops_north_south=hops[1],
            crossings=hops[2],
            compartments=np.bincount(owner, minlength=count * populations).reshape(count, populations),
            tiles=int(np.bincount(tiles).max(initial=1)),
            chips=len(np.unique(chip)),
            chip=program.target.name.split("-")[0],
        )


def _sparse_and_words(program: Program) -> tuple[IntArray, IntArray]:
    """Synapses in lists that are not dense, and words of memory, behind each axon, (axons,) each.

    Words as the memory rule counts them: NxTF's, or those of whole lists (nengo-loihi, also where both must accept).
    """
    axons, storage = program.axons, program.storage
    count = len(axons.source)
    core = np.repeat(np.arange(len(program.cores)), np.diff(axons.start))
    if storage is None:  # every entry is a dense list in its axon's format
        axon, stored = np.repeat(np.arange(count), np.diff(axons.entry_start)), np.diff(axons.weight_start)
        rows = program.cores.formats[program.cores.format_start[core[axon]] + axons.format[axon]]
        width, prefix, sparse = rows[:, 1] + rows[:, 3], np.full(len(axon), PREFIX_BITS), np.zeros(len(axon), np.int64)
    else:
        axon, stored = np.repeat(np.arange(count), np.diff(storage.list_start)), synapses_of_lists(program)
        rows = storage.formats[storage.format_start[core[axon]] + storage.format]
        is_sparse = rows[:, 4] == Compression.SPARSE
        width = rows[:, 1] + rows[:, 3] + np.where(is_sparse, rows[:, 5], rows[:, 6])
        prefix = PREFIX_BITS + np.where(is_sparse, 0, rows[:, 5])
        sparse = np.where(rows[:, 4] == Compression.DENSE, 0, stored)
    bits = (prefix if program.target.memory_rule == "nxtf" else PREFIX_BITS) + stored * width
    if program.target.memory_rule == "nxtf":
        words = nxtf_words(_sums(axon, bits, count))
    else:
        words = _sums(axon, -(-bits // WORD_BITS), count)
    return _sums(axon, sparse, count), words


def _sums(index: IntArray, value: IntArray, size: int) -> IntArray:
    return np.rint(np.bincount(index, weights=value, minlength=size)).astype(np.int64)
