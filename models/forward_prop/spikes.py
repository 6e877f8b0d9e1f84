"""Spikes in continuous time, recording by recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.errors import DataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes of one layer, or of the inputs.

    Args:
        start: int64, shape (recordings + 1,): those of recording r are start[r] … start[r + 1] − 1.
        neuron: int32, shape (spikes,): who fired.
        time: float64, shape (spikes,), in ms; in a recording by time, those of one time by neuron.
        neurons: number of neurons.
    """

    start: IntArray
    neuron: NDArray[np.int32]
    time: FloatArray
    neurons: int

    def __len__(self) -> int:
        """Number of recordings."""
        return len(self.start) - 1

    @property
    def recording(self) -> IntArray:
        """The recording of each spike, shape (spikes,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def of(self, recording: int) -> tuple[NDArray[np.int32], FloatArray]:
        """Neurons and times of one recording."""
        part = slice(self.start[recording], self.start[recording + 1])
        return self.neuron[part], self.time[part]

    def counts(self) -> IntArray:
        """Spikes of each neuron, shape (recordings, neurons)."""
        cells = np.bincount(self.recording * self.neurons + self.neuron, minlength=len(self) * self.neurons)
        return cells.reshape(len(self), self.neurons)

    def first(self) -> IntArray:
        """Index of each neuron's first spike, shape (recordings, neurons); −1 where it is silent."""
        table = np.full(len(self) * self.neurons, -1)
        backward = np.arange(len(self.time))[::-1]
        table[(self.recording * self.neurons + self.neuron)[::-1]] = backward  # the last to be written is the first
        return table.reshape(len(self), self.neurons)

    def first_times(self, silent: float = np.inf) -> FloatArray:
        """Time of each neuron's first spike, shape (recordings, neurons); `silent` where there is none."""
        first = self.first()
        return np.where(first < 0, silent, self.time[first] if len(self.time) else silent)


def single_spikes(times: ArrayLike) -> Spikes:
    """One spike per neuron and recording.

    Args:
        times: in ms, shape (recordings, neurons); infinite: none.

    Raises:
        DataError: another shape, or a time that is NaN or before zero.
    """
    array = np.asarray(times, np.float64)
    if array.ndim != 2:
        raise DataError("spike times", f"have shape {array.shape}", "give (recordings, neurons)")
    row, column = np.nonzero(np.isfinite(array) | ~(array >= 0))
    return listed(row, column, array[row, column], array.shape)


def listed(recording: ArrayLike, neuron: ArrayLike, time: ArrayLike, shape: tuple[int, int]) -> Spikes:
    """Spikes in any order.

    Args:
        recording: of each spike.
        neuron: of each spike.
        time: of each spike in ms.
        shape: number of recordings and of neurons.

    Raises:
        DataError: lengths that differ, an index outside the shape, or a time that is not finite or before zero.
    """
    row, column = np.asarray(recording, np.int64), np.asarray(neuron, np.int64)
    when = np.asarray(time, np.float64)
    if not row.shape == column.shape == when.shape == (len(when),):
        raise DataError("spikes", f"have shapes {row.shape}, {column.shape}, {when.shape}", "give lists of one length")
    for name, index, size in (("recording", row, shape[0]), ("neuron", column, shape[1])):
        if len(index) and not 0 <= index.min() <= index.max() < size:
            raise DataError("spikes", f"name {name} {index.max()} of {size}", f"number them 0 … {size - 1}")
    wrong = ~(np.isfinite(when) & (when >= 0))
    if wrong.any():
        k = int(np.argmax(wrong))
        where = f"recording {row[k]}, neuron {column[k]}"
        raise DataError(where, f"spikes at {when[k]} ms", "give finite times from 0 on")
    order = np.lexsort((column, when, row))
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=shape[0]))]).astype(np.int64)
    return Spikes(start, column[order].astype(np.int32), when[order] + 0.0, shape[1])
