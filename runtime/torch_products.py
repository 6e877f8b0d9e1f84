"""What the projections of the float network do to arriving spikes, as torch's own dense and convolution kernels.

Weights are rounded to multiples of a power of two so small that every sum of them is exact in float64. A sum then does
not depend on the order in which a kernel adds, and a recording has the same bits alone and among others.
"""

from __future__ import annotations

from collections.abc import Callable
from math import frexp

import torch
from torch import Tensor

from neurodeploy.network import (
    Conv2d,
    ConvTranspose2d,
    Dense,
    Network,
    OneToOne,
    Projection,
    Sparse,
    SumPool2d,
)

#: From arriving spikes (lanes, sources) to accumulated weights (lanes, targets).
Product = Callable[[Tensor], Tensor]

#: Bits of the significand of float64, and those kept free for payloads and for several events of a neuron in one step.
_FLOAT_BITS, _EVENT_BITS = 53, 8


def product(network: Network, projection: Projection) -> Product:
    """The projection as a function of spikes, with weights whose sums are exact.

    Integers, and float32 weights down to 2^-21 of the largest sum that a neuron can get, stay as they are. Beyond 256
    times that sum, which payloads alone can reach, sums are rounded as usual.

    Args:
        network: of which it is one.
        projection: with the weights of the training's forward pass.
    """
    weight = torch.tensor(projection.trained_weights())
    everyone = torch.ones(1, network.population(projection.source).neurons, dtype=torch.float64)
    most = float(_product(network, projection, weight.abs())(everyone).max())
    step = 2.0 ** (frexp(most)[1] + _EVENT_BITS - _FLOAT_BITS)
    return _product(network, projection, torch.round(weight / step) * step)


def room(network: Network, projection: Projection) -> int:
    """Values that a product holds for one recording while it is computed."""
    synapse, ends = projection.synapse, (projection.source, projection.target)
    sources, targets = (network.population(name).neurons for name in ends)
    held = sources + targets
    if isinstance(synapse, Sparse):
        return held + len(synapse.source)
    # torch lays out what every window sees, or gives
    if isinstance(synapse, Conv2d):
        filters, channels, height, width = (int(n) for n in synapse.weight.shape)
        return held + height * width * channels * synapse.groups * (targets // filters)
    if isinstance(synapse, ConvTranspose2d):
        channels, filters, height, width = (int(n) for n in synapse.weight.shape)
        return held + height * width * filters * synapse.groups * (sources // channels)
    return held


def _product(network: Network, projection: Projection, weight: Tensor) -> Product:
    """The projection with these weights."""
    synapse = projection.synapse
    shape = network.population(projection.source).shape or ()
    if isinstance(synapse, Dense):
        return lambda s: torch.nn.functional.linear(s, weight)
    if isinstance(synapse, OneToOne):
        return lambda s: weight * s
    if isinstance(synapse, Sparse):
        source, target = torch.tensor(synapse.source), torch.tensor(synapse.target)
        return lambda s: torch.zeros(len(s), synapse.targets, dtype=torch.float64).index_add_(
            1, target, weight * s[:, source]
        )
    if isinstance(synapse, SumPool2d):
        kernel = weight.expand(shape[0], 1, -1, -1)
        top, bottom, left, right = synapse.padding
        return lambda s: torch.conv2d(
            torch.nn.functional.pad(s.reshape(-1, *shape), (left, right, top, bottom)),
            kernel,
            stride=list(synapse.stride),
            groups=shape[0],
        ).flatten(1)
    if isinstance(synapse, ConvTranspose2d):
        return _transposed(synapse, weight, shape)
    return _convolution(synapse, weight, shape)


def _convolution(synapse: Conv2d, weight: Tensor, shape: tuple[int, ...]) -> Product:
    return lambda s: torch.conv2d(
        s.reshape(-1, *shape),
        weight,
        None,
        list(synapse.stride),
        list(synapse.padding),
        list(synapse.dilation),
        synapse.groups,
    ).flatten(1)


def _transposed(synapse: ConvTranspose2d, weight: Tensor, shape: tuple[int, ...]) -> Product:
    return lambda s: torch.conv_transpose2d(
        s.reshape(-1, *shape),
        weight,
        None,
        list(synapse.stride),
        list(synapse.padding),
        list(synapse.output_padding),
        synapse.groups,
        list(synapse.dilation),
    ).flatten(1)
