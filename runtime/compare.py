"""Verification: backends side by side on the same input, and the first thing in which one differs from the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Chunk, Options, Spikes
from neurodeploy.errors import OptionError
from neurodeploy.precision import IntArray
from neurodeploy.runtime.alignment import offset
from neurodeploy.runtime.backend import BOARD_BACKEND, FLOAT_BACKEND, Backend, Board, open_backend
from neurodeploy.runtime.diagnosis import likely_cause
from neurodeploy.runtime.evidence import Evidence
from neurodeploy.runtime.run import RunOptions, default_steps
from neurodeploy.runtime.session import Input, stimulus
from neurodeploy.runtime.trace import Recorder, Trace
from neurodeploy.runtime.verification import Difference, Verification, first_difference, order
from neurodeploy.spikes.events import Events

__all__ = ["Difference", "Verification", "Verifier"]

#: u and v of every neuron are held for as many steps at a time as these values allow, but at
#: least for these steps; at most for those, so that progress shows.
CHUNK_VALUES, CHUNK_STEPS, MOST_STEPS = 2**22, 64, 256


@dataclass
class _Layer:
    """What has been counted for one population: spikes by backend, and places where not all of them agree."""

    spikes: list[int]
    differing: int = 0
    first_step: int | None = None


@dataclass
class _Recording:
    """One recording while it is compared: per backend what it did, and where it first parted from the yardstick."""

    events: Events
    file: str | None
    recorders: list[Recorder]
    first: list[Difference | None]


class Verifier:
    """Backends with the same program; feed it recordings, then ask for the result.

    Where quantization multiplied the weights into a population, u and v of backend `torch` are in other units than the
    others': these are not compared then, and what is first apart there are spikes.

    Args:
        program: compiled; its network is what a diagnosis holds the backends to.
        backends: two or more different names, the yardstick first; or backends already open, by name.
        options: see `RunOptions`.

    Raises:
        OptionError: fewer than two different backends, or an unknown one.
    """

    def __init__(
        self, program: Program, backends: Sequence[str] | Mapping[str, Backend], options: RunOptions | None = None
    ) -> None:
        if len(backends) < 2 or len(set(backends)) < len(backends):
            raise OptionError(
                "backends",
                f"{', '.join(backends) or 'none'} given",
                "name two or more different ones, as reference,emulator",
            )
        self._options = options or RunOptions()
        self._network = program.network
        self._bits = Options(self._options.profile, self._options.drop_first_step)
        self._backends = dict(backends) if isinstance(backends, Mapping) else self._opened(program, backends)
        self._names = tuple(self._backends)
        self._ran = [i for i, p in enumerate(self._network.populations) if p.neuron is not None]
        self._rescaled = {i for i in self._ran if self._network.populations[i].name in program.rescaled}
        self._layers = [_Layer([0] * len(backends)) for _ in self._network.populations]
        self._states = 0
        self._offsets = dict.fromkeys(self._names, 0)
        self._first: Difference | None = None

    def _opened(self, program: Program, names: Sequence[str]) -> dict[str, Backend]:
        board = Board(self._options.board, self._options.partition)
        if board != Board() and BOARD_BACKEND not in names:
            raise OptionError("board", f"is given and {BOARD_BACKEND} is not among the backends", "leave it out")
        return {
            name: open_backend(name, program, self._bits, board if name == BOARD_BACKEND else None) for name in names
        }

    def compare(self, data: Input, progress: Callable[[float], None] = lambda part: None) -> None:
        """Run one recording in all backends and count what differs.

        Args:
            data: the recording.
            progress: told after each stretch of steps which part of the recording it was.
        """
        given = stimulus(data, self._network, self._options.binning)
        given.events.check(self._network.input.neurons)
        steps = self._options.steps or given.steps or default_steps(self._network, given.events, self._options)
        events, _ = given.events.within(steps)
        recorders = [Recorder() for _ in self._names]
        recording = _Recording(events, given.file, recorders, [None for _ in self._names])
        simulations = [backend.simulation() for backend in self._backends.values()]
        neurons = sum(self._network.populations[i].neurons for i in self._ran)
        alike = neurons - sum(self._network.populations[i].neurons for i in self._rescaled)
        at_a_time = min(max(CHUNK_VALUES // max(2 * neurons, 1), CHUNK_STEPS), MOST_STEPS)
        for first in range(0, steps, at_a_time):
            count = min(at_a_time, steps - first)
            low, high = (int(i) for i in np.searchsorted(events.step, (first, first + count)))
            chunks = [s.advance(events.between(low, high), count, self._ran) for s in simulations]
            if not all(chunk.states for chunk in chunks):  # a chip shows spikes only
                chunks = [replace(chunk, states={}) for chunk in chunks]
            else:
                self._states += 2 * count * (neurons if FLOAT_BACKEND not in self._names else alike)
            progress(count / steps)
            self._count(chunks)
            if self._first is None:
                self._look(recording, chunks)
        if self._first is None:
            self._first = self._explain(recording)

    def result(self) -> Verification:
        """What all recordings so far came to."""
        host_input = self._network.input.neuron is None
        counted = self._layers[1:] if host_input else self._layers
        names = [p.name for p in self._network.populations]
        return Verification(
            backends=self._names,
            spikes_compared=sum(layer.spikes[0] for layer in counted),
            states_compared=self._states,
            offset_steps=self._offsets,
            layers=tuple(
                {
                    "name": name,
                    "spikes": dict(zip(self._names, layer.spikes, strict=True)),
                    "differing": layer.differing,
                    "first_step": layer.first_step,
                }
                for name, layer in zip(names, self._layers, strict=True)
            ),
            first_difference=self._first,
        )

    def _count(self, chunks: Sequence[Chunk]) -> None:
        for i, (layer, population) in enumerate(zip(self._layers, self._network.populations, strict=True)):
            places = [c.spikes[i].step * population.neurons + c.spikes[i].neuron for c in chunks]
            for backend, place in enumerate(places):
                layer.spikes[backend] += len(place)
            apart = np.unique(
                np.concatenate(
                    [
                        _apart(places[0], chunks[0].spikes[i], place, chunk.spikes[i])
                        for place, chunk in zip(places[1:], chunks[1:], strict=True)
                    ]
                )
            )
            layer.differing += len(apart)
            if len(apart) and layer.first_step is None:
                layer.first_step = int(apart[0]) // population.neurons

    def _look(self, recording: _Recording, chunks: Sequence[Chunk]) -> None:
        """Keep what a diagnosis will need, and note where each backend first parts from the yardstick."""
        for recorder, chunk in zip(recording.recorders, chunks, strict=True):
            recorder.add(chunk)
        for i, name in enumerate(self._names[1:], 1):
            if recording.first[i] is None:
                place = first_difference(self._network, *(self._comparable(c, name) for c in (chunks[0], chunks[i])))
                if place is not None:
                    recording.first[i] = replace(place, backends=(self._names[0], name), recording=recording.file)
        if any(recording.first):
            for recorder in recording.recorders:
                recorder.mark()

    def _units_differ(self, name: str) -> bool:
        """Whether a backend or the yardstick is the float network, and only one of them."""
        return (name == FLOAT_BACKEND) != (self._names[0] == FLOAT_BACKEND)

    def _comparable(self, chunk: Chunk, name: str) -> Chunk:
        """A chunk without the states that have other units in the backend `name` than in the yardstick."""
        if not self._rescaled or not self._units_differ(name):
            return chunk
        return replace(chunk, states={i: s for i, s in chunk.states.items() if i not in self._rescaled})

    def _explain(self, recording: _Recording) -> Difference | None:
        """The earliest difference of a recording with its likely cause; notes the offsets on the way."""
        found = [(i, first) for i, first in enumerate(recording.first) if first is not None]
        if not found:
            return None
        traces = [recorder.trace() for recorder in recording.recorders]
        for i, _ in found:
            self._offsets[self._names[i]] = offset(self._network, traces[0], traces[i])
        i, first = min(found, key=lambda item: (order(self._network, item[1]), item[0]))
        if self._offsets[self._names[i]]:
            return replace(first, likely_cause="offset")
        units_differ = self._units_differ(self._names[i]) and self._network.index(first.population) in self._rescaled
        if not traces[0].states or units_differ:
            return first
        evidence = [self._evidence(recording, trace, first) for trace in (traces[i], traces[0])]
        return replace(first, likely_cause=likely_cause(evidence))

    def _evidence(self, recording: _Recording, trace: Trace, first: Difference) -> Evidence:
        index = self._network.index(first.population)
        return Evidence(self._network, self._bits, recording.events, trace, index, first.step)


def _apart(place: IntArray, spikes: Spikes, other_place: IntArray, other: Spikes) -> IntArray:
    """Places (step · neurons + neuron) where one of two has a spike, or one with another payload; (places,)."""
    if spikes.payload is None and other.payload is None:
        return np.setxor1d(place, other_place)
    both = (np.column_stack((place, spikes.payloads)), np.column_stack((other_place, other.payloads)))
    rows, times = np.unique(np.concatenate([np.unique(rows, axis=0) for rows in both]), axis=0, return_counts=True)
    places: IntArray = rows[times == 1, 0]
    return places
