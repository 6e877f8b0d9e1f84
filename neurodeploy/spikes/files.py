"""Spike files: SLAYER's `.bs1 .bs2 .bs3 .bsn` and `.npy`, read into recordings and written from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError, FormatError
from neurodeploy.files import parse_npy, read_bytes, write_atomic
from neurodeploy.spikes.binary import LAYOUTS, decode, encode
from neurodeploy.spikes.recording import MAX_COORDINATE, Coordinates, Recording

MAX_FILE_BYTES = 2**30
SPIKE_SUFFIXES = (*LAYOUTS, ".npy")


def read_recording(path: str | Path) -> Recording:
    """Read a spike file.

    The suffix, in any case, tells the format. A file of no bytes is a valid recording without events. A `.npy` holds
    rows x, polarity, t or x, y, polarity, t with t in microseconds.

    Args:
        path: the file.

    Raises:
        FormatError: a missing file, an unknown suffix, more than 1 GiB, or a damaged file.
        DataError: a `.npy` with coordinates or times that are no valid numbers.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SPIKE_SUFFIXES:
        raise FormatError(str(path), "is no known spike file", f"use one of {' '.join(SPIKE_SUFFIXES)}")
    data = read_bytes(path, MAX_FILE_BYTES)
    return _rows(data, str(path)) if suffix == ".npy" else decode(data, suffix, str(path))


def write_recording(path: str | Path, recording: Recording, overwrite: bool = False) -> None:
    """Write a recording as `.bs1`, `.bs2`, `.bs3` or `.bsn`, whichever the suffix says.

    Args:
        path: where to; the file appears complete or not at all.
        recording: whole microseconds, within the ranges of the format (`neurodeploy.spikes.binary`).
        overwrite: whether an existing file may be replaced.

    Raises:
        FormatError: another suffix, an existing file, or the system refuses to write.
        DataError: a recording that the format cannot hold.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in LAYOUTS:
        raise FormatError(str(path), "has no suffix that can be written", f"use one of {' '.join(LAYOUTS)}")
    write_atomic(path, encode(recording, suffix), overwrite)


def _rows(data: bytes, name: str) -> Recording:
    """Read the recording of a `.npy`."""
    if not data:
        return Recording(np.zeros(0), np.zeros(0, np.int32), name=name)
    rows = parse_npy(data, name)
    if rows.ndim != 2 or rows.shape[1] not in (3, 4):
        raise FormatError(name, f"has shape {rows.shape}", "store rows x, polarity, t or x, y, polarity, t")
    y = _whole(name, "y", rows[:, 1]) if rows.shape[1] == 4 else None
    x, polarity = _whole(name, "x", rows[:, 0]), _whole(name, "polarity", rows[:, -2])
    return Recording(rows[:, -1].astype(np.float64), x, y, polarity, name)


def _whole(name: str, column: str, values: NDArray[Any]) -> Coordinates:
    """Return coordinates as integers; files often hold them as floats because of the times beside them."""
    wrong = ~((values == np.rint(values)) & (values >= 0) & (values <= MAX_COORDINATE))
    if wrong.any():
        event = int(np.argmax(wrong))
        problem = f"{column} {values[event]} is no whole number from 0 to {MAX_COORDINATE}"
        raise DataError(f"{name}: event {event}", problem, "repair the file")
    return values.astype(np.int32)
