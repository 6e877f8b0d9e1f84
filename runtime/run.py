"""Running one recording: input in, spikes, states and counters out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.prediction import Prediction
from neurodeploy.compiler.prediction.constants import SHOWN
from neurodeploy.compiler.traffic import Traffic
from neurodeploy.emulator.simulation import Chunk, Counters, Options, Simulation, Spikes
from neurodeploy.errors import DataError, OptionError
from neurodeploy.network import CubaLif, Network
from neurodeploy.precision import IntArray
from neurodeploy.runtime.probes import Probe
from neurodeploy.spikes.events import Events

#: Steps per call of a simulation: bounds the memory that recorded states take, and the time between signs of life.
CHUNK_STEPS = 64
READOUTS = ("count", "first")
SPIKE_DISPLAYS = ("0", "128", "vdecay")


@dataclass(frozen=True)
class RunOptions:
    """How recordings are run; the fields are the command's options.

    Attributes:
        steps: length of every recording; None: the network's own, or what the events and its latency need.
        profile, drop_first_step: see `Options`.
        strict_time: events at or after the last step are an error instead of being dropped and counted.
        binning: "or" (one spike per bin and neuron) or "sum" (graded).
        readout: "count" or "first": what the prediction is the argmax of.
        spike_display: what a probed v shows in the step of a spike: "0", "128" or "vdecay"; display only, of
            CUBA LIF neurons.
        probes: in the notation of `parse_probe`.
        constants: names of the sets that energy and time are predicted by, or `.toml` files; see `load_constants`.
        board, partition: see `Board`; for backend `lava-hw` alone.
    """

    steps: int | None = None
    profile: str = "loihi"
    drop_first_step: bool = False
    strict_time: bool = False
    binning: str = "or"
    readout: str = "count"
    spike_display: str = "0"
    probes: tuple[str, ...] = ()
    constants: tuple[str, ...] = SHOWN
    board: str | None = None
    partition: str | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and not 1 <= self.steps <= 2**31:
            raise OptionError("steps", f"{self.steps} is outside 1 … 2^31", "give the length of a recording in steps")
        for name, value, known in (
            ("readout", self.readout, READOUTS),
            ("spike display", self.spike_display, SPIKE_DISPLAYS),
            ("binning", self.binning, ("or", "sum")),
        ):
            if value not in known:
                raise OptionError(f"{name} {value}", "is unknown", f"choose {' or '.join(known)}")
        Options(self.profile, self.drop_first_step)


@dataclass(frozen=True, eq=False)
class Run:
    """What one recording did.

    Attributes:
        network: that was run.
        steps: how many.
        events_dropped: events at or after the last step.
        spikes: of every population, in network order.
        counters: see `Counters`.
        synaptic_ops, packets, hops: what a chip would have done.
        predictions: what that costs, by one set of constants each.
        prediction: winner of the read-out, lowest index on ties; None when the output stayed silent.
        seconds: spent stepping.
        traces: by probe, (steps, neurons).
        file, label: of the recording, if it has them.
    """

    network: Network
    steps: int
    events_dropped: int
    spikes: tuple[Spikes, ...]
    counters: Counters
    synaptic_ops: int
    packets: int
    hops: int
    prediction: int | None
    seconds: float
    traces: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    predictions: tuple[Prediction, ...] = ()
    file: str | None = None
    label: int | None = None

    @property
    def output_counts(self) -> IntArray:
        """Spikes of every output neuron, (outputs,)."""
        return np.bincount(self.spikes[-1].neuron, minlength=self.network.output.neurons)

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        """A probe's trace (steps, neurons); `population.spikes` is always there: 1, or the
        payload of a graded spike.

        Raises:
            OptionError: what was not probed.
        """
        if name in self.traces:
            return self.traces[name]
        population, _, variable = name.rpartition(".")
        if variable == "spikes":
            return _raster(self.spikes[self.network.index(population)], 0, self.steps, self.network, population)
        raise OptionError(f"trace {name}", "was not recorded", f'run with probes=["{name}"]')


def default_steps(network: Network, events: Events, options: RunOptions) -> int:
    """Length of a recording: the option, the network's own, or the last event's bin + 1 + the network's latency."""
    last = int(events.step[-1]) + 1 if len(events) else 0
    return options.steps or network.steps or max(last + network.latency(), 1)


