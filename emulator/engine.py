"""The C core as an emulator: a compiled program stepped through its cores and axons."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from neurodeploy.emulator import _core
from neurodeploy.emulator.image import Image, load
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Spikes, State
from neurodeploy.emulator.snapshot import TOTALS, Snapshot, check_snapshot, collected
from neurodeploy.emulator.stretch import check_stretch
from neurodeploy.errors import OptionError
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events

__all__ = ["Emulator", "Image", "chosen_instructions", "instruction_sets", "load"]

#: Environment variable that names the instruction set to use.
INSTRUCTIONS_VARIABLE = "NEURODEPLOY_INSTRUCTIONS"


def instruction_sets() -> list[str]:
    """The instruction sets that the core can use on this machine, slowest first; all compute the same bits."""
    return _core.instruction_sets()


def chosen_instructions(name: str | None = None) -> str:
    """`name`, else what INSTRUCTIONS_VARIABLE says, else the fastest.

    Raises:
        OptionError: an instruction set that this machine does not have.
    """
    known = instruction_sets()
    chosen = name or os.environ.get(INSTRUCTIONS_VARIABLE) or known[-1]
    if chosen not in known:
        raise OptionError(f"instruction set {chosen}", "is not one of this machine's", f"choose {', '.join(known)}")
    return chosen


class Emulator:
    """A program stepped from zero state, or from a snapshot; implements `Resumable`.

    Each recording needs its own; a second thread may step another one of the same image at the same time. One that
    ran out of memory (MemoryError) takes no further step.

    Args:
        image: the loaded program.
        options: profile and treatment of step 0.
        instructions: one of `instruction_sets()`; None: what INSTRUCTIONS_VARIABLE says, or the fastest.
        snapshot: to go on from, with the same options.

    Raises:
        OptionError: an instruction set that this machine does not have.
        FormatError: a snapshot that is none of this network.
    """

    def __init__(
        self,
        image: Image,
        options: Options | None = None,
        instructions: str | None = None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self._network = image.network
        self._options = options or Options()
        chosen = chosen_instructions(instructions)
        self._state = _core.State(
            image.core, chosen, self._options.profile == "lava-0.10", self._options.drop_first_step
        )
        self._step = 0
        self._input_events = 0
        if snapshot is not None:
            self._resume(snapshot)

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        """See `Simulation.advance`."""
        first = self._step
        check_stretch(self._network, events, first, first + steps)
        sizes = {i: (steps, self._network.populations[i].neurons) for i in states}
        traces = {i: State(np.empty(size, np.int64), np.empty(size, np.int64)) for i, size in sizes.items()}
        columns = [(i, trace.u, trace.v) for i, trace in traces.items()]
        fired = self._state.advance(steps, events.step, events.neuron, events.payload, columns)
        spikes = [Spikes(*columns) for columns in fired]
        if self._network.input.neuron is None:
            spikes[0] = Spikes(events.step, events.neuron, events.payload)
            self._input_events += len(events)
        self._step += steps
        return Chunk(first, steps, tuple(spikes), traces)

    def state(self, population: int) -> State:
        """See `Simulation.state`."""
        neurons = self._network.populations[population].neurons
        state = State(np.empty(neurons, np.int64), np.empty(neurons, np.int64))
        self._state.read(population, state.u, state.v)
        return state

    def counters(self) -> Counters:
        """See `Simulation.counters`."""
        spikes, wraps, clips, overflows, active = self._totals().T.copy()
        updates = self._step - (self._options.drop_first_step and self._step > 0)
        idle = np.array([p.neurons for p in self._network.populations]) * updates - active
        idle[0] = 0
        return Counters(spikes, wraps, clips, overflows, active, idle)

    def snapshot(self) -> Snapshot:
        """See `Resumable.snapshot`."""
        columns = self._state.kept()
        return collected(self._network, self._step, columns[:4], columns[4:], self._totals())

    def _totals(self) -> IntArray:
        totals = np.empty((len(self._network.populations), TOTALS), np.int64)
        self._state.counters(totals)
        totals[0, 0] += self._input_events
        totals[0, -1] = 0  # the host's own neurons are no chip's work
        return totals

    def _resume(self, snapshot: Snapshot) -> None:
        check_snapshot(snapshot, self._network, self._options.profile)
        totals = np.array(snapshot.totals)
        if self._network.input.neuron is None:
            self._input_events, totals[0, 0] = int(totals[0, 0]), 0
        names = ("u", "v", "r", "s", "departure", "neuron", "payload")
        columns = [np.ascontiguousarray(getattr(snapshot, name)) for name in names]
        self._state.resume(snapshot.step, columns, totals.reshape(-1))
        self._step = snapshot.step
