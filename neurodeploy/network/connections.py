"""The synapses of a projection as one list, whatever their kind: what the compiler maps."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.geometry import Axis, Windows, windows
from neurodeploy.network.synapses import Dense, OneToOne, Sparse, Synapse
from neurodeploy.network.weights import Shape, Weights, checked_weights


@dataclass(frozen=True, eq=False)
class Connections:
    """One row per synapse, sorted by nothing in particular; no two rows join the same two neurons.

    Args:
        source, target: neuron numbers, int32 (synapses,).
        weight: (synapses,).
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    weight: Weights


def connections(synapse: Synapse, source: Shape) -> Connections:
    """Every synapse between a source population of shape `source` and its target."""
    if isinstance(synapse, Dense):
        targets, sources = synapse.weight.shape
        target, origin = np.divmod(np.arange(targets * sources, dtype=np.int64), sources)
        return _listed(origin, target, synapse.weight.reshape(-1))
    if isinstance(synapse, OneToOne):
        index = np.arange(prod(source))
        return _listed(index, index, np.broadcast_to(synapse.weight, index.shape))
    if isinstance(synapse, Sparse):
        return joined(synapse)
    return _tap_by_tap(windows(synapse, source))


def synapse_count(synapse: Synapse, source: Shape) -> int:
    """Number of synapses whose weight is not zero, without listing them."""
    if isinstance(synapse, OneToOne):
        return int(np.count_nonzero(np.broadcast_to(synapse.weight, (prod(source),))))
    if isinstance(synapse, (Dense, Sparse)):
        return int(np.count_nonzero(synapse.weight))
    found = windows(synapse, source)
    joins_y, joins_x = (
        np.count_nonzero(axis.source(np.arange(axis.targets), np.arange(axis.taps)[:, None]) >= 0, axis=1)
        for axis in (found.rows, found.columns)
    )
    per_tap = np.count_nonzero(found.kernels, axis=(0, 1, 2))
    return int(joins_y @ per_tap @ joins_x)


def _tap_by_tap(found: Windows) -> Connections:
    """Every pair (input pixel, output pixel) of each kernel tap, for all channels that meet there."""
    kernels, rows, columns = found.kernels, found.rows, found.columns
    groups, outputs, inputs = kernels.shape[:3]
    out_channel = np.arange(groups * outputs).reshape(groups, outputs, 1)
    in_channel = np.arange(groups * inputs).reshape(groups, 1, inputs)
    listed: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]] = []
    for tap_y in range(rows.taps):
        out_y, in_y = _aligned(rows, tap_y)
        for tap_x in range(columns.taps):
            out_x, in_x = _aligned(columns, tap_x)
            pixel_in = (in_y[:, None] * columns.sources + in_x[None, :]).reshape(-1)
            pixel_out = (out_y[:, None] * columns.targets + out_x[None, :]).reshape(-1)
            origin = in_channel[..., None] * (rows.sources * columns.sources) + pixel_in
            target = out_channel[..., None] * (rows.targets * columns.targets) + pixel_out
            every = np.broadcast_arrays(origin, target, kernels[:, :, :, tap_y, tap_x, None])
            listed.append((every[0].reshape(-1), every[1].reshape(-1), every[2].reshape(-1)))
    return _listed(*(np.concatenate(column) for column in zip(*listed, strict=True)))


def _aligned(axis: Axis, tap: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Output positions and the input positions that one tap joins to them, borders left out."""
    position = axis.source(np.arange(axis.targets), tap)
    out = np.flatnonzero(position >= 0)
    return out, position[out]


def joined(synapse: Sparse) -> Connections:
    """The listed synapses, parallel ones added up; raises NetworkError when a sum leaves 32 bits."""
    key = synapse.source * synapse.targets + synapse.target
    pairs, row = np.unique(key, return_inverse=True)
    weight = np.zeros(len(pairs), np.int64 if synapse.weight.dtype.kind == "i" else np.float64)
    np.add.at(weight, row, synapse.weight)
    return _listed(pairs // synapse.targets, pairs % synapse.targets, checked_weights(weight, 1, "(synapses,)"))


def _listed(source: NDArray[np.int64], target: NDArray[np.int64], weight: NDArray[Any]) -> Connections:
    return Connections(source.astype(np.int32), target.astype(np.int32), _typed(weight))


def _typed(weight: NDArray[Any]) -> Weights:
    return weight.astype(np.int32) if weight.dtype.kind == "i" else weight.astype(np.float64)
