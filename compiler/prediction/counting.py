"""Counting what spikes set off: by layer, by core and step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.prediction.counts import CoreCounts, Counts, LayerCounts, Table
from neurodeploy.compiler.prediction.deliveries import Deliveries
from neurodeploy.compiler.program import Program
from neurodeploy.precision import IntArray

Updates = Sequence[tuple[int, int]]


def counted(
    deliveries: Deliveries, spikes: Sequence[tuple[IntArray, IntArray]], steps: int, updates: Updates | None
) -> Counts:
    """Count the spikes of one recording.

    Packets are sent, and synapses read, in the step of the spike; an axonal delay only puts off their effect. So a
    chip also reads what takes effect after the last step, which `Run.synaptic_ops` leaves out.

    Args:
        deliveries: of the program.
        spikes: step and neuron of every spike, (spikes,) each, by population in network order.
        steps: length of the recording.
        updates: active and idle updates of each population; None where nobody counted them.
    """
    neuron = np.concatenate([deliveries.offset[i] + np.asarray(n) for i, (_, n) in enumerate(spikes)])
    step = np.concatenate([np.asarray(s) for s, _ in spikes])
    return _counts(deliveries, step, neuron, np.ones(len(step)), (steps, steps), updates)


def expected_counts(program: Program, rates: Rates) -> Counts:
    """What is to be expected from mean rates: one row, the average step. All updates count as active."""
    deliveries = Deliveries.of(program)
    neuron = np.flatnonzero(rates.spikes)
    weight = rates.spikes[neuron] / rates.steps
    return _counts(deliveries, np.zeros_like(neuron), neuron, weight, (1, rates.steps), None)


def _counts(
    deliveries: Deliveries,
    row: IntArray,
    neuron: IntArray,
    weight: NDArray[np.float64],
    rows_steps: tuple[int, int],
    updates: Updates | None,
) -> Counts:
    """Count spikes: `weight` of each, in its row."""
    rows, steps = rows_steps
    return Counts(
        steps=steps,
        layers=_layers(deliveries, neuron, weight * (steps / rows), steps, updates),
        cores=_cores(deliveries, row, neuron, weight, rows, updates),
        tiles=deliveries.tiles,
        chips=deliveries.chips,
        chip=deliveries.chip,
        updates_counted=updates is not None,
    )


def _layers(
    deliveries: Deliveries,
    neuron: IntArray,
    weight: NDArray[np.float64],
    steps: int,
    updates: Updates | None,
) -> tuple[LayerCounts, ...]:
    populations, total = len(deliveries.names), len(deliveries.home)
    fired = np.bincount(neuron, weights=weight, minlength=total)
    read = fired[deliveries.origin]
    sent = read * deliveries.packet
    layer = np.repeat(np.arange(populations), np.diff(deliveries.offset))

    def by(which: IntArray, value: NDArray[Any]) -> list[float]:
        found: list[float] = np.bincount(which, weights=value, minlength=populations).tolist()
        return found

    neurons = deliveries.compartments.sum(axis=0).tolist()
    done = updates or [(count * steps, 0) for count in neurons]
    columns = zip(
        deliveries.names,
        neurons,
        (active if on_cores else 0 for (active, _), on_cores in zip(done, neurons, strict=True)),
        (idle if on_cores else 0 for (_, idle), on_cores in zip(done, neurons, strict=True)),
        by(layer, fired),
        by(deliveries.layer, read * deliveries.synapses),
        by(deliveries.layer, read * deliveries.sparse),
        by(layer[deliveries.origin], sent),
        by(layer[deliveries.origin], sent * deliveries.hops_east_west),
        by(layer[deliveries.origin], sent * deliveries.hops_north_south),
        by(layer[deliveries.origin], sent * deliveries.crossings),
        strict=True,
    )
    return tuple(LayerCounts(*column) for column in columns)


def _cores(
    deliveries: Deliveries,
    row: IntArray,
    neuron: IntArray,
    weight: NDArray[np.float64],
    rows: int,
    updates: Updates | None,
) -> CoreCounts:
    cores = len(deliveries.compartments)
    spike, route = _routes_of(deliveries, neuron)
    place = row[spike] * cores + deliveries.core[route]
    read = weight[spike]
    sent = read * deliveries.packet[route]
    home = deliveries.home[neuron]
    out, fired = np.flatnonzero(home[spike] >= 0), np.flatnonzero(home >= 0)

    def table(index: IntArray, value: NDArray[np.float64]) -> Table:
        total = np.bincount(index, weights=value, minlength=rows * cores).reshape(rows, cores)
        return total if rows == 1 else total.astype(np.int32)  # many steps hold whole spikes

    sparse = deliveries.sparse[route]
    return CoreCounts(
        synaptic_ops=table(place, read * deliveries.synapses[route]),
        sparse_ops=table(place, read * sparse) if sparse.any() else np.zeros((rows, cores), np.int32),
        words=table(place, read * deliveries.words[route]),
        packets_in=table(place, sent),
        packets_out=table(row[spike[out]] * cores + home[spike[out]], sent[out]),
        spikes=table(row[fired] * cores + home[fired], weight[fired]),
        neurons=deliveries.compartments.sum(axis=1),
        active=_active(deliveries.compartments, updates),
    )


def _routes_of(deliveries: Deliveries, neuron: IntArray) -> tuple[IntArray, IntArray]:
    """Every route that the spikes take: position of the spike and number of the route, (packets,) each."""
    first = deliveries.start[neuron]
    count = deliveries.start[neuron + 1] - first
    spike = np.repeat(np.arange(len(neuron)), count)
    before = np.cumsum(count) - count
    return spike, np.arange(len(spike)) - before[spike] + first[spike]


def _active(compartments: IntArray, updates: Updates | None) -> NDArray[np.float64]:
    """Part of each core's updates that are active: its populations' means, (cores,)."""
    if updates is None:
        return np.ones(len(compartments))
    share = np.array([active / max(active + idle, 1) for active, idle in updates])
    total: NDArray[np.float64] = compartments @ share / np.maximum(compartments.sum(axis=1), 1)
    return total
