"""Events through a pipe, as text or binary: input as it comes, and output that another run can read.

Text: a line `STEP NEURON` per event, or `STEP NEURON PAYLOAD` of a graded one; a line `STEP` alone says that nothing
more comes before that step. Binary: records of 16 bytes, little-endian: step (int64), neuron (int32), payload (int32);
neuron −1 is a line `STEP`. Steps count from 0 and never go back. `#` starts a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from neurodeploy.errors import DataError, OptionError
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import MAX_PAYLOAD, MAX_STEP, Events

FORMS = ("text", "binary")
RECORD = np.dtype([("step", "<i8"), ("neuron", "<i4"), ("payload", "<i4")])
#: The neuron of a record that only says how late it is.
CLOCK = -1
#: Longest line, so that input without line ends does not fill the memory.
MAX_LINE = 4096

_PLAIN = re.compile(rb"(?:\d{1,15} \d{1,9}\n)*")
_LINE = re.compile(rb"\s*(\d+)(?:\s+(\d+)(?:\s+(-?\d+))?)?\s*(?:#.*)?")
_EMPTY = re.compile(rb"\s*(?:#.*)?")

#: step, neuron (CLOCK: none) and payload, (rows,) each.
_Rows = tuple[IntArray, IntArray, IntArray]


def check_form(form: str) -> None:
    """Raises OptionError when `form` is none of FORMS."""
    if form not in FORMS:
        raise OptionError(f"stream format {form}", "is unknown", f"choose {' or '.join(FORMS)}")


def read_events(read: Callable[[], bytes], form: str) -> Iterator[tuple[Events, int]]:
    """Events as they come, with the step before which all are complete.

    Args:
        read: gives the bytes that have come, at least one; none at the end.
        form: "text" or "binary".

    Raises:
        OptionError: an unknown form.
        DataError: naming the line or record: no numbers, numbers out of range, or a step that goes back.
    """
    check_form(form)
    parse, number, step, rest = (_text if form == "text" else _binary), 0, 0, b""
    while block := read():
        rows, count, rest = parse(rest + block, number)
        _check(rows, step, number, form)
        number += count
        if len(rows[0]):
            step = int(rows[0][-1])
            yield _events(rows), step
    if rest:
        rows = _text(rest + b"\n", number)[0] if form == "text" else _cut_off(rest, number)
        _check(rows, step, number, form)
        if len(rows[0]):
            yield _events(rows), int(rows[0][-1])


def written(step: IntArray, neuron: IntArray, payload: IntArray | None, form: str) -> bytes:
    """Spikes in the form that `read_events` takes.

    Args:
        step: of each spike, rising, (spikes,).
        neuron: (spikes,).
        payload: (spikes,); None: all 1, which text leaves out.
        form: "text" or "binary".
    """
    if form == "binary":
        records = np.zeros(len(step), RECORD)
        records["step"], records["neuron"], records["payload"] = step, neuron, 1 if payload is None else payload
        return records.tobytes()
    columns = [step, neuron] if payload is None else [step, neuron, payload]
    return "".join(" ".join(map(str, row)) + "\n" for row in np.stack(columns, 1).tolist()).encode()


def _events(rows: _Rows) -> Events:
    step, neuron, payload = rows
    if neuron.min() == CLOCK:
        kept = neuron != CLOCK
        step, neuron, payload = step[kept], neuron[kept], payload[kept]
    return Events(step, neuron, None if np.all(payload == 1) else payload)


def _binary(data: bytes, number: int) -> tuple[_Rows, int, bytes]:
    """Whole records, their number, and the bytes of the one that is not yet whole."""
    del number
    count = len(data) // RECORD.itemsize
    records = np.frombuffer(data, RECORD, count)
    rows = tuple(records[name].astype(np.int64) for name in ("step", "neuron", "payload"))
    return (rows[0], rows[1], rows[2]), count, data[count * RECORD.itemsize :]


def _text(data: bytes, number: int) -> tuple[_Rows, int, bytes]:
    """Rows of whole lines, the number of lines, and the bytes of the line that is not yet whole."""
    end = data.rfind(b"\n") + 1
    if len(data) - end > MAX_LINE:
        line = number + data.count(b"\n") + 1
        raise DataError(f"line {line}", f"is longer than {MAX_LINE} bytes", "end the lines")
    whole = data[:end]
    if _PLAIN.fullmatch(whole):
        values = np.array(whole.split(), np.int64).reshape(-1, 2)
        return (values[:, 0], values[:, 1], np.ones(len(values), np.int64)), len(values), data[end:]
    lines = whole.split(b"\n")[:-1]
    rows = [row for i, line in enumerate(lines) if (row := _line(line, number + i + 1))]
    columns = np.array(rows, np.int64).reshape(-1, 3)
    return (columns[:, 0], columns[:, 1], columns[:, 2]), len(lines), data[end:]


def _line(line: bytes, number: int) -> tuple[int, int, int] | None:
    """A line's step, neuron (CLOCK: none) and payload; None of an empty one."""
    match = _LINE.fullmatch(line)
    if match is None:
        if _EMPTY.fullmatch(line):
            return None
        shown = line[:40].decode("utf-8", "replace")
        raise DataError(f"line {number}", f"{shown!r} is not STEP, NEURON and PAYLOAD", "write for example 12 305")
    step, neuron, payload = (None if part is None else int(part[:20]) for part in match.groups())
    assert step is not None
    for name, value, limit in (("step", step, MAX_STEP), ("neuron", neuron or 0, 2**31 - 1)):
        if value > limit:
            raise DataError(f"line {number}", f"{name} {value} is beyond {limit}", "count from 0")
    if payload is not None and abs(payload) > MAX_PAYLOAD:
        raise DataError(f"line {number}", f"payload {payload} is beyond {MAX_PAYLOAD}", "rescale the input")
    return step, CLOCK if neuron is None else neuron, 1 if payload is None else payload


def _check(rows: _Rows, before: int, number: int, form: str) -> None:
    """Whether steps rise from `before`, and numbers lie in their ranges."""
    step, neuron, payload = rows
    if not len(step):
        return
    back = np.flatnonzero(np.diff(step, prepend=before) < 0)
    where = "line" if form == "text" else "record"
    if len(back):
        row = int(back[0])
        earlier = int(step[row - 1]) if row else before
        at = f"{where} {number + row + 1}" if form == "binary" else "lines"
        raise DataError(
            at, f"step {step[row]} comes after step {earlier}", "give the events in the order of their steps"
        )
    outside = (neuron < CLOCK) | (np.abs(payload) > MAX_PAYLOAD) | (step > MAX_STEP)
    if np.any(outside):
        row = int(np.flatnonzero(outside)[0])
        problem = f"step {step[row]}, neuron {neuron[row]} or payload {payload[row]} is out of range"
        raise DataError(f"{where} {number + row + 1}", problem, f"payloads reach {MAX_PAYLOAD}, neurons count from 0")


def _cut_off(rest: bytes, number: int) -> _Rows:
    problem = f"has {len(rest)} bytes instead of {RECORD.itemsize}"
    raise DataError(f"record {number + 1}", problem, "the input is cut off")
