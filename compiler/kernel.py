"""A convolution, transposed convolution or pool brought to one form, and the planes it ends in as they are laid out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.network import Axis, Population, Shape, SumPool2d, Windowed, windows
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
        rows, columns: what the taps join.
    """

    weight: IntArray
    slab: IntArray
    rows: Axis
    columns: Axis

    @classmethod
    def of(cls, synapse: Windowed, source: Shape) -> Kernel:
        """The kernel of a convolution, transposed convolution or pool."""
        found = windows(synapse, source)
        groups, outputs, inputs = found.kernels.shape[:3]
        slab = np.arange(groups * inputs).reshape(groups, inputs)
        kernels = found.kernels.astype(np.int64, copy=False)
        if isinstance(synapse, SumPool2d) or not synapse.learned:  # one kernel for all
            slab, kernels = np.zeros_like(slab), kernels[:1]
        flat = kernels.transpose(0, 2, 3, 4, 1).reshape(-1, found.rows.taps * found.columns.taps, outputs)
        return cls(flat, slab, found.rows, found.columns)

    @property
    def taps(self) -> int:
        """How many there are."""
        return self.rows.taps * self.columns.taps

    @property
    def pixels(self) -> int:
        """Pixels of a plane of the source."""
        return self.rows.sources * self.columns.sources

    def sources(self, pixel: IntArray, tap: IntArray | int) -> IntArray:
        """The pixel of the source that a target pixel reads through a tap, −1 beyond the border; shapes broadcast."""
        row = self.rows.source(pixel // self.columns.targets, tap // self.columns.taps)
        column = self.columns.source(pixel % self.columns.targets, tap % self.columns.taps)
        return np.where((row >= 0) & (column >= 0), row * self.columns.sources + column, -1)
