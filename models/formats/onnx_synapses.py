"""Synapses as standard integer operators: from the payloads delivered in a step to q of the target neurons.

All sums are int64, as in the reference. Convolution and pooling gather their windows into a matrix, since the
standard set's integer convolution takes 8 bits only.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.models.formats.onnx_arithmetic import floored
from neurodeploy.models.formats.onnx_graph import GraphBuilder, zeros
from neurodeploy.network import (
    ConvTranspose2d,
    Dense,
    OneToOne,
    Projection,
    Shape,
    SumPool2d,
    Synapse,
    Windowed,
    Windows,
    windows,
)
from neurodeploy.precision import IntArray


def contribution(
    build: GraphBuilder, index: int, projection: Projection, source: Shape, delivered: str, profile: str
) -> str:
    """Add what one projection gives in a step.

    Args:
        build: the graph.
        index: position of the projection in the network.
        projection: with integer weights.
        source: shape of the source population.
        delivered: name of the payloads that arrive, int64 (sources,), 0 where none does.
        profile: decides what an exponent below zero floors: every weight ("loihi") or the sum ("lava-0.10").

    Returns:
        Name of its part of q, int64 (targets,).
    """
    exponent = projection.weight_exponent
    key = f"projections/{index}"
    strength = build.parameter(f"{key}/weight", projection.synapse.weight)
    if exponent < 0 and profile == "loihi":
        strength = build.prepare("Mul", floored(build.prepare, build, strength, -exponent), build.constant(64))
    elif exponent >= 0:
        strength = build.prepare("Mul", strength, build.constant(64 << exponent))
    total = _weighted(build, key, projection.synapse, strength, source, delivered)
    if exponent < 0 and profile != "loihi":
        total = build.step("Mul", floored(build.step, build, total, -exponent), build.constant(64))
    return total


def _weighted(build: GraphBuilder, key: str, synapse: Synapse, strength: str, source: Shape, delivered: str) -> str:
    """Sum of weight times payload for every target neuron."""
    if isinstance(synapse, Dense):
        return build.step("MatMul", strength, delivered)
    if isinstance(synapse, Windowed):
        return _windows(build, synapse, strength, source, delivered)
    if isinstance(synapse, OneToOne):
        return build.step("Mul", strength, delivered)
    reached = build.step("Gather", delivered, build.parameter(f"{key}/source", synapse.source), axis=0)
    parts = build.step("Mul", strength, reached)
    targets = build.parameter(f"{key}/target", synapse.target)
    return build.step("ScatterElements", zeros(build, synapse.targets), targets, parts, axis=0, reduction="add")


def _windows(build: GraphBuilder, synapse: Windowed, strength: str, source: Shape, delivered: str) -> str:
    """Gather (groups, channels · taps, output pixels), and multiply each group by its kernels."""
    found = windows(synapse, source)
    groups, outputs, members = found.kernels.shape[:3]
    pixels, taps = found.rows.targets * found.columns.targets, found.rows.taps * found.columns.taps
    plane = found.rows.sources * found.columns.sources
    planes = build.step("Reshape", delivered, build.constant([groups, members, plane]))
    padded = build.step("Concat", planes, zeros(build, groups, members, 1), axis=2)
    gathered = build.step("Gather", padded, build.constant(_reads(found).reshape(-1)), axis=2)
    columns = build.step("Reshape", gathered, build.constant([groups, members * taps, pixels]))
    if isinstance(synapse, ConvTranspose2d):
        split = build.prepare("Reshape", strength, build.constant([groups, members, outputs, taps]))
        strength = build.prepare("Transpose", split, perm=[0, 2, 1, 3])
    kernel = (1, 1, -1) if isinstance(synapse, SumPool2d) else (groups, outputs, -1)
    kernels = build.prepare("Reshape", strength, build.constant(kernel))
    return build.step("Reshape", build.step("MatMul", kernels, columns), build.constant([-1]))


def _reads(found: Windows) -> IntArray:
    """Pixel of the source plane that each tap of each output pixel reads, (taps, output pixels).

    A tap that falls into the padding, or between pixels of a transposed convolution, reads pixel height · width, which
    is always zero.
    """
    rows, columns = found.rows, found.columns
    y = rows.source(np.arange(rows.targets), np.arange(rows.taps)[:, None])[:, None, :, None]
    x = columns.source(np.arange(columns.targets), np.arange(columns.taps)[:, None])[None, :, None, :]
    pixel = np.where((y >= 0) & (x >= 0), y * columns.sources + x, rows.sources * columns.sources)
    reads: IntArray = pixel.reshape(rows.taps * columns.taps, rows.targets * columns.targets)
    return reads
