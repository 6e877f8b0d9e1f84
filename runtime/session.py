"""A session: one program in one backend, over any number of recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Event
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.prediction import Prediction, load_constants, predicted
from neurodeploy.compiler.prediction.counting import counted
from neurodeploy.compiler.prediction.deliveries import Deliveries
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.traffic import traffic
from neurodeploy.emulator.simulation import Options
from neurodeploy.emulator.stretch import check_stretch
from neurodeploy.errors import DataError, OptionError
from neurodeploy.network import Network
from neurodeploy.runtime.abreast import run_abreast
from neurodeploy.runtime.backend import Board, ParallelBackend, ResumableBackend, open_backend
from neurodeploy.runtime.pieces import events_of
from neurodeploy.runtime.probe_file import ProbeFile
from neurodeploy.runtime.probes import parse_probe
from neurodeploy.runtime.run import Run, RunOptions, default_steps, resolved, run_events, with_sample
from neurodeploy.runtime.snapshot_file import Owner, Saved
from neurodeploy.runtime.stream import Stream
from neurodeploy.spikes.events import Events, bin_recording
from neurodeploy.spikes.sample import Sample
from neurodeploy.spikes.samples import recording_of

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

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
        DataError: a raster of another shape than the input, events outside it, or features that the network has no
            coding for or that lie outside its ranges.
        FormatError: a file that cannot be read.
    """
    if data is None:
        return Stimulus(Events.none())
    if isinstance(data, Events):
        return Stimulus(data)
    shape = network.input.shape or ()
    if isinstance(data, Sample):
        recording = recording_of(data, network.coding)
        classes = network.classes or network.output.neurons
        if data.label is not None and data.label >= classes:
            problem = f"label {data.label} is outside the {classes} {'classes' if network.classes else 'outputs'}"
            raise DataError(data.file, problem, "correct the labels or give the network it belongs to")
        return Stimulus(bin_recording(recording, shape, network.timestep_ms, binning), None, data.file, data.label)
    events, steps = events_of(data, network, 0)
    return Stimulus(events, steps)


