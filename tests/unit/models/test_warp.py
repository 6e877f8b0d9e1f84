"""Distorted rates: a plane moves as its events would, and the mean of what is between pixels is kept."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, radians, sin

import numpy as np
import pytest
import torch
from torch import Tensor

from neurodeploy.models.datasets.distort import Distortion
from neurodeploy.models.datasets.events import BinnedInput, EventData, RateData
from neurodeploy.models.datasets.labelled import Labelled
from neurodeploy.models.datasets.warp import warped
from neurodeploy.spikes.recording import Recording

HEIGHT, WIDTH = 24, 40


def dot(row: int, column: int) -> Tensor:
    """One recording of one window and two channels; the first has a blob of 3 x 3 pixels."""
    rates = torch.zeros(1, 1, HEIGHT, WIDTH, 2)
    rates[0, 0, row - 1 : row + 2, column - 1 : column + 2, 0] = 1.0
    return rates


def middle(rates: Tensor) -> tuple[float, float]:
    """Row and column of the centre of mass of the first channel."""
    plane = rates[0, 0, :, :, 0]
    rows, columns = torch.arange(HEIGHT).float(), torch.arange(WIDTH).float()
    return float(plane.sum(1) @ rows / plane.sum()), float(plane.sum(0) @ columns / plane.sum())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("place", [(8, 12), (15, 30)])
def test_a_dot_goes_where_turn_zoom_and_shift_take_it(seed: int, place: tuple[int, int]) -> None:
    distortion = Distortion(shift=2, rotate=20, zoom=0.2)
    moved = warped(dot(*place), distortion, [np.random.default_rng(seed)])
    draw = np.random.default_rng(seed)
    angle = radians(draw.uniform(-20, 20))
    wider, higher = 1 + draw.uniform(-0.2, 0.2, 2)
    right, down = draw.uniform(-2, 2, 2)
    # pixel p, seen from the middle, comes from A p − t: a dot at s goes to A⁻¹ (s + t)
    matrix = np.array([[cos(angle) / wider, sin(angle) / wider], [-sin(angle) / higher, cos(angle) / higher]])
    found_y, found_x = middle(moved)
    x, y = np.linalg.inv(matrix) @ (place[1] - (WIDTH - 1) / 2 + right, place[0] - (HEIGHT - 1) / 2 + down)
    assert found_x == pytest.approx(x + (WIDTH - 1) / 2, abs=0.1)
    assert found_y == pytest.approx(y + (HEIGHT - 1) / 2, abs=0.1)
    assert moved[..., 1].abs().max() == 0


def test_drop_lowers_the_rates_of_a_recording_alone() -> None:
    rates = torch.rand(3, 2, HEIGHT, WIDTH, 2)
    moved = warped(rates, Distortion(drop=0.5), [np.random.default_rng(seed) for seed in range(3)])
    shares = [1 - 0.5 * _last(seed) for seed in range(3)]
    torch.testing.assert_close(moved, rates * torch.tensor(shares).view(3, 1, 1, 1, 1).float())
    assert len(set(shares)) == 3


def _last(seed: int) -> float:
    draw = np.random.default_rng(seed)
    draw.uniform(size=5)
    return float(draw.random())


class Items:
    """Recordings that count how often they are read."""

    def __init__(self) -> None:
        self.reads = 0

    def items(self) -> tuple[Labelled, ...]:
        return tuple(Labelled(f"{label}", label, None, self.reader(label)) for label in range(3))

    def reader(self, label: int) -> Callable[[], Recording]:
        def read() -> Recording:
            self.reads += 1
            x, y, polarity = (np.full(20, value, np.int32) for value in (label + 3, 4, 0))
            return Recording(np.arange(20) * 1000, x, y, polarity)

        return read


def test_rates_are_read_once_and_distorted_anew() -> None:
    source = Items()
    data = EventData(source.items(), BinnedInput((2, 8, 10), 20, 1.0), Distortion(shift=1), 3)
    rates = RateData(data, 2)
    first, labels = rates.batch([2, 0], 1)
    again, _ = rates.batch([2, 0], 1)
    other, _ = rates.batch([2, 0], 2)
    assert source.reads == 2
    assert labels.tolist() == [2, 0]
    assert first.shape == (2, 2, 8, 10, 2)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    plain, _ = RateData(EventData(source.items(), data.network, Distortion(), 3), 2).batch([1], 1)
    assert plain[0, :, 4, 4, 0].tolist() == [1.0, 1.0]
    assert plain.sum() == 2
