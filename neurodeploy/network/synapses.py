"""Synapses: how the neurons of one population reach those of another, and with which weights.

Weights are float64 before quantization and int32 after it; arrays are read-only. Neurons are numbered
C,H,W-major in every population.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError

Shape = tuple[int, ...]
Weights = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Dense:
    """Every source neuron reaches every target neuron.

    Args:
        weight: (targets, sources).
    """

    weight: Weights
    learned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weights(self.weight, 2, "(targets, sources)"))

    def output_shape(self, source: Shape) -> Shape:
        """(targets,); raises NetworkError when the source has another number of neurons."""
        targets, sources = self.weight.shape
        if prod(source) != sources:
            raise NetworkError(
                "dense weight",
                f"has {sources} columns, the source {_show(source)} has {prod(source)} neurons",
                "check the architecture against the weights",
            )
        return (targets,)


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
            object.__setattr__(self, name, _checked_sizes(f"convolution {name}", getattr(self, name), least, 2))
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
                f"reads {channels} channels, the source has shape {_show(source)}",
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
        object.__setattr__(self, "stride", _checked_sizes("pooling stride", self.stride, 1, 2))
        object.__setattr__(self, "padding", _checked_sizes("pooling padding", self.padding, 0, 4))

    def output_shape(self, source: Shape) -> Shape:
        """(channels, height, width); raises NetworkError when the source is no stack of planes."""
        if len(source) != 3:
            raise NetworkError(
                "pooling",
                f"needs a source (channels, height, width), not {_show(source)}",
                "pool before the dense layers",
            )
        top, bottom, left, right = self.padding
        return (
            source[0],
            _window_count(source[1], top + bottom, self.weight.shape[0], self.stride[0], 1),
            _window_count(source[2], left + right, self.weight.shape[1], self.stride[1], 1),
        )


@dataclass(frozen=True, eq=False)
class OneToOne:
    """Neuron i reaches neuron i.

    Args:
        weight: (neurons,), or (1,) for the same weight everywhere.
    """

    weight: Weights
    learned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weights(np.atleast_1d(self.weight), 1, "(neurons,)"))

    def output_shape(self, source: Shape) -> Shape:
        """The source's own shape; raises NetworkError when the number of weights differs from its neurons."""
        if self.weight.size not in (1, prod(source)):
            raise NetworkError(
                "one-to-one weight",
                f"has {self.weight.size} values for {prod(source)} neurons",
                "give one, or one per neuron",
            )
        return source


@dataclass(frozen=True, eq=False)
class Sparse:
    """Listed synapses; several between the same two neurons add up.

    Args:
        weight: (synapses,).
        source, target: neuron of each synapse, (synapses,).
        targets: number of target neurons.
    """

    weight: Weights
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    targets: int
    learned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", checked_weights(self.weight, 1, "(synapses,)"))
        for name in ("source", "target"):
            index = np.array(getattr(self, name))
            if index.dtype.kind not in "iu" or index.shape != self.weight.shape:
                raise NetworkError(
                    f"sparse {name}",
                    f"is no list of {self.weight.size} neuron numbers",
                    "give one whole number per weight",
                )
            index = index.astype(np.int64)
            index.flags.writeable = False
            object.__setattr__(self, name, index)
        self._check_index("target", self.targets)

    def _check_index(self, name: str, neurons: int) -> None:
        index = getattr(self, name)
        if index.size and (index.min() < 0 or index.max() >= neurons):
            worst = index.min() if index.min() < 0 else index.max()
            raise NetworkError(
                f"sparse {name}", f"neuron {worst} is outside 0 … {neurons - 1}", "renumber the synapses"
            )

    def output_shape(self, source: Shape) -> Shape:
        """(targets,); raises NetworkError when a synapse starts outside the source."""
        self._check_index("source", prod(source))
        return (self.targets,)


Synapse = Dense | Conv2d | SumPool2d | OneToOne | Sparse


def checked_weights(value: object, axes: int, meaning: str) -> Weights:
    """`value` as a read-only float64 or int32 array with `axes` axes.

    Raises:
        NetworkError: empty axes, wrong number of axes, no numbers, not finite, or outside 32 bits.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or array.ndim != axes or (0 in array.shape[: max(axes, 2)] and axes > 1):
        raise NetworkError(
            "weights", f"have shape {_show(array.shape)} and type {array.dtype}", f"give numbers of shape {meaning}"
        )
    if array.dtype.kind == "f":
        if not np.all(np.isfinite(array)):
            raise NetworkError(
                "weights", f"{int(np.sum(~np.isfinite(array)))} are NaN or infinite", "repair the checkpoint"
            )
        return _frozen(array.astype(np.float64))
    limit = np.iinfo(np.int32)
    if array.size and (array.min() < limit.min or array.max() > limit.max):
        worst = max(int(array.max()), -int(array.min()))
        raise NetworkError("weights", f"reach {worst}, beyond 32 bits", "rescale them")
    return _frozen(array.astype(np.int32))


def _frozen(array: Weights) -> Weights:
    array.flags.writeable = False
    return array


def _checked_sizes(what: str, value: object, least: int, count: int) -> tuple[int, ...]:
    array = np.asarray(value)
    if array.dtype.kind not in "iu" or array.shape not in ((), (count,)):
        raise NetworkError(what, f"{value!r} is not one or {count} whole numbers", f"choose at least {least}")
    sizes = tuple(int(v) for v in np.broadcast_to(array, (count,)))
    if min(sizes) < least:
        raise NetworkError(what, f"{min(sizes)} is less than {least}", f"choose at least {least}")
    return sizes


def _window_count(size: int, padding: int, kernel: int, stride: int, dilation: int) -> int:
    room = size + padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise NetworkError(
            "kernel",
            f"of {kernel} (dilation {dilation}) does not fit {size} + {padding} rows or columns",
            "pad more or use a smaller kernel",
        )
    return room // stride + 1


def _show(shape: Shape) -> str:
    return "x".join(str(n) for n in shape) or "()"
