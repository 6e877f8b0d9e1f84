"""Recordings: columns checked when built, and the way of an event to its input neuron."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.errors import DataError
from neurodeploy.spikes.events import bin_recording
from neurodeploy.spikes.recording import MAX_TIME_US, Recording


def whole(*values: int) -> Any:
    return np.array(values, np.int32)


def test_planes_are_flattened_channel_first() -> None:
    recording = Recording(whole(0, 0, 0), whole(3, 0, 2), whole(0, 1, 4), whole(0, 0, 1))
    np.testing.assert_array_equal(recording.neurons((2, 5, 4)), [3, 4, 38])  # (p·5 + y)·4 + x


@given(st.tuples(*[st.integers(1, 6)] * 3), st.data())
def test_neurons_are_numbered_as_numpy_ravels(shape: tuple[int, int, int], data: st.DataObject) -> None:
    at = [data.draw(st.integers(0, size - 1)) for size in shape]
    recording = Recording(whole(0), whole(at[2]), whole(at[1]), whole(at[0]))
    assert recording.neurons(shape)[0] == np.ravel_multi_index(at, shape)


def test_rows_reach_the_neuron_of_their_number() -> None:
    np.testing.assert_array_equal(Recording(whole(0, 0), whole(7, 2)).neurons((8,)), [7, 2])


def test_an_absent_polarity_is_channel_zero() -> None:
    assert Recording(whole(0), whole(1), whole(1)).neurons((2, 2, 2))[0] == 3


@pytest.mark.parametrize(
    ("column", "limit"), [("x 4", "0 … 3"), ("y 5", "0 … 4"), ("polarity 2", "0 … 1")], ids=["x", "y", "polarity"]
)
def test_events_outside_the_input_are_named(column: str, limit: str) -> None:
    name, value = column.split()
    columns = {"x": whole(0, 0), "y": whole(0, 0), "polarity": whole(0, 0)} | {name: whole(0, int(value))}
    recording = Recording(whole(5, 6), **columns, name="a.bs2")
    with pytest.raises(DataError, match=f"a.bs2: event 1: {column} at 6 µs is outside the input's {limit}; .*--arch"):
        recording.neurons((2, 5, 4))


def test_the_other_number_of_axes_is_refused() -> None:
    with pytest.raises(DataError, match="--arch 2x2x2-…, if it has 2 x 2 pixels and two polarities"):
        Recording(whole(0), whole(0), whole(0)).neurons((8,))
    with pytest.raises(DataError, match="--arch WxHxC-…, W·H·C being 1,202"):
        Recording(whole(0), whole(0), whole(0)).neurons((1202,))
    with pytest.raises(DataError, match="plain number of neurons in --arch"):
        Recording(whole(0), whole(0)).neurons((1, 1, 8))


def test_channels_of_a_row_do_not_fold_onto_its_neurons() -> None:
    with pytest.raises(DataError, match="polarity 1 at 0 µs is outside the input's 0 … 0"):
        Recording(whole(0), whole(0), polarity=whole(1)).neurons((8,))


def test_recordings_without_events_suit_every_input() -> None:
    empty = Recording(np.zeros(0), whole())
    assert empty.neurons((2, 3, 4)).size == empty.neurons((5,)).size == len(empty) == 0
    assert len(bin_recording(empty, (2, 3, 4), 1.0)) == 0


def test_columns_are_copied_and_read_only() -> None:
    time = whole(1)
    recording = Recording(time, whole(2))
    time[0] = 9
    assert recording.time_us[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        recording.x[0] = 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((np.array([0.0, np.nan]), whole(0, 0)), "event 1: time nan"),
        ((whole(-1), whole(0)), "time -1"),
        ((np.array([float(MAX_TIME_US)]), whole(0)), "outside 0 … 1099511627775"),
        ((whole(0), whole(0, 1)), "2 values of x and 1 times"),
        ((whole(0), np.zeros(1)), "x has type float64"),
        ((whole(0), whole(0), whole(-3)), "y -3"),
        ((whole(0), np.array([2**31])), "x 2147483648"),
        ((np.array(["a"]), whole(0)), "give a list of numbers"),
        ((np.zeros((1, 1)), whole(0)), "give a list of numbers"),
    ],
)
def test_wrong_columns_are_refused(columns: tuple[Any, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Recording(*columns)
