"""The synapses of a projection as one list, whatever their kind: what the compiler maps."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.synapses import (
    Conv2d,
    Dense,
    OneToOne,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
    Weights,
    checked_weights,
)


@dataclass(frozen=True, eq=False)
class Connections:
    """One row per synapse, sorted by nothing in particular; no two rows join the same two neurons.

    Args:
        source, target: neuron numbers, int32 (synapses,).
        weight: (synapses,).
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    weight: Weights


def connections(synapse: Synapse, source: Shape) -> Connections:
    """Every synapse between a source population of shape `source` and its target."""
    if isinstance(synapse, Dense):
        targets, sources = synapse.weight.shape
        target, origin = np.divmod(np.arange(targets * sources, dtype=np.int64), sources)
        return _listed(origin, target, synapse.weight.reshape(-1))
    if isinstance(synapse, OneToOne):
        index = np.arange(prod(source))
        return _listed(index, index, np.broadcast_to(synapse.weight, index.shape))
    if isinstance(synapse, Sparse):
        return joined(synapse)
    if isinstance(synapse, SumPool2d):
        return _windows(
            _pool_as_groups(synapse, source[0]),
            source,
            synapse.padding[0],
            synapse.padding[2],
            synapse.output_shape(source),
        )
    return _windows(synapse, source, *synapse.padding, synapse.output_shape(source))


def synapse_count(synapse: Synapse, source: Shape) -> int:
    """Number of synapses whose weight is not zero, without listing them."""
    if isinstance(synapse, OneToOne):
        return int(np.count_nonzero(np.broadcast_to(synapse.weight, (prod(source),))))
    if isinstance(synapse, (Dense, Sparse)):
        return int(np.count_nonzero(synapse.weight))
    if isinstance(synapse, SumPool2d):
        conv, top, left = _pool_as_groups(synapse, source[0]), synapse.padding[0], synapse.padding[2]
    else:
        conv, (top, left) = synapse, synapse.padding
    out = synapse.output_shape(source)
    taps_y, taps_x = (
        [
            len(_aligned(out[axis], source[axis], conv.stride[axis - 1], tap * conv.dilation[axis - 1] - shift)[0])
            for tap in range(size)
        ]
        for axis, size, shift in ((1, conv.weight.shape[2], top), (2, conv.weight.shape[3], left))
    )
    per_tap = np.count_nonzero(conv.weight, axis=(0, 1))
    return int(np.array(taps_y) @ per_tap @ np.array(taps_x))


def _pool_as_groups(pool: SumPool2d, channels: int) -> Conv2d:
    kernel = np.broadcast_to(pool.weight, (channels, 1, *pool.weight.shape))
    return Conv2d(_typed(kernel), pool.stride, groups=channels)


def _windows(conv: Conv2d, source: Shape, top: int, left: int, out: Shape) -> Connections:
    """Every pair (input pixel, output pixel) of each kernel tap, for all channels that meet there."""
    _, height, width = source
    channels_out, channels_in, kernel_h, kernel_w = conv.weight.shape
    per_group = channels_out // conv.groups
    out_channel = np.arange(channels_out)[:, None]
    in_channel = out_channel // per_group * channels_in + np.arange(channels_in)[None, :]
    rows: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]] = []
    for tap_y in range(kernel_h):
        out_y, in_y = _aligned(out[1], height, conv.stride[0], tap_y * conv.dilation[0] - top)
        for tap_x in range(kernel_w):
            out_x, in_x = _aligned(out[2], width, conv.stride[1], tap_x * conv.dilation[1] - left)
            pixel_in = (in_y[:, None] * width + in_x[None, :]).reshape(-1)
            pixel_out = (out_y[:, None] * out[2] + out_x[None, :]).reshape(-1)
            origin = (in_channel * (height * width))[:, :, None] + pixel_in
            target = (out_channel * (out[1] * out[2]))[:, :, None] + pixel_out
            weight = np.broadcast_to(conv.weight[:, :, tap_y, tap_x, None], origin.shape)
            rows.append((origin.reshape(-1), np.broadcast_to(target, origin.shape).reshape(-1), weight.reshape(-1)))
    return _listed(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def _aligned(outputs: int, inputs: int, stride: int, shift: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Output positions and the input positions they read through one tap, borders left out."""
    out = np.arange(outputs)
    position = out * stride + shift
    inside = (position >= 0) & (position < inputs)
    return out[inside], position[inside]


def joined(synapse: Sparse) -> Connections:
    """The listed synapses, parallel ones added up; raises NetworkError when a sum leaves 32 bits."""
    key = synapse.source * synapse.targets + synapse.target
    pairs, row = np.unique(key, return_inverse=True)
    weight = np.zeros(len(pairs), np.int64 if synapse.weight.dtype.kind == "i" else np.float64)
    np.add.at(weight, row, synapse.weight)
    return _listed(pairs // synapse.targets, pairs % synapse.targets, checked_weights(weight, 1, "(synapses,)"))


def _listed(source: NDArray[np.int64], target: NDArray[np.int64], weight: NDArray[Any]) -> Connections:
    return Connections(source.astype(np.int32), target.astype(np.int32), _typed(weight))


def _typed(weight: NDArray[Any]) -> Weights:
    return weight.astype(np.int32) if weight.dtype.kind == "i" else weight.astype(np.float64)
