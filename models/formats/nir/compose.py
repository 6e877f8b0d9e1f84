"""Two linear nodes in a row as one synapse: convolutions and pools stay convolutions where that is exact."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.nir.float_graph import Floats
from neurodeploy.network import (
    Conv2d,
    Dense,
    OneToOne,
    Shape,
    Sparse,
    SumPool2d,
    Synapse,
    connections,
    synapse_count,
)

#: Weights or synapses that two nodes in a row may become: 256 MiB of float64.
MAX_WEIGHTS = 2**25


def compose(first: Synapse, second: Synapse, source: Shape, middle: Shape) -> Synapse:
    """The synapse that does what `first` and then `second` do.

    Args:
        first: from a population of shape `source` to values of shape `middle`.
        second: behind it.
        source: shape of the population.
        middle: shape between the two.

    Raises:
        FormatError: more than 2^25 weights.
    """
    if isinstance(first, OneToOne) and first.weight.size == 1:
        return _scaled(second, float(first.weight[0]))
    if isinstance(second, OneToOne) and second.weight.size == 1:
        return _scaled(first, float(second.weight[0]))
    if isinstance(first, OneToOne):
        kept = _weighted_inputs(second, np.asarray(first.weight, np.float64), middle)
    elif isinstance(second, OneToOne):
        kept = _weighted_outputs(first, np.asarray(second.weight, np.float64), middle)
    elif isinstance(second, Dense):
        return _dense_behind(first, second, source, middle)
    else:
        kept = _convolved(first, second, source, middle)
    return kept or _joined(first, second, source, middle)


def applied(synapse: Synapse, values: Floats, source: Shape) -> Floats:
    """A synapse's weights times values of shape () or (sources,)."""
    values = np.broadcast_to(values, (prod(source),))
    if isinstance(synapse, Dense):
        return np.asarray(synapse.weight @ values, np.float64)
    _check(synapse_count(synapse, source))
    listed = connections(synapse, source)
    weighted = listed.weight * values[listed.source]
    return np.bincount(listed.target, weighted, prod(synapse.output_shape(source))).astype(np.float64)


def listed(synapse: Synapse, source: Shape) -> Sparse:
    """A synapse as a list; raises FormatError for more than 2^25 weights."""
    _check(synapse_count(synapse, source))
    every = connections(synapse, source)
    weight = np.asarray(every.weight, np.float64)
    targets = prod(synapse.output_shape(source))
    return Sparse(weight, every.source.astype(np.int64), every.target.astype(np.int64), targets)


def _scaled(synapse: Synapse, factor: float) -> Synapse:
    return replace(synapse, weight=synapse.weight * factor)


def _weighted_inputs(synapse: Synapse, factors: Floats, source: Shape) -> Synapse | None:
    """`synapse` with its inputs multiplied by `factors`, (sources,)."""
    if isinstance(synapse, OneToOne | Dense):
        return replace(synapse, weight=synapse.weight * factors)
    planes = factors.reshape(source[0], -1)
    if not isinstance(synapse, Conv2d) or np.any(planes != planes[:, :1]):
        return None
    outputs, depth = synapse.weight.shape[:2]
    group = np.arange(outputs) // (outputs // synapse.groups)
    channel = group[:, None] * depth + np.arange(depth)
    return replace(synapse, weight=synapse.weight * planes[channel, 0][:, :, None, None])


def _weighted_outputs(synapse: Synapse, factors: Floats, target: Shape) -> Synapse | None:
    """`synapse` with its outputs multiplied by `factors`, (targets,)."""
    if isinstance(synapse, OneToOne):
        return OneToOne(np.asarray(synapse.weight * factors, np.float64))
    if isinstance(synapse, Dense):
        return Dense(synapse.weight * factors[:, None])
    planes = factors.reshape(target[0], -1)
    if not isinstance(synapse, Conv2d) or np.any(planes != planes[:, :1]):
        return None
    return replace(synapse, weight=synapse.weight * planes[:, :1, None, None])


