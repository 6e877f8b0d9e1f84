"""Backend `torch`: the float network a program came from, as training computes it.

The neuron is the integer CUBA LIF, as in Loihi-aware SLAYER; the weights are those of the training's forward pass,
and every product runs through torch's own dense and convolution kernels in float64, where integers are exact.
Populations are stepped as whole tensors, without cores, axons or events, several recordings at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Simulation, Spikes, State
from neurodeploy.emulator.stretch import check_stretch
from neurodeploy.errors import MissingPackageError, OptionError
from neurodeploy.extras import install_remedy
from neurodeploy.network import CubaLif, Network, Population
from neurodeploy.precision import ACCUMULATOR_LIMIT, DECAY_ONE, STATE_BITS, VOLTAGE_LIMIT, IntArray
from neurodeploy.spikes.events import Events

try:
    import torch
except (ImportError, OSError) as error:  # OSError: a shared library that cannot be loaded
    raise MissingPackageError("backend torch", "needs the package torch", install_remedy("torch")) from error

from torch import Tensor

from neurodeploy.runtime.torch_products import Product, product, room

_HALF = float(1 << (STATE_BITS - 1))

#: Recordings that are stepped side by side: at most so many, and so many that their tensors stay below 2^25 values of
#: 8 bytes. Of a neuron these are its state, what is computed of it in a step, and the spikes under way.
MOST_LANES, LANE_VALUES, _STEP_VALUES = 64, 2**25, 16


class TorchBackend:
    """The float network of a program, or its integer network if it came as integers.

    Raises:
        OptionError: the float network was left out of the program, a profile other than "loihi", or another neuron
            model than CUBA LIF.
    """

    def __init__(self, program: Program, options: Options) -> None:
        if program.source_omitted:
            raise OptionError(
                "backend torch", "finds no float network in this program", "compile it again without --no-source"
            )
        if options.profile != "loihi":
            raise OptionError("backend torch", f"has no profile {options.profile}", "use --profile loihi")
        self._network = program.source or program.network
        for population in self._network.populations:
            if not isinstance(population.neuron, (CubaLif, type(None))):
                raise OptionError(
                    "backend torch",
                    f"has no neurons of the model {population.neuron.NAME}, as {population.name} has",
                    "use backend reference or emulator",
                )
        self._options = options
        self._products = [product(self._network, p) for p in self._network.projections]
        self._one_thread = _OneThread()

    def simulation(self) -> Simulation:
        """A run from zero state."""
        return TorchSimulation(self.lanes(1))

    @property
    def most_lanes(self) -> int:
        """See `ParallelBackend`."""
        values = sum(p.neurons * (int(p.delays().max()) + 2 + _STEP_VALUES) for p in self._network.populations)
        values += max((room(self._network, p) for p in self._network.projections), default=0)
        return max(1, min(MOST_LANES, LANE_VALUES // values))

    def lanes(self, lanes: int) -> TorchLanes:
        """See `ParallelBackend`."""
        return TorchLanes(self._network, self._products, self._options, self._one_thread, lanes)


class TorchLanes:
    """Recordings stepped side by side as rows of the same tensors, (lanes, neurons); implements `Lanes`."""

    def __init__(
        self, network: Network, products: Sequence[Product], options: Options, one_thread: _OneThread, lanes: int
    ) -> None:
        self._one_thread = one_thread
        self._network = network
        self._products = products
        self._drop_first = options.drop_first_step
        self._step = 0
        self._lanes = lanes
        self._depth = network.depths()
        self._neurons = [_Neurons(p, lanes) if p.neuron else None for p in network.populations]
        self._pending = [_Pending(p, lanes) for p in network.populations]
        self._counts = np.zeros((6, len(network.populations), lanes), np.int64)

    def advance(self, events: Sequence[Events], steps: int, states: Sequence[int] = ()) -> list[Chunk]:
        """See `Lanes.advance`."""
        first, end = self._step, self._step + steps
        for each in events:
            check_stretch(self._network, each, first, end)
        self._keep(len(events))
        fired = [_Rows() for _ in self._neurons]
        traces: dict[int, list[tuple[Tensor, Tensor]]] = {i: [] for i in states}
        with self._one_thread:
            self._run(_Joined.of(events), first, end, fired, traces)
        self._step = end
        spikes = [rows.by_lane(len(events)) for rows in fired]
        graded = [each.payload is not None for each in events]
        return [
            Chunk(
                first,
                steps,
                tuple(_spikes(mine[lane], graded[lane] and i == 0) for i, mine in enumerate(spikes)),
                {i: _state(rows, lane) for i, rows in traces.items()},
            )
            for lane in range(len(events))
        ]

    def state(self, population: int, lane: int) -> State:
        """See `Simulation.state`."""
        neurons = self._neurons[population]
        if neurons is None:
            nothing = np.zeros(self._network.populations[population].neurons, np.int64)
            return State(nothing, nothing.copy())
        return State(_integers(neurons.u[lane]), _integers(neurons.v[lane]))

    def counters(self, lane: int) -> Counters:
        """See `Lanes.counters`."""
        return Counters(*self._counts[:, :, lane].copy())

    def _keep(self, lanes: int) -> None:
        """Let the lanes behind the first ones end."""
        if lanes != self._lanes:
            self._lanes = lanes
            for part in (*self._neurons, *self._pending):
                if part is not None:
                    part.keep(lanes)

    def _run(
        self,
        events: _Joined,
        first: int,
        end: int,
        fired: Sequence[_Rows],
        traces: dict[int, list[tuple[Tensor, Tensor]]],
    ) -> None:
        for step in range(first, end):
            self._inject(events, step, fired[0])
            self._update(step, fired)
            for i, rows in traces.items():
                neurons = self._neurons[i]
                nothing = torch.zeros(self._lanes, self._network.populations[i].neurons)
                rows.append((neurons.u.clone(), neurons.v.clone()) if neurons else (nothing, nothing))

    def _inject(self, events: _Joined, step: int, fired: _Rows) -> None:
        """Host input of a step."""
        low, high = (int(i) for i in np.searchsorted(events.step, (step, step + 1)))
        if low == high:
            return
        lane, neuron, payload = (column[low:high] for column in (events.lane, events.neuron, events.payload))
        spiking = torch.zeros(self._lanes, self._network.input.neurons, dtype=torch.float64)
        where = (torch.tensor(lane), torch.tensor(neuron))
        spiking.index_put_(where, torch.tensor(payload, dtype=torch.float64), accumulate=True)
        self._pending[0].add(spiking, step)
        self._counts[0, 0, : self._lanes] += np.bincount(lane, minlength=self._lanes)
        fired.add(step, lane, neuron, payload)

    def _update(self, step: int, fired: Sequence[_Rows]) -> None:
        arriving = [pending.take(step) for pending in self._pending]
        if step == 0 and self._drop_first:
            return
        for i, neurons in enumerate(self._neurons):
            if neurons is None:
                continue
            population = self._network.populations[i]
            q = torch.zeros(self._lanes, population.neurons, dtype=torch.float64)
            for projection, weigh in zip(self._network.projections, self._products, strict=True):
                if projection.target == population.name:
                    q += 64 * weigh(arriving[self._network.index(projection.source)])
            if self._network.reset and self._network.reset.due(step, self._depth[population.name]):
                neurons.clear()
            bias = torch.tensor(population.bias.value(step) if population.bias else 0, dtype=torch.float64)
            spiking = neurons.update(q, bias, self._counts[:, i, : self._lanes])
            if i == 0:
                self._counts[4:, i] = 0  # the host's own neurons are no chip's work
            self._pending[i].add(spiking.to(torch.float64), step + 1)
            lane, neuron = np.nonzero(spiking.numpy())
            fired[i].add(step, lane, neuron, np.ones_like(neuron))


class TorchSimulation:
    """One recording being stepped; implements `Simulation`."""

    def __init__(self, lanes: TorchLanes) -> None:
        self._lanes = lanes

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        """See `Simulation.advance`."""
        return self._lanes.advance([events], steps, states)[0]

    def state(self, population: int) -> State:
        """See `Simulation.state`."""
        return self._lanes.state(population, 0)

    def counters(self) -> Counters:
        """See `Simulation.counters`."""
        return self._lanes.counters(0)


@dataclass(frozen=True, eq=False)
class _Joined:
    """Events of all lanes, sorted by step, then by lane; (events,) each."""

    step: IntArray
    lane: IntArray
    neuron: IntArray
    payload: IntArray

    @classmethod
    def of(cls, events: Sequence[Events]) -> _Joined:
        nothing = np.zeros(0, np.int64)
        lane = np.repeat(np.arange(len(events)), [len(e) for e in events])
        payloads = [np.ones(len(e), np.int64) if e.payload is None else e.payload for e in events]
        step = np.concatenate([nothing, *(e.step for e in events)])
        columns = (
            step,
            lane,
            np.concatenate([nothing, *(e.neuron for e in events)]),
            np.concatenate([nothing, *payloads]),
        )
        order = np.argsort(step, kind="stable")
        return cls(*(column[order] for column in columns))


class _Rows:
    """Spikes of one population as the steps pass, of all lanes."""

    def __init__(self) -> None:
        self._columns: list[tuple[IntArray, ...]] = []

    def add(self, step: int, lane: IntArray, neuron: IntArray, payload: IntArray) -> None:
        """Spikes of a step, behind what it has already."""
        if len(lane):
            self._columns.append((np.full(len(lane), step, np.int64), lane, neuron, payload))

    def by_lane(self, lanes: int) -> list[tuple[IntArray, ...]]:
        """Steps, neurons and payloads of each lane, in the order in which they were added."""
        nothing = np.zeros(0, np.int64)
        step, lane, neuron, payload = (np.concatenate([nothing, *(c[i] for c in self._columns)]) for i in range(4))
        order = np.argsort(lane, kind="stable")
        cuts = np.searchsorted(lane[order], np.arange(1, lanes))
        parts = [np.split(column[order], cuts) for column in (step, neuron, payload)]
        return list(zip(*parts, strict=True))


class _OneThread:
    """Keeps torch to one thread while any simulation of a backend steps.

    A step's tensors are small: handing them to several threads costs more than it saves, up to a hundredfold.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before = 1

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._before = torch.get_num_threads()
                torch.set_num_threads(1)
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                torch.set_num_threads(self._before)


