"""Thresholds under which a random network fires now and then: layer after layer, many candidates at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.emulator.cells.arithmetic import decay
from neurodeploy.emulator.reference import Reference
from neurodeploy.network import CubaLif, Network, Population
from neurodeploy.precision import VOLTAGE_LIMIT, IntArray
from neurodeploy.spikes.events import Events

#: Firing rates aimed at, in spikes per neuron and step; drawn evenly in their logarithm.
RATES = (0.03, 0.35)
#: Factors on the drawn thresholds, from below one half to above the largest mantissa.
SCALES = 2.0 ** np.linspace(-12, 8, 41)
LARGEST_THRESHOLD = 2**17 - 1


def calibrated(network: Network, events: Events, steps: int, random: np.random.Generator) -> Network:
    """The network with each population's thresholds scaled to a random firing rate, as far as they can reach it.

    u does not depend on a population's own threshold unless its spikes come back to it; such populations are
    fitted twice.
    """
    for number in range(0 if network.input.neuron else 1, len(network.populations)):
        wanted = float(np.exp(random.uniform(*np.log(RATES))))
        for _ in range(1 + _returns(network, number)):
            network = _fitted(network, events, steps, number, wanted)
    return network


def _returns(network: Network, number: int) -> bool:
    """Whether the population is driven by itself or by a later one."""
    ways = network.into(network.populations[number].name)
    return any(network.index(p.source) >= number for p in ways)


def _fitted(network: Network, events: Events, steps: int, number: int, wanted: float) -> Network:
    current = Reference(network).advance(events, steps, (number,)).states[number].u
    population = network.populations[number]
    thresholds = np.stack([_scaled(population, scale) for scale in SCALES])
    rates = _firing_rates(network, number, current, thresholds)
    best = int(np.argmin(np.abs(np.log(np.maximum(rates, 1e-6) / wanted))))
    return _with_thresholds(network, number, SCALES[best])


def _firing_rates(network: Network, number: int, current: IntArray, thresholds: IntArray) -> IntArray:
    """Spikes per neuron and step for every candidate row of `thresholds`, (candidates, neurons), under a given u."""
    population, depth = network.populations[number], network.depths()[network.populations[number].name]
    neuron = population.neuron
    assert isinstance(neuron, CubaLif)
    v, held, spikes = np.zeros_like(thresholds), np.zeros_like(thresholds), np.zeros(len(thresholds), np.int64)
    for step, u in enumerate(current):
        if network.reset is not None and network.reset.due(step, depth):
            v[:], held[:] = 0, 0
        held = np.maximum(held - 1, 0)
        bias = population.bias.value(step) if population.bias else np.int64(0)
        v = np.clip(decay(v, np.asarray(neuron.voltage_decay)) + u + bias, -VOLTAGE_LIMIT, VOLTAGE_LIMIT)
        fired = (held == 0) & (v > thresholds * 64)
        v[fired | (held > 0)] = 0
        held = np.where(fired, neuron.refractory_delay, held)
        spikes += np.count_nonzero(fired, axis=1)
    rates: IntArray = spikes / thresholds.shape[1] / len(current)
    return rates


def _scaled(population: Population, scale: float) -> IntArray:
    assert isinstance(population.neuron, CubaLif)
    mantissa = np.broadcast_to(np.asarray(population.neuron.threshold_mantissa), population.neurons)
    return np.clip(np.rint(mantissa * scale), 0, LARGEST_THRESHOLD).astype(np.int64)


def _with_thresholds(network: Network, number: int, scale: float) -> Network:
    population = network.populations[number]
    assert isinstance(population.neuron, CubaLif)
    mantissa = _scaled(population, scale)
    one_for_all = isinstance(population.neuron.threshold_mantissa, int)
    neuron = replace(population.neuron, threshold_mantissa=int(mantissa[0]) if one_for_all else mantissa)
    populations = list(network.populations)
    populations[number] = replace(population, neuron=neuron)
    return replace(network, populations=tuple(populations))
