"""A session: one program in one backend, over any number of recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.prediction import Prediction, load_constants, predicted
from neurodeploy.compiler.prediction.counting import counted
from neurodeploy.compiler.prediction.deliveries import Deliveries
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.traffic import traffic
from neurodeploy.emulator.simulation import Options, Spikes
from neurodeploy.errors import DataError, OptionError
from neurodeploy.network import Network
from neurodeploy.runtime.backend import Board, open_backend
from neurodeploy.runtime.probes import parse_probe
from neurodeploy.runtime.run import Run, RunOptions, run_events, with_sample
from neurodeploy.spikes.events import Events, bin_recording
from neurodeploy.spikes.files import read_recording
from neurodeploy.spikes.samples import Sample

#: What a recording can be given as.
Input = Events | NDArray[np.generic] | Sample | None


@dataclass(frozen=True)
class Stimulus:
    """One recording, ready for the network: its events, its own length if it is a raster, and where it came from."""

    events: Events
    steps: int | None = None
    file: str | None = None
    label: int | None = None


def stimulus(data: Input, network: Network, binning: str) -> Stimulus:
    """Bring a recording into steps and input neurons.

    Args:
        data: events; a raster (steps, neurons) or (steps, C, H, W), first axis time; a sample, whose file is read;
            or None, no events.
        network: that will run it.
        binning: see `bin_recording`.

    Raises:
        DataError: a raster of another shape than the input, or events outside it.
        FormatError: a file that cannot be read.
    """
    if data is None:
        return Stimulus(Events.none())
    if isinstance(data, Events):
        return Stimulus(data)
    shape = network.input.shape or ()
    if isinstance(data, Sample):
        recording = read_recording(data.path)
        if data.label is not None and data.label >= network.output.neurons:
            problem = f"label {data.label} is outside the {network.output.neurons} outputs"
            raise DataError(data.file, problem, "correct labels.csv or give the network it belongs to")
        return Stimulus(bin_recording(recording, shape, network.timestep_ms, binning), None, data.file, data.label)
    array = np.asarray(data)
    if array.ndim and not len(array):
        raise DataError("raster", "has no steps", "give at least one, first axis time")
    if array.shape[1:] not in (shape, (network.input.neurons,)):
        wanted = " or ".join({f"(steps, {network.input.neurons})", f"(steps, {', '.join(map(str, shape))})"})
        raise DataError("raster", f"has shape {array.shape}", f"give {wanted}, first axis time")
    return Stimulus(Events.from_raster(array), len(array))


class Session:
    """A program loaded into a backend.

    Args:
        program: compiled.
        backend: a name from `neurodeploy.runtime.backend.BACKENDS`.
        options: see `RunOptions`.

    Raises:
        OptionError: an unknown backend, probe or set of constants.
        FormatError: constants from a file that holds nonsense.
    """

    def __init__(self, program: Program, backend: str = "emulator", options: RunOptions | None = None) -> None:
        self.options = options or RunOptions()
        self.network = program.network
        self._constants = [load_constants(name) for name in self.options.constants]
        self._probes = [parse_probe(text, program.network) for text in self.options.probes]
        started = perf_counter()
        bits = Options(self.options.profile, self.options.drop_first_step)
        self._backend = open_backend(backend, program, bits, Board(self.options.board, self.options.partition))
        self.load_seconds = perf_counter() - started
        self._costs = traffic(program)
        self._deliveries = Deliveries.of(program)
        self._stopped = Event()

    def run(self, data: Input, progress: Callable[[float], None] = lambda part: None) -> Run:
        """Run one recording from zero state; see `stimulus` and `run_events` for what it may be and may raise."""
        given = stimulus(data, self.network, self.options.binning)
        options = replace(self.options, steps=self.options.steps or given.steps)
        simulation = self._backend.simulation()
        try:
            run = run_events(
                simulation,
                self.network,
                self._costs,
                given.events,
                options,
                self._probes,
                self._stopped.is_set,
                progress,
            )
        except DataError as error:
            if given.file is None:
                raise
            raise DataError(f"{given.file}: {error.subject}", error.problem, error.remedy) from error
        return replace(with_sample(run, given.file, given.label), predictions=self._predictions(run))

    def _predictions(self, run: Run) -> tuple[Prediction, ...]:
        """What the run costs, by every set of constants."""
        counters = run.counters
        updates = list(zip(counters.active.tolist(), counters.idle.tolist(), strict=True)) if counters.counted else None
        counts = counted(self._deliveries, [(s.step, s.neuron) for s in run.spikes], run.steps, updates)
        return tuple(predicted(counts, constants) for constants in self._constants)

    def run_all(
        self,
        data: Sequence[Input],
        threads: int = 1,
        keep_spikes: Callable[[int], bool] = lambda index: True,
        progress: Callable[[float], None] = lambda part: None,
    ) -> list[Run]:
        """Run recordings over threads; results in the order given, the same for any number of threads.

        Args:
            data: the recordings.
            threads: how many run at a time.
            keep_spikes: whether the spikes of the i-th run are kept; the output's counts always are.
            progress: told now and then, from any thread, which part of a recording has been run since.

        Raises:
            OptionError: less than one thread.
        """
        if not 1 <= threads <= 1024:
            raise OptionError("threads", f"{threads} is outside 1 … 1024", "use about as many as there are cores")

        def one(indexed: tuple[int, Input]) -> Run:
            run = self.run(indexed[1], progress)
            return run if keep_spikes(indexed[0]) else _lightened(run)

        try:
            return list(_mapped(one, list(enumerate(data)), threads, self._stopped))
        finally:
            self._stopped.clear()


def _mapped(
    function: Callable[[tuple[int, Input]], Run], items: list[tuple[int, Input]], threads: int, stopped: Event
) -> Iterator[Run]:
    """In order; whatever ends it early, an error or Ctrl-C, also ends the recordings still running."""
    if threads == 1 or len(items) < 2:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield from pool.map(function, items)
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _lightened(run: Run) -> Run:
    """The run without the spikes of all populations but the output."""
    nothing = Spikes(np.zeros(0, np.int64), np.zeros(0, np.int64))
    return replace(run, spikes=(*(nothing for _ in run.spikes[:-1]), run.spikes[-1]))
