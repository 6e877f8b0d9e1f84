"""Where the taps of a kernel lead: one geometry for convolutions, transposed convolutions and pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.convolutions import Conv2d, ConvTranspose2d, SumPool2d
from neurodeploy.network.weights import Shape, Weights

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """How the taps of a kernel join the rows (or columns) of a source to those of its target.

    Tap k joins source s to target t where s = t · stride + k · dilation − before; in a transposed convolution where
    t = s · stride + k · dilation − before. So a tap joins a position to one of the other side at most.

    Args:
        sources, targets: number of rows.
        taps: of the kernel.
        stride, dilation: at least 1.
        before: rows of zeros in front of the source; in a transposed convolution rows that the target is cut by.
        transposed: which of the two it is.
    """

    sources: int
    targets: int
    taps: int
    stride: int
    dilation: int
    before: int
    transposed: bool

    def source(self, target: Positions | int, tap: Positions | int) -> Positions:
        """The source that a tap joins to a target, −1 for none; shapes broadcast."""
        return self._joined(target, tap, self.transposed, self.sources)

    def target(self, source: Positions | int, tap: Positions | int) -> Positions:
        """The target that a tap joins to a source, −1 for none; shapes broadcast."""
        return self._joined(source, tap, not self.transposed, self.targets)

    def _joined(self, position: Positions | int, tap: Positions | int, divides: bool, size: int) -> Positions:
        if divides:
            found, rest = np.divmod(position + self.before - np.multiply(tap, self.dilation), self.stride)
        else:
            found = np.multiply(position, self.stride) + np.multiply(tap, self.dilation) - self.before
            rest = np.zeros_like(found)
        return np.where((rest == 0) & (found >= 0) & (found < size), found, -1)


@dataclass(frozen=True, eq=False)
class Windows:
    """A convolution, transposed convolution or pool between two populations.

    Attributes:
        kernels: (groups, channels out of a group, channels in of a group, height, width).
        rows, columns: what the taps join.
    """

    kernels: Weights
    rows: Axis
    columns: Axis

    @property
    def one_to_one(self) -> bool:
        """Whether each channel reaches one channel, which it has to itself."""
        return self.kernels.shape[1:3] == (1, 1)


def windows(synapse: Conv2d | ConvTranspose2d | SumPool2d, source: Shape) -> Windows:
    """The windows of a synapse; raises NetworkError for a source that does not suit it."""
    target = synapse.output_shape(source)
    weight: NDArray[Any] = synapse.weight
    before, dilation, transposed = synapse.padding[:2], (1, 1), isinstance(synapse, ConvTranspose2d)
    if isinstance(synapse, SumPool2d):
        before = synapse.padding[0], synapse.padding[2]
        kernels = np.broadcast_to(weight, (source[0], 1, 1, *weight.shape))
    else:
        dilation = synapse.dilation
        kernels = weight.reshape(synapse.groups, -1, *weight.shape[1:])
        kernels = kernels.swapaxes(1, 2) if transposed else kernels
    rows, columns = (
        Axis(source[1 + i], target[1 + i], weight.shape[i - 2], synapse.stride[i], dilation[i], before[i], transposed)
        for i in (0, 1)
    )
    return Windows(kernels, rows, columns)
