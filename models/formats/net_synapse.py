"""The synapses of a `.net` layer."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.net_fields import Fields
from neurodeploy.network import Conv2d, ConvTranspose2d, Dense, Shape, SumPool2d, Weights

_CHECK = "check the export"


def read_dense(fields: Fields, source: Shape) -> tuple[Dense, Dense | None]:
    """The weights of a dense layer, and the imaginary ones of a complex layer.

    Args:
        fields: of the layer; `weight` is (out, in), also with axes of length 1 squeezed or (out, C, H, W, 1), or a
            group of two such arrays, `real` and `imag`.
        source: shape of the population before it.

    Raises:
        FormatError: sizes that contradict each other.
    """
    targets, sources = prod(fields.shape()), prod(source)
    for name, needed in (("outFeatures", targets), ("inFeatures", sources)):
        if name in fields and fields.integer(name) != needed:
            raise FormatError(fields.place(name), f"is {fields.integer(name)} where {needed} are needed", _CHECK)
    if not fields.is_group("weight"):
        return Dense(_matrix(fields, "weight", targets, sources)), None
    parts = fields.group("weight")
    real, imaginary = (Dense(_matrix(parts, name, targets, sources)) for name in ("real", "imag"))
    parts.finish()
    return real, imaginary


def read_recurrent(fields: Fields, neurons: int) -> Dense:
    """The weights from a layer to itself, `weight_rec`, (out, out)."""
    return Dense(_matrix(fields, "weight_rec", neurons, neurons))


def read_conv(fields: Fields, source: Shape) -> Conv2d:
    """A convolution: `weight` (out, in / groups, kH, kW), also with axes of length 1 squeezed or one added.

    Raises:
        FormatError: sizes that contradict each other or the shape of the layer.
    """
    groups, channels, kernel = _grouped(fields, source)
    weight = _shaped(fields, "weight", (channels, source[0] // groups, *kernel))
    synapse = Conv2d(weight, fields.pair("stride", 1), fields.pair("padding", 0), fields.pair("dilation", 1), groups)
    _check_shape(fields, synapse.output_shape(source))
    return synapse


def read_transposed(fields: Fields, source: Shape) -> ConvTranspose2d:
    """A transposed convolution: `weight` (in, out / groups, kH, kW), also with axes of length 1 squeezed or one added.

    The format has no output padding, and its producers use none; where the stored shape of the layer has more rows or
    columns than the parameters give, fewer than stride or dilation, they are that.

    Raises:
        FormatError: sizes that contradict each other or the shape of the layer.
    """
    groups, channels, kernel = _grouped(fields, source)
    weight = _shaped(fields, "weight", (source[0], channels // groups, *kernel))
    stride, padding = fields.pair("stride", 1), fields.pair("padding", 0)
    synapse = ConvTranspose2d(weight, stride, padding, (0, 0), fields.pair("dilation", 1), groups)
    return _as_large_as_stored(fields, synapse, source)


def read_unpool(fields: Fields, source: Shape) -> ConvTranspose2d:
    """An unpooling: `weight` (kH, kW) of every channel, also with axes of length 1 in front.

    Raises:
        FormatError: sizes that contradict each other, or windows that SLAYER, which puts the channels below each other
            before it unpools, lets reach into the next one.
    """
    channels, kernel = _planes(fields, source), fields.pair("kernelSize")
    if channels != source[0]:
        raise FormatError(fields.place("shape"), f"has {channels} channels, the layer before {source[0]}", _CHECK)
    stride, padding, dilation = fields.pair("stride", 0), fields.pair("padding", 0), fields.pair("dilation", 1)
    stride = stride if min(stride) > 0 else kernel
    synapse = ConvTranspose2d.unpooling(_shaped(fields, "weight", kernel), channels, stride, padding, dilation)
    if not keeps_channels(synapse):
        problem = f"unpools {channels} channels by {kernel}, stride {stride}, padding {padding}, dilation {dilation}: "
        problem += "windows reach into the next channel in SLAYER"
        raise FormatError(fields.place("kernelSize"), problem, "choose a stride that is the kernel's size")
    return _as_large_as_stored(fields, synapse, source)


def keeps_channels(synapse: ConvTranspose2d) -> bool:
    """Whether an unpooling of channels put below each other is one of every channel by itself."""
    span = synapse.dilation[0] * (synapse.weight.shape[2] - 1) + 1
    return synapse.weight.shape[0] == 1 or (span == synapse.stride[0] and synapse.padding[0] == 0)


def _as_large_as_stored(fields: Fields, synapse: ConvTranspose2d, source: Shape) -> ConvTranspose2d:
    """The synapse with as much output padding as the stored shape needs."""
    found, stored = synapse.output_shape(source), fields.shape()
    more = stored[1] - found[1], stored[2] - found[2]
    room = [max(pair) for pair in zip(synapse.stride, synapse.dilation, strict=True)]
    if all(0 <= m < r for m, r in zip(more, room, strict=True)):
        synapse = replace(synapse, output_padding=more)
    _check_shape(fields, synapse.output_shape(source))
    return synapse


def read_pool(fields: Fields, source: Shape) -> tuple[SumPool2d, bool]:
    """A pool: `weight` (kH, kW), also with axes of length 1 in front; and whether rows or columns were added.

    Where the kernel does not divide the size n, SLAYER adds n mod k zero rows at the bottom and columns at the right
    before it pools; the stored shape of the layer tells whether it did.

    Raises:
        FormatError: sizes that contradict each other, or windows that SLAYER lets reach into the next channel.
    """
    channels, kernel = _planes(fields, source), fields.pair("kernelSize")
    if channels != source[0]:
        raise FormatError(fields.place("shape"), f"has {channels} channels, the layer before {source[0]}", _CHECK)
    if fields.pair("dilation", 1) != (1, 1):
        raise FormatError(fields.place("dilation"), "spreads the windows of a pool", "pool without dilation")
    weight, stride = _shaped(fields, "weight", kernel), fields.pair("stride", 0)
    stride = stride if min(stride) > 0 else kernel
    height, width = fields.pair("padding", 0)
    more = (source[1] % kernel[0], source[2] % kernel[1])
    for bottom, right in ((0, 0), more):
        synapse = SumPool2d(weight, stride, (height, height + bottom, width, width + right))
        if synapse.output_shape(source) == fields.shape():
            if any((n + extra) % k for n, extra, k in zip(source[1:], (bottom, right), kernel, strict=True) if extra):
                problem = f"pools {source[1]} x {source[2]} by {kernel}: windows reach into the next channel in SLAYER"
                raise FormatError(fields.place("kernelSize"), problem, "choose a kernel that divides the size")
            return synapse, bool(bottom or right)
    _check_shape(fields, SumPool2d(weight, stride, (height, height, width, width)).output_shape(source))
    raise AssertionError


def _matrix(fields: Fields, name: str, targets: int, sources: int) -> Weights:
    """A matrix that may have lost axes of length 1, or kept those of the planes before it."""
    found = fields.numbers(name)
    if found.size != targets * sources or (found.ndim > 1 and found.shape[0] != targets):
        problem = f"has shape {found.shape}, which is no {targets} x {sources}"
        raise FormatError(fields.place(name), problem, _CHECK)
    return found.reshape(targets, sources)


def _shaped(fields: Fields, name: str, shape: Shape) -> Weights:
    """An array of that shape, up to axes of length 1."""
    found = fields.numbers(name)
    if [n for n in found.shape if n > 1] != [n for n in shape if n > 1]:
        raise FormatError(fields.place(name), f"has shape {found.shape}, not {shape}", _CHECK)
    return found.reshape(shape)


def _grouped(fields: Fields, source: Shape) -> tuple[int, int, tuple[int, int]]:
    """Groups, channels and kernel of a convolution or transposed one."""
    groups = fields.integer("groups", 1)
    channels, kernel = _planes(fields, source), fields.pair("kernelSize")
    for name, needed in (("inChannels", source[0]), ("outChannels", channels)):
        if name in fields and fields.integer(name) != needed:
            raise FormatError(fields.place(name), f"is {fields.integer(name)} where {needed} are needed", _CHECK)
    for needed in (source[0], channels):
        if groups < 1 or needed % groups:
            raise FormatError(fields.place("groups"), f"is {groups}, which does not divide {needed} channels", _CHECK)
    return groups, channels, kernel


def _planes(fields: Fields, source: Shape) -> int:
    """Number of channels of a layer of planes."""
    shape = fields.shape()
    if len(source) != 3 or len(shape) != 3:
        problem = f"leads from shape {source} to {shape}, and needs channels, height and width on both sides"
        raise FormatError(fields.place("shape"), problem, _CHECK)
    return shape[0]


def _check_shape(fields: Fields, found: Shape) -> None:
    if found != fields.shape():
        problem = f"is {fields.shape()}, and its parameters give {found}"
        raise FormatError(fields.place("shape"), problem, _CHECK)
