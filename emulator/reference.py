"""The semantics in executable form: one step after the other, one population after the other, in plain integers.

Everything is int64, nothing is optimised; the C core, the torch backend and the mapped program are judged by this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from neurodeploy.emulator.cells import Input, cells_of
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Spikes, State
from neurodeploy.emulator.snapshot import TOTALS, Snapshot, check_snapshot, collected
from neurodeploy.emulator.stretch import check_stretch
from neurodeploy.emulator.synapses import Deliverer
from neurodeploy.emulator.validation import population_starts
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import Events

#: What one population did in a step: its position, who fired and with which payloads, (spikes,) each.
_Fired = tuple[int, IntArray, IntArray]
#: By position of a population: the (neurons, payloads) of it that arrive in a step.
_Arrived = dict[int, list[tuple[IntArray, IntArray]]]


class Reference:
    """An integer network stepped from zero state, or from a snapshot; implements `Resumable`.

    Args:
        network: integer; its mapping to cores does not matter here.
        options: profile and treatment of step 0.
        snapshot: to go on from, with the same options.

    Raises:
        FormatError: a snapshot that is none of this network.
    """

    def __init__(self, network: Network, options: Options | None = None, snapshot: Snapshot | None = None) -> None:
        self._network = network
        self._options = options or Options()
        self._step = 0
        self._cells = [cells_of(p) for p in network.populations]
        self._depth = network.depths()
        self._synapses = [Deliverer(network, p, self._options.profile) for p in network.projections]
        # by step: what reaches the targets of each population in it
        self._arrivals: dict[int, _Arrived] = defaultdict(lambda: defaultdict(list))
        self._counts = np.zeros((6, len(network.populations)), np.int64)
        if snapshot is not None:
            self._resume(snapshot)

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        """See `Simulation.advance`."""
        first = self._step
        check_stretch(self._network, events, first, first + steps)
        spikes: list[list[tuple[int, IntArray, IntArray]]] = [[] for _ in self._cells]
        traces = {
            i: State(*(np.zeros((steps, self._network.populations[i].neurons), np.int64) for _ in "uv")) for i in states
        }
        for step in range(first, first + steps):
            low, high = np.searchsorted(events.step, (step, step + 1))
            if high > low:
                spikes[0].append((step, *self._inject(events.between(int(low), int(high)), step)))
            for i, fired, payload in self._update(step):
                spikes[i].append((step, fired, payload))
            for i, trace in traces.items():
                state = self.state(i)
                trace.u[step - first], trace.v[step - first] = state.u, state.v
        self._step += steps
        graded = [p.neuron.GRADED if p.neuron else events.payload is not None for p in self._network.populations]
        return Chunk(first, steps, tuple(Spikes.from_rows(s, g) for s, g in zip(spikes, graded, strict=True)), traces)

    def state(self, population: int) -> State:
        """See `Simulation.state`."""
        cells = self._cells[population]
        if cells is None:
            return State(*(np.zeros(self._network.populations[population].neurons, np.int64) for _ in "uv"))
        return State(cells.u.copy(), cells.v.copy())

    def counters(self) -> Counters:
        """See `Simulation.counters`."""
        return Counters(*self._counts.copy())

    def snapshot(self) -> Snapshot:
        """See `Resumable.snapshot`."""
        start = population_starts(self._network)
        kept, spikes = np.zeros((4, start[-1]), np.int64), [np.zeros((3, 0), np.int64)]
        for i, cells in enumerate(self._cells):
            if cells is not None:
                kept[:, start[i] : start[i + 1]] = cells.kept()
        for step, arrived in self._arrivals.items():
            for i, rows in arrived.items():
                delay = self._network.populations[i].delays()
                spikes += [np.stack([step - delay[neurons], start[i] + neurons, payload]) for neurons, payload in rows]
        totals = np.ascontiguousarray(self._counts[:TOTALS].T)
        return collected(self._network, self._step, list(kept), list(np.concatenate(spikes, axis=1)), totals)

    def _resume(self, snapshot: Snapshot) -> None:
        check_snapshot(snapshot, self._network, self._options.profile)
        self._step = snapshot.step
        start = population_starts(self._network)
        for i, cells in enumerate(self._cells):
            mine = slice(int(start[i]), int(start[i + 1]))
            if cells is not None:
                cells.resume((snapshot.u[mine], snapshot.v[mine], snapshot.r[mine], snapshot.s[mine]))
            rows = np.flatnonzero((snapshot.neuron >= mine.start) & (snapshot.neuron < mine.stop))
            neurons = snapshot.neuron[rows] - mine.start
            arrival = snapshot.departure[rows] + self._network.populations[i].delays()[neurons]
            for step in np.unique(arrival[arrival >= snapshot.step]):
                due = arrival == step
                self._arrivals[int(step)][i].append((neurons[due], snapshot.payload[rows[due]]))
        self._counts[:TOTALS] = snapshot.totals.T
        updates = snapshot.step - (self._options.drop_first_step and snapshot.step > 0)
        neurons = np.array([p.neurons for p in self._network.populations])
        self._counts[TOTALS, 1:] = (neurons * updates - snapshot.totals[:, -1])[1:]

    def _inject(self, events: Events, step: int) -> tuple[IntArray, IntArray]:
        """Host input of a step: delivered in that very step, plus the input's axonal delay."""
        payload = np.ones(len(events), np.int64) if events.payload is None else events.payload
        self._send(0, events.neuron, payload, step)
        self._counts[0, 0] += len(events)
        return events.neuron, payload

    def _send(self, population: int, neurons: IntArray, payload: IntArray, step: int) -> None:
        delay = self._network.populations[population].delays()[neurons]
        for d in np.unique(delay):
            self._arrivals[step + int(d)][population].append((neurons[delay == d], payload[delay == d]))

    def _update(self, step: int) -> list[_Fired]:
        """Every population of the step, from the spikes delivered in it; what fired is sent on with one step of hop."""
        arrived = self._arrivals.pop(step, {})
        if step == 0 and self._options.drop_first_step:
            return []
        result = []
        for i, cells in enumerate(self._cells):
            if cells is None:
                continue
            population = self._network.populations[i]
            if self._network.reset and self._network.reset.due(step, self._depth[population.name]):
                cells.clear()
            output = cells.update(self._given(i, step, arrived), self._options.profile)
            # the host's own neurons are no chip's work
            self._counts[:, i] += output.counts if i else (*output.counts[:4], 0, 0)
            self._send(i, output.neurons, output.payload, step + 1)
            result.append((i, output.neurons, output.payload))
        return result

    def _given(self, i: int, step: int, arrived: _Arrived) -> Input:
        """What a step gives a population."""
        population = self._network.populations[i]
        q = np.zeros((2, population.neurons), np.int64)
        for deliverer in self._synapses:
            if deliverer.target == i and deliverer.source in arrived:
                q[int(deliverer.imaginary)] += deliverer(arrived[deliverer.source])
        bias = population.bias.value(step) if population.bias else np.int64(0)
        return Input(q[0], q[1], np.asarray(bias))
