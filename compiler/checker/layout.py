"""The tables of a program, unrolled: for each row the core, neuron, projection or format it belongs to."""

from __future__ import annotations

import numpy as np

from neurodeploy.compiler.checker.tables import counts, owners
from neurodeploy.compiler.program import Column, Program
from neurodeploy.precision import IntArray


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
        delay_bits: largest delay bits among a core's formats, (cores,).
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
        self.delay_bits = np.zeros(self.cores, np.int64)
        np.maximum.at(self.delay_bits, owners(cores.format_start), _whole(cores.formats)[:, 3])
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

    def per_core(self, core: IntArray, amount: IntArray | None = None) -> IntArray:
        """Number of rows, or sum of their amounts, over the rows of each core, (cores,)."""
        total = np.zeros(self.cores, np.int64)
        np.add.at(total, core, 1 if amount is None else amount)
        return total


def _whole(column: Column) -> IntArray:
    return np.asarray(column, np.int64)
