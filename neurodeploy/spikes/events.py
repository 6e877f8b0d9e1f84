"""Events in steps: the input of a run, and the binning that makes them from a recording's microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.errors import DataError
from neurodeploy.precision import IntArray

if TYPE_CHECKING:
    from neurodeploy.spikes.recording import Recording

MAX_PAYLOAD = 2**23
#: Beyond any run: steps are counted in 64 bits, and no sum of two of them may leave those.
MAX_STEP = 2**53


@dataclass(frozen=True, eq=False)
class Events:
    """Input spikes, sorted by step, then by neuron.

    Args:
        step: integer steps from 0, shape (events,); delivered in that very step.
        neuron: input neuron of each, numbered C,H,W-major, shape (events,).
        payload: integer payload of graded spikes, −2^23 … 2^23; None: binary spikes.

    Raises:
        DataError: unequal lengths, no integers, negative numbers or a payload too large.
    """

    step: IntArray
    neuron: IntArray
    payload: IntArray | None = None

    def __post_init__(self) -> None:
        columns = {"step": self.step, "neuron": self.neuron}
        if self.payload is not None:
            columns["payload"] = self.payload
        arrays = {name: _whole_numbers(name, value) for name, value in columns.items()}
        if len({a.size for a in arrays.values()}) != 1:
            raise DataError(
                "events",
                f"columns differ in length ({', '.join(f'{n} {a.size}' for n, a in arrays.items())})",
                "give one of each per event",
            )
        for name in ("step", "neuron"):
            if arrays[name].size and arrays[name].min() < 0:
                raise DataError("events", f"{name} {arrays[name].min()} is negative", "count from 0")
        if self.payload is not None and np.abs(arrays["payload"]).max(initial=0) > MAX_PAYLOAD:
            raise DataError(
                "events", f"payload {np.abs(arrays['payload']).max()} is beyond {MAX_PAYLOAD}", "rescale the input"
            )
        order = None if _rises(arrays["step"], arrays["neuron"]) else np.lexsort((arrays["neuron"], arrays["step"]))
        for name, array in arrays.items():
            column = array if order is None else array[order]
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return int(self.step.size)

    @classmethod
    def none(cls) -> Events:
        """No event at all."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))

    @classmethod
    def from_raster(cls, raster: ArrayLike) -> Events:
        """Events of a raster (steps, neurons) or (steps, C, H, W); values other than 0 and 1 become payloads."""
        array = np.asarray(raster)
        if array.ndim not in (2, 4) or array.dtype.kind not in "biuf":
            raise DataError(
                "raster", f"has shape {array.shape} and type {array.dtype}", "give (steps, neurons) or (steps, C, H, W)"
            )
        flat = array.reshape(len(array), prod(array.shape[1:]))
        if array.dtype.kind == "f" and not np.array_equal(flat, np.rint(flat)):
            raise DataError("raster", "holds fractions or NaN", "give whole numbers of spikes")
        step, neuron = np.nonzero(flat)
        payload = flat[step, neuron].astype(np.int64)
        return cls(step, neuron, None if np.all(payload == 1) else payload)

    def within(self, steps: int) -> tuple[Events, int]:
        """The events before step `steps`, and how many were dropped."""
        kept = int(np.searchsorted(self.step, steps))
        return self.between(0, kept), len(self) - kept

    def between(self, first: int, last: int) -> Events:
        """The events with positions first … last − 1; views, as what is part of valid events is valid."""
        part = object.__new__(Events)
        for name in ("step", "neuron", "payload"):
            column = getattr(self, name)
            object.__setattr__(part, name, None if column is None else column[first:last])
        return part

    def check(self, neurons: int) -> None:
        """Raises DataError when an event names a neuron that the input does not have."""
        if len(self) and self.neuron.max() >= neurons:
            raise DataError(
                "events",
                f"neuron {self.neuron.max()} is outside the input's 0 … {neurons - 1}",
                "check the input shape",
            )


def random_events(neurons: int, steps: int, rate: float, seed: int) -> Events:
    """Independent spikes of probability `rate` per neuron and step, the same for the same seed.

    Raises:
        DataError: a rate outside 0 … 1.
    """
    if not 0 <= rate <= 1:
        raise DataError("random input", f"a rate of {rate} is outside 0 … 1", "give spikes per neuron and step")
    draw = np.random.default_rng(seed)
    counts = draw.binomial(neurons, rate, steps)
    chosen = [np.sort(draw.choice(neurons, count, replace=False)) for count in counts]
    return Events(np.repeat(np.arange(steps), counts), np.concatenate([np.zeros(0, np.int64), *chosen]))


def bin_recording(recording: Recording, shape: tuple[int, ...], timestep_ms: float, binning: str = "or") -> Events:
    """The events of a recording on a network's input, before any is dropped.

    Bin = round-half-even((µs / 1000) / timestep_ms) in float64, as SLAYER does.

    Args:
        recording: coordinates and times; (x, y, polarity) for an input (C, H, W), x alone for (neurons,).
        shape: shape of the input population.
        timestep_ms: length of a step.
        binning: "or" keeps at most one spike per bin and neuron, "sum" makes their number the payload.

    Raises:
        DataError: an event outside the shape.
    """
    step = np.rint((recording.time_us / 1000) / timestep_ms).astype(np.int64)
    if binning not in ("or", "sum"):
        raise DataError("binning", f"{binning!r} is unknown", 'choose "or" or "sum"')
    neuron = recording.neurons(shape)
    order = np.lexsort((neuron, step))
    step, neuron = step[order], neuron[order]
    first = np.flatnonzero(np.diff(step, prepend=-1) | np.diff(neuron, prepend=-1))
    count = np.diff(first, append=len(step))
    payload = None if binning == "or" or np.all(count == 1) else count
    return Events(step[first], neuron[first], payload)


def _rises(step: IntArray, neuron: IntArray) -> bool:
    """Whether events are in order already, as most are."""
    later = step[1:] > step[:-1]
    return bool(np.all(later | ((step[1:] == step[:-1]) & (neuron[1:] >= neuron[:-1]))))


def _whole_numbers(name: str, value: ArrayLike) -> NDArray[np.int64]:
    array = np.atleast_1d(np.asarray(value))
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise DataError(
            "events", f"{name} has shape {array.shape} and type {array.dtype}", "give a list of whole numbers"
        )
    return array.astype(np.int64)  # a copy: the caller keeps his own
