"""One backend's run of one recording, as far as a diagnosis needs it: every spike, and u and v around a step."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from neurodeploy.emulator.simulation import Chunk, Spikes, State


@dataclass(frozen=True, eq=False)
class Trace:
    """What a backend did.

    Attributes:
        steps: length of the recording.
        spikes: of every population, from step 0 to the end.
        first: step of the first row of the states.
        states: by position of the population: u and v after each step of a stretch, (rows, neurons).
    """

    steps: int
    spikes: tuple[Spikes, ...]
    first: int
    states: dict[int, State]


class Recorder:
    """Collects the chunks of one run; of the states it keeps the stretch before, in and after the one marked."""

    def __init__(self) -> None:
        self._spikes: list[tuple[Spikes, ...]] = []
        self._states: deque[Chunk] = deque(maxlen=2)
        self._room: int | None = None
        self._steps = 0

    def add(self, chunk: Chunk) -> None:
        """The next stretch of steps."""
        self._spikes.append(chunk.spikes)
        self._steps += chunk.steps
        if self._room != 0:
            self._states.append(chunk)
        if self._room:
            self._room -= 1

    def mark(self) -> None:
        """The chunk added last holds what is looked for: keep it, its neighbour before and its neighbour after."""
        if self._room is None:
            self._states, self._room = deque(self._states, maxlen=3), 1

    def trace(self) -> Trace:
        """What was collected."""
        states = {
            i: State(*(np.concatenate([getattr(c.states[i], name) for c in self._states]) for name in "uv"))
            for i in self._states[0].states
        }
        spikes = tuple(Spikes.joined(parts) for parts in zip(*self._spikes, strict=True))
        return Trace(self._steps, spikes, self._states[0].first, states)