class Session:
    """A program loaded into a backend.

    Args:
        program: compiled.
        backend: a name from `neurodeploy.runtime.backend.BACKENDS`.
        options: see `RunOptions`.
        sha256: of the program's file, if it is known, for snapshots.

    Raises:
        OptionError: an unknown backend, probe or set of constants.
        FormatError: constants from a file that holds nonsense.
    """

    def __init__(
        self,
        program: Program,
        backend: str = "emulator",
        options: RunOptions | None = None,
        sha256: str | None = None,
    ) -> None:
        self.network = program.network
        self.options = resolved(options or RunOptions(), self.network)
        self._constants = [load_constants(name) for name in self.options.constants]
        self._probes = [parse_probe(text, program.network) for text in self.options.probes]
        started = perf_counter()
        bits = Options(self.options.profile, self.options.drop_first_step)
        self._backend = open_backend(backend, program, bits, Board(self.options.board, self.options.partition))
        self.load_seconds = perf_counter() - started
        self.owner = Owner(program, bits, sha256)
        self._costs = traffic(program)
        self._deliveries = Deliveries.of(program)
        self._stopped = Event()

    def stream(self, steps: int | None = None, saved: Saved | None = None) -> Stream:
        """A run that is given its input piece by piece.

        Args:
            steps: its length if it is known, for probes that count from the end.
            saved: the state to go on from; None: zero state.

        Raises:
            OptionError: a snapshot of something else, a backend that cannot go on from one, or a probe of steps that
                count from an end nobody knows.
            FormatError: a state that the network cannot have.
        """
        if saved is None:
            simulation = self._backend.simulation()
        elif isinstance(self._backend, ResumableBackend):
            saved.check(self.owner)
            simulation = self._backend.resumed(saved.snapshot)
        else:
            raise OptionError("snapshot", "is of no use to this backend", "use backend emulator or reference")
        return Stream(simulation, self.owner, self._costs, self._probes, self.options.spike_display, steps, saved)

    def opened(self, data: Input, saved: Saved | None = None) -> tuple[Stream, Stimulus, int]:
        """A stream for a recording, the recording, and its length; see `stimulus` and `stream`."""
        given, steps = self._prepared(data)
        return self.stream(steps, saved), given, steps

    def _prepared(self, data: Input) -> tuple[Stimulus, int]:
        """A recording and its length."""
        given = stimulus(data, self.network, self.options.binning)
        options = replace(self.options, steps=self.options.steps or given.steps)
        return given, default_steps(self.network, given.events, options)

    def run(
        self,
        data: Input,
        progress: Callable[[float], None] = lambda part: None,
        *,
        keep: bool = True,
        output: ProbeFile | None = None,
        number: int = 0,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Run:
        """Run one recording from zero state; see `stimulus` and `run_events` for what it may be and may raise.

        Args:
            data: the recording.
            progress: told now and then which part of it has been run since.
            keep: whether spikes are kept in the result.
            output: where what is probed goes instead of into the run.
            number: of the recording in that file.
            stopped: asked now and then whether to give up.
        """
        stream, given, steps = self.opened(data)
        if output is not None:
            stream.record(output, number, file=given.file, label=given.label)
        whole = output is None  # what goes into a file may be longer than memory holds
        run = self.run_stream(stream, given, steps, progress, keep=keep or whole, stopped=stopped)
        return run if keep else replace(run, spikes=())

    def run_stream(
        self,
        stream: Stream,
        given: Stimulus,
        steps: int,
        progress: Callable[[float], None] = lambda part: None,
        *,
        keep: bool = True,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Run:
        """Run what `opened` gave; see `run`. `stopped` is asked now and then whether to give up."""

        def given_up() -> bool:
            return self._stopped.is_set() or stopped()

        with _named(given):
            run = run_events(stream, given.events, steps, self.options, keep, given_up, progress)
        return replace(with_sample(run, given.file, given.label), predictions=self._predictions(run))

    def _predictions(self, run: Run) -> tuple[Prediction, ...]:
        """What the run costs, by every set of constants; nothing where its spikes are not all there."""
        if run.first or not run.spikes:
            return ()
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
        output: ProbeFile | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[Run]:
        """Run recordings over threads; results in the order given, the same for any number of threads.

        A backend that steps several recordings at a time is given as many as it likes, unless something is probed.

        Args:
            data: the recordings.
            threads: how many run at a time.
            keep_spikes: whether the spikes of the i-th run are kept; the output's counts always are.
            progress: told now and then, from any thread, which part of a recording has been run since.
            output: where what is probed in all of them goes.
            stopped: asked now and then, from any thread, whether to give up.

        Raises:
            OptionError: less than one thread.
        """
        if not 1 <= threads <= 1024:
            raise OptionError("threads", f"{threads} is outside 1 … 1024", "use about as many as there are cores")

        def one(indexed: tuple[int, Input]) -> Run:
            number, item = indexed
            return self.run(item, progress, keep=keep_spikes(number), output=output, number=number, stopped=stopped)

        def group(low: int) -> list[Run]:
            runs = self._run_group(data[low : low + together], progress, stopped)
            return [run if keep_spikes(number) else replace(run, spikes=()) for number, run in enumerate(runs, low)]

        together = self._together(len(data), threads) if output is None else 1
        try:
            if together > 1:
                groups = _mapped(group, range(0, len(data), together), threads, self._stopped)
                return [run for runs in groups for run in runs]
            return list(_mapped(one, list(enumerate(data)), threads, self._stopped))
        finally:
            self._stopped.clear()

    def _together(self, recordings: int, threads: int) -> int:
        """How many recordings are stepped side by side."""
        if self._probes or not isinstance(self._backend, ParallelBackend):
            return 1
        return min(self._backend.most_lanes, -(-recordings // threads))

    def _run_group(
        self, data: Sequence[Input], progress: Callable[[float], None], stopped: Callable[[], bool]
    ) -> list[Run]:
        """Run recordings side by side from zero state; see `run`."""
        assert isinstance(self._backend, ParallelBackend)
        prepared = [self._prepared(item) for item in data]
        recordings = []
        for given, steps in prepared:
            with _named(given):
                events, _ = given.events.within(steps)
                check_stretch(self.network, events, 0, steps)
            recordings.append((events, steps))
        started = perf_counter()
        replays = run_abreast(self._backend, recordings, progress, lambda: self._stopped.is_set() or stopped())
        share = (perf_counter() - started) / sum(steps for _, steps in prepared)
        runs = []
        for (given, steps), replay in zip(prepared, replays, strict=True):
            stream = Stream(replay, self.owner, self._costs, (), self.options.spike_display, steps)
            runs.append(replace(self.run_stream(stream, given, steps), seconds=share * steps))
        return runs


@contextmanager
def _named(given: Stimulus) -> Iterator[None]:
    """Name the recording's file in what is wrong with it."""
    try:
        yield
    except DataError as error:
        if given.file is None:
            raise
        raise DataError(f"{given.file}: {error.subject}", error.problem, error.remedy) from error


def _mapped(
    function: Callable[[_Item], _Result], items: Sequence[_Item], threads: int, stopped: Event
) -> Iterator[_Result]:
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
