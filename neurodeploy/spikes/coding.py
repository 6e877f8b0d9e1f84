"""Numbers as spike rates: rasters that drive networks converted from artificial ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.errors import DataError

#: Fractional part of the golden ratio: its multiples spread neighbouring neurons' spikes evenly over time.
_GOLDEN = 0.6180339887498949


def rate_coded(values: ArrayLike, steps: int, low: float = 0.0, high: float = 1.0) -> NDArray[np.uint8]:
    """Evenly spaced spikes at the rate (value − low) / (high − low) per step; values outside low … high are clipped.

    Args:
        values: one sample, (inputs,) or (C, H, W).
        steps: length of the raster.
        low: value of rate 0.
        high: value of rate 1.

    Returns:
        0 and 1, (steps, inputs) or (steps, C, H, W): a raster that `run` takes. The same for the same values.

    Raises:
        DataError: values that are not finite or have other axes, less than one step, or low not below high.
    """
    array = np.asarray(values, np.float64)
    if array.ndim not in (1, 3) or not np.all(np.isfinite(array)):
        raise DataError("values", f"have shape {array.shape} or are not finite", "give (inputs,) or (C, H, W) numbers")
    if steps < 1 or not low < high:
        raise DataError("rate coding", f"{steps} steps, {low:g} … {high:g}", "give a step or more, and low below high")
    rate = np.clip((array.reshape(-1) - low) / (high - low), 0, 1)
    phase = np.arange(rate.size) * _GOLDEN % 1
    sums = np.floor(np.arange(steps + 1)[:, None] * rate + phase)
    return np.diff(sums, axis=0).astype(np.uint8).reshape(steps, *array.shape)


def event_rows(raster: NDArray[np.uint8], timestep_ms: float = 1.0) -> NDArray[np.float64]:
    """The rows of a `.npy` recording that holds a raster's spikes.

    Args:
        raster: 0 and 1, (steps, inputs) or (steps, C, H, W).
        timestep_ms: length of a step.

    Returns:
        Rows x, polarity, µs, or x, y, polarity, µs, polarity being the channel, (spikes, 3 or 4).

    Raises:
        DataError: a raster of other axes.
    """
    if raster.ndim not in (2, 4):
        raise DataError("raster", f"has shape {raster.shape}", "give (steps, inputs) or (steps, C, H, W)")
    step, *place = np.nonzero(raster)
    columns = [place[0], np.zeros_like(step)] if raster.ndim == 2 else [place[2], place[1], place[0]]
    return np.stack([*columns, step * timestep_ms * 1000], axis=1).astype(np.float64)
