"""A feed-forward artificial network: stages of weighted sums, bias and rectification, evaluated in float64."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import ConvTranspose2d, Dense, Shape, SumPool2d, Windowed, windows

FloatArray = NDArray[np.float64]


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
    synapse: Dense | Windowed
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

    def scaled(self, factor: FloatArray) -> Dense | Windowed:
        """The synapse with the weights of every output channel multiplied by its factor, (channels,)."""
        weight = self.synapse.weight
        if isinstance(self.synapse, ConvTranspose2d):  # (in, out / groups, height, width)
            by_group = np.repeat(factor.reshape(self.synapse.groups, -1), len(weight) // self.synapse.groups, axis=0)
            return replace(self.synapse, weight=weight * by_group[:, :, None, None])
        return replace(self.synapse, weight=weight * factor.reshape(-1, *[1] * (weight.ndim - 1)))

    def sums(self, values: FloatArray) -> FloatArray:
        """Weighted sums without bias, (samples, targets), of values (samples, sources)."""
        if isinstance(self.synapse, Dense):
            return values @ self.synapse.weight.T
        found = windows(self.synapse, self.source)
        kernels, rows, columns = found.kernels.astype(np.float64), found.rows, found.columns
        groups, outputs, inputs = kernels.shape[:3]
        planes = values.reshape(len(values), groups, inputs, rows.sources, columns.sources)
        total = np.zeros((len(values), groups, outputs, rows.targets, columns.targets))
        for tap_y, tap_x in np.ndindex(rows.taps, columns.taps):
            y, x = (axis.source(np.arange(axis.targets), tap) for axis, tap in ((rows, tap_y), (columns, tap_x)))
            to_y, to_x = np.flatnonzero(y >= 0), np.flatnonzero(x >= 0)
            read = planes[:, :, :, y[to_y][:, None], x[to_x]]
            sums = np.einsum("goi,ngihw->ngohw", kernels[..., tap_y, tap_x], read, optimize=True)
            total[:, :, :, to_y[:, None], to_x] += sums
        return total.reshape(len(values), -1)

    def __call__(self, values: FloatArray) -> FloatArray:
        """What the stage gives, (samples, targets), for values (samples, sources)."""
        result = self.sums(values) + self.full_bias()
        return np.maximum(result, 0) if self.rectified else result
