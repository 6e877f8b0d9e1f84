"""Networks of any size for the benchmarks, and programs of them without a mapping."""

from __future__ import annotations

import numpy as np

from neurodeploy.compiler import flat
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.quantize import quantize
from neurodeploy.network import Conv2d, CubaLif, Dense, Network, Population, Projection, SumPool2d
from neurodeploy.precision import WeightFormat
from neurodeploy.spikes.events import Events

NEURON = CubaLif(1024, 128, 800)
#: Channels in and out, kernel and stride of the layers of `deep`.
DEEP = ((2, 8, 5, 1), (8, 16, 3, 2), (16, 16, 3, 1), (16, 56, 3, 2))


def deep(scale: float) -> Network:
    """Four convolutions, a pool and a read-out: about a million neurons and a hundred million synapses at scale 1."""
    random = np.random.default_rng(0)
    side = max(8 * round(30 * scale**0.5), 16)
    populations, projections = [Population("input", None, (2, side, side))], []
    for number, (inputs, outputs, size, stride) in enumerate(DEEP, 1):
        weight = 2 * random.integers(-60, 61, (outputs, inputs, size, size), np.int32)
        conv = Conv2d(weight, (stride, stride), (size // 2, size // 2))
        populations.append(Population(f"conv{number}", NEURON, conv.output_shape(populations[-1].shape or ())))
        projections.append(Projection(populations[-2].name, f"conv{number}", conv, 0, WeightFormat()))
    pool = SumPool2d(np.full((8, 8), 8, np.int32), (8, 8), (0, -side // 4 % 8, 0, -side // 4 % 8))
    populations.append(Population("pool", NEURON, pool.output_shape(populations[-1].shape or ())))
    projections.append(Projection("conv4", "pool", pool, 0, WeightFormat()))
    weight = 2 * random.integers(-60, 61, (10, populations[-1].neurons), np.int32)
    populations.append(Population("out", NEURON, (10,)))
    projections.append(Projection("pool", "out", Dense(weight), 0, WeightFormat()))
    return Network(tuple(populations), tuple(projections))


def wide(neurons: int, kernel: int, threshold: int) -> Network:
    """One convolution of 8 channels over 2: about so many neurons with a fan-in of 2 · kernel²."""
    side = max(round((neurons / 8) ** 0.5), kernel)
    weight = 2 * np.random.default_rng(0).integers(-60, 61, (8, 2, kernel, kernel), np.int32)
    conv = Conv2d(weight, padding=(kernel // 2, kernel // 2))
    populations = (Population("input", None, (2, side, side)), Population("out", CubaLif(1024, 128, threshold)))
    return Network(populations, (Projection("input", "out", conv, 0, WeightFormat()),))


def random_events(network: Network, activity: float, steps: int, seed: int = 0) -> Events:
    """Every input neuron fires with this probability in every step."""
    random, neurons = np.random.default_rng(seed), network.input.neurons
    count = random.binomial(neurons, activity, steps)
    neuron = [np.sort(random.choice(neurons, n, replace=False)) for n in count]
    return Events(np.repeat(np.arange(steps), count), np.concatenate([np.zeros(0, np.int64), *neuron]))


def flat_program(network: Network) -> Program:
    """The network without a mapping, quantized first; see `neurodeploy.compiler.flat`."""
    return flat.flat_program(quantize(network)[0])
