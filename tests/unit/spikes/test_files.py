"""Spike files: bytes by hand, round trips, damaged files, and real recordings."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.errors import DataError, FormatError, NeurodeployError
from neurodeploy.spikes.binary import LAYOUTS, decode, encode
from neurodeploy.spikes.events import bin_recording
from neurodeploy.spikes.files import read_recording, write_recording
from neurodeploy.spikes.recording import Recording

#: Largest x, y, polarity and time of a format.
RANGES = {".bs1": (65535, 0, 0, 2**23 - 1), ".bs2": (255, 255, 1, 2**23 - 1), ".bs3": (4095, 4095, 255, 2**24 - 1)}
RANGES[".bsn"] = (65535, 0, 0, 2**24 - 1)


def columns(recording: Recording) -> list[list[float] | None]:
    values = (recording.time_us, recording.x, recording.y, recording.polarity)
    return [None if value is None else value.tolist() for value in values]


def test_bs1_by_hand() -> None:
    # Neuron 0x0102, sign set (ignored), time 0x7FFFFF; neuron 3, time 1.
    recording = decode(bytes([1, 2, 0xFF, 0xFF, 0xFF, 0, 3, 0, 0, 1]), ".bs1", "a")
    assert columns(recording) == [[0x7FFFFF, 1], [0x102, 3], None, None]


def test_bs2_by_hand() -> None:
    recording = decode(bytes([5, 6, 0x81, 2, 3, 250, 7, 0x01, 2, 3]), ".bs2", "a")
    assert columns(recording) == [[0x010203] * 2, [5, 250], [6, 7], [1, 0]]


def test_bs3_by_hand() -> None:
    # x 0xABC and y 0xDEF share three bytes.
    recording = decode(bytes([0xAB, 0xCD, 0xEF, 9, 0x80, 0, 1]), ".bs3", "a")
    assert columns(recording) == [[0x800001], [0xABC], [0xDEF], [9]]


def test_bsn_by_hand() -> None:
    # Four spikes over 100 … 200 µs, none, and one over 7 … 7.
    data = bytes((1, 0, 0, 0, 100, 0, 0, 200, 0, 4, 0, 2, 0, 0, 9, 0, 0, 10, 0, 0, 0, 3, 0, 0, 7, 0, 0, 7, 0, 1))
    assert columns(decode(data, ".bsn", "a")) == [[112.5, 137.5, 162.5, 187.5, 7], [256] * 4 + [3], None, None]


def test_a_lone_polarity_is_not_shifted_to_zero() -> None:
    assert decode(bytes([0, 0, 0x80, 0, 0]), ".bs2", "a").neurons((2, 1, 1))[0] == 1


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
def test_recordings_come_back(suffix: str, data: st.DataObject) -> None:
    events = data.draw(st.lists(st.tuples(*(st.integers(0, limit) for limit in RANGES[suffix])), max_size=8))
    x, y, polarity, time = np.array(events, np.int32).reshape(-1, 4).T
    times = time.astype(np.int64)
    recording = Recording(times, x) if LAYOUTS[suffix].axes == 1 else Recording(times, x, y, polarity)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        write_recording(path, recording)
        assert path.stat().st_size == len(events) * LAYOUTS[suffix].record_bytes
        assert columns(read_recording(path)) == columns(recording)


@given(st.sampled_from([".bs2", ".bs3"]), st.binary(max_size=10).map(lambda b: b * 7))
def test_bytes_come_back(suffix: str, data: bytes) -> None:
    data = data[: len(data) // LAYOUTS[suffix].record_bytes * LAYOUTS[suffix].record_bytes]
    assert encode(decode(data, suffix, "a"), suffix) == data


@pytest.mark.parametrize("suffix", [*LAYOUTS, ".npy", ".BS2"])
def test_empty_files_are_recordings_without_events(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.touch()
    recording = read_recording(path)
    assert len(recording) == 0
    assert recording.neurons((2, 34, 34)).size == 0


@pytest.mark.parametrize("suffix", LAYOUTS)
def test_files_that_end_within_an_event_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    size = LAYOUTS[suffix].record_bytes
    path.write_bytes(bytes(size + 1))
    with pytest.raises(FormatError, match=f"has {size + 1} bytes, no multiple of the {size} of a {suffix} event"):
        read_recording(path)


def test_stretches_that_are_no_stretches_are_refused() -> None:
    with pytest.raises(FormatError, match="ends at 1 µs, before its start at 2 µs"):
        decode(bytes([0, 0, 0, 0, 2, 0, 0, 1, 0, 1]), ".bsn", "a")
    with pytest.raises(FormatError, match="more than 67108864"):
        decode(bytes([0, 0, 0, 0, 0, 0, 0, 1, 255, 255]) * 1025, ".bsn", "a")


def test_missing_and_unknown_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="does not exist"):
        read_recording(tmp_path / "a.bs2")
    with pytest.raises(FormatError, match=r"use one of .bs1 .bs2 .bs3 .bsn .npy"):
        read_recording(tmp_path / "a.aedat")
    with pytest.raises(FormatError, match=r"use one of .bs1 .bs2 .bs3 .bsn"):
        write_recording(tmp_path / "a.npy", Recording(np.zeros(0), np.zeros(0, np.int32)))


def test_npy_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.array([[3, 1, 50.5]]))
    np.save(tmp_path / "plane.npy", np.array([[3, 4, 1, 50], [0, 0, 0, 9]]))
    assert columns(read_recording(tmp_path / "flat.npy")) == [[50.5], [3], None, [1]]
    assert columns(read_recording(tmp_path / "plane.npy")) == [[50, 9], [3, 0], [4, 0], [1, 0]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0.5, 0, 0]], "x 0.5 is no whole number"),
        ([[0, -1, 0, 0]], "y -1 is no whole number"),
        ([[0, 0, np.nan, 0]], "polarity nan"),
        ([[0, 0, np.inf]], "time inf"),
        ([[0, 0, 2.0**40]], "outside 0 … 1099511627775"),
        ([[0, 0]], "store rows x, polarity, t"),
        ([0, 0, 0], "store rows x, polarity, t"),
    ],
)
def test_wrong_npy_rows_are_refused(tmp_path: Path, rows: list[list[float]], message: str) -> None:
    np.save(tmp_path / "a.npy", np.array(rows))
    with pytest.raises(NeurodeployError, match=message):
        read_recording(tmp_path / "a.npy")


def one(*, time: float = 0, x: int = 0, y: int | None = None, polarity: int | None = None) -> Recording:
    row, channel = (None if value is None else np.array([value], np.int32) for value in (y, polarity))
    return Recording(np.array([float(time)]), np.array([x], np.int32), row, channel, name="r")


@pytest.mark.parametrize(
    ("suffix", "recording", "message"),
    [
        (".bs1", one(y=0), "r: has two coordinates per event, .bs1 1; write .bs2 or .bs3"),
        (".bs2", one(), "r: has one coordinate per event, .bs2 2; write .bs1 or .bsn"),
        (".bs1", one(polarity=2), "channel 2"),
        (".bs2", one(x=256, y=0), "x 256 is outside the 0 … 255 of .bs2"),
        (".bs2", one(y=0, polarity=2), "polarity 2 is outside the 0 … 1"),
        (".bs2", one(y=0, time=2**23), "time 8388608 is outside the 0 … 8388607"),
        (".bs2", one(y=0, time=1.5), "time 1.5 is no whole number"),
    ],
)
def test_what_a_format_cannot_hold_is_not_written(
    tmp_path: Path, suffix: str, recording: Recording, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        write_recording(tmp_path / f"a{suffix}", recording)
    assert not list(tmp_path.iterdir())


def test_real_recordings_come_back_byte_for_byte(conformance: Path) -> None:
    for path in (conformance / "datasets" / "dvs_gesture").glob("*.bs2"):
        assert encode(read_recording(path), ".bs2") == path.read_bytes()


def test_the_oxford_input_is_the_published_one(conformance: Path) -> None:
    folder = conformance / "slayer_loihi" / "oxford"
    events = bin_recording(read_recording(folder / "input.bs1"), (200,), 1.0)
    listed = np.loadtxt(folder / "OxfordInp.txt", dtype=np.int64)  # rows neuron, ms
    assert set(zip(events.neuron.tolist(), events.step.tolist(), strict=True)) == set(map(tuple, listed.tolist()))
