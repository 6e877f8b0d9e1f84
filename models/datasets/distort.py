"""Distorted copies of recordings for training: moved, turned, thinned out and late."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import OptionError
from neurodeploy.network import Shape
from neurodeploy.spikes.recording import MAX_TIME_US, Recording


@dataclass(frozen=True)
class Distortion:
    """The largest distortions; every recording draws its own, evenly between none (or minus) and these.

    Args:
        shift: pixels to any side, or neurons of a row; whole ones; 0 … 1000.
        rotate: degrees to either side around the middle; 0 … 180.
        zoom: share by which planes grow or shrink; 0 … below 1.
        drop: share of events left out; 0 … below 1.
        jitter: milliseconds by which every single event comes early or late; 0 … 1000.

    Raises:
        OptionError: a value outside its range.
    """

    shift: int = 0
    rotate: float = 0.0
    zoom: float = 0.0
    drop: float = 0.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        for name, largest in LARGEST.items():
            value = getattr(self, name)
            if not 0 <= value <= largest:
                raise OptionError("augmentation", f"{name}={value} is outside 0 … {largest}", "choose a smaller one")

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    @classmethod
    def parse(cls, text: str) -> Distortion:
        """Read `shift,drop=0.2`: names, each with its usual size unless one is given; "" for none.

        Raises:
            OptionError: an unknown name, one given twice, or a value that is no number in its range.
        """
        values: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, given, value = part.partition("=")
            if name not in USUAL or name in values:
                problem = f"{name[:40]!r} is " + ("given twice" if name in values else "unknown")
                raise OptionError("augmentation", problem, f"choose from {', '.join(USUAL)}")
            try:
                values[name] = type(USUAL[name])(value) if given else USUAL[name]
            except ValueError as error:
                problem = f"{name}={value[:40]} is no {'whole ' if name == 'shift' else ''}number"
                raise OptionError("augmentation", problem, f"give a number as in {name}={USUAL[name]}") from error
        return cls(**values)

    def apply(self, recording: Recording, shape: Shape, draw: np.random.Generator) -> Recording:
        """A distorted copy; events that leave the input are dropped.

        Args:
            recording: events of a plane for a shape (C, H, W), of a row for (neurons,).
            shape: of the input that the copy stays in.
            draw: the random numbers.
        """
        kept = np.flatnonzero(draw.random(len(recording)) >= self.drop * draw.random())
        time = recording.time_us[kept] + draw.uniform(-1, 1, len(kept)) * 1000 * self.jitter
        time = np.clip(time, 0, MAX_TIME_US - 1)
        x, y = recording.x[kept], None if recording.y is None else recording.y[kept]
        if y is None:
            x = x + draw.integers(-self.shift, self.shift + 1)
            inside = (x >= 0) & (x < shape[-1])
        else:
            x, y = self._moved(x, y, shape, draw)
            inside = (x >= 0) & (x < shape[-1]) & (y >= 0) & (y < shape[-2])
            y = y[inside].astype(np.int32)
        polarity = None if recording.polarity is None else recording.polarity[kept][inside]
        return replace(recording, time_us=time[inside], x=x[inside].astype(np.int32), y=y, polarity=polarity)

    def _moved(
        self, x: NDArray[Any], y: NDArray[Any], shape: Shape, draw: np.random.Generator
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Pixels after a turn and a zoom around the middle and a shift, rounded to whole ones."""
        angle = radians(draw.uniform(-self.rotate, self.rotate))
        grow = 1 + draw.uniform(-self.zoom, self.zoom)
        right, down = draw.integers(-self.shift, self.shift + 1, 2)
        across, along = (shape[-1] - 1) / 2, (shape[-2] - 1) / 2
        u, v = x - across, y - along
        turned_x = across + grow * (cos(angle) * u - sin(angle) * v)
        turned_y = along + grow * (sin(angle) * u + cos(angle) * v)
        return np.rint(turned_x).astype(np.int64) + right, np.rint(turned_y).astype(np.int64) + down


#: What a name without a value stands for, and the largest value of each.
USUAL: dict[str, int | float] = {"shift": 2, "rotate": 10.0, "zoom": 0.1, "drop": 0.2, "jitter": 2.0}
LARGEST = {"shift": 1000, "rotate": 180, "zoom": 0.99, "drop": 0.99, "jitter": 1000}
