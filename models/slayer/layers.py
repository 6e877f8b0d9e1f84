"""The synapses of a trained network: from spikes to the weighted sums that drive the neurons behind them.

All take spikes (steps, recordings, …), as a raster or, on the processor, as lists; planes are (height, width, channels)
inside the trainer. `lag` is the number of steps a spike travels. Weights have the shapes of a slayerPytorch checkpoint
and are rounded by the layer's grid. For float32 on the processor products are made from lists of spikes, elsewhere by
torch.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from neurodeploy.models.formats.notation import ConvLayer, TransposedLayer
from neurodeploy.models.slayer import _loops
from neurodeploy.models.slayer.grids import WeightGrid
from neurodeploy.models.slayer.loops import compiled, table, threads
from neurodeploy.models.slayer.sparse import ConvShape, Spikes, collect, conv_back, conv_collect, conv_product, product
from neurodeploy.network import Shape


class Dense(nn.Module):
    """All-to-all synapses.

    Args:
        source: shape of the layer before, (neurons,) or (height, width, channels).
        outputs: neurons.
        grid: rounds the weights, shape (outputs, inputs, 1, 1, 1), inputs in the order C, H, W.
    """

    def __init__(self, source: Shape, outputs: int, grid: WeightGrid) -> None:
        super().__init__()
        self.source, self.shape, self.grid = source, (outputs,), grid
        self.fan_in = prod(source)
        self.weight = nn.Parameter(torch.zeros(outputs, self.fan_in, 1, 1, 1))

    def used(self) -> Tensor:
        """Rounded weights (inputs, outputs), inputs in the order of the trainer."""
        weight = self.grid(self.weight).flatten(1)
        if len(self.source) == 3:
            height, width, channels = self.source
            weight = weight.view(-1, channels, height, width).permute(0, 2, 3, 1).flatten(1)
        return weight.t()

    def forward(self, spikes: Tensor | Spikes, lag: int = 0) -> Tensor:
        """Sums of the weights of arriving spikes, (steps, recordings, outputs)."""
        weight = self.used()
        lists = as_lists(spikes, weight)
        if lists is None:
            return _late(dense_of(spikes), lag).flatten(2) @ weight
        raster = spikes if isinstance(spikes, Tensor) else None
        sums: Tensor = _Dense.apply(raster, weight, lists.later(lag), lag)  # type: ignore[no-untyped-call]
        return sums


class Conv(nn.Module):
    """A convolution, torch's cross-correlation.

    Args:
        source: shape of the layer before, (height, width, channels).
        layer: channels, kernel, stride, padding, dilation and groups.
        grid: rounds the weights, shape (channels, source channels / groups, k, k, 1).
    """

    def __init__(self, source: Shape, layer: ConvLayer, grid: WeightGrid) -> None:
        super().__init__()
        self.layer, self.grid = layer, grid
        height, width, channels = source
        k = layer.kernel
        self.fan_in = channels // layer.groups * k * k
        self.weight = nn.Parameter(torch.zeros(layer.channels, channels // layer.groups, k, k, 1))
        rows, columns = (
            (size + 2 * padding - dilation * (k - 1) - 1) // stride + 1
            for size, padding, dilation, stride in zip(
                (height, width), layer.padding, layer.dilation, layer.stride, strict=True
            )
        )
        self.shape = (rows, columns, layer.channels)
        plain = (layer.stride, layer.dilation, layer.groups) == ((1, 1), (1, 1), 1)
        square = layer.padding[0] == layer.padding[1]
        self.sparse = ConvShape(height, width, channels, k, layer.padding[0]) if plain and square else None

    def forward(self, spikes: Tensor | Spikes, lag: int = 0) -> Tensor:
        """Sums of the weights of arriving spikes, (steps, recordings, height, width, channels)."""
        weight = self.grid(self.weight).squeeze(-1)
        lists = None if self.sparse is None else as_lists(spikes, weight)
        if lists is not None:
            raster = spikes if isinstance(spikes, Tensor) else None
            sums: Tensor = _Conv.apply(raster, weight, lists.later(lag), lag, self.sparse)  # type: ignore[no-untyped-call]
            return sums
        layer = self.layer
        return _on_planes(
            _late(dense_of(spikes), lag),
            lambda planes: functional.conv2d(
                planes, weight, None, layer.stride, layer.padding, layer.dilation, layer.groups
            ),
        )


class Pool(nn.Module):
    """Sum pooling by a fixed weight slightly above the threshold; sizes that k does not divide are padded at the end.

    Args:
        source: shape of the layer before, (height, width, channels).
        kernel: k, side of the windows, which do not overlap.
        weight: of every synapse.
    """

    weight: Tensor

    def __init__(self, source: Shape, kernel: int, weight: float) -> None:
        super().__init__()
        height, width, channels = source
        self.source, self.kernel = source, kernel
        self.padding = (height % kernel, width % kernel)
        self.shape = ((height + self.padding[0]) // kernel, (width + self.padding[1]) // kernel, channels)
        self.register_buffer("weight", torch.full((1, 1, kernel, kernel, 1), float(weight)))
        y, x, c = np.indices(source) // np.array([kernel, kernel, 1])[:, None, None, None]
        self.target: NDArray[np.int32] = ((y * self.shape[1] + x) * channels + c).reshape(-1).astype(np.int32)

    def forward(self, spikes: Tensor | Spikes, lag: int = 0) -> Tensor:
        """Sums of the weights of arriving spikes, (steps, recordings, height, width, channels)."""
        weight = self.weight.flatten()[0]
        lists = as_lists(spikes, weight)
        if lists is not None:
            raster = spikes if isinstance(spikes, Tensor) else None
            sums: Tensor = _Pool.apply(raster, self, lists.later(lag), lag)  # type: ignore[no-untyped-call]
            return sums
        x = functional.pad(_late(dense_of(spikes), lag), (0, 0, 0, self.padding[1], 0, self.padding[0]))
        rows, columns, channels = self.shape
        windows = x.reshape(*x.shape[:2], rows, self.kernel, columns, self.kernel, channels)
        return windows.sum((3, 5)) * weight


class Unpool(nn.Module):
    """The reverse of a pool: every neuron drives k x k neurons by a fixed weight slightly above the threshold.

    Args:
        source: shape of the layer before, (height, width, channels).
        kernel: k.
        weight: of every synapse.
    """

    weight: Tensor

    def __init__(self, source: Shape, kernel: int, weight: float) -> None:
        super().__init__()
        height, width, channels = source
        self.kernel, self.shape = kernel, (height * kernel, width * kernel, channels)
        self.register_buffer("weight", torch.full((1, 1, kernel, kernel, 1), float(weight)))

    def forward(self, spikes: Tensor | Spikes, lag: int = 0) -> Tensor:
        """Sums of the weights of arriving spikes, (steps, recordings, height, width, channels)."""
        x = _late(dense_of(spikes), lag)
        return x.repeat_interleave(self.kernel, 2).repeat_interleave(self.kernel, 3) * self.weight.flatten()[0]


class TransposedConv(nn.Module):
    """A transposed convolution, the gradient of torch's cross-correlation.

    Args:
        source: shape of the layer before, (height, width, channels).
        layer: channels, kernel, stride, padding, dilation and groups.
        grid: rounds the weights, shape (source channels, channels / groups, k, k, 1).
    """

    def __init__(self, source: Shape, layer: TransposedLayer, grid: WeightGrid) -> None:
        super().__init__()
        self.layer, self.grid = layer, grid
        k = layer.kernel
        self.weight = nn.Parameter(torch.zeros(source[2], layer.channels // layer.groups, k, k, 1))
        per_axis = [-(-k // stride) for stride in layer.stride]
        self.fan_in = source[2] // layer.groups * prod(per_axis)
        rows, columns = (
            (size - 1) * stride - 2 * padding + dilation * (k - 1) + 1
            for size, stride, padding, dilation in zip(
                source[:2], layer.stride, layer.padding, layer.dilation, strict=True
            )
        )
        self.shape = (rows, columns, layer.channels)

    def forward(self, spikes: Tensor | Spikes, lag: int = 0) -> Tensor:
        """Sums of the weights of arriving spikes, (steps, recordings, height, width, channels)."""
        weight, layer = self.grid(self.weight).squeeze(-1), self.layer
        return _on_planes(
            _late(dense_of(spikes), lag),
            lambda planes: functional.conv_transpose2d(
                planes, weight, None, layer.stride, layer.padding, 0, layer.groups, layer.dilation
            ),
        )


def as_lists(spikes: Tensor | Spikes, weight: Tensor) -> Spikes | None:
    """Spikes as lists where the compiled products can be used, else None."""
    if not compiled(weight):
        return None
    if isinstance(spikes, Spikes):
        return spikes
    return Spikes.of(spikes) if compiled(spikes) else None


def dense_of(spikes: Tensor | Spikes) -> Tensor:
    """Spikes as a raster."""
    return spikes.raster() if isinstance(spikes, Spikes) else spikes


def _late(raster: Tensor, lag: int) -> Tensor:
    return torch.cat([torch.zeros_like(raster[:lag]), raster[: len(raster) - lag]]) if lag else raster


def _early(error: Tensor, lag: int) -> Tensor:
    return torch.cat([error[lag:], torch.zeros_like(error[:lag])]) if lag else error


def _on_planes(raster: Tensor, work: Any) -> Tensor:
    """Apply torch's (frames, C, H, W) function to (steps, recordings, H, W, C)."""
    planes: Tensor = work(raster.flatten(0, 1).permute(0, 3, 1, 2))
    return planes.permute(0, 2, 3, 1).reshape(*raster.shape[:2], planes.shape[2], planes.shape[3], planes.shape[1])


