"""Nodes without state: their weights as synapses, and the shapes they give."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError, NetworkError
from neurodeploy.models.formats.nir.float_graph import Floats
from neurodeploy.models.formats.nir.graph import PORT, Node
from neurodeploy.models.formats.nir.neuron_nodes import per_neuron
from neurodeploy.network import Conv2d, Dense, OneToOne, Shape, SumPool2d, Synapse

WEIGHTED = ("Affine", "Linear", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "Scale")
#: Of all neurons of a graph together: what the largest board, 32 chips, has.
MAX_NEURONS = 2**22

_ZERO = np.zeros(())


def checked_shape(node: Node, values: tuple[int, ...]) -> Shape:
    """A shape as populations have it: (neurons,), or (channels, height, width), a line of planes having height 1.

    Raises:
        FormatError: sizes that are not positive, too many of them, or too many neurons.
    """
    if not 1 <= len(values) <= 3 or min(values) < 1 or prod(values) > MAX_NEURONS:
        raise node.error(
            f"has shape {values}", f"give 1 to 3 positive sizes without batch or time, up to {MAX_NEURONS:,} neurons"
        )
    return (values[0], 1, values[1]) if len(values) == 2 else values


def output_shape(node: Node, source: Shape) -> Shape:
    """The shape behind a node whose input has shape `source`.

    Raises:
        FormatError: an input that does not suit the node.
    """
    if node.kind in WEIGHTED:
        try:
            return checked_shape(node, synapse(node, source).output_shape(source))
        except NetworkError as error:
            raise node.error(f"does not suit its input: {error.subject} {error.problem}", error.remedy) from error
    if node.kind == "Flatten":
        return _flattened(node, source)
    if node.kind in (PORT, "Input", "Output") and node.has("shape"):
        stated = node.wholes("shape")
        if prod(stated) != prod(source):
            raise node.error(f"states shape {stated}, its input has {source}", "repair the network")
    return source


def synapse(node: Node, source: Shape) -> Synapse:
    """The weights of a node of `WEIGHTED`, for an input of shape `source`.

    Raises:
        FormatError: fields that do not make sense.
        NetworkError: weights that are none.
    """
    if node.kind in ("Affine", "Linear"):
        weight = node.numbers("weight")
        if weight.ndim != 2:
            raise node.error(f"has weights of shape {weight.shape}", "give (out, in)")
        if len(source) == 3 and source[:2] != (1, 1):
            raise node.error(f"reads an input of shape {source}", "put a Flatten in front of it")
        return Dense(weight)
    if node.kind == "Scale":
        return OneToOne(per_neuron(node, node.numbers("scale"), "scale", source).reshape(-1))
    if node.kind in ("SumPool2d", "AvgPool2d"):
        return _pool(node)
    return _convolution(node)


def bias(node: Node, shape: Shape) -> Floats:
    """What a node adds in every step, () or (outputs,); `shape` is that of its output.

    Raises:
        FormatError: a number of values that is neither one nor that of the outputs or channels.
    """
    if not node.has("bias"):
        return _ZERO
    values = node.numbers("bias").reshape(-1)
    if not values.any():
        return _ZERO
    if values.size == 1:
        return values.reshape(())
    if values.size != shape[0]:
        raise node.error(f"has {values.size} biases for {shape[0]} outputs or channels", "repair the network")
    return np.repeat(values, prod(shape[1:]))


def _flattened(node: Node, source: Shape) -> Shape:
    """All axes become one: producers disagree whether a batch axis counts, so `start_dim` may be 0 or 1.

    Populations keep (channels, height, width) or become (neurons,); partial flattening is refused.
    """
    start, end = node.whole("start_dim", 1), node.whole("end_dim", -1)
    if start not in (0, 1) or end not in (-1, len(source) - 1, len(source)):
        raise node.error(f"flattens axes {start} … {end} of {source}", "flatten all axes")
    return (prod(source),)


def _pair(node: Node, field: str, absent: int, axes: int) -> tuple[int, int]:
    """A size per axis (height, width); a line has one axis, the width."""
    values = node.wholes(field) if node.has(field) else (absent,)
    if len(values) not in (1, axes):
        raise node.error(f"has {field} {values}", f"give one value or {axes}")
    if axes == 1:
        return (absent, values[0])
    return (values[0], values[-1])


def _pool(node: Node) -> SumPool2d:
    kernel, stride = _pair(node, "kernel_size", 1, 2), _pair(node, "stride", 1, 2)
    pad = _pair(node, "padding", 0, 2)
    if min(kernel) < 1 or prod(kernel) > 2**16 or min(pad) < 0 or max(2 * pad[i] - kernel[i] for i in (0, 1)) > 0:
        raise node.error(f"has kernel {kernel} and padding {pad}", "pad at most half the kernel")
    weight = np.full(kernel, 1.0 if node.kind == "SumPool2d" else 1.0 / prod(kernel))
    return SumPool2d(weight, stride, (pad[0], pad[0], pad[1], pad[1]))


def _convolution(node: Node) -> Conv2d:
    axes = 1 if node.kind == "Conv1d" else 2
    weight = node.numbers("weight")
    if weight.ndim != 2 + axes or 0 in weight.shape:
        raise node.error(f"has weights of shape {weight.shape}", f"give {2 + axes} axes (out, in / groups, kernel)")
    if axes == 1:
        weight = weight[:, :, None, :]
    stride, dilation = _pair(node, "stride", 1, axes), _pair(node, "dilation", 1, axes)
    groups = node.whole("groups", 1)
    word = node.word("padding") if node.has("padding") else None
    if word is None:
        return Conv2d(weight, stride, _pair(node, "padding", 0, axes), dilation, groups)
    if word == "same" and stride == (1, 1) and min(dilation) > 0:
        return _same(node, weight, dilation, groups)
    if word != "valid":
        raise node.error(f"has padding {word!r} with stride {stride}", "use numbers, 'valid', or 'same' with stride 1")
    return Conv2d(weight, stride, (0, 0), dilation, groups)


def _same(node: Node, weight: NDArray[np.float64], dilation: tuple[int, int], groups: int) -> Conv2d:
    """Padding that keeps the size, as torch has it: half of d · (k − 1) before, the larger half behind.

    Where the halves differ, a row of zero weights in front makes them equal; a dilated kernel is spread out first.
    """
    conv = Conv2d(weight, (1, 1), (0, 0), dilation, groups)
    for axis in (0, 1):
        kernel, spread = conv.weight.shape[2 + axis], conv.dilation[axis]
        total = spread * (kernel - 1)
        if total > MAX_NEURONS:
            raise node.error(f"has a kernel that spans {total + 1}", "use a smaller dilation")
        padding = [conv.padding[0], conv.padding[1]]
        padding[axis] = -(-total // 2)
        steps = [conv.dilation[0], conv.dilation[1]]
        taps = np.asarray(conv.weight, np.float64)
        if total % 2:
            shape = list(taps.shape)
            shape[2 + axis] = total + 2
            if prod(shape) > 2**24:
                raise node.error(f"has a kernel that spans {total + 1}", "use a smaller dilation")
            spread_out = np.zeros(shape)
            spread_out[(slice(None),) * (2 + axis) + (slice(1, None, spread),)] = taps
            taps, steps[axis] = spread_out, 1
        conv = replace(conv, weight=taps, padding=(padding[0], padding[1]), dilation=(steps[0], steps[1]))
    return conv


def stated_shape(node: Node, source: Shape) -> str | None:
    """A sentence when a convolution states another input size than it gets; the computed one counts."""
    if not node.kind.startswith("Conv") or not node.has("input_shape"):
        return None
    try:
        stated = node.wholes("input_shape")
    except FormatError:
        return None
    actual = source[1:] if node.kind == "Conv2d" else source[2:]
    return None if stated == actual else f"{node.name} states an input of {stated}; it gets {actual}"
