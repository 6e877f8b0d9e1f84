"""What the processes of a Lava program share with the worker: memory and pipes that they inherit when they fork."""

from __future__ import annotations

import mmap
import os
import select
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Steps that fit the shared memory, hence the most a client may ask for at once.
CHUNK_STEPS = 64
_LOOK_MILLISECONDS = 500
_FRAMES = struct.Struct("<qq")


def shared(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros in memory that stays the same for processes forked later; it has no name and vanishes with them."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, max(size, 1)), dtype, int(np.prod(shape))).reshape(shape)


class Clock:
    """Lava's time against ours.

    Lava numbers its steps from 1. Its source sends the input of our step 0 in Lava's step `start`; synapses deliver
    one step later, so every neuron does our step t in Lava's step `start + 1 + t`: the constant offset of one step.
    """

    def __init__(self) -> None:
        self._numbers = shared((3,), np.int64)
        self._numbers[:] = 2, 0, 0
        self._done = os.pipe()

    @property
    def start(self) -> int:
        """Lava's step in which the source sends our step 0."""
        return int(self._numbers[0])

    def begin(self, start: int) -> None:
        """Start a recording."""
        self._numbers[:] = start, 0, 0

    def stretch(self, first: int, end: int) -> None:
        """Let our steps `first` … `end` − 1 be the ones recorded next."""
        self._numbers[1:] = first, end

    def step(self, lava_step: int) -> int:
        """Our step, less than 0 before the recording."""
        return lava_step - self.start - 1

    def row(self, step: int) -> int | None:
        """Where a step is written down, None for one outside the stretch."""
        first, end = int(self._numbers[1]), int(self._numbers[2])
        return step - first if first <= step < end else None

    def finished(self, step: int) -> None:
        """A population has done `step`; tells the worker when that ends the stretch."""
        if step == int(self._numbers[2]) - 1:
            os.write(self._done[1], b".")

    def wait(self, populations: int, check: Callable[[], None]) -> None:
        """Until that many populations have done the stretch; `check` is called while nothing happens."""
        poll = select.poll()  # select knows no more than 1024 files, and Lava opens many
        poll.register(self._done[0], select.POLLIN)
        while populations:
            if poll.poll(_LOOK_MILLISECONDS):
                populations -= len(os.read(self._done[0], populations))
            else:
                check()


class Feed:
    """Input on its way to a source: so many silent frames, then so many from memory.

    Attributes:
        frames: (CHUNK_STEPS, neurons), int32.
    """

    def __init__(self, neurons: int) -> None:
        self.frames = shared((CHUNK_STEPS, neurons), np.int32)
        self._pipe = os.pipe()

    def release(self, silent: int, frames: int) -> None:
        """Let the source run on for silent + frames steps."""
        os.write(self._pipe[1], _FRAMES.pack(silent, frames))

    def take(self) -> tuple[int, int]:
        """Wait for the next release; gives silent and frames."""
        silent, frames = _FRAMES.unpack(os.read(self._pipe[0], _FRAMES.size))
        return silent, frames


class Trace:
    """What a population did in the stretch: u, v and the payloads of its spikes, int32, each (CHUNK_STEPS, neurons)."""

    def __init__(self, neurons: int) -> None:
        self.u = shared((CHUNK_STEPS, neurons), np.int32)
        self.v = shared((CHUNK_STEPS, neurons), np.int32)
        self.spikes = shared((CHUNK_STEPS, neurons), np.int32)
