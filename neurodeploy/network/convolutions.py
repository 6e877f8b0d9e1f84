"""Synapses between planes (channels, height, width): convolutions, transposed convolutions and pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError
from neurodeploy.network.weights import Shape, Weights, checked_sizes, checked_weights, shown

#: Weights of an unpooling, counted once for every channel.
MAX_UNPOOLING = 2**24


@dataclass(frozen=True, eq=False)
class Conv2d:
    """Convolution as torch computes it (cross-correlation): kernel tap (y, x) of output row r reads input row
    `r · stride + y · dilation − padding`.

    Args:
        weight: (channels out, channels in / groups, kernel height, kernel width).
        stride, padding, dilation: (height, width); padding is zeros on both sides.
        groups: number of channel groups that do not mix.
    """

    weight: Weights
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    learned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weights(self.weight, 4, "(out, in / groups, height, width)"))
        for name, least in (("stride", 1), ("padding", 0), ("dilation", 1)):
            object.__setattr__(self, name, checked_sizes(f"convolution {name}", getattr(self, name), least, 2))
        if self.groups < 1 or self.weight.shape[0] % self.groups:
            raise NetworkError(
                "convolution",
                f"{self.groups} groups do not divide {self.weight.shape[0]} output channels",
                "choose a number of groups that divides the channels",
            )

    def output_shape(self, source: Shape) -> Shape:
        """(channels, height, width); raises NetworkError when the source does not suit the kernel."""
        channels = self.weight.shape[1] * self.groups
        if len(source) != 3 or source[0] != channels:
            raise NetworkError(
                "convolution weight",
                f"reads {channels} channels, the source has shape {shown(source)}",
                "check the architecture against the weights",
            )
        return (
            self.weight.shape[0],
            *(
                _window_count(
                    source[1 + i], 2 * self.padding[i], self.weight.shape[2 + i], self.stride[i], self.dilation[i]
                )
                for i in (0, 1)
            ),
        )


@dataclass(frozen=True, eq=False)
class ConvTranspose2d:
    """Transposed convolution as torch computes it: source row r reaches target row `r · stride + y · dilation −
    padding` through kernel tap (y, x), if there is such a row.

    An unpooling is one with a fixed kernel that every channel has to itself.

    Args:
        weight: (channels in, channels out / groups, kernel height, kernel width).
        stride, padding, dilation: (height, width); padding takes rows and columns of the target off on both sides.
        output_padding: rows and columns that the target has more at the bottom and right, less than stride or dilation.
        groups: number of channel groups that do not mix.
        learned: whether training chose the weights; those of an unpooling are given.
    """

    weight: Weights
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    output_padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    learned: bool = True

    def __post_init__(self) -> None:
        weight = checked_weights(self.weight, 4, "(in, out / groups, height, width)")
        object.__setattr__(self, "weight", weight)
        for name, least in (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1)):
            what = f"transposed convolution {name.replace('_', ' ')}"
            object.__setattr__(self, name, checked_sizes(what, getattr(self, name), least, 2))
        for more, stride, dilation in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if more >= max(stride, dilation):
                raise NetworkError(
                    "transposed convolution output padding",
                    f"{more} is less than neither stride {stride} nor dilation {dilation}",
                    "choose a smaller one",
                )
        if self.groups < 1 or weight.shape[0] % self.groups:
            raise NetworkError(
                "transposed convolution",
                f"{self.groups} groups do not divide {weight.shape[0]} input channels",
                "choose a number of groups that divides the channels",
            )
        if not self.learned and (weight.shape[:2] != (self.groups, 1) or np.any(weight != weight[:1])):
            raise NetworkError(
                "unpooling",
                f"has weights of shape {shown(weight.shape)} in {self.groups} groups that are not one kernel for all",
                "give every channel the same kernel",
            )

    @classmethod
    def unpooling(
        cls,
        kernel: NDArray[Any],
        channels: int,
        stride: tuple[int, int],
        padding: tuple[int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
    ) -> ConvTranspose2d:
        """Each of `channels` planes spread out by the same given kernel, (height, width).

        Raises:
            NetworkError: as for any, or a kernel that all channels together would need more than 2^24 weights for.
        """
        if channels * kernel.size > MAX_UNPOOLING:
            problem = f"{channels} channels with kernels of {shown(kernel.shape)} are more than {MAX_UNPOOLING} weights"
            raise NetworkError("unpooling", problem, "unpool in steps")
        weight = np.broadcast_to(kernel, (channels, 1, *kernel.shape))
        return cls(weight, stride, padding, (0, 0), dilation, channels, learned=False)

    def output_shape(self, source: Shape) -> Shape:
        """(channels, height, width); raises NetworkError when the source does not suit the kernel."""
        if len(source) != 3 or source[0] != self.weight.shape[0]:
            raise NetworkError(
                "transposed convolution weight",
                f"reads {self.weight.shape[0]} channels, the source has shape {shown(source)}",
                "check the architecture against the weights",
            )
        height, width = (
            (source[1 + i] - 1) * self.stride[i]
            + self.dilation[i] * (self.weight.shape[2 + i] - 1)
            + 1
            + self.output_padding[i]
            - 2 * self.padding[i]
            for i in (0, 1)
        )
        if min(height, width) < 1:
            raise NetworkError(
                "transposed convolution padding",
                f"{self.padding} leaves {height} rows and {width} columns",
                "pad less",
            )
        return (self.weight.shape[1] * self.groups, height, width)


@dataclass(frozen=True, eq=False)
class SumPool2d:
    """One fixed kernel applied to each channel by itself; the sum of its window drives the target neuron.

    Args:
        weight: (kernel height, kernel width).
        stride: (height, width).
        padding: zero rows and columns (top, bottom, left, right).
    """

    weight: Weights
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    learned: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weights(self.weight, 2, "(height, width)"))
        object.__setattr__(self, "stride", checked_sizes("pooling stride", self.stride, 1, 2))
        object.__setattr__(self, "padding", checked_sizes("pooling padding", self.padding, 0, 4))

    def output_shape(self, source: Shape) -> Shape:
        """(channels, height, width); raises NetworkError when the source is no stack of planes."""
        if len(source) != 3:
            raise NetworkError(
                "pooling",
                f"needs a source (channels, height, width), not {shown(source)}",
                "pool before the dense layers",
            )
        top, bottom, left, right = self.padding
        return (
            source[0],
            _window_count(source[1], top + bottom, self.weight.shape[0], self.stride[0], 1),
            _window_count(source[2], left + right, self.weight.shape[1], self.stride[1], 1),
        )


def _window_count(size: int, padding: int, kernel: int, stride: int, dilation: int) -> int:
    room = size + padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise NetworkError(
            "kernel",
            f"of {kernel} (dilation {dilation}) does not fit {size} + {padding} rows or columns",
            "pad more or use a smaller kernel",
        )
    return room // stride + 1