class _Dense(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, raster: Tensor | None, weight: Tensor, lists: Spikes, lag: int) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.lists, ctx.lag = lists, lag
        ctx.shape = None if raster is None else raster.shape
        return product(lists, weight)

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        (weight,) = ctx.saved_tensors
        to_weight = collect(ctx.lists, error) if ctx.needs_input_grad[1] else None
        to_raster = None
        if ctx.needs_input_grad[0]:
            to_raster = _early(error @ weight.t(), ctx.lag).reshape(ctx.shape)
        return to_raster, to_weight, None, None


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, raster: Tensor | None, weight: Tensor, lists: Spikes, lag: int, shape: ConvShape) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.lists, ctx.lag, ctx.shape = lists, lag, shape
        return conv_product(lists, weight, shape)

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        (weight,) = ctx.saved_tensors
        to_weight = conv_collect(ctx.lists, error, ctx.shape) if ctx.needs_input_grad[1] else None
        to_raster = None
        if ctx.needs_input_grad[0]:
            to_raster = conv_back(_early(error, ctx.lag), weight, ctx.shape)
        return to_raster, to_weight, None, None, None


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, raster: Tensor | None, pool: Pool, lists: Spikes, lag: int) -> Tensor:
        ctx.pool, ctx.lag = pool, lag
        out = torch.empty(lists.steps, lists.recordings, *pool.shape)
        flat = table(out.view(lists.steps * lists.recordings, -1))
        _loops.gather(**lists.lists(), target=pool.target, out=flat, threads=threads())
        return out.mul_(pool.weight.flatten()[0])

    @staticmethod
    def backward(ctx: Any, error: Tensor) -> tuple[Tensor | None, None, None, None]:
        if not ctx.needs_input_grad[0]:
            return None, None, None, None
        pool: Pool = ctx.pool
        early = _early(error, ctx.lag)
        gradient = torch.empty(*error.shape[:2], *pool.source)
        factor = float(pool.weight.flatten()[0])
        flat = table(gradient.flatten(0, 1))
        _loops.scatter(pool.target, table(early.flatten(0, 1)), flat, factor=factor, threads=threads())
        return gradient, None, None, None
