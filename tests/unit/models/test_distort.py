"""Distorted recordings: what moves, what is dropped, and that the same numbers give the same copy."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.errors import OptionError
from neurodeploy.models.datasets.distort import Distortion
from neurodeploy.spikes.recording import Recording

SHAPE = (2, 20, 30)


def recording(count: int = 400) -> Recording:
    draw = np.random.default_rng(1)
    x, y, p = (draw.integers(0, n, count, np.int32) for n in (30, 20, 2))
    return Recording(np.sort(draw.integers(5000, 9000, count)), x, y, p)


def test_nothing_asked_nothing_done() -> None:
    same = Distortion().apply(recording(), SHAPE, np.random.default_rng(0))
    for name in ("time_us", "x", "y", "polarity"):
        np.testing.assert_array_equal(getattr(same, name), getattr(recording(), name))
    assert not Distortion()
    assert Distortion(drop=0.1)


@pytest.mark.parametrize("seed", range(6))
def test_a_shift_is_one_for_all_events(seed: int) -> None:
    x, y, p = (np.array(values, np.int32) for values in ([10, 15, 29], [9, 10, 0], [0, 1, 1]))
    one = Recording(np.arange(3), x, y, p)
    moved = Distortion(shift=3).apply(one, SHAPE, np.random.default_rng(seed))
    assert moved.y is not None
    assert len(moved) >= 2
    right, down = moved.x[0] - 10, moved.y[0] - 9
    assert abs(right) <= 3
    assert abs(down) <= 3
    assert (moved.x[1] - 15, moved.y[1] - 10) == (right, down)
    assert (len(moved) == 3) == (29 + right < 30 and down >= 0)


def test_a_turn_keeps_distances_from_the_middle() -> None:
    x, y, p = (np.array(values, np.int32) for values in ([20, 10], [10, 10], [0, 0]))
    ends = Recording(np.arange(2), x, y, p)
    seen = set()
    for seed in range(8):
        turned = Distortion(rotate=90).apply(ends, (1, 21, 31), np.random.default_rng(seed))
        assert turned.y is not None
        radius = np.hypot(turned.x - 15.0, turned.y - 10.0)
        np.testing.assert_allclose(radius, 5, atol=0.75)
        assert (turned.x.sum(), turned.y.sum()) == (30, 20)
        seen.add((int(turned.x[0]), int(turned.y[0])))
    assert {y > 10 for _, y in seen} == {True, False}


def test_dropped_events_and_late_ones() -> None:
    thin = Distortion(drop=0.9, jitter=2).apply(recording(), SHAPE, np.random.default_rng(0))
    assert 40 < len(thin) < 400
    assert thin.time_us.min() >= 3000
    assert thin.time_us.max() <= 11000
    again = Distortion(drop=0.9, jitter=2).apply(recording(), SHAPE, np.random.default_rng(0))
    np.testing.assert_array_equal(thin.time_us, again.time_us)


def test_a_row_moves_along_itself() -> None:
    row = Recording(np.arange(3), np.array([0, 5, 9]))
    moved = [Distortion(shift=4).apply(row, (10,), np.random.default_rng(seed)) for seed in range(9)]
    assert {int(one.x.max()) for one in moved} > {9}
    assert all(one.x.min() >= 0 and one.x.max() < 10 for one in moved)


def test_names_and_sizes_are_read() -> None:
    assert Distortion.parse("shift, drop=0.3") == Distortion(shift=2, drop=0.3)
    assert Distortion.parse("") == Distortion()
    for text, message in (
        ("blur", "'blur' is unknown"),
        ("drop,drop", "is given twice"),
        ("shift=1.5", "is no whole number"),
        ("drop=1.5", "is outside 0"),
        ("zoom=nan", "is outside 0"),
    ):
        with pytest.raises(OptionError, match=message):
            Distortion.parse(text)
