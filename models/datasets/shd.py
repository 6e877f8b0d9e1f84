"""The Spiking Heidelberg Digits as their authors store them: one HDF5 file per split, lists of times and units."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.files import list_folder
from neurodeploy.models.datasets.labelled import Labelled
from neurodeploy.models.formats.hdf5 import Hdf5Limits, read_foreign_hdf5
from neurodeploy.models.formats.hdf5_tree import Array, Group
from neurodeploy.precision import IntArray
from neurodeploy.spikes.recording import Recording
from neurodeploy.spikes.sample import MAX_LABEL

FILES = {"shd_train.h5": "train", "shd_test.h5": "test"}
#: The training file holds 8,156 recordings of some 9,000 spikes, 4 bytes each.
LIMITS = Hdf5Limits(
    file_bytes=2**30, total_bytes=2**30, objects=20_000, memory_bytes=2**32, cpu_seconds=120, seconds=300.0
)


def find_shd(path: Path) -> Iterator[Labelled]:
    """The recordings of both files of a folder, whose spikes are then in memory.

    Raises:
        FormatError: a damaged file, or one of another kind.
    """
    present = {entry.name for entry in list_folder(path)}
    for name, split in FILES.items():
        if name in present:
            yield from read_shd(path / name, split)


def read_shd(path: Path, split: str | None = None) -> list[Labelled]:
    """The recordings of one file: a row of neurons, 700 in SHD, times in seconds.

    Raises:
        FormatError: a damaged file, or one of another kind.
    """
    root = read_foreign_hdf5(path, LIMITS)
    labels = root.array("labels")
    spikes = root.group("spikes")
    times, units = spikes.group("times"), spikes.group("units")
    ends = [_ends(part, str(path)) for part in (times, units)]
    if labels.dtype.kind not in "iu" or labels.shape != ends[0].shape or not np.array_equal(ends[0], ends[1]):
        problem = "does not hold a label, and as many times as units, for every recording"
        raise FormatError(str(path), problem, "unpack it again")
    if labels.size and not (labels.min() >= 0 and labels.max() < MAX_LABEL):
        raise FormatError(str(path), "has labels that are no classes", "unpack it again")
    seconds = np.split(times.array("values"), ends[0][:-1])
    neurons = np.split(units.array("values"), ends[0][:-1])
    return [
        Labelled(f"{path.name}:{i}", int(label), split, partial(_recording, seconds[i], neurons[i], f"{path}:{i}"))
        for i, label in enumerate(labels)
    ]


def _ends(part: Group, name: str) -> IntArray:
    """Where every recording's list ends; a file that says less or more than its lists hold is refused."""
    lengths, values = part.array("lengths"), part.array("values")
    if lengths.dtype.kind not in "iu" or lengths.ndim != 1 or values.ndim != 1:
        raise FormatError(name, "does not hold a list of spikes for every recording", "unpack it again")
    inside = (lengths >= 0) & (lengths <= values.size)  # before the sum, which could wrap
    if not inside.all() or lengths.sum(dtype=np.float64) != values.size:
        raise FormatError(name, "holds lists of other lengths than it says", "unpack it again")
    return np.cumsum(lengths.astype(np.int64))


def _recording(seconds: Array, neurons: Array, name: str) -> Recording:
    if neurons.dtype.kind not in "iu":
        raise FormatError(name, "has units that are no whole numbers", "unpack it again")
    return Recording(seconds.astype(np.float64) * 1e6, neurons.astype(np.int64), name=name)
