"""Programs without the compiler: any placement of neurons on cores, mapped by the simplest rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurodeploy.compiler.configuration import neuron_rows, row_width, thresholds
from neurodeploy.compiler.program import Axons, Cores, Program, Routes
from neurodeploy.compiler.target import load_target
from neurodeploy.network import Network, Projection, connections
from neurodeploy.precision import IntArray, SignMode, WeightFormat


@dataclass(frozen=True, eq=False)
class Placement:
    """Core and compartment of every neuron but the input's, numbered from the first of them; (neurons,) each."""

    core: IntArray
    compartment: IntArray

    @property
    def cores(self) -> int:
        return int(self.core.max()) + 1


def one_core_program(network: Network, most: int = 1024) -> Program:
    """Each population on cores of its own, as many as it takes to keep `most` compartments on each."""
    core, first = [], 0
    for population in network.populations[1:]:
        core.append(first + np.arange(population.neurons) // most)
        first = int(core[-1][-1]) + 1
    return placed_program(network, np.concatenate(core))


def scattered_program(network: Network, cores: int, random: np.random.Generator) -> Program:
    """Every neuron on a random core and compartment, populations mixed."""
    neurons = sum(p.neurons for p in network.populations[1:])
    return placed_program(network, random.integers(0, cores, neurons), random.permutation(neurons))


def placed_program(network: Network, core: IntArray, order: IntArray | None = None) -> Program:
    """The network with each neuron on the given core; `order` tells which compartment comes first, (neurons,)."""
    placement = _placement(core, np.arange(len(core)) if order is None else order)
    sizes = [p.neurons for p in network.populations]
    population = np.repeat(np.arange(1, len(sizes)), sizes[1:])
    neuron = np.concatenate([np.arange(n) for n in sizes[1:]])
    by_compartment = np.lexsort((placement.compartment, placement.core))
    on_cores, width = network.populations[1:], row_width(network)
    rows = _core_rows(placement, np.concatenate([neuron_rows(p, width) for p in on_cores]))
    threshold_rows = _core_rows(placement, np.concatenate([thresholds(p) for p in on_cores])[:, None])
    formats = np.array([_format(p) for p in network.projections], np.int64).reshape(-1, 4)
    cores = Cores(
        chip=np.zeros(placement.cores, np.int64),
        slot=np.arange(placement.cores),
        compartment_start=_start(np.bincount(placement.core, minlength=placement.cores)),
        population=population[by_compartment],
        neuron=neuron[by_compartment],
        neuron_row=rows[0][by_compartment],
        threshold_row=threshold_rows[0][by_compartment],
        neuron_row_start=rows[1],
        neuron_rows=rows[2],
        threshold_start=threshold_rows[1],
        thresholds=threshold_rows[2][:, 0],
        format_start=np.arange(placement.cores + 1) * len(formats),
        formats=np.tile(formats, (placement.cores, 1)),
    )
    axons = _axons(network, placement)
    return Program(network, load_target("loihi1"), cores, axons, _routes(network, axons))


def edited(program: Program, table: str, column: str, index: Any, value: int) -> Program:
    """The same program with one number of one column changed."""
    array = np.array(getattr(getattr(program, table), column))
    array[index] = value
    return with_column(program, table, column, array)


def with_column(program: Program, table: str, column: str, array: Any) -> Program:
    """The same program with another column."""
    changes: dict[str, Any] = {table: replace(getattr(program, table), **{column: array})}
    return replace(program, **changes)


def _placement(core: IntArray, order: IntArray) -> Placement:
    rank = np.lexsort((order, core))
    compartment = np.empty(len(core), np.int64)
    compartment[rank] = np.arange(len(core)) - np.searchsorted(core[rank], core[rank])
    return Placement(core, compartment)


def _core_rows(placement: Placement, values: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Row of every neuron inside its core's table, where each core's rows start, and the rows, of (neurons, width)."""
    table, row = np.unique(np.column_stack([placement.core, values]), axis=0, return_inverse=True)
    start = np.searchsorted(table[:, 0], np.arange(placement.cores + 1))
    return row.reshape(-1) - start[placement.core], start, table[:, 1:]


def _format(projection: Projection) -> tuple[int, int, int, int]:
    """The first format that holds the weights, unless the network says which."""
    weights = projection.synapse.weight.astype(np.int64)
    form = projection.weight_format or next(f for f in map(WeightFormat, SignMode) if f.holds(weights))
    return form.sign_mode.value, form.bits, projection.weight_exponent, 0


def _axons(network: Network, placement: Placement) -> Axons:
    """One axon per projection, source and core; one entry per run of neighbouring compartments."""
    first = _start([p.neurons for p in network.populations[1:]])
    columns = []
    for i, projection in enumerate(network.projections):
        synapses = connections(projection.synapse, network.population(projection.source).shape or ())
        target = first[network.index(projection.target) - 1] + synapses.target
        same = np.full(len(target), i)
        columns.append((placement.core[target], same, synapses.source, placement.compartment[target], synapses.weight))
    core, projection_of, source, compartment, weight = (np.concatenate(c) for c in zip(*columns, strict=True))
    order = np.lexsort((compartment, source, projection_of, core))
    core, projection_of, source, compartment, weight = (
        c[order] for c in (core, projection_of, source, compartment, weight)
    )
    new_axon = _changes(core) | _changes(projection_of) | _changes(source)
    new_entry = new_axon | (np.diff(compartment, prepend=-2) != 1)
    axon, entry = np.flatnonzero(new_axon), np.flatnonzero(new_entry)
    delays = [network.population(p.source).delays() for p in network.projections]
    return Axons(
        start=np.searchsorted(core[axon], np.arange(placement.cores + 1)),
        projection=projection_of[axon],
        source=source[axon],
        delay=np.array([delays[p][s] for p, s in zip(projection_of[axon], source[axon], strict=True)], np.int64),
        format=projection_of[axon],
        entry_start=np.append(np.searchsorted(entry, axon), len(entry)),
        compartment=compartment[entry],
        weight_start=np.append(entry, len(weight)),
        weight=weight.astype(np.int16),
    )


def _routes(network: Network, axons: Axons) -> Routes:
    first = _start([p.neurons for p in network.populations])
    source = np.array([network.index(p.source) for p in network.projections])
    neuron = first[source[axons.projection]] + axons.source
    core = np.repeat(np.arange(len(axons.start) - 1), np.diff(axons.start))
    order = np.argsort(neuron, kind="stable")
    axon = np.arange(len(neuron)) - axons.start[core]
    return Routes(np.searchsorted(neuron[order], np.arange(first[-1] + 1)), core[order], axon[order])


def _changes(values: IntArray) -> Any:
    return np.diff(values, prepend=values[:1] - 1) != 0


def _start(sizes: Any) -> IntArray:
    return np.concatenate([[0], np.cumsum(sizes)])
