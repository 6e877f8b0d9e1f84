"""The bit layouts of SLAYER's spike files `.bs1`, `.bs2`, `.bs3` and `.bsn`.

Records follow each other without a header, all numbers big-endian, times in microseconds:

======  =====  ==========================================================
suffix  bytes  fields, from the first bit
======  =====  ==========================================================
.bs1    5      neuron 16, sign 1 (ignored), time 23
.bs2    5      x 8, y 8, polarity 1, time 23 (the layout of N-MNIST)
.bs3    7      x 12, y 12, channel 8, time 24
.bsn    10     neuron 16, start 24, end 24, spikes 16: a stretch of a rate
======  =====  ==========================================================

SLAYER's own loaders shift channels so that the least becomes 0. These do not: a polarity is 0 or 1 by itself, and a
recording with ON events only must not land on the OFF neurons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import DataError, FormatError
from neurodeploy.precision import IntArray
from neurodeploy.spikes.recording import Recording

Bytes = NDArray[np.uint8]
#: A stretch of a `.bsn` holds up to 65,535 spikes in ten bytes; more than this in all is refused.
MAX_REGION_EVENTS = 2**26


@dataclass(frozen=True)
class Layout:
    """One row of the table above.

    Args:
        fields: name and width in bits of every field, from the first bit of a record; a multiple of 8 in all.
        axes: 1 or 2 coordinates per event.
    """

    fields: tuple[tuple[str, int], ...]
    axes: int

    @property
    def record_bytes(self) -> int:
        """Length of a record."""
        return sum(bits for _, bits in self.fields) // 8

    def placed(self) -> Iterator[tuple[str, int, int]]:
        """Yield name, first bit and width of every field."""
        first = 0
        for field, bits in self.fields:
            yield field, first, bits
            first += bits


LAYOUTS = {
    ".bs1": Layout((("x", 16), ("sign", 1), ("time", 23)), 1),
    ".bs2": Layout((("x", 8), ("y", 8), ("polarity", 1), ("time", 23)), 2),
    ".bs3": Layout((("x", 12), ("y", 12), ("polarity", 8), ("time", 24)), 2),
    ".bsn": Layout((("x", 16), ("time", 24), ("end", 24), ("count", 16)), 1),
}


def decode(data: bytes, suffix: str, name: str) -> Recording:
    """Read the bytes of a file.

    The spikes of a `.bsn` stretch are spaced evenly: the i-th of n lies at `start + (i + 0.5) · (end − start) / n`.
    SLAYER itself uses these files for desired outputs only, as a spike count per stretch; as a stimulus this is our
    reading of them.

    Args:
        data: the whole file.
        suffix: a key of `LAYOUTS`.
        name: the file, for messages.

    Raises:
        FormatError: a length that is no multiple of the record, or stretches that end before they start or hold
            more than 2^26 spikes in all.
    """
    layout = LAYOUTS[suffix]
    if len(data) % layout.record_bytes:
        problem = f"has {len(data)} bytes, no multiple of the {layout.record_bytes} of a {suffix} event"
        raise FormatError(name, problem, "the file is cut off or of another format")
    columns = _split(np.frombuffer(data, np.uint8).reshape(-1, layout.record_bytes), layout)
    if suffix == ".bsn":
        return _spread(columns, name)
    narrow = {field: column.astype(np.int32) for field, column in columns.items() if field != "time"}
    return Recording(columns["time"], narrow["x"], narrow.get("y"), narrow.get("polarity"), name)


def encode(recording: Recording, suffix: str) -> bytes:
    """Build the bytes of a file; `decode` gives back the same events in the same order.

    In a `.bsn` every event becomes a stretch of one spike that starts and ends at its time.

    Args:
        recording: whole microseconds; with y for `.bs2` and `.bs3`, without for `.bs1` and `.bsn`.
        suffix: a key of `LAYOUTS`.

    Raises:
        DataError: a recording with the other number of axes, or a value that the fields cannot hold.
    """
    layout = LAYOUTS[suffix]
    _check_axes(recording, suffix, layout)
    time = recording.time_us
    fractions = np.flatnonzero(time != np.rint(time))
    if fractions.size:
        problem = f"time {time[fractions[0]]} is no whole number of microseconds"
        raise DataError(f"{recording.name}: event {fractions[0]}", problem, "round the times first")
    time = time.astype(np.int64)
    columns = {"x": recording.x, "y": recording.y, "polarity": recording.polarity, "time": time, "end": time}
    records = np.zeros((len(recording), layout.record_bytes), np.uint8)
    for field, first, bits in layout.placed():
        column = np.ones(len(time), np.int64) if field == "count" else columns.get(field)
        if column is None:
            continue
        if column.max(initial=0) >= 2**bits:
            problem = f"{field} {column.max()} is outside the 0 … {2**bits - 1} of {suffix}"
            raise DataError(recording.name, problem, "choose a format with wider fields")
        _place(records, column.astype(np.int64), first, bits)
    return records.tobytes()


def _check_axes(recording: Recording, suffix: str, layout: Layout) -> None:
    if len(recording) and (recording.y is not None) != (layout.axes == 2):
        held = "one coordinate" if recording.y is None else "two coordinates"
        fitting = " or ".join(other for other, its in LAYOUTS.items() if its.axes != layout.axes)
        raise DataError(recording.name, f"has {held} per event, {suffix} {layout.axes}", f"write {fitting}")
    if layout.axes == 1 and recording.polarity is not None and recording.polarity.any():
        problem = f"has an event in channel {recording.polarity.max()}, {suffix} holds no channels"
        raise DataError(recording.name, problem, "write .bs2 or .bs3, with a row y for every event")


def _split(records: Bytes, layout: Layout) -> dict[str, IntArray]:
    """Take the fields of all records apart, shape (records,) each."""
    columns = {}
    for field, first, bits in layout.placed():
        value = np.zeros(len(records), np.int64)
        for byte in range(first // 8, -(-(first + bits) // 8)):
            value = value << 8 | records[:, byte]
        columns[field] = value >> (-(first + bits) % 8) & (2**bits - 1)
    return columns


def _place(records: Bytes, value: IntArray, first: int, bits: int) -> None:
    """Set the `bits` bits from bit `first` of every record."""
    value = value << (-(first + bits) % 8)
    for byte in range((first + bits - 1) // 8, first // 8 - 1, -1):
        records[:, byte] |= (value & 255).astype(np.uint8)
        value = value >> 8


def _spread(columns: dict[str, IntArray], name: str) -> Recording:
    """Space the spikes of all stretches of a `.bsn`."""
    start, end, count = columns["time"], columns["end"], columns["count"]
    if np.any(end < start):
        stretch = int(np.argmax(end < start))
        problem = f"ends at {end[stretch]} µs, before its start at {start[stretch]} µs"
        raise FormatError(f"{name}: stretch {stretch}", problem, "repair the file")
    spikes = int(count.sum())
    if spikes > MAX_REGION_EVENTS:
        raise FormatError(name, f"holds {spikes} spikes, more than {MAX_REGION_EVENTS}", "split the file")
    position = np.arange(spikes) - np.repeat(np.cumsum(count) - count, count)
    width = np.repeat(end - start, count)
    time = np.repeat(start, count) + (position + 0.5) * width / np.repeat(count, count)
    return Recording(time, np.repeat(columns["x"], count).astype(np.int32), name=name)
