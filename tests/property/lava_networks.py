"""Random networks with what Lava has: the same generator, its draws restricted afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Options
from neurodeploy.network import Bias, CubaLif, Network, Population
from neurodeploy.network.neurons import PerNeuron
from tests.property.calibration import calibrated
from tests.property.networks import Case, random_case

#: Between the seeds of the first and the second draw of a network.
_SECOND = 10**6


def lava_case(seed: int) -> Case:
    """The random case of a seed, without what Lava cannot do.

    No neuron holds (refractory delay 1), a bias is that of the first step in all of them, and resets begin in the
    first interval. Thresholds are calibrated anew; where the last layer still stays silent or saturates, because of a
    bias that does not change, the network is drawn a second time.
    """
    case = _drawn(seed, seed)
    return case if _fires(case) else _drawn(seed, seed + _SECOND)


def _drawn(seed: int, draw: int) -> Case:
    case = random_case(draw)
    reset = case.network.reset
    if reset is not None:
        deepest = max(case.network.depths().values())
        reset = replace(reset, offset=min(reset.offset, max(reset.interval - deepest, 0)))
    populations = tuple(_restricted(p) for p in case.network.populations)
    network = Network(populations, case.network.projections, case.network.timestep_ms, case.network.steps, reset)
    random = np.random.default_rng([draw, 1])
    return replace(case, seed=seed, network=calibrated(network, case.events, case.steps, random))


def _fires(case: Case) -> bool:
    chunk = Reference(case.network, Options("lava-0.10")).advance(case.events, case.steps)
    return 0.01 <= len(chunk.spikes[-1].step) / (case.network.output.neurons * case.steps) <= 0.6


def _restricted(population: Population) -> Population:
    neuron, bias = population.neuron, population.bias
    if not isinstance(neuron, CubaLif):
        return population
    delay: PerNeuron = 1
    if bias is not None and bias.steps is not None:
        bias = Bias(np.array(bias.mantissa[0]), bias.exponent)
    return replace(population, neuron=replace(neuron, refractory_delay=delay), bias=bias)
