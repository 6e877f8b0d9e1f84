"""Compartments as the C core updates them: blocks of neighbours with one configuration."""

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
    """The compartments of all cores, then the input's own neurons, which the host runs as one more bank.

    Attributes:
        bank_start: (banks + 1,).
        population, neuron: (compartments,).
        parameters: what the decays leave of u and of v (of 4096), θ, refractory delay; (compartments, 4).
        bias: what is added to v in every step, (compartments,).
        has_bias: whether anything is, in any step, (compartments,).
    """

    bank_start: IntArray
    population: IntArray
    neuron: IntArray
    parameters: IntArray
    bias: IntArray
    has_bias: NDArray[np.bool_]


def compartments(cores: Cores, network: Network) -> Compartments:
    """The compartments of a checked program."""
    core = owners(cores.compartment_start)
    rows = cores.neuron_rows[joint_row(cores.neuron_row_start, core, cores.neuron_row)]
    threshold = cores.thresholds[joint_row(cores.threshold_start, core, cores.threshold_row)]
    columns = [np.asarray(column, np.int64) for column in (rows[:, 0], rows[:, 1], threshold, rows[:, 2])]
    bank_start, population, neuron = (
        np.asarray(column, np.int64) for column in (cores.compartment_start, cores.population, cores.neuron)
    )
    if network.input.neuron is not None:
        neurons = network.input.neurons
        own = [np.broadcast_to(value, (neurons,)) for value in network.input.neuron.parameters().values()]
        columns = [np.concatenate(pair) for pair in zip(columns, own, strict=True)]
        bank_start = np.append(bank_start, bank_start[-1] + neurons)
        population = np.append(population, np.zeros(neurons, np.int64))
        neuron = np.append(neuron, np.arange(neurons))
    current_decay, voltage_decay, threshold, refractory = columns
    parameters = np.stack([DECAY_ONE - current_decay, DECAY_ONE - voltage_decay, threshold * 64, refractory], axis=1)
    bias, has_bias = _biases(network, population, neuron)
    return Compartments(bank_start, population, neuron, parameters, bias, has_bias)


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
    """The compartments cut into blocks that share bank, population and parameters.

    Returns:
        (blocks, 8), the columns of `nd_block` in core.h; blocks of each bank, (banks + 1,).
    """
    rows = np.column_stack([owners(cells.bank_start), cells.population, cells.parameters])
    segment = np.flatnonzero(np.any(np.diff(rows, axis=0, prepend=-1) != 0, axis=1))
    position = np.arange(len(rows)) - np.repeat(segment, np.diff(segment, append=len(rows)))
    first = np.flatnonzero(position % _core.BLOCK == 0)
    count = np.diff(first, append=len(rows))
    table = np.column_stack([first, count, rows[first, 1:], np.logical_or.reduceat(cells.has_bias, first)])
    return table, np.searchsorted(first, cells.bank_start)
