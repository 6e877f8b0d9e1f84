"""Distorted copies of rates: planes are turned, zoomed and moved as a whole, between pixels too.

Moving single events to whole pixels leaves stripes that no recording has; rates are interpolated instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from neurodeploy.models.datasets.distort import Distortion


def warped(rates: Tensor, distortion: Distortion, draws: Sequence[np.random.Generator]) -> Tensor:
    """Distorted rates; what comes from outside the plane is 0, jitter has no effect.

    Args:
        rates: shape (recordings, windows, height, width, channels).
        distortion: `drop` lowers all rates of a recording.
        draws: the random numbers of every recording.

    Returns:
        The same shape.
    """
    count, windows, height, width, channels = rates.shape
    planes = rates.permute(0, 1, 4, 2, 3).reshape(count, windows * channels, height, width)
    matrices = np.stack([_matrix(distortion, height, width, draw) for draw in draws])
    kept = torch.tensor([1 - distortion.drop * draw.random() for draw in draws], dtype=rates.dtype)
    grid = functional.affine_grid(torch.from_numpy(matrices).to(rates.dtype), list(planes.shape), align_corners=False)
    moved = functional.grid_sample(planes, grid, align_corners=False) * kept.view(-1, 1, 1, 1)
    return moved.view(count, windows, channels, height, width).permute(0, 1, 3, 4, 2)


def _matrix(distortion: Distortion, height: int, width: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """Where each pixel comes from, shape (2, 3), in torch's coordinates: −1 … 1 from edge to edge, x before y."""
    angle = radians(draw.uniform(-distortion.rotate, distortion.rotate))
    wider, higher = 1 + draw.uniform(-distortion.zoom, distortion.zoom, 2)
    right, down = draw.uniform(-distortion.shift, distortion.shift, 2)
    return np.array(
        [
            [cos(angle) / wider, sin(angle) * height / (width * wider), -2 * right / width],
            [-sin(angle) * width / (height * higher), cos(angle) / higher, -2 * down / height],
        ]
    )
