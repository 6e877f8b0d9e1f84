"""The data sets that users have on disk, in the folders that `tonic` and the data sets' authors leave.

==============  ======================================================  ===========================================
data set        what is there                                           split
==============  ======================================================  ===========================================
recordings      `labels.csv` beside .bs1 .bs2 .bs3 .bsn .npy files      its column `split`
N-MNIST         `Train/0/*.bin` … `Test/9/*.bin`                        the folder
DVS Gesture     `ibmGestureTrain/*/0.npy`, `ibmGestureTest/…`, rows     the folder
                x, y, polarity, time in milliseconds; label = name
N-Caltech101    `airplanes/*.bin`, …, perhaps inside `Caltech101/`;     none: by a share and a seed
                classes in the order of their names
SHD             `shd_train.h5`, `shd_test.h5`                           the file
==============  ======================================================  ===========================================

Neither `.aedat` files nor the network is read here, and packed archives must be unpacked first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from neurodeploy.errors import DataError, FormatError
from neurodeploy.files import is_folder, list_folder, read_bytes
from neurodeploy.models.datasets.labelled import Labelled
from neurodeploy.models.datasets.shd import find_shd
from neurodeploy.spikes.binary import decode
from neurodeploy.spikes.files import MAX_FILE_BYTES, read_recording
from neurodeploy.spikes.recording import Recording
from neurodeploy.spikes.samples import LABEL_FILE, find_samples

#: An event in this row says that the clock of 2^13 µs has run over; the layout of N-MNIST and N-Caltech101.
OVERFLOW_ROW, OVERFLOW_US = 240, 2**13
SPLITS = {"Train": "train", "Test": "test"}
GESTURES = {"ibmGestureTrain": "train", "ibmGestureTest": "test"}
_DIGIT = re.compile("[0-9]")
_GESTURE = re.compile(r"([0-9]{1,3})\.npy")


def find_labelled(path: Path) -> tuple[Labelled, ...]:
    """All labelled recordings of a data set, in an order that is the same on every machine.

    Args:
        path: its folder; one with a single folder inside that holds the data set will do.

    Raises:
        FormatError: no such folder, or a damaged label file or HDF5 file.
        DataError: a folder that is none of the known data sets, or without labels.
    """
    names = {entry.name for entry in list_folder(path)}
    if LABEL_FILE in names:
        return _recordings(path)
    for known, find in (
        (set(SPLITS), _nmnist),
        (set(GESTURES), _gestures),
        ({"shd_train.h5", "shd_test.h5"}, find_shd),
    ):
        if known & names:
            return tuple(find(path))
    if "Caltech101" in names:
        return tuple(_classes(path / "Caltech101", None, None))
    if any(entry.suffix == ".bin" for folder in _folders(path) for entry in list_folder(folder)):
        return tuple(_classes(path, None, None))
    if len(names) == 1 and _folders(path):
        return find_labelled(_folders(path)[0])
    remedy = f"give a folder with {LABEL_FILE}, or of N-MNIST, DVS Gesture, N-Caltech101 or SHD, unpacked"
    raise DataError(str(path), "is no data set with labels that is known", remedy)


def read_atis(path: Path) -> Recording:
    """A `.bin` of N-MNIST or N-Caltech101: the layout of `.bs2`, with rows of 240 where the clock ran over.

    Raises:
        FormatError: missing, too large or cut off.
    """
    recording = decode(read_bytes(path, MAX_FILE_BYTES), ".bs2", str(path))
    assert recording.y is not None
    assert recording.polarity is not None
    over = recording.y == OVERFLOW_ROW
    time, kept = recording.time_us + OVERFLOW_US * np.cumsum(over), ~over
    return Recording(time[kept], recording.x[kept], recording.y[kept], recording.polarity[kept], str(path))


def read_gesture(path: Path) -> Recording:
    """A `.npy` of DVS Gesture: rows x, y, polarity, t with t in milliseconds.

    Raises:
        FormatError: missing, or no array of numbers with four columns.
        DataError: coordinates or times that are no valid numbers.
    """
    recording = read_recording(path)
    return replace(recording, time_us=recording.time_us * 1000)


def _recordings(path: Path) -> tuple[Labelled, ...]:
    samples = find_samples(path)
    return tuple(
        Labelled(sample.file, sample.label, sample.split, partial(read_recording, sample.path))
        for sample in samples
        if sample.label is not None
    )


def _nmnist(path: Path) -> Iterator[Labelled]:
    for folder, split in SPLITS.items():
        if is_folder(path / folder):
            yield from _classes(path / folder, split, _DIGIT)


def _classes(path: Path, split: str | None, names: re.Pattern[str] | None) -> Iterator[Labelled]:
    """Recordings in one folder per class, which is its name where that is a digit, else its place in their order."""
    for number, folder in enumerate(_folders(path)):
        if names is not None and not names.fullmatch(folder.name):
            raise FormatError(str(folder), "is no class of N-MNIST", "name its folders 0 to 9")
        label = number if names is None else int(folder.name)
        for file in _files(folder, ".bin"):
            yield Labelled(str(file.relative_to(path.parent)), label, split, partial(read_atis, file))


def _gestures(path: Path) -> Iterator[Labelled]:
    for name, split in GESTURES.items():
        for folder in _folders(path / name) if is_folder(path / name) else []:
            for file in _files(folder, ".npy"):
                match = _GESTURE.fullmatch(file.name)
                if match is None:
                    raise FormatError(str(file), "is not named by its class", "name it 0.npy to 10.npy")
                read: Callable[[], Recording] = partial(read_gesture, file)
                yield Labelled(str(file.relative_to(path)), int(match[1]), split, read)


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in list_folder(path) if is_folder(entry))


def _files(folder: Path, suffix: str) -> list[Path]:
    return sorted(entry for entry in list_folder(folder) if entry.suffix == suffix)
