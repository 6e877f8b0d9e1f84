"""Numbers as spike rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import DataError
from neurodeploy.spikes.coding import event_rows, rate_coded
from neurodeploy.spikes.events import Events, bin_recording
from neurodeploy.spikes.files import read_recording


def test_rates_are_kept_in_every_stretch() -> None:
    values = np.linspace(-0.2, 1.2, 57)
    raster = rate_coded(values, 300)
    assert set(np.unique(raster)) == {0, 1}
    sums = np.cumsum(raster, axis=0)
    expected = np.arange(1, 301)[:, None] * np.clip(values, 0, 1)
    assert np.abs(sums - expected).max() <= 1


def test_low_and_high() -> None:
    raster = rate_coded(np.array([-2.0, 0.0, 2.0]), 100, -2, 2)
    np.testing.assert_array_equal(raster.sum(axis=0), [0, 50, 100])


@pytest.mark.parametrize("shape", [(12,), (2, 3, 4)])
def test_rows_are_the_raster_again(shape: tuple[int, ...], tmp_path: Path) -> None:
    raster = rate_coded(np.random.default_rng(0).random(shape), 20)
    np.save(tmp_path / "r.npy", event_rows(raster, 0.5))
    found = bin_recording(read_recording(tmp_path / "r.npy"), shape, 0.5)
    expected = Events.from_raster(raster)
    np.testing.assert_array_equal(found.step, expected.step)
    np.testing.assert_array_equal(found.neuron, expected.neuron)


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="values: have shape"):
        rate_coded(np.zeros((2, 2)), 5)
    with pytest.raises(DataError, match=r"values: .*not finite"):
        rate_coded(np.array([np.nan]), 5)
    with pytest.raises(DataError, match="rate coding: 0 steps"):
        rate_coded(np.zeros(2), 0)
    with pytest.raises(DataError, match=r"rate coding: 5 steps, 1 … 1"):
        rate_coded(np.zeros(2), 5, 1, 1)
    with pytest.raises(DataError, match="raster: has shape"):
        event_rows(np.zeros((2, 2, 2), np.uint8))
