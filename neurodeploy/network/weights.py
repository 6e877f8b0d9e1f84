"""Weights, shapes and sizes as every kind of synapse checks them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import NetworkError

Shape = tuple[int, ...]
Weights = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]

#: Largest stride, padding and dilation: positions in planes, whose neurons are fewer, then stay below 2^31.
MAX_SIZE = 2**29


def checked_weights(value: object, axes: int, meaning: str) -> Weights:
    """`value` as a read-only float64 or int32 array with `axes` axes.

    Raises:
        NetworkError: empty axes, wrong number of axes, no numbers, not finite, or outside 32 bits.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or array.ndim != axes or (0 in array.shape[: max(axes, 2)] and axes > 1):
        raise NetworkError(
            "weights", f"have shape {shown(array.shape)} and type {array.dtype}", f"give numbers of shape {meaning}"
        )
    if array.dtype.kind == "f":
        if not np.all(np.isfinite(array)):
            raise NetworkError(
                "weights", f"{int(np.sum(~np.isfinite(array)))} are NaN or infinite", "repair the checkpoint"
            )
        return _frozen(array.astype(np.float64))
    limit = np.iinfo(np.int32)
    if array.size and (array.min() < limit.min or array.max() > limit.max):
        worst = max(int(array.max()), -int(array.min()))
        raise NetworkError("weights", f"reach {worst}, beyond 32 bits", "rescale them")
    return _frozen(array.astype(np.int32))


def _frozen(array: Weights) -> Weights:
    array.flags.writeable = False
    return array


def checked_sizes(what: str, value: object, least: int, count: int) -> tuple[int, ...]:
    """`value`, one number for all or `count` of them, as that many; raises NetworkError below `least` or
    beyond MAX_SIZE.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iu" or array.shape not in ((), (count,)):
        raise NetworkError(what, f"{value!r} is not one or {count} whole numbers", f"choose at least {least}")
    sizes = tuple(int(v) for v in np.broadcast_to(array, (count,)))
    if min(sizes) < least:
        raise NetworkError(what, f"{min(sizes)} is less than {least}", f"choose at least {least}")
    if max(sizes) > MAX_SIZE:
        raise NetworkError(what, f"{max(sizes)} is more than {MAX_SIZE}", "choose a smaller one")
    return sizes


def shown(shape: Shape) -> str:
    """A shape as messages have it: 2x34x34."""
    return "x".join(str(n) for n in shape) or "()"
