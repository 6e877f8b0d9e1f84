"""The input layer of a `.net` file, and what drives its neurons.

An input layer with neurons takes a real image x, quantized to steps of 2 / 64; in every step its neurons receive
z = weight · x + bias. netx only keeps weight and bias; who calls it writes z into the neurons' bias, and so does this.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError
from neurodeploy.files import parse_npy, read_bytes
from neurodeploy.models.formats.net_fields import Fields
from neurodeploy.models.formats.net_neuron import read_neuron
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.network import Bias, Delta, Population, Shape
from neurodeploy.precision import IntArray

MAX_IMAGE_BYTES = 2**28
#: Steps of the image per 1.0: 64 units, of which 8 bits with a sign hold every other one.
IMAGE_STEPS = 32
#: weight and bias where the file has none: z is the image itself, in units of 1 / 64.
_DEFAULTS = {"weight": 64, "bias": 0}


def read_input(fields: Fields, options: ReadOptions) -> tuple[Population, list[str]]:
    """The input population; with neurons it is driven by `options.image` or `options.input_bias`, else only by the
    file's own bias.

    Raises:
        FormatError: a transform or an image without neurons, or an image of another shape.
    """
    shape = fields.shape()
    weight, bias = (fields.integer(name, default) for name, default in _DEFAULTS.items())
    delay = fields.per_neuron("delay", shape, 0)
    if "neuron" not in fields:
        if (weight, bias) != tuple(_DEFAULTS.values()):
            problem = f"has weight {weight} and bias {bias}, and no neuron that they could drive"
            raise FormatError(fields.where, problem, "export it with its neuron")
        if options.image is not None or options.input_bias is not None:
            raise FormatError(fields.where, "has no neuron that an image could drive", "give recordings instead")
        return Population("input", None, shape, axonal_delay=delay), []
    reading = read_neuron(fields.group("neuron"), shape, is_input=True)
    if reading.weight_exponent:
        raise FormatError(fields.where, "has a weight exponent on the input, where no weights are", "export it with 0")
    value, note = _drive(options, shape, weight, bias)
    drive = Bias(value, 0 if isinstance(reading.neuron, Delta) else 6) if np.any(value) else None
    population = Population("input", reading.neuron, shape, drive, delay)
    return population, [f"input: {said}" for said in (note, reading.note) if said]


def transformed(image: NDArray[np.generic], weight: int, bias: int) -> IntArray:
    """z of an image: rint(weight · x + bias), x rounded to steps of 1 / 32 first; both round half to even.

    Args:
        image: real numbers of any shape.
        weight: of the input layer, a whole number; 64 stands for 1.
        bias: likewise.
    """
    x = np.rint(image.astype(np.float64) * IMAGE_STEPS) / IMAGE_STEPS
    result: IntArray = np.rint(weight * x + bias).astype(np.int64)
    return result


def _drive(options: ReadOptions, shape: Shape, weight: int, bias: int) -> tuple[IntArray, str]:
    """What the neurons receive, () or (neurons,) or (steps, neurons), and what to say about it."""
    if options.image is not None and options.input_bias is not None:
        raise FormatError("image", "is given beside an input bias", "give one of --image and --input-bias")
    said = f"weight {weight}, bias {bias}"
    if options.input_bias is not None:
        values = _read(Path(options.input_bias), shape)
        if not np.array_equal(values, np.rint(values)):
            raise FormatError(str(options.input_bias), "holds numbers that are not whole", "give --image instead")
        return values.astype(np.int64), f"its neurons are driven by {Path(options.input_bias).name} ({said} not used)"
    if options.image is not None:
        values = _read(Path(options.image), shape)
        return transformed(values, weight, bias), f"its neurons are driven by {Path(options.image).name} through {said}"
    note = f"its neurons are driven by bias {bias} alone; {said}: give the image with --image, or z with --input-bias"
    return np.asarray(bias, np.int64), note


def _read(path: Path, shape: Shape) -> NDArray[np.float64]:
    """An image, in the input's shape or with an axis of steps in front, as (neurons,) or (steps, neurons)."""
    array = parse_npy(read_bytes(path, MAX_IMAGE_BYTES), str(path)).astype(np.float64)
    if array.size == 0 or not np.all(np.isfinite(array)) or np.abs(array).max() >= 2**31:
        raise FormatError(str(path), "is empty or holds values that are no finite 32-bit numbers", "store them again")
    if array.shape == shape:
        return array.reshape(-1)
    if array.ndim == len(shape) + 1 and array.shape[1:] == shape:
        return array.reshape(len(array), -1)
    raise FormatError(
        str(path), f"has shape {array.shape}, not {shape}, with or without steps in front", "transpose it"
    )
