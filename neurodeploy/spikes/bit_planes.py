"""Real-valued images for chips that take spikes alone: one plane of input neurons per bit.

Every input neuron of a plane spikes in every step in which its bit of the image is 1, and its synapses weigh 2^k times
those of bit 0. So the currents are W · image exactly, in integers, in every step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.errors import DataError

#: The chip's weight exponents 0 … 7 give the factors 1 … 128.
MAX_PLANES = 8


def bit_planes(image: ArrayLike, planes: int, steps: int) -> NDArray[np.uint8]:
    """A raster that holds the bits of an image in every step; `run` takes it.

    Args:
        image: whole numbers 0 … 2^planes − 1, (inputs,) or (C, H, W).
        planes: bits, 1 … 8.
        steps: length of the raster, at least 1, which is that of a run: `network.steps` for a network that TSSL-BP
            trained. What comes behind the steps of training cannot reach the output any more.

    Returns:
        0 and 1, (steps, planes · inputs) or (steps, planes · C, H, W): bit k of channel c is channel k · C + c.

    Raises:
        DataError: values that are no such numbers (NaN among them), other axes, no step, or planes outside 1 … 8.
    """
    array = np.asarray(image, np.float64)
    if not 1 <= planes <= MAX_PLANES or steps < 1:
        problem = f"asks for {planes} planes and {steps} steps"
        raise DataError("image", problem, f"give 1 … {MAX_PLANES} planes and at least one step")
    if array.ndim not in (1, 3) or not array.size:
        raise DataError("image", f"has shape {array.shape}", "give (inputs,) or (C, H, W) numbers")
    wrong = ~((array == np.rint(array)) & (array >= 0) & (array < 2**planes))
    if wrong.any():
        problem = f"holds {array[wrong][0]:g}, no whole number in 0 … {2**planes - 1}"
        raise DataError("image", problem, "scale and round it, or ask for more planes")
    bits = array.astype(np.int64) >> np.arange(planes).reshape(-1, *[1] * array.ndim) & 1
    flat = bits.reshape(planes * array.shape[0], *array.shape[1:]).astype(np.uint8)
    return np.repeat(flat[None], steps, axis=0)


def bit_plane_rows(image: ArrayLike, planes: int, steps: int, timestep_ms: float = 1.0) -> NDArray[np.float64]:
    """The rows of a `.npy` recording that holds the same spikes as `bit_planes`; raises DataError as that does."""
    from neurodeploy.spikes.coding import event_rows

    return event_rows(bit_planes(image, planes, steps), timestep_ms)
