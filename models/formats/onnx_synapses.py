"""Synapses as standard integer operators: from the payloads delivered in a step to q of the target neurons.

All sums are int64, as in the reference. Convolution and pooling gather their windows into a matrix, since the
standard set's integer convolution takes 8 bits only.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.models.formats.onnx_arithmetic import floored
from neurodeploy.models.formats.onnx_graph import GraphBuilder, zeros
from neurodeploy.network import Conv2d, Dense, OneToOne, Projection, Shape, SumPool2d, Synapse
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
    if isinstance(synapse, (Conv2d, SumPool2d)):
        return _windows(build, synapse, strength, source, delivered)
    if isinstance(synapse, OneToOne):
        return build.step("Mul", strength, delivered)
    reached = build.step("Gather", delivered, build.parameter(f"{key}/source", synapse.source), axis=0)
    parts = build.step("Mul", strength, reached)
    targets = build.parameter(f"{key}/target", synapse.target)
    return build.step("ScatterElements", zeros(build, synapse.targets), targets, parts, axis=0, reduction="add")


def _windows(build: GraphBuilder, synapse: Conv2d | SumPool2d, strength: str, source: Shape, delivered: str) -> str:
    """Gather (groups, channels · taps, output pixels), and multiply each group by its kernels."""
    channels, height, width = source
    out_channels, out_height, out_width = synapse.output_shape(source)
    if isinstance(synapse, SumPool2d):
        groups, outputs = channels, 1
        kernel = (1, 1, -1)
    else:
        groups, outputs = synapse.groups, out_channels // synapse.groups
        kernel = (groups, outputs, -1)
    members, pixels = channels // groups, out_height * out_width
    taps = synapse.weight.shape[-2] * synapse.weight.shape[-1]
    planes = build.step("Reshape", delivered, build.constant([groups, members, height * width]))
    padded = build.step("Concat", planes, zeros(build, groups, members, 1), axis=2)
    gathered = build.step("Gather", padded, build.constant(_reads(synapse, source).reshape(-1)), axis=2)
    columns = build.step("Reshape", gathered, build.constant([groups, members * taps, pixels]))
    kernels = build.prepare("Reshape", strength, build.constant(kernel))
    return build.step("Reshape", build.step("MatMul", kernels, columns), build.constant([-1]))


def _reads(synapse: Conv2d | SumPool2d, source: Shape) -> IntArray:
    """Pixel of the source plane that each tap of each output pixel reads, (taps, output pixels).

    A tap that falls into the padding reads pixel height · width, which is always zero.
    """
    _, height, width = source
    _, out_height, out_width = synapse.output_shape(source)
    dilation = synapse.dilation if isinstance(synapse, Conv2d) else (1, 1)
    top, left = synapse.padding if isinstance(synapse, Conv2d) else (synapse.padding[0], synapse.padding[2])
    taps_y, taps_x = synapse.weight.shape[-2:]
    y = np.arange(taps_y)[:, None] * dilation[0] + np.arange(out_height)[None, :] * synapse.stride[0] - top
    x = np.arange(taps_x)[:, None] * dilation[1] + np.arange(out_width)[None, :] * synapse.stride[1] - left
    y, x = y[:, None, :, None], x[None, :, None, :]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    reads: IntArray = np.where(inside, y * width + x, height * width).reshape(taps_y * taps_x, out_height * out_width)
    return reads
