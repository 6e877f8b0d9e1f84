"""Which tensors the compiled loops take, and how they see them."""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]


def compiled(*tensors: Tensor) -> bool:
    """Whether the compiled loops take these tensors: single precision on the processor. Others run in torch."""
    return all(tensor.device.type == "cpu" and tensor.dtype == torch.float32 for tensor in tensors)


def table(raster: Tensor) -> Floats:
    """A tensor (steps, …) as an array (steps, lanes), without a copy where it is contiguous."""
    lanes = prod(raster.shape[1:])
    flat: Floats = raster.detach().reshape(len(raster), lanes).contiguous().numpy()
    return flat


def threads() -> int:
    """How many threads share a loop: as many as torch uses. Results do not depend on it."""
    return torch.get_num_threads()
