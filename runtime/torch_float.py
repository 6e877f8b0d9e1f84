"""Backend `torch`: the float network a program came from, as training computes it.

The neuron is the integer CUBA LIF, as in Loihi-aware SLAYER; the weights are those of the training's forward pass,
and every product runs through torch's own dense and convolution kernels in float64, where integers are exact.
Populations are stepped as whole tensors, without cores, axons or events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

import numpy as np

from neurodeploy.compiler.program import Program
from neurodeploy.compiler.quantize import trained_weights
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Simulation, Spikes, State
from neurodeploy.emulator.stretch import check_stretch
from neurodeploy.errors import MissingPackageError, OptionError
from neurodeploy.network import (
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    Network,
    OneToOne,
    Population,
    Projection,
    Sparse,
    SumPool2d,
)
from neurodeploy.precision import ACCUMULATOR_LIMIT, DECAY_ONE, STATE_BITS, VOLTAGE_LIMIT, IntArray
from neurodeploy.spikes.events import Events

try:
    import torch
except (ImportError, OSError) as error:  # OSError: a shared library that cannot be loaded
    raise MissingPackageError(
        "backend torch", "needs the package torch", "pip install 'neurodeploy-snn[torch]'"
    ) from error

from torch import Tensor

_HALF = float(1 << (STATE_BITS - 1))


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
        self._products = [_product(self._network, p) for p in self._network.projections]
        self._one_thread = _OneThread()

    def simulation(self) -> Simulation:
        """A run from zero state."""
        return TorchSimulation(self._network, self._products, self._options, self._one_thread)


class TorchSimulation:
    """A network of tensors being stepped; implements `Simulation`."""

    def __init__(
        self,
        network: Network,
        products: Sequence[Callable[[Tensor], Tensor]],
        options: Options,
        one_thread: _OneThread,
    ) -> None:
        self._one_thread = one_thread
        self._network = network
        self._products = products
        self._drop_first = options.drop_first_step
        self._step = 0
        self._depth = network.depths()
        self._neurons = [_Neurons(p) if p.neuron else None for p in network.populations]
        self._pending = [_Pending(p) for p in network.populations]
        self._counts = np.zeros((6, len(network.populations)), np.int64)

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        """See `Simulation.advance`."""
        first, end = self._step, self._step + steps
        check_stretch(self._network, events, first, end)
        spikes: list[list[tuple[int, IntArray, IntArray]]] = [[] for _ in self._neurons]
        traces: dict[int, list[tuple[Tensor, Tensor]]] = {i: [] for i in states}
        with self._one_thread:
            self._run(events, first, end, spikes, traces)
        self._step = end
        states_of = {i: _state(rows) for i, rows in traces.items()}
        graded = (i == 0 and events.payload is not None for i in range(len(spikes)))
        fired = tuple(Spikes.from_rows(rows, kept) for rows, kept in zip(spikes, graded, strict=True))
        return Chunk(first, steps, fired, states_of)

    def state(self, population: int) -> State:
        """See `Simulation.state`."""
        neurons = self._neurons[population]
        if neurons is None:
            nothing = np.zeros(self._network.populations[population].neurons, np.int64)
            return State(nothing, nothing.copy())
        return State(_integers(neurons.u), _integers(neurons.v))

    def counters(self) -> Counters:
        """See `Simulation.counters`."""
        return Counters(*self._counts.copy())

    def _run(
        self,
        events: Events,
        first: int,
        end: int,
        spikes: list[list[tuple[int, IntArray, IntArray]]],
        traces: dict[int, list[tuple[Tensor, Tensor]]],
    ) -> None:
        for step in range(first, end):
            low, high = (int(i) for i in np.searchsorted(events.step, (step, step + 1)))
            if high > low:
                spikes[0].append((step, events.neuron[low:high], self._inject(events.between(low, high), step)))
            for i, fired in self._update(step):
                spikes[i].append((step, fired, np.ones_like(fired)))
            for i, rows in traces.items():
                neurons = self._neurons[i]
                nothing = torch.zeros(self._network.populations[i].neurons)
                rows.append((neurons.u.clone(), neurons.v.clone()) if neurons else (nothing, nothing))

    def _inject(self, events: Events, step: int) -> IntArray:
        """Host input of a step; returns its payloads."""
        payload = np.ones(len(events), np.int64) if events.payload is None else events.payload
        spiking = torch.zeros(self._network.input.neurons, dtype=torch.float64)
        spiking.index_add_(0, torch.tensor(events.neuron), torch.tensor(payload, dtype=torch.float64))
        self._pending[0].add(spiking, step)
        self._counts[0, 0] += len(events)
        return payload

    def _update(self, step: int) -> list[tuple[int, IntArray]]:
        arriving = [pending.take(step) for pending in self._pending]
        if step == 0 and self._drop_first:
            return []
        result = []
        for i, neurons in enumerate(self._neurons):
            if neurons is None:
                continue
            population = self._network.populations[i]
            q = torch.zeros(population.neurons, dtype=torch.float64)
            for projection, product in zip(self._network.projections, self._products, strict=True):
                if projection.target == population.name:
                    q += 64 * product(arriving[self._network.index(projection.source)])
            if self._network.reset and self._network.reset.due(step, self._depth[population.name]):
                neurons.clear()
            bias = torch.tensor(population.bias.value(step) if population.bias else 0, dtype=torch.float64)
            fired = neurons.update(q, bias, self._counts[:, i])
            if i == 0:
                self._counts[4:, i] = 0  # the host's own neurons are no chip's work
            self._pending[i].add(fired.to(torch.float64), step + 1)
            result.append((i, np.flatnonzero(fired.numpy())))
        return result


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
    """Tensors of one population of CUBA LIF neurons."""

    def __init__(self, population: Population) -> None:
        assert population.neuron is not None
        columns = [
            torch.tensor(np.broadcast_to(np.asarray(value, np.float64), (population.neurons,)).copy())
            for value in population.neuron.parameters().values()
        ]
        self.keep_u, self.keep_v = DECAY_ONE - columns[0], DECAY_ONE - columns[1]
        self.theta, self.refractory = 64 * columns[2], columns[3]
        self.u = self.v = self.r = torch.zeros_like(self.theta)

    def clear(self) -> None:
        self.u = self.v = self.r = torch.zeros_like(self.theta)

    def update(self, q: Tensor, bias: Tensor, counts: IntArray) -> Tensor:
        """One step; adds to `counts` what `Counters` counts, returns who fired."""
        active = int(((self.u != 0) | (self.v != 0) | (q != 0) | (bias != 0)).sum())
        current = torch.trunc(self.u * self.keep_u / DECAY_ONE) + q
        self.u = torch.remainder(current + _HALF, 2 * _HALF) - _HALF
        voltage = torch.trunc(self.v * self.keep_v / DECAY_ONE) + self.u + bias
        clipped = voltage.clamp(-VOLTAGE_LIMIT, VOLTAGE_LIMIT)
        self.r = (self.r - 1).clamp(min=0)
        fired = (self.r == 0) & (clipped > self.theta)
        self.v = torch.where((self.r > 0) | fired, 0.0, clipped)
        self.r = torch.where(fired, self.refractory, self.r)
        overflows = q.abs() >= ACCUMULATOR_LIMIT
        seen = [int(t.sum()) for t in (fired, current != self.u, voltage != clipped, overflows)]
        counts += np.array([*seen, active, len(q) - active])
        return fired


class _Pending:
    """Spikes of one population under way: a ring of its longest delay, one row per coming step."""

    def __init__(self, population: Population) -> None:
        self._delay = torch.tensor(population.delays().copy())
        self._ring = torch.zeros(int(self._delay.max()) + 2, population.neurons, dtype=torch.float64)
        self._column = torch.arange(population.neurons)

    def add(self, spiking: Tensor, step: int) -> None:
        """Deliver in `step` plus each neuron's own delay."""
        row = (self._delay + step) % len(self._ring)
        self._ring.index_put_((row, self._column), spiking, accumulate=True)

    def take(self, step: int) -> Tensor:
        row = step % len(self._ring)
        arriving = self._ring[row].clone()
        self._ring[row] = 0
        return arriving


