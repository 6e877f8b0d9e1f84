"""Random pieces of networks: synapses with chip weights, neurons, delays, biases and input events."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import (
    Bias,
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    OneToOne,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
)
from neurodeploy.network.neurons import PerNeuron
from neurodeploy.precision import IntArray, SignMode, WeightFormat
from neurodeploy.spikes.events import Events

MAX_PAYLOAD = 8
LARGEST_PLANE = 48


@dataclass(frozen=True)
class Weights:
    """How the weights of a projection are drawn.

    Attributes:
        stored: sign mode, always 8 bits.
        exponent: −7 … 7; below zero every weight is a multiple of 2^−exponent.
        spread: standard deviation before rounding; mean: expected weight.
    """

    stored: WeightFormat
    exponent: int
    spread: float
    mean: float

    def draw(self, random: np.random.Generator, *shape: int) -> NDArray[np.int32]:
        """Weights of that shape on the chip's grid; about one in eight is zero."""
        values = random.normal(self.mean, self.spread, shape) * (random.random(shape) > 1 / 8)
        if self.stored.sign_mode is SignMode.EXCITATORY:
            values = np.abs(values)
        elif self.stored.sign_mode is SignMode.INHIBITORY:
            values = -np.abs(values)
        return self.stored.nearest(np.ldexp(values, self.exponent), self.exponent).astype(np.int32)

    def driving(self, random: np.random.Generator, *shape: int) -> NDArray[np.int32]:
        """The same without zeros and, unless inhibitory, without negative weights: each alone must drive a neuron."""
        grid = max(self.stored.step, 2 ** -min(self.exponent, 0))
        low, high = self.stored.range
        largest = (high or -low) // grid * grid
        sizes = np.clip(np.abs(self.draw(random, *shape)), grid, largest).astype(np.int32)
        return sizes if high else np.negative(sizes)


def random_weights(
    random: np.random.Generator, modes: tuple[float, float, float], exponents: tuple[int, int]
) -> Weights:
    """How one projection's weights are drawn.

    Args:
        random: source of randomness.
        modes: probabilities of mixed, excitatory and inhibitory weights.
        exponents: smallest and largest exponent, both inclusive.
    """
    mode = SignMode(int(random.choice([1, 2, 3], p=modes)))
    exponent = int(random.integers(exponents[0], exponents[1] + 1))
    spread = max(float(random.choice([20.0, 60.0, 150.0])), 1.5 * 2.0 ** -min(exponent, 0))
    return Weights(WeightFormat(mode), exponent, spread, spread * float(random.uniform(0, 1)))


def random_synapse(random: np.random.Generator, source: Shape, weights: Weights) -> Synapse:
    """Synapses of any kind that suits a source of that shape; the target takes the shape they give."""
    kinds = (
        ["dense", "sparse", "one-to-one"]
        if len(source) == 1
        else ["conv", "conv", "conv", "transposed", "transposed", "pool", "pool", "dense", "sparse", "one-to-one"]
    )
    kind = str(random.choice(kinds))
    if kind == "conv":
        return _convolution(random, source, weights)
    if kind == "transposed":
        return _transposed(random, source, weights)
    if kind == "pool":
        return _pool(random, source, weights)
    if kind == "one-to-one":
        return OneToOne(weights.driving(random, int(random.choice([1, prod(source)]))))
    return flat_synapse(random, kind, prod(source), int(random.integers(2, 33)), weights)


