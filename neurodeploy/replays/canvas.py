"""What films are painted with: colours, and spikes as marks in an array of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.precision import IntArray

Color = tuple[int, int, int]
Pixels = NDArray[np.uint8]

ON, OFF, WINS = (214, 47, 47), (38, 98, 217), (22, 146, 84)
INK, SOFT, BAR, LINE, GROUND, PAPER = (
    (27, 31, 39),
    (107, 114, 128),
    (174, 182, 196),
    (217, 221, 228),
    (246, 247, 249),
    (255, 255, 255),
)
#: Colours of a ramp; seven of them and three more fit into 256.
_RAMP = 20
#: Levels between a colour of a ramp and a ground.
_CLEAR = 14


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: its left upper corner, width and height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column behind it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.y + self.height


def lit(on: NDArray[np.float64], off: NDArray[np.float64]) -> Pixels:
    """The window of events as a picture, (H, W, 3): the stronger polarity, the paler the older."""
    strength = np.sqrt(np.minimum(np.maximum(on, off), 1))[..., None]
    color = np.where((on >= off)[..., None], np.array(ON), np.array(OFF))
    picture: Pixels = np.rint(color * strength + np.array(GROUND) * (1 - strength)).astype(np.uint8)
    return picture


def palette() -> list[int]:
    """256 colours that all pictures get by with, red, green and blue of each: those above, and ramps between them for
    fading events and the edges of letters. Ramps keep away from grounds, since Pillow takes close colours for the same.
    """
    ramps = [(ON, GROUND), (OFF, GROUND), (INK, PAPER), (SOFT, PAPER), (WINS, PAPER), (OFF, PAPER), (BAR, PAPER)]
    rows = [np.linspace(start, end, _RAMP, endpoint=False) for start, end in ramps]
    ramp, exact = np.concatenate(rows), np.array([LINE, GROUND, PAPER], float)
    clear = np.abs(ramp[:, None] - exact[1:]).max(axis=2).min(axis=1) >= _CLEAR
    colors = np.rint(np.concatenate([exact, ramp[clear]])).astype(int)
    padded = np.concatenate([colors, np.tile(colors[-1], (256 - len(colors), 1))])
    return [int(value) for value in padded.ravel()]


def marks(size: tuple[int, int], grid: tuple[int, int], step: IntArray, row: IntArray, color: Pixels) -> Pixels:
    """Spikes as short upright lines, time to the right, (height, width, 3).

    Args:
        size: height and width of the picture.
        grid: rows and steps it stands for.
        step: of each spike, (spikes,).
        row: of each spike, (spikes,).
        color: of each spike, (spikes, 3).
    """
    height, width = size
    rows, steps = grid
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = GROUND
    tall, thick = max(2, int(0.7 * height / rows)), max(1, min(3, int(0.9 * width / steps)))
    top = ((row + 0.5) * height / rows - tall / 2).astype(np.int64)
    left = (step * (width / steps)).astype(np.int64)
    for down in range(tall):
        for right in range(thick):
            picture[np.clip(top + down, 0, height - 1), np.clip(left + right, 0, width - 1)] = color
    return picture


def ticks(end: float, most: int) -> list[float]:
    """Round numbers from 0 to `end`, at most about so many."""
    rough = end / most
    power = 10.0 ** np.floor(np.log10(rough))
    gap = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * (1 - 1e-9))
    return [float(k * gap) for k in range(int(end / gap * (1 + 1e-9)) + 1)]
