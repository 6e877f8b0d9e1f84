"""Backend `lava`: the network of a program as Lava processes, in an environment of their own.

Lava's fixed-point models and runtime do the work, in a worker that stays alive from one recording to the next. Lava
delivers a source's spikes one step later than we do; the worker hides that offset, which is the same in every layer.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Spikes, State
from neurodeploy.emulator.stretch import check_stretch
from neurodeploy.errors import BackendError, OptionError
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.runtime.lava_client import TIMEOUT_VARIABLE, LavaWorker, worker_command
from neurodeploy.runtime.lava_environment import required
from neurodeploy.runtime.lava_job import check_network, check_options, check_payload, job
from neurodeploy.runtime.lava_worker.memory import CHUNK_STEPS
from neurodeploy.spikes.events import Events

DEFAULT_TIMEOUT = 300.0
#: A worker runs silent steps until periodic resets fall as they should; where that takes more, a new one is started.
MOST_SILENT_STEPS = 1000


class LavaBackend:
    """A network in Lava's own simulator.

    Raises:
        MissingPackageError: Lava is not set up.
        NetworkError, OptionError: something that Lava does not have.
        BackendError: the worker failed.
    """

    def __init__(self, program: Program, options: Options) -> None:
        if not hasattr(os, "fork"):
            raise BackendError("backend lava", "needs fork, which this system does not have", "use Linux or macOS")
        check_options(options)
        check_network(program.network)
        self._network = program.network
        self._command = worker_command(required("lava").python)
        self._seconds = timeout()
        self._idle = [self._started()]

    def simulation(self) -> Simulator:
        """A run from zero state; each has a worker to itself, which the next one takes over."""
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = self._started()
        simulation = Simulator(self._network, worker)
        reset = self._network.reset
        if reset is None or reset.interval <= MOST_SILENT_STEPS:
            weakref.finalize(simulation, _returned, self._idle, worker)
        else:
            weakref.finalize(simulation, worker.close)
        return simulation

    def _started(self) -> LavaWorker:
        worker = LavaWorker(self._command, self._seconds)
        worker.ask(*job([self._network]))
        return worker


class Simulator:
    """A network being stepped by a worker; implements `Simulation`."""

    def __init__(self, network: Network, worker: LavaWorker, spikes_only: bool = False) -> None:
        self._group = LavaGroup([network], worker, spikes_only)
        self._network = network
        self._step = 0
        self._spikes = np.zeros(len(network.populations), np.int64)

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        """See `Simulation.advance`."""
        check_stretch(self._network, events, self._step, self._step + steps)
        check_payload(self._network, events)
        chunk = self._group.advance([events], steps, [states])[0]
        self._step += steps
        self._spikes += [len(s.step) for s in chunk.spikes]
        return chunk

    def state(self, population: int) -> State:
        """See `Simulation.state`."""
        return self._group.state(population)

    def counters(self) -> Counters:
        """Spikes; Lava counts nothing else."""
        return Counters.spikes_only(self._spikes.copy())


class LavaGroup:
    """Networks in one Lava program, each with its own input, from zero state.

    Args:
        networks: as given to `job`.
        worker: into which they are loaded.
        spikes_only: it shows no u and v.
    """

    def __init__(self, networks: Sequence[Network], worker: LavaWorker, spikes_only: bool = False) -> None:
        self._worker = worker
        self._spikes_only = spikes_only
        self._first = np.cumsum([0, *(len(n.populations) for n in networks)])
        self._networks = networks
        self._populations = [p for n in networks for p in n.populations]
        self._step = 0
        self._last = {i: State(*np.zeros((2, p.neurons), np.int64)) for i, p in enumerate(self._populations)}
        worker.ask({"do": "restart"})

    def advance(self, events: Sequence[Events], steps: int, states: Sequence[Sequence[int]]) -> list[Chunk]:
        """Run `steps` more steps.

        Args:
            events: of each network, with steps inside this stretch.
            steps: how many.
            states: by network, positions of the populations whose u and v are wanted.
        """
        first, end = self._step, self._step + steps
        wanted = [int(self._first[n]) + i for n, chosen in enumerate(states) for i in chosen]
        parts = []
        while self._step < end:
            count = min(CHUNK_STEPS, end - self._step)
            parts.append(self._stretch(events, count, wanted))
            self._step += count
        return [self._chunk(n, first, steps, parts, events[n], states[n]) for n in range(len(self._networks))]

    def state(self, population: int) -> State:
        """U and v now, (neurons,), of a population numbered through all networks."""
        return self._last[population]

    def _stretch(self, events: Sequence[Events], steps: int, states: list[int]) -> dict[str, Any]:
        """One request of at most CHUNK_STEPS steps."""
        arrays = {}
        fed = []
        for n, given in enumerate(events):
            low, high = (int(i) for i in np.searchsorted(given.step, (self._step, self._step + steps)))
            if high > low:
                i = int(self._first[n])
                part = given.between(low, high)
                fed.append(i)
                arrays[f"{i}.row"], arrays[f"{i}.neuron"] = part.step - self._step, part.neuron
                arrays[f"{i}.payload"] = np.ones(len(part), np.int64) if part.payload is None else part.payload
        shown = None if self._spikes_only else states
        answer = self._worker.ask({"do": "advance", "steps": steps, "fed": fed, "states": shown}, arrays)
        for i, population in enumerate(self._populations):
            if population.neuron is not None:
                answer[f"{i}.row"] = answer[f"{i}.row"] + self._step
                if not self._spikes_only:
                    self._last[i] = State(answer[f"{i}.u"][-1].astype(np.int64), answer[f"{i}.v"][-1].astype(np.int64))
        return answer

    def _chunk(
        self, n: int, first: int, steps: int, parts: list[dict[str, Any]], events: Events, states: Sequence[int]
    ) -> Chunk:
        spikes: list[Spikes] = []
        traces: dict[int, State] = {}
        for i, population in enumerate(self._networks[n].populations):
            name = self._first[n] + i
            if population.neuron is None:
                spikes.append(Spikes(events.step, events.neuron, events.payload))
                empty = np.zeros((2, steps, population.neurons), np.int64)
                traces |= {i: State(*empty)} if i in states else {}
                continue
            columns = [_joined(parts, f"{name}.{column}") for column in ("row", "neuron", "payload")]
            spikes.append(Spikes(columns[0], columns[1], columns[2] if population.neuron.GRADED else None))
            if i in states and not self._spikes_only:
                shape = (-1, population.neurons)
                u, v = (_joined(parts, f"{name}.{variable}").reshape(shape) for variable in "uv")
                traces[i] = State(u, v)
        return Chunk(first, steps, tuple(spikes), {} if self._spikes_only else traces)


def timeout() -> float:
    """Seconds that an answer may take.

    Raises:
        OptionError: the environment variable is no positive number.
    """
    given = os.environ.get(TIMEOUT_VARIABLE, str(DEFAULT_TIMEOUT))
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise OptionError(TIMEOUT_VARIABLE, f"{given} is no positive number of seconds", "give for example 300")
    return seconds


def _returned(idle: list[LavaWorker], worker: LavaWorker) -> None:
    if worker.alive:
        idle.append(worker)


def _joined(parts: list[dict[str, Any]], name: str) -> IntArray:
    return np.concatenate([np.zeros(0, np.int64), *(part[name].reshape(-1) for part in parts)])
