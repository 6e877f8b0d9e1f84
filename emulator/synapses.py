"""Synapses as the reference emulator evaluates them, straight from the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import (
    ConvTranspose2d,
    Dense,
    Network,
    OneToOne,
    Projection,
    Shape,
    SumPool2d,
    Synapse,
    Windowed,
)
from neurodeploy.precision import IntArray


class Deliverer:
    """Turns the spikes that reach a projection in one step into q of its targets."""

    def __init__(self, network: Network, projection: Projection, profile: str) -> None:
        self.source = network.index(projection.source)
        self.target = network.index(projection.target)
        self.imaginary = projection.imaginary
        self._shape = network.population(projection.source).shape or ()
        self._synapse = projection.synapse
        self._weight = projection.synapse.weight.astype(np.int64)
        self._shift = projection.weight_exponent
        if self._shift < 0 and profile == "loihi":  # the chip floors every synapse, Lava the sum of a projection
            self._weight, self._shift = self._weight >> -self._shift, 0

    def __call__(self, spikes: list[tuple[IntArray, IntArray]]) -> IntArray:
        """Q of every target, (neurons,), from the (neurons, payloads) that arrive."""
        neurons = np.concatenate([n for n, _ in spikes])
        payload = np.concatenate([s for _, s in spikes])
        total = accumulate(self._synapse, self._weight, self._shape, neurons, payload)
        shifted = total << self._shift if self._shift >= 0 else total >> -self._shift
        return shifted * 64


def accumulate(
    synapse: Synapse,
    weight: IntArray,
    source: Shape,
    neurons: IntArray,
    payload: IntArray,
) -> IntArray:
    """Σ weight · payload over spikes, for each target neuron, shape (targets,).

    Args:
        synapse: the connections.
        weight: their weights, in the synapse's own shape.
        source: shape of the source population.
        neurons: who spiked, (spikes,); a neuron may occur more than once.
        payload: of each spike, (spikes,).
    """
    if isinstance(synapse, Dense):
        return weight[:, neurons] @ payload
    if isinstance(synapse, Windowed):
        return _windows(synapse, weight, source, neurons, payload)
    strength = np.zeros(int(np.prod(source)), np.int64)
    np.add.at(strength, neurons, payload)
    if isinstance(synapse, OneToOne):
        return weight * strength
    total = np.zeros(synapse.targets, np.int64)
    np.add.at(total, synapse.target, weight * strength[synapse.source])
    return total


def _windows(synapse: Windowed, weight: IntArray, source: Shape, neurons: IntArray, payload: IntArray) -> IntArray:
    """Each spike, through each kernel tap, to the one pixel it reaches there, in all output channels of its group."""
    if isinstance(synapse, SumPool2d):
        groups, dilation, (top, _, left, _) = source[0], (1, 1), synapse.padding
        weight = np.broadcast_to(weight, (groups, 1, 1, *weight.shape))
    else:
        groups, dilation, (top, left) = synapse.groups, synapse.dilation, synapse.padding
        weight = weight.reshape(groups, -1, *weight.shape[1:])
        weight = weight.swapaxes(1, 2) if isinstance(synapse, ConvTranspose2d) else weight
    total = np.zeros(synapse.output_shape(source), np.int64)
    channel, row, column = np.unravel_index(neurons, source)
    group, member = np.divmod(channel, source[0] // groups)
    outputs = np.arange(total.shape[0]).reshape(groups, -1)
    for tap_y, tap_x in np.ndindex(weight.shape[3:]):
        if isinstance(synapse, ConvTranspose2d):
            y, inside_y = _inside(row * synapse.stride[0] + tap_y * dilation[0] - top, total.shape[1])
            x, inside_x = _inside(column * synapse.stride[1] + tap_x * dilation[1] - left, total.shape[2])
        else:
            y, inside_y = _reached(row + top - tap_y * dilation[0], synapse.stride[0], total.shape[1])
            x, inside_x = _reached(column + left - tap_x * dilation[1], synapse.stride[1], total.shape[2])
        hit = np.flatnonzero(inside_y & inside_x)
        g = group[hit]
        add = weight[g, :, member[hit], tap_y, tap_x] * payload[hit, None]
        np.add.at(total, (outputs[g], y[hit, None], x[hit, None]), add)
    return total.reshape(-1)


def _reached(position: IntArray, stride: int, size: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """The output coordinate whose window starts `position` back, and whether there is one."""
    out, rest = np.divmod(position, stride)
    out, inside = _inside(out, size)
    return out, inside & (rest == 0)


def _inside(position: IntArray, size: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """The coordinate again, and whether it lies in the plane."""
    return position, (position >= 0) & (position < size)
