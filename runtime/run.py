"""Running one recording: input in, spikes, states and counters out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.prediction import Prediction
from neurodeploy.compiler.prediction.constants import SHOWN
from neurodeploy.emulator.simulation import Counters, Options, Spikes
from neurodeploy.errors import DataError, OptionError
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.runtime.probes import Probe, raster
from neurodeploy.runtime.stream import Part, Stream
from neurodeploy.shown import Drawn
from neurodeploy.spikes.events import Events

#: Steps per call of a simulation: bounds the memory that recorded states take, and the time between signs of life.
CHUNK_STEPS = 64
READOUTS = ("count", "first", "average")
#: The read-out that the network asks for.
AUTO = "auto"
SPIKE_DISPLAYS = ("0", "128", "vdecay")


@dataclass(frozen=True)
class RunOptions:
    """How recordings are run; the fields are the command's options.

    Attributes:
        steps: length of every recording; None: the network's own, or what the events and its latency need.
        profile, drop_first_step: see `Options`.
        strict_time: events at or after the last step are an error instead of being dropped and counted.
        binning: "or" (one spike per bin and neuron) or "sum" (graded).
        readout: what the prediction is the argmax of, over the network's classes: "count", spikes of their neurons;
            "first", who spikes first; "average", spikes per neuron, where the network averages its outputs. Classes
            have equally many neurons, so that the last is the first by another name; "auto", "first" of a network with
            latency-coded input, else "count".
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
    readout: str = AUTO
    spike_display: str = "0"
    probes: tuple[str, ...] = ()
    constants: tuple[str, ...] = SHOWN
    board: str | None = None
    partition: str | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and not 1 <= self.steps <= 2**31:
            raise OptionError("steps", f"{self.steps} is outside 1 … 2^31", "give the length of a recording in steps")
        for name, value, known in (
            ("readout", self.readout, (*READOUTS, AUTO)),
            ("spike display", self.spike_display, SPIKE_DISPLAYS),
            ("binning", self.binning, ("or", "sum")),
        ):
            if value not in known:
                raise OptionError(f"{name} {value}", "is unknown", f"choose {' or '.join(known)}")
        Options(self.profile, self.drop_first_step)


@dataclass(frozen=True, eq=False)
class Run(Drawn, drawn_by="neurodeploy.plotting.runs"):
    """What one recording did.

    Attributes:
        network: that was run.
        steps: how many.
        events_dropped: events at or after the last step.
        spikes: of every population, in network order; empty where they were not kept.
        output_counts: spikes of every output neuron, (outputs,).
        counters: see `Counters`.
        synaptic_ops, packets, hops: what a chip would have done.
        predictions: what that costs, by one set of constants each; none where spikes were not kept from step 0.
        prediction: class that wins the read-out, lowest index on ties; None when the output stayed silent.
        seconds: spent stepping.
        traces: by probe, (steps, neurons).
        file, label: of the recording, if it has them.
        first: step from which spikes and traces are held; not 0 in a run that went on from a snapshot. All numbers
            are totals since step 0 nevertheless.
        output_spikes: of the output population; None where no spikes went through memory.
        readout: that made the prediction, see `RunOptions`.
    """

    network: Network
    steps: int
    events_dropped: int
    spikes: tuple[Spikes, ...]
    output_counts: IntArray
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
    first: int = 0
    output_spikes: Spikes | None = None
    readout: str = "count"

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
            index = self.network.index(population)
            if not self.spikes:
                raise OptionError(f"trace {name}", "was not kept in memory", "read it from the file of the probes")
            neurons = self.network.populations[index].neurons
            return raster(self.spikes[index], self.first, self.steps - self.first, neurons)
        raise OptionError(f"trace {name}", "was not recorded", f'run with probes=["{name}"]')


def default_steps(network: Network, events: Events, options: RunOptions) -> int:
    """Length of a recording: the option, the network's own, or the last event's bin + 1 + the network's latency."""
    last = int(events.step[-1]) + 1 if len(events) else 0
    return options.steps or network.steps or max(last + network.latency(), 1)


def resolved(options: RunOptions, network: Network) -> RunOptions:
    """The options with the read-out that they or the network ask for, see `RunOptions`."""
    if options.readout != AUTO:
        return options
    return replace(options, readout="count" if network.coding is None else "first")


def run_events(
    stream: Stream,
    events: Events,
    steps: int,
    options: RunOptions,
    keep: bool = True,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] = lambda part: None,
) -> Run:
    """Run one recording.

    Args:
        stream: fresh, or resumed in the middle of the recording: what lies before its step has been run.
        events: all of them; those at or after the last step are dropped.
        steps: length of the recording, see `default_steps`.
        options: see `RunOptions`.
        keep: whether spikes are kept; the output's counts always are.
        stopped: asked now and then whether to give up.
        progress: told after each stretch of steps which part of the recording it was.

    Raises:
        OptionError: it was stopped, a probe of what the backend does not show, or an average without classes.
        DataError: events outside the input's shape, or too late with `strict_time`.
    """
    network = stream.network
    options = resolved(options, network)
    events.check(network.input.neurons)
    if options.readout == "average" and network.classes is None:
        raise OptionError("readout average", "needs a network that averages its outputs to classes", "choose count")
    kept, dropped = events.within(steps)
    if dropped and options.strict_time:
        raise DataError("events", f"{dropped} of {len(events)} lie at or after step {steps}", "raise --steps")
    if (start := stream.step) >= steps:
        raise OptionError("snapshot", f"stands at step {start}, the recording ends at {steps}", "raise --steps")
    parts: list[Part] = []
    for first in range(start, steps, CHUNK_STEPS):
        if stopped():
            raise OptionError("run", f"was stopped at step {first}", "start it again")
        count = min(CHUNK_STEPS, steps - first)
        low, high = (int(i) for i in np.searchsorted(kept.step, (first, first + count)))
        part = stream.advance(kept.between(low, high), count)
        parts.append(part if keep else replace(part, spikes=()))
        progress(count / steps)
    spikes = tuple(Spikes.joined(spikes) for spikes in zip(*(p.spikes for p in parts), strict=True))
    return replace(
        result(stream, options.readout),
        events_dropped=dropped,
        spikes=spikes,
        traces=_joined_traces(stream.probes, parts),
        first=start,
        output_spikes=spikes[-1] if spikes else None,
    )


def result(stream: Stream, readout: str) -> Run:
    """The totals of a run until now, without spikes and traces.

    Args:
        stream: the run.
        readout: see `RunOptions`.
    """
    return Run(
        network=stream.network,
        steps=stream.step,
        events_dropped=stream.events_dropped,
        spikes=(),
        output_counts=stream.sums.output_counts,
        counters=stream.counters(),
        synaptic_ops=stream.sums.synaptic_ops,
        packets=stream.sums.packets,
        hops=stream.sums.hops,
        prediction=stream.sums.prediction(readout, stream.network.classes),
        seconds=stream.seconds,
        readout=readout,
    )


def with_sample(run: Run, file: str | None, label: int | None) -> Run:
    """The run, named after its recording."""
    return replace(run, file=file, label=label)


def _joined_traces(probes: Sequence[Probe], parts: Sequence[Part]) -> dict[str, NDArray[np.int64]]:
    """What was recorded in all parts; steps that a probe names backwards come backwards."""
    return {
        p.text: np.concatenate([part.traces[p.text] for part in parts])[:: -1 if (p.steps.step or 1) < 0 else 1]
        for p in probes
        if p.text in parts[0].traces
    }
