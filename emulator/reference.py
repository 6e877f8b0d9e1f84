"""The semantics in executable form: one step after the other, one population after the other, in plain integers.

Everything is int64, nothing is optimised; the C core, the torch backend and the mapped program are judged by this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurodeploy.emulator.simulation import Chunk, Counters, Options, Spikes, State
from neurodeploy.emulator.stretch import check_stretch
from neurodeploy.network import Conv2d, Dense, Network, OneToOne, Population, Projection, Shape, Sparse, SumPool2d
from neurodeploy.precision import ACCUMULATOR_LIMIT, DECAY_ONE, STATE_BITS, VOLTAGE_LIMIT, IntArray
from neurodeploy.spikes.events import Events

_HALF = 1 << (STATE_BITS - 1)
_FULL = 1 << STATE_BITS


def decay(value: IntArray, amount: IntArray) -> IntArray:
    """`value` · (4096 − amount) / 4096, truncated toward zero."""
    result: IntArray = np.sign(value) * ((np.abs(value) * (DECAY_ONE - amount)) >> 12)
    return result


def wrap_current(value: IntArray, profile: str) -> IntArray:
    """u in its 24 bits: modulo 2^24 on the chip, corrected only once by Lava."""
    if profile == "loihi":
        return (value + _HALF) % _FULL - _HALF
    return np.where(value > _HALF, value - _FULL, np.where(value <= -_HALF, value + _FULL, value))


class Reference:
    """An integer network stepped from zero state; implements `Simulation`.

    Args:
        network: integer; its mapping to cores does not matter here.
        options: profile and treatment of step 0.
    """

    def __init__(self, network: Network, options: Options | None = None) -> None:
        self._network = network
        self._options = options or Options()
        self._step = 0
        self._cells = [_Cells(p) if p.neuron else None for p in network.populations]
        self._depth = network.depths()
        self._synapses = [_Deliverer(network, p, self._options.profile) for p in network.projections]
        # arrivals[step][population]: the (neurons, payloads) that reach the population's targets in that step
        self._arrivals: dict[int, dict[int, list[tuple[IntArray, IntArray]]]] = defaultdict(lambda: defaultdict(list))
        self._counts = np.zeros((6, len(network.populations)), np.int64)

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        """See `Simulation.advance`."""
        first = self._step
        check_stretch(self._network, events, first, first + steps)
        spikes: list[list[tuple[int, IntArray]]] = [[] for _ in self._cells]
        traces = {
            i: State(*(np.zeros((steps, self._network.populations[i].neurons), np.int64) for _ in "uv")) for i in states
        }
        for step in range(first, first + steps):
            low, high = np.searchsorted(events.step, (step, step + 1))
            if high > low:
                spikes[0].append((step, self._inject(events.between(int(low), int(high)), step)))
            for i, fired in self._update(step):
                spikes[i].append((step, fired))
            for i, trace in traces.items():
                state = self.state(i)
                trace.u[step - first], trace.v[step - first] = state.u, state.v
        self._step += steps
        return Chunk(first, steps, tuple(Spikes.from_rows(s) for s in spikes), traces)

    def state(self, population: int) -> State:
        """See `Simulation.state`."""
        cells = self._cells[population]
        if cells is None:
            return State(*(np.zeros(self._network.populations[population].neurons, np.int64) for _ in "uv"))
        return State(cells.u.copy(), cells.v.copy())

    def counters(self) -> Counters:
        """See `Simulation.counters`."""
        return Counters(*self._counts.copy())

    def _inject(self, events: Events, step: int) -> IntArray:
        """Host input of a step: delivered in that very step, plus the input's axonal delay."""
        payload = np.ones(len(events), np.int64) if events.payload is None else events.payload
        self._send(0, events.neuron, payload, step)
        self._counts[0, 0] += len(events)
        return events.neuron

    def _send(self, population: int, neurons: IntArray, payload: IntArray, step: int) -> None:
        delay = self._network.populations[population].delays()[neurons]
        for d in np.unique(delay):
            self._arrivals[step + int(d)][population].append((neurons[delay == d], payload[delay == d]))

    def _update(self, step: int) -> list[tuple[int, IntArray]]:
        """Every population of the step, from the spikes delivered in it; what fired is sent on with one step of hop."""
        arrived = self._arrivals.pop(step, {})
        if step == 0 and self._options.drop_first_step:
            return []
        result = []
        for i, cells in enumerate(self._cells):
            if cells is None:
                continue
            population = self._network.populations[i]
            q = np.zeros(population.neurons, np.int64)
            for deliverer in self._synapses:
                if deliverer.target == i and deliverer.source in arrived:
                    q += deliverer(arrived[deliverer.source])
            if self._network.reset and self._network.reset.due(step, self._depth[population.name]):
                cells.clear()
            bias = population.bias.value(step) if population.bias else np.int64(0)
            fired, counts = cells.update(q, np.asarray(bias), self._options.profile)
            self._counts[:, i] += counts if i else (*counts[:4], 0, 0)  # the host's own neurons are no chip's work
            self._send(i, fired, np.ones(len(fired), np.int64), step + 1)
            result.append((i, fired))
        return result