class _Neurons:
    """Tensors of one population of CUBA LIF neurons; states are (lanes, neurons)."""

    def __init__(self, population: Population, lanes: int) -> None:
        assert population.neuron is not None
        columns = [
            torch.tensor(np.broadcast_to(np.asarray(value, np.float64), (population.neurons,)).copy())
            for value in population.neuron.parameters().values()
        ]
        self.keep_u, self.keep_v = DECAY_ONE - columns[0], DECAY_ONE - columns[1]
        self.theta, self.refractory = 64 * columns[2], columns[3]
        self.u = self.v = self.r = torch.zeros(lanes, population.neurons, dtype=torch.float64)

    def clear(self) -> None:
        self.u = self.v = self.r = torch.zeros_like(self.u)

    def keep(self, lanes: int) -> None:
        """Let the lanes behind the first ones end."""
        self.u, self.v, self.r = self.u[:lanes], self.v[:lanes], self.r[:lanes]

    def update(self, q: Tensor, bias: Tensor, counts: IntArray) -> Tensor:
        """One step; adds to `counts`, (6, lanes), what `Counters` counts, returns who fired."""
        active = ((self.u != 0) | (self.v != 0) | (q != 0) | (bias != 0)).sum(1)
        current = torch.trunc(self.u * self.keep_u / DECAY_ONE) + q
        self.u = torch.remainder(current + _HALF, 2 * _HALF) - _HALF
        voltage = torch.trunc(self.v * self.keep_v / DECAY_ONE) + self.u + bias
        clipped = voltage.clamp(-VOLTAGE_LIMIT, VOLTAGE_LIMIT)
        self.r = (self.r - 1).clamp(min=0)
        fired = (self.r == 0) & (clipped > self.theta)
        self.v = torch.where((self.r > 0) | fired, 0.0, clipped)
        self.r = torch.where(fired, self.refractory, self.r)
        overflows = q.abs() >= ACCUMULATOR_LIMIT
        seen = [t.sum(1) for t in (fired, current != self.u, voltage != clipped, overflows)]
        counts += torch.stack([*seen, active, q.shape[1] - active]).numpy()
        return fired


