"""From an architecture and the weights of its layers to a network: shared by the readers of SLAYER's formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError, NetworkError
from neurodeploy.models.formats.notation import (
    Architecture,
    ConvLayer,
    DenseLayer,
    PoolLayer,
    TransposedLayer,
    UnpoolLayer,
    WeightLayer,
)
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.network import (
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    Network,
    Population,
    Projection,
    Shape,
    SumPool2d,
    Synapse,
)
from neurodeploy.network.neurons import PerNeuron

FloatArray = NDArray[np.float64]
#: Loihi-aware SLAYER rounds float weights to even integers in its forward pass.
TRAINING_GRID = 2


@dataclass(frozen=True)
class Slot:
    """A layer that awaits its weights.

    Args:
        name: conv1, pool1, fc1 …
        layer: its specification.
        source: shape of the population before it.
        weight_shape: what its weights must be, (targets, sources), (out, in / groups, k, k), (in, out / groups, k, k)
            of a transposed convolution, or (k, k).
    """

    name: str
    layer: WeightLayer
    source: Shape
    weight_shape: Shape


@dataclass(frozen=True, eq=False)
class Part:
    """A layer with its weights.

    Args:
        name: of the layer and its population.
        synapse: the connections into it.
        shape: of its population.
    """

    name: str
    synapse: Synapse
    shape: Shape


def read_parts(architecture: Architecture, read: Callable[[Slot], FloatArray]) -> tuple[Part, ...]:
    """Fetch the weights of every layer, first to last, each once its shape is known.

    Args:
        architecture: the layers.
        read: gives the weights of a layer in its `weight_shape`.

    Raises:
        FormatError: a layer that does not suit the one before, or what `read` raises.
    """
    parts: list[Part] = []
    source = architecture.input.shape
    for name, layer in architecture.named():
        slot = Slot(name, layer, source, _weight_shape(name, layer, source))
        synapse = _synapse(slot, read(slot))
        try:
            source = synapse.output_shape(source)
        except NetworkError as error:
            raise FormatError(f"{name}: {error.subject}", error.problem, "correct the architecture") from error
        parts.append(Part(name, synapse, source))
    return tuple(parts)


def assemble(
    architecture: Architecture,
    parts: tuple[Part, ...],
    neuron: LoihiNeuron,
    timestep_ms: float,
    steps: int | None,
    delays: Mapping[str, PerNeuron] | None = None,
) -> Network:
    """Chain layers of LOIHI neurons; weights stay float, with the grid of training, or integer, as they are.

    Args:
        architecture: gives the shape of the input.
        parts: the layers behind it.
        neuron: of every layer.
        timestep_ms: length of a step.
        steps: default length of a recording.
        delays: axonal delay in steps by layer, where it is not 0.
    """
    cells = [neuron.cuba()] * len(parts)
    network = chained(architecture, parts, cells, timestep_ms, steps, delays or {})
    return replace(network, projections=tuple(_as_trained(p, neuron) for p in network.projections))


def chained(
    architecture: Architecture,
    parts: tuple[Part, ...],
    cells: Sequence[CubaLif],
    timestep_ms: float,
    steps: int | None,
    delays: Mapping[str, PerNeuron],
) -> Network:
    """Chain layers, each with neurons of its own (`cells`), to a network; the other arguments as for `assemble`."""
    populations = [
        Population("input", shape=architecture.input.shape),
        *(
            Population(part.name, cell, part.shape, axonal_delay=delays.get(part.name, 0))
            for part, cell in zip(parts, cells, strict=True)
        ),
    ]
    projections = [
        Projection(source.name, target.name, part.synapse)
        for (source, target), part in zip(pairwise(populations), parts, strict=True)
    ]
    return Network(tuple(populations), tuple(projections), timestep_ms, steps)


def _as_trained(projection: Projection, neuron: LoihiNeuron) -> Projection:
    grid = None if projection.is_integer else TRAINING_GRID
    return replace(projection, weight_exponent=neuron.weight_exponent, weight_grid=grid)


def as_integers(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the layers with integer weights if every weight of every layer is a whole number, else unchanged."""
    if not all(np.array_equal(p.synapse.weight, np.rint(p.synapse.weight)) for p in parts):
        return parts
    return tuple(replace(p, synapse=replace(p.synapse, weight=p.synapse.weight.astype(np.int32))) for p in parts)


def padding_notes(parts: tuple[Part, ...]) -> list[str]:
    """Tell of every pool that was padded because its size does not divide the layer before."""
    notes = []
    for part in parts:
        if isinstance(part.synapse, SumPool2d) and any(part.synapse.padding):
            _, bottom, _, right = part.synapse.padding
            notes.append(f"{part.name} is padded by {bottom} zero rows at the bottom and {right} columns at the right")
    return notes


def check_weights(where: str, weights: FloatArray) -> FloatArray:
    """Return finite weights of at most 31 bits unchanged; raises FormatError for others."""
    bad = ~np.isfinite(weights)
    if bad.any():
        problem = f"{int(bad.sum())} of {weights.size} weights are NaN or infinite"
        raise FormatError(where, problem, "export the network again")
    if weights.size and np.abs(weights).max() >= 2**31:
        raise FormatError(where, f"a weight of {np.abs(weights).max():.6g} is beyond 2^31", "export the network again")
    return weights


def _weight_shape(name: str, layer: WeightLayer, source: Shape) -> Shape:
    if isinstance(layer, DenseLayer):
        return (layer.neurons, int(np.prod(source, dtype=np.int64)))
    if len(source) != 3:
        problem = f"needs a layer (channels, height, width) before it, not {source[0]} neurons"
        raise FormatError(name, problem, "put it before the dense layers, and give the input as WxHxC")
    if isinstance(layer, PoolLayer | UnpoolLayer):
        return (layer.kernel, layer.kernel)
    if layer.groups < 1 or source[0] % layer.groups or layer.channels % layer.groups:
        problem = f"{layer.groups} groups do not divide {source[0]} channels in and {layer.channels} out"
        raise FormatError(name, problem, "correct the groups")
    if isinstance(layer, TransposedLayer):
        return (source[0], layer.channels // layer.groups, layer.kernel, layer.kernel)
    return (layer.channels, source[0] // layer.groups, layer.kernel, layer.kernel)


def _synapse(slot: Slot, weights: FloatArray) -> Synapse:
    layer = slot.layer
    if isinstance(layer, DenseLayer):
        return Dense(weights)
    if isinstance(layer, UnpoolLayer):
        return ConvTranspose2d.unpooling(weights, slot.source[0], (layer.kernel, layer.kernel))
    if isinstance(layer, TransposedLayer):
        return ConvTranspose2d(weights, layer.stride, layer.padding, (0, 0), layer.dilation, layer.groups)
    if isinstance(layer, ConvLayer):
        return Conv2d(weights, layer.stride, layer.padding, layer.dilation, layer.groups)
    _, height, width = slot.source
    bottom, right = (_pool_padding(slot.name, size, layer.kernel) for size in (height, width))
    return SumPool2d(weights, (layer.kernel, layer.kernel), (0, bottom, 0, right))


def _pool_padding(name: str, size: int, kernel: int) -> int:
    """Give the zero rows at the end of `size` rows: `size mod kernel`, as SLAYER pads (11 rows by 2: 12, then 6)."""
    padding = size % kernel
    if (size + padding) % kernel:
        problem = f"{kernel} divides neither {size} rows or columns nor, padded, {size + padding}"
        raise FormatError(name, problem, "choose a pooling size that divides the layer before")
    return padding