def flat_synapse(random: np.random.Generator, kind: str, sources: int, targets: int, weights: Weights) -> Synapse:
    """Dense or sparse synapses between populations of those sizes."""
    if kind == "dense":
        return Dense(weights.draw(random, targets, sources))
    pairs = random.choice(sources * targets, int(random.integers(1, sources * targets + 1)), replace=False)
    weight = weights.draw(random, len(pairs))
    if random.random() < 0.3:  # a second synapse beside the first of some pairs; their sum is in the format too
        half = np.sign(weight) * (np.abs(weight) // 4 * 2) * (weights.exponent >= 0)
        weight, pairs = np.concatenate((weight - half, half)), np.concatenate((pairs, pairs))
    return Sparse(weight, pairs % sources, pairs // sources, targets)


def random_neuron(random: np.random.Generator, neurons: int, overflowing: bool) -> CubaLif:
    """A neuron model in the ranges of loihi1 whose thresholds still have to be calibrated: they differ by factors."""
    slow = [1, int(random.integers(1, 65))]
    decays = slow if overflowing else [*slow, 1024, 4095, int(random.integers(1, 4096)), int(random.integers(1, 4096))]
    refractory = int(random.choice([1, 1, 1, 2, 3, int(random.integers(4, 16)), int(random.integers(1, 64))]))
    return CubaLif(
        current_decay=_spread_out(
            random, neurons, int(random.choice([*decays, 4096 if not overflowing else 1])), 1, 4096
        ),
        voltage_decay=_spread_out(random, neurons, int(random.choice([0, *decays])), 0, 4095),
        threshold_mantissa=_spread_out(random, neurons, 1024, 0, 131071),
        refractory_delay=_spread_out(random, neurons, refractory, 1, 63),
    )


def random_delay(random: np.random.Generator, neurons: int, longest: int) -> PerNeuron:
    """No delay, one delay for all, or one for each neuron."""
    top = int(random.choice([min(longest, 8), longest]))
    choice = random.random()
    if choice < 0.45 or longest == 0:
        return 0
    if choice < 0.75:
        return int(random.integers(0, top + 1))
    return random.integers(0, top + 1, neurons)


def random_bias(random: np.random.Generator, neurons: int, steps: int, size: float) -> Bias:
    """A bias of about `size` per step: one value, one per neuron, or one per neuron and step."""
    needed = max(0, int(np.ceil(np.log2(max(size, 1) / 1024))))
    exponent = min(7, int(random.integers(0, 3)) + needed)
    shape = [(), (neurons,), (steps + int(random.integers(0, 3)), neurons)][int(random.integers(0, 3))]
    values = random.normal(float(random.uniform(-0.5, 1)), 1, shape) * size / 2**exponent
    return Bias(np.clip(np.rint(values), -4095, 4095).astype(np.int64), exponent)


def random_events(random: np.random.Generator, neurons: int, steps: int) -> Events:
    """Input spikes at a random rate, one in five times graded, one in ten with neurons that spike twice a step."""
    rate = float(np.exp(random.uniform(np.log(0.02), np.log(0.5))))
    raster = (random.random((steps, neurons)) < rate).astype(np.int64)
    if random.random() < 0.2:
        raster *= random.integers(-MAX_PAYLOAD // 2, MAX_PAYLOAD + 1, raster.shape)
    events = Events.from_raster(raster)
    if len(events) == 0 or random.random() > 0.1:
        return events
    rows = np.concatenate((np.arange(len(events)), random.integers(0, len(events), 1 + len(events) // 4)))
    return Events(events.step[rows], events.neuron[rows], None if events.payload is None else events.payload[rows])


def _convolution(random: np.random.Generator, source: Shape, weights: Weights) -> Conv2d:
    groups = int(random.choice([g for g in (1, 1, 2, source[0]) if source[0] % g == 0]))
    channels = groups * int(random.integers(1, 4))
    kernel = [int(random.integers(1, min(n, 3) + 1)) for n in source[1:]]
    dilation = [
        int(random.integers(1, 3)) if k > 1 and (k - 1) * 2 + 1 <= n else 1
        for k, n in zip(kernel, source[1:], strict=True)
    ]
    stride, padding = random.integers(1, 3, 2), random.integers(0, 3, 2)
    conv = Conv2d(
        weights.draw(random, channels, source[0] // groups, *kernel),
        (int(stride[0]), int(stride[1])),
        (int(padding[0]), int(padding[1])),
        (dilation[0], dilation[1]),
        groups,
    )
    return (
        conv
        if prod(conv.output_shape(source)) <= LARGEST_PLANE
        else Conv2d(conv.weight[:groups], (2, 2), (0, 0), (1, 1), groups)
    )


def _transposed(random: np.random.Generator, source: Shape, weights: Weights) -> ConvTranspose2d:
    """A transposed convolution, one in three an unpooling; a small one where the planes would be too large."""
    kernel = random.integers(1, 3, 2).tolist()
    if random.random() < 0.35 and prod(kernel) * prod(source) <= LARGEST_PLANE:
        return ConvTranspose2d.unpooling(weights.driving(random, *kernel), source[0], (kernel[0], kernel[1]))
    groups = int(random.choice([g for g in (1, 1, 2, source[0]) if source[0] % g == 0]))
    kernel, stride, dilation, padding = (random.integers(1, high, 2).tolist() for high in (4, 4, 3, 3))
    more = [int(random.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True)]
    spans = [
        (n - 1) * s + d * (k - 1) + 1 + m
        for n, s, d, k, m in zip(source[1:], stride, dilation, kernel, more, strict=True)
    ]
    padding = [min(int(random.integers(0, p + 1)), (n - 1) // 2) for p, n in zip(padding, spans, strict=True)]
    channels = int(random.integers(1, 3))
    if groups * channels * prod(n - 2 * p for n, p in zip(spans, padding, strict=True)) > LARGEST_PLANE:
        kernel, stride, padding, more, dilation, channels = [2, 1], [1, 1], [0, 0], [0, 0], [1, 1], 1
    return ConvTranspose2d(
        weights.draw(random, source[0], channels, *kernel),
        (stride[0], stride[1]),
        (padding[0], padding[1]),
        (more[0], more[1]),
        (dilation[0], dilation[1]),
        groups,
    )


def _pool(random: np.random.Generator, source: Shape, weights: Weights) -> SumPool2d:
    kernel = [int(random.integers(1, min(n, 3) + 1)) for n in source[1:]]
    padding = random.integers(0, 2, 4).tolist()
    return SumPool2d(
        weights.driving(random, *kernel), (kernel[0], kernel[1]), (padding[0], padding[1], padding[2], padding[3])
    )


def _spread_out(random: np.random.Generator, neurons: int, value: int, low: int, high: int) -> PerNeuron:
    """The value for all, or for each neuron one of a few around it, or any around it."""
    choice = random.random()
    if choice < 0.7:
        return value
    count = int(random.integers(2, 5)) if choice < 0.95 else neurons
    palette = np.clip(np.rint(value * random.uniform(0.5, 2, count)), low, high).astype(np.int64)
    values: IntArray = palette[random.integers(0, count, neurons)]
    return values
