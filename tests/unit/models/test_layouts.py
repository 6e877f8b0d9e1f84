"""Data sets in the layouts that users have on disk, from files that these tests make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.errors import DataError, FormatError, OptionError
from neurodeploy.models.datasets.labelled import Labelled, divided, of_split
from neurodeploy.models.datasets.layouts import find_labelled
from neurodeploy.models.datasets.shd import read_shd
from neurodeploy.spikes.binary import encode
from neurodeploy.spikes.recording import Recording

X, Y, POLARITY = (np.array(values, np.int32) for values in ([3, 33], [2, 7], [1, 0]))
EVENTS = Recording(np.array([5, 900]), X, Y, POLARITY)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def told(items: Sequence[Labelled]) -> list[tuple[str, int, str | None]]:
    return [(item.name, item.label, item.split) for item in items]


def columns(recording: Recording) -> list[list[float]]:
    assert recording.y is not None
    assert recording.polarity is not None
    return [c.tolist() for c in (recording.time_us, recording.x, recording.y, recording.polarity)]


def test_nmnist(tmp_path: Path) -> None:
    for name in ("Train/0/00002.bin", "Train/7/00001.bin", "Test/3/00009.bin"):
        put(tmp_path / "NMNIST" / name, encode(EVENTS, ".bs2"))
    items = find_labelled(tmp_path)
    assert told(items) == [
        ("Train/0/00002.bin", 0, "train"),
        ("Train/7/00001.bin", 7, "train"),
        ("Test/3/00009.bin", 3, "test"),
    ]
    assert columns(items[2].read()) == columns(EVENTS)
    put(tmp_path / "NMNIST" / "Train" / "x" / "1.bin", b"")
    with pytest.raises(FormatError, match="is no class of N-MNIST"):
        find_labelled(tmp_path)


def test_ncaltech101_with_a_clock_that_runs_over(tmp_path: Path) -> None:
    rows = np.array([1, 2, 3, 4], np.int32)
    over = Recording(np.array([8000, 0, 10, 20]), rows, np.array([9, 240, 8, 7], np.int32), rows * 0)
    put(tmp_path / "Caltech101" / "airplanes" / "image_0001.bin", encode(over, ".bs2"))
    put(tmp_path / "Caltech101" / "yin_yang" / "image_0001.bin", encode(EVENTS, ".bs2"))
    items = find_labelled(tmp_path)
    assert [(item.label, item.split) for item in items] == [(0, None), (1, None)]
    assert columns(items[0].read()) == [[8000, 8202, 8212], [1, 3, 4], [9, 8, 7], [0, 0, 0]]


def test_dvs_gesture(tmp_path: Path) -> None:
    for name, label in (("ibmGestureTrain/user02_led", 10), ("ibmGestureTest/user24_led", 0)):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        np.save(folder / f"{label}.npy", np.array([[127, 5, 1, 0.0], [3, 64, 0, 2.0]]))
    items = find_labelled(tmp_path)
    assert [(item.label, item.split) for item in items] == [(10, "train"), (0, "test")]
    assert columns(items[0].read()) == [[0, 2000], [127, 3], [5, 64], [1, 0]]
    (folder / "clap.npy").write_bytes(b"")
    with pytest.raises(FormatError, match="is not named by its class"):
        find_labelled(tmp_path)


def write_shd(path: Path, units: list[list[int]], labels: list[int]) -> None:
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", (len(labels),), h5py.vlen_dtype(np.float16))
        neurons = file.create_dataset("spikes/units", (len(labels),), h5py.vlen_dtype(np.uint16))
        for row, given in enumerate(units):
            times[row] = np.arange(len(given), dtype=np.float16) / 8
            neurons[row] = np.array(given, np.uint16)
        file["labels"] = np.array(labels, np.uint16)
        file["extra/keys"] = np.array([b"zero", b"one"])


def test_shd(tmp_path: Path) -> None:
    write_shd(tmp_path / "shd_train.h5", [[699, 3, 5], [], [7]], [1, 0, 19])
    write_shd(tmp_path / "shd_test.h5", [[2]], [4])
    items = find_labelled(tmp_path)
    assert [(item.label, item.split) for item in items] == [(1, "train"), (0, "train"), (19, "train"), (4, "test")]
    first, empty = items[0].read(), items[1].read()
    assert (first.x.tolist(), first.time_us.tolist(), first.y) == ([699, 3, 5], [0, 125_000, 250_000], None)
    assert len(empty) == 0
    write_shd(tmp_path / "shd_test.h5", [[2], [3]], [4, 5])
    with h5py.File(tmp_path / "shd_test.h5", "a") as file:
        file["spikes/units"][0] = np.array([1, 2], np.uint16)
    with pytest.raises(FormatError, match="as many times as units"):
        read_shd(tmp_path / "shd_test.h5")
    (tmp_path / "shd_test.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    with pytest.raises(FormatError, match="is no HDF5 file, or a damaged one"):
        read_shd(tmp_path / "shd_test.h5")


@pytest.mark.parametrize(
    ("lengths", "values"),
    [([5, -3], [1, 2]), ([2**62, 2**62], [1, 2]), ([1, 1], [1, 2, 3]), ([0.5, 1.5], [1, 2]), ([[1], [1]], [1, 2]),
     ([1, 1], [[1], [2]])],
)  # fmt: skip
def test_lists_of_other_lengths_than_stated_are_refused(tmp_path: Path, lengths: object, values: object) -> None:
    with h5py.File(tmp_path / "shd_train.h5", "w") as file:
        file["labels"] = np.array([0, 1])
        for name in ("times", "units"):
            file[f"spikes/{name}/lengths"], file[f"spikes/{name}/values"] = np.array(lengths), np.array(values)
    with pytest.raises(FormatError, match="list"):
        read_shd(tmp_path / "shd_train.h5")


def test_lists_that_are_not_of_numbers_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "shd_train.h5", "w") as file:
        file.create_dataset("spikes/times", (1, 1), h5py.vlen_dtype(np.float32))
    with pytest.raises(FormatError, match="not of numbers, or not in a row"):
        find_labelled(tmp_path)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    put(tmp_path / "a" / "b.txt", b"")
    put(tmp_path / "c.txt", b"")
    with pytest.raises(DataError, match="is no data set with labels that is known"):
        find_labelled(tmp_path)


def test_parts_are_stratified_and_fixed_by_the_seed() -> None:
    items = [Labelled(str(i), i % 3, "train", lambda: EVENTS) for i in range(60)]
    parts = divided(items, 0.25, 1)
    testing = of_split(parts, "test", "data")
    assert np.bincount([item.label for item in testing]).tolist() == [5, 5, 5]
    assert len(of_split(parts, "train", "data")) == 45
    assert told(divided(items, 0.25, 1)) == told(parts)
    assert told(divided(items, 0.25, 2)) != told(parts)
    with pytest.raises(OptionError, match="is outside 0 … 1"):
        divided(items, 1.0, 1)
    with pytest.raises(OptionError, match="has no split 'valid'"):
        of_split(parts, "valid", "data")
