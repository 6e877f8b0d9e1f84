"""Compartments as the C core updates them: population by population, in groups that rest and wake together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.program import Cores
from neurodeploy.emulator import _core
from neurodeploy.emulator.columns import joint_row, owners
from neurodeploy.network import Network
from neurodeploy.precision import DECAY_ONE, IntArray


@dataclass(frozen=True, eq=False)
class Compartments:
    """The compartments of all cores, then the input's own neurons, which the host runs.

    Attributes:
        population, neuron: (compartments,).
        place: where the C core keeps each of them: population by population, inside it in the order given, each
            population from the start of a group; (compartments,).
        group_start: first group of each population, (populations + 1,).
        parameters: what the decays leave of u and of v (of 4096), θ, refractory delay; (compartments, 4).
        bias: what is added to v in every step, (compartments,).
        has_bias: whether anything is, in any step, (compartments,).
    """

    population: IntArray
    neuron: IntArray
    place: IntArray
    group_start: IntArray
    parameters: IntArray
    bias: IntArray
    has_bias: NDArray[np.bool_]

    def placed(self, values: IntArray) -> IntArray:
        """`values`, one per compartment, where the C core keeps them; zeros in between."""
        result = np.zeros(self.group_start[-1] * _core.GROUP, values.dtype)
        result[self.place] = values
        return result


def compartments(cores: Cores, network: Network) -> Compartments:
    """The compartments of a checked program."""
    core = owners(cores.compartment_start)
    rows = cores.neuron_rows[joint_row(cores.neuron_row_start, core, cores.neuron_row)]
    threshold = cores.thresholds[joint_row(cores.threshold_start, core, cores.threshold_row)]
    columns = [np.asarray(column, np.int64) for column in (rows[:, 0], rows[:, 1], threshold, rows[:, 2])]
    population, neuron = (np.asarray(column, np.int64) for column in (cores.population, cores.neuron))
    if network.input.neuron is not None:
        neurons = network.input.neurons
        own = [np.broadcast_to(value, (neurons,)) for value in network.input.neuron.parameters().values()]
        columns = [np.concatenate(pair) for pair in zip(columns, own, strict=True)]
        population = np.append(population, np.zeros(neurons, np.int64))
        neuron = np.append(neuron, np.arange(neurons))
    current_decay, voltage_decay, threshold, refractory = columns
    parameters = np.stack([DECAY_ONE - current_decay, DECAY_ONE - voltage_decay, threshold * 64, refractory], axis=1)
    place, group_start = _places(population, len(network.populations))
    return Compartments(population, neuron, place, group_start, parameters, *_biases(network, population, neuron))


def _places(population: IntArray, populations: int) -> tuple[IntArray, IntArray]:
    """See `Compartments`."""
    size = np.bincount(population, minlength=populations)
    group_start = np.concatenate([[0], np.cumsum(-(-size // _core.GROUP))])
    order = np.argsort(population, kind="stable")
    rank = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    place = np.empty(len(order), np.int64)
    place[order] = group_start[population[order]] * _core.GROUP + rank
    return place, group_start


def _biases(network: Network, population: IntArray, neuron: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
    bias = np.zeros(len(neuron), np.int64)
    per_step = np.zeros(len(network.populations), bool)
    for i, p in enumerate(network.populations):
        if p.bias is None:
            continue
        per_step[i] = p.bias.steps is not None
        if not per_step[i]:
            here = population == i
            bias[here] = np.broadcast_to(p.bias.value(0), (p.neurons,))[neuron[here]]
    return bias, (bias != 0) | per_step[population]


def bias_rows(network: Network) -> list[tuple[int, NDArray[np.int32]]]:
    """The biases given per step: position of the population, values (steps, neurons)."""
    return [
        (i, np.ascontiguousarray(p.bias.mantissa << p.bias.exponent, np.int32))
        for i, p in enumerate(network.populations)
        if p.bias is not None and p.bias.steps is not None
    ]


def blocks(cells: Compartments) -> tuple[IntArray, IntArray]:
    """The compartments cut into blocks that share group and parameters.

    Returns:
        (blocks, 8), the columns of `nd_block` in core.h; blocks of each group, (groups + 1,).
    """
    order = np.argsort(cells.place)
    place = cells.place[order]
    rows = np.column_stack([place // _core.GROUP, cells.parameters[order]])
    first = np.flatnonzero(np.any(np.diff(rows, axis=0, prepend=-1) != 0, axis=1))
    count = np.diff(first, append=len(rows))
    has_bias = np.logical_or.reduceat(cells.has_bias[order], first) if len(first) else np.zeros(0, bool)
    table = np.column_stack([place[first], count, cells.population[order][first], rows[first, 1:], has_bias])
    return table, np.searchsorted(rows[first, 0], np.arange(cells.group_start[-1] + 1))


def populations(cells: Compartments, shift: IntArray, words: NDArray[np.bool_]) -> IntArray:
    """What the C core knows of each population.

    Args:
        cells: all compartments.
        shift: the power of two left out of its weights, see `Bundles`; (populations,).
        words: whether they are stored in 16 bits, (populations,).

    Returns:
        (populations, 8), the columns of `nd_population` in core.h.
    """
    table = np.zeros((len(shift), 8), np.int64)
    table[:, 0], table[:, 1] = cells.group_start[:-1], np.diff(cells.group_start)
    for i in range(len(shift)):
        here = np.flatnonzero(cells.population == i)
        if len(here):
            parameters = cells.parameters[here]
            table[i, 2] = np.any(parameters != parameters[0])
            table[i, 3] = np.any(cells.has_bias[here])
            table[i, 4] = np.any(parameters[:, 3] > 1)
    table[:, 5] = shift
    table[:, 6] = np.minimum(_core.NARROW, (1 << 24) >> shift)  # 64 q below 2^30 in the 32-bit updates
    table[:, 7] = words
    return table
