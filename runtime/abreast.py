"""Recordings stepped side by side by a backend that takes several at a time, and handed out one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from neurodeploy.emulator.simulation import Chunk, Counters, Spikes, State
from neurodeploy.errors import OptionError
from neurodeploy.precision import IntArray
from neurodeploy.runtime.backend import ParallelBackend
from neurodeploy.runtime.run import CHUNK_STEPS
from neurodeploy.spikes.events import Events


class Replay:
    """A recording that has been run, handed out stretch by stretch; a `Simulation` that shows no states."""

    def __init__(self, whole: Chunk, counters: Counters) -> None:
        self.whole = whole
        self._counters = counters
        self._step = 0

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        """See `Simulation.advance`; the events are those that it was run with."""
        first, self._step = self._step, self._step + steps
        return Chunk(first, steps, tuple(_between(s, first, self._step) for s in self.whole.spikes), {})

    def state(self, population: int) -> State:
        """Raises OptionError: nobody kept it."""
        raise OptionError("state", "is not kept of recordings that run side by side", "run one at a time")

    def counters(self) -> Counters:
        """Totals of the whole recording."""
        return self._counters


def run_abreast(
    backend: ParallelBackend,
    recordings: Sequence[tuple[Events, int]],
    progress: Callable[[float], None] = lambda part: None,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Replay]:
    """Run recordings from zero state, all at the same time.

    Args:
        backend: steps as many as there are.
        recordings: events and length of each; no event lies at or after its end.
        progress: told after each stretch of steps which part of a recording has been run since, all lanes together.
        stopped: asked now and then whether to give up.

    Raises:
        OptionError: it was stopped.
        DataError: events outside the input, or a recording beyond a bias given per step.
    """
    order = sorted(range(len(recordings)), key=lambda i: -recordings[i][1])  # those that go on come first
    events, ends = [recordings[i][0] for i in order], np.array([recordings[i][1] for i in order], np.int64)
    lanes = backend.lanes(len(order))
    parts: list[list[Chunk]] = [[] for _ in order]
    for first, end in pairwise(_stretches(ends)):
        if stopped():
            raise OptionError("run", f"was stopped at step {first}", "start it again")
        going = int((ends > first).sum())
        chunks = lanes.advance([_slice(each, first, end) for each in events[:going]], end - first)
        for mine, chunk in zip(parts, chunks, strict=False):  # the shorter ones have ended
            mine.append(chunk)
        progress(float(((end - first) / ends[:going]).sum()))
    found = [Replay(_joined(mine), lanes.counters(lane)) for lane, mine in enumerate(parts)]
    return [found[order.index(i)] for i in range(len(order))]


def _stretches(ends: IntArray) -> list[int]:
    """Steps at which a stretch begins or ends: every `CHUNK_STEPS`, and wherever a recording does."""
    last = int(ends.max(initial=0))
    return sorted({*range(0, last, CHUNK_STEPS), *ends.tolist()})


def _slice(events: Events, first: int, end: int) -> Events:
    low, high = (int(i) for i in np.searchsorted(events.step, (first, end)))
    return events.between(low, high)


def _between(spikes: Spikes, first: int, end: int) -> Spikes:
    part = slice(*(int(i) for i in np.searchsorted(spikes.step, (first, end))))
    return Spikes(spikes.step[part], spikes.neuron[part], None if spikes.payload is None else spikes.payload[part])


def _joined(parts: Sequence[Chunk]) -> Chunk:
    """Consecutive stretches of one recording, from its step 0."""
    spikes = tuple(Spikes.joined(each) for each in zip(*(part.spikes for part in parts), strict=True))
    return Chunk(0, sum(part.steps for part in parts), spikes, {})
