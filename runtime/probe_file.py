"""What probes record, written to HDF5 as the run goes: memory does not grow with the number of steps.

Layout (`docs/streams.md`)::

    /                       schema, complete, provenance and what else the writer says
    /recordings/0           first_step, steps, timestep_ms; file and label where they are known
    /recordings/0/PROBE     of u and v: (rows, neurons); row r is step first_step + r · step_stride
    /recordings/0/PROBE     of spikes: a group of columns step, neuron and, of graded populations, payload
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurodeploy.emulator.simulation import Chunk, Spikes
from neurodeploy.errors import FormatError, OptionError
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.runtime.probes import Probe, probed, within

SCHEMA = "neurodeploy.probes/1"
SUFFIXES = (".h5", ".hdf5")
#: Most numbers in a chunk, and least rows of a chunk of u or v: what is narrow gets long chunks, so that there are few.
CHUNK, LEAST_ROWS = 2**16, 64
#: Bytes that libhdf5 keeps of each column: the chunk that is being filled.
CACHE = 8 * CHUNK
_PACKING: dict[str, Any] = {"shuffle": True, "compression": "gzip", "compression_opts": 1}


class ProbeFile:
    """A file of probes that is being written; a context, at whose end the file appears under its name.

    It appears too when the run ends early, by an error or Ctrl-C: then it holds the steps until then, if there are
    any, and its attribute `complete` is false. Recordings may be written from several threads.

    Args:
        path: its name, ending in .h5 or .hdf5.
        about: attributes of the file: texts and numbers.
        overwrite: whether it may replace another file.

    Raises:
        FormatError: another suffix, an existing file, or a folder that cannot be written to.
    """

    def __init__(self, path: Path, about: Mapping[str, Any] | None = None, *, overwrite: bool = False) -> None:
        if path.suffix not in SUFFIXES:
            problem = f"does not end in {' or '.join(SUFFIXES)}"
            raise FormatError(str(path), problem, f"name it {path.with_suffix('.h5').name}")
        if os.path.lexists(path) and not (overwrite and path.is_file()):
            raise FormatError(str(path), "exists already", "choose another name or pass --force")
        self.path = path
        self._overwrite = overwrite
        self._temporary = path.parent / f".neurodeploy-{secrets.token_hex(8)}.tmp"
        self._tracks: list[Tracks] = []
        with self.guarded():
            self._file = h5py.File(self._temporary, "x", rdcc_nbytes=CACHE)
            self._file.attrs.update({"schema": SCHEMA, "complete": False, **(about or {})})

    def __enter__(self) -> ProbeFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        refused = isinstance(error, FormatError) and error.subject == str(self.path)
        if refused or (kind is not None and not any(tracks.steps for tracks in self._tracks)):
            self.remove()
        else:
            self.finish(complete=kind is None)

    def recording(
        self,
        number: int,
        network: Network,
        probes: Sequence[Probe],
        steps: int | None,
        first: int,
        about: Mapping[str, str | int | None],
    ) -> Tracks:
        """The place of one recording.

        Args:
            number: of the recording, from 0.
            network: that runs it.
            probes: what to keep.
            steps: its length, None when nobody knows it.
            first: its first step, not 0 when a run is continued.
            about: attributes; None is left out.

        Raises:
            OptionError: a probe of steps that count from an unknown end, or that go backwards.
            FormatError: the file cannot be written.
        """
        with self.guarded():
            group = self._file.create_group(f"recordings/{number}")
            attributes = {"first_step": first, "timestep_ms": network.timestep_ms, "steps": 0, **about}
            group.attrs.update({name: value for name, value in attributes.items() if value is not None})
        tracks = Tracks(self, group, network, [_Track(group, p, network, steps, first) for p in probes], first)
        self._tracks.append(tracks)
        return tracks

    def finish(self, complete: bool) -> None:
        """Close the file and give it its name; more than once does nothing.

        Raises:
            FormatError: the system refuses; nothing is left behind then.
        """
        if not self._file:
            return
        try:
            with self.guarded():
                for tracks in self._tracks:
                    tracks.close()
                self._file.attrs["complete"] = complete
                self._file.close()
                with self._temporary.open("rb") as file:
                    os.fsync(file.fileno())
                if os.path.lexists(self.path) and not self._overwrite:
                    raise FormatError(str(self.path), "exists already", "choose another name or pass --force")
                self._temporary.replace(self.path)
        finally:
            self.remove()

    def remove(self) -> None:
        """Close the file and leave nothing behind."""
        with suppress(OSError, RuntimeError, ValueError):  # a full disk can fail the closing, too
            self._file.close()
        with suppress(OSError):
            self._temporary.unlink(missing_ok=True)

    def flush(self) -> None:
        """Hand everything to the system; raises FormatError when it refuses."""
        with self.guarded():
            for tracks in self._tracks:
                tracks.flush()
            self._file.flush()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Errors of the system or of libhdf5 become a FormatError."""
        try:
            yield
        except (OSError, RuntimeError, ValueError) as error:  # what h5py makes of libhdf5's errors
            problem = f"cannot be written ({getattr(error, 'strerror', None) or error})"
            remedy = "choose a folder that exists, is writable and has room"
            raise FormatError(str(self.path), problem, remedy) from error


