"""The C core as an emulator: a compiled program stepped through its cores and axons."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from neurodeploy.emulator import _core
from neurodeploy.emulator.image import Image, load
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Spikes, State
from neurodeploy.emulator.stretch import check_stretch
from neurodeploy.errors import OptionError
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
    """A program stepped from zero state; implements `Simulation`.

    Each recording needs its own; a second thread may step another one of the same image at the same time. One that
    ran out of memory (MemoryError) takes no further step.

    Args:
        image: the loaded program.
        options: profile and treatment of step 0.
        instructions: one of `instruction_sets()`; None: what INSTRUCTIONS_VARIABLE says, or the fastest.

    Raises:
        OptionError: an instruction set that this machine does not have.
    """

    def __init__(self, image: Image, options: Options | None = None, instructions: str | None = None) -> None:
        self._network = image.network
        self._options = options or Options()
        chosen = chosen_instructions(instructions)
        self._state = _core.State(
            image.core, chosen, self._options.profile == "lava-0.10", self._options.drop_first_step
        )
        self._step = 0
        self._input_events = 0

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
        totals = np.empty((len(self._network.populations), 5), np.int64)
        self._state.counters(totals)
        spikes, wraps, clips, overflows, active = totals.T.copy()
        spikes[0] += self._input_events
        updates = self._step - (self._options.drop_first_step and self._step > 0)
        idle = np.array([p.neurons for p in self._network.populations]) * updates - active
        active[0] = idle[0] = 0  # the host's own neurons are no chip's work
        return Counters(spikes, wraps, clips, overflows, active, idle)
