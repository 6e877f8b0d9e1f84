"""Events through a pipe: what was written comes out, however the bytes are cut, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import DataError, OptionError
from neurodeploy.precision import IntArray
from neurodeploy.spikes.events import MAX_PAYLOAD, MAX_STEP, Events
from neurodeploy.spikes.pipe import RECORD, read_events, written

rows = st.lists(
    st.tuples(
        st.integers(0, 50) | st.just(MAX_STEP), st.integers(0, 2**31 - 1), st.integers(-MAX_PAYLOAD, MAX_PAYLOAD)
    ),
    max_size=30,
).map(lambda found: sorted(found, key=lambda row: row[:2]))


def read(data: bytes, form: str, sizes: list[int]) -> list[tuple[Events, int]]:
    """Through blocks of these sizes, over and over."""
    blocks: list[bytes] = []
    at = 0
    while at < len(data):
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(data[at : at + size])
        at += size
    source = iter(blocks)
    return list(read_events(lambda: next(source, b""), form))


def columns(found: list[tuple[Events, int]]) -> list[list[int]]:
    ones = [np.ones(len(e), np.int64) if e.payload is None else e.payload for e, _ in found]
    parts = [[e.step for e, _ in found], [e.neuron for e, _ in found], ones]
    return [[int(value) for part in column for value in part] for column in parts]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(rows=rows, form=st.sampled_from(["text", "binary"]), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_what_was_written_is_read(rows: list[tuple[int, int, int]], form: str, sizes: list[int]) -> None:
    step, neuron, payload = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    found = read(written(step, neuron, payload, form), form, sizes)
    ordered = sorted(zip(step.tolist(), neuron.tolist(), payload.tolist(), strict=True))
    assert sorted(zip(*columns(found), strict=True)) == ordered
    untils = [until for _, until in found]
    assert untils == sorted(untils)
    assert untils[-1:] == step[-1:].tolist()
    assert all(np.all(e.step <= until) for e, until in found)
    plain = read(written(step, neuron, None, form), form, sizes)
    assert all(e.payload is None for e, _ in plain)


def test_text_as_people_write_it() -> None:
    data = b"# a camera\n 3 1\n\n3\t5 -2 # bright\r\n7\n9 0"
    found = read(data, "text", [1000])
    assert columns(found) == [[3, 3, 9], [1, 5, 0], [1, -2, 1]]
    assert found[-1][1] == 9
    clock = read(b"4 1\n100\n", "text", [4])
    assert [(len(e), until) for e, until in clock] == [(1, 4), (0, 100)]


def test_a_clock_without_events() -> None:
    records = np.array([(5, -1, 0), (6, 3, 1), (90, -1, 0)], RECORD)
    found = read(records.tobytes(), "binary", [16])
    assert [(len(e), until) for e, until in found] == [(0, 5), (1, 6), (0, 90)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1 2\nx 3\n", "line 2: 'x 3' is not STEP, NEURON and PAYLOAD"),
        (b"1 2\n1 -3\n", "line 2"),
        (b"1.5 3\n", "line 1"),
        (b"1 2 3 4\n", "line 1"),
        (b"5 1\n4 1\n", "step 4 comes after step 5; give the events in the order of their steps"),
        (b"5 1\n5\n4\n", "step 4 comes after step 5"),
        (b"1 3000000000\n", "neuron 3000000000 is beyond"),
        (b"99999999999999999999 1\n", "step 99999999999999999999 is beyond"),
        (b"999999999999999999999999999999 1\n", "is beyond"),
        (b"1 1 9000000\n", "payload 9000000 is beyond 8388608"),
        (b"1" * 5000, "line 1: is longer than 4096 bytes"),
        (b"1 2\n\xff\xfe\n", "line 2"),
    ],
)
@pytest.mark.parametrize("size", [3, 10_000])
def test_text_that_is_refused(data: bytes, message: str, size: int) -> None:
    with pytest.raises(DataError, match=message.replace("(", r"\(")):
        read(data, "text", [size])


@pytest.mark.parametrize(
    ("records", "rest", "message"),
    [
        ([(1, 2, 1)], b"123", "record 2: has 3 bytes instead of 16; the input is cut off"),
        ([(1, 2, 1), (0, 2, 1)], b"", "record 2: step 0 comes after step 1"),
        ([(-1, 2, 1)], b"", "record 1: step -1 comes after step 0"),
        ([(1, 2, 1), (1, -2, 1)], b"", "record 2: step 1, neuron -2 or payload 1 is out of range"),
        ([(2**53 + 1, 2, 1)], b"", "out of range"),
        ([(1, 2, 2**24)], b"", "out of range"),
    ],
)
@pytest.mark.parametrize("size", [7, 10_000])
def test_records_that_are_refused(records: list[tuple[int, int, int]], rest: bytes, message: str, size: int) -> None:
    with pytest.raises(DataError, match=message):
        read(np.array(records, RECORD).tobytes() + rest, "binary", [size])


def test_unknown_form() -> None:
    with pytest.raises(OptionError, match="stream format json: is unknown; choose text or binary"):
        read(b"", "json", [1])


def test_events_in_order_are_kept_apart_from_the_callers() -> None:
    """No sorting, but a copy; and parts of events are events."""
    step: IntArray = np.array([1, 1, 4])
    events = Events(step, np.array([2, 3, 0]), np.array([5, 6, 7]))
    step[0] = 9
    assert events.step.tolist() == [1, 1, 4]
    part = events.between(1, 3)
    assert part.payload is not None
    assert (part.step.tolist(), part.neuron.tolist(), part.payload.tolist()) == ([1, 4], [3, 0], [6, 7])
    assert not part.step.flags.writeable
    assert Events(np.array([1, 1]), np.array([3, 2])).neuron.tolist() == [2, 3]