def _dense_behind(first: Synapse, second: Dense, source: Shape, middle: Shape) -> Dense:
    _check(second.weight.shape[0] * prod(source))
    if isinstance(first, Dense):
        return Dense(second.weight @ first.weight)
    _check(synapse_count(first, source))
    listed = connections(first, source)
    weight = np.zeros((prod(source), second.weight.shape[0]))
    rows = np.asarray(second.weight.T, np.float64)
    block = max(1, MAX_WEIGHTS // 8 // rows.shape[1])
    for low in range(0, len(listed.weight), block):
        part = slice(low, low + block)
        np.add.at(weight, listed.source[part], rows[listed.target[part]] * listed.weight[part, None])
    return Dense(weight.T)


def _convolved(first: Synapse, second: Synapse, source: Shape, middle: Shape) -> Conv2d | None:
    """A pool behind or in front of a convolution, as one convolution; None where borders would differ.

    With kernel taps i of the second and j of the first, row r of the output reads row
    (r · s₂ + i · d₂ − p₂) · s₁ + j · d₁ − p₁ of the source.
    """
    if isinstance(first, SumPool2d) and isinstance(second, Conv2d):
        # What the second one pads must be what the first one would compute outside: nothing.
        padded = any(second.padding)
        whole = all(middle[1 + i] * first.stride[i] >= source[1 + i] for i in (0, 1))
        inside = all(first.weight.shape[i] <= first.stride[i] for i in (0, 1))
        if any(first.padding) or (padded and not (whole and inside)):
            return None
        pool, conv, inner, outer = first, second, (1, 1), second.dilation
        shift = tuple(p * s for p, s in zip(second.padding, first.stride, strict=True))
    elif isinstance(first, Conv2d) and isinstance(second, SumPool2d) and not any(second.padding):
        pool, conv, inner, outer = second, first, first.dilation, (1, 1)
        shift = first.padding
    else:
        return None
    late = np.asarray(conv.weight if conv is second else pool.weight)
    early = np.asarray(pool.weight if conv is second else conv.weight)
    spread = [outer[i] * first.stride[i] for i in (0, 1)]
    size = [(late.shape[i - 2] - 1) * spread[i] + (early.shape[i - 2] - 1) * inner[i] + 1 for i in (0, 1)]
    _check(prod(conv.weight.shape[:2]) * prod(size))
    weight = np.zeros((*conv.weight.shape[:2], *size))
    for y, x in np.ndindex(*late.shape[-2:]):
        rows = slice(y * spread[0], y * spread[0] + (early.shape[-2] - 1) * inner[0] + 1, inner[0])
        columns = slice(x * spread[1], x * spread[1] + (early.shape[-1] - 1) * inner[1] + 1, inner[1])
        weight[:, :, rows, columns] += late[..., y, x, None, None] * early
    stride = (first.stride[0] * second.stride[0], first.stride[1] * second.stride[1])
    return Conv2d(weight, stride, (shift[0], shift[1]), (1, 1), conv.groups)


def _joined(first: Synapse, second: Synapse, source: Shape, middle: Shape) -> Sparse:
    """Every way through the middle, listed."""
    for part, shape in ((first, source), (second, middle)):
        _check(synapse_count(part, shape))
    near, far = connections(first, source), connections(second, middle)
    order = np.argsort(far.source, kind="stable")
    count = np.bincount(far.source, minlength=prod(middle))
    start = np.concatenate([[0], np.cumsum(count)])
    ways = count[near.target]
    _check(int(ways.sum()))
    row = np.repeat(np.arange(len(ways)), ways)
    inside = np.arange(len(row)) - np.repeat(np.cumsum(ways) - ways, ways)
    other = order[start[near.target[row]] + inside]
    targets = prod(second.output_shape(middle))
    weight = np.asarray(near.weight[row] * far.weight[other], np.float64)
    return Sparse(weight, near.source[row].astype(np.int64), far.target[other].astype(np.int64), targets)


def _check(weights: int) -> None:
    if weights > MAX_WEIGHTS:
        raise FormatError(
            "nodes without neurons between them",
            f"become {weights:,} weights, more than {MAX_WEIGHTS:,}",
            "put neurons between them",
        )
