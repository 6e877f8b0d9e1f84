"""Compartments as the C core updates them: population by population, in groups that rest and wake together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.configuration import neuron_rows, thresholds
from neurodeploy.compiler.program import Cores
from neurodeploy.emulator import _core
from neurodeploy.emulator.columns import joint_row, owners
from neurodeploy.emulator.neuron_blocks import INPUT_WIDTH, MODELS, PARAMETERS, bias_shift, block_columns, fires_at_rest
from neurodeploy.network import CubaLif, Network, Population
from neurodeploy.precision import IntArray

#: Column of the refractory delay in the parameters of a CUBA LIF neuron.
REFRACTORY = 4


@dataclass(frozen=True, eq=False)
class Compartments:
    """The compartments of all cores, then the input's own neurons, which the host runs.

    Attributes:
        population, neuron: (compartments,).
        place: where the C core keeps each of them: population by population, see `_order`, each population from the
            start of a group; (compartments,).
        group_start: first group of each population, (populations + 1,).
        parameters: neuron model and its parameters, see `block_columns`; (compartments, 1 + PARAMETERS).
        bias: what is added in every step, (compartments,).
        restless: whether anything is, in any step, or the state of rest fires; (compartments,).
    """

    population: IntArray
    neuron: IntArray
    place: IntArray
    group_start: IntArray
    parameters: IntArray
    bias: IntArray
    restless: NDArray[np.bool_]

    def placed(self, values: IntArray) -> IntArray:
        """`values`, one per compartment, where the C core keeps them; zeros in between."""
        result = np.zeros(self.group_start[-1] * _core.GROUP, values.dtype)
        result[self.place] = values
        return result


def compartments(cores: Cores, network: Network) -> Compartments:
    """The compartments of a checked program."""
    core = owners(cores.compartment_start)
    rows = np.asarray(cores.neuron_rows[joint_row(cores.neuron_row_start, core, cores.neuron_row)], np.int64)
    threshold = np.asarray(cores.thresholds[joint_row(cores.threshold_start, core, cores.threshold_row)], np.int64)
    population, neuron = (np.asarray(column, np.int64) for column in (cores.population, cores.neuron))
    parameters = np.zeros((len(population), 1 + PARAMETERS), np.int64)
    for i, p in enumerate(network.populations[1:], 1):
        here = np.flatnonzero(population == i)
        parameters[here] = block_columns(p, rows[here], threshold[here])
    if network.input.neuron is not None:
        neurons = network.input.neurons
        own = block_columns(network.input, neuron_rows(network.input, INPUT_WIDTH), thresholds(network.input))
        parameters = np.concatenate([parameters, own])
        population = np.append(population, np.zeros(neurons, np.int64))
        neuron = np.append(neuron, np.arange(neurons))
    bias, has_bias = _biases(network, population, neuron)
    place, group_start = _places(network, population, neuron)
    restless = has_bias | fires_at_rest(parameters)
    return Compartments(population, neuron, place, group_start, parameters, bias, restless)


#: How long the stretches of consecutive compartments must be, on average, that another order than the cores' leaves.
STRETCH = 8


def _places(network: Network, population: IntArray, neuron: IntArray) -> tuple[IntArray, IntArray]:
    """See `Compartments`."""
    size = np.bincount(population, minlength=len(network.populations))
    group_start = np.concatenate([[0], np.cumsum(-(-size // _core.GROUP))])
    place = np.empty(len(population), np.int64)
    for i, p in enumerate(network.populations):
        here = np.flatnonzero(population == i)
        rank = np.empty(len(here), np.int64)
        rank[_order(p, neuron[here])] = np.arange(len(here))
        place[here] = group_start[i] * _core.GROUP + rank
    return place, group_start


def _order(population: Population, neuron: IntArray) -> IntArray:
    """In which order the C core keeps the compartments of a population, given with their neurons in that of the cores.

    With the channels of a pixel together and the pixels of a row, what a kernel reaches is a few long stretches that
    begin alike wherever it lies, and the cores' borders do not matter. Otherwise neurons in their own order, or
    compartments in the cores' if these are not to be joined in any other.
    """
    shape = population.shape or ()
    pixels = int(np.prod(shape[1:]))
    keys = [neuron % pixels * shape[0] + neuron // pixels] if len(shape) == 3 else []
    for key in (*keys, neuron):
        if np.count_nonzero(np.diff(key) != 1) * STRETCH <= len(key):
            return np.argsort(key, kind="stable")
    return np.arange(len(neuron))


def _biases(network: Network, population: IntArray, neuron: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
    bias = np.zeros(len(neuron), np.int64)
    per_step = np.zeros(len(network.populations), bool)
    for i, p in enumerate(network.populations):
        if p.bias is None:
            continue
        per_step[i] = p.bias.steps is not None
        if not per_step[i]:
            here = population == i
            bias[here] = np.broadcast_to(p.bias.value(0) << bias_shift(p), (p.neurons,))[neuron[here]]
    return bias, (bias != 0) | per_step[population]


def bias_rows(network: Network) -> list[tuple[int, NDArray[np.int32]]]:
    """The biases given per step: position of the population, values (steps, neurons)."""
    return [
        (i, np.ascontiguousarray(p.bias.mantissa << p.bias.exponent + bias_shift(p), np.int32))
        for i, p in enumerate(network.populations)
        if p.bias is not None and p.bias.steps is not None
    ]


def blocks(cells: Compartments) -> tuple[IntArray, IntArray]:
    """The compartments cut into blocks that share group and parameters.

    Returns:
        (blocks, 11), the columns of `nd_block` in core.h; blocks of each group, (groups + 1,).
    """
    order = np.argsort(cells.place)
    place = cells.place[order]
    rows = np.column_stack([place // _core.GROUP, cells.parameters[order]])
    first = np.flatnonzero(np.any(np.diff(rows, axis=0, prepend=-1) != 0, axis=1))
    count = np.diff(first, append=len(rows))
    restless = np.logical_or.reduceat(cells.restless[order], first) if len(first) else np.zeros(0, bool)
    table = np.column_stack([place[first], count, cells.population[order][first], restless, rows[first, 1:]])
    return table, np.searchsorted(rows[first, 0], np.arange(cells.group_start[-1] + 1))


def populations(
    cells: Compartments, network: Network, shift: IntArray, words: NDArray[np.bool_], fan_in: IntArray
) -> IntArray:
    """What the C core knows of each population.

    Args:
        cells: all compartments.
        network: whose populations they belong to.
        shift: the power of two left out of its weights, see `Bundles`; (populations,).
        words: whether they are stored in 16 bits, (populations,).
        fan_in: what its compartments can receive at most, see `Bundles`; (populations,).

    Returns:
        (populations, 11), the columns of `nd_population` in core.h.
    """
    table = np.zeros((len(shift), 11), np.int64)
    table[:, 0], table[:, 1] = cells.group_start[:-1], np.diff(cells.group_start)
    for i in range(len(shift)):
        here = np.flatnonzero(cells.population == i)
        if len(here):
            parameters = cells.parameters[here]
            table[i, 2] = np.all(parameters[:, 0] == MODELS.index(CubaLif))
            table[i, 3] = np.any(parameters != parameters[0])
            table[i, 4] = np.any(cells.restless[here])
            table[i, 5] = np.any(parameters[:, REFRACTORY] > 1)
    table[:, 6] = shift
    table[:, 7] = np.minimum(_core.NARROW, (1 << 24) >> shift)  # 64 q below 2^30 in the 32-bit updates
    table[:, 8] = words
    table[:, 9] = fan_in
    table[:, 10] = 1 + imaginary_targets(network)
    return table


def imaginary_targets(network: Network) -> NDArray[np.bool_]:
    """Which populations have sums of imaginary projections beside the real ones, (populations,)."""
    targets = {p.target for p in network.projections if p.imaginary}
    return np.array([p.name in targets for p in network.populations])
