"""An event camera looking at images in three saccades, as N-MNIST was recorded (Orchard et al. 2015).

The sensor moves along a closed triangle in front of the image. Each pixel sees the bilinearly interpolated image and
sends an event whenever its intensity has changed by the contrast threshold since the pixel's last event: ON (1) for
brighter, OFF (0) for darker. There is no noise, and with the default sensor every position, weight and level is a
multiple of a power of two, so that all sums are exact and the recordings are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError, OptionError
from neurodeploy.precision import IntArray
from neurodeploy.spikes.recording import Recording

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sensor:
    """The event camera and its motion.

    Args:
        pixels: side of the square pixel field, 1 … 256.
        pitch: distance of neighbouring pixels, in image pixels.
        path: corners (x, y) of the closed path of the field's centre, relative to the image's centre, in image
            pixels; one saccade leads from each corner to the next, the last one back to the first.
        frames_per_saccade: intensities sampled on each saccade.
        frame_us: time between samples, in microseconds.
        contrast: change of intensity that makes an event, in units of the image.

    Raises:
        OptionError: a value outside its range.
    """

    pixels: int = 16
    pitch: float = 0.625
    path: tuple[tuple[float, float], ...] = ((-1.0, -0.5), (0.0, 0.5), (1.0, -0.5))
    frames_per_saccade: int = 32
    frame_us: int = 750
    contrast: float = 4.0

    def __post_init__(self) -> None:
        if not 1 <= self.pixels <= 256:
            raise OptionError("sensor", f"{self.pixels} pixels a side are outside 1 … 256", "x and y have a byte each")
        for name in ("pitch", "frames_per_saccade", "frame_us", "contrast"):
            if not getattr(self, name) > 0:
                raise OptionError("sensor", f"{name} {getattr(self, name)} is not above 0", f"choose a larger {name}")

    @property
    def duration_us(self) -> int:
        """Length of a recording, all saccades, in microseconds."""
        return len(self.path) * self.frames_per_saccade * self.frame_us

    def positions(self) -> Iterator[tuple[float, float]]:
        """Centre of the field (x, y) in each frame, from the first corner round to it again."""
        for (x0, y0), (x1, y1) in zip(self.path, self.path[1:] + self.path[:1], strict=True):
            for frame in range(self.frames_per_saccade):
                share = frame / self.frames_per_saccade
                yield x0 + share * (x1 - x0), y0 + share * (y1 - y0)
        yield self.path[0]


def record(images: Floats, sensor: Sensor) -> list[Recording]:
    """What `sensor` sends while it looks at each of `images`.

    A pixel's intensity in the first frame is its first reference and makes no event. The time of an event is where
    the straight line between two frames crosses the pixel's next level, in whole microseconds.

    Args:
        images: intensities, shape (images, height, width).
        sensor: the camera.

    Returns:
        One recording per image, events in the order of time, y, x; polarity 1 is ON.

    Raises:
        DataError: images of another number of axes.
    """
    if images.ndim != 3:
        raise DataError("images", f"have shape {images.shape}", "give (images, height, width)")
    frames = _frames(images, sensor)
    seen = next(frames)
    level = seen.copy()
    events = [np.zeros((3, 0), np.int64)]
    for start_us, frame in zip(range(0, sensor.duration_us, sensor.frame_us), frames, strict=True):
        crossed = np.trunc((frame - level) / sensor.contrast)
        pixel = np.flatnonzero(crossed)
        count = np.abs(crossed[pixel]).astype(np.int64)
        pixel, nth = np.repeat(pixel, count), _count_up(count)
        sign = np.sign(crossed[pixel])
        share = (level[pixel] + sign * nth * sensor.contrast - seen[pixel]) / (frame[pixel] - seen[pixel])
        time_us = start_us + np.rint(share * sensor.frame_us).astype(np.int64)
        events.append(np.stack([pixel, (sign > 0).astype(np.int64), time_us]))
        level += crossed * sensor.contrast
        seen = frame
    return _recordings(np.concatenate(events, axis=1), len(images), sensor.pixels)


def _frames(images: Floats, sensor: Sensor) -> Iterator[Floats]:
    """The intensities of all pixels of all recordings in each frame, shape (images · pixels · pixels,)."""
    height, width = images.shape[1:]
    for x, y in sensor.positions():
        rows = _interpolation(sensor, y, height)
        columns = _interpolation(sensor, x, width)
        yield (rows @ images @ columns.T).reshape(-1)


def _interpolation(sensor: Sensor, shift: float, size: int) -> Floats:
    """Bilinear weights of one axis, shape (pixels, size); around the image all is 0."""
    centred = np.arange(sensor.pixels) - (sensor.pixels - 1) / 2
    position = centred * sensor.pitch + (size - 1) / 2 + shift
    weights: Floats = np.maximum(0.0, 1.0 - np.abs(position[:, None] - np.arange(size)))
    return weights


def _count_up(count: IntArray) -> IntArray:
    """1 … n for each n of `count`, one after the other."""
    ends = np.cumsum(count)
    return np.arange(1, count.sum() + 1) - np.repeat(ends - count, count)


def _recordings(events: IntArray, images: int, pixels: int) -> list[Recording]:
    """The rows pixel, polarity and time of all events, taken apart into recordings."""
    image, place = np.divmod(events[0], pixels * pixels)
    order = np.lexsort((place, events[2], image))
    y, x = np.divmod(place[order], pixels)
    polarity, time_us = events[1:, order]
    last = np.searchsorted(image[order], np.arange(images), side="right").tolist()
    return [
        Recording(
            time_us[a:b], x[a:b].astype(np.int32), y[a:b].astype(np.int32), polarity[a:b].astype(np.int32), f"image {i}"
        )
        for i, (a, b) in enumerate(zip([0, *last], last, strict=False))
    ]
