"""What a random case exercises, measured on its reference run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from neurodeploy.emulator.simulation import Chunk, Counters, State
from neurodeploy.network import ConvTranspose2d, CubaLif, Network, Population
from neurodeploy.precision import DECAY_ONE, VOLTAGE_LIMIT, IntArray
from tests.property.networks import Case

#: Least share of all cases in which each feature occurs.
REQUIRED = {
    "last layer fires 1 to 60 %": 0.80,
    "u wraps": 0.02,
    "v clips": 0.02,
    "refractory hold": 0.02,
    "delay above 8": 0.02,
    "negative exponent": 0.02,
    "decay of negative u": 0.02,
    "decay of negative v": 0.02,
    "bias": 0.02,
    "transposed convolution": 0.02,
    "unpooling": 0.01,
}


def features(case: Case, chunk: Chunk, counters: Counters) -> set[str]:
    """The features that occur in a case, by the names of `REQUIRED`.

    Args:
        case: the case.
        chunk, counters: its run by the reference, with the states of every population.
    """
    network = case.network
    found = set(_of_network(network, chunk, case.steps)) | set(_of_counters(counters))
    rate = len(chunk.spikes[-1].step) / (network.output.neurons * case.steps)
    if 0.01 <= rate <= 0.6:
        found.add("last layer fires 1 to 60 %")
    for number, population in enumerate(network.populations):
        if population.neuron is not None:
            found |= set(_of_states(network, number, chunk))
    return found


def table(found: Iterable[set[str]]) -> str:
    """One line per feature: its share of the cases, and what is required."""
    sets = list(found)
    counts = Counter(feature for features_of_case in sets for feature in features_of_case)
    lines = [f"{name:<28}{counts[name] / len(sets):>7.1%}   required {least:>4.0%}" for name, least in REQUIRED.items()]
    return "\n".join((f"coverage of {len(sets)} random networks", *lines))


def missing(found: Iterable[set[str]]) -> list[str]:
    """The features that occur in fewer cases than required."""
    sets = list(found)
    return [name for name, least in REQUIRED.items() if sum(name in s for s in sets) < least * len(sets)]


def _of_counters(counters: Counters) -> Iterable[str]:
    if counters.current_wraps.any():
        yield "u wraps"
    if counters.voltage_clips.any():
        yield "v clips"


def _of_network(network: Network, chunk: Chunk, steps: int) -> Iterable[str]:
    """Features that need a spike to be delivered, or a bias that is not zero."""
    for number, population in enumerate(network.populations):
        spikes = chunk.spikes[number]
        arrival = spikes.step + population.delays()[spikes.neuron] + (population.neuron is not None)
        delivered = arrival < steps
        ways = [p for p in network.projections if p.source == population.name]
        if ways and np.any(delivered & (population.delays()[spikes.neuron] > 8)):
            yield "delay above 8"
        if np.any(delivered) and any(p.weight_exponent < 0 for p in ways):
            yield "negative exponent"
        for way in ways if np.any(delivered) else []:
            if isinstance(way.synapse, ConvTranspose2d):
                yield "transposed convolution" if way.synapse.learned else "unpooling"
        if population.bias is not None and population.bias.mantissa.any():
            yield "bias"


def _of_states(network: Network, number: int, chunk: Chunk) -> Iterable[str]:
    """Features seen in u and v: a decay counts where truncation and floor differ, a hold where v would have crossed."""
    population, state = network.populations[number], chunk.states[number]
    neuron = population.neuron
    assert isinstance(neuron, CubaLif)
    if _truncates(state.u[:-1], np.asarray(neuron.current_decay)):
        yield "decay of negative u"
    if _truncates(state.v[:-1], np.asarray(neuron.voltage_decay)):
        yield "decay of negative v"
    if _holds(network, population, state, _fired(chunk, number)):
        yield "refractory hold"


def _truncates(value: IntArray, decay: IntArray) -> bool:
    return bool(np.any((value < 0) & (np.abs(value) * (DECAY_ONE - decay) % DECAY_ONE != 0)))


def _fired(chunk: Chunk, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    fired = np.zeros(chunk.states[number].u.shape, np.bool_)
    fired[chunk.spikes[number].step, chunk.spikes[number].neuron] = True
    return fired


def _holds(
    network: Network, population: Population, state: State, fired: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> bool:
    """Whether a neuron was held in a step in which u and bias alone, v being 0, lie above its threshold."""
    assert isinstance(population.neuron, CubaLif)
    depth = network.depths()[population.name]
    threshold = np.asarray(population.neuron.threshold_mantissa) * 64
    counter = np.zeros(population.neurons, np.int64)
    for step, u in enumerate(state.u):
        if network.reset is not None and network.reset.due(step, depth):
            counter[:] = 0
        counter = np.maximum(counter - 1, 0)
        bias = population.bias.value(step) if population.bias else np.int64(0)
        if np.any((counter > 0) & (np.minimum(u + bias, VOLTAGE_LIMIT) > threshold)):
            return True
        counter = np.where(fired[step], population.neuron.refractory_delay, counter)
    return False
