"""A feed-forward artificial network: stages of weighted sums, bias and rectification, evaluated in float64."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Conv2d, Dense, Shape, SumPool2d

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Window:
    """A convolution or pooling: kernels (out, in / groups, height, width), padding (top, bottom, left, right)."""

    kernels: FloatArray
    groups: int
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Stage:
    """One layer: synapse, bias, and perhaps a rectifier behind them.

    Attributes:
        name: for messages, and of the population that it becomes.
        synapse: with float weights; average pooling has weights 1 / (kernel height · width).
        bias: of every target neuron, (targets,), or of every output channel, (channels,).
        rectified: whether negative sums become 0.
        source: shape of what it reads, without the batch.
    """

    name: str
    synapse: Dense | Conv2d | SumPool2d
    bias: FloatArray
    rectified: bool
    source: Shape

    @property
    def shape(self) -> Shape:
        """Shape of what it gives, without the batch."""
        return self.synapse.output_shape(self.source)

    @property
    def averages(self) -> bool:
        """Whether it is a pooling, whose result needs no rectifier."""
        return isinstance(self.synapse, SumPool2d)

    def full_bias(self) -> FloatArray:
        """The bias of every target neuron, (targets,)."""
        repeats = prod(self.shape) // self.bias.size
        return np.repeat(self.bias, repeats)

    def window(self) -> _Window:
        """Kernels, groups, padding and dilation of a convolution or pooling."""
        synapse = self.synapse
        if isinstance(synapse, SumPool2d):
            kernels = np.broadcast_to(
                np.asarray(synapse.weight, np.float64), (self.source[0], 1, *synapse.weight.shape)
            )
            return _Window(kernels, self.source[0], synapse.stride, synapse.padding, (1, 1))
        assert isinstance(synapse, Conv2d)
        (y, x), weight = synapse.padding, synapse.weight
        return _Window(np.asarray(weight, np.float64), synapse.groups, synapse.stride, (y, y, x, x), synapse.dilation)

    def padded(self) -> Shape:
        """Shape of what it reads with the zeros around it."""
        if isinstance(self.synapse, Dense):
            return self.source
        top, bottom, left, right = self.window().padding
        return (self.source[0], self.source[1] + top + bottom, self.source[2] + left + right)

    def sums(self, values: FloatArray) -> FloatArray:
        """Weighted sums without bias, (samples, targets), of values (samples, sources)."""
        if isinstance(self.synapse, Dense):
            return values @ self.synapse.weight.T
        window, (_, height, width) = self.window(), self.shape
        top, bottom, left, right = window.padding
        edges = ((0, 0), (0, 0), (top, bottom), (left, right))
        padded = np.pad(values.reshape(len(values), *self.source), edges)
        total = np.zeros((len(values), window.groups, self.shape[0] // window.groups, height, width))
        for y, x in np.ndindex(window.kernels.shape[2:]):
            rows = slice(y * window.dilation[0], None, window.stride[0])
            columns = slice(x * window.dilation[1], None, window.stride[1])
            read = padded[:, :, rows, columns][:, :, :height, :width]
            read = read.reshape(len(values), window.groups, -1, height, width)
            tap = window.kernels[:, :, y, x].reshape(window.groups, -1, window.kernels.shape[1])
            total += np.einsum("goi,ngihw->ngohw", tap, read, optimize=True)
        return total.reshape(len(values), -1)

    def __call__(self, values: FloatArray) -> FloatArray:
        """What the stage gives, (samples, targets), for values (samples, sources)."""
        result = self.sums(values) + self.full_bias()
        return np.maximum(result, 0) if self.rectified else result
