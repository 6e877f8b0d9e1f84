"""Evidence: what one population of one backend did around a step, beside what the network says it should have done.

Every value is judged by its own past: u and v of step t must follow from the *same* backend's u and v of step t − 1
and from the spikes it delivered itself. So a fault is seen wherever it acts, not only where two backends first part.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurodeploy.emulator.cells.arithmetic import decay, wrap_current
from neurodeploy.emulator.simulation import Options, State
from neurodeploy.emulator.synapses import accumulate
from neurodeploy.network import Network, Population, Projection
from neurodeploy.precision import STATE_BITS, VOLTAGE_LIMIT, IntArray
from neurodeploy.runtime.trace import Trace
from neurodeploy.spikes.events import Events

Flags = NDArray[np.bool_]

#: Steps looked at before and after the first difference.
STEPS_BEFORE, STEPS_AFTER = 16, 48
#: Steps since a spike that never was.
_NEVER = 2**31


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Spikes delivered in a window: row, source neuron and payload of each, (spikes,)."""

    row: IntArray
    neuron: IntArray
    payload: IntArray

    def dense(self, rows: int, neurons: int) -> IntArray:
        """Sum of payloads, (rows, neurons)."""
        result = np.zeros((rows, neurons), np.int64)
        np.add.at(result, (self.row, self.neuron), self.payload)
        return result

    def only(self, chosen: Flags) -> Arrivals:
        """Those of the chosen source neurons, (neurons,)."""
        inside = chosen[self.neuron]
        return Arrivals(self.row[inside], self.neuron[inside], self.payload[inside])

    def without(self, other: Arrivals) -> Arrivals:
        """These and the others with their sign turned: the difference, since q is linear in payloads."""
        return Arrivals(
            np.concatenate((self.row, other.row)),
            np.concatenate((self.neuron, other.neuron)),
            np.concatenate((self.payload, -other.payload)),
        )


