"""From the projections of a network to trainable synapses, and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.notation import ConvLayer, TransposedLayer
from neurodeploy.models.slayer.grids import ChipGrid, FloatGrid, WeightGrid, best_grid
from neurodeploy.models.slayer.layers import Conv, Dense, Pool, TransposedConv, Unpool
from neurodeploy.network import Conv2d, ConvTranspose2d, Projection, Shape, SumPool2d
from neurodeploy.network import Dense as DenseSynapse

Synapses = Dense | Conv | Pool | TransposedConv | Unpool
LEARNED = (Dense, Conv, TransposedConv)
#: Weights that nobody learns are kept in as many bits as there are.
FIXED_BITS = 8


def synapses_of(projection: Projection, source: Shape, bits: int | None) -> Synapses:
    """A trainable layer with a projection's weights.

    Args:
        projection: dense, convolution, transposed convolution, pool or unpooling.
        source: shape of its source, (height, width, channels) or (neurons,).
        bits: of learned weights; None: they stay as they are, neither rounded nor trained.

    Raises:
        NetworkError: synapses of another kind, or of a form that training does not have.
    """
    meant = projection.trained_weights()
    grid: WeightGrid = FloatGrid() if bits is None else best_grid(meant, bits, projection.weight_exponent)
    synapse = projection.synapse
    layer: Synapses
    if isinstance(synapse, DenseSynapse):
        layer = Dense(source, synapse.weight.shape[0], grid)
    elif isinstance(synapse, Conv2d):
        kernel = _square(projection, synapse.weight.shape[2:])
        spec = ConvLayer(len(meant), kernel, synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
        layer = Conv(source, spec, grid)
    elif isinstance(synapse, SumPool2d):
        return _pool(projection, synapse, source, bits)
    elif isinstance(synapse, ConvTranspose2d):
        return _transposed(projection, synapse, source, grid, bits)
    else:
        problem = f"has {type(synapse).__name__.lower()} synapses"
        raise NetworkError(projection.name, problem, "train dense layers, convolutions and pools")
    _fill(layer, meant)
    return layer


def trained_projection(projection: Projection, layer: Synapses) -> Projection:
    """The projection with what a layer learned, in the chip's format; unchanged where weights are float or fixed."""
    if not isinstance(layer, LEARNED):
        return projection if projection.is_integer else _rounded(projection)
    if not isinstance(layer.grid, ChipGrid):
        return projection
    stored = layer.grid.stored(layer.weight).reshape(projection.synapse.weight.shape)
    return _stored(projection, stored, layer.grid)


def _rounded(projection: Projection) -> Projection:
    """A projection of float weights that are not learned, rounded as its layer uses them."""
    meant = projection.trained_weights()
    grid = best_grid(meant, FIXED_BITS, projection.weight_exponent)
    return _stored(projection, grid.format.nearest(meant, grid.exponent).astype(np.int32), grid)


def _stored(projection: Projection, stored: NDArray[np.int32], grid: ChipGrid) -> Projection:
    return replace(
        projection,
        synapse=replace(projection.synapse, weight=stored),
        weight_exponent=grid.exponent,
        weight_format=grid.format,
        weight_grid=None,
    )


def is_whole(layer: Synapses) -> bool:
    """Whether a layer's sums are whole numbers, which single precision holds exactly."""
    if isinstance(layer, LEARNED) and isinstance(layer.grid, ChipGrid):
        return True
    weight = layer.weight.detach()
    return bool((weight == weight.round()).all())


def _fill(layer: Dense | Conv | TransposedConv, meant: NDArray[np.float64]) -> None:
    learned = isinstance(layer.grid, ChipGrid)
    weights = layer.grid.steps(meant) if isinstance(layer.grid, ChipGrid) else meant
    values = torch.from_numpy(weights.reshape(layer.weight.shape))
    layer.weight = nn.Parameter(values.float() if learned else values, requires_grad=learned)


def _square(projection: Projection, kernel: Shape) -> int:
    if len(set(kernel)) > 1:
        problem = f"has a kernel of {kernel[0]}x{kernel[1]}"
        raise NetworkError(projection.name, problem, "train square kernels")
    return kernel[0]


def _pool(projection: Projection, pool: SumPool2d, source: Shape, bits: int | None) -> Pool:
    kernel = _square(projection, pool.weight.shape)
    padding = (0, source[0] % kernel, 0, source[1] % kernel)
    if pool.stride != (kernel, kernel) or pool.padding != padding:
        problem = "is a pool whose windows overlap, leave gaps or are padded elsewhere than at the end"
        raise NetworkError(projection.name, problem, "train pools of neighbouring windows")
    return Pool(source, kernel, _constant(projection, bits))


def _transposed(
    projection: Projection, synapse: ConvTranspose2d, source: Shape, grid: WeightGrid, bits: int | None
) -> TransposedConv | Unpool:
    kernel = _square(projection, synapse.weight.shape[2:])
    if any(synapse.output_padding):
        raise NetworkError(projection.name, "has output padding", "train transposed convolutions without it")
    if not synapse.learned:
        if synapse.stride != (kernel, kernel) or any(synapse.padding) or synapse.dilation != (1, 1):
            raise NetworkError(projection.name, "is an unpooling that overlaps or leaves gaps", "use neighbouring ones")
        return Unpool(source, kernel, _constant(projection, bits))
    channels = synapse.weight.shape[1] * synapse.groups
    spec = TransposedLayer(channels, kernel, synapse.stride, synapse.padding, synapse.dilation, synapse.groups)
    layer = TransposedConv(source, spec, grid)
    _fill(layer, projection.trained_weights())
    return layer


def _constant(projection: Projection, bits: int | None) -> float:
    """The one weight of a pool or unpooling, as the chip will mean it where weights are rounded."""
    used = projection if bits is None or projection.is_integer else _rounded(projection)
    values = np.unique(used.trained_weights())
    if len(values) > 1:
        raise NetworkError(projection.name, "has a pool of different weights", "train pools of equal weights")
    return float(values[0])
