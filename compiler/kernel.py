"""A convolution or pool brought to one form, and the planes it ends in as they are laid out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.network import Conv2d, Population, Shape, SumPool2d
from neurodeploy.network.synapses import Synapse
from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Planes:
    """A layout in which all channels visit their pixels in the same order.

    Attributes:
        pixel: row · width + column by rank, (pixels,).
        channels: how many planes.
        apart: whether plane follows plane; if not, each pixel has all its channels together.
    """

    pixel: IntArray
    channels: int
    apart: bool

    @classmethod
    def of(cls, population: Population, order: IntArray) -> Planes | None:
        """The planes of a population laid out in some order, None if it is no such layout."""
        shape = population.shape or ()
        if len(shape) != 3:
            return None
        channels, pixels = shape[0], shape[1] * shape[2]
        start = np.arange(channels) * pixels
        if np.array_equal(order.reshape(pixels, channels), order[::channels, None] + start):
            return cls(order[::channels].copy(), channels, False)
        if np.array_equal(order.reshape(channels, pixels), order[:pixels] + start[:, None]):
            return cls(order[:pixels].copy(), channels, True)
        return None

    @property
    def neurons(self) -> int:
        """Of all planes."""
        return len(self.pixel) * self.channels

    @property
    def step(self) -> int:
        """Positions from a pixel to the next of its plane."""
        return 1 if self.apart else self.channels

    @property
    def spacing(self) -> int:
        """Positions from a channel to the next."""
        return len(self.pixel) if self.apart else 1


@dataclass(frozen=True, eq=False)
class Kernel:
    """What one channel of the source sends through the taps of the kernel.

    Attributes:
        weight: (slabs, taps, channels out of a group).
        slab: of each channel of the source, (groups, channels in of a group).
        size: taps (rows, columns); stride, dilation, before: of both axes, with `before` zeros in front.
        source: shape of the source.
        width: columns of the target.
    """

    weight: IntArray
    slab: IntArray
    size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]
    source: Shape
    width: int

    @classmethod
    def of(cls, synapse: Synapse, source: Shape) -> Kernel:
        """The kernel of a convolution or pool."""
        weight = synapse.weight.astype(np.int64)
        if isinstance(synapse, SumPool2d):
            flat, slab = weight.reshape(1, -1, 1), np.zeros((source[0], 1), np.int64)
            dilation, before = (1, 1), (synapse.padding[0], synapse.padding[2])
        else:
            assert isinstance(synapse, Conv2d)
            outputs, inputs, groups = *weight.shape[:2], synapse.groups
            grouped = weight.reshape(groups, outputs // groups, inputs, -1)
            flat = grouped.transpose(0, 2, 3, 1).reshape(groups * inputs, -1, outputs // groups)
            slab = np.arange(len(flat)).reshape(groups, inputs)
            dilation, before = synapse.dilation, synapse.padding
        size = weight.shape[-2], weight.shape[-1]
        width = synapse.output_shape(source)[2]
        return cls(flat, slab, size, synapse.stride, dilation, before, source, width)

    @property
    def taps(self) -> int:
        """How many there are."""
        return self.size[0] * self.size[1]

    @property
    def pixels(self) -> int:
        """Pixels of a plane of the source."""
        return self.source[1] * self.source[2]

    def sources(self, pixel: IntArray, tap: IntArray | int) -> IntArray:
        """The pixel of the source that a target pixel reads through a tap, −1 beyond the border; shapes broadcast."""
        row = pixel // self.width * self.stride[0] + tap // self.size[1] * self.dilation[0] - self.before[0]
        column = pixel % self.width * self.stride[1] + tap % self.size[1] * self.dilation[1] - self.before[1]
        inside = (row >= 0) & (row < self.source[1]) & (column >= 0) & (column < self.source[2])
        return np.where(inside, row * self.source[2] + column, -1)
