"""Compartments as the C core updates them: blocks of neighbours with one configuration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.configuration import neuron_rows, thresholds
from neurodeploy.compiler.program import Cores
from neurodeploy.emulator import _core
from neurodeploy.emulator.columns import joint_row, owners
from neurodeploy.emulator.neuron_blocks import INPUT_WIDTH, PARAMETERS, bias_shift, block_columns, fires_at_rest
from neurodeploy.network import Network
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Compartments:
    """The compartments of all cores, then the input's own neurons, which the host runs as one more bank.

    Attributes:
        bank_start: (banks + 1,).
        population, neuron: (compartments,).
        parameters: neuron model and its parameters, see `block_columns`; (compartments, 1 + PARAMETERS).
        bias: what is added in every step, (compartments,).
        restless: whether anything is, in any step, or the state of rest fires; (compartments,).
    """

    bank_start: IntArray
    population: IntArray
    neuron: IntArray
    parameters: IntArray
    bias: IntArray
    restless: NDArray[np.bool_]


def compartments(cores: Cores, network: Network) -> Compartments:
    """The compartments of a checked program."""
    core = owners(cores.compartment_start)
    rows = np.asarray(cores.neuron_rows[joint_row(cores.neuron_row_start, core, cores.neuron_row)], np.int64)
    threshold = np.asarray(cores.thresholds[joint_row(cores.threshold_start, core, cores.threshold_row)], np.int64)
    bank_start, population, neuron = (
        np.asarray(column, np.int64) for column in (cores.compartment_start, cores.population, cores.neuron)
    )
    parameters = np.zeros((len(population), 1 + PARAMETERS), np.int64)
    for i, p in enumerate(network.populations[1:], 1):
        here = np.flatnonzero(population == i)
        parameters[here] = block_columns(p, rows[here], threshold[here])
    if network.input.neuron is not None:
        neurons = network.input.neurons
        own = block_columns(network.input, neuron_rows(network.input, INPUT_WIDTH), thresholds(network.input))
        parameters = np.concatenate([parameters, own])
        bank_start = np.append(bank_start, bank_start[-1] + neurons)
        population = np.append(population, np.zeros(neurons, np.int64))
        neuron = np.append(neuron, np.arange(neurons))
    bias, has_bias = _biases(network, population, neuron)
    return Compartments(bank_start, population, neuron, parameters, bias, has_bias | fires_at_rest(parameters))


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
    """The compartments cut into blocks that share bank, population and parameters.

    Returns:
        (blocks, 11), the columns of `nd_block` in core.h; blocks of each bank, (banks + 1,).
    """
    rows = np.column_stack([owners(cells.bank_start), cells.population, cells.parameters])
    segment = np.flatnonzero(np.any(np.diff(rows, axis=0, prepend=-1) != 0, axis=1))
    position = np.arange(len(rows)) - np.repeat(segment, np.diff(segment, append=len(rows)))
    first = np.flatnonzero(position % _core.BLOCK == 0)
    count = np.diff(first, append=len(rows))
    restless = np.logical_or.reduceat(cells.restless, first)
    table = np.column_stack([first, count, cells.population[first], restless, cells.parameters[first]])
    return table, np.searchsorted(first, cells.bank_start)