class _Pending:
    """Spikes of one population under way: a ring of its longest delay, one (lanes, neurons) per coming step."""

    def __init__(self, population: Population, lanes: int) -> None:
        self._delay = torch.tensor(population.delays().copy())
        self._ring = torch.zeros(int(self._delay.max()) + 2, lanes, population.neurons, dtype=torch.float64)
        self._column = torch.arange(population.neurons)
        self._alike = bool((self._delay == self._delay[0]).all())

    def keep(self, lanes: int) -> None:
        """Let the lanes behind the first ones end."""
        self._ring = self._ring[:, :lanes].clone()

    def add(self, spiking: Tensor, step: int) -> None:
        """Deliver in `step` plus each neuron's own delay."""
        if self._alike:
            self._ring[(int(self._delay[0]) + step) % len(self._ring)] += spiking
            return
        row = (self._delay + step) % len(self._ring)
        lane = torch.arange(len(spiking))[:, None]
        self._ring.index_put_((row[None], lane, self._column[None]), spiking, accumulate=True)

    def take(self, step: int) -> Tensor:
        row = step % len(self._ring)
        arriving = self._ring[row].clone()
        self._ring[row] = 0
        return arriving


def _spikes(columns: tuple[IntArray, ...], graded: bool) -> Spikes:
    step, neuron, payload = columns
    return Spikes(step, neuron, payload if graded else None)


def _integers(values: Tensor) -> IntArray:
    return np.asarray(values.numpy()).astype(np.int64)


def _state(rows: list[tuple[Tensor, Tensor]], lane: int) -> State:
    return State(*(_integers(torch.stack([both[i][lane] for both in rows])) for i in range(2)))