@dataclass(frozen=True, eq=False)
class Evidence:
    """A window of one backend's run, seen from one population.

    Args:
        network: what should have been run.
        options: profile and treatment of step 0.
        events: the host's input.
        trace: what the backend did.
        index: position of the population.
        step: of the first difference; it lies inside the stretch of the trace's states.
    """

    network: Network
    options: Options
    events: Events
    trace: Trace
    index: int
    step: int

    @property
    def population(self) -> Population:
        """The population."""
        return self.network.populations[self.index]

    @cached_property
    def steps(self) -> IntArray:
        """The steps of the window, (rows,); its first one has a known step before it, or none at all."""
        state = self.trace.states[self.index]
        known = self.trace.first + (1 if self.trace.first or self.options.drop_first_step else 0)
        last = min(self.trace.first + len(state.u), self.step + STEPS_AFTER)
        return np.arange(max(known, self.step - STEPS_BEFORE), last)

    @cached_property
    def after(self) -> State:
        """U and v of every step of the window, (rows, neurons)."""
        state, rows = self.trace.states[self.index], self.steps - self.trace.first
        return State(state.u[rows], state.v[rows])

    @cached_property
    def before(self) -> State:
        """U and v one step earlier, zeros before step 0, (rows, neurons)."""
        state, rows = self.trace.states[self.index], self.steps - self.trace.first - 1
        known = (rows >= 0)[:, None]
        return State(np.where(known, state.u[rows], 0), np.where(known, state.v[rows], 0))

    @cached_property
    def cleared(self) -> Flags:
        """Whether the periodic reset is due in each step, (rows, 1)."""
        return np.array([self._due(int(step)) for step in self.steps], np.bool_)[:, None]

    @cached_property
    def kept(self) -> State:
        """U and v one step earlier, zeros where the periodic reset clears them, (rows, neurons)."""
        return State(np.where(self.cleared, 0, self.before.u), np.where(self.cleared, 0, self.before.v))

    def parameter(self, name: str) -> IntArray:
        """A parameter of every neuron, (neurons,)."""
        return np.broadcast_to(np.asarray(getattr(self.population.neuron, name), np.int64), (self.population.neurons,))

    @cached_property
    def bias(self) -> IntArray:
        """What the bias adds to v, (rows, neurons)."""
        bias = self.population.bias
        rows = [bias.value(int(step)) if bias else np.int64(0) for step in self.steps]
        return np.stack([np.broadcast_to(row, (self.population.neurons,)) for row in rows])

    @cached_property
    def fired(self) -> Flags:
        """Who fired, (rows, neurons)."""
        return self._raster[self.steps]

    @cached_property
    def since(self) -> IntArray:
        """Steps since a neuron's last spike before each step, large where the reset forgot it, (rows, neurons)."""
        return self._steps_since(resets=True)

    @cached_property
    def since_any_reset(self) -> IntArray:
        """The same as if there were no periodic reset."""
        return self._steps_since(resets=False)

    @cached_property
    def held(self) -> Flags:
        """Who is held by the refractory period, (rows, neurons)."""
        return self.since < self.parameter("refractory_delay")

    @cached_property
    def projections(self) -> tuple[Projection, ...]:
        """The projections into the population."""
        return self.network.into(self.population.name)

    def arrivals(self, source: str, delay: IntArray | None = None) -> Arrivals:
        """What the backend's own spikes of a population deliver inside the window.

        Args:
            source: name of the population.
            delay: another axonal delay of each of its neurons, (neurons,).
        """
        index = self.network.index(source)
        population = self.network.populations[index]
        late = population.delays() if delay is None else delay
        if population.neuron is None:
            neuron, emitted, payload = self.events.neuron, self.events.step, self.events.payload
        else:
            spikes = self.trace.spikes[index]
            neuron, emitted, payload = spikes.neuron, spikes.step + 1, spikes.payload
        row = emitted + late[neuron] - self.steps[0]
        inside = (row >= 0) & (row < len(self.steps))
        weight = np.ones(len(neuron), np.int64) if payload is None else payload
        return Arrivals(row[inside], neuron[inside], weight[inside])

    def charge(
        self,
        projection: Projection,
        arrivals: Arrivals,
        weight: IntArray | None = None,
        exponent: int | None = None,
        row: int | None = None,
    ) -> IntArray:
        """Q that a projection makes of arrivals, (rows, neurons), or (1, neurons) of one row.

        Args:
            projection: into this population.
            arrivals: at it.
            weight: another than its own.
            exponent: another than its own.
            row: the only one wanted.
        """
        shift = projection.weight_exponent if exponent is None else exponent
        strength = np.asarray(projection.synapse.weight if weight is None else weight).astype(np.int64)
        if shift < 0 and self.options.profile == "loihi":  # the chip floors every synapse, Lava their sum
            strength, shift = strength >> -shift, 0
        shape = self.network.population(projection.source).shape or ()
        wanted = np.arange(len(self.steps)) if row is None else np.array([row])
        result = np.zeros((len(wanted), self.population.neurons), np.int64)
        for place in np.flatnonzero(np.isin(wanted, arrivals.row)):
            here = arrivals.row == wanted[place]
            result[place] = accumulate(
                projection.synapse, strength, shape, arrivals.neuron[here], arrivals.payload[here]
            )
        return 64 * (result << shift if shift >= 0 else result >> -shift)

    @cached_property
    def charges(self) -> tuple[IntArray, ...]:
        """Q of each projection into the population, (rows, neurons) each."""
        return tuple(self.charge(p, self.arrivals(p.source)) for p in self.projections)

    @cached_property
    def charged(self) -> IntArray:
        """Q of all projections, (rows, neurons)."""
        return sum(self.charges, np.zeros(self.after.u.shape, np.int64))

    @cached_property
    def current(self) -> IntArray:
        """U as it should be, before it wraps, (rows, neurons)."""
        return decay(self.kept.u, self.parameter("current_decay")) + self.charged

    @cached_property
    def u_error(self) -> IntArray:
        """How far u is from what it should be, (rows, neurons)."""
        return self.after.u - wrap_current(self.current, self.options.profile)

    @cached_property
    def u_residue(self) -> IntArray:
        """The same modulo 2^24, in −2^23 … 2^23 − 1: what does not depend on where u wraps."""
        return residue(self.u_error)

    @cached_property
    def voltage(self) -> IntArray:
        """V that the recorded u should lead to, before it is clipped and before a spike, (rows, neurons)."""
        return decay(self.kept.v, self.parameter("voltage_decay")) + self.after.u + self.bias

    @cached_property
    def shown(self) -> Flags:
        """Where v can be seen: neither fired nor held, (rows, neurons)."""
        return ~self.fired & ~self.held

    @cached_property
    def v_error(self) -> IntArray:
        """How far v is from what the recorded u and spikes should lead to, (rows, neurons)."""
        return self.after.v - np.where(self.shown, clipped(self.voltage), 0)

    @cached_property
    def spike_error(self) -> Flags:
        """Where a spike is missing or too much, given the recorded u and the v before it, (rows, neurons)."""
        due = ~self.held & (clipped(self.voltage) > 64 * self.parameter("threshold_mantissa"))
        wrong: Flags = due != self.fired
        return wrong

    def _due(self, step: int) -> bool:
        reset = self.network.reset
        return reset is not None and reset.due(step, self.network.depths()[self.population.name])

    @cached_property
    def _raster(self) -> Flags:
        """Who fired, from step 0 to the end of the window."""
        raster = np.zeros((int(self.steps[-1]) + 1, self.population.neurons), np.bool_)
        spikes = self.trace.spikes[self.index]
        inside = spikes.step < len(raster)
        raster[spikes.step[inside], spikes.neuron[inside]] = True
        return raster

    def _steps_since(self, resets: bool) -> IntArray:
        since = np.full(self.population.neurons, _NEVER)
        rows = []
        for step, fired in enumerate(self._raster):
            since = since + 1
            if resets and self._due(step):
                since = np.full_like(since, _NEVER)
            if step >= self.steps[0]:
                rows.append(since)
            since = np.where(fired, 0, since)
        return np.stack(rows)


def residue(values: IntArray) -> IntArray:
    """Values modulo 2^24, in −2^23 … 2^23 − 1."""
    half = 1 << (STATE_BITS - 1)
    result: IntArray = (values + half) % (2 * half) - half
    return result


def clipped(voltage: IntArray) -> IntArray:
    """V within ±(2^23 − 1)."""
    return np.clip(voltage, -VOLTAGE_LIMIT, VOLTAGE_LIMIT)
