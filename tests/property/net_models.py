"""Networks of the neuron models beside CUBA LIF that a `.net` file can hold, each with its input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.network import (
    Alif,
    Bias,
    CubaLif,
    Delta,
    Dense,
    Network,
    Neuron,
    OneToOne,
    Population,
    Projection,
    ResonateFire,
    Sigma,
    SigmaDelta,
)
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events
from tests.property.networks import Case

INPUTS = 8
STEPS = 40


def model_chains() -> dict[str, Case]:
    """One case for each of ALIF, RF_PHASE and RF_IZHIKEVICH, with complex weights, by name; input are spikes."""
    alif = Alif(1024, np.array([128, 200, 300, 64, 500, 0]), 60, 256, 512, 20)
    phase = ResonateFire(1200, np.array([3800, 3700, 3750, 3650, 3600, 3790]), 20)
    izhikevich = ResonateFire(900, 3900, 70, True)
    return {
        "ALIF": _chain(1, alif, CubaLif(1024, 200, 60), bias=Bias(np.arange(6) - 2, 6)),
        "RF_PHASE": _chain(2, phase, CubaLif(1024, 200, 60), imaginary=True),
        "RF_IZHIKEVICH": _chain(3, izhikevich, alif, imaginary=True),
    }


def sigma_delta_chain() -> tuple[Network, IntArray]:
    """Delta encoders as input, two sigma-delta layers and a sigma read-out; what drives the input, (steps, inputs)."""
    random = np.random.default_rng(4)
    network = _network(
        random,
        Population("input", Delta(2), (INPUTS,)),
        [
            Population(
                "fc1", SigmaDelta(5), (6,), Bias(np.arange(6) * 3 - 4), axonal_delay=np.array([0, 3, 1, 0, 9, 2])
            ),
            Population("fc2", SigmaDelta(np.array([3, 0, 9, 4, 1]), activation="identity"), (5,)),
            Population("fc3", Sigma(), (4,)),
        ],
    )
    image = np.cumsum(random.integers(-6, 7, (STEPS, INPUTS)), axis=0) + 20
    return network, image


def encoded(network: Network, image: IntArray) -> Case:
    """A network whose input encodes a drive given step by step, with the drive as graded spikes of one more population.

    Lava's encoders take what a source sends, and no bias.
    """
    encoder = replace(network.input, name="encoder", bias=None)
    source = Population("input", None, encoder.shape)
    ways = (replace(p, source="encoder") if p.source == "input" else p for p in network.projections)
    first = Projection("input", "encoder", OneToOne(np.ones(1, np.int32)))
    whole = Network((source, encoder, *network.populations[1:]), (first, *ways), steps=len(image))
    return Case(4, whole, Events.from_raster(image), len(image))


def _chain(seed: int, hidden: Neuron, last: Neuron, imaginary: bool = False, bias: Bias | None = None) -> Case:
    random = np.random.default_rng(seed)
    layers = [
        Population("fc1", hidden, (6,), bias, axonal_delay=random.integers(0, 5, 6)),
        Population("fc2", last, (6,), axonal_delay=2),
    ]
    network = _network(random, Population("input", None, (INPUTS,)), layers, "fc1" if imaginary else "")
    raster = (random.random((STEPS, INPUTS)) < 0.3).astype(np.int64)
    return Case(seed, network, Events.from_raster(raster), STEPS)


def _network(
    random: np.random.Generator, first: Population, layers: list[Population], complex_layer: str = ""
) -> Network:
    populations = [first, *layers]
    projections = []
    for source, target in zip(populations, layers, strict=False):
        for imaginary in (False, True)[: 1 + (target.name == complex_layer)]:
            weights = Dense(2 * random.integers(-20, 30, (target.neurons, source.neurons)))
            projections.append(Projection(source.name, target.name, weights, imaginary=imaginary))
    return Network(tuple(populations), tuple(projections), steps=STEPS)
