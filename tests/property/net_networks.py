"""Random chains of layers that a `.net` file can hold."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from neurodeploy.network import (
    Bias,
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    Network,
    Population,
    Projection,
    Shape,
    SumPool2d,
    Synapse,
)
from neurodeploy.network.neurons import PerNeuron
from tests.property.calibration import calibrated
from tests.property.networks import Case
from tests.property.random_parts import random_events

MAX_DELAY = 62


def net_case(seed: int, delays: bool = True, plain: bool = False, steps: int = 100) -> Case:
    """A case of up to three layers of planes and up to two dense ones, each with a random input.

    Args:
        seed: everything follows from it.
        delays: whether axonal delays 0 … 62 are drawn, one per channel or per neuron of a line.
        plain: without refractory delays and exponents, which Lava and netx do not have.
        steps: length of the run; long enough for the delays to pass.
    """
    random = np.random.default_rng([seed, 4])
    shape = (int(random.integers(1, 3)), int(random.integers(4, 8)), int(random.integers(4, 8)))
    populations = [Population("input", shape=shape)]
    projections: list[Projection] = []
    planes = int(random.integers(0, 3))
    for number in range(planes + int(random.integers(0 if planes else 1, 3))):
        source = populations[-1]
        synapse = _synapse(random, source.shape or (), number < planes)
        name = f"layer{number}"
        target = _population(random, name, synapse.output_shape(source.shape or ()), plain)
        recurrent = isinstance(synapse, Dense) and random.random() < 0.2
        if delays and not recurrent:
            target = replace(target, axonal_delay=_delay(random, target.shape or ()))
        exponent = 0 if plain else int(random.choice([-1, 0, 0, 0, 1, 3]))
        projections.append(Projection(source.name, name, synapse, exponent))
        if recurrent:
            weights = 2 * random.integers(-8, 9, (target.neurons, target.neurons))
            projections.append(Projection(name, name, Dense(weights), exponent))
        populations.append(target)
    network = Network(tuple(populations), tuple(projections), steps=steps)
    events = random_events(random, network.input.neurons, steps)
    return Case(seed, calibrated(network, events, steps, random), events, steps)


def _synapse(random: np.random.Generator, source: Shape, planes: bool) -> Synapse:
    """Even weights, so that the 8 bits of both signs hold them."""
    if not planes:
        return Dense(_weights(random, (int(random.integers(1, 12)), prod(source))))
    choice = random.random()
    if choice < 0.25:
        return _transposed(random, source)
    if choice < 0.45:
        kernel = int(random.integers(1, min(3, *(n + 1 for n in source[1:]))))
        rest = [n % kernel for n in source[1:]]
        padding = (0, rest[0], 0, rest[1]) if random.random() < 0.5 else (0, 0, 0, 0)
        return SumPool2d(np.full((kernel, kernel), 28), (kernel, kernel), padding)
    groups = source[0] if random.random() < 0.3 else 1
    height, width = (int(random.integers(1, min(n, 4) + 1)) for n in source[1:])
    stride, padding_ = (tuple(int(n) for n in random.integers(low, low + 2, 2)) for low in (1, 0))
    weight = _weights(random, (groups * int(random.integers(1, 3)), source[0] // groups, height, width))
    return Conv2d(weight, (stride[0], stride[1]), (padding_[0], padding_[1]), (1, 1), groups)


def _transposed(random: np.random.Generator, source: Shape) -> ConvTranspose2d:
    """A transposed convolution, with output padding or without, or an unpooling."""
    if random.random() < 0.3:
        height, width = random.integers(1, 3, 2).tolist()
        return ConvTranspose2d.unpooling(np.full((height, width), 28), source[0], (height, width))
    groups = source[0] if random.random() < 0.3 else 1
    weight = _weights(random, (source[0], int(random.integers(1, 3)), *random.integers(1, 4, 2).tolist()))
    stride, dilation, padding = (random.integers(low, low + 2, 2).tolist() for low in (1, 1, 0))
    more = [int(random.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True)]
    return ConvTranspose2d(
        weight, (stride[0], stride[1]), (padding[0], padding[1]), (more[0], more[1]), (dilation[0], dilation[1]), groups
    )


def _weights(random: np.random.Generator, shape: Shape) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    weights = 2 * random.integers(-60, 61, shape)
    weights.flat[0] = 2  # all zero would be no layer
    return weights


def _population(random: np.random.Generator, name: str, shape: Shape, plain: bool) -> Population:
    current: PerNeuron = int(random.integers(1, 4097))
    if random.random() < 0.3:
        current = _by_channel(random.integers(1, 4097, shape[0]), shape)
    hold = 1 if plain else int(random.choice([1, 1, 3]))
    neuron = CubaLif(current, int(random.integers(0, 2049)), int(random.integers(1, 200)), hold)
    bias = None
    if random.random() < 0.3:
        bias = Bias(np.asarray(_by_channel(random.integers(-20, 21, shape[0]), shape)), 6)
    return Population(name, neuron, shape, bias)


def _delay(random: np.random.Generator, shape: Shape) -> PerNeuron:
    if random.random() < 0.3:
        return int(random.integers(0, MAX_DELAY + 1))
    delays = random.integers(0, MAX_DELAY + 1, shape[0])
    delays[0] = random.choice([0, MAX_DELAY])
    return _by_channel(delays, shape)


def _by_channel(values: np.ndarray[tuple[int, ...], np.dtype[np.int64]], shape: Shape) -> PerNeuron:
    return np.repeat(values, prod(shape[1:]))
