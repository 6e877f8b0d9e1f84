"""Lowering: stretches become the tables of a program; cores are numbered in network order and placed in that order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.configuration import neuron_rows, row_width, thresholds
from neurodeploy.compiler.layout import Slice
from neurodeploy.compiler.memory import ENTRY_SYNAPSES
from neurodeploy.compiler.partition import Stretch
from neurodeploy.compiler.program import Axons, Cores, Routes
from neurodeploy.compiler.target import Target
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


def lower_cores(network: Network, target: Target, stretches: Sequence[Stretch]) -> Cores:
    """Compartments and configuration rows of every core."""
    rows, row_of, threshold_rows, threshold_of, formats = [], [], [], [], []
    width = row_width(network)
    for stretch in stretches:
        population = network.populations[stretch.population]
        wanted = neuron_rows(population, width)[stretch.neurons]
        distinct, row = np.unique(wanted, axis=0, return_inverse=True)
        rows.append(distinct)
        row_of.append(row.reshape(-1))
        distinct, row = np.unique(thresholds(population)[stretch.neurons], return_inverse=True)
        threshold_rows.append(distinct)
        threshold_of.append(row)
        formats.append(
            np.array([_format_row(network, j, part) for j, part in stretch.slices.items()], np.int64).reshape(-1, 4)
        )
    slot = np.arange(len(stretches))
    return Cores(
        chip=slot // target.cores_per_chip,
        slot=slot % target.cores_per_chip,
        compartment_start=_starts(len(s.neurons) for s in stretches),
        population=np.concatenate([np.full(len(s.neurons), s.population) for s in stretches]),
        neuron=np.concatenate([s.neurons for s in stretches]),
        neuron_row=np.concatenate(row_of),
        threshold_row=np.concatenate(threshold_of),
        neuron_row_start=_starts(len(r) for r in rows),
        neuron_rows=np.concatenate(rows),
        threshold_start=_starts(len(t) for t in threshold_rows),
        thresholds=np.concatenate(threshold_rows),
        format_start=_starts(len(f) for f in formats),
        formats=np.concatenate(formats),
    )


def lower_axons(network: Network, stretches: Sequence[Stretch]) -> Axons:
    """Input axons and synapse entries of every core: projection by projection, source by source."""
    columns: dict[str, list[NDArray[np.int64]]] = {
        name: [] for name in ("projection", "source", "delay", "format", "entries", "compartment", "length")
    }
    weights = [np.zeros(0, np.int16)]
    for stretch in stretches:
        for row, (j, part) in enumerate(stretch.slices.items()):
            axons = len(part.source)
            compartment, length, entries = _entries(part)
            delays = network.population(network.projections[j].source).delays()
            for name, column in (
                ("projection", np.full(axons, j)),
                ("source", part.source),
                ("delay", delays[part.source]),
                ("format", np.full(axons, row)),
                ("entries", entries),
                ("compartment", compartment),
                ("length", length),
            ):
                columns[name].append(column)
            weights.append(part.weight.astype(np.int16))
    joined = {name: np.concatenate(parts) if parts else np.zeros(0, np.int64) for name, parts in columns.items()}
    return Axons(
        start=_starts(sum(len(p.source) for p in s.slices.values()) for s in stretches),
        projection=joined["projection"],
        source=joined["source"],
        delay=joined["delay"],
        format=joined["format"],
        entry_start=np.concatenate([[0], np.cumsum(joined["entries"])]),
        compartment=joined["compartment"],
        weight_start=np.concatenate([[0], np.cumsum(joined["length"])]),
        weight=np.concatenate(weights),
    )


def lower_routes(network: Network, axons: Axons) -> Routes:
    """One route per input axon, listed under the neuron it comes from."""
    offset = _starts(p.neurons for p in network.populations)
    first = np.array([offset[network.index(p.source)] for p in network.projections])
    origin = first[axons.projection] + axons.source
    core = np.repeat(np.arange(len(axons.start) - 1), np.diff(axons.start))
    order = np.argsort(origin, kind="stable")
    return Routes(
        start=np.concatenate([[0], np.cumsum(np.bincount(origin, minlength=int(offset[-1])))]),
        core=core[order],
        axon=(np.arange(len(origin)) - axons.start[core])[order],
    )


def _entries(part: Slice) -> tuple[IntArray, IntArray, IntArray]:
    """Runs cut to the longest entry: first compartment and length of each, and the number of entries per axon."""
    pieces = -(-part.run_length // ENTRY_SYNAPSES)
    run = np.repeat(np.arange(len(pieces)), pieces)
    piece = np.arange(len(run)) - (np.cumsum(pieces) - pieces)[run]
    length = np.minimum(part.run_length[run] - piece * ENTRY_SYNAPSES, ENTRY_SYNAPSES)
    entries = np.bincount(part.run_axon[run], minlength=len(part.source))
    return part.run_start[run] + piece * ENTRY_SYNAPSES, length, entries


def _format_row(network: Network, projection: int, part: Slice) -> tuple[int, int, int, int]:
    joined = network.projections[projection]
    assert joined.weight_format is not None
    return joined.weight_format.sign_mode.value, joined.weight_format.bits, joined.weight_exponent, part.delay_bits


def _starts(lengths: Iterable[int]) -> IntArray:
    return np.array([0, *accumulate(lengths)], np.int64)
