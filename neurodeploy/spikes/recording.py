"""A recording: what a sensor saw, in its own coordinates and microseconds, before a network gives it a shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError
from neurodeploy.precision import IntArray
from neurodeploy.spikes.plane import as_plane

#: 12 days: times below this stay exact in float64, in microseconds as in any step of a network.
MAX_TIME_US = 2**40
MAX_COORDINATE = 2**31 - 1

Times = IntArray | NDArray[np.float64]
Coordinates = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Recording:
    """Events in any order, one row of each column per event; columns are read-only.

    Args:
        time_us: microseconds from the start, 0 … 2^40 − 1, int64 or float64, shape (events,).
        x: column, or the neuron of a one-dimensional recording; integers 0 … 2^31 − 1, shape (events,).
        y: row, as x; None: a one-dimensional recording.
        polarity: polarity or channel, as x; None: all 0.
        name: what messages call it, usually its file.

    Raises:
        DataError: unequal lengths, coordinates that are no integers, or values out of range.
    """

    time_us: Times
    x: Coordinates
    y: Coordinates | None = None
    polarity: Coordinates | None = None
    name: str = "recording"

    def __post_init__(self) -> None:
        object.__setattr__(self, "time_us", self._checked_time())
        for column in ("x", "y", "polarity"):
            values = getattr(self, column)
            if values is not None:
                object.__setattr__(self, column, self._checked_column(column, values))

    def __len__(self) -> int:
        return int(self.time_us.size)

    def neurons(self, shape: tuple[int, ...]) -> IntArray:
        """Give the input neuron of every event, shape (events,).

        An event (x, y, polarity) reaches neuron (polarity · H + y) · W + x of an input (C, H, W), the order of
        SLAYER's tensors; an event x of a one-dimensional recording reaches neuron x of an input (neurons,).

        Args:
            shape: shape of the input population, (C, H, W) or (neurons,).

        Raises:
            DataError: an event outside the shape, or a recording with the other number of axes. Recordings
                without events suit every shape.
        """
        if not len(self):
            return np.zeros(0, np.int64)
        if len(shape) == 1 and self.y is not None:
            problem = f"has events in a plane (x, y), the input is a row of {shape[0]} neurons"
            remedy = f"compile the network with the camera's plane as its input: {as_plane(shape[0], '-…')}"
            raise DataError(self.name, problem, remedy)
        if len(shape) == 3 and self.y is None:
            problem = f"has events in a row (x), the input has the shape {'x'.join(map(str, shape))} (C, H, W)"
            raise DataError(self.name, problem, "give the input as a plain number of neurons in --arch")
        index = np.zeros(len(self), np.int64)
        for column, size in zip(("polarity", "y", "x"), (1, 1, *shape)[-3:], strict=True):
            values = getattr(self, column)
            if values is not None:
                self._check_inside(column, values, size)
                index = index * size + values
        return index

    def _check_inside(self, column: str, values: Coordinates, size: int) -> None:
        if values.max() >= size:
            event = int(np.argmax(values >= size))
            raise DataError(
                f"{self.name}: event {event}",
                f"{column} {values[event]} at {self.time_us[event]} µs is outside the input's 0 … {size - 1}",
                "give the recording's shape in --arch or crop the recording",
            )

    def _checked_time(self) -> Times:
        time = _row(self.name, "time", self.time_us)
        wrong = ~((time >= 0) & (time < MAX_TIME_US))
        if wrong.any():
            event = int(np.argmax(wrong))
            problem = f"time {time[event]} µs is outside 0 … {MAX_TIME_US - 1}"
            raise DataError(f"{self.name}: event {event}", problem, "count microseconds from the start")
        return _frozen(time.astype(np.float64 if time.dtype.kind == "f" else np.int64))

    def _checked_column(self, column: str, values: Coordinates) -> Coordinates:
        values = _row(self.name, column, values)
        if values.dtype.kind == "f":
            raise DataError(self.name, f"{column} has type {values.dtype}", "give whole numbers")
        if values.size != len(self):
            problem = f"has {values.size} values of {column} and {len(self)} times"
            raise DataError(self.name, problem, "give one of each per event")
        wrong = (values < 0) | (values > MAX_COORDINATE)
        if wrong.any():
            event = int(np.argmax(wrong))
            problem = f"{column} {values[event]} is outside 0 … {MAX_COORDINATE}"
            raise DataError(f"{self.name}: event {event}", problem, "count from 0")
        return _frozen(values.astype(np.int32))


def _row(name: str, column: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return `values` as an array of numbers with one axis."""
    array = np.asarray(values)
    if not array.size:
        array = np.zeros(array.shape, np.int32)
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        problem = f"{column} has shape {array.shape} and type {array.dtype}"
        raise DataError(name, problem, "give a list of numbers")
    return array


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
