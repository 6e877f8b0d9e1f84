"""Probes in HDF5: the numbers of the same probes in memory, of every recording, whatever ends the run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.errors import DataError, FormatError, OptionError
from neurodeploy.precision import IntArray
from neurodeploy.runtime import probe_file
from neurodeploy.runtime.probe_file import SCHEMA, ProbeFile
from neurodeploy.runtime.run import RunOptions
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.files import write_recording
from neurodeploy.spikes.recording import Recording
from tests.unit.runtime.test_stream import PROGRAM, RASTER, STEPS


def raster_of(group: h5py.Group, rows: range, neurons: range) -> IntArray:
    """The columns of a spike probe as the raster that the same probe has in memory."""
    result = np.zeros((len(rows), len(neurons)), np.int64)
    for step, neuron in zip(group["step"][()], group["neuron"][()], strict=True):
        result[rows.index(int(step)), neurons.index(int(neuron))] += 1
    return result


def assert_holds(path: Path, run: nd.Run, number: int = 0) -> None:
    with h5py.File(path) as file:
        recording = file[f"recordings/{number}"]
        assert recording.attrs["steps"] == run.steps
        for probe, expected in run.traces.items():
            node = recording[probe]
            neurons = range(*node.attrs["neurons"].tolist())
            if isinstance(node, h5py.Group):
                start, stride = int(node.attrs["first_step"]), int(node.attrs["step_stride"])
                rows = range(start, start + stride * len(expected), stride)
                np.testing.assert_array_equal(raster_of(node, rows, neurons), expected, err_msg=probe)
            else:
                np.testing.assert_array_equal(node[()], expected, err_msg=probe)
                assert node.shape[1] == len(neurons)


slices = st.tuples(st.integers(-9, 9) | st.none(), st.integers(-9, 9) | st.none(), st.integers(1, 4) | st.none())


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    population=st.sampled_from(["input", "fc1", "fc2"]),
    variable=st.sampled_from(["u", "v", "spikes"]),
    neurons=slices,
    backwards=st.booleans(),
    steps=st.tuples(st.integers(-210, 210) | st.none(), st.integers(-210, 210) | st.none(), st.integers(1, 90)),
)
def test_any_probe(
    tmp_path_factory: pytest.TempPathFactory,
    population: str,
    variable: str,
    neurons: tuple[int | None, int | None, int | None],
    backwards: bool,
    steps: tuple[int | None, int | None, int],
) -> None:
    def text(parts: tuple[int | None, ...]) -> str:
        return ":".join("" if part is None else str(part) for part in parts)

    chosen = (*neurons[:2], -(neurons[2] or 1)) if backwards else neurons
    probe = f"{population}.{variable}[{text(chosen)}]@{text(steps)}"
    if not range(PROGRAM.network.population(population).neurons)[slice(*chosen)]:
        return
    run = nd.run(PROGRAM, RASTER, probes=[probe])
    assert isinstance(run, nd.Run)
    np.testing.assert_array_equal(
        run[probe], nd_run_whole(f"{population}.{variable}")[slice(*steps)][:, slice(*chosen)]
    )
    path = tmp_path_factory.getbasetemp() / "any.h5"
    filed = nd.run(PROGRAM, RASTER, probes=[probe], output=path, overwrite=True)
    assert isinstance(filed, nd.Run)
    assert filed.traces == {}
    assert_holds(path, run)


def nd_run_whole(probe: str) -> IntArray:
    run = nd.run(PROGRAM, RASTER, probes=[probe])
    assert isinstance(run, nd.Run)
    return run[probe]


@pytest.mark.parametrize("threads", [1, 3])
def test_every_recording_of_a_folder(threads: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(7)
    for i in range(5):
        events = draw.integers(0, 12, 200).astype(np.int32)
        write_recording(tmp_path / f"{i}.bs1", Recording(draw.integers(0, (i + 1) * 30_000, 200), events))
    probes = ["fc1.u[::-2]@-40:", "fc2.spikes", "fc2.v@::64"]
    path = tmp_path / "r.h5"
    expected = nd.run(PROGRAM, tmp_path, probes=probes)
    filed = nd.run(PROGRAM, tmp_path, probes=probes, output=path, threads=threads)
    assert isinstance(expected, list)
    assert isinstance(filed, list)
    for number, (run, other) in enumerate(zip(expected, filed, strict=True)):
        assert_holds(path, run, number)
        assert (run.prediction, run.synaptic_ops) == (other.prediction, other.synaptic_ops)
        assert run.output_counts.tolist() == other.output_counts.tolist()
        with pytest.raises(OptionError, match="was not kept in memory; read it from the file"):
            other["fc2.spikes"]
    with h5py.File(path) as file:
        assert file.attrs["schema"] == SCHEMA
        assert file.attrs["complete"]
        assert [file[f"recordings/{i}"].attrs["file"] for i in range(5)] == [run.file for run in expected]
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".bs1"] * 5 + [".h5"], "nothing else is left"


def test_a_stream_that_goes_on_has_a_file_of_its_own(tmp_path: Path) -> None:
    probes = ["fc1.v@::7", "fc1.spikes"]
    with nd.stream(PROGRAM, probes=probes, output=tmp_path / "a.h5") as live:
        live.advance(RASTER[:101])
        live.save(tmp_path / "s.nds")
    with nd.stream(PROGRAM, probes=probes, output=tmp_path / "b.h5", resume=tmp_path / "s.nds") as live:
        live.advance(RASTER[101:])
    expected = nd_run_whole("fc1.v")
    with h5py.File(tmp_path / "a.h5") as one, h5py.File(tmp_path / "b.h5") as other:
        parts = [file["recordings/0/fc1.v@::7"] for file in (one, other)]
        assert [int(p.attrs["first_step"]) for p in parts] == [0, 105]
        np.testing.assert_array_equal(np.concatenate([p[()] for p in parts]), expected[::7])
        assert other["recordings/0"].attrs["first_step"] == 101
        assert other["recordings/0/fc1.spikes/step"][0] >= 101


@pytest.mark.parametrize("error", [KeyboardInterrupt, DataError("camera", "is gone")])
def test_what_ends_early_is_kept(error: BaseException, tmp_path: Path) -> None:
    def breaking() -> Iterator[IntArray]:
        yield RASTER[:150]
        raise error

    with (
        pytest.raises(BaseException, match=r"camera|^$"),
        nd.stream(PROGRAM, probes=["fc1.u", "fc2.spikes"], output=tmp_path / "a.h5") as live,
    ):
        list(live.run(breaking()))
    with h5py.File(tmp_path / "a.h5") as file:
        assert not file.attrs["complete"]
        assert file["recordings/0"].attrs["steps"] == 150
        np.testing.assert_array_equal(file["recordings/0/fc1.u"][()], nd_run_whole("fc1.u")[:150])


def test_half_a_stretch_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two probes of a stretch leaves neither of them with it."""
    calls: list[int] = []

    def interrupted(track: probe_file._Track, columns: tuple[IntArray, ...]) -> None:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        original(track, columns)

    original = probe_file._Track.add
    monkeypatch.setattr(probe_file._Track, "add", interrupted)
    with (
        pytest.raises(KeyboardInterrupt),
        nd.stream(PROGRAM, probes=["fc1.u", "fc1.v"], output=tmp_path / "a.h5") as live,
    ):
        list(live.run(RASTER[first : first + 40] for first in range(0, STEPS, 40)))
    with h5py.File(tmp_path / "a.h5") as file:
        assert [file[f"recordings/0/fc1.{v}"].shape for v in "uv"] == [(40, 6), (40, 6)]


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(OptionError, match="has nothing to hold; add probes"):
        nd.run(PROGRAM, RASTER, output=path)
    with pytest.raises(FormatError, match=r"does not end in \.h5 or \.hdf5; name it a\.h5"):
        nd.run(PROGRAM, RASTER, output=tmp_path / "a.ndr", probes=["fc1.u"])
    with pytest.raises(OptionError, match="goes backwards"):
        nd.run(PROGRAM, RASTER, output=path, probes=["fc1.u@::-1"])
    with pytest.raises(FormatError, match="cannot be written"):
        nd.run(PROGRAM, RASTER, output=tmp_path / "no" / "a.h5", probes=["fc1.u"])
    with pytest.raises(DataError):
        nd.run(PROGRAM, np.zeros((3, 5), int), output=path, probes=["fc1.u"])
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
    path.write_bytes(b"mine")
    with pytest.raises(FormatError, match="exists already"):
        nd.stream(PROGRAM, output=path, probes=["fc1.u"])
    assert path.read_bytes() == b"mine"
    with ProbeFile(path, overwrite=True) as file:
        Session(PROGRAM, options=RunOptions(probes=("fc1.u",))).run(RASTER, output=file)
    assert h5py.is_hdf5(path)


def test_two_threads_step_at_once() -> None:
    """The lock of the interpreter is free while the core steps: another thread counts meanwhile."""
    counted = [0]
    done = threading.Event()

    def count() -> None:
        while not done.is_set():
            counted[0] += 1

    live = nd.stream(PROGRAM)
    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    live.advance(None, 2_000_000)
    counted_meanwhile = counted[0] - before
    done.set()
    thread.join()
    assert counted_meanwhile > 1000
