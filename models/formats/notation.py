"""SLAYER's notation for layers: `128x128x2-4a-16c5z-2a-32c3z-2a-512-11`.

The first part is the input, width x height x channels or a plain number of neurons; then follow `4a`, sum pooling
over 4x4; `16c5`, a convolution to 16 channels with 5x5 kernels, `16c5z` padded so that the size stays; `512`, a dense
layer of 512 neurons. SLAYER's auto networks have no more; ours are `16t4s2p1`, a transposed convolution to 16 channels
with 4x4 kernels, stride 2 and padding 1 (`16t4`: 1 and 0), and `2u`, unpooling to 2x2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from neurodeploy.errors import FormatError
from neurodeploy.network import Shape
from neurodeploy.network.network import MAX_NEURONS

#: Far above any kernel in use; keeps a slip of the keyboard from asking for gigabytes of weights.
MAX_KERNEL = 1024
MAX_LAYERS = 1000
EXAMPLE = "128x128x2-4a-16c5z-2a-512-11"

_NUMBER = "([1-9][0-9]{0,8})"
_INPUT = re.compile(f"{_NUMBER}(?:x{_NUMBER}x{_NUMBER})?")
_POOL = re.compile(f"{_NUMBER}a")
_CONV = re.compile(f"{_NUMBER}c{_NUMBER}(z?)")
_TRANSPOSED = re.compile(f"{_NUMBER}t{_NUMBER}(?:s{_NUMBER})?(?:p{_NUMBER})?")
_UNPOOL = re.compile(f"{_NUMBER}u")
_DENSE = re.compile(_NUMBER)


@dataclass(frozen=True)
class InputLayer:
    """The input, shape (channels, height, width) or (neurons,)."""

    shape: Shape

    def __str__(self) -> str:
        return "x".join(map(str, self.shape))


@dataclass(frozen=True)
class PoolLayer:
    """Sum pooling over `kernel` x `kernel` neurons, which do not overlap."""

    kernel: int
    kind = "pool"

    def __str__(self) -> str:
        return f"sum of {self.kernel}x{self.kernel}"


@dataclass(frozen=True)
class UnpoolLayer:
    """Every neuron spread out over `kernel` x `kernel` neurons, which do not overlap."""

    kernel: int
    kind = "unpool"

    def __str__(self) -> str:
        return f"to {self.kernel}x{self.kernel}"


@dataclass(frozen=True)
class _KernelLayer:
    """What convolutions and transposed ones share.

    Args:
        channels: of its output.
        kernel: height and width of the kernel.
        stride, padding, dilation: (height, width).
        groups: number of channel groups that do not mix.
    """

    channels: int
    kernel: int
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def __str__(self) -> str:
        extras = [f"padding {_pair(self.padding)}"]
        extras += [f"{name} {_pair(value)}" for name, value in self._unusual().items()]
        return f"{self.channels} channels of {self.kernel}x{self.kernel}, " + ", ".join(extras)

    def _unusual(self) -> dict[str, tuple[int, int]]:
        values = {"stride": self.stride, "dilation": self.dilation, "groups": (self.groups, self.groups)}
        return {name: value for name, value in values.items() if value != (1, 1)}


@dataclass(frozen=True)
class ConvLayer(_KernelLayer):
    """A convolution."""

    kind = "conv"


@dataclass(frozen=True)
class TransposedLayer(_KernelLayer):
    """A transposed convolution; output padding is none, as in SLAYER."""

    kind = "convt"


@dataclass(frozen=True)
class DenseLayer:
    """A layer that every neuron of the one before reaches."""

    neurons: int
    kind = "fc"

    def __str__(self) -> str:
        return f"{self.neurons} neurons"


WeightLayer = PoolLayer | UnpoolLayer | ConvLayer | TransposedLayer | DenseLayer


@dataclass(frozen=True)
class Architecture:
    """The input and the layers behind it."""

    input: InputLayer
    layers: tuple[WeightLayer, ...]

    def named(self) -> list[tuple[str, WeightLayer]]:
        """Name the layers by kind and order: conv1, pool1, conv2, fc1 …"""
        counts: dict[str, int] = {}
        names = []
        for layer in self.layers:
            counts[layer.kind] = counts.get(layer.kind, 0) + 1
            names.append((f"{layer.kind}{counts[layer.kind]}", layer))
        return names

    def __str__(self) -> str:
        return "; ".join([f"input {self.input}", *(f"{name} {layer}" for name, layer in self.named())])


def parse_architecture(text: str) -> Architecture:
    """Read the notation of a whole network.

    Raises:
        FormatError: pointing at the part that is no layer.
    """
    parts = text.strip().split("-")
    if not 2 <= len(parts) <= MAX_LAYERS:
        problem = f"has {len(parts)} parts, outside 2 … {MAX_LAYERS}"
        raise FormatError(f"architecture {text[:80]!r}", problem, f"give the input and the layers, like {EXAMPLE}")
    where = [f"architecture {text[:80]!r}, part {number}" for number in range(1, len(parts) + 1)]
    layers = tuple(parse_layer(part, place) for part, place in zip(parts[1:], where[1:], strict=True))
    return Architecture(parse_input(parts[0], where[0]), layers)


def parse_input(part: str, where: str) -> InputLayer:
    """Read an input, `128x128x2` (width, height, channels) or `250`; raises FormatError."""
    match = _INPUT.fullmatch(part)
    if match is None:
        raise FormatError(f"{where}, {part[:40]!r}", "is no input", "write WxHxC like 128x128x2, or 250")
    width, height, channels = (int(n) if n else None for n in match.groups())
    if width is None or height is None or channels is None:
        return InputLayer((_bounded(int(match[1]), MAX_NEURONS, part, where),))
    _bounded(width * height * channels, MAX_NEURONS, part, where)
    return InputLayer((channels, height, width))


def parse_layer(part: str, where: str) -> WeightLayer:
    """Read a layer, `4a`, `16c5`, `16c5z`, `16t4s2p1`, `2u` or `512`; raises FormatError."""
    if match := _POOL.fullmatch(part):
        return PoolLayer(_bounded(int(match[1]), MAX_KERNEL, part, where))
    if match := _CONV.fullmatch(part):
        channels = _bounded(int(match[1]), MAX_NEURONS, part, where)
        kernel = _bounded(int(match[2]), MAX_KERNEL, part, where)
        padding = kernel // 2 if match[3] else 0
        return ConvLayer(channels, kernel, padding=(padding, padding))
    if match := _TRANSPOSED.fullmatch(part):
        channels = _bounded(int(match[1]), MAX_NEURONS, part, where)
        kernel, stride, padding = (
            _bounded(int(n or default), MAX_KERNEL, part, where)
            for n, default in zip(match.groups()[1:], (0, 1, 0), strict=True)
        )
        return TransposedLayer(channels, kernel, (stride, stride), (padding, padding))
    if match := _UNPOOL.fullmatch(part):
        return UnpoolLayer(_bounded(int(match[1]), MAX_KERNEL, part, where))
    if match := _DENSE.fullmatch(part):
        return DenseLayer(_bounded(int(match[1]), MAX_NEURONS, part, where))
    remedy = "write 4a (pooling), 16c5 or 16c5z (convolution), 16t4s2 (transposed), 2u (unpooling) or 512 (dense)"
    raise FormatError(f"{where}, {part[:40]!r}", "is no layer", remedy)


def _bounded(value: int, limit: int, part: str, where: str) -> int:
    if value > limit:
        raise FormatError(f"{where}, {part!r}", f"{value} is more than {limit}", "choose a smaller one")
    return value


def _pair(value: tuple[int, int]) -> str:
    return str(value[0]) if value[0] == value[1] else f"{value[0]}x{value[1]}"