def run_events(
    simulation: Simulation,
    network: Network,
    costs: Traffic,
    events: Events,
    options: RunOptions,
    probes: Sequence[Probe],
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] = lambda part: None,
) -> Run:
    """Run one recording from zero state.

    Args:
        simulation: fresh.
        network: what it simulates.
        costs: of the program's spikes.
        events: all of them; those at or after the last step are dropped.
        options: see `RunOptions`.
        probes: what to keep.
        stopped: asked now and then whether to give up.
        progress: told after each stretch of steps which part of the recording it was.

    Raises:
        OptionError: it was stopped, or a probe of what the backend does not show.
        DataError: events outside the input's shape, or too late with `strict_time`.
    """
    events.check(network.input.neurons)
    steps = default_steps(network, events, options)
    kept, dropped = events.within(steps)
    if dropped and options.strict_time:
        raise DataError("events", f"{dropped} of {len(events)} lie at or after step {steps}", "raise --steps")
    recorded = sorted({network.index(p.population) for p in probes if p.variable != "spikes"})
    traces: dict[str, list[NDArray[np.int64]]] = {p.text: [] for p in probes}
    chunks: list[tuple[Spikes, ...]] = []
    seconds = 0.0
    for first in range(0, steps, CHUNK_STEPS):
        if stopped():
            raise OptionError("run", f"was stopped at step {first}", "start it again")
        count = min(CHUNK_STEPS, steps - first)
        low, high = (int(i) for i in np.searchsorted(kept.step, (first, first + count)))
        started = perf_counter()
        chunk = simulation.advance(kept.between(low, high), count, recorded)
        seconds += perf_counter() - started
        chunks.append(chunk.spikes)
        progress(count / steps)
        for probe in probes:
            traces[probe.text].append(_probed(probe, chunk, network, steps, options.spike_display))
    spikes = tuple(Spikes.joined(parts) for parts in zip(*chunks, strict=True))
    return Run(
        network=network,
        steps=steps,
        events_dropped=dropped,
        spikes=spikes,
        counters=simulation.counters(),
        synaptic_ops=_delivered_synapses(network, costs, spikes, steps),
        packets=_total(network, costs.packets, spikes),
        hops=_total(network, costs.hops, spikes),
        prediction=_predict(spikes[-1], network.output.neurons, options.readout),
        seconds=seconds,
        traces={p.text: np.concatenate(traces[p.text])[:: -1 if (p.steps.step or 1) < 0 else 1] for p in probes},
    )


def with_sample(run: Run, file: str | None, label: int | None) -> Run:
    """The run, named after its recording."""
    return replace(run, file=file, label=label)


def _probed(probe: Probe, chunk: Chunk, network: Network, steps: int, display: str) -> NDArray[np.int64]:
    """A probe's rows of one chunk."""
    index = network.index(probe.population)
    wanted = range(*probe.steps.indices(steps))
    rows = [step for step in range(chunk.steps) if step + chunk.first in wanted]
    raster = _raster(chunk.spikes[index], chunk.first, chunk.steps, network, probe.population)
    if probe.variable == "spikes":
        trace = raster
    elif index not in chunk.states:
        raise OptionError(f"probe {probe.text}", "is of what this backend does not show", "probe spikes")
    else:
        trace = getattr(chunk.states[index], probe.variable)
        neuron = network.populations[index].neuron
        if probe.variable == "v" and display != "0" and isinstance(neuron, CubaLif):
            shown = 128 if display == "128" else np.asarray(neuron.voltage_decay)
            trace = np.where(raster != 0, shown, trace)
    result: NDArray[np.int64] = trace[rows][:, probe.neurons]
    return result


def _raster(spikes: Spikes, first: int, steps: int, network: Network, population: str) -> NDArray[np.int64]:
    raster = np.zeros((steps, network.population(population).neurons), np.int64)
    if spikes.payload is None:
        raster[spikes.step - first, spikes.neuron] = 1
    else:
        np.add.at(raster, (spikes.step - first, spikes.neuron), spikes.payload)
    return raster


def _delivered_synapses(network: Network, costs: Traffic, spikes: tuple[Spikes, ...], steps: int) -> int:
    """Stored synapses read by spikes that arrive before the run ends."""
    total, offset = 0, 0
    for i, population in enumerate(network.populations):
        hop = 0 if i == 0 and population.neuron is None else 1
        arrives = spikes[i].step + hop + population.delays()[spikes[i].neuron]
        total += int(costs.synapses[offset + spikes[i].neuron[arrives < steps]].sum())
        offset += population.neurons
    return total


def _total(network: Network, cost: IntArray, spikes: tuple[Spikes, ...]) -> int:
    offsets = np.cumsum([0, *(p.neurons for p in network.populations)])
    return sum(int(cost[offset + s.neuron].sum()) for offset, s in zip(offsets, spikes, strict=False))


def _predict(spikes: Spikes, outputs: int, readout: str) -> int | None:
    if not len(spikes.neuron):
        return None
    if readout == "first":
        return int(spikes.neuron[spikes.step == spikes.step.min()].min())
    return int(np.argmax(np.bincount(spikes.neuron, minlength=outputs)))