class _Cells:
    """State of a population of CUBA LIF neurons."""

    def __init__(self, population: Population) -> None:
        assert population.neuron is not None
        self.current_decay, self.voltage_decay, self.threshold, self.refractory = (
            np.broadcast_to(np.asarray(value, np.int64), (population.neurons,))
            for value in population.neuron.parameters().values()
        )
        self.clear_to(population.neurons)

    def clear_to(self, neurons: int) -> None:
        self.u, self.v, self.r = (np.zeros(neurons, np.int64) for _ in "uvr")

    def clear(self) -> None:
        self.clear_to(len(self.u))

    def update(self, q: IntArray, bias: IntArray, profile: str) -> tuple[IntArray, tuple[int, ...]]:
        """One step; returns the neurons that fired and what `Counters` counts."""
        active = int(np.count_nonzero((self.u != 0) | (self.v != 0) | (q != 0) | (bias != 0)))
        self.r = np.maximum(self.r - 1, 0)
        current = decay(self.u, self.current_decay) + q
        self.u = wrap_current(current, profile)
        voltage = decay(self.v, self.voltage_decay) + self.u + bias
        self.v = np.clip(voltage, -VOLTAGE_LIMIT, VOLTAGE_LIMIT)
        counts = (current != self.u, voltage != self.v, np.abs(q) >= ACCUMULATOR_LIMIT)
        held = self.r > 0
        fired = ~held & (self.v > self.threshold * 64)
        self.v[held | fired] = 0
        self.r[fired] = self.refractory[fired]
        spikes = np.flatnonzero(fired)
        return spikes, (len(spikes), *(int(np.count_nonzero(c)) for c in counts), active, len(q) - active)


class _Deliverer:
    """Turns the spikes that reach a projection in one step into q of its targets, shape (neurons,)."""

    def __init__(self, network: Network, projection: Projection, profile: str) -> None:
        self.source = network.index(projection.source)
        self.target = network.index(projection.target)
        self._shape = network.population(projection.source).shape or ()
        self._synapse = projection.synapse
        self._weight = projection.synapse.weight.astype(np.int64)
        self._shift = projection.weight_exponent
        if self._shift < 0 and profile == "loihi":  # the chip floors every synapse, Lava the sum of a projection
            self._weight, self._shift = self._weight >> -self._shift, 0

    def __call__(self, spikes: list[tuple[IntArray, IntArray]]) -> IntArray:
        neurons = np.concatenate([n for n, _ in spikes])
        payload = np.concatenate([s for _, s in spikes])
        total = accumulate(self._synapse, self._weight, self._shape, neurons, payload)
        shifted = total << self._shift if self._shift >= 0 else total >> -self._shift
        return shifted * 64


def accumulate(
    synapse: Dense | Conv2d | SumPool2d | OneToOne | Sparse,
    weight: IntArray,
    source: Shape,
    neurons: IntArray,
    payload: IntArray,
) -> IntArray:
    """Σ weight · payload over spikes, for each target neuron, shape (targets,).

    Args:
        synapse: the connections.
        weight: their weights, in the synapse's own shape.
        source: shape of the source population.
        neurons: who spiked, (spikes,); a neuron may occur more than once.
        payload: of each spike, (spikes,).
    """
    if isinstance(synapse, Dense):
        return weight[:, neurons] @ payload
    if isinstance(synapse, (Conv2d, SumPool2d)):
        return _windows(synapse, weight, source, neurons, payload)
    strength = np.zeros(int(np.prod(source)), np.int64)
    np.add.at(strength, neurons, payload)
    if isinstance(synapse, OneToOne):
        return weight * strength
    total = np.zeros(synapse.targets, np.int64)
    np.add.at(total, synapse.target, weight * strength[synapse.source])
    return total


def _windows(
    synapse: Conv2d | SumPool2d, weight: IntArray, source: Shape, neurons: IntArray, payload: IntArray
) -> IntArray:
    """Each spike, through each kernel tap, to the one pixel it reaches there, in all output channels of its group."""
    if isinstance(synapse, SumPool2d):
        groups, dilation, (top, _, left, _) = source[0], (1, 1), synapse.padding
        weight = np.broadcast_to(weight, (groups, 1, 1, *weight.shape))
    else:
        groups, dilation, (top, left) = synapse.groups, synapse.dilation, synapse.padding
        weight = weight.reshape(groups, -1, *weight.shape[1:])
    total = np.zeros(synapse.output_shape(source), np.int64)
    channel, row, column = np.unravel_index(neurons, source)
    group, member = np.divmod(channel, source[0] // groups)
    outputs = np.arange(total.shape[0]).reshape(groups, -1)
    for tap_y, tap_x in np.ndindex(weight.shape[3:]):
        y, inside_y = _reached(row + top - tap_y * dilation[0], synapse.stride[0], total.shape[1])
        x, inside_x = _reached(column + left - tap_x * dilation[1], synapse.stride[1], total.shape[2])
        hit = np.flatnonzero(inside_y & inside_x)
        g = group[hit]
        add = weight[g, :, member[hit], tap_y, tap_x] * payload[hit, None]
        np.add.at(total, (outputs[g], y[hit, None], x[hit, None]), add)
    return total.reshape(-1)


def _reached(position: IntArray, stride: int, size: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """The output coordinate whose window starts `position` back, and whether there is one."""
    out, rest = np.divmod(position, stride)
    return out, (rest == 0) & (out >= 0) & (out < size)
