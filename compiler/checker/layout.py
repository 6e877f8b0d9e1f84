"""The tables of a program, unrolled: for each row the core, neuron, projection or format it belongs to."""

from __future__ import annotations

import numpy as np

from neurodeploy.compiler.checker.tables import counts, owners
from neurodeploy.compiler.program import Column, Program, Storage
from neurodeploy.precision import IntArray

#: Codes of the ways in which a list gives its compartments (nengo-loihi, NxTF).
SPARSE, RUN_LENGTH, DENSE = 0, 1, 3
INDEX_BITS = (6, 7, 8, 9, 10, 11, 12)


class Layout:
    """Derived columns of a program whose tables are sound; all int64.

    Attributes:
        program: the program.
        cores: number of cores.
        compartments, axons: how many each core has, (cores,).
        core_of_compartment, core_of_axon, axon_of_entry: owner of each row.
        neuron_of_compartment: network-wide number of each compartment's neuron.
        synapses: weights of each entry, (entries,).
        formats: sign mode, weight bits, exponent and delay bits of each axon, (axons, 4).
        axon_of_list, core_of_list: owner of each stored list, (lists,).
        list_format: the synapse format of each list, (lists, 7), columns as in `Storage.formats`.
        list_first, list_span: compartments that a list covers, (lists,).
        stored: synapses in each list: all of the span if it is dense, else those that are not zero, (lists,).
        synapse_list: the list that stores each weight of the entries; −1 for none, (synapses,).
        synapse_axon, synapse_compartment: axon of each weight and the compartment (in its core) that it drives.
        delay_bits: largest delay bits among a core's synapse formats, (cores,).
        first: network-wide number of each population's first neuron, (populations + 1,).
        population_of_neuron: (neurons,).
        core_of_neuron: −1 for a neuron that is on no core, (neurons,).
        neuron_of_route: network-wide number of the neuron that owns each route, (routes,).
        axon_of_route: program-wide number of the axon each route leads to, (routes,).
        source, target: populations that each projection joins, (projections,).
    """

    def __init__(self, program: Program) -> None:
        cores, axons, routes, network = program.cores, program.axons, program.routes, program.network
        self.program = program
        self.cores = len(cores)
        self.compartments = counts(cores.compartment_start)
        self.axons = counts(axons.start)
        self.core_of_compartment = owners(cores.compartment_start)
        self.core_of_axon = owners(axons.start)
        self.axon_of_entry = owners(axons.entry_start)
        self.synapses = counts(axons.weight_start)
        first_format = _whole(cores.format_start)
        self.formats = _whole(cores.formats)[first_format[self.core_of_axon] + _whole(axons.format)]
        entry = np.repeat(np.arange(len(self.synapses)), self.synapses)
        self.synapse_axon = self.axon_of_entry[entry]
        within = np.arange(len(entry)) - _whole(axons.weight_start)[entry]
        self.synapse_compartment = _whole(axons.compartment)[entry] + within
        self.storage = program.storage or self._plain_storage()
        self.axon_of_list = owners(self.storage.list_start)
        self.core_of_list = self.core_of_axon[self.axon_of_list]
        row = _whole(self.storage.format_start)[self.core_of_list] + _whole(self.storage.format)
        self.list_format = _whole(self.storage.formats)[row]
        self.list_first, self.list_span = _whole(self.storage.compartment), _whole(self.storage.span)
        self.synapse_list = self._lists_of_synapses()
        nonzero = (self.synapse_list >= 0) & (_whole(axons.weight) != 0)
        held = np.bincount(self.synapse_list[nonzero], minlength=len(self.list_span))
        self.stored = np.where(self.list_format[:, 4] == DENSE, self.list_span, held)
        self.delay_bits = np.zeros(self.cores, np.int64)
        np.maximum.at(self.delay_bits, owners(self.storage.format_start), _whole(self.storage.formats)[:, 3])
        sizes = [p.neurons for p in network.populations]
        self.first = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        self.population_of_neuron = np.repeat(np.arange(len(sizes)), sizes)
        self.neuron_of_compartment = self.first[cores.population] + _whole(cores.neuron)
        self.core_of_neuron = np.full(int(self.first[-1]), -1, np.int64)
        self.core_of_neuron[self.neuron_of_compartment] = self.core_of_compartment
        self.neuron_of_route = owners(routes.start)
        self.axon_of_route = _whole(axons.start)[routes.core] + _whole(routes.axon)
        self.source = np.array([network.index(p.source) for p in network.projections], np.int64)
        self.target = np.array([network.index(p.target) for p in network.projections], np.int64)

    def _plain_storage(self) -> Storage:
        """What a program without storage means: each entry is a dense list in the format of its axon."""
        cores, axons = self.program.cores, self.program.axons
        width = index_bits(self.compartments)[owners(cores.format_start)]
        plain = np.broadcast_to((DENSE, 0, 0), (len(width), 3)).copy()
        plain[:, 1] = width
        return Storage(
            format_start=cores.format_start,
            formats=np.column_stack((_whole(cores.formats), plain)),
            list_start=axons.entry_start,
            format=_whole(axons.format)[self.axon_of_entry],
            compartment=axons.compartment,
            span=self.synapses,
        )

    def _lists_of_synapses(self) -> IntArray:
        """The list of the synapse's axon that covers its compartment, where one does."""
        if not len(self.list_first):
            return np.full(len(self.synapse_axon), -1)
        width = int(max(self.compartments.max(initial=0), 1))
        begin = self.axon_of_list * width + self.list_first
        order = np.argsort(begin, kind="stable")
        place = np.searchsorted(begin[order], self.synapse_axon * width + self.synapse_compartment, side="right") - 1
        found = order[np.maximum(place, 0)]
        inside = (
            (place >= 0)
            & (self.axon_of_list[found] == self.synapse_axon)
            & (self.synapse_compartment < self.list_first[found] + self.list_span[found])
        )
        return np.where(inside, found, -1)

    def per_core(self, core: IntArray, amount: IntArray | None = None) -> IntArray:
        """Number of rows, or sum of their amounts, over the rows of each core, (cores,)."""
        total = np.zeros(self.cores, np.int64)
        np.add.at(total, core, 1 if amount is None else amount)
        return total


def _whole(column: Column) -> IntArray:
    return np.asarray(column, np.int64)


def index_bits(compartments: IntArray) -> IntArray:
    """Smallest legal index width that addresses a core's compartments (NxTF; 12 where even that is too narrow)."""
    sizes = np.left_shift(1, INDEX_BITS[:-1])
    return np.array(INDEX_BITS)[np.searchsorted(sizes, compartments)]
