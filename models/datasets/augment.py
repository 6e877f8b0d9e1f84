"""Random small distortions of images, for training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def warp(images: Floats, seed: int) -> Floats:
    """Rotate, shear, scale and shift each image at random about its centre; around the image all is 0.

    Uniform ranges: rotation ±0.2 rad, shear of x along y ±0.15, scale of each axis 0.9 … 1.1, shift of each axis ±0.5
    pixel. Intensities are interpolated bilinearly and rounded to quarters.

    Args:
        images: shape (images, side, side).
        seed: of the random numbers.

    Returns:
        New images in the shape of `images`.
    """
    side = images.shape[2]
    random = np.random.default_rng(seed)

    def uniform(extent: float) -> Floats:
        return random.uniform(-extent, extent, (len(images), 1, 1))

    angle, shear = uniform(0.2), uniform(0.15)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    from_x = (1 + uniform(0.1)) * (np.cos(angle) * x - np.sin(angle) * y) + shear * y + uniform(0.5)
    from_y = (1 + uniform(0.1)) * (np.sin(angle) * x + np.cos(angle) * y) + uniform(0.5)
    rows, columns = _interpolation(from_y, side), _interpolation(from_x, side)
    warped: Floats = ((rows @ images[:, None]) * columns).sum(-1)
    return np.rint(4 * warped) / 4


def _interpolation(position: Floats, side: int) -> Floats:
    """Bilinear weights of the image's rows or columns at each position from the centre, shape (…, side)."""
    distance = np.abs((position + (side - 1) / 2)[..., None] - np.arange(side))
    weights: Floats = np.maximum(0.0, 1.0 - distance)
    return weights
