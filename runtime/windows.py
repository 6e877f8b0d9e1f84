"""Classification as it comes: the read-out over one window of steps after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import OptionError
from neurodeploy.runtime.stream import Part


@dataclass(frozen=True)
class Window:
    """What the output said in some steps.

    Attributes:
        first, end: its first step, and the one behind its last.
        prediction: winner of the read-out, lowest index on ties; None when the output stayed silent.
        spikes: of the winner.
    """

    first: int
    end: int
    prediction: int | None
    spikes: int


class Windows:
    """Windows of `steps` steps, the first one from step 0.

    Args:
        steps: length of a window.
        readout: "count" or "first".

    Raises:
        OptionError: a length below 1.
    """

    def __init__(self, steps: int, readout: str = "count") -> None:
        if steps < 1:
            raise OptionError("window", f"{steps} is less than 1", "give the length of a window in steps")
        self._steps = steps
        self._readout = readout
        self._first: int | None = None
        self._end = 0
        self._neurons: list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = []

    def add(self, part: Part) -> Iterator[Window]:
        """The windows that end with or in a part; parts follow each other."""
        spikes, step, end = part.spikes[-1], part.first, part.first + part.steps
        while step < end:
            if self._first is None:
                self._first = step
            until = min(end, step - step % self._steps + self._steps)
            low, high = np.searchsorted(spikes.step, (step, until))
            if high > low:
                self._neurons.append(spikes.neuron[low:high])
            step = self._end = until
            if step % self._steps == 0:
                yield from self.rest()

    def rest(self) -> Iterator[Window]:
        """The window that has begun, if there is one."""
        if self._first is None:
            return
        prediction, count = None, 0
        if self._neurons:
            neurons = np.concatenate(self._neurons)
            counts = np.bincount(neurons)
            prediction = int(neurons[0] if self._readout == "first" else np.argmax(counts))
            count = int(counts[prediction])
        yield Window(self._first, self._end, prediction, count)
        self._first, self._neurons = None, []
