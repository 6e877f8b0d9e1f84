"""Weights that torch's weight normalisation stores in two parts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError


def normed(entries: Mapping[str, NDArray[np.float64]], name: str, where: str) -> NDArray[np.float64]:
    """`NAME`, or g · v / ‖v‖ of `NAME_g` and `NAME_v`, the norm over all axes but the first, in single precision.

    Args:
        entries: of one layer.
        name: of the weight.
        where: for messages.

    Raises:
        FormatError: neither, both, or parts that do not suit each other.
    """
    parts = [entries.get(f"{name}_{part}") for part in "gv"]
    if (name in entries) == any(part is not None for part in parts) or (parts[0] is None) != (parts[1] is None):
        raise FormatError(where, f"holds no {name}, or several forms of it", "store it, or its _g and _v")
    if name in entries:
        return entries[name]
    g, v = (np.asarray(part, np.float32) for part in parts)
    if g.size != len(v) or v.ndim < 2 or not v.size:
        raise FormatError(where, f"has {name}_g of shape {g.shape} for {name}_v of shape {v.shape}", "export it again")
    norm = np.sqrt(np.sum(np.square(v), axis=tuple(range(1, v.ndim)), keepdims=True))
    if not np.all(norm > 0):
        raise FormatError(where, f"has a {name}_v of length 0", "repair the training")
    result: NDArray[np.float64] = (v * (g.reshape(norm.shape) / norm)).astype(np.float64)
    return result
