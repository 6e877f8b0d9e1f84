"""One run of any length, stretch by stretch: input in as it comes, spikes and probes out, the state kept in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from types import TracebackType

import numpy as np

from neurodeploy.compiler.traffic import Traffic
from neurodeploy.emulator.simulation import Chunk, Counters, Resumable, Simulation, Spikes
from neurodeploy.errors import DataError, NeurodeployError, OptionError
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.provenance import provenance
from neurodeploy.runtime.pieces import Piece, after, events_of, joined
from neurodeploy.runtime.probe_file import ProbeFile, Tracks
from neurodeploy.runtime.probes import Probe, probed, raster, within
from neurodeploy.runtime.snapshot_file import Owner, Saved, save_snapshot
from neurodeploy.runtime.sums import Sums, with_chunk
from neurodeploy.spikes.events import MAX_STEP, Events

#: Steps of a stretch: at first, at most, and at most where states are probed.
FEW_STEPS, MOST_STEPS, PROBED_STEPS = 64, 4096, 64
#: Values of u and v that a stretch may hold, unless a single step has more.
STATE_VALUES = 2**21
#: Seconds below which a stretch may double: long enough to cost nothing, short enough to be stopped.
SHORT = 0.02


@dataclass(frozen=True, eq=False)
class Part:
    """What happened in a stretch of a stream.

    Attributes:
        network: that was run.
        first, steps: its first step and its length.
        spikes: of every population, with absolute steps.
        traces: by probe, (steps, neurons); empty when probes go to a file.
    """

    network: Network
    first: int
    steps: int
    spikes: tuple[Spikes, ...]
    traces: dict[str, IntArray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> IntArray:
        """A probe's rows (steps, neurons); `population.spikes` is always there: 1, or the payload of a graded spike.

        Raises:
            OptionError: what was not probed.
        """
        if name in self.traces:
            return self.traces[name]
        population, _, variable = name.rpartition(".")
        if variable == "spikes":
            index = self.network.index(population)
            return raster(self.spikes[index], self.first, self.steps, self.network.populations[index].neurons)
        raise OptionError(f"trace {name}", "was not recorded", f'run with probes=["{name}"]')


class Stream:
    """A run that goes on as long as there is input; memory does not grow with its length.

    Args:
        simulation: fresh, or resumed from `saved`.
        owner: the program, and how its bits are computed.
        costs: of the program's spikes.
        probes: what to keep.
        display: what a probed v shows in the step of a spike.
        steps: length of the run; None: unknown.
        saved: where the simulation was resumed from.

    Raises:
        OptionError: a probe of steps that count from an end nobody knows.
    """

    def __init__(
        self,
        simulation: Simulation,
        owner: Owner,
        costs: Traffic,
        probes: Sequence[Probe] = (),
        display: str = "0",
        steps: int | None = None,
        saved: Saved | None = None,
    ) -> None:
        self.network = owner.network
        self.probes = tuple(probes)
        self.step = saved.snapshot.step if saved else 0
        self.sums = saved.sums if saved else Sums.none(owner.network)
        self.seconds = 0.0
        self.events_dropped = 0
        self._simulation = simulation
        self._owner = owner
        self._costs = costs
        self._probes = [(probe, probe.wanted(steps)) for probe in probes]
        self._display = display
        self._steps = steps
        self._file: ProbeFile | None = None
        self._tracks: Tracks | None = None
        self._whole = True
        self._stretch = FEW_STEPS

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.__exit__(kind, error, trace)

    def record(
        self,
        output: ProbeFile,
        number: int = 0,
        *,
        owned: bool = False,
        file: str | None = None,
        label: int | None = None,
    ) -> None:
        """Write what is probed into a file instead of giving it to the caller.

        Args:
            output: open.
            number: of the recording in it.
            owned: whether the file is finished when this context ends.
            file: name of the recording.
            label: its class.

        Raises:
            OptionError: no probes, or some that cannot be written as the run goes.
            FormatError: the file cannot be written.
        """
        if not self.probes:
            raise OptionError(str(output.path), "has nothing to hold", "add probes, for example fc1.u")
        self._file = output if owned else None
        about = {"file": file, "label": label}
        self._tracks = output.recording(number, self.network, self.probes, self._steps, self.step, about)

    def advance(self, data: Piece | None = None, steps: int | None = None) -> Part:
        """Run one stretch of steps.

        Args:
            data: a raster (steps, neurons) or (steps, C, H, W) of the coming steps; events with absolute steps among
                these; or None, no input.
            steps: how many; None: as many as the raster has.

        Raises:
            DataError: a raster of another shape, events outside the stretch or the input, a length that is missing,
                or a stretch beyond a bias given per step. Nothing has been run then.
            OptionError: a probe of what the backend does not show.
            FormatError: the file of the probes cannot be written.
        """
        events, steps = self._given(data, steps)
        with self._uninterrupted():
            started = perf_counter()
            chunk = self._simulation.advance(events, steps, self._shown(self.step, steps))
            self.seconds += perf_counter() - started
            self.sums = with_chunk(self.sums, chunk, self.network, self._costs)
            traces = self._traces(chunk)
            self.step += steps
        return Part(self.network, chunk.first, steps, chunk.spikes, traces)

    def run(
        self,
        source: Iterable[Piece | tuple[Events, int]],
        steps: int | None = None,
        marks: Sequence[int] = (),
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[Part]:
        """Run as input comes; each stretch is given back as soon as it is complete.

        Args:
            source: rasters of the coming steps; events with absolute, rising steps, which complete all steps before
                their last; or (events, step), which complete all steps before that one. After its end the run goes
                on until the last event can have reached the output; with rasters it ends with the last one.
            steps: step at which to stop, whatever the source still has; None: at its end.
            marks: every stretch also ends at the multiples of these.
            stopped: asked between stretches whether to give up.

        Raises:
            DataError: input that goes back in time; and what `advance` raises.
        """
        waiting, until, end = Events.none(), self.step, 0
        for item in source:
            events, complete = self._taken(item, until)
            if len(events):
                if events.step[0] < until:
                    problem = f"step {events.step[0]} comes when all before step {until} are complete"
                    raise DataError("events", problem, "give them in the order of their steps")
                waiting = joined(waiting, events)
                if isinstance(item, (Events, tuple)):
                    end = int(events.step[-1]) + 1 + self.network.latency()
            until = max(until, complete)
            for part in self._stretches(waiting, until if steps is None else min(until, steps), marks, stopped):
                yield part
                waiting = after(waiting, self.step)
            if stopped() or (steps is not None and until >= steps):
                break
        if not stopped():
            end = max(until, end) if steps is None else steps
            for part in self._stretches(waiting, end, marks, stopped):
                yield part
                waiting = after(waiting, self.step)
        self.events_dropped += len(waiting)

    def counters(self) -> Counters:
        """Totals since step 0."""
        return self._simulation.counters()

    def save(self, path: str | Path, *, overwrite: bool = False, command: Sequence[str] = ("Stream.save",)) -> None:
        """Write the state to a `.nds` file, from which another process can go on.

        Args:
            path: the file.
            overwrite: whether it may replace another one.
            command: what made it, for provenance.

        Raises:
            OptionError: a backend that shows no state, or a stretch that was broken off in the middle.
            FormatError: the file exists or cannot be written.
        """
        if not isinstance(self._simulation, Resumable):
            raise OptionError("snapshot", "is of what this backend does not show", "use backend emulator or reference")
        if not self._whole:
            problem = f"is not possible: the run was broken off in a stretch behind step {self.step}"
            raise OptionError("snapshot", problem, "go on from the one before")
        snapshot = self._simulation.snapshot()
        names = tuple(p.name for p in self.network.populations)
        saved = Saved(snapshot, self.sums, self._owner.program_sha256, self._owner.options, names)
        made = provenance(command, {"program": saved.program_sha256})
        save_snapshot(saved, Path(path), made, overwrite=overwrite)

    def flush(self) -> None:
        """Hand what the file of the probes holds back to the system."""
        if self._file is not None:
            self._file.flush()

    @contextmanager
    def _uninterrupted(self) -> Iterator[None]:
        """Remember whether a stretch ended in its middle: Ctrl-C leaves no state that could be saved then."""
        first, self._whole = self.step, False
        try:
            yield
        except NeurodeployError:
            self._whole = self.step == first and self._unchanged()
            raise
        self._whole = True

    def _unchanged(self) -> bool:
        return not isinstance(self._simulation, Resumable) or self._simulation.snapshot().step == self.step

    def _stretches(
        self, waiting: Events, end: int, marks: Sequence[int], stopped: Callable[[], bool]
    ) -> Iterator[Part]:
        """Steps up to `end`, with the events that wait for them."""
        while self.step < end and not stopped():
            count = min(self._most(), end - self.step, *(mark - self.step % mark for mark in marks))
            low, high = (int(i) for i in np.searchsorted(waiting.step, (self.step, self.step + count)))
            started = perf_counter()
            part = self.advance(waiting.between(low, high), count)
            if perf_counter() - started < SHORT and count == self._stretch:
                self._stretch = min(2 * self._stretch, MOST_STEPS)
            yield part

    def _most(self) -> int:
        """Steps of the next stretch."""
        shown = self._shown(self.step, self._stretch)
        if not shown:
            return self._stretch
        values = 2 * sum(self.network.populations[i].neurons for i in shown)
        return max(1, min(PROBED_STEPS, STATE_VALUES // max(values, 1)))

    def _shown(self, first: int, steps: int) -> list[int]:
        """Populations of which a probe wants u or v in a stretch."""
        chosen = (p for p, wanted in self._probes if p.variable != "spikes" and within(wanted, first, first + steps))
        return sorted({self.network.index(p.population) for p in chosen})

    def _traces(self, chunk: Chunk) -> dict[str, IntArray]:
        if self._tracks is not None:
            self._tracks.add(chunk, self._display)
            return {}
        return {p.text: probed(p, wanted, chunk, self.network, self._display) for p, wanted in self._probes}

    def _given(self, data: Piece | None, steps: int | None) -> tuple[Events, int]:
        """Events of the coming stretch with absolute steps, and its length."""
        events, own = (Events.none(), None) if data is None else events_of(data, self.network, self.step)
        if steps is None and own is None:
            raise DataError("stretch", "has no length", "give steps, or a raster")
        count = own if steps is None else steps
        assert count is not None
        if own is not None and own != count:
            raise DataError("raster", f"has {own} steps, {count} are to be run", "leave steps out")
        if count < 0 or self.step + count > MAX_STEP:
            raise DataError("steps", f"{count} more after {self.step} are not within 0 … 2^53", "run fewer")
        return events, count

    def _taken(self, item: Piece | tuple[Events, int], until: int) -> tuple[Events, int]:
        """Events of an item of a source, and the step before which all are complete with it."""
        if isinstance(item, tuple):
            return item
        events, own = events_of(item, self.network, until)
        if own is not None:
            return events, until + own
        return events, int(events.step[-1]) if len(events) else until
