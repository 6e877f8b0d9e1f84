"""Whether the mapping is the network's: every neuron, parameter, axon and route where it belongs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.compiler.checker.layout import Layout
from neurodeploy.compiler.checker.violation import Violation, wrong
from neurodeploy.compiler.configuration import COLUMNS, THRESHOLD
from neurodeploy.network import Population
from neurodeploy.precision import IntArray


def placement(layout: Layout) -> Iterator[Violation]:
    """Every neuron is on one compartment, those of the input on none."""
    times = np.bincount(layout.neuron_of_compartment, minlength=int(layout.first[-1]))
    inputs = layout.population_of_neuron == 0
    yield from wrong("placement", inputs & (times > 0), layout.core_of_neuron, "input neuron sits on a core")
    yield from wrong("placement", ~inputs & (times == 0), None, "neuron is on no core")
    yield from wrong("placement", ~inputs & (times > 1), layout.core_of_neuron, "neuron is on several compartments")


def neuron_parameters(layout: Layout) -> Iterator[Violation]:
    """The rows of each compartment hold exactly the parameters of its neuron."""
    cores, core = layout.program.cores, layout.core_of_compartment
    rows = np.asarray(cores.neuron_rows, np.int64)[cores.neuron_row_start[core] + cores.neuron_row]
    thresholds = np.asarray(cores.thresholds, np.int64)[cores.threshold_start[core] + cores.threshold_row]
    stored = np.column_stack((rows, thresholds))
    expected = np.concatenate([_parameters(p, rows.shape[1]) for p in layout.program.network.populations])
    bad = np.any(stored != expected[layout.neuron_of_compartment], axis=1)
    yield from wrong("neuron parameters", bad, core, "rows differ from the neuron's parameters")


def axon_targets(layout: Layout) -> Iterator[Violation]:
    """The entries of an axon drive only neurons of the population its projection ends in."""
    axons, cores = layout.program.axons, layout.program.cores
    entry = np.repeat(np.arange(len(layout.synapses)), layout.synapses)
    axon = layout.axon_of_entry[entry]
    core = layout.core_of_axon[axon]
    within = np.arange(len(entry)) - np.asarray(axons.weight_start, np.int64)[entry]
    compartment = np.asarray(cores.compartment_start, np.int64)[core] + axons.compartment[entry] + within
    bad = cores.population[compartment] != layout.target[axons.projection[axon]]
    yield from wrong("axon targets", bad, core, "synapse drives a neuron outside its projection's target")


def axon_delays(layout: Layout) -> Iterator[Violation]:
    """The delay of an axon is the axonal delay of its source neuron."""
    delays = np.concatenate([p.delays() for p in layout.program.network.populations])
    bad = np.asarray(layout.program.axons.delay) != delays[_source_neuron(layout)]
    yield from wrong("axon delays", bad, layout.core_of_axon, "delay differs from the source neuron's")


def routes(layout: Layout) -> Iterator[Violation]:
    """Every route leads to an axon of its own neuron, and every axon is led to by one route."""
    source = _source_neuron(layout)
    owner = layout.core_of_neuron[layout.neuron_of_route]
    bad = source[layout.axon_of_route] != layout.neuron_of_route
    yield from wrong("routes", bad, owner, "route leads to an axon of another neuron or projection")
    times = np.bincount(layout.axon_of_route, minlength=len(source))
    yield from wrong("routes", times == 0, layout.core_of_axon, "axon is reached by no route")
    yield from wrong("routes", times > 1, layout.core_of_axon, "axon is reached by several routes")


def _source_neuron(layout: Layout) -> IntArray:
    """Network-wide number of the neuron each axon listens to, (axons,)."""
    axons = layout.program.axons
    return layout.first[layout.source[axons.projection]] + np.asarray(axons.source, np.int64)


def _parameters(population: Population, width: int) -> IntArray:
    """The neuron row and the threshold of every neuron, (neurons, width + 1); −1 without a model."""
    neuron = population.neuron
    result = np.full((population.neurons, width + 1), -1)
    if neuron is not None:
        result[:] = 0
        values = neuron.parameters()
        for column, name in enumerate(COLUMNS[type(neuron)]):
            result[:, column] = values[name]
        result[:, -1] = values.get(THRESHOLD, 0)
    return result


RULES = (placement, neuron_parameters, axon_targets, axon_delays, routes)
