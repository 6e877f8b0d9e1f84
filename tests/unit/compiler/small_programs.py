"""Programs small enough to lay out by the book: one population per core, one axon per source neuron."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from neurodeploy.compiler.program import Axons, Cores, Program, Routes
from neurodeploy.compiler.target import CoreLimits, NeuronRanges, load_target
from neurodeploy.network import Network, connections
from neurodeploy.precision import IntArray

LONGEST_ENTRY = 60


def layer_program(network: Network) -> Program:
    """The network with population i + 1 on core i, every neuron on the compartment of its own number."""
    placed = network.populations[1:]
    sizes = [p.neurons for p in placed]
    rows, row_starts, row_of = _row_tables(network, ("current_decay", "voltage_decay", "refractory_delay"))
    thresholds, threshold_starts, threshold_of = _row_tables(network, ("threshold_mantissa",))
    axons, formats, format_starts = _axons(network)
    cores = Cores(
        chip=np.zeros(len(placed), np.int64),
        slot=np.arange(len(placed)),
        compartment_start=_start(sizes),
        population=np.repeat(np.arange(1, len(placed) + 1), sizes),
        neuron=np.concatenate([np.arange(n) for n in sizes]),
        neuron_row=row_of,
        threshold_row=threshold_of,
        neuron_row_start=row_starts,
        neuron_rows=rows,
        threshold_start=threshold_starts,
        thresholds=thresholds.reshape(-1),
        format_start=format_starts,
        formats=formats,
    )
    return Program(network, load_target("loihi1"), cores, axons, _routes(network, axons))


def with_core_limits(program: Program, **limits: int) -> Program:
    """The same program on a target whose cores hold less."""
    core: CoreLimits = replace(program.target.core, **limits)
    return replace(program, target=replace(program.target, core=core))


def with_ranges(program: Program, **ranges: tuple[int, int]) -> Program:
    """The same program on a target with narrower registers."""
    neuron: NeuronRanges = replace(program.target.neuron, **ranges)
    return replace(program, target=replace(program.target, neuron=neuron))


def edited(program: Program, table: str, column: str, index: Any, value: int) -> Program:
    """The same program with one number of one column changed."""
    part = getattr(program, table)
    array = getattr(part, column).copy()
    array[index] = value
    changes: dict[str, Any] = {table: replace(part, **{column: array})}
    return replace(program, **changes)


def _row_tables(network: Network, names: tuple[str, ...]) -> tuple[IntArray, IntArray, IntArray]:
    """Distinct parameter rows of each core, their starts, and the row of each compartment."""
    tables, row_of = [], []
    for population in network.populations[1:]:
        assert population.neuron is not None
        values = population.neuron.parameters()
        columns = [np.broadcast_to(np.asarray(values[name], np.int64), population.neurons) for name in names]
        table, place = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
        tables.append(table)
        row_of.append(place.reshape(-1))
    return np.concatenate(tables), _start([len(t) for t in tables]), np.concatenate(row_of)


def _axons(network: Network) -> tuple[Axons, IntArray, IntArray]:
    """Axons of every core in the order of projections and sources, each with the format of its projection."""
    rows: list[tuple[int, int, int, int]] = []
    entries: list[list[tuple[int, list[int]]]] = []
    formats: list[tuple[int, int, int, int]] = []
    axons_of_core, formats_of_core = [], []
    for population in network.populations[1:]:
        first_axon, first_format = len(rows), len(formats)
        delay_bits = _delay_bits(network, population.name)
        for number, projection in enumerate(network.projections):
            if projection.target != population.name:
                continue
            source = network.population(projection.source)
            assert projection.weight_format is not None
            lists = _lists(network, number)
            for neuron in sorted(lists):
                rows.append((number, neuron, int(source.delays()[neuron]), len(formats) - first_format))
                entries.append(_entries(lists[neuron]))
            mode, bits = projection.weight_format.sign_mode.value, projection.weight_format.bits
            formats.append((mode, bits, projection.weight_exponent, delay_bits))
        axons_of_core.append(len(rows) - first_axon)
        formats_of_core.append(len(formats) - first_format)
    flat = [entry for axon in entries for entry in axon]
    projection_of, source_of, delay, format_of = np.array(rows, np.int64).reshape(-1, 4).T
    axons = Axons(
        start=_start(axons_of_core),
        projection=projection_of,
        source=source_of,
        delay=delay,
        format=format_of,
        entry_start=_start([len(axon) for axon in entries]),
        compartment=np.array([first for first, _ in flat], np.int64),
        weight_start=_start([len(weights) for _, weights in flat]),
        weight=np.array([w for _, weights in flat for w in weights], np.int64),
    )
    return axons, np.array(formats, np.int64).reshape(-1, 4), _start(formats_of_core)


def _delay_bits(network: Network, name: str) -> int:
    longest = max((int(network.population(p.source).delays().max()) for p in network.into(name)), default=0)
    return 0 if longest == 0 else next(bits for bits in (3, 4, 5, 6) if 2**bits > longest + 1)


def _lists(network: Network, number: int) -> dict[int, list[tuple[int, int]]]:
    """Sorted (target, weight) of each source neuron of a projection."""
    projection = network.projections[number]
    listed = connections(projection.synapse, network.population(projection.source).shape or ())
    lists: dict[int, list[tuple[int, int]]] = {}
    for source, target, weight in zip(listed.source, listed.target, listed.weight, strict=True):
        lists.setdefault(int(source), []).append((int(target), int(weight)))
    return {source: sorted(pairs) for source, pairs in lists.items()}


def _entries(pairs: list[tuple[int, int]]) -> list[tuple[int, list[int]]]:
    """The list cut at every gap and after 60 synapses."""
    cuts = [i for i in range(1, len(pairs)) if pairs[i][0] != pairs[i - 1][0] + 1]
    runs = [pairs[a:b] for a, b in pairwise([0, *cuts, len(pairs)])]
    pieces = [run[i : i + LONGEST_ENTRY] for run in runs for i in range(0, len(run), LONGEST_ENTRY)]
    return [(piece[0][0], [weight for _, weight in piece]) for piece in pieces]


def _routes(network: Network, axons: Axons) -> Routes:
    """For every neuron, the axons that listen to it."""
    by_neuron: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for core, (first, last) in enumerate(pairwise(axons.start.tolist())):
        for axon in range(first, last):
            source = network.projections[int(axons.projection[axon])].source
            by_neuron.setdefault((source, int(axons.source[axon])), []).append((core, axon - first))
    routes = [by_neuron.get((p.name, n), []) for p in network.populations for n in range(p.neurons)]
    flat = np.array([route for neuron in routes for route in neuron], np.int64).reshape(-1, 2)
    return Routes(_start([len(neuron) for neuron in routes]), flat[:, 0], flat[:, 1])


def _start(counts: list[int]) -> IntArray:
    return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