def _product(network: Network, projection: Projection) -> Callable[[Tensor], Tensor]:
    """The projection as a function from arriving spikes (sources,) to accumulated weights (targets,)."""
    synapse = projection.synapse
    shape = network.population(projection.source).shape or ()
    weight = torch.tensor(trained_weights(projection))
    if isinstance(synapse, Dense):
        return lambda s: weight @ s
    if isinstance(synapse, OneToOne):
        return lambda s: weight * s
    if isinstance(synapse, Sparse):
        source, target = torch.tensor(synapse.source), torch.tensor(synapse.target)
        return lambda s: torch.zeros(synapse.targets, dtype=torch.float64).index_add_(0, target, weight * s[source])
    if isinstance(synapse, SumPool2d):
        kernel = weight.expand(shape[0], 1, -1, -1)
        top, bottom, left, right = synapse.padding
        return lambda s: torch.conv2d(
            torch.nn.functional.pad(s.reshape(1, *shape), (left, right, top, bottom)),
            kernel,
            stride=list(synapse.stride),
            groups=shape[0],
        ).reshape(-1)
    if isinstance(synapse, ConvTranspose2d):
        return _transposed(synapse, weight, shape)
    return _convolution(synapse, weight, shape)


def _convolution(synapse: Conv2d, weight: Tensor, shape: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    return lambda s: torch.conv2d(
        s.reshape(1, *shape),
        weight,
        None,
        list(synapse.stride),
        list(synapse.padding),
        list(synapse.dilation),
        synapse.groups,
    ).reshape(-1)


def _transposed(synapse: ConvTranspose2d, weight: Tensor, shape: tuple[int, ...]) -> Callable[[Tensor], Tensor]:
    return lambda s: torch.conv_transpose2d(
        s.reshape(1, *shape),
        weight,
        None,
        list(synapse.stride),
        list(synapse.padding),
        list(synapse.output_padding),
        synapse.groups,
        list(synapse.dilation),
    ).reshape(-1)


def _integers(values: Tensor) -> IntArray:
    return np.asarray(values.numpy()).astype(np.int64)


def _state(rows: list[tuple[Tensor, Tensor]]) -> State:
    return State(_integers(torch.stack([u for u, _ in rows])), _integers(torch.stack([v for _, v in rows])))