class Tracks:
    """The probes of one recording being written."""

    def __init__(
        self, file: ProbeFile, group: h5py.Group, network: Network, tracks: Sequence[_Track], first: int
    ) -> None:
        self._file = file
        self._group = group
        self._network = network
        self._tracks = tracks
        self._first = self._end = first
        self._whole = [0 for _ in tracks]

    @property
    def steps(self) -> int:
        """How many have been recorded."""
        return self._end - self._first

    def add(self, chunk: Chunk, display: str = "0") -> None:
        """The next stretch of steps, with the states that probes ask for; see `probed`.

        Raises:
            FormatError: the file cannot be written.
            OptionError: a probe of what the backend does not show.
        """
        rows = [track.rows_of(chunk, self._network, display) for track in self._tracks]
        with self._file.guarded():
            for track, columns in zip(self._tracks, rows, strict=True):
                track.add(columns)
        # one assignment: Ctrl-C leaves either all probes or none with the stretch
        self._end, self._whole = chunk.first + chunk.steps, [track.rows for track in self._tracks]

    def flush(self) -> None:
        """Write what is held back."""
        for track in self._tracks:
            track.flush()
        self._group.attrs["steps"] = self.steps

    def close(self) -> None:
        """Write the rest; what is left of a stretch that an interruption cut short is taken away."""
        self.flush()
        for track, rows in zip(self._tracks, self._whole, strict=True):
            track.cut(rows)


class _Track:
    """One probe of one recording: columns that grow."""

    def __init__(self, group: h5py.Group, probe: Probe, network: Network, steps: int | None, first: int) -> None:
        if (probe.steps.step or 1) < 0:
            raise OptionError(f"probe {probe.text}", "goes backwards, a file grows forwards", "use a positive stride")
        population = network.population(probe.population)
        self._probe = probe
        self._wanted = within(probe.wanted(steps), first, 2**63)
        self._neurons = range(population.neurons)[probe.neurons]
        self._held: list[tuple[IntArray, ...]] = []
        self._stored = 0
        if probe.variable == "spikes":
            node = group.create_group(probe.text)
            graded = population.neuron is None or population.neuron.GRADED
            names = ("step", "neuron", "payload") if graded else ("step", "neuron")
            self._columns = [_column(node, name, np.dtype(np.int64)) for name in names]
        else:
            node = _column(group, probe.text, np.dtype(np.int64), len(self._neurons))
            self._columns = [node]
        self._chunk = self._columns[0].chunks[0]
        node.attrs.update({"population": probe.population, "variable": probe.variable})
        node.attrs.update({"first_step": self._wanted.start, "step_stride": self._wanted.step})
        node.attrs["neurons"] = np.array([self._neurons.start, self._neurons.stop, self._neurons.step], np.int64)

    @property
    def rows(self) -> int:
        return self._stored + sum(len(columns[0]) for columns in self._held)

    def rows_of(self, chunk: Chunk, network: Network, display: str) -> tuple[IntArray, ...]:
        if self._probe.variable == "spikes":
            return self._spikes(chunk.spikes[network.index(self._probe.population)])[: len(self._columns)]
        return (probed(self._probe, self._wanted, chunk, network, display),)

    def add(self, columns: tuple[IntArray, ...]) -> None:
        if len(columns[0]):
            self._held.append(columns)
        if self.rows - self._stored >= self._chunk:
            self.flush()

    def flush(self) -> None:
        rows = self.rows
        if rows == self._stored:
            return
        for i, column in enumerate(self._columns):
            column.resize(rows, axis=0)
            column[self._stored :] = np.concatenate([held[i] for held in self._held])
        self._held, self._stored = [], rows

    def cut(self, rows: int) -> None:
        for column in self._columns:
            column.resize(rows, axis=0)

    def _spikes(self, spikes: Spikes) -> tuple[IntArray, IntArray, IntArray]:
        kept = np.flatnonzero(_inside(spikes.step, self._wanted) & _inside(spikes.neuron, self._neurons))
        return spikes.step[kept], spikes.neuron[kept], spikes.payloads[kept]


def _inside(values: IntArray, wanted: range) -> NDArray[np.bool_]:
    rising = wanted if wanted.step > 0 else wanted[::-1]
    inside: NDArray[np.bool_] = (values >= rising.start) & (values < rising.stop)
    return inside if rising.step == 1 else inside & ((values - rising.start) % rising.step == 0)


def _column(group: h5py.Group, name: str, kind: np.dtype[Any], width: int | None = None) -> h5py.Dataset:
    if width is None:
        return group.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(CHUNK // 4,), **_PACKING)
    columns = min(max(width, 1), CHUNK // LEAST_ROWS)
    rows = max(CHUNK // 2 // columns, LEAST_ROWS)
    return group.create_dataset(name, (0, width), kind, maxshape=(None, width), chunks=(rows, columns), **_PACKING)
